"""`gitkanban check`: the findings of a review, of a board or of what a change adds."""

import os

from gitkanban.cli import declare
from gitkanban.cli.here import print_json
from gitkanban.cli.streams import echo
from gitkanban.cli.terminal import colour_on

format_option = declare.option(
    "--format", "form", type=declare.choice(["text", "json", "github"]), default="text",
    show_default=True, help="How to print it.",
)  # fmt: skip


@declare.command("check")
@declare.argument("rev", required=False, default="")
@declare.option(
    "--base", default="", metavar="REV", help="Only what has changed since it branched off REV."
)
@declare.option("-b", "--branch", default="", metavar="NAME", help="The same as NAME --base BOARD.")
@declare.option("--all", "all_", is_flag=True, help="With --base: also what was wrong before.")
@format_option
@declare.option("--json", "as_json", is_flag=True, help="The same as --format json.")
def check_command(rev: str, base: str, branch: str, all_: bool, form: str, as_json: bool) -> int:
    """Check every card and the config; fail if there are errors.

    This checks REV, or the current checkout with its uncommitted edits. With --base only the
    problems that the change brings in are reported and counted.
    """
    from gitkanban.board.repo.placefinder import find
    from gitkanban.board.review import findings
    from gitkanban.board.review.revisions import change_at, read
    from gitkanban.core.review.rules import ERROR, in_order
    from gitkanban.errors import UsageError
    from gitkanban.views.findings import findings_data, findings_github, findings_text

    cwd = os.getcwd()
    if branch:
        if rev or base:
            raise UsageError("-b NAME stands for NAME --base BOARD; leave REV and --base out")
        rev, base = branch, find(cwd).branch
    if base:
        sides = change_at(cwd, base, rev)
        listed = findings.of_change(sides.base, sides.head, sides.target)
        if all_:
            known = {each[:5] for each in listed}
            more = findings.of_board(sides.head)
            listed = in_order([*listed, *(each for each in more if each[:5] not in known)])
        label = sides.head.label
    else:
        head = read(cwd, rev)
        listed, label = findings.of_board(head), head.label
    if as_json or form == "json":
        print_json(findings_data(listed, label, base))
    elif form == "github":
        echo(findings_github(listed), nl=False)
    else:
        echo(findings_text(listed, colour_on()), nl=False)
    return 1 if any(each.severity == ERROR for each in listed) else 0
