"""One board from anywhere: the order in which it is looked for, and what is refused."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gitkanban.board import init, store
from gitkanban.board.repo import clone, placefinder
from gitkanban.board.repo.place import Place
from gitkanban.core.changes import AddCard, EditCard
from gitkanban.core.model import Card
from gitkanban.errors import GitFailed, NoBoard, Refused
from tests.board import boards
from tests.board.conftest import CONFIG, change, make_board, root_of
from tests.conftest import git


def test_every_folder_of_the_repository_finds_the_same_board(
    repo: Path, kanban: Callable[..., Place]
) -> None:
    here = kanban(Card("T1"))
    git(repo, "worktree", "add", "-q", "-b", "feature", "../feature")
    folders = [
        repo,
        repo / "src",
        repo / ".kanban" / "cards",
        repo / ".git",
        repo.parent / "feature",
    ]
    assert {placefinder.find(str(folder))._replace(here="") for folder in folders} == {
        here._replace(here="")
    }


def test_a_worktree_that_is_just_being_made_is_in_nobodys_way(repo: Path) -> None:
    here = make_board(repo, "in-tree", Card("T1"))
    half = repo / ".git" / "worktrees" / "half"
    half.mkdir(parents=True)
    (half / "gitdir").write_text(f"{repo.parent}/half/.git\n")
    (half / "commondir").write_text("")  # git makes the file first, and fills it then
    assert placefinder.find(str(repo))._replace(here="") == here._replace(here="")


def test_a_linked_worktrees_own_copy_is_never_the_board(repo: Path) -> None:
    here = make_board(repo, "in-tree", Card("T1", title="old"))
    git(repo, "worktree", "add", "-q", "-b", "feature", "../feature")
    stale = repo.parent / "feature"
    change(here, EditCard("T1", {"title": "new"}))
    (stale / ".kanban/cards/T2.yaml").write_text("id: T2\n\ntitle: not on the board\n")
    board = store.read(placefinder.find(str(stale)))
    assert {card.id: card.title for card in board.cards.values()} == {"T1": "new"}
    # A change made from there goes to the board, and the copy stays what it was.
    change(placefinder.find(str(stale)), EditCard("T1", {"title": "newer"}))
    assert store.read(here).cards["T1"].title == "newer"
    assert "title: old" in (stale / ".kanban/cards/T1.yaml").read_text()
    assert git(stale, "status", "--porcelain") == "?? .kanban/cards/T2.yaml"


def test_switching_branches_does_not_move_the_board(
    repo: Path, kanban: Callable[..., Place]
) -> None:
    here = kanban(Card("T1"))
    git(repo, "switch", "-q", "--orphan", "elsewhere")
    assert placefinder.find(str(repo)) == here
    change(here, EditCard("T1", {"title": "still here"}))
    git(repo, "switch", "-q", "main")
    card = root_of(here) / "cards/T1.yaml"
    assert "still here" in card.read_text()


@pytest.mark.parametrize("where", ["main checkout", "linked worktree", "bare"])
def test_what_a_hook_exports_does_not_mislead(
    repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    here = make_board(repo, "in-tree", Card("T1"))
    folder = repo
    if where == "linked worktree":
        folder = tmp_path / "feature"
        git(repo, "worktree", "add", "-q", "-b", "feature", str(folder))
    monkeypatch.setenv("GIT_DIR", git(folder, "rev-parse", "--absolute-git-dir"))
    if where == "bare":
        folder = tmp_path / "bare.git"
        git(tmp_path, "clone", "-q", "--bare", str(repo), str(folder))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "an-index"))
    monkeypatch.setenv("GIT_PREFIX", "src/")
    found = placefinder.find(str(folder))
    assert found.common == (str(folder) if where == "bare" else here.common)
    assert change(found, EditCard("T1", {"title": "from a hook"})).commit
    assert not (tmp_path / "an-index").exists()


def test_a_real_hook_in_a_linked_worktree_finds_the_board(repo: Path, tmp_path: Path) -> None:
    here = make_board(repo, "own-branch", Card("T1"))
    folder = tmp_path / "feature"
    git(repo, "worktree", "add", "-q", "-b", "feature", str(folder))
    hook = repo / ".git/hooks/post-commit"
    package = Path(__file__).parents[3]
    code = "import os; from gitkanban.board.repo.placefinder import find; print(find(os.getcwd()).common)"
    hook.write_text(
        f"#!/bin/sh\nenv > {tmp_path}/env\nPYTHONPATH={package} {sys.executable} -c '{code}' > {tmp_path}/said\n"
    )
    hook.chmod(0o755)
    git(folder, "commit", "-q", "--allow-empty", "-m", "x")
    assert "GIT_DIR=" in (tmp_path / "env").read_text()
    assert (tmp_path / "said").read_text().strip() == here.common


def test_a_fresh_clone_attaches_the_boards_own_branch_and_says_so(
    repo: Path, tmp_path: Path
) -> None:
    make_board(repo, "own-branch", Card("T1"))
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", str(repo), str(clone))
    found = placefinder.find(str(clone / "src"))
    assert found.notices == ("attached the board: branch kanban from origin/kanban",)
    assert (found.branch, found.prefix) == ("kanban", "")
    assert (clone / ".kanban/cards/T1.yaml").exists()
    assert git(clone, "status", "--porcelain") == ""
    assert placefinder.find(str(clone)).notices == ()


def test_a_fresh_clone_finds_the_board_in_the_tree_of_the_default_branch(
    repo: Path, tmp_path: Path
) -> None:
    make_board(repo, "in-tree", Card("T1"))
    git(repo, "branch", "dev")
    change(placefinder.find(str(repo)), AddCard(Card("T2")))
    for options in ([], ["-b", "dev"]):
        clone = tmp_path / f"clone{len(options)}"
        git(tmp_path, "clone", "-q", *options, str(repo), str(clone))
        found = placefinder.find(str(clone))
        assert (found.branch, found.prefix) == ("main", ".kanban")
        assert set(store.read(found).cards) == {"T1", "T2"}


def test_configuration_goes_before_a_branch_named_kanban(repo: Path) -> None:
    here = make_board(repo, "in-tree", Card("T1"))
    assert git(repo, "config", "gitkanban.branch") == "main"  # pinned by the first change
    git(repo, "branch", "kanban")
    assert placefinder.find(str(repo)) == here
    git(repo, "config", "--unset", "gitkanban.branch")
    assert placefinder.find(str(repo)).branch == "kanban"


@pytest.mark.parametrize("how", ["remote", "branch", "both"])
def test_a_branch_kanban_fetched_from_elsewhere_is_no_board_without_a_persons_word(
    repo: Path, tmp_path: Path, how: str
) -> None:
    git(tmp_path, "clone", "-q", str(repo), "mine")
    mine = tmp_path / "mine"
    make_board(repo, "own-branch", Card("T1"))
    if how != "branch":
        git(mine, "remote", "add", "fork", str(repo))
        git(mine, "fetch", "-q", "fork")
    if how != "remote":
        git(mine, "fetch", "-q", str(repo), "kanban:kanban")
    with pytest.raises(NoBoard, match="no kanban board") as error:
        placefinder.find(str(mine))
    assert "git config gitkanban.branch" in error.value.hint
    git(mine, "branch", "-f", "kanban", "fork/kanban" if how == "remote" else "kanban")
    git(mine, "config", "gitkanban.branch", "kanban")
    assert placefinder.find(str(mine)).branch == "kanban"


def test_a_config_yaml_of_the_code_is_no_board(repo: Path) -> None:
    (repo / "config.yaml").write_text("debug: true\n")
    git(repo, "add", "-A")
    git(repo, "commit", "-qm", "settings")
    with pytest.raises(NoBoard, match="no kanban board") as error:
        placefinder.find(str(repo))
    assert "gitkanban init" in error.value.hint
    make_board(repo, "in-tree", Card("T1"))
    assert placefinder.find(str(repo)).prefix == ".kanban"


def test_what_is_not_a_board_is_said_in_one_line(repo: Path, tmp_path: Path) -> None:
    with pytest.raises(NoBoard, match="not a git repository"):
        placefinder.find(str(tmp_path))
    with pytest.raises(NoBoard, match="no kanban board"):
        placefinder.find(str(repo))
    git(tmp_path, "init", "-q", "empty")
    with pytest.raises(NoBoard, match="no kanban board"):
        placefinder.find(str(tmp_path / "empty"))
    with pytest.raises(Refused, match="no commit yet"):
        init.create(str(tmp_path / "empty"), config=CONFIG, files={})
    git(repo, "switch", "-q", "--detach")
    with pytest.raises(Refused, match="detached"):
        init.create(str(repo), config=CONFIG, files={})


def test_a_detached_head_still_finds_a_board(repo: Path, kanban: Callable[..., Place]) -> None:
    here = kanban(Card("T1"))
    git(repo, "switch", "-q", "--detach")
    assert placefinder.find(str(repo)) == here
    assert change(here, EditCard("T1", {"title": "x"})).commit


def test_a_pinned_branch_that_is_gone_is_said_with_the_way_back(
    repo: Path, kanban: Callable[..., Place]
) -> None:
    here = kanban(Card("T1"))
    git(repo, "update-ref", "-d", here.ref)
    with pytest.raises(NoBoard, match=f"branch {here.branch} does not exist") as error:
        placefinder.find(str(repo))
    assert "refs/gitkanban/seen" in error.value.hint
    git(repo, "update-ref", here.ref, "refs/gitkanban/seen")
    assert set(store.read(placefinder.find(str(repo))).cards) == {"T1"}


@pytest.mark.parametrize("option", ["--object-format=sha256", "--ref-format=reftable"])
def test_repositories_that_cannot_be_read_are_refused(tmp_path: Path, option: str) -> None:
    done = subprocess.run(["git", "init", "-q", option, "odd"], cwd=tmp_path, check=False)
    if done.returncode:
        pytest.skip(f"this git knows no {option}")
    git(tmp_path / "odd", "commit", "-q", "--allow-empty", "-m", "start")
    for action in (placefinder.find, lambda cwd: init.create(cwd, config=CONFIG, files={})):
        with pytest.raises(Refused, match="cannot read"):
            action(str(tmp_path / "odd"))


@pytest.mark.parametrize("branch", ["card/T1", "card", "-rf", "a..b", "x.lock", "a b"])
def test_names_that_cannot_be_the_boards_branch(repo: Path, branch: str) -> None:
    with pytest.raises(Refused):
        init.create(str(repo), branch=branch, config=CONFIG, files={})
    assert git(repo, "for-each-ref", "--format=%(refname)") == "refs/heads/main"
    make_board(repo, "in-tree")
    with pytest.raises(Refused):
        placefinder.find(str(repo), branch)


def test_a_planning_branch_begins_at_the_boards_tip_at_its_first_commit(
    repo: Path, kanban: Callable[..., Place]
) -> None:
    here = kanban(Card("T1"))
    aside = placefinder.find(str(repo), "plan/feature")
    assert set(store.read(aside).cards) == {"T1"}
    assert git(repo, "for-each-ref", aside.ref) == ""  # looking makes no branch
    done = change(aside, AddCard(Card("T2")))
    assert git(repo, "rev-parse", f"{done.commit}^") == git(repo, "rev-parse", here.ref)
    assert set(store.read(here).cards) == {"T1"}
    assert set(store.read(placefinder.find(str(repo), "plan/feature")).cards) == {"T1", "T2"}
    assert git(repo, "config", "gitkanban.branch") == here.branch


def test_a_clones_id_is_its_own_and_stays(repo: Path, tmp_path: Path) -> None:
    here = make_board(repo, "own-branch")
    first = clone.clone_id(here)
    assert first == clone.clone_id(here)
    git(tmp_path, "clone", "-q", str(repo), "clone")
    assert clone.clone_id(placefinder.find(str(tmp_path / "clone"))) != first


@pytest.mark.parametrize("content", [b"", b"\0" * 27])
def test_an_id_that_a_power_loss_has_taken_is_made_again(repo: Path, content: bytes) -> None:
    here = boards.new(repo, "")
    clone.clone_id(here)
    Path(here.private, "clone").write_bytes(content)
    again = clone.clone_id(here)
    assert again == clone.clone_id(here) != ""


def test_bare_repositories_that_a_person_does_not_trust_are_left_alone(
    repo: Path, tmp_path: Path, kanban: Callable[..., Place]
) -> None:
    git(repo, "config", "--global", "safe.bareRepository", "explicit")
    here = kanban(Card("T1"))
    git(repo, "worktree", "add", "-q", "-b", "feature", "../feature")
    assert change(
        placefinder.find(str(repo.parent / "feature")), EditCard("T1", {"title": "x"})
    ).commit
    git(repo, "clone", "-q", "--bare", ".", str(tmp_path / "bare.git"))
    with pytest.raises(GitFailed, match=r"safe\.bareRepository"):
        placefinder.find(str(tmp_path / "bare.git"))
    assert store.read(here).cards["T1"].title == "x"


def test_git_missing_is_said(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(GitFailed, match="not installed"):
        placefinder.find(str(repo))
