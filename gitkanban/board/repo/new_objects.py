"""Blobs, trees and commits, put together here and handed to git as one pack to write.

`git unpack-objects` gives each object its file: with the modes of this repository
(`core.sharedRepository`), and its name only once its data has been written out. A tree is handed
over as what differs from the one that is there, so a folder of many cards is written but once, by
git. No ref is moved. The formats are those of gitformat-pack(5) and of `git help hash-object`.
"""

import errno
import itertools
import os
import zlib
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property

from gitkanban import failpoints
from gitkanban.board.repo import git
from gitkanban.board.repo.object_reader import ObjectReader
from gitkanban.core.names import NO_OID, Oid
from gitkanban.errors import GitFailed
from gitkanban.late import sha1
from gitkanban.typed import NamedTuple

BLOB, FOLDER = "100644", "40000"
EMPTY_TREE = Oid("4b825dc642cb6eb9a060e54bf8d69288fbee4904")
# The disk has the data of each object before its name, and its cache is not flushed for them: git
# does that when it writes the refs, before any of them moves to the commit.
_WRITTEN_OUT = ("-c", "core.fsyncMethod=writeout-only")
_KINDS = {"commit": 1, "tree": 2, "blob": 3}
_DELTA = 7  # against an object that is named by its id
_DELTA_LEAST = 4096  # bytes of a tree that is worth one
_COPIED_MOST = 0xFFFFFF  # bytes that one instruction of a delta copies
_INSERTED_MOST = 127

NewFile = tuple[str, bytes] | None  # (mode, content); None: no such file


class ChangedFile(NamedTuple):
    """A file that a change sets or removes. Where it does not exist, id is empty and data None."""

    path: str  # in the whole tree
    mode: str
    before: Oid
    after: Oid
    data: bytes | None


class Author(NamedTuple):
    """Who commits, in git's own bytes, and when: epoch seconds, time zone as `+0100`."""

    name: bytes
    email: bytes
    when: int
    zone: str

    def line(self) -> bytes:
        """As it stands in a commit: `Ada <ada@example.org> 1700000000 +0000`."""
        return b"%s <%s> %d %s" % (self.name, self.email, self.when, self.zone.encode())


def object_id(kind: str, data: bytes) -> Oid:
    """Return the id that git gives an object."""
    header = b"%s %d\0" % (kind.encode(), len(data))
    return Oid(sha1(header + data).hexdigest())


class NewObjects:
    """New objects for a repository. Nothing is on the disk before `write`.

    Use it as a context manager, so that the git process that reads for it ends.
    """

    def __init__(self, common: str) -> None:
        self.common = common
        self.reader = ObjectReader(common)
        self._packed: dict[Oid, bytes] = {}  # by id: as they stand in a pack
        self._trees: dict[Oid, _Tree] = {NO_OID: _Tree(b""), EMPTY_TREE: _Tree(b"")}

    def __enter__(self) -> "NewObjects":
        return self

    def __exit__(self, *_: object) -> None:
        self.reader.close()

    @property
    def ids(self) -> tuple[Oid, ...]:
        """The ids of all objects so far."""
        return tuple(self._packed)

    def entry(self, tree: Oid, path: bytes) -> tuple[str, Oid]:
        """Return (mode, object id) of a path in an existing tree; empty strings for none."""
        mode, oid = FOLDER, tree
        for name in path.split(b"/"):
            if mode != FOLDER:
                return "", NO_OID
            mode, oid = self._tree_at(oid).find(name)
        return mode, oid

    def entries(self, tree: Oid) -> Iterator[tuple[bytes, str, Oid]]:
        """Yield (name, mode, object id) of what is directly in an existing tree."""
        return self._tree_at(tree).entries()

    def content(self, blob: Oid) -> bytes:
        """Return the content of an existing blob. Raises GitFailed for anything else."""
        return self.reader.read(blob, "blob")

    def tree(self, changed: Mapping[bytes, NewFile], start: Oid = NO_OID) -> Oid:
        """Add a tree, `start` with some files set or removed; return its id. Empty folders go."""
        return self._edit_folder(changed, start) or self._add_object("tree", b"")

    def with_folder(self, tree: Oid, name: bytes, folder: Oid) -> Oid:
        """Add `tree` with `folder` as `name` at its root, or without it (empty); return its id."""
        old = self._tree_at(tree)
        edits = old.edits({name: (FOLDER, folder) if folder else None})
        return self._add_object("tree", _apply_edits(old.raw, edits))

    def commit(
        self,
        tree: Oid,
        message: bytes,
        author: Author,
        committer: Author,
        parents: Sequence[Oid],
    ) -> Oid:
        """Add a commit, and return its id."""
        head = [b"tree %s\n" % tree.encode(), *(b"parent %s\n" % p.encode() for p in parents)]
        who = b"author %s\ncommitter %s\n\n" % (author.line(), committer.line())
        return self._add_object("commit", b"".join(head) + who + message)

    def write(self, flush: bool = False) -> None:
        """Have git write all objects, even if it wrote them before. Raises GitFailed, OSError.

        They survive a power loss once a ref was moved after this, or at once with `flush`.
        """
        failpoints.reach("commit.tree-written")
        head = b"PACK" + (2).to_bytes(4) + len(self._packed).to_bytes(4)
        pack = b"".join([head, *self._packed.values()])
        pack += sha1(pack).digest()
        how = () if flush else _WRITTEN_OUT
        done = git.run(self.common, *how, "unpack-objects", "-q", input=pack, check=False)
        if done.code:
            raise _explain_failure(self.common, done)
        lost = self.missing(self.ids)
        if lost:
            raise GitFailed(f"git unpack-objects has not written {lost[0]}", git.FSCK)

    def missing(self, oids: Iterable[Oid]) -> list[Oid]:
        """Return which of these objects the repository lacks."""
        folder = f"{self.common}/objects"
        packed = [oid for oid in oids if not os.path.exists(f"{folder}/{oid[:2]}/{oid[2:]}")]
        if not packed:
            return []
        asked = "".join(f"{oid}\n" for oid in packed).encode()
        done = git.run(self.common, "cat-file", "--batch-check", input=asked, env=git.IN_REPOSITORY)
        return [Oid(line.split(" ")[0]) for line in done.lines if line.endswith(" missing")]

    def _edit_folder(self, changed: Mapping[bytes, NewFile], start: Oid) -> Oid:
        """Return the id of an edited folder; empty if nothing is left in it."""
        tree = self._tree_at(start)
        entries: dict[bytes, tuple[str, Oid] | None] = {}
        below: dict[bytes, dict[bytes, NewFile]] = {}
        for path, file in changed.items():
            name, within, rest = path.partition(b"/")
            if within:
                below.setdefault(name, {})[rest] = file
            else:
                entries[name] = (file[0], self._add_object("blob", file[1])) if file else None
        for name, files in below.items():
            mode, oid = tree.find(name)
            inner = self._edit_folder(files, oid if mode == FOLDER else NO_OID)
            if inner:
                entries[name] = (FOLDER, inner)
            elif mode == FOLDER:
                entries.setdefault(name)
        edits, old = tree.edits(entries), tree.raw
        new = _apply_edits(old, edits)
        if not new or new == old:
            return start if new else NO_OID
        few = len(old) > _DELTA_LEAST and len(edits) < len(old) // 256
        return self._add_object(
            "tree", new, (start, _build_delta(old, new, edits)) if few else None
        )

    def _tree_at(self, oid: Oid) -> "_Tree":
        if oid not in self._trees:
            self._trees[oid] = _Tree(self.reader.read(oid, "tree"))
        return self._trees[oid]

    def _add_object(self, kind: str, data: bytes, delta: tuple[Oid, bytes] | None = None) -> Oid:
        oid = object_id(kind, data)
        if delta:
            base, orders = delta
            packed = _object_head(_DELTA, len(orders)) + bytes.fromhex(base) + zlib.compress(orders)
        else:
            packed = _object_head(_KINDS[kind], len(data)) + zlib.compress(data, 1)
        self._packed[oid] = packed
        return oid


def _explain_failure(common: str, done: git.Done) -> GitFailed | OSError:
    """Return why git failed: an OSError if the disk refused, anything else in git's words."""
    objects = f"{common}/objects"
    if not os.access(objects, os.W_OK):
        code = errno.EROFS if os.statvfs(objects).f_flag & os.ST_RDONLY else errno.EACCES
        return OSError(code, os.strerror(code), objects)
    if not os.statvfs(objects).f_bavail:
        return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), objects)
    return GitFailed(f"git unpack-objects: {done.complaint}")


# -- trees

# An entry: its mode, a space, its name, a zero, and its object id in 20 bytes.
_ID = 21  # bytes of an entry after its name
_PLAIN = BLOB.encode() + b" "  # how most entries of a large tree begin


class _Edit(NamedTuple):
    """Bytes `start` to `end` of a tree become `data`; the key orders insertions at one place."""

    start: int
    end: int
    key: bytes
    data: bytes


class _Tree:
    """The entries of a tree, found by their sort keys: a folder's name ends in a slash there."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw

    def find(self, name: bytes) -> tuple[str, Oid]:
        """(mode, object id) of a name, empty strings where it is not there."""
        taken_apart = "_sorted_keys" in vars(self)
        if not taken_apart and b" %s\0" % name not in self.raw:
            return "", NO_OID  # a large tree need not be taken apart to say so
        for key in (name, name + b"/"):
            start, end = self._find_span(key)
            if start < end:
                mode = self.raw[start:end].partition(b" ")[0]
                return mode.decode(), Oid(self.raw[end - 20 : end].hex())
        return "", NO_OID

    def entries(self) -> Iterator[tuple[bytes, str, Oid]]:
        """(name, mode, object id) of each."""
        for start, end in itertools.pairwise(self._sorted_keys[1]):
            mode, _, name = self.raw[start : end - _ID].partition(b" ")
            yield name, mode.decode(), Oid(self.raw[end - 20 : end].hex())

    def edits(self, changed: Mapping[bytes, tuple[str, Oid] | None]) -> list[_Edit]:
        """What sets or removes (None) entries, in order."""
        edits = []
        for name, new in changed.items():
            for key in (name, name + b"/"):
                start, end = self._find_span(key)
                if start < end:
                    edits.append(_Edit(start, end, key, b""))
            if new:
                mode, oid = new
                key = name + b"/" if mode == FOLDER else name
                start = self._find_span(key)[0]
                data = b"%s %s\0%s" % (mode.encode(), name, bytes.fromhex(oid))
                edits.append(_Edit(start, start, key, data))
        return sorted(edits)

    def _find_span(self, key: bytes) -> tuple[int, int]:
        """Where an entry begins and ends; twice where it would begin when it is not there."""
        keys, starts = self._sorted_keys
        at = bisect_left(keys, key)
        there = at < len(keys) and keys[at] == key
        return starts[at], starts[at + there]

    @cached_property
    def _sorted_keys(self) -> tuple[list[bytes], list[int]]:
        """The keys, and where each entry begins, and the end. Raises GitFailed for no tree."""
        try:
            return _walk_entries(self.raw)
        except ValueError:
            raise GitFailed("a tree of the repository is damaged", git.FSCK) from None


def _walk_entries(raw: bytes) -> tuple[list[bytes], list[int]]:
    """Return the keys, and where each entry begins, and the end. Raises ValueError for no tree."""
    keys, starts, at = list[bytes](), [0], 0
    size, plain = len(raw), len(_PLAIN)
    while at < size:
        end = raw.index(0, at)
        entry = raw[at:end]
        if entry[:plain] == _PLAIN:
            key = entry[plain:]
        else:
            mode, _, name = entry.partition(b" ")
            if mode.strip(b"01234567"):
                raise ValueError
            key = name and name + b"/" * (int(mode, 8) == 0o40000)
        keys.append(key)
        at = end + _ID
        starts.append(at)
    if at != size or b"" in keys:
        raise ValueError
    return keys, starts


def _apply_edits(raw: bytes, edits: Iterable[_Edit]) -> bytes:
    pieces, at = list[bytes](), 0
    for edit in edits:
        pieces += (raw[at : edit.start], edit.data)
        at = edit.end
    return b"".join([*pieces, raw[at:]])


# -- packs


def _object_head(kind: int, size: int) -> bytes:
    """What stands before an object in a pack: four bits of the size, then seven in each byte."""
    first, size = kind << 4 | size & 15, size >> 4
    return bytes([first | (128 if size else 0)]) + (_pack_number(size) if size else b"")


def _pack_number(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def _build_delta(old: bytes, new: bytes, edits: Iterable[_Edit]) -> bytes:
    out, at = [_pack_number(len(old)), _pack_number(len(new))], 0
    for edit in edits:
        out += _copy_orders(at, edit.start)
        for begin in range(0, len(edit.data), _INSERTED_MOST):
            piece = edit.data[begin : begin + _INSERTED_MOST]
            out.append(bytes([len(piece)]) + piece)
        at = edit.end
    return b"".join([*out, *_copy_orders(at, len(old))])


def _copy_orders(start: int, end: int) -> Iterable[bytes]:
    """Yield the instructions that copy a range: a mask of the bytes that follow, and those."""
    for begin in range(start, end, _COPIED_MOST):
        size = min(_COPIED_MOST, end - begin)
        numbers = begin.to_bytes(4, "little") + size.to_bytes(3, "little")
        which = sum(1 << bit for bit, byte in enumerate(numbers) if byte)
        yield bytes([128 | which, *(byte for byte in numbers if byte)])
