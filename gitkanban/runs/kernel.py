"""The two Linux process attributes that Python does not offer: subreaper and parent-death signal.

Elsewhere both do nothing and say so by returning False.
"""

import sys

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_PR_SET_CHILD_SUBREAPER = 36


def _prctl(option: int, value: int) -> bool:
    if sys.platform != "linux":
        return False
    import ctypes

    libc = ctypes.CDLL(None)
    return bool(libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0) == 0)


def set_subreaper(on: bool) -> bool:
    """Make orphans among our descendants our children; it survives exec, so turn it off again."""
    return _prctl(_PR_SET_CHILD_SUBREAPER, int(on))


def die_with_parent(number: int) -> bool:
    """Have the kernel send us this signal when our parent's thread ends."""
    return _prctl(_PR_SET_PDEATHSIG, number)
