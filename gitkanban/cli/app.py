"""Runs a command line: the one place where errors become text and exit codes.

Plain command lines are read here (`arguments`), all others by click (`group`).
"""

import os
import sys
from collections.abc import Sequence

from gitkanban import __version__
from gitkanban.cli.arguments import read_plain
from gitkanban.cli.roster import find_command
from gitkanban.cli.streams import STDOUT, echo, lead_nowhere
from gitkanban.cli.terminal import colour_wanted
from gitkanban.errors import GitkanbanError
from gitkanban.views.text import shown


def run(argv: Sequence[str]) -> int:
    """Run one command line and return its exit code; every error ends here, as text on stderr."""
    if list(argv[:1]) == ["help"]:
        argv = [*argv[1:], "--help"]
    try:
        code = _run_command(argv)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except GitkanbanError as error:
        return report_expected(error)
    except KeyboardInterrupt:
        echo("\ninterrupted", err=True)
        return 130
    except BrokenPipeError:
        # The reader has gone (`gitkanban list | head`): no error, and nobody to report it to.
        lead_nowhere()
        return 0
    except OSError as error:
        return report_expected(os_error(error))
    except Exception as error:  # the error boundary: a bug becomes a report, never a traceback
        known = _end_by_click(error)
        if isinstance(known, int):
            return known
        known = known or _libgit2_error(error)
        return report_expected(known) if known else _report_bug(error, argv)


def _run_command(argv: Sequence[str]) -> object:
    """Run the called command and return its result; click reads what is not plain."""
    command = find_command(argv[0]) if argv else None
    values = read_plain(command, argv[1:]) if command else None
    if command and values is not None:
        return command.callback(**values)
    from gitkanban.cli.group import answer_by_click

    return answer_by_click(argv, _program_name())


def _end_by_click(error: Exception) -> int | GitkanbanError | None:
    if "click" not in sys.modules:
        return None
    from gitkanban.cli.group import end_by_click

    return end_by_click(error)


def in_words(error: Exception) -> GitkanbanError:
    """Turn any error into an expected one, for callers that report it in a line and go on."""
    if isinstance(error, GitkanbanError):
        return error
    if isinstance(error, OSError):
        return os_error(error)
    bug = GitkanbanError(
        f"a bug in gitkanban: {type(error).__name__}: {error}", "Please report it."
    )
    return _libgit2_error(error) or bug


def _libgit2_error(error: Exception) -> GitkanbanError | None:
    """Turn an error of libgit2 into an expected one; None for any other error."""
    if type(error).__name__ != "GitError":  # by name, so that pygit2 need not be imported
        return None
    from gitkanban.board.repo.git import in_words

    return in_words(error)


def report_expected(error: GitkanbanError) -> int:
    """Print an expected failure as `Error:` and `Hint:`, and return its exit code."""
    from gitkanban.cli.here import tell_error

    tell_error(error)
    return error.exit_code


def os_error(error: OSError) -> GitkanbanError:
    """Turn an error of the operating system into a line that a person can act on."""
    import errno

    hints = {
        errno.ENOSPC: "Free some space; nothing was half written.",
        errno.EROFS: "The file system is read-only; nothing was changed.",
        errno.EACCES: "Check who owns it; nothing was changed.",
        errno.EMFILE: "Too many open files; raise `ulimit -n`.",
    }
    text = error.strerror or str(error)
    text = text[:1].lower() + text[1:]
    if error.filename == STDOUT:
        lead_nowhere()
        hint = "Everything up to that point is done; see `gitkanban log`."
        return GitkanbanError(f"cannot write the output: {text}", hint)
    where = f": {error.filename}" if error.filename else ""
    # Errors from libgit2 have the message but no number.
    number = error.errno or next((n for n in hints if os.strerror(n) in str(error)), 0)
    return GitkanbanError(f"{text}{where}", hints.get(number, ""))


def _program_name() -> str:
    name = os.path.basename(sys.argv[0])
    return "git kanban" if name == "git-kanban" else "gitkanban"


def _report_bug(error: Exception, argv: Sequence[str]) -> int:
    """Write a report to paste into an issue, and return the exit code, which is 3.

    The report may hold secrets, and the hint says to read it first. If it cannot be written to a
    file, it goes to stderr.
    """
    import platform
    import traceback

    text = "\n".join(
        [
            f"gitkanban {__version__}, Python {platform.python_version()}, {platform.platform()}",
            f"command: {_program_name()} {' '.join(argv)}",
            "",
            *traceback.format_exception(error),
        ]
    ).encode("utf-8", "backslashreplace")
    file = _write_report(text)
    echo("\x1b[31mError: \x1b[0m", nl=False, err=True, color=colour_wanted())
    echo(shown(f"a bug in gitkanban: {type(error).__name__}: {error}"), err=True)
    if file:
        hint = f"please report it with {file} (read it first: it shows your command)."
    else:
        hint = "please report it with these lines (read them first: they show your command)."
        echo(text.decode("ascii", "backslashreplace"), err=True)
    echo(shown(f"Hint: {hint}"), err=True)
    return 3


def _write_report(text: bytes) -> str:
    """Write the report to a temporary file; return its path, empty if it cannot be written."""
    import tempfile

    try:
        fd, path = tempfile.mkstemp(prefix="gitkanban-bug-", suffix=".txt")
    except OSError:
        return ""
    try:
        with open(fd, "wb") as file:
            file.write(text)
    except OSError:
        os.unlink(path)
        return ""
    return path
