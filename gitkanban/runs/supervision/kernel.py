"""Linux process attributes that Python does not offer: subreaper, parent-death signal, dumpable.

On other systems these functions do nothing and return False.
"""

import sys

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_PR_SET_DUMPABLE = 4
_PR_SET_CHILD_SUBREAPER = 36


def _call_prctl(option: int, value: int) -> bool:
    if sys.platform != "linux":
        return False
    import ctypes

    libc = ctypes.CDLL(None)
    return bool(libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0) == 0)


def set_subreaper(on: bool) -> bool:
    """Make orphans among our descendants our children; it survives exec, so turn it off again."""
    return _call_prctl(_PR_SET_CHILD_SUBREAPER, int(on))


def die_with_parent(number: int) -> bool:
    """Have the kernel send us this signal when our parent's thread ends."""
    return _call_prctl(_PR_SET_PDEATHSIG, number)


def hide_memory() -> bool:
    """Keep our memory and environment from other processes of this user, and out of core dumps.

    It lasts until the next exec. Our files in /proc belong to root from then on, but our command
    line, state and children stay readable for everybody (proc_pid_environ(5),
    PR_SET_DUMPABLE(2const)).
    """
    return _call_prctl(_PR_SET_DUMPABLE, 0)
