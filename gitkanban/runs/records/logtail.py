"""The end of a log of any size, and what is added to it later.

Only the end is read, backwards, and only whole lines are returned. It changes nothing.
"""

import os
from collections.abc import Iterator

_BLOCK = 64 << 10
MOST = 8 << 20  # bytes read from the end at most


def last_lines(path: str, count: int) -> list[str]:
    """Return the last lines of a file, without newlines; none where there is no file."""
    try:
        with open(path, "rb") as file:
            size = file.seek(0, os.SEEK_END)
            data, block = b"", _BLOCK
            while len(data) < min(size, MOST) and data.count(b"\n") <= count:
                take = min(block, size - len(data), MOST - len(data))
                file.seek(size - len(data) - take)
                data = file.read(take) + data
                block *= 2
    except OSError:
        return []
    lines = data.decode("utf-8", "replace").split("\n")
    if len(data) < size:
        del lines[0]  # it may be incomplete
    if lines and not lines[-1]:
        lines.pop()
    return lines[-count:]


def all_lines(path: str) -> Iterator[str]:
    """Yield every line of a file, without newline; none where there is no file."""
    try:
        with open(path, encoding="utf-8", errors="replace", newline="\n") as file:
            for line in file:
                yield line.rstrip("\n")
    except OSError:
        return


class Follower:
    """Reads what is added to one file: its end first, then what has come since the last read."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._read = -1
        self._rest = b""

    def added(self, ended: bool = False) -> list[str]:
        """Return the new whole lines, without newlines; if `ended`, the last line too."""
        data = self._rest + self._read_piece()
        *whole, self._rest = data.split(b"\n")
        if ended and self._rest:
            whole, self._rest = [*whole, self._rest], b""
        return [line.decode("utf-8", "replace") for line in whole]

    def _read_piece(self) -> bytes:
        try:
            with open(self._path, "rb") as file:
                size = file.seek(0, os.SEEK_END)
                first = self._read < 0
                start = max(0, size - _BLOCK) if first else self._read
                if size < start:  # its middle was cut out to keep it bounded
                    start = size
                file.seek(start)
                data = file.read(size - start)
        except OSError:
            return b""
        self._read = size
        return data[data.find(b"\n") + 1 :] if first and start else data
