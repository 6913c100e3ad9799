"""A full or read-only disk: errors of one line, nothing lost, and all is well once it is mended."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from gitkanban.board import store
from gitkanban.board.repo import placefinder
from gitkanban.board.repo.place import Place
from gitkanban.core.changes import AddNote, EditCard
from gitkanban.core.model import Card, Note
from gitkanban.errors import GitkanbanError
from tests.board.conftest import change, checkout_of, is_clean, make_board, read_card
from tests.conftest import git

PAGE = 4096


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root can mount a small disk to fill")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.fixture
def board(disk: Path, form: str) -> Place:
    """A board on the small disk, with two cards."""
    repo = disk / "repo"
    repo.mkdir()
    git(repo, "init", "-q", "-b", "main")
    git(repo, "commit", "-qm", "start", "--allow-empty")
    return make_board(repo, form, Card("T0"), Card("T1"))


def fill(disk: Path, leave: int) -> Path:
    """A file that leaves so many pages of the disk."""
    path = disk / "filler"
    free = os.statvfs(disk).f_bavail
    with open(path, "wb") as file:
        for _ in range(free - leave):
            file.write(b"\0" * PAGE)
            file.flush()
    return path


def assert_sound(place: Place) -> None:
    assert git(Path(place.common), "fsck", "--no-dangling", "--no-progress") == ""
    assert list(Path(place.common).rglob("*.lock")) == []
    assert list(Path(place.main).rglob("*.part")) == []
    assert not store.read(place).problems


def test_a_disk_that_fills_up_at_any_point_of_a_commit_loses_nothing(
    disk: Path, board: Place
) -> None:
    failed = 0
    for leave in range(18):
        filler = fill(disk, leave)
        before = read_card(board, "T0")
        try:
            change(
                board,
                EditCard("T0", {"priority": leave + 1, "title": f"round {leave}"}),
                AddNote(Note(f"n{leave}", "T0", text="x" * 5000)),
            )
        except (GitkanbanError, OSError) as error:
            assert "\n" not in str(error)
            failed += 1
            assert read_card(board, "T0") == before
        else:
            assert read_card(board, "T0").priority == leave + 1
        filler.unlink()
        assert_sound(board)

    assert failed
    change(board, EditCard("T1", {"title": "after"}))
    assert read_card(board, "T1").title == "after"
    assert is_clean(board)


def test_a_read_only_disk_can_be_read_and_says_so_when_written(disk: Path, board: Place) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    try:
        assert placefinder.find(board.main) == board
        before = store.read(board)
        assert set(before.cards) == {"T0", "T1"}
        with pytest.raises((GitkanbanError, OSError), match=r"(?i)read-only") as error:
            change(board, EditCard("T0", {"title": "no"}))
        assert "\n" not in str(error.value)
        assert store.read(board) == before
    finally:
        subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)
    change(board, EditCard("T0", {"title": "yes"}))
    assert read_card(board, "T0").title == "yes"
    assert is_clean(board)
    assert checkout_of(board).is_dir()
