"""The end of a card's worktree: removed where nothing is lost with it, else kept, or salvaged first.

Worktrees whose folder is gone already are in `ghosts`.
"""

import os
from typing import NamedTuple

from gitkanban.board import commits, git
from gitkanban.board.place import Place
from gitkanban.runs import salvage, unfinished, worktrees
from gitkanban.runs.locks import Locks
from gitkanban.runs.workspaces import Wish


class Removed(NamedTuple):
    """What `remove` did: whether the worktree is gone, where its content is kept, what to tell."""

    gone: bool
    salvage: str = ""
    told: tuple[str, ...] = ()


def remove(
    place: Place, locks: Locks, wish: Wish, force: bool = False, landed: str = ""
) -> Removed:
    """Remove a card's worktree, and its branch where base contains it.

    Only a clean worktree of a merged branch goes just so. Another stays, unless `force`: then its
    content and commits are salvaged first. `landed` is a commit whose content base is known to have
    by other commits; it counts as merged, and its branch stays. Call it with the card's lock held.
    Raises BoardBusy, GitFailed.
    """
    path = worktrees.path_of(place, wish.card, wish.worktrees)
    branch = worktrees.branch_of(wish.card)
    admin = worktrees.admin_of(path)
    if not admin or not os.path.exists(f"{admin}/{worktrees.MARK}"):
        return Removed(False, told=(f"{path} is no worktree of ours",))
    told = unfinished.remove_stale_locks(place.common, admin, branch)
    if _nested(path):
        return Removed(False, told=(f"{path} holds a repository of its own: kept",))
    base, tip = worktrees.tips(place, wish.base, branch)
    head = commits.resolve(path, "HEAD")
    merged = all(
        c in ("", landed) or commits.is_ancestor(place.common, c, base) for c in (tip, head)
    )
    dirty = bool(commits.text(path, "status", "--porcelain", "--untracked-files=all"))
    if (dirty or not merged or unfinished.operation(admin)) and not force:
        why = "has changes that are not committed" if dirty else "has work that is not in base"
        return Removed(False, told=(f"{path} {why}: kept",))
    kept = salvage.snapshot(path, admin, wish.run, f"workspace of {wish.card}") if dirty else ""
    if not merged:
        kept = kept or salvage.keep(place.common, wish.run, head or tip)
    with worktrees.making(locks):
        worktrees.unlock(admin)
        git.run(place.common, "worktree", "remove", "--force", path)
    if tip and commits.is_ancestor(place.common, tip, base):
        git.run(place.common, "update-ref", "-d", f"refs/heads/{branch}", tip, check=False)
    if kept:
        told.append(f"what was in {path} is kept in {kept}")
    return Removed(True, kept, tuple(told))


def _nested(path: str) -> bool:
    """Whether an untracked repository lies inside, whose content no commit of ours would hold."""
    listed = commits.text(path, "ls-files", "--others", "--directory", "--no-empty-directory", "-z")
    return any(
        os.path.exists(f"{path}/{name}.git") for name in listed.split("\0") if name.endswith("/")
    )
