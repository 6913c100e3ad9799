"""Where worktrees of cards may be: not where git, a shell, or another repository would use them.

It looks at names and links only, and writes only the line that hides them from `git status`.
"""

import os
from collections.abc import Iterator

from gitkanban.board.repo import placewriter
from gitkanban.board.repo.gitdir import common_dir
from gitkanban.board.repo.place import Place
from gitkanban.errors import Refused
from gitkanban.runs.workspace import worktrees

_GIT_FILES = ("HEAD", "objects", "refs")  # what makes a git directory, gitrepository-layout(5)


def check_folder(place: Place, configured: str) -> None:
    """Refuse a folder for worktrees that a board must not choose. Raises Refused.

    A folder that this machine's owner has set, and the default beside the repository, are fine.
    """
    if place.worktrees or not configured:
        return
    folder = worktrees.folder_of(place, configured)
    why = _find_fault(place, os.path.realpath(folder))
    if why:
        raise Refused(
            f"worktrees: {configured} cannot be used: {folder} {why}",
            f"If you want it all the same: git config gitkanban.worktrees {configured}",
        )


def _find_fault(place: Place, real: str) -> str:
    """Return what is wrong with a folder (links resolved), in words; empty if nothing is."""
    main = os.path.realpath(place.main) if place.main else ""
    home = os.path.realpath(os.path.expanduser("~"))
    dotted = _dot_folder(real, home)
    if real in (home, "/") or (dotted and dotted != _dot_folder(main, home)):
        return "is where programs of yours look for their settings"
    for folder in _parent_folders(real):
        if _is_git_directory(folder) or os.path.basename(folder) == ".git":
            return "lies in a git directory"
        if folder == main:
            return ""
        if _is_checkout(folder):
            return f"lies in the checkout {folder}"
    return ""


def _dot_folder(path: str, home: str) -> str:
    """Return the hidden folder directly in the home that contains a path; empty for none."""
    if not path.startswith(f"{home.rstrip('/')}/"):
        return ""
    first = os.path.relpath(path, home).split("/")[0]
    return first if first.startswith(".") else ""


def _parent_folders(path: str) -> Iterator[str]:
    while True:
        yield path
        above = os.path.dirname(path)
        if above == path:
            return
        path = above


def _is_checkout(folder: str) -> bool:
    """Return whether git would find a repository there; a mere folder named `.git` is none."""
    dot = f"{folder}/.git"
    return os.path.lexists(dot) and (not os.path.isdir(dot) or _is_git_directory(dot))


def _is_git_directory(folder: str) -> bool:
    return all(os.path.lexists(f"{folder}/{name}") for name in _GIT_FILES)


def hide(folder: str) -> None:
    """Have git leave the folder out of the status of the checkout around it, if there is one.

    Raises OSError.
    """
    real = os.path.realpath(folder)
    for above in _parent_folders(os.path.dirname(real)):
        if not _is_checkout(above):
            continue
        common = common_dir(above)
        inside = os.path.relpath(real, above)
        if common and "\n" not in inside:
            placewriter.hide(common, f"{_ignore_pattern(inside)}/")
        return


def _ignore_pattern(path: str) -> str:
    """Return a gitignore(5) pattern that matches only this path."""
    return "".join(f"\\{char}" if char in "\\*?[" else char for char in path)
