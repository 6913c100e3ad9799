"""The finished cards of a board in one file, read one at a time by their place in it.

Part of the board's cache: each file is written whole, under a new name, and never changed, while
its cards are read from git, so that they are never all in memory. The board's cache names it, with
its mark. It is not synced: in another boot than that in which it was written, its checksum is
compared before it is used.

The file holds the cards; then the cards' keys (ascending), the offset of each one's card, the keys
of their parents (ascending), the offset of each one's child; and last the counts.
"""

import errno
import marshal
import mmap
import os
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from zlib import crc32

from gitkanban import files
from gitkanban.board.repo.cachefile import open_ours
from gitkanban.core.model import DONE, DROPPED, Card
from gitkanban.core.names import CardId
from gitkanban.typed import NamedTuple

PREFIX = "finished-"
# Numbers of four bytes each: the counts of all, done and dropped cards, and of links to parents.
_COUNTS = 16
_PIECE = 1 << 18  # bytes that are written at once
FORM = 4  # version of the file's format

FileStamp = tuple[int, int, int]  # size in bytes, mtime in nanoseconds, inode


class FileMark(NamedTuple):
    """How a file of finished cards is known to be the one that was written, and undamaged."""

    stamp: FileStamp
    checksum: int
    boot: str  # id of the boot in which the file was written, or its checksum last compared


class FinishedFile:
    """The cards of such a file. Raises OSError, or ValueError for a changed or damaged file."""

    def __init__(self, folder: str, name: str, mark: FileMark) -> None:
        self.folder, self.name, self.mark = folder, name, mark
        with open_ours(f"{folder}/{name}") as file:
            if _sign_file(file.fileno()) != tuple(mark.stamp):
                raise ValueError(f"{name} has been changed")
            self._data = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        boot = files.boot_id()
        if not boot or boot != mark.boot:
            if crc32(self._data) != mark.checksum:
                raise ValueError(f"{name} is damaged")
            self.mark = mark._replace(boot=boot)
        end = len(self._data) - _COUNTS
        self._count, *each, links = self._data[end:].cast("I")
        self._counts = dict(zip((DONE, DROPPED), each, strict=True))
        parts = []
        for length in (links, links, self._count, self._count):
            parts.append(self._data[end - 4 * length : end].cast("I"))
            end -= 4 * length
        self._kids, self._parents, self._offsets, self._keys = parts

    def __len__(self) -> int:
        return self._count

    def count(self, status: str) -> int:
        """Return how many of the cards have a status."""
        return self._counts.get(status, 0)

    def cards(self) -> Iterator[Card]:
        """Yield every card of the file."""
        return map(self._card_at, self._offsets)

    def like(self, card_id: CardId) -> list[Card]:
        """Return the cards whose ids differ from `card_id` in case at most."""
        key, lower = _key_of(card_id), card_id.lower()
        cards, at = [], bisect_left(self._keys, key)
        while at < self._count and self._keys[at] == key:
            card = self._card_at(self._offsets[at])
            if card.id.lower() == lower:
                cards.append(card)
            at += 1
        return cards

    def children_of(self, card_id: CardId) -> list[Card]:
        """Return the cards that name this one as a parent."""
        key = _key_of(card_id)
        cards, at = [], bisect_left(self._parents, key)
        while at < len(self._parents) and self._parents[at] == key:
            card = self._card_at(self._kids[at])
            if card_id in card.parents:
                cards.append(card)
            at += 1
        return cards

    def _card_at(self, offset: int) -> Card:
        return Card._make(marshal.loads(self._data[offset:]))


def write(folder: str, cards: Iterable[Card]) -> FinishedFile:
    """Write a file of these cards as they come, and remove older ones.

    Raises OSError, and whatever getting the cards raises.
    """
    name = f"{PREFIX}{os.urandom(6).hex()}"
    content = _FileContent()
    files.replace(f"{folder}/{name}", content.pieces(cards), lasting=False, make=True)
    for other in os.listdir(folder):
        if other.startswith(PREFIX) and other != name:
            files.remove(f"{folder}/{other}")
    stamp = _sign_file(f"{folder}/{name}")
    return FinishedFile(folder, name, FileMark(stamp, content.checksum, files.boot_id()))


class _FileContent:
    """The content of a file, made piece by piece."""

    def __init__(self) -> None:
        self.checksum = 0

    def pieces(self, cards: Iterable[Card]) -> Iterator[bytes]:
        """Yield the content of a file of these cards. Raises OSError where they are too many."""
        counts = {DONE: 0, DROPPED: 0}
        # Keys in the upper half and offsets in the lower sort as pairs do, and take little memory.
        places, links = array("Q"), array("Q")
        rows: list[bytes] = []
        size = at = 0
        for card in cards:
            places.append(_key_of(card.id) << 32 | at)
            links.extend([_key_of(parent) << 32 | at for parent in card.parents])
            counts[card.status] += 1
            row = marshal.dumps(tuple(card))
            rows.append(row)
            at += len(row)
            size += len(row)
            if at >> 32:
                raise OSError(errno.EFBIG, "too many cards for one file")
            if size >= _PIECE:
                yield self._next_piece(*rows)
                rows, size = [], 0
        yield self._next_piece(*rows, bytes(-at % 4))
        for pairs in (places, links):
            ordered = sorted(pairs)
            yield self._next_piece(array("I", [pair >> 32 for pair in ordered]))
            yield self._next_piece(array("I", [pair & 0xFFFFFFFF for pair in ordered]))
        yield self._next_piece(array("I", [len(places), *counts.values(), len(links)]))

    def _next_piece(self, *parts: "bytes | array[int]") -> bytes:
        piece = b"".join(parts)
        self.checksum = crc32(piece, self.checksum)
        return piece


def _key_of(card_id: CardId) -> int:
    return crc32(card_id.lower().encode("utf-8", "surrogatepass"))


def _sign_file(file: int | str) -> FileStamp:
    status = os.stat(file)
    return status.st_size, status.st_mtime_ns, status.st_ino
