"""What the board's branch loses comes back, a card by field."""

from pathlib import Path

import pytest

from gitkanban.board import store
from gitkanban.board.following import follow_board, restoring
from gitkanban.board.repo import refs
from gitkanban.board.repo.place import Place
from gitkanban.core.changes import AddCard, AddNote, EndRun
from gitkanban.core.model import Card, Note, Run
from tests.board import boards
from tests.board.boards import FORMS, edit, file_of, new
from tests.conftest import git


@pytest.fixture(params=FORMS, ids=["in-tree", "own-branch"])
def here(repo: Path, request: pytest.FixtureRequest) -> Place:
    return new(repo, request.param, Card("T1", title="a title"))


def top(here: Place, repo: Path) -> Path:
    return repo if here.prefix else repo / ".kanban"


def test_nothing_lost_is_nothing_done(here: Place, repo: Path) -> None:
    edit(here, "T1", priority=1)
    git(top(here, repo), "commit", "-q", "--allow-empty", "-m", "a person's")
    before = git(repo, "rev-parse", here.ref)
    assert restoring.restore(here) == []
    assert (
        git(repo, "rev-parse", here.ref) == before == git(repo, "rev-parse", "refs/gitkanban/seen")
    )


def test_a_reset_loses_no_run_no_note_and_no_move(here: Place, repo: Path) -> None:
    edit(here, "T1", status="running", run="r1")
    boards.commit(
        here, EndRun(Run("r1", "T1", outcome="succeeded")), AddNote(Note("n1", "T1", text="x"))
    )
    edit(here, "T1", status="review", run="")
    before = store.read(here)
    git(top(here, repo), "reset", "-q", "--hard", "HEAD~3")
    assert store.read(here).cards["T1"].status == "todo"
    notices = restoring.restore(here)
    assert any("T1.yaml" in line for line in notices)
    after = store.read(here)
    assert after == before._replace(commit=after.commit)
    assert git(top(here, repo), "status", "--porcelain") == ""
    assert "bring back" in git(repo, "log", "-1", "--format=%s", here.branch)
    assert restoring.restore(here) == []


def test_a_persons_amend_is_kept_and_what_it_dropped_comes_back(here: Place, repo: Path) -> None:
    root = top(here, repo)
    path = file_of(repo, "T1")
    edit(here, "T1", status="review")
    # The person amends the commit before ours, and brings an edit of another field.
    git(root, "reset", "-q", "--hard", "HEAD~1")
    path.write_text(path.read_text().replace("a title", "a person's title"))
    git(root, "commit", "-q", "-a", "--amend", "-m", "amended")
    done = boards.commit(here, AddCard(Card("T2")))
    assert done.notices
    card = store.read(here).cards["T1"]
    assert (card.title, card.status) == ("a person's title", "review")
    assert git(root, "status", "--porcelain") == ""


def test_the_same_field_stays_the_persons(here: Place, repo: Path) -> None:
    root, path = top(here, repo), file_of(repo, "T1")
    edit(here, "T1", title="ours")
    git(root, "reset", "-q", "--hard", "HEAD~1")
    path.write_text(path.read_text().replace("a title", "a person's"))
    git(root, "commit", "-qam", "mine")
    notices = restoring.restore(here)
    assert len(notices) == 1 and "no longer fits" in notices[0]
    assert store.read(here).cards["T1"].title == "a person's"


def test_a_merge_concluded_from_an_old_index_takes_nothing_back(repo: Path) -> None:
    here = new(repo, "", Card("T1", title="a title"))
    old = file_of(repo, "T1").read_text()
    edit(here, "T1", status="running", run="r1")
    git(repo, "switch", "-qc", "side", "HEAD~1")
    git(repo, "commit", "-q", "--allow-empty", "-m", "side")
    git(repo, "switch", "-q", "main")
    git(repo, "merge", "-q", "--no-ff", "--no-commit", "side")
    file_of(repo, "T1").write_text(old)
    git(repo, "commit", "-qam", "merged")
    assert store.read(here).cards["T1"].status == "todo"
    assert len(restoring.restore(here)) == 1
    assert store.read(here).cards["T1"].status == "running"


@pytest.mark.parametrize("most", [0, 100])
def test_code_committed_with_an_old_version_of_a_card_takes_nothing_back(
    repo: Path, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(restoring, "_PATHS_MOST", most)  # beyond it the whole folder is asked for
    here = new(repo, "", Card("T1", title="a title"))
    old = file_of(repo, "T1").read_text()
    edit(here, "T1", status="review")
    file_of(repo, "T1").write_text(old)
    (repo / "README.md").write_text("# more\n")
    git(repo, "commit", "-qam", "code, and an old card")
    assert len(restoring.restore(here)) == 1
    assert store.read(here).cards["T1"].status == "review"
    assert (repo / "README.md").read_text() == "# more\n"


def test_what_a_person_meant_to_take_back_stays_taken_back(here: Place, repo: Path) -> None:
    root, path = top(here, repo), file_of(repo, "T1")
    old = path.read_text()
    edit(here, "T1", priority=5)
    git(root, "revert", "--no-edit", "HEAD")
    assert restoring.restore(here) == []
    edit(here, "T1", priority=6)
    path.write_text(old)
    git(root, "commit", "-qam", "no, as it was")
    assert restoring.restore(here) == []
    assert store.read(here).cards["T1"].priority == 0
    # Our own moves to and fro are no loss either.
    edit(here, "T1", status="blocked", reason="failed")
    boards.commit(here, AddNote(Note("n1", "T1", text="x")))
    edit(here, "T1", status="todo", reason="")
    assert restoring.restore(here) == []


def test_nothing_comes_back_while_a_person_is_in_the_middle(here: Place, repo: Path) -> None:
    edit(here, "T1", priority=5)
    root = top(here, repo)
    git(root, "reset", "-q", "--hard", "HEAD~1")
    sign = Path(git(root, "rev-parse", "--absolute-git-dir")) / "MERGE_HEAD"
    sign.write_text(git(repo, "rev-parse", "HEAD") + "\n")
    assert restoring.restore(here) == []
    sign.unlink()
    assert len(restoring.restore(here)) == 1


def test_a_history_without_anything_in_common_is_taken_as_it_is(here: Place, repo: Path) -> None:
    edit(here, "T1", priority=5)
    tree = git(repo, "rev-parse", f"{here.branch}~1:")
    git(repo, "update-ref", here.ref, git(repo, "commit-tree", "-m", "all new", tree))
    assert restoring.restore(here) == []
    assert store.read(here).cards["T1"].priority == 0


@pytest.mark.parametrize("also", ["", "files"])
def test_a_commit_from_a_checkout_that_was_behind_takes_nothing_back(
    repo: Path, also: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between the branch's move and its checkout's, then `git commit -a`."""
    here = new(repo, "", Card("T1", title="a title"))
    (repo / "mine.txt").write_text("1")
    git(repo, "add", "mine.txt")
    git(repo, "commit", "-qm", "a person's")
    restoring.restore(here)
    with monkeypatch.context() as patch:
        patch.setattr(follow_board, "follow", lambda *_: [])
        boards.commit(
            here, EndRun(Run("r1", "T1", outcome="succeeded")), AddNote(Note("n1", "T1", text="x"))
        )
        boards.commit(here, AddCard(Card("T2")))
        edit(here, "T1", status="review")
    before = store.read(here)
    if also:  # it came as far as the files of what the index knows
        file_of(repo, "T1").write_text(git(repo, "show", "HEAD:.kanban/cards/T1.yaml") + "\n")
    (repo / "mine.txt").write_text("2")
    git(repo, "commit", "-qam", "mine")
    assert "T2" not in store.read(here).cards
    notices = restoring.restore(here)
    assert any("runs/T1/r1.yaml" in line for line in notices)
    after = store.read(here)
    assert after == before._replace(commit=after.commit)
    assert git(repo, "show", "HEAD:mine.txt") == "2"
    assert git(repo, "status", "--porcelain") == ""
    assert restoring.restore(here) == []


def test_what_a_person_removes_right_after_our_move_stays_removed(repo: Path) -> None:
    here = new(repo, "", Card("T1", title="a title"))
    boards.commit(here, AddCard(Card("T2")))
    boards.commit(here, AddCard(Card("T3")))
    git(repo, "rm", "-q", str(file_of(repo, "T2")), str(file_of(repo, "T3")))
    git(repo, "commit", "-qm", "neither")
    assert restoring.restore(here) == []
    boards.commit(here, AddCard(Card("T4")))
    edit(here, "T1", status="review")
    (repo / "README.md").write_text("# more\n")
    git(repo, "rm", "-q", str(file_of(repo, "T4")))
    git(repo, "commit", "-qam", "not that one")
    assert restoring.restore(here) == []
    assert set(store.read(here).cards) == {"T1"}


def test_commits_of_another_clone_are_taken_without_a_search(
    repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = new(repo, "", Card("T1", title="a title"))
    edit(here, "T1", title="another")
    last = git(repo, "rev-parse", refs.KNOWN_REF)
    edit(here, "T1", title="a title")  # an old version, on purpose
    git(repo, "update-ref", refs.KNOWN_REF, last)
    monkeypatch.setattr(restoring, "_versions_below", lambda *_: pytest.fail("a search"))
    assert restoring.restore(here) == []
    assert store.read(here).cards["T1"].title == "a title"
    (repo / "code").write_text("x")
    file_of(repo, "T1").write_text(file_of(repo, "T1").read_text() + "# mine\n")
    git(repo, "add", "-A")
    git(repo, "commit", "-qm", "by hand")
    with pytest.raises(pytest.fail.Exception, match="a search"):
        restoring.restore(here)
