"""Changes to a board as a new commit object; the ref is not moved here.

Only board paths differ between the new tree and the tip's.
"""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

from gitkanban import clock, failpoints
from gitkanban.board import cardfile, git, notefile, pausefile, runfile
from gitkanban.board.place import Place
from gitkanban.core.changes import (
    AddCard,
    AddNote,
    ArchiveCard,
    Change,
    ClearPause,
    EditCard,
    EndRun,
    RemoveCard,
    RewriteCard,
    SetPause,
    WriteFile,
)
from gitkanban.core.model import Card
from gitkanban.errors import GitFailed, NotFound, Refused

_WHO = ("AUTHOR", "COMMITTER")
_MANY = 200  # objects, above which the whole disk is synced at once
BLOB, TREE = 0o100644, 0o040000
EMPTY = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"  # the tree without entries


class Draft:
    """The board's files as they will be: the tip's, with what the changes write on top."""

    def __init__(self, place: Place, tip: str) -> None:
        import pygit2

        # What is written must survive a power cut before a ref points at it.
        pygit2.option(pygit2.enums.Option.ENABLE_FSYNC_GITDIR, True)
        self.place = place
        self.repo = pygit2.Repository(place.common)
        self.unsynced: list[str] = []  # ids of objects that are not yet known to be on the disk
        tip_commit: Any = self.repo[tip] if tip else None
        self.root: Any = tip_commit.tree if tip else None  # None: a branch that begins here
        self.files: dict[str, bytes | None] = {}  # by path in the whole tree; None: removed

    def read(self, name: str) -> str | None:
        """The text of a board file as it is now, None when there is none."""
        path = self.place.path(name)
        if path in self.files:
            data = self.files[path]
            return None if data is None else data.decode("utf-8", "surrogateescape")
        if self.root is None or path not in self.root:
            return None
        return str(self.root[path].data.decode("utf-8", "surrogateescape"))

    def write(self, name: str, text: str | None) -> None:
        """Set or remove a board file."""
        data = None if text is None else text.encode("utf-8", "surrogateescape")
        self.files[self.place.path(name)] = data

    def apply(self, changes: Sequence[Change]) -> None:
        """Write every change into the draft. Raises Refused, NotFound where one does not fit."""
        for change in changes:
            self._apply(change)

    def _apply(self, change: Change) -> None:
        match change:
            case AddCard(card, text):
                self._add(card, text)
            case EditCard(card_id, fields):
                self.write(_card(card_id), cardfile.edited(self._card_text(card_id), fields))
            case RewriteCard(card, text):
                self.write(_card(card.id), text)
            case RemoveCard(card_id):
                self.write(_card(card_id), None)
            case EndRun(run):
                self._once(f"runs/{run.card}/{run.run}.yaml", runfile.render(run))
            case AddNote(note):
                self._once(f"notes/{note.card}/{note.id}.md", notefile.render(note))
            case SetPause(pause):
                self.write(f"paused/{pause.worker}.yaml", pausefile.render(pause))
            case ClearPause(worker):
                self.write(f"paused/{worker}.yaml", None)
            case WriteFile(path, text):
                self.write(path, text)
            case ArchiveCard(card_id, year):
                self._archive(card_id, year)

    def _add(self, card: Card, text: str) -> None:
        if self.read(_card(card.id)) is not None:
            raise Refused(f"card {card.id} exists already", "Leave --id out to get a new id.")
        self.write(_card(card.id), text or cardfile.render(card))

    def _card_text(self, card_id: str) -> str:
        text = self.read(_card(card_id))
        if text is None:
            raise NotFound(f"no card {card_id}", "It was removed meanwhile.")
        return text

    def _once(self, name: str, text: str) -> None:
        """Runs and notes are written once: what is there stays."""
        if self.read(name) is None:
            self.write(name, text)

    def _archive(self, card_id: str, year: int) -> None:
        self._move(_card(card_id), f"archive/{year:04}/cards/{card_id}.yaml")
        for kind in ("runs", "notes"):
            try:
                folder = self.root[self.place.path(f"{kind}/{card_id}")]
            except KeyError:
                continue
            for entry in folder:
                name = f"{kind}/{card_id}/{entry.name}"
                self._move(name, f"archive/{year:04}/{name}")

    def _move(self, old: str, new: str) -> None:
        text = self.read(old)
        if text is not None:
            self.write(new, text)
            self.write(old, None)

    def commit(self, message: str, parents: Sequence[str]) -> str:
        """Write blobs, trees and the commit; its id, or "" when nothing differs from the tip.

        Raises GitFailed when nobody is configured as the author.
        """
        tree = self.tree()
        if self.root is not None and tree == self.root.id and len(parents) == 1:
            return ""
        return self.commit_tree(tree, message, parents)

    def tree(self) -> Any:
        """Write blobs and trees; the object id of the whole tree as it will be."""
        with _unsynced():
            return self._tree(self.root, _nested(self.files))

    def commit_tree(self, tree: Any, message: str, parents: Sequence[str]) -> str:
        """A commit of a tree that is written already; its id. Raises GitFailed as `commit` does."""
        import pygit2

        author, committer = (_signature(self.place.common, who) for who in _WHO)
        oids: list[str | pygit2.Oid] = [pygit2.Oid(hex=parent) for parent in parents]
        failpoints.reach("commit.tree-written")
        with _unsynced():
            made = str(self.repo.create_commit(None, author, committer, message, tree, oids))
        self.unsynced.append(made)
        self._sync()
        failpoints.reach("commit.made")
        return made

    def _sync(self) -> None:
        """Have every object on the disk, all at once: a sync for each took half of a commit.

        As git itself does it (`core.fsync`, `git help config`): the files, not their folders.
        """
        if len(self.unsynced) > _MANY and sys.platform == "linux":
            os.sync()  # which waits there (`man 2 sync`)
            self.unsynced.clear()
            return
        for oid in self.unsynced:
            _sync_file(f"{self.place.common}/objects/{oid[:2]}/{oid[2:]}")
        self.unsynced.clear()

    def _tree(self, old: Any, changed: Mapping[str, Any]) -> Any:
        builder = self.repo.TreeBuilder(old) if old is not None else self.repo.TreeBuilder()
        for name, value in changed.items():
            known = old[name] if old is not None and name in old else None
            if isinstance(value, dict):
                below = known if known is not None and known.type_str == "tree" else None
                oid = self._tree(below, value)
                if str(oid) != EMPTY:
                    builder.insert(name, oid, TREE)
                elif known is not None:
                    builder.remove(name)
            elif value is None:
                if known is not None:
                    builder.remove(name)
            else:
                mode = known.filemode if known is not None and known.type_str == "blob" else BLOB
                blob = self.repo.create_blob(value)
                self.unsynced.append(str(blob))
                builder.insert(name, blob, mode)
                failpoints.reach("commit.blob-written")
        made = builder.write()
        self.unsynced.append(str(made))
        return made


@contextmanager
def _unsynced() -> Iterator[None]:
    """libgit2 does not sync each object that is written meanwhile; whoever writes them does."""
    import pygit2

    pygit2.option(pygit2.enums.Option.ENABLE_FSYNC_GITDIR, False)
    try:
        yield
    finally:
        pygit2.option(pygit2.enums.Option.ENABLE_FSYNC_GITDIR, True)


def _sync_file(path: str) -> None:
    """Sync a file; where there is none the object lies in a pack. Raises OSError."""
    try:
        fd = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _signature(common: str, who: str) -> Any:
    """Who commits, as git says it for this environment; the time is ours."""
    import pygit2

    name, email, zone = _identity(common, who, os.environ.get(f"GIT_{who}_EMAIL", ""))
    return pygit2.Signature(name, email, int(clock.now()), _minutes(zone))


@cache
def _identity(common: str, who: str, _: str) -> tuple[str, str, str]:
    ident = git.run(common, "var", f"GIT_{who}_IDENT", check=False)
    if ident.code:
        raise GitFailed(
            "git does not know who you are",
            'Say it once: git config --global user.name "…" and user.email "…".',
        )
    name, _, rest = ident.text.partition(" <")
    email, _, when = rest.partition("> ")
    return name, email, when.split(" ")[-1]


def _minutes(zone: str) -> int:
    sign = -1 if zone.startswith("-") else 1
    return sign * (int(zone[1:3]) * 60 + int(zone[3:5]))


def _card(card_id: str) -> str:
    return f"cards/{card_id}.yaml"


def _nested(files: Mapping[str, bytes | None]) -> dict[str, Any]:
    """{"a/b": x} as {"a": {"b": x}}."""
    root: dict[str, Any] = {}
    for path, data in files.items():
        *folders, name = path.split("/")
        place = root
        for folder in folders:
            place = place.setdefault(folder, {})
        place[name] = data
    return root
