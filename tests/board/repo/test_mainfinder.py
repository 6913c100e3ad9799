"""The main checkout is found whatever the git directory is called and its configuration says."""

import os
from pathlib import Path

import pytest

from gitkanban.board import init
from gitkanban.board.repo import placefinder
from gitkanban.board.repo.place import Place
from gitkanban.core.changes import AddCard
from gitkanban.core.model import Card
from gitkanban.errors import NoBoard, Refused
from gitkanban.runs.workspace import worktrees
from tests.board.conftest import CONFIG, change
from tests.conftest import git


def found_alike(found: Place, *folders: Path) -> bool:
    """Whether every folder leads to the same board, main checkout and leases."""
    return {placefinder.find(str(each))._replace(here="") for each in folders} == {
        found._replace(here="")
    }


def clean(root: Path) -> bool:
    return git(root, "status", "--porcelain") == ""


def add_card(found: Place, card: str) -> None:
    change(found, AddCard(Card(card)))


@pytest.mark.parametrize("name", ["apart", ".git"])
def test_a_git_directory_that_was_put_apart(repo: Path, tmp_path: Path, name: str) -> None:
    store = tmp_path / "store" / name
    store.parent.mkdir()
    git(repo, "init", "-q", f"--separate-git-dir={store}")
    found = init.create(str(repo), config=CONFIG, files={})
    assert found.main == str(repo)
    git(repo, "worktree", "add", "-q", "-b", "feature", "../feature")
    assert found_alike(found, repo, repo / "src", store, repo.parent / "feature")
    git(repo, "config", "core.bare", "true")
    assert found_alike(found, repo, store, repo.parent / "feature")
    add_card(placefinder.find(str(repo.parent / "feature")), "T1")
    git(repo, "config", "core.bare", "false")
    assert clean(repo) and (repo / ".kanban/cards/T1.yaml").exists()
    moved = repo.rename(repo.parent / "moved")
    add_card(placefinder.find(str(moved)), "T2")  # from there it is known again
    assert clean(moved)
    assert placefinder.find(str(store)).main == str(moved)


def test_a_main_checkout_that_nobody_has_called_from_is_asked_for(
    repo: Path, tmp_path: Path
) -> None:
    store = tmp_path / "apart"
    git(repo, "init", "-q", f"--separate-git-dir={store}")
    git(repo, "worktree", "add", "-q", "-b", "feature", "../feature")
    with pytest.raises(Refused, match="main checkout"):
        init.create(str(repo.parent / "feature"), config=CONFIG, files={})


def submodule(repo: Path, at: str) -> Path:
    """The repository as a submodule of another one, which has a commit and nothing else."""
    top = repo.parent / "shop"
    git(repo.parent, "init", "-q", "-b", "main", str(top))
    git(top, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(repo), at)
    git(top, "commit", "-qm", "a submodule")
    return top / at


@pytest.mark.parametrize("at", ["lib", "libs/lib"])
def test_a_submodule_follows_and_has_its_worktrees_beside_the_superproject(
    repo: Path, at: str
) -> None:
    lib = submodule(repo, at)
    found = init.create(str(lib), config=CONFIG, files={})
    assert found.main == str(lib)
    assert found_alike(found, lib, lib / "src", Path(found.common))
    add_card(found, "T1")
    assert clean(lib) and (lib / ".kanban/cards/T1.yaml").exists()
    folder = Path(worktrees.folder_of(found))
    assert folder == repo.parent / f"shop.{at.replace('/', '.')}.worktrees"


def test_a_submodule_of_a_submodule_and_one_in_a_linked_worktree(repo: Path) -> None:
    inner = submodule(repo, "lib")
    top = inner.parent
    git(inner, "checkout", "-q", "-B", "main")
    outer = repo.parent / "outer"
    git(repo.parent, "init", "-q", "-b", "main", str(outer))
    allow = ("-c", "protocol.file.allow=always", "submodule", "--quiet")
    git(outer, *allow, "add", str(top), "shop")
    git(outer, *allow, "update", "--init", "--recursive")
    git(outer, "commit", "-qm", "all")
    lib = outer / "shop/lib"
    git(lib, "checkout", "-q", "-B", "main")
    found = init.create(str(lib), config=CONFIG, files={})
    assert (found.main, clean(lib)) == (str(lib), True)
    assert worktrees.folder_of(found) == f"{outer}.shop.lib.worktrees"
    git(top, "worktree", "add", "-q", "-b", "feature", "../feature")
    git(repo.parent / "feature", *allow, "update", "--init")
    lib = repo.parent / "feature/lib"
    git(lib, "checkout", "-q", "-B", "main")
    found = init.create(str(lib), config=CONFIG, files={})
    assert (found.main, clean(lib)) == (str(lib), True)
    assert worktrees.folder_of(found) == f"{repo.parent}/feature.lib.worktrees"


def test_core_bare_does_not_hide_a_checkout(repo: Path) -> None:
    found = init.create(str(repo), config=CONFIG, files={})
    git(repo, "worktree", "add", "-q", "-b", "feature", "../feature")
    git(repo, "config", "core.bare", "true")
    assert found_alike(found, repo, repo / "src", repo / ".git", repo.parent / "feature")
    assert placefinder.find(str(repo / "src")).here == str(repo)
    add_card(placefinder.find(str(repo.parent / "feature")), "T1")
    git(repo, "config", "core.bare", "false")
    assert clean(repo) and (repo / ".kanban/cards/T1.yaml").exists()


def test_a_repository_whose_checkout_was_given_up_is_bare(repo: Path) -> None:
    git(repo, "worktree", "add", "-q", "-b", "feature", "../feature")
    git(repo, "config", "core.bare", "true")
    for path in git(repo.parent / "feature", "ls-files").splitlines():
        (repo / path).unlink()
    assert placefinder.repository(str(repo)).main == ""


def test_a_bare_repository_beside_its_worktrees(repo: Path, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    git(tmp_path, "clone", "-q", "--bare", str(repo), str(folder / ".git"))
    git(folder / ".git", "worktree", "add", "-q", str(folder / "work"), "main")
    found = init.create(str(folder / "work"), config=CONFIG, files={})
    assert found.main == "" and clean(folder / "work")
    assert found_alike(found, folder, folder / "work", folder / ".git")


def test_core_worktree_elsewhere_is_refused(repo: Path, tmp_path: Path) -> None:
    init.create(str(repo), config=CONFIG, files={})
    git(repo, "config", "core.worktree", "..")
    assert placefinder.find(str(repo)).main == str(repo)  # it says the same
    git(repo, "config", "core.worktree", str(tmp_path))
    for folder in (repo, repo / ".git"):
        with pytest.raises((Refused, NoBoard), match=r"core\.worktree|not a git"):
            placefinder.find(str(folder))


def test_a_bare_repository_with_a_checkout_by_option_is_refused(repo: Path, tmp_path: Path) -> None:
    """As people keep the files of their home: an alias says --git-dir and --work-tree."""
    home, dotfiles = tmp_path / "home", tmp_path / "dotfiles"
    home.mkdir()
    git(tmp_path, "clone", "-q", "--bare", str(repo), str(dotfiles))
    option = (f"--git-dir={dotfiles}", f"--work-tree={home}")
    git(home, *option, "checkout", "-q", "main")
    with pytest.raises(Refused, match="index"):
        init.create(str(dotfiles), branch="kanban", config=CONFIG, files={})
    with pytest.raises(NoBoard):
        placefinder.find(str(home))
    git(home, *option, "config", "core.bare", "false")
    git(home, *option, "config", "core.worktree", str(home))
    found = init.create(str(dotfiles), config=CONFIG, files={})
    assert found.main == str(home)
    assert os.path.exists(home / ".kanban/config.yaml")
    assert git(home, *option, "status", "--porcelain", "-uno") == ""
