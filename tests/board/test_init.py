"""Finding, making and moving a board."""

import subprocess
import sys
from pathlib import Path

import pytest

from gitkanban.board import init, store
from gitkanban.board.repo import clone, placefinder
from gitkanban.core.changes import AddCard
from gitkanban.core.model import Card
from gitkanban.errors import BoardBusy, GitkanbanError, NoBoard, Refused
from tests.board import boards
from tests.board.boards import CONFIG, FORMS, edit, file_of, new
from tests.conftest import git


def refused(repo: Path, branch: str = "") -> GitkanbanError:
    """The error that making a board gives; it must have changed no branch."""
    before = git(repo, "for-each-ref")
    with pytest.raises(GitkanbanError) as error:
        init.create(str(repo), branch=branch, config=CONFIG, files={})
    assert git(repo, "for-each-ref") == before
    assert "\n" not in error.value.message
    return error.value


@pytest.mark.parametrize("form", FORMS)
def test_a_board_is_one_commit_and_a_clean_checkout(repo: Path, form: str) -> None:
    git(repo, "add", "-A")
    here = init.create(str(repo / "src"), branch=form, config=CONFIG, files={"prompt.md": "hi\n"})
    assert (here.branch, here.prefix) == (("kanban", "") if form else ("main", ".kanban"))
    assert git(repo, "status", "--porcelain") == ""
    (repo / ".kanban/slots/coder").mkdir(parents=True)
    (repo / ".kanban/slots/coder/1.lock").touch()
    assert git(repo, "status", "--porcelain", "--untracked-files=all") == ""
    names = git(repo, "ls-tree", "-r", "--name-only", here.branch).splitlines()
    mine = [name for name in names if name.startswith(".kanban/")] if not form else names
    assert [name.removeprefix(".kanban/") for name in mine] == [
        ".gitignore", "config.yaml", "prompt.md",
    ]  # fmt: skip
    count = git(repo, "rev-list", "--count", here.branch)
    assert count == ("1" if form else "2")
    assert git(repo, "config", "gitkanban.branch") == here.branch


@pytest.mark.parametrize("form", FORMS)
def test_the_same_board_from_everywhere(repo: Path, tmp_path: Path, form: str) -> None:
    here = new(repo, form, Card("T1"))
    linked = tmp_path / "linked"
    git(repo, "worktree", "add", "-q", "-b", "card/T1", str(linked))
    git(repo, "switch", "-qc", "feature")
    for cwd in (repo, repo / "src", repo / ".git", linked / "src", repo / ".git/refs"):
        assert placefinder.find(str(cwd))._replace(here="") == here._replace(here="")


def test_a_fresh_clone_finds_and_attaches_the_boards_branch(repo: Path, tmp_path: Path) -> None:
    new(repo, "kanban", Card("T1"))
    git(tmp_path, "clone", "-q", "repo", "clone")
    here = placefinder.find(str(tmp_path / "clone"))
    assert here.branch == "kanban" and "attached" in here.notices[0]
    assert (tmp_path / "clone/.kanban/cards/T1.yaml").exists()
    assert git(tmp_path / "clone", "status", "--porcelain") == ""
    assert placefinder.find(str(tmp_path / "clone")).notices == ()


def test_a_fresh_clone_finds_the_board_in_its_tree(repo: Path, tmp_path: Path) -> None:
    new(repo, "", Card("T1"))
    git(tmp_path, "clone", "-q", "repo", "clone")
    git(tmp_path / "clone", "switch", "-qc", "feature")
    git(tmp_path / "clone", "rm", "-rq", ".kanban")
    git(tmp_path / "clone", "commit", "-qm", "without")
    assert placefinder.find(str(tmp_path / "clone")).branch == "main"


def test_no_repository_and_no_board(repo: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(NoBoard, match="not a git repository"):
        placefinder.find(str(tmp_path / "empty"))
    with pytest.raises(NoBoard, match="no kanban board") as error:
        placefinder.find(str(repo))
    assert "init" in error.value.hint


def test_a_second_board_is_refused(repo: Path) -> None:
    new(repo, "")
    assert "already" in refused(repo).message
    assert "already" in refused(repo, "kanban").message


def test_no_commit_yet(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "fresh")
    assert "no commit yet" in refused(tmp_path / "fresh").message
    assert "no commit yet" in refused(tmp_path / "fresh", "kanban").message


def test_a_detached_head(repo: Path) -> None:
    git(repo, "checkout", "-q", "--detach")
    assert "detached" in refused(repo).message
    new(repo, "kanban")


@pytest.mark.parametrize("name", ["card/T1", "card", "-x", "a..b", "x.lock", "main"])
def test_branch_names_that_cannot_be_the_boards(repo: Path, name: str) -> None:
    refused(repo, name)


def test_a_folder_in_the_way(repo: Path) -> None:
    (repo / ".kanban").write_text("mine")
    assert ".kanban" in refused(repo).message
    assert ".kanban" in refused(repo, "kanban").message
    (repo / ".kanban").unlink()
    (repo / ".kanban").mkdir()
    (repo / ".kanban/config.yaml").write_text("mine: 1\n")
    assert "config.yaml" in refused(repo).message
    assert ".kanban" in refused(repo, "kanban").message
    assert (repo / ".kanban/config.yaml").read_text() == "mine: 1\n"


def test_cards_written_by_hand_are_kept_and_reported(repo: Path) -> None:
    (repo / ".kanban/cards").mkdir(parents=True)
    (repo / ".kanban/cards/T1.yaml").write_text("id: T1\n")
    here = new(repo, "")
    assert ".kanban/cards/T1.yaml" in here.notices[-1]
    assert (repo / ".kanban/cards/T1.yaml").read_text() == "id: T1\n"
    assert store.read(here).cards == {}


@pytest.mark.parametrize(
    ("options", "word"), [(["--object-format=sha256"], "sha256"), (["--ref-format=reftable"], "reftable")]
)  # fmt: skip
def test_formats_that_libgit2_cannot_open(tmp_path: Path, options: list[str], word: str) -> None:
    made = subprocess.run(["git", "init", "-q", *options, "odd"], cwd=tmp_path, check=False)
    if made.returncode:
        git(tmp_path, "init", "-q", "odd")  # this git does not know it: only the configuration
        git(tmp_path / "odd", "config", "extensions.refstorage", word)
        git(tmp_path / "odd", "config", "core.repositoryformatversion", "0")
    with pytest.raises(Refused, match=word):
        init.create(str(tmp_path / "odd"), config=CONFIG, files={})


def test_a_board_in_a_bare_repository(repo: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", "--bare", "repo", "bare.git")
    here = init.create(str(tmp_path / "bare.git"), branch="kanban", config=CONFIG, files={})
    assert here.slots.startswith(str(tmp_path / "bare.git"))
    boards.commit(here, AddCard(Card("T1")))
    assert set(store.read(placefinder.find(str(tmp_path / "bare.git"))).cards) == {"T1"}


def test_a_move_to_its_own_branch_keeps_the_story(repo: Path) -> None:
    here = new(repo, "", Card("T1"))
    (repo / "src/app.py").write_text("print('more')\n")
    git(repo, "commit", "-qam", "code alone")
    edit(here, "T1", title="retitled")
    (repo / "README.md").write_text("# a draft\n")
    before = store.read(here)
    moved = init.move(here, "kanban")
    assert store.read(moved)._replace(branch="", commit="") == before._replace(branch="", commit="")
    assert git(repo, "log", "--format=%s", "kanban").splitlines() == [
        "kanban: 1 changes", "kanban: 1 changes", "kanban: a board",
    ]  # fmt: skip
    assert "code alone" in git(repo, "log", "--format=%s", "main")
    assert git(repo, "ls-tree", "--name-only", "main").splitlines() == ["README.md", "src"]
    assert git(repo, "status", "--porcelain") == " M README.md"
    assert "retitled" in file_of(repo, "T1").read_text()
    assert placefinder.find(str(repo)) == moved._replace(here=str(repo))
    edit(moved, "T1", title="again")
    assert "again" in file_of(repo, "T1").read_text()


def test_a_move_is_refused_over_drafts_and_running_cards(repo: Path) -> None:
    here = new(repo, "", Card("T1", status="running", run="r1"))
    with pytest.raises(Refused, match="T1"):
        init.move(here, "kanban")
    edit(here, "T1", status="todo", run="")
    file_of(repo, "T1").write_text("id: T1\n\ntitle: draft\n")
    with pytest.raises(Refused, match="uncommitted"):
        init.move(here, "kanban")
    git(repo, "checkout", "-q", ".")
    (repo / ".git/MERGE_HEAD").write_text(git(repo, "rev-parse", "HEAD") + "\n")
    with pytest.raises(BoardBusy, match="merge"):
        init.move(here, "kanban")
    assert not git(repo, "for-each-ref", "refs/heads/kanban")


def test_a_pinned_branch_that_is_gone_says_how_it_comes_back(repo: Path) -> None:
    here = new(repo, "kanban", Card("T1"))
    git(repo, "update-ref", "-d", here.ref)
    with pytest.raises(NoBoard, match="kanban does not exist") as error:
        placefinder.find(str(repo))
    command = error.value.hint.split("(")[1].split(")")[0]
    git(repo, *command.split(" ")[1:])
    assert set(store.read(placefinder.find(str(repo))).cards) == {"T1"}


def test_a_clone_has_one_id_whoever_asks_first(repo: Path) -> None:
    here = new(repo, "")
    code = "import sys; from gitkanban.board.repo import clone, placefinder; print(clone.clone_id(placefinder.find(sys.argv[1])))"
    asked = [
        subprocess.Popen([sys.executable, "-c", code, str(repo)], stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    assert {each.communicate()[0].strip() for each in asked} == {clone.clone_id(here)}
