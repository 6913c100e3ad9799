"""Files that are there whole or not at all, whatever ends the process or the machine's power.

A supervisor imports it, so it imports nothing but `os`.
"""

import os

from gitkanban import failpoints


def replace(path: str, content: bytes, mode: int = 0o644, lasting: bool = True) -> None:
    """Write a file so that it is there whole or not at all, also after a power cut.

    One that is not `lasting` means nothing after a power cut, and is not synced to the disk. Raises
    OSError; the file is then as it was.
    """
    part = f"{path}.{os.getpid()}.part"
    fd = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
    try:
        try:
            view = memoryview(content)
            while view:
                view = view[os.write(fd, view) :]
            failpoints.reach("file.written")
            if lasting:
                os.fsync(fd)
        finally:
            os.close(fd)
        failpoints.reach("file.synced")
        os.rename(part, path)
        failpoints.reach("file.renamed")
    except OSError:
        remove(part)
        raise
    if lasting:
        sync_folder(os.path.dirname(path))


def cache(path: str, content: bytes) -> None:
    """Write what can be made again at any time; where it cannot be written it is done without."""
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        replace(path, content, lasting=False)
    except OSError:
        return


def sync_folder(folder: str) -> None:
    """Make the names in a folder durable."""
    fd = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def remove(path: str) -> None:
    """Remove a file that may be gone already, or whose folder may be."""
    try:
        os.unlink(path)
    except (FileNotFoundError, NotADirectoryError):
        pass
