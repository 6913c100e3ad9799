"""A kernel lock by which processes of this clone take turns at the board.

It saves work, but nothing depends on it: the branch itself moves by compare-and-swap alone. The
file is never replaced or removed; closing it releases the lock.
"""

import os
import time
from contextlib import suppress

from gitkanban import clock, flock, lock_files
from gitkanban.board.repo.place import Place
from gitkanban.errors import Refused

_STEP = 0.004  # seconds between two tries


class Turn:
    """`with Turn(place, name, patience)` waits up to `patience` seconds; `ours`: we got the turn.

    Nobody gets it on a read-only disk.
    """

    def __init__(self, place: Place, name: str, patience: float = 0.0) -> None:
        self._private, self._name = place.private, name
        self.patience = patience
        self.ours, self.fd = False, -1

    def __enter__(self) -> "Turn":
        until = time.monotonic() + self.patience
        try:
            self.fd = lock_files.open_lock_file(self._private, self._name)
        except (OSError, Refused):
            return self
        while not self._try_lock() and time.monotonic() < until:
            time.sleep(_STEP * (0.5 + clock.jitter()))
        return self

    def _try_lock(self) -> bool:
        with suppress(OSError):
            self.ours = flock.lock(self.fd)
        return self.ours

    def __exit__(self, *_: object) -> None:
        if self.fd >= 0:
            os.close(self.fd)
