"""`gitkanban block`: a person holds a card; a session asks for a person."""

from gitkanban.board.repo.place import Place
from gitkanban.cli import declare
from gitkanban.cli.askwords import WordsWanted
from gitkanban.cli.commands.moves import file_option, move_with_words
from gitkanban.cli.here import (
    branch_option,
    json_option,
    own_card,
    place_here,
    session,
    text_argument,
)
from gitkanban.cli.report import report
from gitkanban.core.changes import Change
from gitkanban.core.model import BLOCK_REASONS, NEEDS_INPUT, BlockReason, Board, Card
from gitkanban.core.moves import move, require_words
from gitkanban.core.tick.facts import Report


@declare.command("block")
@declare.argument("card", required=False, default="")
@declare.option("--why", default="", metavar="TEXT", help="What is needed.")
@file_option
@declare.option(
    "--reason",
    type=declare.choice(BLOCK_REASONS),
    default=NEEDS_INPUT,
    show_default=True,
    help="Kind of obstacle.",
)
@branch_option
@json_option
def block_command(
    card: str, why: str, source: str | None, reason: BlockReason, branch: str, as_json: bool
) -> None:
    """Hold CARD until a person acts.

    A running session is stopped. Without --why, on a terminal, your editor opens. From inside a
    session this is a report: the session's own card, which need not be named, becomes blocked when
    the session ends.
    """
    card = own_card(card)
    if session()[1]:
        why = require_words("block", text_argument(why, source))
        report(place_here(branch), card, Report("block", reason=reason, why=why), as_json)
        return

    def hold(_: Place, board: Board, target: Card, text: str) -> list[Change]:
        return move(board, "block", target, why=text, reason=reason)

    move_with_words(
        "block", [card], branch, as_json, why=why, source=source, decide=hold,
        wanted=lambda _, cards: _words_to_block(cards[0]),
    )  # fmt: skip


def _words_to_block(card: Card) -> WordsWanted:
    about = [f"what {card.id} ({card.title}) needs before it may go on."]
    return WordsWanted(
        "block", card.id, about, f"{card.id} stays {card.status}",
        hint=f'`gitkanban block {card.id} --why "…"` takes words from the command line.',
        again=f"gitkanban block {card.id} --file {{}}",
    )  # fmt: skip
