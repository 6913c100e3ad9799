"""Trees taken apart, edited and put together: as git does it, whichever way they are read."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitkanban.board.repo import new_objects
from gitkanban.board.repo.merging import with_folder
from gitkanban.board.repo.new_objects import FOLDER, NewObjects
from gitkanban.core.names import NO_OID, Oid
from gitkanban.errors import GitFailed
from tests.conftest import git
from tests.support.examples import examples

NAMES = st.binary(min_size=1, max_size=5).filter(
    lambda name: b"/" not in name and b"\0" not in name and name not in (b".", b"..", b".git")
)
MODES = st.sampled_from(["100644", "100755", "120000", "160000", FOLDER])
IDS = st.sampled_from([b"\0" * 20, b" a\0" * 6 + b"ab", bytes(range(20))])  # as hard as they come


def tree_of(entries: dict[bytes, tuple[str, bytes]]) -> bytes:
    """Return a tree as git writes it: sorted as if folders' names ended in a slash."""
    ordered = sorted(entries.items(), key=lambda e: e[0] + b"/" * (e[1][0] == FOLDER))
    return b"".join(b"%s %s\0%s" % (mode.encode(), n, oid) for n, (mode, oid) in ordered)


@given(st.dictionaries(NAMES, st.tuples(MODES, IDS)))
@examples(200)
def test_every_entry_of_a_tree_is_found(entries: dict[bytes, tuple[str, bytes]]) -> None:
    tree = new_objects._Tree(tree_of(entries))
    read = {name: tree.find(name) for name in entries}
    assert read == {name: (mode, oid.hex()) for name, (mode, oid) in entries.items()}
    keys, starts = tree._sorted_keys
    assert keys == sorted(keys) and len(keys) == len(entries) and starts[-1] == len(tree.raw)


@pytest.mark.parametrize("head", ["100644 \0", "40000 \0", "+40000 a\0", " a\0", "a\0", "100644 a"])
@pytest.mark.parametrize("before", [b"", tree_of({b"a": ("100644", b"1" * 20)})])
def test_an_entry_without_a_mode_a_name_or_an_end_is_refused(head: str, before: bytes) -> None:
    with pytest.raises(GitFailed, match="tree of the repository is damaged"):
        _ = new_objects._Tree(before + head.encode() + b"x" * 20)._sorted_keys


@given(st.binary(max_size=60), st.integers(0, 60))
@examples(200)
def test_a_damaged_tree_is_refused(noise: bytes, cut: int) -> None:
    """What is not refused is a tree: put together again from its entries it is the same."""
    raw = tree_of({b"a": ("100644", b"1" * 20), b"b": (FOLDER, b"2" * 20)})
    raw = raw[:cut] + noise
    try:
        keys, starts = new_objects._Tree(raw)._sorted_keys
    except GitFailed:
        return
    for key, start, end in zip(keys, starts, starts[1:], strict=False):
        mode, _, name = raw[start : end - 21].partition(b" ")
        assert (
            mode
            and not mode.strip(b"01234567")
            and name
            and b"\0" not in name
            and raw[end - 21] == 0
        )
        assert key == (name + b"/" if int(mode, 8) == int(FOLDER, 8) else name)
    assert starts[0] == 0 and starts[-1] == len(raw)


@pytest.mark.parametrize("name", ["b", "b.c", "new"])
@pytest.mark.parametrize("start", ["commit", "tree"])
def test_a_folder_replaced_at_the_root_is_where_git_has_it(
    repo: Path, name: str, start: str
) -> None:
    with NewObjects(str(repo / ".git")) as objects:
        inner = objects.tree({b"x": ("100644", b"one")})
        files = {b"b/old": ("100644", b"2"), b"b.c": ("100644", b"3"), b"b0": ("100644", b"4")}
        tree = objects.tree(files)
        objects.write()
    given = Oid(git(repo, "commit-tree", "-m", "x", tree) if start == "commit" else tree)
    common = str(repo / ".git")
    changed = with_folder(common, given, name, inner)
    git(repo, "read-tree", tree)
    git(repo, "rm", "-r", "-q", "--cached", "--ignore-unmatch", name)
    without = git(repo, "write-tree")
    git(repo, "read-tree", f"--prefix={name}/", inner)
    assert changed == git(repo, "write-tree")
    assert with_folder(common, changed, name, NO_OID) == without
    git(repo, "fsck", "--strict", changed)


def test_a_folder_that_is_not_there_is_put_nowhere(repo: Path) -> None:
    tree = Oid(git(repo, "rev-parse", "main^{tree}"))
    with pytest.raises(GitFailed, match="1111111111 is not in the repository"):
        with_folder(str(repo / ".git"), tree, ".kanban", Oid("1" * 40))


def test_a_tree_edited_here_is_the_tree_that_git_writes(repo: Path) -> None:
    with NewObjects(str(repo / ".git")) as objects:
        files = {b"a/b": ("100644", b"one"), b"a.b": ("100644", b"two"), b"a0": ("100755", b"3")}
        tree = objects.tree(files)
        objects.write()
    listed = subprocess.run(
        ["git", "ls-tree", "-r", tree], cwd=repo, capture_output=True, check=True, timeout=60
    ).stdout
    made = subprocess.run(
        ["git", "mktree"], cwd=repo, capture_output=True, check=True, timeout=60,
        input=subprocess.run(["git", "ls-tree", tree], cwd=repo, capture_output=True, check=True, timeout=60).stdout,
    ).stdout.decode().strip()  # fmt: skip
    assert made == tree and len(listed.splitlines()) == 3
