"""A board may choose where worktrees lie, but not where git, a shell,
or another repository looks.
"""

import os
from pathlib import Path

import pytest

from gitkanban.board.repo.placefinder import find
from gitkanban.errors import Refused
from gitkanban.runs.workspace import worktree_places, worktrees
from tests.conftest import git
from tests.runs.places import place_of


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    return folder


@pytest.mark.parametrize(
    ("folder", "why"),
    [
        ("~", "settings"),
        ("~/.config", "settings"),
        ("~/.ssh/x/y", "settings"),
        ("~/x/../.local/bin", "settings"),
        (".git", "lies in a git directory"),
        (".git/hooks", "lies in a git directory"),
        ("../bare.git/worktrees", "lies in a git directory"),
        ("../other", "lies in the checkout"),
        ("../other/a/b", "lies in the checkout"),
        ("inside/link", "settings"),
        ("linked/link", "lies in the checkout"),
    ],
)
def test_a_folder_that_others_read_is_refused(
    repo: Path, home: Path, folder: str, why: str
) -> None:
    git(repo.parent, "init", "-q", "--bare", "bare.git")
    git(repo.parent, "init", "-q", "other")
    (home / ".config").mkdir()
    for name, target in (("inside", home / ".config"), ("linked", repo.parent / "other")):
        (repo / name).mkdir()
        (repo / name / "link").symlink_to(target)
    with pytest.raises(Refused, match=why):
        worktree_places.check_folder(place_of(repo), folder)


@pytest.mark.parametrize("folder", ["", "wt", ".worktrees", "../wt", "~/wt", "/srv/wt"])
def test_others_are_fine(repo: Path, home: Path, folder: str) -> None:
    worktree_places.check_folder(place_of(repo), folder)


def test_a_repository_in_a_hidden_folder_may_keep_its_worktrees_there(home: Path) -> None:
    git(home, "init", "-q", ".dots/shop")
    worktree_places.check_folder(place_of(home / ".dots/shop"), "../wt")
    with pytest.raises(Refused):
        worktree_places.check_folder(place_of(home / ".dots/shop"), "~/.config")


def test_a_home_that_is_a_checkout_gives_away_none_of_its_hidden_folders(home: Path) -> None:
    git(home, "init", "-q")
    worktree_places.check_folder(place_of(home), "wt")
    with pytest.raises(Refused):
        worktree_places.check_folder(place_of(home), ".config")


def test_the_owner_of_the_machine_decides(repo: Path, home: Path) -> None:
    place = place_of(repo)._replace(worktrees="~/.cache/wt")
    worktree_places.check_folder(place, "~/.config")
    assert worktrees.path_of(place, "T1", "~/.config") == f"{home}/.cache/wt/T1"


def test_what_git_is_configured_with_is_the_owners_word(repo: Path) -> None:
    from gitkanban.board.init import create

    create(str(repo), config="version: 1\nkanban:\n  workers: {}\n", files={})
    git(repo, "config", "gitkanban.worktrees", "/srv/mine")
    place = find(str(repo))
    assert worktrees.path_of(place, "T1", "theirs") == "/srv/mine/T1"


def status(checkout: Path) -> str:
    return git(checkout, "status", "--porcelain")


@pytest.mark.parametrize("folder", ["wt", "a b/wt", "odd[1]*"])
def test_a_folder_in_the_checkout_is_hidden(repo: Path, folder: str) -> None:
    (repo / folder / "T1").mkdir(parents=True)
    (repo / folder / "T1" / "file").touch()
    assert status(repo)
    worktree_places.hide(str(repo / folder))
    assert status(repo) == ""
    (repo / "odd1x").mkdir()
    (repo / "odd1x" / "file").touch()
    assert "odd1x" in status(repo), "a pattern stands for the folder alone"


def test_a_default_that_falls_into_a_checkout_around_it_is_hidden_there(tmp_path: Path) -> None:
    outer = tmp_path / "outer"
    git(tmp_path, "init", "-q", "outer")
    git(outer, "init", "-q", "shop")
    before = status(outer)
    place = place_of(outer / "shop")
    folder = Path(worktrees.folder_of(place))
    (folder / "T1").mkdir(parents=True)
    (folder / "T1" / "file").touch()
    worktree_places.hide(str(folder))
    assert status(outer) == before
    assert os.path.commonpath([folder, outer]) == str(outer)


def test_a_folder_that_is_only_called_git_makes_no_checkout(repo: Path, home: Path) -> None:
    (repo.parent / ".git").mkdir()
    worktree_places.check_folder(place_of(repo), "../beside")
    worktree_places.hide(f"{repo}.worktrees")
    assert list((repo.parent / ".git").iterdir()) == []
