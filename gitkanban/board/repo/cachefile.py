"""Cache files in the form that loads fastest, `marshal`: read only if they are ours and undamaged.

A cache may be deleted or damaged at any time. Its owner says of which form it is, and what it does
without one. It imports nothing that the interpreter has not loaded anyway: the quick door needs it.
"""

import marshal
import os
import stat

_TUPLE = (b")", b"\xa9")  # how `marshal` begins a tuple of less than 256 values

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gitkanban.typed import Any, BinaryIO


def open_ours(path: str) -> "BinaryIO":
    """Open a cache file. Raises OSError, and ValueError for one that is not ours or no plain file.

    Another user's file is never unmarshalled: `marshal` promises nothing for data made by others.
    """
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # waits for no pipe in its place
    status = os.fstat(fd)
    if status.st_uid == os.geteuid() and stat.S_ISREG(status.st_mode):
        return open(fd, "rb")
    os.close(fd)
    raise ValueError(f"{path} is not our file")


def load_head(file: "BinaryIO") -> "Any":
    """Load the tuple that a cache file begins with.

    Raises ValueError, EOFError and TypeError for a damaged one. A text in its place is not given to
    `marshal`, which would take it for a list of a billion entries and ask for memory for all.
    """
    first = file.read(1)
    file.seek(0)
    if first not in _TUPLE:
        raise ValueError("no cache begins like this")
    try:
        return marshal.load(file)
    except MemoryError as error:
        raise ValueError("the head of a cache is damaged") from error


def load(path: str, form: "Any") -> "Any":
    """Return what `save` wrote with this form; None for no file, another form, or a damaged one."""
    from zlib import crc32

    try:
        with open_ours(path) as file:
            written, checksum = load_head(file)
            data = file.read() if written == form else b""
        return marshal.loads(data) if written == form and crc32(data) == checksum else None
    except (OSError, ValueError, EOFError, TypeError):
        return None


def save(path: str, form: "Any", value: "Any") -> None:
    """Write a value; it and its form are plain data. A failure to write is ignored."""
    try:
        write(path, form, value)
    except OSError:
        return


def write(path: str, form: "Any", value: "Any") -> None:
    """Write a value as `save` does. Raises OSError: for what is missed if it is never written."""
    from zlib import crc32

    from gitkanban import files

    data = marshal.dumps(value)
    files.replace(path, marshal.dumps((form, crc32(data))) + data, lasting=False, make=True)
