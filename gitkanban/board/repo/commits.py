"""Questions to git about commits; nothing is changed."""

from gitkanban.board.repo import git
from gitkanban.late import re
from gitkanban.typed import NamedTuple

_ID = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")


def text(where: str, *args: str) -> str:
    """What git prints for a question, stripped; empty if it says no."""
    done = git.run(where, *args, check=False)
    return done.out.decode("utf-8", "surrogateescape").strip() if done.code == 0 else ""


def resolve(where: str, name: str) -> str:
    """The commit that a revision names, empty when there is none."""
    return text(where, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")


def resolve_id(where: str, text: str) -> str:
    """The commit of a whole object id, empty where it is none: for text that was not ours to write."""
    return resolve(where, text) if _ID.fullmatch(text) else ""


def is_ancestor(where: str, older: str, newer: str) -> bool:
    """Whether `newer` contains `older`; both are commits or refs that are there."""
    return git.run(where, "merge-base", "--is-ancestor", "--", older, newer, check=False).code == 0


class PathChange(NamedTuple):
    """A path that differs between two trees. Object ids are empty, and modes 0, where it is not."""

    path: str
    old_mode: str
    mode: str
    old: str
    new: str


def changes(where: str, old: str, new: str) -> list[PathChange]:
    """What differs between two commits or trees, path by path, renames as two. Raises GitFailed."""
    done = git.run(where, "diff-tree", "-r", "-z", "--raw", "--no-renames", old, new)
    fields = done.text.split("\0")
    changed = []
    for meta, path in zip(fields[0::2], fields[1::2], strict=False):
        old_mode, mode, *oids, _ = meta[1:].split(" ")
        before, after = (oid if oid.strip("0") else "" for oid in oids)
        changed.append(PathChange(path, old_mode, mode, before, new=after))
    return changed
