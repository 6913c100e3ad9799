"""`gitkanban show`: one card with its runs, its notes, and what holds it back."""

import sys

from gitkanban import clock
from gitkanban.cli import declare, paging
from gitkanban.cli.cardpages import CardPages
from gitkanban.cli.here import json_option, own_card, place_here, print_json
from gitkanban.cli.streams import echo
from gitkanban.cli.terminal import colour_on, prose_look
from gitkanban.cli.viewing import look_options


@declare.command("show")
@declare.argument("card", required=False, default="")
@declare.option("--prompt", is_flag=True, help="Print the prompt of its next session instead.")
@declare.option("--diff", is_flag=True, help="Print the work on its branch instead.")
@declare.option("--stat", is_flag=True, help="With --diff: only how much each file changed.")
@json_option
@look_options
def show_command(card: str, prompt: bool, diff: bool, stat: bool, as_json: bool) -> None:
    """Show CARD: fields, body, runs, notes, branch and workspace.

    Inside a session CARD may be left out: it is the session's own card.
    """
    pages = CardPages(place_here(), own_card(card))
    if prompt:
        text = pages.prompt()
        if sys.stdout.isatty():
            from gitkanban.views.text import shown_lines

            text = shown_lines(text)
        echo(text, nl=False, color=True)  # unchanged, even in a pipe: exactly what the session gets
    elif diff or stat:
        paging.write(pages.work(colour_on(), stat))
    elif as_json:
        print_json(pages.data(int(clock.now())))
    else:
        paging.write(pages.card(int(clock.now()), prose_look()))
