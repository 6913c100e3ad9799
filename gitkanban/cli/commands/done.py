"""`gitkanban done`: a person closes a card; a session reports that it has finished."""

import click

from gitkanban.board.repo.place import Place
from gitkanban.cli.commands.moves import move_cards, noted, words
from gitkanban.cli.here import branch_option, json_option, own_card, place_here, session
from gitkanban.cli.report import report
from gitkanban.core.changes import Change
from gitkanban.core.model import Board, Card
from gitkanban.core.moves import move
from gitkanban.core.tick.facts import Report
from gitkanban.errors import UsageError


def merged_of(place: Place, board: Board, card: Card) -> str:
    """The commit by which base has the card's work; empty where base does not have it."""
    from gitkanban.board import presence  # late: a session's report needs none of it

    return presence.merged_of(place, board, card)


@click.command("done")
@click.argument("cards", nargs=-1)
@click.option(
    "--summary", default="", metavar="TEXT", help="What was done, for those who come after."
)
@click.option("--no-change", is_flag=True, help="From a session: nothing needed changing.")
@branch_option
@json_option
def done_command(
    cards: tuple[str, ...], summary: str, no_change: bool, branch: str, as_json: bool
) -> None:
    """Call CARDS done.

    A person closes a card whose work is in already, or is not needed; nothing is merged (that is
    `accept`). Of a card that is done, but whose work is not in base here, it says that this is
    fine: nothing waits for that work any more. Called from inside a session it only reports on that session's card, which need not be
    named: the verdict still asks for commits (or --no-change) and for a green verify.
    """
    cards = cards or (own_card(""),)
    if session()[1]:
        if len(cards) > 1:
            raise UsageError("a session reports on one card, its own", "Name that card alone.")
        report(place_here(branch), cards[0], "done", Report("done", no_change, summary), as_json)
        return
    if no_change:
        raise UsageError("--no-change is for sessions", "A person's `done` needs no commit anyway.")

    def close(place: Place, board: Board, card: Card) -> list[Change]:
        note = noted(words(place, card, "summary", summary))
        return [*move(board, "done", card, merged=merged_of(place, board, card)), *note]

    move_cards("done", cards, branch, as_json, close)
