"""`gitkanban done`: a person closes a card; a session reports that it has finished."""

from gitkanban.board.repo.place import Place
from gitkanban.board.store import Committed
from gitkanban.cli import declare
from gitkanban.cli.commands.moves import move_cards, note_by_person, noted
from gitkanban.cli.here import branch_option, json_option, own_card, place_here, session, tell
from gitkanban.cli.report import report
from gitkanban.core.changes import Change
from gitkanban.core.model import DONE, REVIEW, Board, Card
from gitkanban.core.moves import move
from gitkanban.core.names import Oid
from gitkanban.core.tick.facts import Report
from gitkanban.errors import UsageError


def merged_of(place: Place, board: Board, card: Card) -> Oid:
    """Return the commit by which base has the card's work; empty if base does not have it."""
    from gitkanban.board import presence  # late: a session's report needs none of it

    return presence.merged_of(place, board, card)


@declare.command("done")
@declare.argument("cards", nargs=-1)
@declare.option(
    "--summary", default="", metavar="TEXT", help="What was done, for whoever continues from it."
)
@declare.option("--no-change", is_flag=True, help="From a session: no change was needed.")
@branch_option
@json_option
def done_command(
    cards: tuple[str, ...], summary: str, no_change: bool, branch: str, as_json: bool
) -> None:
    """Move CARDS to done.

    A person closes a card whose work is already in base, or is not needed; nothing is merged (use
    `accept` for that). For a card that is done while its work is not in base here, this says that
    nothing needs to wait for that work any more.

    From inside a session this is only a report on the session's own card, which need not be named:
    the verdict still requires commits (or --no-change) and a passing verify.
    """
    cards = cards or (own_card(""),)
    if session()[1]:
        if len(cards) > 1:
            raise UsageError("a session reports on one card, its own", "Name only that card.")
        report(place_here(branch), cards[0], Report("done", no_change, summary), as_json)
        return
    if no_change:
        raise UsageError("--no-change is for sessions", "A person's `done` needs no commit anyway.")

    def close(place: Place, board: Board, card: Card) -> list[Change]:
        note = noted(note_by_person(place, card, "summary", summary))
        return [*move(board, "done", card, merged=merged_of(place, board, card)), *note]

    done = move_cards("done", cards, branch, as_json, decide=close)
    tell(_lines_unmerged(done))


def _lines_unmerged(done: Committed) -> list[str]:
    """Return a line for each card that was in review with work that base does not have."""
    from gitkanban.board.work.cardwork import left_nothing

    lines = []
    for card in (each for _, each in sorted(done.after.cards.items())):
        was = done.before.cards[card.id]
        nothing = left_nothing(done.before.runs_of(card.id))
        if (was.status, card.status) == (REVIEW, DONE) and not card.merged and not nothing:
            undo = f"`gitkanban undo {done.commit[:10]}`, then `gitkanban accept {card.id}`"
            lines += [f"{card.id}: its work was not merged; to merge it: {undo}"]
    return lines
