"""Why nothing may be committed to the board now: a merge, rebase or the like is in progress.

A commit under an unfinished rebase, merge or the like is dropped or reverted when that ends; one
under an `index.lock` leaves the checkout behind. Git's files are read; git is not run.
"""

import os
import time
from collections.abc import Iterable

from gitkanban.board.repo import checkouts, operations
from gitkanban.board.repo.checkouts import Checkout
from gitkanban.board.repo.place import Place

STALE_AFTER = 60.0  # seconds; no git takes that long to write an index
FREE_LEAST = 16 << 20  # bytes, below which neither a commit nor a workspace should be begun
_STEP = 0.01


def reason(place: Place, patience: float = 0.0) -> str:
    """Return what is in progress in a checkout of the board's branch, in words; empty: nothing.

    It waits up to `patience` seconds for an `index.lock`: most last no longer than a `git add`.
    """
    end = time.monotonic() + patience
    while True:
        locked: Checkout | None = None
        for checkout in checkouts.on(place, place.ref):
            what = unfinished(checkout)
            if what:
                return f"{what} is in progress in {checkout.root}"
            if os.path.exists(f"{checkout.index_file}.lock"):
                locked = locked or checkout
        if not locked or time.monotonic() >= end:
            break
        time.sleep(_STEP)
    return _lock_owner_words(locked) if locked else ""


def crowded(place: Place) -> str:
    """Return that the disk is too full to begin anything, in words; empty: there is room.

    Ended runs wait in their folders meanwhile, and are settled once there is room again.
    """
    try:
        disk = os.statvfs(place.common)
    except OSError as error:
        return f"{place.common} cannot be looked at: {error.strerror}"
    free = disk.f_bavail * disk.f_frsize
    if free < FREE_LEAST:
        return f"the disk of {place.common} is full: {free >> 20} of {FREE_LEAST >> 20} MiB free"
    if disk.f_files and disk.f_favail < 100:
        return f"the disk of {place.common} is full: no inodes are left"
    return ""


def _lock_owner_words(checkout: Checkout) -> str:
    """Return, in words, who owns an index lock, or that nobody does."""
    lock = f"{checkout.index_file}.lock"
    try:
        age = time.time() - os.stat(lock).st_mtime
    except OSError:  # it is already gone
        return ""
    if age > STALE_AFTER and is_stale(lock, (checkout.root, checkout.admin)):
        return f"a killed git left {lock}; if no git is running there, remove that file"
    return f"a git command is running ({lock} exists)"


def is_stale(lock: str, folders: Iterable[str]) -> bool:
    """Return whether no process on this host can still own the lock file; False if unknown.

    Git closes the lock while an editor is open, so a git at work in one of the folders counts.
    """
    try:
        pids = [name for name in os.listdir("/proc") if name.isdigit()]
    except OSError:
        return False
    real = os.path.realpath(lock)
    for pid in pids:
        try:
            if real in _open_files(pid):
                return False
        except OSError:  # it has ended, or is another user's
            continue
    return not at_work(folders)


def at_work(folders: Iterable[str]) -> int:
    """Return the pid of a git that works in or below one of the folders; 0: none is visible."""
    tops = [os.path.realpath(folder) for folder in folders]
    try:
        pids = [name for name in os.listdir("/proc") if name.isdigit()]
    except OSError:
        return 0
    for pid in pids:
        try:
            cwd = os.readlink(f"/proc/{pid}/cwd") if _is_git(pid) else ""
        except OSError:  # it has ended, or is another user's
            continue
        if cwd and any(_is_within(cwd, top) for top in tops):
            return int(pid)
    return 0


def _open_files(pid: str) -> list[str]:
    folder = f"/proc/{pid}/fd"
    paths = []
    for name in os.listdir(folder):
        try:
            paths.append(os.readlink(f"{folder}/{name}"))
        except OSError:  # closed in the meantime
            continue
    return paths


def _is_git(pid: str) -> bool:
    return checkouts.line(f"/proc/{pid}/comm").startswith("git")


def _is_within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder}/")


def unfinished(checkout: Checkout) -> str:
    """Return the unfinished operation of one checkout, in words; empty when there is none."""
    name = operations.operation_in(checkout.admin)
    return f"{'an' if name == 'am' else 'a'} {name}" if name else ""
