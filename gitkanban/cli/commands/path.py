"""`gitkanban path`: where a card's worktree lies."""

from gitkanban.cli import declare
from gitkanban.cli.cardpages import CardPages
from gitkanban.cli.here import json_option, own_card, place_here, print_json
from gitkanban.cli.streams import echo


@declare.command("path")
@declare.argument("card", required=False, default="")
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
        echo(folder)  # unescaped, because it is for `cd`
