"""Cache files in the form that loads fastest, `marshal`: read only if they are ours and undamaged.

A cache may be deleted or damaged at any time. Its owner says of which form it is, and what it does
without one.
"""

import marshal
import os
import stat
from zlib import crc32

from gitkanban import files
from gitkanban.typed import Any


def load(path: str, form: Any) -> Any:
    """Return what `save` wrote with this form; None for no file, another form, or a damaged one.

    Another user's file is never unmarshalled: `marshal` promises nothing for data made by others.
    """
    try:
        with open(path, "rb", opener=_open_at_once) as file:
            status = os.fstat(file.fileno())
            if status.st_uid != os.geteuid() or not stat.S_ISREG(status.st_mode):
                return None
            written, checksum = marshal.load(file)
            data = file.read() if written == form else b""
        return marshal.loads(data) if written == form and crc32(data) == checksum else None
    except (OSError, ValueError, EOFError, TypeError):
        return None


def save(path: str, form: Any, value: Any) -> None:
    """Write a value; it and its form are plain data. A failure to write is ignored."""
    data = marshal.dumps(value)
    files.cache(path, marshal.dumps((form, crc32(data))) + data)


def _open_at_once(path: str, flags: int) -> int:
    """Open a file without blocking on a pipe that somebody put in its place."""
    return os.open(path, flags | os.O_NONBLOCK)
