"""The finished cards of a board in one file, read one at a time by their place in it.

Part of the board's cache: each file is written whole, under a new name, and never changed. The
board's cache names it, with its stat. The file holds the counts, the cards' keys (ascending), the
offset of each card, the keys of their parents (ascending), the place of each one's child, and the
cards.
"""

import marshal
import mmap
import os
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from zlib import crc32

from gitkanban import files
from gitkanban.core.model import DONE, DROPPED, Card
from gitkanban.core.names import CardId

PREFIX = "finished-"
# Numbers of four bytes each: the counts of all, done and dropped cards, and of links to parents.
_HEAD = 16
FORM = 3  # version of the file's format

FileStamp = tuple[int, int, int]  # size in bytes, mtime in nanoseconds, inode


class FinishedFile:
    """The cards of such a file. Raises OSError, or ValueError where the file's stat has changed."""

    def __init__(self, folder: str, name: str, signature: FileStamp) -> None:
        self.folder, self.name, self.signature = folder, name, signature
        with open(f"{folder}/{name}", "rb") as file:
            if _sign_file(file.fileno()) != tuple(signature):
                raise ValueError(f"{name} has been changed")
            self._data = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        self._count, *each, links = self._data[:_HEAD].cast("I")
        self._counts = dict(zip((DONE, DROPPED), each, strict=True))
        at, parts = _HEAD, []
        for length in (self._count, self._count, links, links):
            parts.append(self._data[at : at + 4 * length].cast("I"))
            at += 4 * length
        self._keys, self._offsets, self._parents, self._kids = parts
        self._cards = self._data[at:]

    def __len__(self) -> int:
        return self._count

    def count(self, status: str) -> int:
        """Return how many of the cards have a status."""
        return self._counts.get(status, 0)

    def cards(self) -> Iterator[Card]:
        """Yield every card of the file."""
        return (self._card_at(at) for at in range(self._count))

    def like(self, card_id: CardId) -> list[Card]:
        """Return the cards whose ids differ from `card_id` in case at most."""
        key, lower = _key_of(card_id), card_id.lower()
        cards, at = [], bisect_left(self._keys, key)
        while at < self._count and self._keys[at] == key:
            card = self._card_at(at)
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

    def _card_at(self, at: int) -> Card:
        return Card._make(marshal.loads(self._cards[self._offsets[at] :]))


def write(folder: str, cards: Iterable[Card]) -> tuple[str, FileStamp]:
    """Write a file of these cards, remove older ones, and return its name and stat.

    Raises OSError.
    """
    keyed = sorted((_key_of(card.id), card) for card in cards)
    links = sorted((_key_of(p), at) for at, (_, card) in enumerate(keyed) for p in card.parents)
    rows = [marshal.dumps(tuple(card)) for _, card in keyed]
    offsets, at = array("I"), 0
    for row in rows:
        offsets.append(at)
        at += len(row)
    keys = array("I", [key for key, _ in keyed])
    name = f"{PREFIX}{os.urandom(6).hex()}"
    counts = (sum(card.status == status for _, card in keyed) for status in (DONE, DROPPED))
    head = array("I", [len(rows), *counts, len(links)])
    parents, kids = (array("I", each) for each in zip(*links, strict=True)) if links else (b"", b"")
    data = b"".join([*map(bytes, (head, keys, offsets, parents, kids)), *rows])
    files.replace(f"{folder}/{name}", data, make=True)
    for other in os.listdir(folder):
        if other.startswith(PREFIX) and other != name:
            files.remove(f"{folder}/{other}")
    fd = os.open(f"{folder}/{name}", os.O_RDONLY)
    try:
        return name, _sign_file(fd)
    finally:
        os.close(fd)


def _key_of(card_id: CardId) -> int:
    return crc32(card_id.lower().encode("utf-8", "surrogatepass"))


def _sign_file(fd: int) -> FileStamp:
    status = os.fstat(fd)
    return status.st_size, status.st_mtime_ns, status.st_ino
