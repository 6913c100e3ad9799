"""The rows of finished cards in one file, beside the rows of a status cache: as lines and as data.

The file is written whole, under a new name, and never changed. The status cache names it, with its
stat and checksums, and says which of its cards have changed since (`hidden`); their rows, and those
of cards that were finished later, are in the status cache itself.
"""

import marshal
import os

from gitkanban.board.repo.cachefile import open_ours
from gitkanban.core.situation.rows import CARD_KEYS, GROUPS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection

    from gitkanban.typed import Any

    Row = tuple[Any, ...]

PREFIX = "rows-"
_ID, _GROUP, _SINCE = (CARD_KEYS.index(key) for key in ("id", "group", "since"))
_LINE_GROUP, _LINE_SINCE = 1, 5  # the places of a finished card's group and time in its line


class FinishedRows:
    """The finished cards of a status cache: a file of rows, without those of `hidden` cards.

    `mark` names the file: (name, size and checksum of its lines, of its rows, stat).
    """

    def __init__(self, folder: str, mark: "Any", hidden: "Collection[str]") -> None:
        self.folder, self.mark, self.hidden = folder, mark, hidden
        self.text = ""  # its lines, once loaded
        self._rows: list[Row] | None = None

    def rows(self, newer: "list[Row]") -> "list[Row]":
        """Return all finished rows in order. Raises OSError, ValueError for a damaged file."""
        if self._rows is None:
            self._rows = marshal.loads(self._read_part(1))
        rows = self._rows
        if self.hidden:
            rows = [row for row in rows if row[_ID] not in self.hidden]
        if newer:
            rows = sort_rows([*rows, *newer])
        return list(rows)

    def hide(self, cards: "Collection[str]") -> None:
        """Hide those of the cards that the file has. Raises as `rows`."""
        if self._rows is None:
            self._rows = marshal.loads(self._read_part(1))
        ours = [row[_ID] for row in self._rows if row[_ID] in cards]
        self.hidden = {*self.hidden, *ours}

    def load_lines(self) -> None:
        """Read the lines of the file. Raises as `rows`."""
        self.text = self._read_part(0).decode("utf-8", "surrogateescape")

    def lines(self, newer: str) -> str:
        """Return the lines of all finished cards in order, those of newer rows among them."""
        if not self.hidden and not newer:
            return self.text
        from bisect import insort

        lines = self.text.split("\n")[:-1]
        if self.hidden:
            lines = [line for line in lines if line[: line.index("\t")] not in self.hidden]
        for line in newer.split("\n")[:-1]:
            insort(lines, line, key=_place_of_line)
        return "\n".join([*lines, ""])

    def _read_part(self, number: int) -> bytes:
        from zlib import crc32

        name, sizes, checksums, stamp = self.mark
        with open_ours(f"{self.folder}/{name}") as file:
            if _sign_file(file.fileno()) != tuple(stamp):
                raise ValueError(f"{name} has been changed")
            file.seek(sizes[0] if number else 0)
            data = file.read(sizes[number])
        if crc32(data) != checksums[number]:
            raise ValueError(f"{name} is damaged")
        return data


def write(folder: str, rows: "list[Row]", lines: str) -> FinishedRows:
    """Write such a file, remove older ones. Raises OSError."""
    from zlib import crc32

    from gitkanban import files

    parts = lines.encode("utf-8", "surrogateescape"), marshal.dumps(rows)
    name = f"{PREFIX}{os.urandom(6).hex()}"
    files.replace(f"{folder}/{name}", b"".join(parts), lasting=False, make=True)
    for other in os.listdir(folder):
        if other.startswith(PREFIX) and other != name:
            files.remove(f"{folder}/{other}")
    with open(f"{folder}/{name}", "rb") as file:
        stamp = _sign_file(file.fileno())
    mark = name, tuple(map(len, parts)), tuple(map(crc32, parts)), stamp
    return FinishedRows(folder, mark, ())


def sort_rows(rows: "list[Row]") -> "list[Row]":
    """Return rows of finished cards in order."""
    return sorted(rows, key=lambda row: _sort_key(row[_ID], row[_GROUP], row[_SINCE]))


def _sort_key(card: str, group: str, since: str) -> "tuple[int, int, str]":
    """Return the sort key of a finished card, as `account` sorts: the latest first."""
    digits = since.translate(_NO_SIGNS)
    return GROUPS.index(group), -int(digits or 0), card


_NO_SIGNS = {ord(sign): None for sign in "-:TZ"}


def _place_of_line(line: str) -> "tuple[int, int, str]":
    fields = line.split("\t", 6)
    return _sort_key(fields[0], fields[_LINE_GROUP], fields[_LINE_SINCE])


def _sign_file(fd: int) -> "tuple[int, int, int]":
    status = os.fstat(fd)
    return status.st_size, status.st_mtime_ns, status.st_ino
