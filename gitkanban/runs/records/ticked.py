"""When a tick last looked at the board of this clone, who called it, and whether the clock was set
since then.

`doctor` asks, and verbs that would have a tick follow; no decision of a tick depends on it.
"""

import os
import sys
import time

from gitkanban import clock, files
from gitkanban.board.repo import checkouts
from gitkanban.runs.supervision import processes
from gitkanban.typed import NamedTuple

_SYNCED, _CRON = "synced=", "cron="  # words with two values, parted by a colon
_EVERY_MOST = 7200  # seconds between two ticks of cron that are taken for its beat
_FIRST = "first"  # the mark of a tick with which a container ends
_INITS = ("tini", "docker-init", "dumb-init", "catatonit")  # they end when what they started does
_WIDTH = 400  # bytes, always the same: written over in place it needs no room on a full disk


class Ticked(NamedTuple):
    """`at` in epoch seconds, 0: never; `jumped`: seconds by which the clock was set since then.

    `synced` is when one last synced, with `remote`; `cron` when one was last called without a
    terminal, `every` seconds after the time before (0: unknown).
    """

    at: int = 0
    jumped: int = 0
    first: bool = False  # it was the process with which a container ends, and did not wait
    synced: int = 0
    remote: str = ""
    cron: int = 0
    every: int = 0


def _since_boot() -> int:
    """Seconds since this boot, those asleep included where the system counts them."""
    return int(time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)))


def _ends_container() -> bool:
    """Whether a container ends with this process: its first one, or the one that a mere init runs."""
    if os.getpid() == 1:
        return True
    return os.getppid() == 1 and checkouts.line("/proc/1/comm") in _INITS


def _is_from_cron() -> bool:
    """Whether this is a `gitkanban tick` that nobody watches: of cron, of a timer, of a loop."""
    return sys.argv[1:2] == ["tick"] and not any(map(os.isatty, (0, 1, 2)))


def note(private: str, remote: str = "") -> None:
    """Note that a tick is looking now. What cannot be written is done without."""
    now, before = int(clock.now()), last(private)
    line = f"{now} {int(time.time())} {_since_boot()} {processes.boot_id()}"
    if _ends_container() and "--wait" not in sys.argv:
        line += f" {_FIRST}"
    synced, name = (now, remote) if remote else (before.synced, before.remote)
    if name and len(name) < 200:
        line += f" {_SYNCED}{synced}:{name}"
    cron, every = before.cron, before.every
    if _is_from_cron():
        gap, most = now - cron, 2 * every or _EVERY_MOST
        cron, every = now, gap if 0 < gap <= most else 0  # after a break it has no beat
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
    """The last tick; nothing for a missing or damaged note."""
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
        if processes.boot_id() not in words:
            return tick
        # The system's clock, not ours: a fixed `GITKANBAN_NOW` is not a jump.
        return tick._replace(jumped=(int(time.time()) - int(wall)) - (_since_boot() - int(boot)))
    except (OSError, ValueError):
        return Ticked()


def _pair_in(words: list[str], name: str) -> tuple[str, str]:
    """The two values of the word that begins with a name; 0 and nothing where there is none."""
    pair = next((word for word in words if word.startswith(name)), f"{name}0:")
    first, _, second = pair.removeprefix(name).partition(":")
    return first, second
