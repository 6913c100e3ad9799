"""System calls that Python 3.11 does not have. The programs that use it run with it beside them."""

import ctypes
import os

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWPID, CLONE_NEWNET = 0x20000, 0x4000000, 0x20000000, 0x40000000
MS_BIND, MS_REC, MS_PRIVATE = 0x1000, 0x4000, 0x40000
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> None:
    if result:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def unshare(flags: int) -> None:
    """Leave the name spaces that the flags name for new ones. Raises OSError."""
    _check(_LIBC.unshare(flags), "unshare")


def enter_net(pid: int) -> None:
    """Go over into the network of a process. Raises OSError."""
    fd = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        _check(_LIBC.setns(fd, CLONE_NEWNET), "setns")
    finally:
        os.close(fd)


def mount(source: str, target: str, kind: str = "", flags: int = 0, options: str = "") -> None:
    """Mount. Raises OSError."""
    words = [word.encode() or None for word in (source, target, kind, options)]
    _check(_LIBC.mount(*words[:3], flags, words[3]), f"mount {target}")


def die_with_parent() -> None:
    """Have this process killed when the one that made it ends, however that ends."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, 9)
