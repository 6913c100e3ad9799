"""Edits below `.kanban/` that are not committed: git looks for them while everything else goes on.

The look takes most of the time that `status` takes on a large board, so it begins as soon as it is
known where the board is.
"""

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_WHERE = ("main", "prefix", "branch", "private")
_SIGTERM = 15  # without `signal`, which takes longer to import than everything here
_LARGE = 256 << 10  # bytes of an index from which two gits share the work


class OpenEdits:
    """A look for uncommitted edits, which begins once."""

    def __init__(self) -> None:
        self._asked: tuple[str, ...] = ()
        self._running: list[tuple[int, int, bool]] = []  # (pid, its output, whether it is status)

    def __enter__(self) -> "OpenEdits":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def begin(self, rows: "Mapping[str, str]", commit: str) -> None:
        """Begin to look in the checkout that rows of a board name, unless it has begun there.

        `commit` is the board's. Where the files are not those of that board, nobody looks.
        """
        asked = (*(rows[key] for key in _WHERE), commit)
        if asked == self._asked:
            return
        self.stop()
        self._asked = asked
        main, prefix = rows["main"], rows["prefix"]
        folder = main if prefix else f"{main}/.kanban"
        admin = _git_dir_of(folder) if main else ""
        if not admin or _head_branch(admin) != f"refs/heads/{rows['branch']}":
            return  # the files there are not this board's
        if _is_behind(main, rows["private"], commit):
            return  # files that a tick has committed but not yet written would look like edits
        git = ["git", "-C", folder, "--no-optional-locks"]
        status = [*git, "status", "--porcelain", "-z"]
        below = ["--", prefix or "."]
        if _size_of(f"{admin}/index") < _LARGE:
            self._start_git([*status, "--untracked-files=all", *below], True)
        else:
            self._start_git([*status, "--untracked-files=no", *below], True)
            self._start_git(
                [*git, "ls-files", "-z", "--others", "--exclude-standard", *below], False
            )

    def _start_git(self, argv: "list[str]", is_status: bool) -> None:
        read, write = os.pipe()
        env = {name: os.environ[name] for name in os.environ if not name.startswith("GIT_")}
        actions = [(os.POSIX_SPAWN_DUP2, write, 1), (os.POSIX_SPAWN_CLOSE, read)]
        try:
            pid = os.posix_spawnp("git", argv, env, file_actions=actions)
        except OSError:
            os.close(read)
        else:
            self._running.append((pid, read, is_status))
        os.close(write)

    def lines(self) -> "list[str]":
        """Return a line that names the uncommitted files; nothing if there are none."""
        paths: list[str] = []
        while self._running:
            _, output, is_status = self._running[0]
            with open(output, "rb", closefd=False) as stream:
                entries = stream.read().decode("utf-8", "replace").split("\0")
            self._reap_first()
            if is_status:
                paths += [entry[3:] for entry in entries if entry[2:3] == " "]
            else:
                paths += filter(None, entries)
        if not paths:
            return []
        more = f" and {len(paths) - 3} more" if len(paths) > 3 else ""
        return [f"not committed, so not on the board yet: {', '.join(paths[:3])}{more}"]

    def stop(self) -> None:
        """End a look whose answer nobody wants any more."""
        while self._running:
            os.kill(self._running[0][0], _SIGTERM)
            self._reap_first()

    def _reap_first(self) -> None:
        pid, output, _ = self._running.pop(0)
        os.close(output)
        os.waitpid(pid, 0)


def _git_dir_of(folder: str) -> str:
    """Return the git directory of a checkout; empty if there is none."""
    try:
        with open(f"{folder}/.git", encoding="utf-8") as file:
            text = file.read().strip()
    except IsADirectoryError:
        return f"{folder}/.git"
    except (OSError, UnicodeDecodeError):
        return ""
    return os.path.join(folder, text[8:]) if text.startswith("gitdir: ") else ""


def _head_branch(admin: str) -> str:
    """Return the ref that is checked out, empty if unknown."""
    try:
        with open(f"{admin}/HEAD", encoding="utf-8") as file:
            text = file.read().strip()
    except (OSError, UnicodeDecodeError):
        return ""
    return text.removeprefix("ref: ") if text.startswith("ref: ") else ""


def _is_behind(main: str, private: str, commit: str) -> bool:
    """Return whether a tick is at work whose last commit the checkout has not followed yet."""
    try:
        with open(f"{main}/.git/gitkanban-followed", encoding="utf-8") as file:
            followed = file.read(64).partition(" ")[0]
    except (OSError, UnicodeDecodeError):
        return False
    if followed == commit:
        return False
    from gitkanban import flock

    return flock.is_locked(f"{private}/locks/tick")


def _size_of(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0
