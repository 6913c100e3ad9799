"""`gitkanban reclaim`: a person gives up on a run of another clone, which tick never does by itself."""

from gitkanban import clock
from gitkanban.board.repo.clone import clone_id
from gitkanban.board.repo.place import Place
from gitkanban.cli import declare
from gitkanban.cli.commands.moves import move_cards
from gitkanban.cli.here import branch_option, json_option, person
from gitkanban.core.changes import NOT_RUNNING, Change, EditCard, EndRun
from gitkanban.core.model import RUNNING, TODO, Board, Card, Run
from gitkanban.errors import Refused


@declare.command("reclaim")
@declare.argument("card")
@declare.option("--from", "clone", required=True, metavar="CLONE", help="The clone that is gone.")
@branch_option
@json_option
def reclaim_command(card: str, clone: str, branch: str, as_json: bool) -> None:
    """Declare the run of CARD lost, and let the card run again.

    Use this only for a run of another clone that will not come back: nobody here can see whether
    its session is still working. If it does come back, its reports no longer count; its commits
    stay.
    """

    def lost(place: Place, _board: Board, target: Card) -> list[Change]:
        _check_clone(place, target, clone)
        now = int(clock.now())
        run = Run(
            target.run, target.id, target.slot, target.host, clone=target.clone, worker=target.worker,
            ended=now, outcome="lost", why=f"{person(place)} gave up on clone {clone}",
        )  # fmt: skip
        return [EndRun(run), EditCard(target.id, {"status": TODO, **NOT_RUNNING})]

    move_cards("reclaim", [card], branch, as_json, decide=lost)


def _check_clone(place: Place, card: Card, clone: str) -> None:
    if card.status != RUNNING or not card.run:
        raise Refused(f"{card.id} is {card.status}, not running", "There is nothing to reclaim.")
    if card.clone == clone_id(place):
        raise Refused(
            f"run {card.run} of {card.id} is this clone's own",
            f"`gitkanban stop {card.id}` ends it; tick notices by itself if it has died.",
        )
    if card.clone != clone:
        raise Refused(
            f"{card.id} is run by clone {card.clone or 'unknown'} on {card.host}, not by {clone}",
            "Name the clone that is gone; a wrong one would make two sessions work on one card.",
        )
