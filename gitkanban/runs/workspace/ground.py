"""The folder of a worktree as its session left it, compared with what was made.

How it was made is known from the run and from git's own directory, never from the folder itself.
Links are not followed.
"""

import os
import stat

from gitkanban import files
from gitkanban.board.repo import checkouts
from gitkanban.runs.workspace.workspace_git import read_plain

INTACT, CHANGED, REPLACED, GONE = "intact", "changed", "replaced", "gone"


def look(path: str, admin: str) -> tuple[str, str]:
    """Return the state of a worktree, and the same in words.

    `path` is its folder, `admin` its git directory. A `changed` worktree can be set right in place;
    of a `replaced` one only the files are of interest; a `gone` one has no files.
    """
    kind = _kind_of(path)
    if not kind:
        return GONE, "its workspace was deleted while it ran"
    if kind != "folder":
        return GONE, f"its workspace was replaced by a {kind}"
    if _kind_of(admin) != "folder" or _kind_of(f"{admin}/HEAD") != "file":
        return REPLACED, "the git directory of its workspace was removed"
    if _kind_of(f"{path}/.git") == "folder":
        return REPLACED, "its workspace was turned into a repository of its own"
    if not _points_to(path, admin):
        return CHANGED, "the .git file of its workspace was changed"
    if _kind_of(f"{admin}/index") not in ("file", ""):
        return CHANGED, "the index of its workspace was replaced"
    if any(
        _first_line(f"{admin}/{name}") != text for name, text in _admin_facts(path, admin).items()
    ):
        return CHANGED, "the git directory of its workspace was changed"
    return INTACT, ""


def _kind_of(path: str) -> str:
    """Return `folder`, `file`, `link`, or `device` for anything else; empty: nothing is there."""
    try:
        mode = os.lstat(path).st_mode
    except OSError:
        return ""
    kinds = {stat.S_IFDIR: "folder", stat.S_IFREG: "file", stat.S_IFLNK: "link"}
    return kinds.get(stat.S_IFMT(mode), "device")


def _first_line(path: str) -> str:
    return read_plain(path).partition("\n")[0].partition("\0")[0]


def points_at(path: str) -> str:
    """Return the git directory that a worktree's `.git` file names, links resolved; else ""."""
    kind, _, target = _first_line(f"{path}/.git").partition(": ")
    # The path may be relative to the folder (`worktree.useRelativePaths`).
    return os.path.realpath(os.path.join(path, target)) if kind == "gitdir" else ""


def _points_to(path: str, admin: str) -> bool:
    return points_at(path) == os.path.realpath(admin)


def _admin_facts(path: str, admin: str) -> dict[str, str]:
    """Return what the files of a worktree's git directory contain when nobody changed them."""
    back = _first_line(f"{admin}/gitdir")
    same = os.path.realpath(os.path.join(admin, back)) == os.path.realpath(f"{path}/.git")
    return {"commondir": "../..", "gitdir": back if same and back else f"{path}/.git"}


def set_right(path: str, admin: str, run: str) -> list[str]:
    """Restore a worktree to the way it was made, once its content is safe, and return notices.

    If that cannot be done in place, the whole folder is moved aside. Raises OSError.
    """
    what, words = look(path, admin)
    if what == INTACT or not _kind_of(path):
        return []
    if what != CHANGED:
        aside = free_name(f"{path}.{run}")
        os.rename(path, aside)
        return [f"what was left there is in {aside}"]
    if not _points_to(path, admin):
        # If it is a device or a link, the final rename replaces it by a file.
        files.replace(f"{path}/.git", os.fsencode(f"gitdir: {admin}\n"), lasting=False)
    if _kind_of(f"{admin}/index") not in ("file", ""):
        os.rename(f"{admin}/index", free_name(f"{admin}/index.{run}"))
    for name, text in _admin_facts(path, admin).items():
        if _first_line(f"{admin}/{name}") != text:
            files.replace(f"{admin}/{name}", os.fsencode(f"{text}\n"), lasting=False)
    return [f"{words}; it is set right"]


def free_name(path: str) -> str:
    """Return the path, with a number after it if something is already there."""
    number, name = 1, path
    while os.path.lexists(name):
        number += 1
        name = f"{path}-{number}"
    return name


def attach(admin: str, branch: str) -> None:
    """Point a worktree's HEAD at a branch; its files and its index stay. Raises OSError."""
    files.replace(f"{admin}/HEAD", f"ref: refs/heads/{branch}\n".encode(), lasting=False)


def registered(common: str, path: str) -> str:
    """Return the git directory of the worktree registered at `path`; empty if there is none."""
    top = f"{common}/worktrees"
    names = os.listdir(top) if os.path.isdir(top) else []
    real = os.path.realpath(path)
    for name in [os.path.basename(path), *names]:
        admin = f"{top}/{name}"
        root = "" if os.path.islink(admin) else checkouts.root_of(admin)
        # Cheaper than to resolve every path: only a link has another name than what it leads to.
        same = os.path.basename(root) == os.path.basename(real) or os.path.islink(root)
        if same and os.path.realpath(root) == real:
            return admin
    named = points_at(path)  # after a power loss, that may be all that is left of the two links
    lost = named and os.path.isdir(named) and not checkouts.line(f"{named}/gitdir")
    return named if lost and os.path.dirname(named) == os.path.realpath(top) else ""
