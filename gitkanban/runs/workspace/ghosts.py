"""Worktrees that git still has registered while their folders are gone: salvaged, then dropped.

A session, or a person, deleted the folder. What git's own directory still has of it, commits on no
branch and staged files, is saved first.
"""

import os

from gitkanban.board.repo import commits
from gitkanban.board.repo.place import Place
from gitkanban.core.ids import card_ref
from gitkanban.core.names import NO_OID, CardId, Oid
from gitkanban.errors import Refused
from gitkanban.runs.supervision.locks import Locks
from gitkanban.runs.workspace import ground, salvage, unreadable, worktrees
from gitkanban.runs.workspace.workspace_git import View


def salvaged(place: Place, admin: str, run: str) -> list[str]:
    """Salvage the last commit of a worktree that is gone unless a branch has it; notices.

    `admin` is its git directory, empty if there is none.
    """
    last = worktrees.last_known(admin) if admin else NO_OID
    if not last or commits.text(place.common, "branch", "--contains", last):
        return []
    return [f"its workspace was deleted; its last commit is in {_keep_commit(place, run, last)}"]


def _keep_commit(place: Place, run: str, commit: Oid) -> str:
    return salvage.keep(place.common, run, commit) if commits.resolve(place.common, commit) else ""


def drop(place: Place, path: str, admin: str) -> None:
    """Have git forget the worktree whose folder is gone from `path`. Call it under `making`.

    `admin` is its git directory, empty if there is none.
    """
    link = f"{place.common}/worktrees/{os.path.basename(path)}"
    if os.path.islink(link):  # git never makes a link here, and would empty its target
        os.unlink(link)
    if not admin:
        return
    unreadable.drop_empty(place, [os.path.dirname(path)], only=path)
    if ground.registered(place.common, path):
        worktrees.unregister(place, path)


def forget(place: Place, locks: Locks, card: CardId, path: str) -> list[str]:
    """Have git forget a worktree whose folder was removed by hand, and return what was salvaged.

    Commits that no branch has, and what was staged in it, are salvaged first. Call it with the
    card's lock held. Raises Refused when its disk may only be unmounted, BoardBusy, GitFailed.
    """
    if not os.path.isdir(os.path.dirname(path)):
        raise Refused(
            f"{os.path.dirname(path)} is not there: is a disk not mounted?",
            "If it was removed for good: `git worktree prune`.",
        )
    admin = ground.registered(place.common, path)
    if not admin:
        return []
    run = f"worktree-of-{card}"
    notices = [*salvaged(place, admin, run), *_salvaged_index(place, card, admin, run)]
    with worktrees.making(locks):
        worktrees.unlock(admin)
        drop(place, path, admin)
    return notices


def _salvaged_index(place: Place, card: CardId, admin: str, run: str) -> list[str]:
    """Salvage what was staged in a worktree that is gone, unless its commit or branch has it."""
    last = worktrees.last_known(admin)
    if not last or not os.path.exists(f"{admin}/index"):
        return []
    # git refreshes the index file, and through a link it would write another worktree's.
    with View(place.common, place.common, last, f"{admin}/index") as view:
        tree = view.tree()
    for name in (last, card_ref(card)):
        if commits.text(place.common, "rev-parse", "--verify", "-q", f"{name}^{{tree}}") == tree:
            return []
    staged = salvage.commit_tree(place.common, tree, (last,), "salvage: staged in a worktree\n")
    return [f"what was staged in it is in {_keep_commit(place, run, staged)}"]
