"""Adds everything in a folder to the index of a view, and reports what could not be added.

A repository that a session made inside its workspace is added as its files: a link to a commit that
only the workspace has would be useless once that is removed. Submodules stay links.
"""

import os
from collections.abc import Iterable, Iterator

from gitkanban.runs.workspace.workspace_git import ChangedPath, View
from gitkanban.typed import NamedTuple

LINK = "160000"  # the mode of a link to a commit of another repository, git-fast-import(1)


class Gathered(NamedTuple):
    """The changes against a commit or tree, paths that could not be added, and folders whose
    repositories were added as files."""

    changes: dict[str, ChangedPath]
    missed: tuple[str, ...] = ()
    nested: tuple[str, ...] = ()


def gather(
    view: View,
    against: str,
    without: Iterable[str] = (),
    links: Iterable[str] = (),
    removals: bool = True,
) -> Gathered:
    """Add all of a view's folder that git does not ignore to the view's index.

    `against` is the commit or tree to compare with, empty for none; `without` are pathspecs to
    leave out; `links` are paths of links to commits that a session made itself; without `removals`
    missing files count as unchanged. Raises GitFailed, OSError.
    """
    how = "--all" if removals else "--no-all"
    done = view.git("add", how, "--ignore-errors", "--", ".", *without, check=False)
    changes = view.changes(against)
    paths = set(links) | {path for path, each in changes.items() if _is_new_link(each)}
    missed = set()
    if done.code or done.err:  # something was not added, or it is only a warning
        left = {path for state, path in view.status(*without) if state[1] != " "}
        empty = {path.rstrip("/") for path in left if _is_repository(view, path)}
        paths |= empty
        missed = {path for path in left if path.rstrip("/") not in empty} | set(
            _unreadable_folders(view)
        )
    own = sorted(path for path in paths if path not in _submodule_paths(view)) if paths else []
    for path in own:
        missed |= {f"{path}/{each}".rstrip("/") for each in _take_files(view, path)}
    changes = view.changes(against) if own else changes
    return Gathered(changes, tuple(sorted(missed)), tuple(own))


def _is_new_link(entry: ChangedPath) -> bool:
    return entry.mode == LINK and entry.before != LINK


def _is_repository(view: View, path: str) -> bool:
    return path.endswith("/") and os.path.lexists(f"{view.folder}/{path}.git")


def _submodule_paths(view: View) -> set[str]:
    """Return the paths of submodules, by the `.gitmodules` of the index."""
    words = ("config", "-z", "--blob", ":.gitmodules", "--get-regexp", r"^submodule\..*\.path$")
    rows = view.git(*words, check=False).text.split("\0")
    return {row.partition("\n")[2] for row in rows}


def _take_files(view: View, path: str) -> list[str]:
    """Replace the link to a nested repository by its files, and return what was left out.

    An empty path in the result means that there was no folder to add.
    """
    folder = f"{view.folder}/{path}"
    if os.path.islink(folder) or not os.path.isdir(folder) or not _is_straight(view.folder, path):
        return [""]
    with View(folder, view.common, "") as below:
        gathered = gather(below, "")
        tree = below.tree()
    view.git("update-index", "--force-remove", "--", path)
    if gathered.changes:
        view.git("read-tree", f"--prefix={path}/", tree)
    return list(gathered.missed)


def _is_straight(folder: str, path: str) -> bool:
    """Return whether no symbolic link leads to the path."""
    return os.path.realpath(f"{folder}/{path}") == f"{os.path.realpath(folder)}/{path}"


def _unreadable_folders(view: View) -> Iterator[str]:
    """Yield unreadable folders that git does not ignore: it only warns about them."""
    closed: list[str] = []
    for _ in os.walk(view.folder, onerror=lambda error: closed.append(error.filename)):
        pass
    for path in closed:
        name = os.path.relpath(path, view.folder)
        if view.git("check-ignore", "-q", "--", name, check=False).code:
            yield name
