"""The guard of a run that a batch system starts: a file that makes it begin at most once.

A batch system may start a job twice, or long after it was given up. So a supervisor in a job first
creates this file, and one that finds it there leaves at once. A tick that records that a run never
began creates it before it does so. Creating a file exclusively is atomic on NFS, too, from version
3 on.
"""

import os

from gitkanban import failpoints

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gitkanban.typed import Literal

NAME = "begun"
_BURIED = "buried"
_MOST = 4096


def begin(folder: str, job: str, node: str) -> bool:
    """Take the guard for the supervisor in a job; False if the run began before, or never may.

    Raises OSError where that cannot be known.
    """
    return _take_guard(folder, f"job {job or '?'} on {node or '?'}")


def bury(folder: str) -> bool:
    """Take the guard so that the run never begins; False if it has begun. Raises OSError."""
    return _take_guard(folder, _BURIED) or read(folder)[0] == "buried"


def read(folder: str) -> "tuple[Literal['free', 'begun', 'buried'], str, str]":
    """Return (who has the guard, the id of the job that began, its node). Raises OSError."""
    try:
        with open(f"{folder}/{NAME}", encoding="utf-8", errors="replace") as file:
            text = file.read(_MOST).strip()
    except FileNotFoundError:
        return "free", "", ""
    if text == _BURIED:
        return "buried", "", ""
    # Empty if whoever created it was killed before writing: it may have been a supervisor.
    job, _, node = text.removeprefix("job ").partition(" on ")
    return "begun", job.replace("?", ""), node.replace("?", "")


def _take_guard(folder: str, text: str) -> bool:
    path = f"{folder}/{NAME}"
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        return False
    try:
        failpoints.reach("guard.taken")
        os.write(fd, f"{text}\n".encode())
        os.fsync(fd)
    finally:
        os.close(fd)
    return True
