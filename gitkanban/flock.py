"""The kernel's lock on an open file, which ends with the last descriptor of it. One way to take one.

Names of locks, and who holds them for how long, are others' (`runs.supervision.locks`, and
`board.repo.turn` where nothing rests on it).
"""

import os

from gitkanban import files


def lock(fd: int) -> bool:
    """Lock a file for us alone; False when somebody has it. Raises OSError.

    By the call that portalocker makes where the system has it: loading portalocker, with all that
    it brings, takes longer than everything else that an idle tick does.
    """
    try:
        import fcntl
    except ImportError:  # no flock(2) here
        import portalocker

        try:
            portalocker.lock(
                fd, portalocker.LockFlags.EXCLUSIVE | portalocker.LockFlags.NON_BLOCKING
            )
        except portalocker.AlreadyLocked:
            return False
        except portalocker.LockException as error:
            raise OSError(str(error)) from error
        return True
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def is_locked(path: str) -> bool:
    """Whether somebody holds the lock of a file now; False where there is no file. Asked by
    a shared lock of ours, for a moment."""
    import fcntl

    try:
        fd = files.open_own(path, os.O_RDONLY)
    except (FileNotFoundError, NotADirectoryError, files.InTheWay):
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False
