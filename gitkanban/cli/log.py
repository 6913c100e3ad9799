"""`gitkanban log`: the story of the board, or of one card, from its commits."""

import click

from gitkanban.cli.here import json_option, place_here, print_json
from gitkanban.cli.terminal import terminal_width
from gitkanban.clock import iso
from gitkanban.core.ids import check_id, resolve
from gitkanban.core.model import Board
from gitkanban.errors import NotFound
from gitkanban.views.text import columns


@click.command("log")
@click.argument("card", required=False, default="")
@click.option(
    "--since", default="", metavar="DATE", help="Only what is newer, as in `git log --since`."
)
@click.option("-n", "--lines", default=0, metavar="N", help="Only the newest N commits.")
@click.option("--reverse", is_flag=True, help="Oldest first.")
@json_option
def log_command(card: str, since: str, lines: int, reverse: bool, as_json: bool) -> None:
    """Tell what happened: who moved which card from where to where, when, and why.

    CARD may be archived or removed; then its whole id is needed.
    """
    from gitkanban.board import history, store

    place = place_here()
    board = store.read(place)
    if card:
        card = _whole_id(board, check_id(card))
    found = history.commits(place, card=card, since=since, most=lines)
    if card and not found and not history.commits(place, card=card, most=1):
        resolve(board.cards, card)  # it never was
    events = list(history.events(place, found, card))
    if reverse:
        events.reverse()
    if as_json:
        print_json([{**event._asdict(), "at": iso(event.at)} for event in events])
        return
    rows = [
        [
            iso(event.at)[:16].replace("T", " "),
            event.commit[:10],
            event.card,
            event.text,
            event.by,
        ]
        for event in events
    ]
    for line in columns(rows, terminal_width(), 3):
        click.echo(line)
    if not rows:
        click.echo("nothing happened" + (f" to {card}" if card else ""), err=True)


def _whole_id(board: Board, text: str) -> str:
    """The id that a prefix stands for; an id that the board does not have (any more) as it is."""
    try:
        return resolve(board.cards, text)
    except NotFound:
        if any(card.startswith(text) for card in board.cards):
            raise
        return text
