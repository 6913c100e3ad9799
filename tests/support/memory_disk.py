"""Where tests put their files: a disk in memory, where there is one that is fit for it.

It does not say what becomes of the files: pytest removes those of the tests that passed.
"""

import os

_PLACE = "/dev/shm"
_LEAST = 2 << 30  # bytes; containers are often given 64 MB of it


def memory_disk() -> str | None:
    """A disk in memory with room for all workers, from which programs can be started, or None.

    Syncing costs nothing there: on an ordinary disk tests take twice as long.
    """
    try:
        disk = os.statvfs(_PLACE)
    except OSError:
        return None
    is_fit = disk.f_bavail * disk.f_frsize >= _LEAST and not disk.f_flag & os.ST_NOEXEC
    return _PLACE if is_fit and os.access(_PLACE, os.W_OK) else None
