"""Gathers what may be cleaned up around a board, and removes what `core.care.gc` allows.

Everything is checked again under its lock before it is removed; what has changed since stays.
"""

import contextlib
import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from gitkanban import files
from gitkanban.board.repo import checkouts, commits, git
from gitkanban.board.repo.checkouts import base_of
from gitkanban.board.repo.place import Place
from gitkanban.board.work import landed
from gitkanban.care import checkup
from gitkanban.core.care.gc import (
    BranchFact,
    Facts,
    FolderFact,
    Spared,
    Tidying,
    WorktreeFact,
    finished,
)
from gitkanban.core.ids import CARD_REFS, branch_of, card_of_ref, card_ref
from gitkanban.core.model import DONE, Board
from gitkanban.core.names import NO_OID, CardId, Oid, RunId
from gitkanban.errors import GitkanbanError
from gitkanban.runs.memory import proposing
from gitkanban.runs.records import folders
from gitkanban.runs.records.folders import card_of
from gitkanban.runs.supervision.locks import Locks, card_lock
from gitkanban.runs.workspace import cleanliness, removal, worktrees
from gitkanban.runs.workspace.workspace_git import head_of, sweep_rooms
from gitkanban.runs.workspace.workspaces import Wish
from gitkanban.runs.workspace.worktrees import Ours
from gitkanban.typed import TypeVar

_OLD = 86400.0  # seconds after which no process can still be using its temporary files
T = TypeVar("T")
Progress = Callable[[Iterable[T], int, str], Iterable[T]]  # items, how many, what is done with them


def look(place: Place, board: Board, progress: "Progress[Ours]") -> Facts:
    """Gather what may be cleaned up, as facts. Raises GitFailed, OSError."""
    base = checkup.base_tip(place, board.config)
    every = worktrees.every(place)
    live = Locks(place.private).locked(card_lock(each.card) for each in every)
    trees = []
    for each in progress(every, len(every), "looking at worktrees"):
        fact = WorktreeFact(each.path, each.card, each.there, card_lock(each.card) in live)
        if each.there and not fact.live and finished(board, each.card):
            _, head = head_of(place.common, each.admin)
            tips = {head, commits.resolve(place.common, card_ref(each.card))} - {""}
            has = all(any(_in_base(place, board, each.card, tip, base=base)) for tip in tips)
            unclean = cleanliness.describe_unclean(place.common, each.path, each.admin)
            fact = fact._replace(unclean=unclean, landed=has)
        trees.append(fact)
    done = any(card.status == DONE for card in board.cards.values())
    aging = done and board.config is not None and board.config.archive_after > 0
    return Facts(
        tuple(trees),
        tuple(_card_branches(place, board, base)),
        tuple(
            FolderFact(folder.run, card_of(folder.facts()), folder.has("settled"))
            for folder in folders.every(place.private)
        ),
        landed.changed(place, board) if aging else {},
    )


def _in_base(place: Place, board: Board, card: CardId, tip: Oid, base: Oid) -> tuple[bool, bool]:
    """Return (base has the commit, base has its content though not the commit).

    The second is only looked up for cards that are done.
    """
    if not base:
        return False, False
    if commits.is_ancestor(place.common, tip, base):
        return True, False
    done = finished(board, card) not in ("", "dropped")
    return False, done and landed.content(place, tip, base)


def _card_branches(place: Place, board: Board, base: Oid) -> Iterator[BranchFact]:
    form = "--format=%(refname) %(objectname)"
    listed = commits.text(place.common, "for-each-ref", form, CARD_REFS)
    for line in filter(None, listed.split("\n")):
        ref, _, printed = line.partition(" ")
        tip = Oid(printed)
        card = card_of_ref(ref)
        if not finished(board, card):
            yield BranchFact(card, False)
            continue
        merged, content = _in_base(place, board, card, tip, base=base)
        yield BranchFact(card, merged, tip if content else NO_OID)


class Tidier:
    """Cleans up around one board."""

    def __init__(self, place: Place, board: Board) -> None:
        self.place = place
        self.locks = Locks(place.private)
        self.base = base_of(place, board.config) if board.config else ""
        self.worktrees = board.config.worktrees if board.config else ""

    def steps(self, todo: Tidying) -> list[Callable[[], Spared | None]]:
        """Empty the trash, and return a call for each thing to remove.

        A call returns None once the thing is gone, or the reason why it stays.
        """
        squashed = {each.card: each.squashed for each in todo.branches if each.squashed}
        self._empty_trash()
        self._scrub_runs()
        return [
            *(partial(self._remove_worktree, tree, squashed) for tree in todo.worktrees),
            *(partial(self._remove_branch, branch) for branch in todo.branches),
            *(partial(self._remove_folder, run) for run in todo.folders),
        ]

    def _remove_worktree(self, tree: WorktreeFact, squashed: dict[CardId, Oid]) -> Spared | None:
        lock = self.locks.take(card_lock(tree.card))
        if lock is None:
            return Spared("worktree", tree.path, "a run is alive there")
        with lock:
            where = os.path.dirname(tree.path)
            wish = Wish(tree.card, f"gc-{tree.card}", self.base, worktrees=where)
            try:
                done = removal.remove(
                    self.place, self.locks, wish, landed=squashed.get(tree.card, "")
                )
            except GitkanbanError as error:
                return Spared("worktree", tree.path, error.message)
        if done.gone:
            return None
        why = "; ".join(done.notices).removesuffix(": kept").removeprefix(f"{tree.path} ")
        return Spared("worktree", tree.path, f"it {why}" if why.startswith("has ") else why)

    def _remove_branch(self, branch: BranchFact) -> Spared | None:
        ref = card_ref(branch.card)
        tip = commits.resolve(self.place.common, ref)
        if not tip:
            return None  # it went with its worktree
        base = f"refs/heads/{self.base}"
        why = ""
        if tip != branch.squashed and not commits.is_ancestor(self.place.common, tip, base):
            why = "moved on in the meantime"
        elif worktrees.checked_out(self.place, branch_of(branch.card)):
            why = "checked out somewhere"
        else:
            done = git.run(
                self.place.common, "update-ref", "--no-deref", "-d", ref, tip, check=False
            )
            why = done.complaint if done.code else ""
        return Spared("branch", branch_of(branch.card), why) if why else None

    def _remove_folder(self, run: RunId) -> Spared | None:
        """Move a run folder to the trash, then delete it: half a folder would look like a dead run.

        A run killed at its end may have left memory that is nowhere else: it is proposed first.
        """
        trash, folder = f"{self.place.private}/trash", folders.of(self.place.private, run)
        try:
            if proposing.waits(folder):
                proposing.propose(folder)
            if proposing.waits(folder):
                return Spared("run folder", run, "cannot tell whose memory it is a copy of")
            os.makedirs(trash, exist_ok=True)
            os.rename(folder.path, f"{trash}/{run}")
            shutil.rmtree(f"{trash}/{run}")
        except FileNotFoundError:
            return None  # another gc was here
        except OSError as error:
            return Spared("run folder", run, f"{error.strerror}: {error.filename}")
        return None

    def _scrub_runs(self) -> None:
        """Remove the environments that an earlier version wrote into run folders."""
        for folder in folders.exposed(self.place.private):
            with contextlib.suppress(OSError):  # a full disk: `doctor` reports it until it is done
                folder.scrub()

    def _empty_trash(self) -> None:
        shutil.rmtree(f"{self.place.private}/trash", ignore_errors=True)
        boards = [f"{each.root}/{self.place.prefix}" for each in checkouts.every(self.place)]
        for folder in (self.place.private, self.place.slots, *boards):
            files.remove_old_parts(folder, time.time())
        sweep_rooms(self.place.common, time.time() - _OLD)
        removal.empty_trash(worktrees.folder_of(self.place, self.worktrees))
        removal.empty_trash(f"{self.place.private}/verify")
