"""The bell: by it a supervisor tells the tick that stands by that its run has ended.

It is a named pipe that carries run ids, and a lock that shows that somebody listens. A message
counts as received only if the listener still held its lock after it was written. A listener that
leaves releases the lock first, and then reads what is left. So no end is lost, and none needs an
answer.
"""

import errno
import os
import stat

from gitkanban import flock

_LONGEST = 4096  # bytes read at once; a message is far shorter than the pipe's atomic write


def paths(private: str, kind: str) -> tuple[str, str, str]:
    """Return (pipe, lock file, name of that lock) of the listener for supervisors of one kind."""
    name = f"standby/{kind}"
    return f"{private}/bells/{kind}", f"{private}/locks/{name}", name


def ring(pipe: str, lock: str, run: str) -> bool:
    """Tell the listener that a run has ended; False if nobody listens."""
    try:
        fd = os.open(pipe, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:  # no pipe, or no reader
        return False
    try:
        os.write(fd, f"{run}\n".encode())
    except OSError:  # the listener has just left, or does not read, and the pipe is full
        return False
    finally:
        os.close(fd)
    return flock.is_locked(lock)


def listen(pipe: str) -> int:
    """Return a descriptor for `read_rings`. Call it with the lock held.

    Raises OSError, also where the pipe was replaced by something else (by copying the folder, say).
    """
    os.makedirs(os.path.dirname(pipe), exist_ok=True)
    try:
        os.mkfifo(pipe, 0o600)
    except FileExistsError:
        pass
    # For writing too: without any writer a poll would report the end of the pipe forever.
    fd = os.open(pipe, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISFIFO(os.fstat(fd).st_mode):  # it would be readable forever
        os.close(fd)
        raise OSError(errno.EEXIST, os.strerror(errno.EEXIST), pipe)
    return fd


def read_rings(fd: int, patience: float) -> list[str]:
    """Return the runs that rang, waiting up to `patience` seconds for one. Raises OSError."""
    import select

    if not select.select([fd], (), (), patience)[0]:
        return []
    data = b""
    while True:
        try:
            part = os.read(fd, _LONGEST)
        except BlockingIOError:
            break
        data += part
        if len(part) < _LONGEST:
            break
    return data.decode("ascii", "replace").split()
