"""Packed refs are read from whatever lies there, also in a repository that a session has made."""

import os
from pathlib import Path

import pytest

from gitkanban.board.repo import ref_files
from tests.conftest import git


def test_the_refs_that_git_packed_are_read(repo: Path) -> None:
    git(repo, "tag", "-am", "annotated", "v1")
    git(repo, "pack-refs", "--all")
    listed = git(repo, "for-each-ref", "--format=%(refname) %(objectname)").splitlines()
    assert [f"{ref} {at}" for ref, at in ref_files.packed(str(repo / ".git"))] == listed


def test_there_may_be_none(repo: Path) -> None:
    assert list(ref_files.packed(str(repo / ".git"))) == []


def test_odd_lines_are_passed_over(tmp_path: Path) -> None:
    text = b"# pack-refs\n refs/heads/a\n\n^\nrefs/heads/b\n\xff refs/heads/c\n12 r\n"
    (tmp_path / "packed-refs").write_bytes(text)
    assert list(ref_files.packed(str(tmp_path))) == [("refs/heads/c", "\udcff"), ("r", "12")]


@pytest.mark.timeout(180)
@pytest.mark.parametrize("what", ["pipe", "folder", "endless"])
def test_what_is_no_file_is_refused_at_once(tmp_path: Path, what: str) -> None:
    path = tmp_path / "packed-refs"
    if what == "pipe":
        os.mkfifo(path)
    elif what == "folder":
        path.mkdir()
    else:
        path.symlink_to("/dev/zero")
    with pytest.raises(OSError):
        list(ref_files.packed(str(tmp_path)))
