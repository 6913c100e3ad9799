"""Ids of this clone and this machine, by which the records of runs are distinguished."""

import errno
import os

from gitkanban import files
from gitkanban.board.repo.place import Place

_ID_MOST = 100  # bytes


def clone_id(place: Place) -> str:
    """Return the random id of this clone, created once and stored in its git directory.

    Empty if there is none yet and it cannot be written.
    """
    path = f"{place.private}/clone"
    if not os.path.lexists(path):
        from gitkanban import clock

        try:
            files.create(path, f"{clock.card_id()}{clock.card_id()}\n".encode(), make=True)
        except OSError as error:
            if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
                return ""
            raise
    return files.read(path, most=_ID_MOST).decode("ascii", "replace").strip()


def host() -> str:
    """Return this machine's host name."""
    return os.uname().nodename
