"""`gitkanban reject`: send a card in review back, with a reason for the next attempt."""

import click

from gitkanban.board.repo.place import Place
from gitkanban.cli.commands.moves import move_cards, words
from gitkanban.cli.here import branch_option, json_option
from gitkanban.core.changes import Change
from gitkanban.core.model import Board, Card, Note
from gitkanban.core.moves import reject


@click.command("reject")
@click.argument("card")
@click.option(
    "--why", required=True, metavar="TEXT", help="What is wrong; it goes into the next prompt."
)
@branch_option
@json_option
def reject_command(card: str, why: str, branch: str, as_json: bool) -> None:
    """Send CARD back to todo; the next session continues in the same worktree."""

    def back(place: Place, board: Board, target: Card) -> list[Change]:
        return reject(board, target, words(place, target, "reject", why) or Note("", target.id))

    move_cards("reject", [card], branch, as_json, back)
