"""Entries of an index, read directly, so that a change of one card need not start git for them.

Only an index of the plain form is read (gitformat-index(5), versions 2 and 3), and only plain
entries; for any other, None says "ask git". Nothing is written.
"""

import os
import stat
from collections.abc import Iterable

from gitkanban.core.names import Oid

_HEADER = 12  # bytes before the first entry
_FIXED = 62  # bytes of an entry before its name: mode at 24, object id at 40, flags at 60
_LENGTH = 0xFFF  # in the flags: the length of the name, or this for longer names
_ODD = 0x7000  # in the flags: a stage, or the sign of extended flags
_FILES = frozenset({0o100644, 0o100755, 0o120000, 0o160000})
# Extensions with which entries are in another file, or stand for whole folders.
_ELSEWHERE = (b"link", b"sdir")


def is_index(path: str) -> bool:
    """Return whether a plain file begins as an index does (`git help index-format`).

    After a power loss it may be there without its content.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False
    with open(fd, "rb") as file:
        return stat.S_ISREG(os.fstat(fd).st_mode) and file.read(4) == b"DIRC"


def read_entries(path: str, names: Iterable[str]) -> dict[str, tuple[str, Oid]] | None:
    """Return (mode, object id) of those names that an index has; None where git must be asked."""
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError:
        return None
    if data[:8] not in (b"DIRC\0\0\0\2", b"DIRC\0\0\0\3"):
        return None
    if any(each in data for each in _ELSEWHERE):  # or a path with these letters: git knows
        return None
    entries = {}
    for name in names:
        raw = name.encode("utf-8", "surrogateescape")
        for at in _places_of(data, raw + b"\0"):
            mode = _number_at(data, at - _FIXED + 24, 4)
            flags = _number_at(data, at - 2, 2)
            plain = flags & _LENGTH == min(len(raw), _LENGTH) and mode in _FILES
            if not plain or flags & _ODD or (at - _FIXED - _HEADER) % 8:
                return None  # an odd entry, or a longer path that ends like this one
            entries[name] = f"{mode:o}", Oid(data[at - 22 : at - 2].hex())
    return entries


def _places_of(data: bytes, text: bytes) -> Iterable[int]:
    at = data.find(text, _HEADER + _FIXED)
    while at >= 0:
        yield at
        at = data.find(text, at + 1)


def _number_at(data: bytes, at: int, size: int) -> int:
    return int.from_bytes(data[at : at + size])
