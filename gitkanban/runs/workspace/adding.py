"""Adds a worktree in git's own layout, whole or not at all (gitrepository-layout(5)).

`git worktree add` reads several files of every worktree there is: with two hundred on a shared file
system that takes longer than all else in a start. And a kill in the middle of it leaves one that
git cannot read. Here its git directory is put together aside and moved into place. A repository
whose settings a new worktree would inherit is left to git.
"""

import os
from functools import cache

from gitkanban import clock, failpoints, files
from gitkanban.board.repo import checkouts, git
from gitkanban.board.repo.place import Place
from gitkanban.core.ids import branch_of
from gitkanban.core.names import CardId, Oid
from gitkanban.late import re, shutil

# Settings by which git writes a worktree in another way, or more of it.
_OF_WORKTREES = (
    r"^(extensions|worktree)\.|^core\.(sharedrepository|sparsecheckout|logallrefupdates)"
)
_USUAL = "core.logallrefupdates true"  # `git init` writes it
_PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


def is_plain(common: str, path: str) -> bool:
    """Return whether a worktree at this path is one like any other."""
    return bool(_PLAIN_NAME.fullmatch(os.path.basename(path))) and not _has_settings(common)


@cache
def _has_settings(common: str) -> bool:
    """Return whether git would heed a setting. It is asked once, as a tick may make many."""
    done = git.run(common, "config", "--get-regexp", _OF_WORKTREES, check=False)
    return done.code not in (0, 1) or any(line != _USUAL for line in done.lines)  # 1: none


def move_branch(place: Place, branch: str, tip: Oid, base: Oid) -> None:
    """Create a card's branch at base, or bring it there from `tip`, which is behind base.

    Raises GitFailed, also if the branch has moved since it was at `tip` (empty: was not there).
    """
    if tip != base:
        why = ("-m", "branch: Created from base")
        ref = f"refs/heads/{branch}"
        git.run(place.common, "update-ref", *why, "--no-deref", ref, base, tip or git.ZEROS)


def add(place: Place, card: CardId, path: str, *, commit: Oid, run: str) -> str:
    """Register a worktree on a card's branch at `commit`, locked for a run and marked as ours.

    Return its git directory. Nothing may be at `path`. Its files are yet to be checked out. Call it
    under `worktrees.making`. Raises OSError, and InTheWay if somebody has put a link in its way.
    """
    aside = f"{place.private}/new-worktree"
    shutil.rmtree(aside, ignore_errors=True)  # a kill has left it
    log = f"{git.ZEROS} {commit} gitkanban <gitkanban> {int(clock.now())} +0000\n"
    for name, text in (
        ("HEAD", f"ref: refs/heads/{branch_of(card)}\n"),
        ("commondir", "../..\n"),
        ("gitdir", f"{os.path.realpath(path)}/.git\n"),
        ("locked", f"gitkanban run {run}\n"),
        ("logs/HEAD", log),
        (checkouts.MARK, f"{card}\n"),
    ):
        path_there = f"{aside}/{name}"
        files.replace(path_there, os.fsencode(text), below=place.private, lasting=False, make=True)
    failpoints.reach("workspace.put-together")
    admin = _free_admin(f"{place.common}/worktrees", os.path.basename(path))
    os.rename(aside, admin)
    failpoints.reach("workspace.registered")
    try:
        os.mkdir(path)
    except OSError:  # somebody else was quicker, or the disk is full
        shutil.rmtree(admin)
        raise
    failpoints.reach("workspace.folder-made")
    files.replace(f"{path}/.git", os.fsencode(f"gitdir: {admin}\n"), lasting=False)
    return admin


def _free_admin(top: str, name: str) -> str:
    """Return the path of a git directory that is free, as git numbers them."""
    os.makedirs(top, exist_ok=True)
    path, number = f"{top}/{name}", 0
    while os.path.lexists(path):
        number += 1
        path = f"{top}/{name}{number}"
    return path
