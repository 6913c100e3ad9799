"""When a tick last looked at the board of this clone, who called it, and whether the clock was set
since then.

`doctor` uses it, and commands that need a tick to follow; no decision of a tick depends on it.
"""

import os
import sys
import time

from gitkanban import clock, files
from gitkanban.board.repo import checkouts
from gitkanban.typed import NamedTuple

_SYNCED, _CRON = "synced=", "cron="  # words with two values, parted by a colon
_EVERY_MOST = 7200  # seconds; ticks of cron further apart are not its regular interval
_FIRST = "first"  # the mark of a tick whose end ends its container
_INITS = ("tini", "docker-init", "dumb-init", "catatonit")  # these end with their child
_WIDTH = 400  # bytes, always the same: overwritten in place, even on a full disk


class Ticked(NamedTuple):
    """`at` in epoch seconds, 0: never; `jumped`: seconds by which the clock was set since then.

    `synced` is when a tick last synced, with `remote`; `cron` when one was last called without a
    terminal, `every` seconds after the one before (0: unknown).
    """

    at: int = 0
    jumped: int = 0
    first: bool = False  # its end ended the container, and it did not wait for its runs
    synced: int = 0
    remote: str = ""
    cron: int = 0
    every: int = 0


def _since_boot() -> int:
    """Return the seconds since boot, including sleep where the system counts it."""
    return int(time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)))


def _ends_container() -> bool:
    """Return whether a container ends with this process: its first, or the one run by an init."""
    if os.getpid() == 1:
        return True
    return os.getppid() == 1 and checkouts.line("/proc/1/comm") in _INITS


def _is_from_cron() -> bool:
    """Return whether this is a `gitkanban tick` without a terminal: from cron, a timer, a loop."""
    return sys.argv[1:2] == ["tick"] and not any(map(os.isatty, (0, 1, 2)))


def note(private: str, remote: str = "") -> None:
    """Record that a tick looks at the board now. A failure to write is ignored."""
    now, before = int(clock.now()), last(private)
    line = f"{now} {int(time.time())} {_since_boot()} {files.boot_id()}"
    if _ends_container() and "--wait" not in sys.argv:
        line += f" {_FIRST}"
    synced, name = (now, remote) if remote else (before.synced, before.remote)
    if name and len(name) < 200:
        line += f" {_SYNCED}{synced}:{name}"
    cron, every = before.cron, before.every
    if _is_from_cron():
        gap, most = now - cron, 2 * every or _EVERY_MOST
        cron, every = now, gap if 0 < gap <= most else 0  # unknown after a longer break
    if cron:
        line += f" {_CRON}{cron}:{every}"
    try:
        files.make_folder(private)
        fd = files.open_own(f"{private}/ticked", os.O_WRONLY | os.O_CREAT)
        try:
            os.write(fd, line.encode().ljust(_WIDTH - 1) + b"\n")
        finally:
            os.close(fd)
    except OSError:
        pass


def last(private: str) -> Ticked:
    """Return the last tick; an empty value for a missing or damaged record."""
    try:
        with open(f"{private}/ticked", encoding="utf-8") as file:
            at, wall, boot, *words = file.read(_WIDTH).split()
        synced, remote = _pair_in(words, _SYNCED)
        cron, every = _pair_in(words, _CRON)
        tick = Ticked(
            int(at),
            0,
            _FIRST in words,
            int(synced),
            remote=remote,
            cron=int(cron),
            every=int(every or 0),
        )
        if files.boot_id() not in words:
            return tick
        # The system's clock, not ours: a fixed `GITKANBAN_NOW` is not a jump.
        return tick._replace(jumped=(int(time.time()) - int(wall)) - (_since_boot() - int(boot)))
    except (OSError, ValueError):
        return Ticked()


def _pair_in(words: list[str], name: str) -> tuple[str, str]:
    """Return the two values of the word that begins with `name`; 0 and "" if there is none."""
    pair = next((word for word in words if word.startswith(name)), f"{name}0:")
    first, _, second = pair.removeprefix(name).partition(":")
    return first, second
