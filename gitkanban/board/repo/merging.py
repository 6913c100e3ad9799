"""Two commits merged as git merges them, in no checkout of anybody: by `git merge-tree`.

Merge drivers, `merge.renormalize` and renames work as configured, with the attributes of our side's
tree. Git below 2.43 reads attributes from a working tree only, so a temporary one has just those
files. Where that is not enough (git below 2.38 has no such `merge-tree`; a driver's program is in
the tree), our whole side is checked out there, and `git merge` is run in it. No ref moves; the
objects are on the disk.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from gitkanban.board.repo import git, operations
from gitkanban.board.repo.new_objects import NewObjects
from gitkanban.board.repo.scratch import scratch_in
from gitkanban.core.names import Oid
from gitkanban.errors import GitFailed
from gitkanban.late import re
from gitkanban.typed import NamedTuple

_NO_SUCH_OPTION = 129  # how git ends on options that it does not know
_READ_AT_ROOT = (b".gitattributes", b".gitmodules")  # git reads .gitmodules at the root only
# The working tree is complete, and nothing watches it. Hooks, signatures and recorded resolutions
# must not change the result of a merge.
_SETTINGS = (
    *git.PLAIN, "-c", "core.fsmonitor=false", "-c", "core.sparseCheckout=false",
    "-c", "rerere.enabled=false", "-c", "merge.verifySignatures=false",
)  # fmt: skip
_NOBODY = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "nobody"), ("EMAIL", ""), ("DATE", "@0 +0000"))
}


class TreeMerge(NamedTuple):
    """The result of a merge. With conflicts the tree has git's conflict markers."""

    tree: Oid
    clean: bool
    conflicts: tuple[str, ...] = ()  # files


class Merger:
    """Merges branches into one commit, `ours`. Use `merger` to get one."""

    def __init__(self, common: str, ours: Oid, folder: str) -> None:
        self.common, self.ours = common, ours
        self.admin, self.tree = f"{folder}/admin", f"{folder}/tree"
        self._whole: bool | None = None  # whether all of our side is checked out

    def merge(self, theirs: Oid) -> TreeMerge:
        """Merge a commit that shares history with ours. Raises GitFailed, OSError."""
        if self._whole is None:
            self._begin()
        if not self._whole:
            words = ("merge-tree", "--write-tree", "-z", "--name-only", "--messages")
            done = self._git(*words, "HEAD", theirs, check=False)
            if done.code != _NO_SUCH_OPTION:
                return _from_merge_tree(done)
            self._whole = True
        return self._by_hand(theirs)

    def _begin(self) -> None:
        """Make a temporary git directory that shares everything with the repository's but HEAD."""
        os.mkdir(self.admin)
        os.mkdir(self.tree)
        for name, text in (("HEAD", self.ours), ("commondir", self.common)):
            with open(f"{self.admin}/{name}", "wb") as file:
                file.write(os.fsencode(f"{text}\n"))
        self._whole = _runs_from_tree(self.common, self.ours)
        if not self._whole:
            self._write_attributes()

    def _git(self, *words: str, check: bool = True) -> git.Done:
        which = (f"--git-dir={self.admin}", f"--work-tree={self.tree}")
        return git.run(self.tree, *which, *_SETTINGS, *words, check=check)

    def _write_attributes(self) -> None:
        listed = git.run(self.common, "ls-tree", "-r", "-z", self.ours).out.split(b"\0")
        for entry in listed:
            meta, _, path = entry.partition(b"\t")
            name = path.rpartition(b"/")[2]
            if meta.startswith(b"100") and (path in _READ_AT_ROOT or name == _READ_AT_ROOT[0]):
                content = git.run(self.common, "cat-file", "blob", meta.split()[2].decode()).out
                target = os.path.join(os.fsencode(self.tree), path)
                os.makedirs(os.path.dirname(target), exist_ok=True)
                with open(target, "wb") as file:
                    file.write(content)

    def _by_hand(self, theirs: Oid) -> TreeMerge:
        self._git("read-tree", "--reset", "-u", self.ours)
        done = self._git("merge", "--no-commit", "--no-ff", theirs, check=False)
        unmerged = self._git("ls-files", "-u", "-z").text.split("\0")
        paths = {entry.partition("\t")[2] for entry in unmerged if entry}
        if done.code not in (0, 1):
            raise GitFailed(f"git merge: {done.last}")
        if paths:  # as merge-tree does: what lies there
            self._git("add", "--all", "--force")
        elif done.code:  # a conflict that leaves no file in conflict
            paths = {line for line in done.lines if line.startswith("CONFLICT")}
        tree = self._git("write-tree").oid
        for name in (operations.MERGE.sign, *operations.MERGE.files):
            if os.path.exists(f"{self.admin}/{name}"):
                os.unlink(f"{self.admin}/{name}")
        return TreeMerge(tree, not done.code, tuple(sorted(paths)))


@contextmanager
def merger(common: str, ours: Oid) -> Iterator[Merger]:
    """Give a `Merger` into the commit `ours`, and remove its temporary files at the end."""
    private = f"{common}/gitkanban"
    os.makedirs(private, exist_ok=True)
    with scratch_in(private) as folder:
        yield Merger(common, ours, folder)


def merge_trees(common: str, base: Oid, ours: Oid, theirs: Oid) -> TreeMerge:
    """Merge three trees, with `base` as the common ancestor. Raises GitFailed, OSError."""
    start = passing_commit(common, base)
    one, other = (passing_commit(common, tree, start) for tree in (ours, theirs))
    with merger(common, one) as merging:
        return merging.merge(other)


def passing_commit(common: str, tree: Oid, *parents: Oid) -> Oid:
    """Make a commit of a tree (or of a commit's tree) that no ref will ever point at."""
    words = [word for parent in parents for word in ("-p", parent)]
    return git.run(
        common, "commit-tree", *words, "-m", "kanban", f"{tree}^{{tree}}", env=_NOBODY
    ).oid


def with_folder(common: str, tree: Oid, name: str, folder: Oid) -> Oid:
    """Return the tree with `folder` as `name` at its root; an empty `folder` removes that entry.

    `tree` may be a commit. Raises GitFailed, OSError.
    """
    with NewObjects(common) as new:
        if folder and new.missing([folder]):
            raise GitFailed(f"{folder[:10]} is not in the repository", git.FSCK)
        changed = new.with_folder(new.reader.tree_of(tree), os.fsencode(name), folder)
        new.write()
    return changed


def _from_merge_tree(done: git.Done) -> TreeMerge:
    if done.code not in (0, 1):  # it may have crashed
        raise GitFailed(f"git merge-tree: {done.last}")
    printed, *rest = done.text.split("\0")
    tree = Oid(printed)
    end = rest.index("") if "" in rest else len(rest)
    if not done.code:
        return TreeMerge(tree, True)
    return TreeMerge(tree, False, tuple(rest[:end] or _named_in(rest[end + 1 :])))


def _named_in(messages: list[str]) -> Iterator[str]:
    """Yield the paths of conflicts for which git leaves no file in conflict.

    A message is: the number of paths, the paths, its kind, its text (`git help merge-tree`).
    """
    fields = iter(messages)
    for count in fields:
        if count.isdigit():
            paths = [next(fields, "") for _ in range(int(count))]
            kind, _ = next(fields, ""), next(fields, "")
            if kind.startswith("CONFLICT"):
                yield from paths


def _runs_from_tree(common: str, ours: Oid) -> bool:
    """Return whether a merge driver or a filter is a program in the tree itself."""
    asked = (
        "config",
        "-z",
        "--get-regexp",
        r"^(merge\..*\.driver|filter\..*\.(clean|smudge|process))$",
    )
    entries = git.run(common, *asked, check=False).text.split("\0")
    commands = "\n".join(entry.partition("\n")[2] for entry in entries)
    words = {
        word for word in re.split(r"[\s'\"();&|<>]+", commands) if word[:1] not in ("/", "-", "%")
    }
    paths = {os.path.normpath(word) for word in words if word} - {"."}
    text = "".join(f"{ours}:{path}\n" for path in sorted(paths))
    if not text:
        return False
    listed = git.run(
        common, "cat-file", "--batch-check", input=text.encode("utf-8", "surrogateescape")
    )
    return b" blob " in listed.out
