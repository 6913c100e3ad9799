"""Nothing is committed to the board while a checkout of it is in the middle of something."""

import os
import time
from pathlib import Path

import pytest

from gitkanban.board.repo import standstill
from gitkanban.board.repo.place import Place
from gitkanban.core.model import Card
from gitkanban.errors import BoardBusy
from tests.board.boards import FORMS, edit, new
from tests.conftest import git


@pytest.fixture
def here(repo: Path) -> Place:
    """A board in tree, a branch that conflicts with main, and a way to both."""
    made = new(repo, "", Card("T1"))
    git(repo, "switch", "-qc", "other")
    (repo / "README.md").write_text("# other\n")
    git(repo, "commit", "-qam", "other")
    git(repo, "switch", "-q", "main")
    (repo / "README.md").write_text("# main\n")
    git(repo, "commit", "-qam", "main")
    return made


@pytest.mark.parametrize(
    ("command", "what", "abort"),
    [
        ("merge other", "a merge", "merge --abort"),
        ("rebase other", "a rebase", "rebase --abort"),
        ("rebase --apply other", "a rebase", "rebase --abort"),
        ("cherry-pick other", "a cherry-pick", "cherry-pick --abort"),
        ("revert HEAD~1 other", "a revert", "revert --abort"),
        ("bisect start other main~2", "a bisect", "bisect reset"),
    ],
)
@pytest.mark.parametrize("linked", [False, True], ids=["main", "linked"])
def test_an_unfinished_operation_holds_the_board(
    here: Place, repo: Path, tmp_path: Path, command: str, what: str, abort: str, linked: bool
) -> None:
    root = repo
    if linked:
        root = tmp_path / "linked"
        git(repo, "switch", "-qc", "away")
        git(repo, "worktree", "add", "-q", str(root), "main")
    if command.startswith("bisect"):
        git(root, "commit", "-q", "--allow-empty", "-m", "one more")
    assert standstill.reason(here) == ""
    git(root, *command.split(), check=False)
    before, status = git(repo, "rev-parse", "main"), git(root, "status", "--porcelain")
    assert standstill.reason(here) == f"{what} is in progress in {root}"
    with pytest.raises(BoardBusy, match=what):
        edit(here, "T1", priority=1)
    assert git(repo, "rev-parse", "main") == before
    assert git(root, "status", "--porcelain") == status
    git(root, *abort.split())
    assert standstill.reason(here) == ""
    assert edit(here, "T1", priority=1).notices == ()


def test_an_unfinished_am(here: Place, repo: Path) -> None:
    patch = git(repo, "format-patch", "--stdout", "-1", "other")
    git(repo, "am", "-q", input=patch, check=False)
    assert standstill.reason(here) == f"an am is in progress in {repo}"


def test_another_branch_in_the_middle_of_something_holds_nothing(here: Place, repo: Path) -> None:
    git(repo, "switch", "-q", "other")
    git(repo, "merge", "main", check=False)
    assert standstill.reason(here) == ""
    assert edit(here, "T1", priority=1).commit


def test_the_code_in_the_middle_of_something_holds_no_board_of_its_own(repo: Path) -> None:
    here = new(repo, "kanban", Card("T1"))
    (repo / ".git/MERGE_HEAD").write_text(git(repo, "rev-parse", "HEAD") + "\n")
    assert standstill.reason(here) == ""
    admin = Path(git(repo / ".kanban", "rev-parse", "--absolute-git-dir"))
    (admin / "CHERRY_PICK_HEAD").write_text(git(repo, "rev-parse", "kanban") + "\n")
    assert standstill.reason(here) == f"a cherry-pick is in progress in {repo}/.kanban"


@pytest.mark.parametrize("form", FORMS)
def test_an_index_lock_is_named_and_a_stale_one_as_stale(
    repo: Path, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = new(repo, form, Card("T1"))
    monkeypatch.setattr("gitkanban.board.repo.refs.INDEX_PATIENCE", 0.05)
    root = repo / ".kanban" if form else repo
    lock = Path(git(root, "rev-parse", "--absolute-git-dir")) / "index.lock"
    with lock.open("w") as owner:
        with pytest.raises(BoardBusy, match="a git command is running"):
            edit(here, "T1", priority=1)
        old = time.time() - 3600
        os.utime(lock, (old, old))
        assert "a git command is running" in standstill.reason(here)
        owner.flush()
    if os.path.isdir("/proc"):
        assert f"a killed git left {lock}" in standstill.reason(here)
    lock.unlink()
    assert edit(here, "T1", priority=1).commit
