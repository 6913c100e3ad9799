"""Questions to git about commits; nothing is changed."""

from functools import lru_cache

from gitkanban.board.repo import git
from gitkanban.core.names import NO_OID, Oid
from gitkanban.late import re
from gitkanban.typed import NamedTuple

_ID = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")


def text(where: str, *args: str) -> str:
    """Return what a git command prints, stripped; empty if it fails."""
    done = git.run(where, *args, check=False)
    return done.out.decode("utf-8", "surrogateescape").strip() if done.code == 0 else ""


def resolve(where: str, name: str) -> Oid:
    """Return the commit that a revision names, empty when there is none."""
    words = ("--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    return Oid(text(where, "rev-parse", *words))


def resolve_id(where: str, text: str) -> Oid:
    """Return the commit of a full object id; empty for anything else, so text may be untrusted."""
    return resolve(where, text) if _ID.fullmatch(text) else NO_OID


def is_ancestor(where: str, older: str, newer: str) -> bool:
    """Return whether `newer` contains `older`; both are commits or refs that exist."""
    return git.run(where, "merge-base", "--is-ancestor", "--", older, newer, check=False).code == 0


class PathChange(NamedTuple):
    """A path that differs between two trees. Where it does not exist, id is empty and mode is 0."""

    path: str
    old_mode: str
    mode: str
    old: Oid
    new: Oid


def changes(where: str, old: str, new: str) -> list[PathChange]:
    """Return what differs between two commits or trees, a rename as two paths. Raises GitFailed."""
    done = git.run(where, "diff-tree", "-r", "-z", "--raw", "--no-renames", old, new)
    fields = done.text.split("\0")
    changed = []
    for meta, path in zip(fields[0::2], fields[1::2], strict=False):
        old_mode, mode, *oids, _ = meta[1:].split(" ")
        before, after = map(git.oid_of, oids)
        changed.append(PathChange(path, old_mode, mode, before, new=after))
    return changed


@lru_cache(maxsize=1)
def changes_below(where: str, old: Oid, new: Oid, folder: str) -> tuple[PathChange, ...]:
    """Return what differs between two commits below a folder, whose paths are relative to it.

    It is remembered: the readers of several caches ask the same. Raises GitFailed, also where one
    of the commits has no such folder.
    """
    return tuple(changes(where, f"{old}:{folder}", f"{new}:{folder}"))
