"""`gitkanban stop`: end a running session; its card becomes blocked until a person acts."""

from collections.abc import Sequence

from gitkanban.board.repo.place import Place
from gitkanban.cli import declare
from gitkanban.cli.here import (
    board_of,
    json_option,
    person,
    place_here,
    print_json,
    refuse_in_session,
    since_option,
    tell,
)
from gitkanban.cli.streams import echo
from gitkanban.core.lookup import card_of
from gitkanban.core.model import RUNNING, Board, Card
from gitkanban.core.names import CardId
from gitkanban.errors import Refused, UsageError


@declare.command("stop")
@declare.argument("cards", nargs=-1)
@declare.option("--all", "all_", is_flag=True, help="Every session of this clone.")
@declare.option("--why", default="", metavar="TEXT", help="Reason; saved with the run's record.")
@since_option
@json_option
def stop_command(
    cards: tuple[CardId, ...], all_: bool, why: str, since: str, as_json: bool
) -> None:
    """Stop the sessions of CARDS: TERM, ten seconds of grace, then KILL. Their work is kept.

    Each card becomes blocked; `gitkanban retry` lets it run again.
    """
    from gitkanban import clock
    from gitkanban.board.content.unchanged import check_unchanged
    from gitkanban.runs import closing
    from gitkanban.runs.executors import Executors
    from gitkanban.runs.records import folders
    from gitkanban.runs.supervision.locks import Locks

    refuse_in_session("stop")
    if bool(cards) == all_:
        raise UsageError(
            "name the cards to stop, or --all", "`gitkanban status` shows what is running."
        )
    place = place_here()
    board = board_of(place)
    named = _cards_to_stop(place, board, cards)
    check_unchanged(place, board, [card.id for card in named], since)
    words = "stopped by " + person(place) + (f": {why}" if why else "")
    executors = Executors(place, Locks(place.private))
    stopping = []
    for card in named:
        folder = folders.of(place.private, card.run)
        executor = executors.of(folder)
        asked = executor.stop(folder, words)
        if folder.tries().failures:  # the session is over, and only closing the run has failed
            done = closing.close(executor, folder, int(clock.now()), asked=True)
            tell([done.failure] if done.failure else [])
            asked = False
        if not asked:
            echo(f"{card.id} has already ended; the next tick settles it", err=True)
            continue
        stopping.append({"card": card.id, "run": card.run})
        if not as_json:
            echo(f"stopping {card.id} ({card.slot}); it becomes blocked when it has ended")
    if not (named or as_json):
        echo("nothing is running in this clone")
    if as_json:
        print_json({"stopping": stopping})


def _cards_to_stop(place: Place, board: Board, names: Sequence[str]) -> list[Card]:
    """Return the named cards, or all that run in this clone. Raises Refused for any other."""
    from gitkanban.board.repo.clone import clone_id
    from gitkanban.runs.records.machines import refuse_elsewhere

    refuse_elsewhere(place)  # whether a session there lives cannot be seen from here
    clone = clone_id(place)
    if not names:
        cards = board.cards.values()
        return [card for card in cards if card.status == RUNNING and card.clone == clone]
    named = [card_of(board, name) for name in names]
    for card in named:
        if card.status != RUNNING:
            raise Refused(f"{card.id} is {card.status}, not running", "There is nothing to stop.")
        if card.clone != clone:
            raise Refused(
                f"{card.id} runs in another clone, on {card.host}",
                f"Stop it there, on {card.host}.",
            )
    return named
