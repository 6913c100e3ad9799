"""`gitkanban block`: a person holds a card; a session asks for a person."""

import click

from gitkanban.board.repo.place import Place
from gitkanban.cli.commands.moves import move_cards
from gitkanban.cli.here import branch_option, json_option, own_card, place_here, session
from gitkanban.cli.report import report
from gitkanban.core.changes import Change
from gitkanban.core.model import BLOCK_REASONS, NEEDS_INPUT, Board, Card
from gitkanban.core.moves import move
from gitkanban.core.tick.facts import Report


@click.command("block")
@click.argument("card", required=False, default="")
@click.option("--why", required=True, metavar="TEXT", help="What is needed.")
@click.option(
    "--reason",
    type=click.Choice(BLOCK_REASONS),
    default=NEEDS_INPUT,
    show_default=True,
    help="Kind of obstacle.",
)
@branch_option
@json_option
def block_command(card: str, why: str, reason: str, branch: str, as_json: bool) -> None:
    """Hold CARD until a person acts.

    A running session is stopped. From inside a session this is a report: the session's own card,
    which need not be named, becomes blocked when the session ends.
    """
    card = own_card(card)
    if session()[1]:
        report(place_here(branch), card, "block", Report("block", reason=reason, why=why), as_json)
        return

    def hold(_: Place, board: Board, target: Card) -> list[Change]:
        return move(board, "block", target, why=why, reason=reason)

    move_cards("block", [card], branch, as_json, hold)
