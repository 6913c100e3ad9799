"""The commands, and the one place where errors become text and exit codes.

A command's module is imported only when it is called: `gitkanban --help` imports none. Plain
command lines are read here (`arguments`), all others by click (`group`).
"""

import os
import sys
from collections.abc import Sequence

from gitkanban import __version__
from gitkanban.cli.arguments import read_plain
from gitkanban.cli.declare import DeclaredCommand
from gitkanban.cli.streams import STDOUT, echo, lead_nowhere
from gitkanban.cli.terminal import colour_wanted
from gitkanban.errors import GitkanbanError
from gitkanban.views.text import shown

# (section, command, module under gitkanban.cli.commands, line in the overview)
COMMANDS = (
    ("Every day", "add", "add", "Add one card, or several from a file."),
    (
        "Every day",
        "tick",
        "tick",
        "Settle what has ended, start what is ready. For cron and hooks.",
    ),
    ("Every day", "status", "status", "The board: who needs you, what runs, what comes next."),
    ("Every day", "review", "review", "Go through the cards in review one by one."),
    ("Every day", "accept", "accept", "Merge the work of cards in review into base."),
    ("Start", "init", "init", "Make a board in this repository."),
    ("Start", "demo", "demo", "Watch a small board at work, in a throw-away repository."),
    ("Start", "trust", "trust", "Show what tick would run, and allow it on this machine."),
    (
        "Start",
        "instructions",
        "instructions",
        "What an agent needs to know to plan with the board.",
    ),
    ("Start", "completion", "completion", "Teach your shell the commands and the cards."),
    ("Plan", "edit", "edit", "Change a card's fields, or its file in an editor."),
    ("Plan", "link", "link", "Make a card wait for other cards."),
    ("Plan", "unlink", "link", "Make a card no longer wait for them."),
    ("Plan", "approve", "moves", "Let backlog cards run."),
    ("Look", "board", "board", "The cards in columns, by who must move next."),
    ("Look", "search", "search", "Find a text in cards, notes, results and logs."),
    ("Look", "ui", "ui", "The board live on the whole terminal, with keys for what you decide."),
    ("Look", "page", "page", "The board as one HTML file, for a browser."),
    ("Look", "web", "web", "The board in a browser, live, with buttons for what you decide."),
    ("Look", "list", "list", "List cards, with filters."),
    ("Look", "show", "show", "One card with its runs and notes."),
    ("Look", "why", "why", "What is holding a card back, and what would free it."),
    (
        "Look",
        "workers",
        "workers",
        "Workers, their limits and their load; add and set change them.",
    ),
    ("Look", "simulate", "simulate", "When each card would start and end."),
    ("Look", "log", "log", "The history of the board or of a card."),
    ("Look", "schema", "schema", "The JSON schema of a file of the board, for editors."),
    ("Look", "cost", "cost", "What sessions cost, by card, worker, profile or day."),
    ("Look", "logs", "logs", "What a session printed."),
    ("Look", "open", "open", "A card's worktree in your editor, or in any command."),
    ("Look", "path", "path", "Where a card's worktree lies."),
    ("Review", "diff", "diff", "What a branch or an edit changes, in terms of cards."),
    ("Review", "check", "check", "Check a board, or what a change brings in."),
    ("Review", "fmt", "fmt", "Format card files so that git can merge changes to them."),
    ("Review", "rename", "rename", "Change a card's id, everywhere it is used."),
    ("Review", "install", "install", "Teach git to merge cards, or agents to use the board."),
    ("Run", "sync", "sync", "Merge the board with a remote's."),
    ("Run", "stop", "stop", "End a running session."),
    ("Run", "attach", "attach", "Take a card over, in its agent's conversation or a shell."),
    ("Decide", "reject", "reject", "Send a card in review back, with a reason."),
    ("Decide", "done", "done", "Close a card without merging; from a session, report."),
    ("Decide", "block", "block", "Hold a card until a person acts; from a session, ask for help."),
    ("Decide", "retry", "moves", "Let a blocked card run again."),
    ("Decide", "drop", "moves", "Give up on a card."),
    ("Decide", "reopen", "moves", "Bring a done or dropped card back."),
    ("Decide", "reclaim", "reclaim", "Give up on a run of another clone that is gone for good."),
    ("Decide", "undo", "undo", "Undo a board commit, field by field."),
    ("Decide", "note", "note", "Leave a note on a card."),
    ("Decide", "memory", "memory", "What agents want to remember: list, accept, reject."),
    ("Care", "doctor", "doctor", "Find what is wrong; repair what can be repaired safely."),
    ("Care", "gc", "gc", "Remove what finished work leaves behind; archive old cards."),
    ("Care", "notify", "notify", "What the notifier has sent and will send; try it."),
    ("Care", "pause", "pause", "Start nothing new for a worker, or for the whole board."),
    ("Care", "resume", "pause", "Let it start cards again."),
)
# Called by git, not by people, so not in the overview.
HIDDEN = (("merge-file", "mergefile"),)
MODULES = {name: module for _, name, module, _ in COMMANDS} | dict(HIDDEN)


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


def find_command(name: str) -> DeclaredCommand | None:
    """Import and return the command of that name; None if there is none."""
    if name not in MODULES:
        return None
    # Not by importlib, whose own imports take longer.
    module = __import__(f"gitkanban.cli.commands.{MODULES[name]}", fromlist=["_"])
    command: DeclaredCommand = getattr(module, f"{name.replace('-', '_')}_command")
    return command


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
