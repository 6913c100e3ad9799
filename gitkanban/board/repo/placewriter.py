"""What finding or making a board writes outside of it: its checkout, git's configuration, excludes.

Which board is meant is found elsewhere (`placefinder`).
"""

import os

from gitkanban import files
from gitkanban.board.repo import git
from gitkanban.board.repo.place import FOLDER, Place
from gitkanban.board.repo.settings import read_settings

NO_HOOKS = ("-c", "core.hooksPath=/dev/null")  # hooks of the code must not run here
_pinned: dict[str, str] = {}  # what this process has written or read, by common directory


def attach(common: str, main: str, ref: str) -> None:
    """Create the local branch kanban from a remote-tracking one, and check it out at `.kanban/`."""
    git.run(common, "branch", "--no-track", "kanban", ref)
    if not os.path.lexists(f"{main}/{FOLDER}"):
        check_out(common, main, "kanban")


def hide(common: str, pattern: str) -> None:
    """Have git leave a path out of `git status`, in this clone only. Raises OSError."""
    path = f"{common}/info/exclude"
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            text = file.read()
    except FileNotFoundError:
        text = ""
    if f"/{pattern}" in text.splitlines():
        return
    if text and not text.endswith("\n"):
        text += "\n"
    text = f"{text}/{pattern}\n"
    files.replace(path, text.encode("utf-8", "surrogateescape"), lasting=False, make=True)


def check_out(common: str, main: str, branch: str) -> None:
    """Check the board's own branch out at `.kanban/`, hidden from status. Raises GitFailed."""
    if not main:
        return
    hide(common, f"{FOLDER}/")
    hide(common, f"{FOLDER}/slots/")
    folder = f"{main}/{FOLDER}"
    git.run(common, *NO_HOOKS, "worktree", "add", "--quiet", folder, branch)


def pin(place: Place) -> None:
    """Remember the branch in git's config, so that switching branches never moves the board."""
    if place.aside or _pinned.get(place.common) == place.branch:
        return
    _pinned[place.common] = place.branch
    if read_settings(place.common).values.get("gitkanban.branch") != place.branch:
        git.run(place.common, "config", "gitkanban.branch", place.branch)


def note_pinned(common: str, branch: str) -> None:
    """Note that git's configuration already names the branch, so that `pin` need not look."""
    _pinned[common] = branch
