"""Reading the board at its tip and committing changes to it, alone and with others."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gitkanban.board import store
from gitkanban.board.content import board_cache, boardfiles, histories, reading
from gitkanban.board.formats import cardfile
from gitkanban.board.repo import placefinder
from gitkanban.board.repo.object_reader import ObjectReader
from gitkanban.board.review import revisions
from gitkanban.core.changes import AddCard, AddNote, Change, EndRun
from gitkanban.core.model import Board, Card, Note, Run
from gitkanban.core.names import CardId, Oid
from gitkanban.errors import BoardBusy, GitFailed, NoBoard
from tests.board import boards
from tests.board.boards import FORMS, edit, new
from tests.conftest import git

ROOT = Path(__file__).parent.parent.parent
PROCESSES, CHANGES = 8, 16


@pytest.mark.parametrize("form", FORMS)
def test_many_processes_lose_no_change(repo: Path, form: str) -> None:
    here = new(repo, form, Card("shared"))
    running = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.board.hammer", repo, f"p{n}", str(CHANGES), "shared"],
            cwd=ROOT, stderr=subprocess.PIPE, text=True,
        )
        for n in range(PROCESSES)
    ]  # fmt: skip
    said = [process.communicate()[1] for process in running]
    assert [process.returncode for process in running] == [0] * PROCESSES, said
    board = store.read(here)
    assert board.cards["shared"].priority == PROCESSES * CHANGES // 2
    assert len(board.cards) == 1 + PROCESSES * CHANGES // 2
    count = git(repo, "rev-list", "--count", "--first-parent", here.branch)
    assert int(count) == PROCESSES * CHANGES + (2 if form else 3)  # and what made the board
    assert git(repo, "rev-list", "--merges", here.branch) == ""
    # What was kept in passing is what the files say.
    assert board == reading.board_at(here, board.commit)
    # The checkout has followed everybody, and its index too.
    assert git(repo / ".kanban" if form else repo, "status", "--porcelain") == ""
    assert git(repo, "fsck", "--strict", "--no-dangling") == ""


@pytest.mark.parametrize("form", FORMS)
def test_what_was_looked_at_in_the_checkout_before_is_written_all_the_same(
    repo: Path, form: str
) -> None:
    here = new(repo, form, Card("T1"))
    card = Card("T2", "the same words")
    file = boards.file_of(repo, "T2")
    file.write_text(cardfile.render(card))
    assert "T2" in revisions.read(str(repo)).board.cards  # its objects lie aside, and go with us
    file.unlink()
    boards.commit(here, AddCard(card))
    assert git(repo, "fsck", "--strict", "--no-dangling") == ""


@pytest.mark.parametrize("form", FORMS)
def test_the_tip_is_the_truth_wherever_the_checkout_is(repo: Path, form: str) -> None:
    here = new(repo, form, Card("T1"))
    git(repo, "switch", "-qc", "other")
    git(repo, "rm", "-rq", "--cached", "--ignore-unmatch", ".kanban")
    boards.file_of(repo, "T1").write_text("id: T1\n\ntitle: a draft\n")
    edit(here, "T1", title="on the board")
    assert store.read(here).cards["T1"].title == "on the board"
    assert placefinder.find(str(repo / "src")) == here


def test_a_change_is_decided_again_when_the_branch_moved(repo: Path) -> None:
    here = new(repo, "", Card("T1"))
    seen: list[int] = []

    def decide(board: Board) -> list[Change]:
        seen.append(board.cards["T1"].priority)
        if len(seen) == 1:
            edit(here, "T1", priority=7)
        return [AddCard(Card("T2", priority=board.cards["T1"].priority))]

    done = store.commit(here, decide, message=boards.said)
    assert seen == [0, 7]
    assert done.after.cards["T2"].priority == 7
    left_out = {"config": None, "complete": frozenset()}  # changes alone do not say these
    assert store.read(here)._replace(**left_out) == done.after._replace(**left_out)


def test_a_change_that_changes_nothing_commits_nothing(repo: Path) -> None:
    here = new(repo, "", Card("T1", priority=3))
    before = git(repo, "rev-parse", "main")
    assert store.commit(here, lambda _: [], message=boards.said).commit == ""
    assert edit(here, "T1", priority=3).commit == ""
    assert git(repo, "rev-parse", "main") == before


def test_only_board_paths_change_and_no_staged_work_comes_along(repo: Path) -> None:
    here = new(repo, "", Card("T1"))
    (repo / "staged.txt").write_text("mine\n")
    git(repo, "add", "staged.txt")
    done = edit(here, "T1", priority=1)
    changed = git(repo, "show", "--format=", "--name-only", done.commit)
    assert changed == ".kanban/cards/T1.yaml"


def test_runs_and_notes_are_written_once(repo: Path) -> None:
    here = new(repo, "", Card("T1"))
    boards.commit(here, EndRun(Run("r1", "T1", outcome="succeeded")), AddNote(Note("n1", "T1")))
    again = boards.commit(here, EndRun(Run("r1", "T1", outcome="failed")))
    assert again.commit == ""
    assert [run.outcome for run in store.read(here).runs_of("T1")] == ["succeeded"]


@pytest.mark.parametrize("form", FORMS)
def test_a_branch_deleted_in_the_middle_is_an_error_and_not_made_again(
    repo: Path, form: str
) -> None:
    here = new(repo, form, Card("T1"))
    board = store.read(here)
    git(repo, "update-ref", "-d", here.ref)
    change = [AddCard(Card("T2"))]
    assert store.commit_once(here, board, change, boards.said) is None
    with pytest.raises(NoBoard, match=here.branch) as error:
        store.commit(here, lambda _: change, message=boards.said)
    assert "refs/gitkanban/seen" in error.value.hint
    assert not git(repo, "for-each-ref", here.ref)


def test_a_branch_moved_by_force_in_the_middle_is_read_again(repo: Path) -> None:
    here = new(repo, "", Card("T1"))
    board = store.read(here)
    other = git(repo, "commit-tree", "-m", "other", "-p", "main", "main^{tree}")
    git(repo, "update-ref", here.ref, other)
    assert store.commit_once(here, board, [AddCard(Card("T2"))], boards.said) is None
    boards.commit(here, AddCard(Card("T2")))
    assert git(repo, "merge-base", other, "main") == other


@pytest.mark.parametrize("form", FORMS)
def test_without_an_author_nothing_is_written(repo: Path, form: str) -> None:
    (Path(os.environ["HOME"]) / ".gitconfig").write_text("[user]\n\tuseConfigOnly = true\n")
    before = git(repo, "for-each-ref")
    with pytest.raises(GitFailed, match="who you are") as error:
        new(repo, form)
    assert "user.name" in error.value.hint
    assert git(repo, "for-each-ref") == before
    assert not (repo / ".kanban").exists()


def test_a_ref_lock_that_stays_is_reported(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = new(repo, "", Card("T1"))
    monkeypatch.setattr("gitkanban.board.repo.refs.LOCK_PATIENCE", 0.05)
    (repo / ".git/refs/heads/main.lock").touch()
    with pytest.raises(BoardBusy, match="locked by another git"):
        edit(here, "T1", priority=1)


def test_hooks_that_export_git_dir_do_not_mislead(
    repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = new(repo, "", Card("T1"))
    other = tmp_path / "other"
    git(tmp_path, "init", "-q", str(other))
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other / "index"))
    assert placefinder.find(str(repo)) == here
    assert edit(here, "T1", priority=1).commit
    monkeypatch.undo()


def test_one_bad_card_hides_no_other(repo: Path) -> None:
    here = new(repo, "", Card("T1"))
    cards = repo / ".kanban/cards"
    (cards / "bad.yaml").write_text("id: bad\ntitle: [\n")
    (cards / "huge.yaml").write_text("id: huge\nbody: " + "x" * (5 << 20) + "\n")
    (cards / "latin.yaml").write_bytes(b"id: latin\ntitle: caf\xe9\n")
    (cards / "link.yaml").symlink_to("T1.yaml")
    git(repo, "add", "-A")
    git(repo, "commit", "-qm", "odd files")
    for _ in range(2):  # read, and read from the cache
        board = store.read(here)
        assert set(board.cards) == {"T1"}
        assert {problem.card for problem in board.problems} == {"bad", "huge", "latin", "link"}
        assert all(problem.file.startswith(".kanban/cards/") for problem in board.problems)


def test_a_damaged_cache_is_read_past(repo: Path) -> None:
    here = new(repo, "", Card("T1", needs=(("build", 1),), parents=("T0",)), Card("T0"))
    boards.commit(here, EndRun(Run("r1", "T1")), AddNote(Note("n1", "T1", text="x")))
    fresh = store.read(here)
    assert board_cache.load(here, fresh.commit) == fresh
    cache = Path(here.private) / "cache"
    for name in ("board", "parsed"):
        data = (cache / name).read_bytes()
        for damaged in (b"", data[:40], data[:-5], data[:-1] + b"!", b"\xff" * 300):
            (cache / name).write_bytes(damaged)
            assert store.read(here) == fresh


def test_a_bare_repository_has_a_board(repo: Path, tmp_path: Path) -> None:
    new(repo, "", Card("T1"))
    git(tmp_path, "clone", "-q", "--bare", "repo", "bare.git")
    here = placefinder.find(str(tmp_path / "bare.git"))
    assert (here.main, here.branch, here.prefix) == ("", "main", ".kanban")
    assert edit(here, "T1", priority=4).commit
    assert store.read(here).cards["T1"].priority == 4


@pytest.mark.parametrize("form", FORMS)
def test_another_branch_is_planned_on_without_moving_the_board(repo: Path, form: str) -> None:
    here = new(repo, form, Card("T1"))
    aside = placefinder.find(str(repo), "plan")
    boards.commit(aside, AddCard(Card("T2")))
    boards.commit(placefinder.find(str(repo), "plan"), AddCard(Card("T3")))
    assert set(store.read(here).cards) == {"T1"}
    assert set(store.read(placefinder.find(str(repo), "plan")).cards) == {"T1", "T2", "T3"}
    assert placefinder.find(str(repo)) == here
    assert edit(here, "T1", priority=1).notices == ()


def test_killed_in_a_commit_leaves_no_lock_and_a_board(repo: Path) -> None:
    here = new(repo, "", Card("T1"))
    points = ["commit.decided", "commit.branch-moved", "follow.file-written", "follow.record"]
    for number, point in enumerate(points):
        code = (
            "from gitkanban import failpoints; from tests.board import boards; "
            "from gitkanban.board.repo import placefinder; from gitkanban.core.changes import AddCard; "
            "from gitkanban.core.model import Card; "
            f"here = placefinder.find({str(repo)!r}); failpoints.arm({point + ':kill'!r}); "
            f"boards.commit(here, AddCard(Card('K{number}')))"
        )
        done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False)
        assert done.returncode == -9, point
        assert not list((repo / ".git").rglob("*.lock"))
        boards.commit(here, AddCard(Card(f"after-{number}")))
        assert git(repo, "status", "--porcelain") == ""
    assert {"after-0", "after-3", "K1", "K2", "K3"} <= set(store.read(here).cards)
    assert git(repo, "fsck", "--strict", "--no-dangling") == ""


@pytest.mark.parametrize("form", FORMS)
def test_a_board_has_the_whole_history_of_cards_in_work_and_looks_up_the_others(
    repo: Path, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = new(repo, form, Card("T1", status="review"), Card("T2", status="done"))
    boards.commit(here, EndRun(Run("r1", "T1")), EndRun(Run("r2", "T2")))
    for board in (reading.board_at(here, store.read(here).commit), store.read(here)):
        assert board.complete == {"T1"}
        asked = store.history(here, board, "T2")
        assert [run.run for run in asked.runs_of("T2")] == ["r2"]
        assert asked.complete == {"T1", "T2"}
        with monkeypatch.context() as patch:
            patch.setattr(histories, "listing", None)  # nothing needs to be listed any more
            assert store.history(here, asked, "T2") is asked
            assert store.history(here, board, "T1") is board


@pytest.mark.parametrize("packed", [False, True], ids=["loose", "packed"])
@pytest.mark.parametrize("form", FORMS)
def test_histories_of_many_cards_are_those_of_each_and_read_the_long_folders_once(
    repo: Path, form: str, packed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = new(repo, form, *(Card(f"T{number}", status="done") for number in range(8)))
    for number in range(6):  # the others have none
        card = f"T{number}"
        ends = (EndRun(Run(f"{card}r{run}", card)) for run in range(number % 3))
        notes = (AddNote(Note(f"{card}n{note}", card, text="x")) for note in range(number % 2))
        boards.commit(here, *ends, *notes)
    if packed:
        git(repo, "gc", "-q")
    board = store.read(here)
    names = sorted((*board.cards, CardId("no-such-card")))
    files = {entry.path for entry in boardfiles.listing(here, board.commit, "runs", "notes")}
    read: list[str] = []
    whole = ObjectReader.read

    def note_read(self: ObjectReader, oid: Oid, kind: str) -> bytes:
        read.append(oid)
        return whole(self, oid, kind)

    with monkeypatch.context() as patch:
        patch.setattr(ObjectReader, "read", note_read)
        patch.setattr(histories, "listing", None)  # no git lists anything
        together = store.histories(here, board, names)
        assert read and len(read) == len(set(read)), "no folder is read twice"
        assert store.histories(here, together, names) is together
    runs = {f"runs/{card}/{run.run}.yaml" for card in names for run in together.runs_of(card)}
    notes = {f"notes/{card}/{note.id}.md" for card in names for note in together.notes_of(card)}
    assert runs | notes == files and (len(runs), len(notes)) == (6, 3)
    for card in names:
        alone = store.history(here, board, card)
        assert alone.runs_of(card) == together.runs_of(card)
        assert alone.notes_of(card) == together.notes_of(card)
