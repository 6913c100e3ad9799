"""The error tree: what went wrong in one line, what to do next, and the exit code.

It does not print; the one place that does is `gitkanban.cli`.
"""

from collections.abc import Sequence


class GitkanbanError(Exception):
    """An expected failure. `message` is one line; `hint` says what to do next (may be empty)."""

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(GitkanbanError):
    """The command line itself is wrong: a bad option, or text that cannot be an id."""

    exit_code = 2


class NoBoard(GitkanbanError):
    """No board can be found from the current directory."""


class NotFound(GitkanbanError):
    """A card, worker, run or revision that was named does not exist (or is ambiguous)."""


class Refused(GitkanbanError):
    """The request is understood but not allowed: a move off the table, a fenced report."""


class Conflict(Refused):
    """Two sides changed the same thing. `lines` show people where; they are foreign text."""

    def __init__(self, message: str, hint: str, lines: Sequence[str]) -> None:
        super().__init__(message, hint)
        self.lines = tuple(lines)


class BadData(GitkanbanError):
    """A file does not follow its format. The message names the file, line and column."""


class Untrusted(GitkanbanError):
    """A command on the board has not been allowed on this machine."""


class GitFailed(GitkanbanError):
    """Git refused or failed; the message carries the first line of its output."""


class BoardBusy(GitkanbanError):
    """The board cannot be written now: an operation is in progress or a lock is held."""


class BoardMoved(GitkanbanError):
    """The branch moved during every attempt; nothing was written."""
