"""The files that a worker's setup left in a worktree: no work, as long as nobody changes them.

They are listed in the worktree's git directory; the list is removed with it.
"""

from gitkanban import files
from gitkanban.runs.workspace.workspace_git import ChangedPath

_LIST = "gitkanban-setup-files"


def note(admin: str, changes: dict[str, ChangedPath]) -> None:
    """List what differs from the branch once setup has run on a new worktree. Raises OSError."""
    text = "".join(f"{each.mode} {each.oid} {path}\0" for path, each in sorted(changes.items()))
    files.replace(f"{admin}/{_LIST}", text.encode("utf-8", "surrogateescape"), lasting=False)


def read(admin: str) -> dict[str, tuple[str, str]]:
    """Return path -> (mode, object id) of what setup left; empty if nothing is listed."""
    try:
        with open(f"{admin}/{_LIST}", "rb") as file:
            rows = file.read().decode("utf-8", "surrogateescape").split("\0")
    except OSError:
        return {}
    fields = [row.split(" ", 2) for row in rows]
    return {row[2]: (row[0], row[1]) for row in fields if len(row) == 3}


def unchanged(admin: str, changes: dict[str, ChangedPath]) -> set[str]:
    """Return which of the changed paths are as setup left them."""
    known = read(admin)
    return {path for path, each in changes.items() if known.get(path) == (each.mode, each.oid)}
