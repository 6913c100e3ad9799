"""The end of a card's worktree: it is removed whole if nothing is lost with it, else not at all.

Worktrees whose folder is already gone are in `ghosts`.
"""

import os

from gitkanban.board.repo import commits, git
from gitkanban.board.repo.place import Place
from gitkanban.core.ids import branch_of
from gitkanban.errors import GitFailed
from gitkanban.late import shutil
from gitkanban.runs.supervision.locks import Locks
from gitkanban.runs.workspace import cleanliness, ground, unfinished, worktrees
from gitkanban.runs.workspace.workspace_git import head_of
from gitkanban.runs.workspace.workspaces import Wish
from gitkanban.typed import NamedTuple

_TRASH = ".gitkanban-trash-"  # prefix of folders beside worktrees that are being removed


class Removed(NamedTuple):
    """The result of `remove`: whether the worktree is gone, and notices."""

    gone: bool
    notices: tuple[str, ...] = ()


def remove(place: Place, locks: Locks, wish: Wish, landed: str = "") -> Removed:
    """Remove a card's worktree, and its branch where base contains it.

    Only a clean worktree of a merged branch is removed. `landed` is a commit whose content base is
    known to have in other commits; it counts as merged, and its branch stays. Call it with the
    card's lock held. Raises BoardBusy, GitFailed, OSError.
    """
    path = worktrees.current_path(place, wish.card, wish.worktrees)
    branch = branch_of(wish.card)
    admin = ground.registered(place.common, path)
    if not admin or not worktrees.is_marked(admin):
        return Removed(False, (f"{path} is not one of the worktrees made here",))
    notices = unfinished.remove_stale_locks(place.common, admin, branch)
    base, tip = worktrees.tips(place, wish.base, branch)
    _, head = head_of(place.common, admin)
    why = cleanliness.describe_unclean(place.common, path, admin)
    tips = {tip, head} - {"", landed}
    if not why and not all(commits.is_ancestor(place.common, each, base) for each in tips):
        why = "work that is not in base"
    why = why or _describe_obstacle(path)
    if why:
        return Removed(False, (f"{path} has {why}: kept",))
    with worktrees.making(locks):
        trash = _take_away(place, path)
    notices += _empty_trash(trash)
    if tip and commits.is_ancestor(place.common, tip, base):
        git.run(
            place.common, "update-ref", "--no-deref", "-d", f"refs/heads/{branch}", tip, check=False
        )
    return Removed(True, tuple(notices))


def take_whole(place: Place, path: str) -> list[str]:
    """Remove a worktree whatever is in it, and return notices about what could not be removed.

    Call it under `worktrees.making`. Raises GitFailed, OSError; the worktree is then as it was.
    """
    return _empty_trash(_take_away(place, path))


def _take_away(place: Place, path: str) -> str:
    """Have git forget a worktree, rename its folder, and return the new path.

    So it goes whole, or not at all. Git does not look into the folder, and no link is followed.
    """
    folder, name = os.path.split(path)
    trash = ground.free_name(f"{folder}/{_TRASH}{name}")
    os.rename(path, trash)
    try:
        worktrees.unregister(place, path)
    except GitFailed:
        os.rename(trash, path)
        raise
    return trash


def _describe_obstacle(path: str) -> str:
    """Return, before anything changes, what keeps a worktree from being removed whole."""
    device = os.lstat(path).st_dev
    for folder, below in _walk_folders(path):
        status = os.lstat(folder)
        if status.st_dev != device:
            return f"another file system in {os.path.relpath(folder, path)}"
        ours = os.geteuid() in (0, status.st_uid)
        if not ours and below and not _lets_us_write(status):
            return f"files of another user in {os.path.relpath(folder, path)}"
    return ""


def _lets_us_write(status: os.stat_result) -> bool:
    """Return whether somebody else's folder lets us remove its content."""
    needed = 0o030 if status.st_gid in (os.getegid(), *os.getgroups()) else 0o003
    return status.st_mode & needed == needed


def _walk_folders(top: str, writable: bool = False) -> list[tuple[str, list[str]]]:
    """Return the folder and all below it, each with the names in it; links are not followed.

    `writable`: make each folder writable before reading it.
    """
    folders, waiting = [], [top]
    while waiting:
        path = waiting.pop()
        try:
            if writable:
                os.chmod(path, os.lstat(path).st_mode | 0o700)
            with os.scandir(path) as entries:
                rows = [(each.name, each.is_dir(follow_symlinks=False)) for each in entries]
        except OSError:
            rows = []
        folders.append((path, [name for name, _ in rows]))
        waiting += [f"{path}/{name}" for name, folder in rows if folder]
    return folders


def _empty_trash(trash: str) -> list[str]:
    """Remove a folder that was taken away, and return notices about what could not be removed."""
    try:
        if os.path.islink(trash) or not os.path.isdir(trash):
            os.unlink(trash)
            return []
        _walk_folders(trash, writable=True)  # module caches and the like are read-only
        shutil.rmtree(trash)
    except FileNotFoundError:
        return []
    except OSError as error:
        return [f"{trash} could not be removed: {error.strerror}: {error.filename}"]
    return []


def empty_trash(folder: str) -> list[str]:
    """Remove what a kill left of worktrees in a folder that were being removed.

    Return notices about what could not be removed.
    """
    names = os.listdir(folder) if os.path.isdir(folder) else []
    trash = [f"{folder}/{name}" for name in names if name.startswith(_TRASH)]
    return [line for path in trash for line in _empty_trash(path)]
