"""What git has answered about a repository, cached while the files it depends on are unchanged.

Every command asks where a repository is, how it is configured and who commits; the answers change
once in months. An answer is valid while all its sources have the same stat (the configuration files
that git has read or would have read, git itself, the folders whose owner decides on trust), and
while the environment is the same. What cannot be checked like that (a conditional include, a file
changed just now) is not cached. No git is run here.
"""

import os
import sys
from collections.abc import Iterable
from functools import cache

from gitkanban import __version__, programs
from gitkanban.board.repo import cachefile
from gitkanban.typed import Any

_FORMAT = ("answers", 1, __version__, sys.hexversion)
_MOST = 16  # answers of one repository: by checkout and by environment
# Nanoseconds: a file changed this recently before the question may change again without a trace in
# its stat.
_YOUNG = 100_000_000
_VARIABLES = (
    "GIT_CONFIG", "GIT_AUTHOR_", "GIT_COMMITTER_", "GIT_CEILING_DIRECTORIES", "GIT_DISCOVERY_",
    "GIT_DEFAULT_HASH", "GIT_EXEC_PATH",
)  # fmt: skip
_MORE = ("HOME", "XDG_CONFIG_HOME", "EMAIL")

SourceStamp = tuple[int, int, int, int] | None


class Answers:
    """The cached answers about one repository, by its common directory."""

    def __init__(self, common: str) -> None:
        self.path = f"{common}/gitkanban/cache/answers"
        self._known = _load_answers(self.path)

    def recall(self, key: str) -> Any:
        """Return the cached answer to a question; None if git must be asked again."""
        sources, answer = self._known.get((key, _git_environment()), ((), None))
        if any(_sign_source(path) != signature for path, signature in sources):
            return None
        return answer

    def remember(self, key: str, sources: Iterable[str], answer: Any, asked_at: int) -> None:
        """Cache an answer of strings, bytes, tuples and dictionaries that comes from these paths.

        `sources` are files and folders, including those whose absence counts. Nothing is cached if
        one of them may have changed since git was asked (`asked_at`, nanoseconds), or if the
        repository has no folder of ours.
        """
        if not os.path.isdir(os.path.dirname(os.path.dirname(self.path))):
            return
        signed = tuple((path, _sign_source(path)) for path in sorted({*sources, find_git()}))
        latest = max((signature[0] for _, signature in signed if signature), default=0)
        if latest > asked_at - _YOUNG:
            return
        known = {**_load_answers(self.path), (key, _git_environment()): (signed, answer)}
        self._known = dict(list(known.items())[-_MOST:])
        cachefile.save(self.path, _FORMAT, self._known)


def _git_environment() -> tuple[tuple[str, str], ...]:
    variables = (
        (name, value)
        for name, value in os.environ.items()
        if (name.startswith(_VARIABLES) and not name.endswith("_DATE")) or name in _MORE
    )
    return (("", f"{os.geteuid()} {find_git()}"), *sorted(variables))


def find_git() -> str:
    """Return the path of the git that will be run; empty: there is none on PATH."""
    return _look_up_git(os.environ.get("PATH", os.defpath))


@cache
def _look_up_git(path: str) -> str:
    return programs.find("git", path)[0]


def _sign_source(path: str) -> SourceStamp:
    """Return a stamp that changes with a file, or with a folder's identity and owner."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    if os.path.isdir(path):
        return 0, 0, status.st_ino, status.st_uid
    return status.st_mtime_ns, status.st_size, status.st_ino, status.st_uid


def _load_answers(path: str) -> dict[Any, Any]:
    known: dict[Any, Any] = cachefile.load(path, _FORMAT) or {}
    return known
