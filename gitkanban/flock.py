"""The kernel's lock on an open file, which ends with the last descriptor of it.
One way to take one.

Which locks exist, and who holds them for how long, is decided elsewhere: in
`runs.supervision.locks`, and in `board.repo.turn` for the lock that correctness does not rest on.
"""

import os

from gitkanban import files


def lock(fd: int) -> bool:
    """Lock a file for us alone; False when somebody has it. Raises OSError.

    Calls flock(2) directly where the system has it: importing portalocker takes longer than
    everything else that an idle tick does.
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
    """Whether somebody holds the lock of a file now; False where there is no file."""
    try:
        fd = files.open_own(path, os.O_RDONLY)
    except (FileNotFoundError, NotADirectoryError, files.InTheWay):
        return False
    try:
        return is_taken(fd)
    finally:
        os.close(fd)


def is_taken(fd: int) -> bool:
    """Whether somebody else holds the lock of an open file now.

    It tests by taking a shared lock, which lasts until the descriptor is closed: close it soon.
    """
    import fcntl

    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False
