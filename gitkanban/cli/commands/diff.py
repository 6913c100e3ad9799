"""`gitkanban diff`: a change of the board in the board's own words."""

import os

from gitkanban.board.review.revisions import Side, change_at, read
from gitkanban.cli import declare, paging
from gitkanban.cli.here import print_json
from gitkanban.cli.streams import echo
from gitkanban.cli.terminal import prose_look


@declare.command("diff")
@declare.argument("a", required=False, default="")
@declare.argument("b", required=False, default="")
@declare.option(
    "-b",
    "--branch",
    default="",
    metavar="NAME",
    help="What branch NAME would bring into the board: BOARD...NAME.",
)
@declare.option(
    "--format",
    "form",
    type=declare.choice(["text", "markdown", "json"]),
    default="text",
    show_default=True,
    help="Output format; markdown renders on GitHub, with a graph.",
)
@declare.option("--json", "as_json", is_flag=True, help="The same as --format json.")
def diff_command(a: str, b: str, branch: str, form: str, as_json: bool) -> None:
    """Compare two boards: the cards that change, and what follows from that.

    Without arguments, show what the current branch or its uncommitted edits would bring into the
    board. A and B are revisions. A alone is compared with the current checkout. A...B leaves out,
    as in git, what happened in A since B branched off.
    """
    from gitkanban import clock
    from gitkanban.core.review.diff import difference
    from gitkanban.views.diff import diff_data
    from gitkanban.views.difftext import diff_text

    before, after = _read_sides(os.getcwd(), a, b, branch)
    changes = difference(before.board, after.board, int(clock.now()))
    if as_json or form == "json":
        print_json(diff_data(changes, before.label, after.label))
    elif form == "markdown":
        from gitkanban.views.diffmarkdown import diff_markdown

        echo(diff_markdown(changes, before.label, after.label), nl=False)
    else:
        paging.write(diff_text(changes, before.label, after.label, prose_look()))


def _read_sides(cwd: str, a: str, b: str, branch: str) -> tuple[Side, Side]:
    from gitkanban.board.repo.placefinder import find
    from gitkanban.errors import UsageError

    if branch and (a or b):
        raise UsageError("-b NAME stands for BOARD...NAME; leave A and B out")
    if branch or not a:
        sides = change_at(cwd, find(cwd).branch, branch)
        return sides.base, sides.head
    if "..." in a and not b:
        target, _, head = a.partition("...")
        sides = change_at(cwd, target or "HEAD", head or "HEAD")
        return sides.base, sides.head
    if ".." in a and not b:
        a, _, b = a.partition("..")
        b = b or "HEAD"
    return read(cwd, a or "HEAD"), read(cwd, b)
