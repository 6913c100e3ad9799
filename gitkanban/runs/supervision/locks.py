"""Kernel locks by name: taken, probed from outside, handed over by descriptor.

A lock shows that somebody is alive, not who: that is in the lease. Lock files are never replaced or
removed. A lock is released only by closing its descriptor: LOCK_UN would free it for every process
that inherited it.

A run that a batch system starts has no process here. Its locks stand: the lock file contains the id
of the run, and the lock is taken for as long as the run's folder has no record of its end.
"""

import os
import time

from gitkanban import files, flock, lock_files
from gitkanban.errors import Refused

TYPE_CHECKING = False
if TYPE_CHECKING:  # a supervisor imports this at its end, and each import delays the next start
    from collections.abc import Iterable

_RUN_MOST = 200  # bytes of the id of a run
_BRIEFLY = 0.05  # seconds that `take` outlasts somebody's momentary probe


def card_lock(card: str) -> str:
    """Return the name of a card's lock, which a run of it holds for its whole life."""
    return f"card/{card}"


def slot_lock(profile: str, number: int) -> str:
    """Return the name of the lock behind a slot."""
    return f"slot/{profile}/{number}"


class HeldLock:
    """A lock that is ours until `close`, or until every process that inherited `fd` is gone."""

    __slots__ = ("fd", "name")

    def __init__(self, name: str, fd: int) -> None:
        self.name = name
        self.fd = fd

    def close(self) -> None:
        """Close our descriptor; the lock lives on in whoever inherited it."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def __enter__(self) -> "HeldLock":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Locks:
    """The locks of one repository, below `<private>/locks`."""

    def __init__(self, private: str) -> None:
        self.private = private
        self.folder = os.path.join(private, "locks")

    def path(self, name: str) -> str:
        """Return the path of a lock's file; names: `tick`, `card/<id>`, `slot/<profile>/<n>`."""
        return f"{self.folder}/{name}"

    def take(self, name: str, wait: float = 0.0, run: str = "") -> HeldLock | None:
        """Take the lock, None when somebody holds it for longer than `wait` seconds.

        `run` is the one to be closed, whose own standing locks are no obstacle.
        The descriptor is closed on exec unless it is handed over on purpose. Raises Refused when
        the lock file cannot be made, or no disk of this machine's own can have it.
        """
        until = time.monotonic() + max(wait, _BRIEFLY)
        while True:
            lock = self._try_lock(name, run)
            if lock or time.monotonic() >= until:
                return lock
            time.sleep(0.01)

    def _try_lock(self, name: str, run: str) -> HeldLock | None:
        path = self.path(name)
        fd = self._open_lock_file(name)
        try:
            locked = flock.lock(fd)
        except OSError as error:
            os.close(fd)
            raise Refused(f"cannot lock {path}: {error}", "Is it on a local disk?") from error
        if locked and lock_files.are_apart(self.private):
            os.utime(fd)  # what cleans /var/tmp goes by it
        if locked and _same_file(fd, path) and self._open_run(_read_run(fd)) in ("", run):
            return HeldLock(name, fd)
        os.close(fd)  # somebody has it, or the folder is gone and this inode guards nothing
        return None

    def _open_lock_file(self, name: str) -> int:
        try:
            return lock_files.open_lock_file(self.private, name)
        except OSError as error:
            raise Refused(
                f"cannot make the lock file {self.path(name)}: {error.strerror}",
                "gitkanban must be able to write in the git directory.",
            ) from error

    def locked(self, names: "Iterable[str]") -> set[str]:
        """Return which of the named locks somebody holds, by trying a shared lock for a moment.

        Reading /proc/locks would touch nothing. But other pid namespaces than the machine's own do
        not see locks there whose first taker has died, and trying a hundred locks takes less time.
        """
        top = os.path.realpath(self.folder)  # a link on a shared disk is a round trip for each
        return {name for name in names if self._is_locked(f"{top}/{name}")}

    def _is_locked(self, path: str) -> bool:
        try:
            fd = files.open_own(path, os.O_RDONLY)
        except (FileNotFoundError, NotADirectoryError, files.InTheWay):
            return False
        try:
            if flock.is_taken(fd):
                return True
            run = _read_run(fd)  # after the lock: whoever leaves it standing lets go of it last
        finally:
            os.close(fd)
        return bool(self._open_run(run))

    def leave_standing(self, lock: HeldLock, run: str) -> None:
        """Have the lock stand for the run until its end is recorded. Raises OSError."""
        os.ftruncate(lock.fd, 0)
        os.pwrite(lock.fd, run.encode(), 0)
        os.fsync(lock.fd)

    def _open_run(self, run: str) -> str:
        """Return the run for which a lock stands, empty if its folder has a record of its end."""
        folder = f"{self.private}/runs/{run}"
        if not run or "/" in run or not os.path.lexists(f"{folder}/spec"):
            return ""
        return "" if os.path.lexists(f"{folder}/exit.json") else run


def _read_run(fd: int) -> str:
    """Return the run that a lock file names, empty for none."""
    return os.pread(fd, _RUN_MOST, 0).decode("utf-8", "replace")


def _same_file(fd: int, path: str) -> bool:
    try:
        return os.path.samestat(os.fstat(fd), os.stat(path))
    except FileNotFoundError:
        return False
