"""When a tick last looked at the board of this clone, and whether the clock was set since then.

`doctor` asks; no decision of a tick depends on it.
"""

import os
import sys
import time

from gitkanban import clock, files
from gitkanban.board.repo import checkouts
from gitkanban.runs.supervision import processes
from gitkanban.typed import NamedTuple

_FIRST = "first"  # the mark of a tick with which a container ends
_INITS = ("tini", "docker-init", "dumb-init", "catatonit")  # they end when what they started does
_WIDTH = 100  # bytes, always the same: written over in place it needs no room on a full disk


class Ticked(NamedTuple):
    """`at` in epoch seconds, 0: never; `jumped`: seconds by which the clock was set since then."""

    at: int = 0
    jumped: int = 0
    first: bool = False  # it was the process with which a container ends, and did not wait


def _since_boot() -> int:
    """Seconds since this boot, those asleep included where the system counts them."""
    return int(time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)))


def _ends_container() -> bool:
    """Whether a container ends with this process: its first one, or the one that a mere init runs."""
    if os.getpid() == 1:
        return True
    return os.getppid() == 1 and checkouts.line("/proc/1/comm") in _INITS


def note(private: str) -> None:
    """Note that a tick is looking now. What cannot be written is done without."""
    line = f"{int(clock.now())} {int(time.time())} {_since_boot()} {processes.boot_id()}"
    if _ends_container() and "--wait" not in sys.argv:
        line += f" {_FIRST}"
    try:
        files.make_folder(private)
        fd = files.open_own(f"{private}/ticked", os.O_WRONLY | os.O_CREAT)
        try:
            os.write(fd, line.ljust(_WIDTH - 1).encode() + b"\n")
        finally:
            os.close(fd)
    except OSError:
        pass


def last(private: str) -> Ticked:
    """The last tick; nothing for a missing or damaged note."""
    try:
        with open(f"{private}/ticked", encoding="ascii") as file:
            at, wall, boot, *boot_id = file.read(_WIDTH).split()
        first = _FIRST in boot_id
        boot_id = [word for word in boot_id if word != _FIRST]
        tick = Ticked(int(at), first=first)
        if boot_id != [processes.boot_id()]:
            return tick
        # The system's clock, not ours: a fixed `GITKANBAN_NOW` is not a jump.
        return tick._replace(jumped=(int(time.time()) - int(wall)) - (_since_boot() - int(boot)))
    except (OSError, ValueError):
        return Ticked()
