"""`gitkanban ui`: the board live on the whole terminal, with keys for what people decide."""

import os
import sys

from gitkanban.cli import declare
from gitkanban.cli.here import place_here, refuse_in_session
from gitkanban.cli.streams import echo
from gitkanban.cli.viewing import label_option, look_options
from gitkanban.errors import Refused


@declare.command("ui")
@label_option
@look_options
def ui_command(labels: tuple[str, ...]) -> None:
    """Show who needs you, what runs and what comes next, live, and decide with a key.

    The list is that of `status`. A key does what the command of the same name does: a accepts, r
    rejects, y answers; ? lists them all. q leaves, and everything goes on running.
    """
    from gitkanban.cli import quick
    from gitkanban.cli.terminal import look_here

    refuse_in_session("ui")
    if not (sys.stdin.isatty() and sys.stdout.isatty()) or os.environ.get("TERM") in ("dumb", ""):
        raise Refused(
            "ui draws on the whole terminal, and there is none that it can draw on",
            "`gitkanban status` prints the same; `gitkanban review` goes through what is in review.",
        )
    for name in ("COLUMNS", "LINES"):  # textual would trust them, and miss every resize
        os.environ.pop(name, None)
    place, data, look = place_here(), quick.status_now(), look_here()
    from gitkanban.cli.ui.app import BoardScreen

    screen = BoardScreen(place, data, look, labels)
    last = screen.run()
    if screen.bug:
        raise screen.bug
    if last:
        echo(last)
