"""Worktrees of ours that git cannot read: the power went while they were made, or soon after.

`git worktree add` writes one small file after the other and syncs none of them to the disk, and
HEAD is forty zeros for a moment. With such a leftover `git log --all` and `git gc` fail in the
whole repository. One in which nothing is yet is dropped, and nothing else; `ground`
sets others right.
"""

import os
import time
from collections.abc import Collection, Iterator

from gitkanban import files
from gitkanban.board.repo import checkouts
from gitkanban.board.repo.checkouts import MARK, line
from gitkanban.board.repo.place import Place
from gitkanban.core.names import CardId
from gitkanban.errors import BoardBusy
from gitkanban.late import re, shutil
from gitkanban.runs.workspace import including
from gitkanban.runs.workspace.workspace_git import read_plain
from gitkanban.typed import NamedTuple

_YOUNG = 10.0  # seconds; a younger one may be in the making, by a git that knows no lock of ours
_AGAIN = "It is tried again at the next tick."
_COMMIT = re.compile(r"(?!0+$)([0-9a-f]{40}|[0-9a-f]{64})")


class Unreadable(NamedTuple):
    """A worktree that git cannot read: its git directory, its folder, and whether it is empty."""

    admin: str
    path: str
    empty: bool  # nothing is in it but what git itself puts there
    ours: bool
    card: CardId


def find(place: Place, folders: Collection[str]) -> Iterator[Unreadable]:
    """Yield the worktrees that git cannot read; those that lie in one of `folders` are ours."""
    top = f"{place.common}/worktrees"
    for name in sorted(os.listdir(top)) if os.path.isdir(top) else ():
        admin = f"{top}/{name}"
        if os.path.islink(admin) or not os.path.isdir(admin) or _is_readable(admin):
            continue
        path, ours = _folder_of(admin, folders)
        if path:
            card = CardId(line(f"{admin}/{MARK}"))
            yield Unreadable(admin, path, _is_empty(admin, path), ours=ours, card=card)


def _is_readable(admin: str) -> bool:
    head = line(f"{admin}/HEAD")
    named = head.startswith("ref: refs/") or bool(_COMMIT.fullmatch(head))
    return named and all(line(f"{admin}/{name}") for name in ("commondir", "gitdir"))


def _folder_of(admin: str, folders: Collection[str]) -> tuple[str, bool]:
    """Return the folder of a worktree, and whether it lies in one of ours; empty if unknown."""
    if line(f"{admin}/gitdir"):
        path = checkouts.root_of(admin)
        real = os.path.realpath(os.path.dirname(path))
        return path, real in map(os.path.realpath, folders)
    beside = (f"{folder}/{os.path.basename(admin)}" for folder in folders)
    return next(((path, True) for path in beside if os.path.lexists(path)), ("", False))


def _is_empty(admin: str, path: str) -> bool:
    log = read_plain(f"{admin}/logs/HEAD").strip("\0\n")
    has_index = bool(os.path.lexists(f"{admin}/index") and os.lstat(f"{admin}/index").st_size)
    if has_index or log.count("\n"):
        return False
    if not os.path.lexists(path):
        return True
    whole = os.path.isdir(path) and not os.path.islink(path)
    return whole and set(os.listdir(path)) <= {".git"} and not os.path.isdir(f"{path}/.git")


def drop_empty(place: Place, folders: Collection[str], only: str = "") -> list[str]:
    """Drop those of ours in which nothing is; return notices. Call it under `worktrees.making`.

    `only`: the folder of the one that is in the way; empty for all of them. Raises BoardBusy while
    somebody else may be making one, and OSError.
    """
    notices, wanted = [], os.path.realpath(only) if only else ""
    for each in find(place, folders):
        if not (each.ours and each.empty) or wanted not in ("", os.path.realpath(each.path)):
            continue
        if 0 <= time.time() - os.stat(each.admin).st_mtime <= _YOUNG:
            raise BoardBusy(f"{each.path} is only half made, maybe by a git at work", _AGAIN)
        notices.append(_drop_one(place, each))
    return notices


def _drop_one(place: Place, each: Unreadable) -> str:
    # Its git directory goes last: it is what a next attempt finds this by.
    if os.path.lexists(each.path):
        files.remove(f"{each.path}/.git")
        os.rmdir(each.path)
    shutil.rmtree(each.admin)
    files.remove(checkouts.place_record(place, each.admin))
    including.forget(place.common, each.admin)
    return f"{each.path} was only half made, with nothing in it: it is removed"
