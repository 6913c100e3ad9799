"""The quick door of `tick`: one that finds another at work ends before anything heavy is imported.

It answers only the plainest calls. All others are left to the full command line.
"""

import os
import sys

from gitkanban.board.repo import gitdir
from gitkanban.runs.records import again


def answer(argv: "list[str]") -> "int | None":
    """Return the exit code of a tick that found another at work; None for any other call."""
    return 0 if leave_to_other(argv) else None


def leave_to_other(argv: "list[str]") -> bool:
    """Return whether another tick is at work, in which case the command line need not be loaded.

    That tick is then asked to make another pass, and on a terminal a line says so.
    """
    # With --json or --dry-run a program waits for the whole answer.
    if argv[1:2] not in ([], ["--sync"]) or (argv[2:] and (argv[2] != "--remote" or argv[4:])):
        return False
    common = gitdir.common_dir(os.getcwd())
    if not common or not again.ask_tick_at_work(f"{common}/gitkanban"):
        return False
    from gitkanban.cli.terminal import is_terminal

    if is_terminal():  # not worth a mail from cron
        sys.stdout.write("another tick is at work; it will make another pass\n")
    return True
