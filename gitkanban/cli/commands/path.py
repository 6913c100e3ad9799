"""`gitkanban path`: where a card's worktree lies."""

import click

from gitkanban.cli.cardpages import CardPages
from gitkanban.cli.here import json_option, own_card, place_here, print_json


@click.command("path")
@click.argument("card", required=False, default="")
@json_option
def path_command(card: str, as_json: bool) -> None:
    """Print the folder of CARD's worktree.

    \b
    cd "$(gitkanban path T1)"
    """
    pages = CardPages(place_here(), own_card(card))
    folder = pages.worktree()
    if as_json:
        print_json({"id": pages.name, "path": folder})
    else:
        click.echo(folder)  # as it is: it is for `cd`
