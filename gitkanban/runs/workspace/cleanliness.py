"""Whether a worktree has anything that is nowhere else, in its files or in a repository inside it.

Things that hide changes from `git status` hide nothing here: settings that ignore submodules, index
flags that make git skip files, ignored folders with repositories in them. Files that setup left,
and nobody has changed, do not count.
"""

import os

from gitkanban.errors import GitkanbanError
from gitkanban.runs.workspace import gathering, including, nested, setupfiles, unfinished
from gitkanban.runs.workspace.nested import Nested
from gitkanban.runs.workspace.workspace_git import View, head_of

UNCOMMITTED = "changes that are not committed"


def describe_unclean(common: str, path: str, admin: str) -> str:
    """Return what would be lost with a worktree, in words; empty for a clean one.

    Raises GitFailed, OSError.
    """
    if os.path.islink(path) or not os.path.isdir(path):
        return "something else in its place"
    what = unfinished.operation(admin)
    if what:
        return f"an unfinished {what}"
    _, head = head_of(common, admin)
    with View(path, common, head, f"{admin}/index") as view:
        _look_at_all(view)
        if view.status() and _has_changes(view, admin):
            return UNCOMMITTED
        inside = nested.find(path, admin)
        own = [each.path for each in inside if _has_own(view, each)]
    return f"work in {nested.in_words(own)} that is nowhere else" if own else ""


def _look_at_all(view: View) -> None:
    """Clear the index flags that make git skip files.

    See `git help update-index`, --assume-unchanged and --skip-worktree.
    """
    rows = view.git("ls-files", "-v", "-z").out.decode("utf-8", "surrogateescape").split("\0")
    for option, marks in (
        ("--no-assume-unchanged", "abcdefghijklmnopqrstuvwxyz"),
        ("--no-skip-worktree", "Ss"),
    ):
        paths = [row[2:] for row in rows if row and row[0] in marks]
        there = [path for path in paths if os.path.lexists(f"{view.folder}/{path}")]
        if there:
            text = "\0".join(there).encode("utf-8", "surrogateescape")
            view.git("update-index", option, "-z", "--stdin", input=text)


def _has_changes(view: View, admin: str) -> bool:
    """Return whether a file differs from HEAD that neither setup nor we have put there."""
    if not setupfiles.read(admin) and not including.included(view.common, admin):
        return True
    gathered = gathering.gather(view, view.head)
    known = setupfiles.unchanged(admin, gathered.changes)
    known |= including.put_there(view.common, admin, gathered.changes)
    return bool(gathered.missed) or gathered.changes.keys() != known


def _has_own(view: View, each: Nested) -> bool:
    """Return whether a nested repository has work that is nowhere else, as far as is visible."""
    tracked = _is_tracked(view, each)
    if not each.checkout and tracked:
        return False  # committed files that look like a repository
    try:
        if each.store and nested.only_here(view.common, each):
            return True
        if not each.checkout or tracked or each.path == ".":
            return False
        return not each.store or nested.is_dirty(view.common, view.folder, each)
    except (GitkanbanError, OSError):
        return True


def _is_tracked(view: View, each: Nested) -> bool:
    """Return whether a nested repository's files are files of the worktree's own repository."""
    rows = view.git("ls-files", "-s", "-z", "--", f":(top,literal){each.path}", check=False).text
    return any(not row.startswith(gathering.LINK) for row in rows.split("\0") if row)
