"""Ids of this clone and this machine, by which the records of runs are distinguished."""

import errno
import os
import time

from gitkanban import files, flock
from gitkanban.board.repo.place import Place

_ID_MOST = 100  # bytes
_LOCK_WAIT = 5.0  # seconds; it is held for a write of one line


def clone_id(place: Place) -> str:
    """Return the random id of this clone, created once and stored in its git directory.

    Empty if there is none yet and it cannot be written.
    """
    path = f"{place.private}/clone"
    if not os.path.lexists(path) and not _create_id(path):
        return ""
    return _read_id(path) or _write_lost_id(path)


def _create_id(path: str) -> bool:
    """Create the file unless it exists; return False where nothing can be written."""
    try:
        files.create(path, _new_id(), make=True, lasting=True)
    except OSError as error:
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            return False
        raise
    return True


def _new_id() -> bytes:
    from gitkanban import clock

    return f"{clock.card_id()}{clock.card_id()}\n".encode()


def _write_lost_id(path: str) -> str:
    """Write a new id where a power loss has taken the old one, and return it. Raises OSError.

    An earlier version did not sync the file. It is written in place, so that all who try agree.
    """
    fd = files.open_own(path, os.O_RDWR)
    try:
        end = time.monotonic() + _LOCK_WAIT
        while not flock.lock(fd) and time.monotonic() < end:
            time.sleep(0.01)
        if not _read_id(path):
            os.ftruncate(fd, 0)
            os.write(fd, _new_id())
            os.fsync(fd)
    finally:
        os.close(fd)
    return _read_id(path)


def _read_id(path: str) -> str:
    return files.read(path, most=_ID_MOST).decode("ascii", "replace").strip("\0\n\t ")


def host() -> str:
    """Return this machine's host name."""
    return os.uname().nodename
