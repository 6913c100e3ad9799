"""Copies what `.worktreeinclude` names into a card's worktree: a supervisor's step, before setup.

The file has the syntax of a `.gitignore` and is read from base, never from a card's branch. It
selects files of the main checkout that git ignores there and in the worktree, such as `.env`. No
link is followed or copied, so nothing from outside the main checkout gets in. The copies are listed
where no session needs to write, and never count as a session's work.
"""

import os
import sys
from collections.abc import Mapping
from functools import lru_cache

from gitkanban import files
from gitkanban.board.repo import checkouts, git
from gitkanban.board.repo.git import Done
from gitkanban.core.names import Oid
from gitkanban.core.visible import shown
from gitkanban.errors import GitkanbanError
from gitkanban.late import re
from gitkanban.runs.supervision import spec
from gitkanban.runs.workspace.workspace_git import ChangedPath, View, head_of
from gitkanban.typed import NamedTuple

NAME = ".worktreeinclude"
MOST = 1 << 16  # bytes of a `.worktreeinclude`
_NAMED_MOST = 20  # files left out that get a notice each
_NOTHING = "000000"  # the mode of a file that a commit lacks
_ROW = re.compile(r"([0-9]{1,19}) ([0-9]{1,19}) (.+)", re.DOTALL)
_ROOM = "included"  # folder in the private one: a list for each worktree


class Included(NamedTuple):
    """A file that was copied into a worktree: its size (bytes) and time (nanoseconds) then."""

    path: str
    size: int
    time: int


def is_asked(common: str, base: str) -> bool:
    """Return whether the branch `base` has a `.worktreeinclude`. Raises GitFailed."""
    return _has_list(common, checkouts.tip_in(common, f"refs/heads/{base}"))


@lru_cache(16)
def _has_list(common: str, commit: Oid) -> bool:
    """Return whether a commit has the file. Git is asked once, as a tick may make many."""
    return bool(git.run(common, "ls-tree", commit, "--", NAME).text)


def included(common: str, admin: str) -> dict[str, Included]:
    """Return the files copied into a worktree, by path. `admin` is its git directory."""
    try:
        rows = os.fsdecode(files.read(_list_of(common, admin))).split("\0")
    except OSError:
        return {}
    matches = filter(None, map(_ROW.fullmatch, rows))
    return {row[3]: Included(row[3], int(row[1]), int(row[2])) for row in matches}


def put_there(common: str, admin: str, changes: Mapping[str, ChangedPath]) -> set[str]:
    """Return the changed paths that are our copies. Paths that HEAD has are work instead."""
    ours = included(common, admin) if changes else {}
    return {path for path, each in changes.items() if path in ours and each.before == _NOTHING}


def forget(common: str, admin: str) -> None:
    """Drop the list of a worktree that is gone. Raises OSError."""
    files.remove(_list_of(common, admin))


def _list_of(common: str, admin: str) -> str:
    return f"{common}/gitkanban/{_ROOM}/{os.path.basename(admin)}"


def include(common: str, main: str, base: str, path: str, admin: str) -> list[str]:
    """Copy what base names from the main checkout into the worktree at `path`.

    A file that is already there stays, unless it is our copy and nobody changed it since. Return
    notices about files left out. Raises GitFailed, OSError.
    """
    before = included(common, admin)
    wanted = _included_files(common, main, base)
    ignored = _ignored_in_worktree(common, path, admin, wanted)
    notices = [f"{each} is not ignored in the worktree" for each in wanted if each not in ignored]
    now = dict[str, Included]()
    for name in wanted:
        known = before.get(name)
        if name not in ignored or (
            os.path.lexists(f"{path}/{name}") and not _is_as_put(path, known)
        ):
            continue
        try:
            cloned = files.clone(f"{main}/{name}", f"{path}/{name}", below=main, to_below=path)
        except (files.InTheWay, PermissionError, FileNotFoundError) as error:
            notices.append(f"{name}: {error.strerror}")
            continue
        now[name] = Included(name, cloned.st_size, cloned.st_mtime_ns)
    still = {name: each for name, each in before.items() if os.path.lexists(f"{path}/{name}")}
    _write_list(common, admin, still | now)
    more = len(notices) - _NAMED_MOST
    return [*notices[:_NAMED_MOST], *([f"and {more} more"] if more > 0 else [])]


def _is_as_put(path: str, known: Included | None) -> bool:
    if known is None:
        return False
    status = os.lstat(f"{path}/{known.path}")
    return (status.st_size, status.st_mtime_ns) == (known.size, known.time)


def _write_list(common: str, admin: str, rows: dict[str, Included]) -> None:
    text = "".join(f"{each.size} {each.time} {each.path}\0" for _, each in sorted(rows.items()))
    files.replace(_list_of(common, admin), os.fsencode(text), lasting=False, make=True)


def _included_files(common: str, main: str, base: str) -> list[str]:
    """Return the plain files of the main checkout that base names and git ignores, sorted."""
    text = git.run(common, "cat-file", "blob", f"refs/heads/{base}:{NAME}").out[:MOST]
    rules = f"{common}/gitkanban/{_ROOM}/rules.{os.urandom(8).hex()}"
    files.replace(rules, text, lasting=False, make=True)
    try:
        listed = git.run(main, "ls-files", "-z", "--others", "--ignored", f"--exclude-from={rules}")
    finally:
        files.remove(rules)
    matching = [each for each in _listed_names(listed) if _is_file(f"{main}/{each}")]
    ignored = set(
        _listed_names(git.run(main, *_IGNORED, input=_names_as_input(matching), check=False))
    )
    return sorted(ignored.intersection(matching))


def _ignored_in_worktree(common: str, path: str, admin: str, names: list[str]) -> set[str]:
    if not names:
        return set()
    _, head = head_of(common, admin)
    with View(path, common, head, f"{admin}/index") as view:
        return set(_listed_names(view.git(*_IGNORED, input=_names_as_input(names), check=False)))


_IGNORED = ("check-ignore", "-z", "--stdin")  # it leaves out tracked files


def _is_file(path: str) -> bool:
    """Return whether it is a plain file; git lists nested repositories as folders."""
    return os.path.isfile(path) and not os.path.islink(path)


def _listed_names(done: Done) -> list[str]:
    return [name for name in os.fsdecode(done.out).split("\0") if name]


def _names_as_input(names: list[str]) -> bytes:
    return os.fsencode("".join(f"{name}\0" for name in names))


def main(argv: list[str]) -> int:
    """`including RUN_FOLDER`: the step of that run's supervisor."""
    its_spec = spec.read(f"{argv[0]}/spec")
    words = (its_spec.one(name) for name in ("common", "main", "base", "workspace", "admin"))
    try:
        for line in include(*words):
            print(f"left out: {shown(line)}")
    except (GitkanbanError, OSError) as error:
        print(f"{NAME}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
