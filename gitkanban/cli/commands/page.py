"""`gitkanban page`: the board as one HTML file for a browser, complete in itself."""

import os
import stat
import sys

from gitkanban.cli import declare
from gitkanban.cli.browser import open_in_browser
from gitkanban.cli.here import place_here
from gitkanban.cli.streams import echo
from gitkanban.errors import NotFound, Refused, UsageError

NAME = "index.html"  # the file's name if --out is a folder
_HEAD = 4096  # bytes at the start of a file in which our pages have their mark


@declare.command("page")
@declare.option(
    "--out", default="", metavar="FILE|DIR",
    help="Where to write it; in a folder as index.html, to stdout with -. Default: <repository>-board.html.",
)  # fmt: skip
@declare.option("--open", "open_", is_flag=True, help="Open it in a browser.")
@declare.option("--at", "rev", default="", metavar="REV", help="The board as it was at a revision.")
@declare.option(
    "-b", "--branch", default="", metavar="NAME",
    help="The board of branch NAME, with what it would change marked; A...B as for diff.",
)  # fmt: skip
@declare.option(
    "--with-logs", is_flag=True,
    help="Add the end of each open card's log. Logs may hold secrets: look before you share it.",
)  # fmt: skip
def page_command(out: str, open_: bool, rev: str, branch: str, with_logs: bool) -> None:
    """Write the board as one HTML file that needs no server: to look at, mail, or publish.

    It shows who needs you, what runs, the cards in columns and as a graph, when what ran and will
    run, what it cost, and each card with its notes, runs and diff.
    It loads nothing from the network.
    """
    from gitkanban import files
    from gitkanban.cli import boardpage
    from gitkanban.views.page.html import page_html
    from gitkanban.views.page.value import page_value

    if rev and branch:
        raise UsageError("--at REV or --branch NAME, not both", "Leave one out.")
    if with_logs and (rev or branch):
        raise UsageError("--with-logs is for the board as it is now", "Leave it out.")
    if open_ and out == "-":
        raise UsageError("--open needs a file", "Leave out --out -.")
    if branch:
        target, dots, head = branch.partition("...")
        target = target or "HEAD" if dots else place_here().branch
        content = boardpage.content_of_change(
            os.getcwd(), target, head or "HEAD" if dots else branch
        )
    elif rev:
        content = boardpage.content_at(place_here(), rev)
    else:
        content = boardpage.content_now(place_here(), with_logs)
    text = page_html(page_value(content)).encode("utf-8", "replace")
    if out == "-":
        sys.stdout.buffer.write(text)  # in UTF-8, as the page declares, whatever the locale
        return
    path = _choose_path(out or f"{content.status['board']['repository'] or 'kanban'}-board.html")
    _check_target(path)
    files.replace(path, text)
    echo(f"wrote {path}")
    if open_:
        open_in_browser(path, f"Open the file yourself: {path}")


def _choose_path(out: str) -> str:
    """Return the path of the file to write; with a trailing slash, a missing folder is made.

    Raises NotFound, OSError.
    """
    from gitkanban import files

    path = os.path.abspath(out)
    if os.path.isdir(path) or out.endswith("/"):
        files.make_folder(path)
        return os.path.join(path, NAME)
    if not os.path.isdir(os.path.dirname(path)):
        hint = f"Make it first, or name a folder: --out {os.path.dirname(out)}/"
        raise NotFound(f"no folder {os.path.dirname(path)}", hint)
    return path


def _check_target(path: str) -> None:
    """Raise Refused if the path exists and is not one of our pages."""
    from gitkanban import files
    from gitkanban.views.page.html import GENERATOR

    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        return
    if stat.S_ISREG(mode) and GENERATOR.encode() in files.read(path, most=_HEAD):
        return
    what = "a link" if stat.S_ISLNK(mode) else "not a page of gitkanban"
    raise Refused(
        f"{path} is {what}, and stays as it is", "Remove it, or name another file: --out."
    )
