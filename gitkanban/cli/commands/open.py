"""`gitkanban open`: a card's worktree in the person's editor, or in any command."""

import os

from gitkanban.cli import declare
from gitkanban.cli.cardpages import CardPages
from gitkanban.cli.edit_file import edit_path, run_in_terminal
from gitkanban.cli.here import place_here, refuse_in_session, tell
from gitkanban.core.model import RUNNING


@declare.command("open")
@declare.argument("card")
@declare.option(
    "--in", "line", default="", metavar="CMD",
    help="Run this shell command there instead, such as `code .`, bash or lazygit.",
)  # fmt: skip
def open_command(card: str, line: str) -> int:
    """Open the worktree of CARD in your editor, and come back when it is closed.

    The editor is the one that git uses: GIT_EDITOR, core.editor, VISUAL, EDITOR. With --in a
    command runs in the worktree instead, and its exit code is that of `open`. Nothing of the card
    changes: a tick may start it meanwhile. `attach` takes it over.
    """
    refuse_in_session("open")
    place = place_here()
    pages = CardPages(place, card)
    return open_folder(pages, line)


def open_folder(pages: CardPages, line: str = "") -> int:
    """Open a card's worktree in the editor, or run a command line in it; return the exit code.

    Raises NotFound if the worktree is gone, and UsageError or Refused as `edit_path` does.
    """
    folder = pages.worktree()
    if pages.status == RUNNING:
        tell([f"{pages.name} is running: its session works there too"])
    if line:
        return run_in_terminal(["sh", "-c", line], folder, {**os.environ, "PWD": folder})
    edit_path(pages.place, folder, folder)
    return 0
