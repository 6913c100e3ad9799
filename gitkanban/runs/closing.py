"""Closes a run that is over, or records that it cannot be closed, or gives it up.

When to give up is decided in `core.tick.closing`; the executor acts on processes and git.
"""

import errno
import os

from gitkanban import files
from gitkanban.core.tick.closing import next_step, unclosed_line
from gitkanban.errors import BoardBusy, GitkanbanError
from gitkanban.runs.executors import Executor
from gitkanban.runs.records import machines
from gitkanban.runs.records.folders import Folder, card_of
from gitkanban.typed import NamedTuple

# Causes that pass by themselves: the disk, or the machine's limits.
_PASSING = frozenset(
    (
        *(errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EAGAIN, errno.EBUSY, errno.EINTR),
        *(errno.EMFILE, errno.ENFILE, errno.ENOMEM),
    )
)


class Closing(NamedTuple):
    """The result: whether there is something new to settle, and a notice if closing failed."""

    done: bool
    failure: str = ""


def close(
    executor: Executor, folder: Folder, now: int, *, asked: bool = False, standstill: str = ""
) -> Closing:
    """Close the run, or give it up where that has failed too often. Raises OSError.

    `asked`: a person wants it ended, or its card has moved on. `standstill` is why nothing may be
    committed now, such as a full disk. A run of another machine is never closed here: its locks
    cannot be seen, and two machines may tick a shared clone at the same moment.
    """
    if machines.began_elsewhere(folder):
        return Closing(False)
    try:
        return Closing(executor.finish(folder, now))
    except (GitkanbanError, OSError, ValueError, RecursionError) as error:
        # A session may leave a workspace that makes this fail: that must not stop other cards.
        passes = bool(standstill) or _passes_by_itself(error, folder)
        reason = str(error) or type(error).__name__
    tries = folder.tries().failed(now, reason)
    if not passes:
        folder.write_tries(tries)
        mark_changed(os.path.dirname(os.path.dirname(folder.path)))
    line = unclosed_line(folder.run, card_of(folder.facts()), tries)
    if next_step(tries, now, passes=passes, asked=asked) != "give-up":
        return Closing(False, line)
    return Closing(executor.give_up(folder, now, tries.reason), f"{line}: given up")


def mark_changed(private: str) -> None:
    """Have `status` look again instead of showing its cached rows."""
    files.cache(f"{private}/cache/closing", b"")


def _passes_by_itself(error: Exception, folder: Folder) -> bool:
    if isinstance(error, OSError):
        return error.errno in _PASSING
    if isinstance(error, BoardBusy):
        return True
    # Git reports it in prose; the disk itself can be asked for numbers.
    where = (folder.path, folder.spec().one("workspace"))
    return any(_takes_nothing(path) for path in where if os.path.isdir(path))


def _takes_nothing(path: str) -> bool:
    room = os.statvfs(path)
    return bool(room.f_flag & os.ST_RDONLY) or room.f_bavail == 0
