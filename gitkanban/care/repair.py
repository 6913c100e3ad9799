"""Makes the repairs that `core.care.doctor` names, after checking each again under its own lock.

None of them can lose work. What has changed since the check-up is left alone and reported.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from gitkanban import clock, files
from gitkanban.board.repo import checkouts, commits, git, refs
from gitkanban.board.repo.checkouts import Checkout, base_of
from gitkanban.board.repo.index_file import is_index
from gitkanban.board.repo.place import Place
from gitkanban.board.repo.placewriter import check_out
from gitkanban.core.model import Board
from gitkanban.core.names import RunId
from gitkanban.core.symptom import (
    CLOSE_RUN,
    DELETE_BRANCH,
    DROP_WORKTREE,
    FORGET_WORKTREE,
    MEND_REF,
    POINT_WORKTREE,
    REMAKE_INDEX,
    REMOVE_FOLDER,
    REMOVE_LOCK,
    REMOVE_TOKEN,
    REMOVE_WORKTREE,
    RESTORE_CHECKOUT,
    SCRUB_RUNS,
    UNLOCK_WORKTREE,
    WRITE_TOKEN,
    Symptom,
)
from gitkanban.errors import GitkanbanError, Refused
from gitkanban.runs import closing
from gitkanban.runs.executors import Executors
from gitkanban.runs.records import folders, slots
from gitkanban.runs.supervision.locks import Locks, card_lock
from gitkanban.runs.workspace import ghosts, git_locks, ground, removal, unreadable, worktrees
from gitkanban.runs.workspace.workspaces import Wish
from gitkanban.runs.workspace.worktrees import Ours

IN_USE = "a run has begun there since: left alone"


class Repairs:
    """Repairs around one board."""

    def __init__(self, place: Place, board: Board) -> None:
        self.place = place
        self.board = board
        self.locks = Locks(place.private)
        self.base = base_of(place, board.config) if board.config else ""

    def mend(self, symptom: Symptom) -> str:
        """Make the repair that the symptom names; return why it was not made, empty if it was."""
        does: Mapping[str, Callable[[str], str]] = {
            REMOVE_TOKEN: self._remove_token,
            WRITE_TOKEN: self._write_token,
            CLOSE_RUN: self._close_run,
            REMOVE_FOLDER: self._remove_folder,
            UNLOCK_WORKTREE: self._unlock_worktree,
            REMOVE_WORKTREE: self._remove_worktree,
            FORGET_WORKTREE: self._forget_worktree,
            POINT_WORKTREE: self._point_worktree,
            DROP_WORKTREE: self._drop_worktree,
            RESTORE_CHECKOUT: self._restore_checkout,
            DELETE_BRANCH: self._delete_branch,
            MEND_REF: self._mend_ref,
            REMAKE_INDEX: self._remake_index,
            REMOVE_LOCK: self._remove_lock,
            SCRUB_RUNS: self._scrub_runs,
        }
        try:
            return does[symptom.repair](symptom.subject)
        except GitkanbanError as error:
            return error.message
        except FileNotFoundError:
            return "it is already gone"
        except OSError as error:
            return f"{error.strerror or error}: {error.filename or symptom.subject}"

    def _remove_token(self, slot: str) -> str:
        lock = self.locks.take(slots.lock_name(slot))
        if lock is None:
            return IN_USE
        with lock:
            slots.remove(self.place, slot)
        return ""

    def _write_token(self, run: str) -> str:
        folder = folders.of(self.place.private, RunId(run))
        slot = folder.facts().one("slot")
        slots.mend(self.place, folder)
        if not self.locks.locked([slots.lock_name(slot)]):
            self._remove_token(slot)
            return "it has ended in the meantime"
        return ""

    def _close_run(self, run: str) -> str:
        folder = folders.of(self.place.private, RunId(run))
        executor = Executors(self.place, self.locks).of(folder)
        done = closing.close(executor, folder, int(clock.now()))
        if done.done or done.failure:
            return "" if done.done else done.failure
        return "it is alive after all, or part of it could not be ended"

    def _remove_folder(self, run: str) -> str:
        os.rmdir(folders.of(self.place.private, RunId(run)).path)
        return ""

    def _scrub_runs(self, _: str) -> str:
        for folder in folders.exposed(self.place.private):
            folder.scrub()
        return ""

    @contextmanager
    def _alone_in(self, tree: Ours | None) -> Iterator[Ours]:
        """Take the lock of a worktree's card for a while. Raises Refused if a run is there."""
        lock = self.locks.take(card_lock(tree.card)) if tree else None
        if tree is None or lock is None:
            raise Refused(IN_USE)
        with lock:
            yield tree

    def _unlock_worktree(self, path: str) -> str:
        with self._alone_in(worktrees.at(self.place, path)) as tree:
            worktrees.unlock(tree.admin)
        return ""

    def _remove_worktree(self, path: str) -> str:
        with self._alone_in(worktrees.at(self.place, path)) as tree:
            wish = Wish(tree.card, "doctor", self.base, worktrees=os.path.dirname(path))
            done = removal.remove(self.place, self.locks, wish)
        return "" if done.gone else "; ".join(done.notices)

    def _forget_worktree(self, path: str) -> str:
        with self._alone_in(worktrees.at(self.place, path)) as tree:
            ghosts.forget(self.place, self.locks, tree.card, path)
        return ""

    def _point_worktree(self, path: str) -> str:
        config = self.board.config
        configured = config.worktrees if config else ""
        moved = (
            each
            for each in worktrees.every(self.place)
            if worktrees.find_moved(self.place, each, configured) == path
        )
        with self._alone_in(worktrees.at(self.place, path) or next(moved, None)) as tree:
            what, _ = ground.look(path, tree.admin)
            if what != ground.CHANGED or os.path.lexists(ground.points_at(path) or "/"):
                return "it now points somewhere else"
            ground.set_right(path, tree.admin, "doctor")
        return ""

    def _drop_worktree(self, path: str) -> str:
        with worktrees.making(self.locks):
            dropped = unreadable.drop_empty(self.place, [os.path.dirname(path)], only=path)
        return "" if dropped else "it is already gone"

    def _restore_checkout(self, path: str) -> str:
        place = self.place
        admin = ground.registered(place.common, path)
        if not admin and not os.path.lexists(path):
            check_out(place.common, place.main, place.branch)
        elif not admin or os.path.lexists(f"{path}/.git"):
            return f"something else is there: move {path} away first"
        else:  # the index may hold staged changes: it stays, and so does every file that is there
            files.make_folder(path)
            files.replace(f"{path}/.git", os.fsencode(f"gitdir: {admin}\n"), lasting=False)
            Checkout(path, admin, place.ref).run(*git.PLAIN, "checkout-index", "--all", "--quiet")
        return ""

    def _remake_index(self, path: str) -> str:
        checkout = next((e for e in checkouts.followers(self.place) if e.root == path), None)
        if checkout is None:
            return "it is already gone"
        if is_index(checkout.index_file):
            return "it can be read again"
        done = checkout.run("read-tree", "HEAD", check=False)
        return done.complaint if done.code else ""

    def _mend_ref(self, ref: str) -> str:
        return "" if refs.mend(self.place.common, ref) else "it names a commit again"

    def _delete_branch(self, name: str) -> str:
        ref = f"refs/heads/{name}"
        if any(ref == each.head for each in checkouts.every(self.place)):
            return "it is checked out"
        tip = commits.resolve(self.place.common, ref)
        base = f"refs/heads/{self.base}" if self.base else ""
        if not tip or not base or not commits.is_ancestor(self.place.common, tip, base):
            return "it has moved on"
        done = git.run(self.place.common, "update-ref", "--no-deref", "-d", ref, tip, check=False)
        return done.complaint if done.code else ""

    def _remove_lock(self, path: str) -> str:
        before = os.stat(path)
        lock = git_locks.look_at_lock(self.place, path)
        if lock is None or lock.user:
            return "it may be in use"
        if not os.path.samestat(before, os.stat(path)):
            return "it has been replaced"
        os.unlink(path)
        return ""
