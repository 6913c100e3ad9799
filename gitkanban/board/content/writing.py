"""Changes to a board as a new commit object; the ref is not moved here.

Only board paths differ between the new tree and the tip's. Git itself writes (`new_objects`).
"""

import time
from collections.abc import Sequence
from functools import cached_property

from gitkanban import clock, failpoints
from gitkanban.board.content import parsing
from gitkanban.board.formats import cardfile
from gitkanban.board.repo import git, signing
from gitkanban.board.repo.new_objects import (
    BLOB,
    Author,
    ChangedFile,
    NewFile,
    NewObjects,
    object_id,
)
from gitkanban.board.repo.place import Place
from gitkanban.board.repo.settings import read_identity
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
from gitkanban.core.names import NO_OID, CardId, Oid
from gitkanban.core.visible import shown_lines
from gitkanban.errors import NotFound, Refused

_FILES = ("100644", "100755")


class NewTree:
    """The board's files as they will be: the tip's, with what the changes write on top.

    Use it as a context manager if you read from it, so that its git process ends.
    """

    def __init__(self, place: Place, tip: Oid) -> None:
        self.place = place
        self.tip = tip  # empty: a new branch
        self.start_tree = NO_OID  # if set, the tree to start from instead of the tip's
        self.files: dict[str, bytes | None] = {}  # by path from the tree's root; None: removed
        self._new = NewObjects(place.common)
        self._is_written = False
        self._signed: tuple[str, bytes] | None = None  # the signed twin: its id and content

    def __enter__(self) -> "NewTree":
        return self

    def __exit__(self, *_: object) -> None:
        self._new.reader.close()

    def read(self, name: str) -> str | None:
        """Return the text of a board file as it is now, None when there is none."""
        path = self.place.path(name)
        if path in self.files:
            return self.written(name)
        mode, blob = self._find_entry(path)
        if mode not in _FILES:
            return None
        return self._new.content(blob).decode("utf-8", "surrogateescape")

    def written(self, name: str) -> str | None:
        """Return the text of a board file that was written into the draft; None for any other."""
        data = self.files.get(self.place.path(name))
        return None if data is None else data.decode("utf-8", "surrogateescape")

    def _find_entry(self, path: str) -> tuple[str, Oid]:
        return self._new.entry(self._starting_tree(), _encode_text(path))

    def _starting_tree(self) -> Oid:
        """Return the tree that the new one starts from; empty: none."""
        return self.start_tree or self._tip_tree

    @cached_property
    def _tip_tree(self) -> Oid:
        return self._new.reader.tree_of(self.tip) if self.tip else NO_OID

    def write(self, name: str, text: str | None) -> None:
        """Set or remove a board file."""
        data = None if text is None else _encode_text(text)
        self.files[self.place.path(name)] = data

    def written_files(self) -> tuple[ChangedFile, ...]:
        """Return all files that the draft sets or removes, against the tree that it starts from."""
        return tuple(self._written_file(path, data) for path, data in self.files.items())

    def _written_file(self, path: str, data: bytes | None) -> ChangedFile:
        mode, before = self._find_entry(path)
        if data is None:
            return ChangedFile(path, mode, before, NO_OID, data=None)
        mode = mode if mode in _FILES else BLOB
        return ChangedFile(path, mode, before, object_id("blob", data), data=data)

    def refuse_unreadable(self) -> None:
        """Refuse a draft with a file that could not be read back. Raises Refused."""
        for path, data in self.files.items():
            if data is not None:
                prefix = f"{self.place.prefix}/" if self.place.prefix else ""
                parsing.refuse_unreadable(path.removeprefix(prefix), data)

    def apply(self, changes: Sequence[Change]) -> None:
        """Write every change into the draft. Raises Refused, NotFound where one does not fit."""
        for change in changes:
            self._apply_change(change)

    def _apply_change(self, change: Change) -> None:
        match change:
            case AddCard(card, text):
                self._add_card(card, text)
            case EditCard(card_id, fields):
                self.write(_card_path(card_id), cardfile.edited(self._card_text(card_id), fields))
            case RewriteCard(card, text):
                self.write(_card_path(card.id), text)
            case RemoveCard(card_id):
                self.write(_card_path(card_id), None)
            case EndRun(run):
                from gitkanban.board.formats import runfile  # late: most changes are of cards

                self._write_once(f"runs/{run.card}/{run.run}.yaml", runfile.render(run))
            case AddNote(note):
                from gitkanban.board.formats import notefile

                self._write_once(f"notes/{note.card}/{note.id}.md", notefile.render(note))
            case SetPause(pause):
                from gitkanban.board.formats import pausefile

                self.write(f"paused/{pause.worker}.yaml", pausefile.render(pause))
            case ClearPause(worker):
                self.write(f"paused/{worker}.yaml", None)
            case WriteFile(path, text):
                self.write(path, text)
            case ArchiveCard(card_id, year):
                self._archive_card(card_id, year)

    def _add_card(self, card: Card, text: str) -> None:
        if self.read(_card_path(card.id)) is not None:
            raise Refused(f"card {card.id} already exists", "Leave --id out to get a new id.")
        self.write(_card_path(card.id), text or cardfile.render(card))

    def _card_text(self, card_id: CardId) -> str:
        text = self.read(_card_path(card_id))
        if text is None:
            raise NotFound(f"no card {card_id}", "It was removed in the meantime.")
        return text

    def _write_once(self, name: str, text: str) -> None:
        """Write a run or a note unless it is already there: neither is ever rewritten."""
        if self.read(name) is None:
            self.write(name, text)

    def _archive_card(self, card_id: CardId, year: int) -> None:
        names = [
            _card_path(card_id),
            *self._list_below(f"runs/{card_id}"),
            *self._list_below(f"notes/{card_id}"),
        ]
        for name in names:
            self._move_file(name, f"archive/{year:04}/{name}")

    def _list_below(self, folder: str) -> list[str]:
        """Return the files of a folder, by path from the board's root."""
        asked = f"{self.start_tree or self.tip}:{self.place.path(folder)}"
        done = git.run(self.place.common, "ls-tree", "-z", "--name-only", asked, check=False)
        return [f"{folder}/{name}" for name in done.text.split("\0") if name]

    def _move_file(self, old: str, new: str) -> None:
        text = self.read(old)
        if text is not None:
            self.write(new, text)
            self.write(old, None)

    def commit(self, message: str, parents: Sequence[Oid]) -> Oid:
        """Write blobs, trees and the commit, and return its id, or "" when nothing differs from the
        tip.

        Raises GitFailed when nobody is configured as the author.
        """
        with self._new as new:
            files: dict[bytes, NewFile] = {
                _encode_text(file.path): None if file.data is None else (file.mode, file.data)
                for file in self.written_files()
            }
            tree = new.tree(files, self._starting_tree())
            if self.tip and len(parents) == 1 and tree == self._tip_tree:
                return NO_OID
            return self._write_commit(tree, message, parents)

    def commit_tree(self, tree: Oid, message: str, parents: Sequence[Oid]) -> Oid:
        """Commit a tree that is already written, and return the id. Raises as `commit` does."""
        return self._write_commit(tree, message, parents)

    def rewrite_lost(self) -> bool:
        """Write again what somebody's `git gc --prune=now` took of the commit, and return whether
        it did.

        Until a ref points at them, objects are anybody's to prune (`git help gc`, "NOTES").
        """
        signed = self._signed[:1] if self._signed else ()
        if not self._is_written or not self._new.missing([*self._new.ids, *signed]):
            return False
        if self._signed:  # a signer does not give the same signature again
            signing.rewrite(self.place.common, self._signed[1])
        self._new.write(flush=True)  # a ref may point at them already
        return True

    def _write_commit(self, tree: Oid, message: str, parents: Sequence[Oid]) -> Oid:
        who = _read_signatures(self.place)
        commit = self._new.commit(tree, _encode_text(shown_lines(message)), *who, parents)
        self._new.write()
        self._is_written = True
        failpoints.reach("commit.made")
        return self._sign_commit(commit)

    def _sign_commit(self, commit: Oid) -> Oid:
        """Return the commit, or its signed twin where commits are to be signed."""
        signed = signing.sign(self.place, commit)
        if signed != commit:
            self._signed = signed, signing.content(self.place.common, signed)
        return signed


def _encode_text(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _read_signatures(place: Place) -> tuple[Author, Author]:
    """Return author and committer as git has them in this environment; the time is ours."""
    now = int(clock.now())
    zone = time.strftime("%z", time.localtime(now))
    author, committer = (
        Author(*read_identity(place.common, who), now, zone) for who in ("AUTHOR", "COMMITTER")
    )
    return author, committer


def _card_path(card_id: CardId) -> str:
    return f"cards/{card_id}.yaml"
