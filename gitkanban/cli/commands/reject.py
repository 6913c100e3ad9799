"""`gitkanban reject`: send a card in review back, with a reason for the next attempt."""

from gitkanban.board.repo.place import Place
from gitkanban.cli import declare
from gitkanban.cli.askwords import WordsWanted
from gitkanban.cli.at_once import no_tick_option
from gitkanban.cli.commands.moves import file_option, move_with_words, note_by_person
from gitkanban.cli.here import branch_option, json_option, since_option
from gitkanban.core.changes import Change
from gitkanban.core.model import Board, Card, Note
from gitkanban.core.moves import reject
from gitkanban.errors import NotFound


@declare.command("reject")
@declare.argument("card")
@declare.option(
    "--why", default="", metavar="TEXT", help="What is wrong; it goes into the next prompt."
)
@file_option
@no_tick_option
@since_option
@branch_option
@json_option
def reject_command(
    card: str, why: str, source: str | None, no_tick: bool, since: str, branch: str, as_json: bool
) -> None:
    """Send CARD back to todo; the next session continues in the same worktree, at once if a tick
    has run in the last five minutes.

    Without --why, on a terminal, your editor opens, with the diff of the work below. What you write
    under a line of the diff reaches the session as `file:line: words`.
    """
    move_with_words(
        "reject", [card], branch, as_json, why=why, source=source,
        decide=reject_with, wanted=lambda place, cards: words_to_reject(place, cards[0]), at_once=not no_tick,
        since=since,
    )  # fmt: skip


def reject_with(place: Place, board: Board, card: Card, text: str) -> list[Change]:
    """Return the changes that send a card back with a person's words."""
    return reject(board, card, note_by_person(place, card, "reject", text) or Note("", card.id))


def words_to_reject(place: Place, card: Card) -> WordsWanted:
    """Return what the editor is opened with: the diff of the work, to write into."""
    from gitkanban.cli.cardpages import CardPages

    try:
        diff = CardPages(place, card.id).work()
    except NotFound:
        diff = ""
    about = [f"what is wrong with {card.id} ({card.title}).", "Its next session sees it."]
    if diff:
        about.append("Words under a line of the diff reach it as FILE:LINE: words.")
    return WordsWanted(
        "reject", card.id, about, f"{card.id} stays in review",
        hint=f'`gitkanban reject {card.id} --why "…"` takes words from the command line.',
        again=f"gitkanban reject {card.id} --file {{}}", diff=diff,
    )  # fmt: skip
