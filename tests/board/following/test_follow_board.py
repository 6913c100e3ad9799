"""Checkouts of the board's branch follow it, and nobody's work is touched on the way."""

import os
import stat
from pathlib import Path

import pytest

from gitkanban.board import store
from gitkanban.board.following import follow_board
from gitkanban.board.repo import placefinder
from gitkanban.board.repo.place import Place
from gitkanban.core.changes import AddCard, AddNote, RemoveCard
from gitkanban.core.model import Card, Note
from tests.board import boards
from tests.board.boards import FORMS, edit, file_of, new
from tests.conftest import git

CARD = Card("T1", title="a title", priority=1, body="first\n\nlast\n")


@pytest.fixture(params=FORMS, ids=["in-tree", "own-branch"])
def here(repo: Path, request: pytest.FixtureRequest) -> Place:
    return new(repo, request.param, CARD)


def top(here: Place, repo: Path) -> Path:
    """The root of the checkout that has the board."""
    return repo if here.prefix else repo / ".kanban"


def test_files_and_index_follow(here: Place, repo: Path) -> None:
    edit(here, "T1", title="another")
    boards.commit(here, AddCard(Card("T2")), AddNote(Note("n1", "T2", text="hello")))
    assert "title: another" in file_of(repo, "T1").read_text()
    assert (repo / ".kanban/notes/T2/n1.md").exists()
    boards.commit(here, RemoveCard("T2"))
    assert not file_of(repo, "T2").exists()
    assert git(top(here, repo), "status", "--porcelain") == ""


def test_an_edited_card_merges_by_field(here: Place, repo: Path) -> None:
    path = file_of(repo, "T1")
    path.write_text(path.read_text().replace("a title", "mine  # a comment"))
    assert edit(here, "T1", status="review", priority=5).notices == ()
    text = path.read_text()
    assert "title: mine  # a comment" in text
    assert "status: review" in text
    assert "priority: 5" in text
    # What remains as an edit is the person's alone.
    diff = git(top(here, repo), "diff", "-U0").splitlines()
    changed = [line for line in diff if line[:1] in "+-" and line[:3] not in ("+++", "---")]
    assert changed == ["-title: a title", "+title: mine  # a comment"]


def test_the_same_field_edited_stays_the_persons_and_is_reported(here: Place, repo: Path) -> None:
    path = file_of(repo, "T1")
    path.write_text(path.read_text().replace("a title", "mine"))
    notices = edit(here, "T1", title="theirs", priority=9).notices
    assert (
        len(notices) == 1
        and "title" in notices[0]
        and "mine" in notices[0]
        and "theirs" in notices[0]
    )
    assert "title: mine" in path.read_text()
    assert "priority: 9" in path.read_text()
    assert store.read(here).cards["T1"].title == "theirs"


def test_a_staged_card_merges_in_the_index_and_in_the_file(here: Place, repo: Path) -> None:
    path, root = file_of(repo, "T1"), top(here, repo)
    path.write_text(path.read_text().replace("a title", "staged"))
    git(root, "add", str(path))
    path.write_text(path.read_text().replace("last", "edited"))
    edit(here, "T1", status="review")
    name = str(path.relative_to(root))
    index = git(root, "show", f":{name}")
    assert "title: staged" in index and "status: review" in index and "last" in index
    text = path.read_text()
    assert "title: staged" in text and "status: review" in text and "edited" in text


def test_staged_and_unstaged_work_stays_byte_for_byte(here: Place, repo: Path) -> None:
    (repo / "README.md").write_text("# staged\n")
    git(repo, "add", "README.md")
    (repo / "README.md").write_text("# staged and edited\n")
    (repo / "src/app.py").unlink()
    (repo / "new.txt").write_text("new\n")
    before = _state(repo)
    edit(here, "T1", status="review")
    boards.commit(here, AddCard(Card("T2")))
    assert _state(repo) == before


def _state(repo: Path) -> tuple[str, ...]:
    """Everything outside the board that git knows, and every file."""
    files = {
        str(path.relative_to(repo)): path.read_bytes()
        for path in sorted(repo.rglob("*"))
        if path.is_file() and not {".git", ".kanban"} & set(path.relative_to(repo).parts)
    }
    out = (":!.kanban",)
    return (
        str(files),
        git(repo, "diff", "--cached", "--", *out),
        git(repo, "diff", "--", *out),
        git(repo, "status", "--porcelain", "--", *out),
        git(repo, "ls-files", "-s", "-u", "--", *out),
    )


def test_a_deleted_draft_and_a_new_one_stay(here: Place, repo: Path) -> None:
    file_of(repo, "T1").unlink()
    file_of(repo, "T2").write_text("id: T2\n\ntitle: a draft\n")
    edit(here, "T1", status="review")
    notices = boards.commit(here, AddCard(Card("T2", title="another"))).notices
    assert not file_of(repo, "T1").exists()
    assert "a draft" in file_of(repo, "T2").read_text()
    assert len(notices) == 1 and "T2" in notices[0]


def test_a_removed_card_that_was_edited_stays_and_is_reported(here: Place, repo: Path) -> None:
    path = file_of(repo, "T1")
    path.write_text(path.read_text().replace("a title", "mine"))
    notices = boards.commit(here, RemoveCard("T1")).notices
    assert "mine" in path.read_text()
    assert len(notices) == 1 and "T1" in notices[0]


def test_a_checkout_that_was_elsewhere_catches_up(repo: Path) -> None:
    here = new(repo, "", CARD)
    git(repo, "switch", "-qc", "feature")
    edit(here, "T1", status="running", run="r1")
    assert "status: running" not in file_of(repo, "T1").read_text()
    git(repo, "switch", "-q", "main")
    edit(here, "T1", status="review", run="")
    assert "status: review" in file_of(repo, "T1").read_text()
    assert git(repo, "status", "--porcelain") == ""


def test_every_checkout_follows_and_a_stale_copy_is_never_the_board(
    repo: Path, tmp_path: Path
) -> None:
    here = new(repo, "", CARD)
    git(repo, "switch", "-qc", "feature")
    linked, stale = tmp_path / "linked", tmp_path / "stale"
    git(repo, "worktree", "add", "-q", str(linked), "main")
    git(repo, "worktree", "add", "-q", "-b", "old", str(stale), "main")
    edit(here, "T1", priority=8)
    assert "priority: 8" in (linked / ".kanban/cards/T1.yaml").read_text()
    assert git(linked, "status", "--porcelain") == ""
    assert "priority: 1" in (stale / ".kanban/cards/T1.yaml").read_text()
    found = placefinder.find(str(stale / "src"))
    assert found.branch == "main"
    assert store.read(found).cards["T1"].priority == 8


def test_links_are_not_followed(repo: Path, tmp_path: Path) -> None:
    here = new(repo, "", CARD)
    outside = tmp_path / "outside"
    (repo / ".kanban/cards").rename(outside)
    (repo / ".kanban/cards").symlink_to(outside)
    notices = edit(here, "T1", priority=8).notices
    assert "symbolic link" in notices[0]
    assert "priority: 1" in (outside / "T1.yaml").read_text()


def test_what_could_not_follow_is_done_by_the_next_command(
    here: Place, repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("gitkanban.board.following.follow_board.follow", lambda *_: [])
        edit(here, "T1", priority=7)
    assert "priority: 7" not in file_of(repo, "T1").read_text()
    assert follow_board.follow(here) == []
    assert "priority: 7" in file_of(repo, "T1").read_text()
    assert git(top(here, repo), "status", "--porcelain") == ""


def test_an_index_that_is_locked_is_left_to_the_next_command(here: Place, repo: Path) -> None:
    admin = Path(git(top(here, repo), "rev-parse", "--absolute-git-dir"))
    before = edit(here, "T1", priority=6).commit
    lock = admin / "index.lock"
    board = store.read(here)
    git(repo, "update-ref", here.ref, git(repo, "commit-tree", "-m", "x", "-p", before,
        git(repo, "rev-parse", f"{board.commit}~:")))  # fmt: skip
    lock.touch()
    notices = follow_board.follow(here)
    assert len(notices) == 1 and "later" in notices[0]
    lock.unlink()
    assert follow_board.follow(here) == []
    assert "priority: 1" in file_of(repo, "T1").read_text()
    assert git(top(here, repo), "status", "--porcelain") == ""


def test_an_unmerged_path_is_left_alone(repo: Path) -> None:
    here = new(repo, "", CARD)
    path = file_of(repo, "T1")
    path.write_text(path.read_text().replace("a title", "stashed"))
    git(repo, "stash", "-q")
    edit(here, "T1", title="other")
    git(repo, "stash", "pop", "-q", check=False)
    unmerged, text = git(repo, "ls-files", "-u"), path.read_text()
    assert unmerged
    notices = edit(here, "T1", priority=4).notices
    assert len(notices) == 1 and "unmerged" in notices[0]
    assert (git(repo, "ls-files", "-u"), path.read_text()) == (unmerged, text)
    # Resolved by the person, it follows again.
    git(repo, "checkout", "-q", "HEAD~1", "--", ".kanban/cards/T1.yaml")
    assert follow_board.follow(here) == []
    assert "priority: 4" in path.read_text()


def test_a_sparse_checkout_stays_sparse(repo: Path) -> None:
    here = new(repo, "", CARD)
    git(repo, "status")  # learns the times of the files
    git(repo, "sparse-checkout", "set", "--cone", "src")
    assert not file_of(repo, "T1").exists()
    edit(here, "T1", priority=4)
    assert not file_of(repo, "T1").exists()
    assert git(repo, "status", "--porcelain") == ""


def test_modes_and_line_ends_of_a_person_stay(repo: Path) -> None:
    here = new(repo, "", CARD)
    path = file_of(repo, "T1")
    os.chmod(path, 0o600)
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert edit(here, "T1", priority=4).notices == ()
    assert "priority: 4" in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
