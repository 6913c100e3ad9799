"""The worktrees that were made for cards, as git's directory lists them.

Files are read by hand, git is not run; nothing is changed (`workspaces` does that).
"""

import os
from typing import NamedTuple

from gitkanban.board.checkouts import line
from gitkanban.board.place import Place
from gitkanban.runs.workspaces import MARK


class Ours(NamedTuple):
    """A worktree that was made for a card. `there` is False when its folder was removed by hand."""

    path: str
    card: str
    admin: str
    there: bool
    locked_for: str = ""  # the run that git was told to keep it for


def every(place: Place) -> list[Ours]:
    """The worktrees that were made for cards, by path."""
    top = f"{place.common}/worktrees"
    found = []
    for name in os.listdir(top) if os.path.isdir(top) else ():
        admin = f"{top}/{name}"
        card, file = line(f"{admin}/{MARK}"), line(f"{admin}/gitdir")
        if not card or not file:
            continue
        if not os.path.isabs(file):  # git 2.48 may write it relative to the folder it lies in
            file = os.path.normpath(os.path.join(admin, file))
        run = line(f"{admin}/locked").partition("gitkanban run ")[2]
        found.append(Ours(os.path.dirname(file), card, admin, os.path.lexists(file), run))
    return sorted(found)


def at(place: Place, path: str) -> Ours | None:
    """The worktree of ours at a path."""
    return next((each for each in every(place) if each.path == path), None)
