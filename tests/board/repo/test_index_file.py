"""Entries of an index read by hand: what git lists, or nothing at all."""

from collections.abc import Callable
from pathlib import Path

import pytest

from gitkanban.board.repo.index_file import read_entries
from tests.conftest import git

NAME = "cards/T1.yaml"


@pytest.fixture
def folder(repo: Path) -> Path:
    """A repository with some files whose names are much alike."""
    for name in (NAME, "cards/T1.yaml.x", "cards/T10.yaml", "a", "é", "T1.yaml", "x" * 200):
        (repo / name).parent.mkdir(exist_ok=True)
        (repo / name).write_text(name)
    git(repo, "add", "-A")
    return repo


def listed(repo: Path) -> dict[str, tuple[str, str]]:
    found = {}
    for line in git(repo, "ls-files", "-s", "-z").split("\0"):
        meta, _, name = line.partition("\t")
        if name:
            mode, oid, _ = meta.split(" ")
            found[name] = mode, oid
    return found


def test_every_entry_is_the_one_that_git_lists_and_no_other(folder: Path) -> None:
    (folder / "a").chmod(0o755)
    git(folder, "add", "a")
    git(folder, "update-index", "--assume-unchanged", NAME)
    expected = listed(folder)
    for name in expected:
        found = read_entries(str(folder / ".git/index"), [name])
        # Git is asked where a longer path, or anything else, ends like this one.
        assert found == {name: expected[name]} or (found is None and "/" not in name)
    for name in ("T2.yaml", "card", "cards/T1", "cards"):
        assert read_entries(str(folder / ".git/index"), [name]) == {}
    assert read_entries(str(folder / ".git/index"), ["T1.yaml"]) is None


def leave_unmerged(repo: Path) -> None:
    oid = git(repo, "hash-object", "-w", "a")
    git(repo, "rm", "-q", "--cached", NAME)
    lines = "".join(f"100644 {oid} {stage}\t{NAME}\n" for stage in (1, 2))
    git(repo, "update-index", "--index-info", input=lines)


ODD: dict[str, Callable[[Path], object]] = {
    "unmerged": leave_unmerged,
    "left out of a sparse checkout": lambda r: git(r, "update-index", "--skip-worktree", NAME),
    "about to be added": lambda r: [
        git(r, "rm", "-q", "--cached", NAME),
        git(r, "add", "-N", NAME),
    ],
    "compressed": lambda r: git(r, "update-index", "--index-version", "4"),
    "split": lambda r: git(r, "update-index", "--split-index"),
    "gone": lambda r: (r / ".git/index").unlink(),
    "no index": lambda r: (r / ".git/index").write_bytes(b"DIRX"),
}


@pytest.mark.parametrize("odd", ODD)
def test_git_is_asked_about_anything_else(folder: Path, odd: str) -> None:
    ODD[odd](folder)
    assert read_entries(str(folder / ".git/index"), [NAME]) is None
