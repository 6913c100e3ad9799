"""`gitkanban reclaim`: a person gives up on runs of another clone,
which tick never does by itself.
"""

import sys
from collections.abc import Sequence

from gitkanban import clock
from gitkanban.board.repo.clone import clone_id
from gitkanban.board.repo.place import Place
from gitkanban.cli import declare
from gitkanban.cli.commands.moves import move_cards
from gitkanban.cli.here import (
    board_of,
    branch_option,
    json_option,
    person,
    place_here,
    print_json,
    refuse_in_session,
    say,
)
from gitkanban.cli.streams import echo
from gitkanban.core.changes import NOT_RUNNING, Change, EditCard, EndRun
from gitkanban.core.clones import CloneAccount, clones_of, last_heard
from gitkanban.core.lookup import card_of
from gitkanban.core.model import RUNNING, TODO, Board, Card, Run
from gitkanban.core.names import CardId
from gitkanban.core.time_words import span
from gitkanban.errors import NotFound, Refused
from gitkanban.runs.records import folders, job_records, sightings


@declare.command("reclaim")
@declare.argument("card", required=False, default="")
@declare.option("--from", "clone", required=True, metavar="CLONE", help="The clone that is gone.")
@declare.option(
    "-n", "--dry-run", is_flag=True, help="Print what would be given up, and change nothing."
)
@declare.option("-y", "--yes", is_flag=True, help="Give up all runs of a clone without asking.")
@branch_option
@json_option
def reclaim_command(
    card: str, clone: str, dry_run: bool, yes: bool, branch: str, as_json: bool
) -> None:
    """Declare the run of CARD lost, and let the card run again; without CARD,
    all runs of the clone.

    Use this only for runs of another clone that will not come back: nobody here can see whether its
    sessions are still working. If it does come back, their reports no longer count; their commits
    are kept in salvage refs, and a note on the card names them.

    Of this clone, it gives up only a CARD whose session is out of reach, on a node of a batch
    system that is gone for good.
    """
    refuse_in_session("reclaim")
    place = place_here(branch)
    board = board_of(place)
    account = clones_of(board).get(clone, CloneAccount(clone))
    names = [card_of(board, card).id] if card else _cards_of(place, account)
    if card and clone == clone_id(place) and _is_out_of_reach(place, board.cards[names[0]]):
        if not dry_run:
            _vouch_for_node(place, board.cards[names[0]])
        if dry_run or as_json:
            _print_plan(account, names, as_json)
        else:
            say(f"{names[0]}: the next tick gives up its run")
        return
    for name in names:
        _check_clone(place, board.cards[name], clone)
    if not card and not as_json:
        where = f" on {account.host}" if account.host else ""
        say(f"clone {clone}{where}, {last_heard(account, int(clock.now()))}")
    if dry_run:
        _print_plan(account, names, as_json)
        return
    if not card and not yes and not as_json:
        _ask_consent(f"Give up {_count_runs(names)}: {', '.join(names)}?")

    def lost(place: Place, _board: Board, target: Card) -> list[Change]:
        _check_clone(place, target, clone)
        now = int(clock.now())
        run = Run(
            target.run, target.id, target.slot, target.host, clone=target.clone, worker=target.worker,
            ended=now, outcome="lost", why=f"{person(place)} gave up on clone {clone}",
        )  # fmt: skip
        return [EndRun(run), EditCard(target.id, {"status": TODO, **NOT_RUNNING})]

    move_cards("reclaim", names, branch, as_json, decide=lost)


def _is_out_of_reach(place: Place, card: Card) -> bool:
    """Return whether the last tick found a run of ours on a node that does not answer."""
    sighting = sightings.recall(place.private)[0].get(card.run)
    return card.status == RUNNING and sighting is not None and sighting.phase == "unreachable"


def _vouch_for_node(place: Place, card: Card) -> None:
    """Let the next tick end a run whose node is gone. Raises Refused while its session may live."""
    words = f"{person(place)} gave up on its node"
    folder = folders.of(place.private, card.run)
    wait = job_records.note_gone(folder, words, clock.now())
    if wait:
        raise Refused(
            f"the session of {card.id} may live: its last sign of life is not a minute old",
            f"If its node is without power, try again in {span(int(wait) + 1)}.",
        )


def _cards_of(place: Place, account: CloneAccount) -> Sequence[CardId]:
    """Return the cards that a clone runs. Raises NotFound if there are none,
    Refused for our own.
    """
    if account.clone == clone_id(place):
        raise Refused(
            f"{account.clone} is this clone",
            "`gitkanban stop` ends its runs; tick notices by itself if one has died.",
        )
    if not account.running:
        raise NotFound(
            f"clone {account.clone} runs nothing on this board",
            "`gitkanban show CARD` names the clone that runs a card.",
        )
    return account.running


def _print_plan(account: CloneAccount, names: Sequence[CardId], as_json: bool) -> None:
    if as_json:
        row = {"clone": account.clone, "host": account.host, "last_heard": account.at or None}
        print_json({**row, "cards": list(names)})
        return
    for name in names:
        say(f"would give up the run of {name}")


def _count_runs(names: Sequence[CardId]) -> str:
    return "1 run" if len(names) == 1 else f"{len(names)} runs"


def _ask_consent(question: str) -> None:
    """Ask yes or no. Raises Refused for a no, and if there is nobody to answer."""
    import click

    try:
        agreed = click.confirm(question)
    except click.Abort:
        if sys.stdin.isatty():
            raise  # it was ^C
        echo()
        agreed = False
    if not agreed:
        raise Refused("nothing was given up", "`--yes` does not ask.")


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
