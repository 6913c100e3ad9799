"""Logs that a session writes directly and that stay bounded: head and tail kept, the middle cut.

The file stays the same inode, so the writer never notices. It must be open for appending.
"""

import os

from gitkanban import files

_CUT = b"\n[gitkanban: %d bytes left out here]\n"
CUT_SIGN = " bytes left out here]\n"  # part of the text of a log that was cut


def open_log(path: str) -> int:
    """Open a log for appending, and return the descriptor."""
    return files.open_own(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)


def size(path: str) -> int:
    """Return the size of the log in bytes, 0 when there is none."""
    try:
        return os.stat(path).st_size
    except OSError:
        return 0


def bound(path: str, limit: int, cut_before: int) -> int:
    """Cut the middle out of a log of more than `limit` bytes; head and tail keep a quarter each.

    `cut_before` is the result of the last call; return the number of bytes cut in all. Output that
    is written between reading the tail and the cut is lost with the middle.
    """
    if size(path) <= limit:
        return cut_before
    keep = limit // 4
    fd = files.open_own(path, os.O_RDWR | os.O_APPEND)
    try:
        length = os.fstat(fd).st_size
        tail = _read_at(fd, length - keep, keep)
        os.ftruncate(fd, keep)
        # The part that is cut now includes the marker of the earlier cuts.
        cut = cut_before + length - 2 * keep - (len(_CUT % cut_before) if cut_before else 0)
        os.write(fd, _CUT % cut + tail)
    finally:
        os.close(fd)
    return cut


def _read_at(fd: int, offset: int, count: int) -> bytes:
    parts = []
    while count > 0:
        part = os.pread(fd, min(count, 1 << 20), offset)
        if not part:
            break
        parts.append(part)
        offset += len(part)
        count -= len(part)
    return b"".join(parts)
