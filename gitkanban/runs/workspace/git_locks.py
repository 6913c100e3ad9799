"""Git's lock files, and who may still own them, as facts for `core.care.leftovers`."""

import os
import sys
import time
from collections.abc import Iterator

from gitkanban.board.repo import checkouts
from gitkanban.board.repo.place import Place
from gitkanban.core.care.surroundings import LockState
from gitkanban.runs.supervision import processes

LOCK_AGE_LEAST = 10  # seconds; younger lock files belong to running commands


def look_at_lock_files(place: Place) -> Iterator[LockState]:
    """Yield every lock file of git here, with its possible owner, sorted by path."""
    for path in sorted(_lock_files(place)):
        lock = look_at_lock(place, path)
        if lock:
            yield lock


def _lock_files(place: Place) -> Iterator[str]:
    for folder in {place.common, *(each.admin for each in checkouts.every(place))}:
        for name in os.listdir(folder) if os.path.isdir(folder) else ():
            if name.endswith(".lock"):
                yield f"{folder}/{name}"
    for folder, _, names in os.walk(f"{place.common}/refs"):
        yield from (f"{folder}/{name}" for name in names if name.endswith(".lock"))


def is_young(path: str) -> bool:
    """Return whether a lock file may belong to a running command; False if it is gone."""
    try:
        return 0 <= time.time() - os.stat(path).st_mtime < LOCK_AGE_LEAST
    except OSError:
        return False


def look_at_lock(place: Place, path: str) -> LockState | None:
    """Return a lock file of git with age and possible owner; None if it is gone or too young."""
    try:
        age = int(time.time() - os.stat(path).st_mtime)  # the file system's clock, not ours
    except OSError:
        return None
    return LockState(path, age, _lock_user(place, path)) if age >= LOCK_AGE_LEAST else None


def _lock_user(place: Place, path: str) -> str:
    """Return who may own a lock file; empty only if provably nobody on this host does.

    Git closes its lock while an editor is open, so any git at work in the repository counts too.
    """
    if not sys.platform.startswith("linux"):
        return "this system does not say"
    openers = processes.opened(path)
    if openers:
        return f"process {openers[0].pid} ({command_of(openers[0].pid)})"
    roots = [os.path.realpath(each.root) for each in checkouts.every(place)]
    roots.append(os.path.realpath(place.common))
    for process in processes.everyone():
        if not command_of(process.pid).startswith("git"):
            continue
        try:
            cwd = os.readlink(f"/proc/{process.pid}/cwd")
        except FileNotFoundError:
            continue
        except OSError:
            return f"process {process.pid}, another user's git"
        if any(cwd == root or cwd.startswith(f"{root}/") for root in roots):
            return f"process {process.pid} (git)"
    return ""


def command_of(pid: int) -> str:
    """Return the name of the program that a process runs."""
    return checkouts.line(f"/proc/{pid}/comm") or "unknown"
