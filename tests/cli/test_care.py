"""doctor, gc, pause and resume from the command line, on a board that was really worked."""

import json
import os
import sys
from pathlib import Path

import pytest

from gitkanban.board.repo.placefinder import find
from gitkanban.care import checkup, gc
from gitkanban.cli import progress
from gitkanban.core.care.gc import Tidying
from gitkanban.runs.records import folders
from gitkanban.runs.supervision.locks import Locks
from tests.cli.calls import await_rest, call, ok
from tests.conftest import git
from tests.runs.places import until

CONFIG = """\
version: 1
kanban:
  base: main
  keep_runs: 1
  archive_after: 1h
  merge: {merge}
  workers:
    w:
      mode: pool
      max_concurrency: 3
      command: [/bin/sh, -c, "echo $GITKANBAN_CARD > $GITKANBAN_CARD.txt; git add -A; git commit -qm work"]
      on_success: done
"""
LATER = "2035-01-01T00:00:00Z"  # of a clock that has moved on: what was done is done long ago


def quiet(repo: Path) -> bool:
    """Whether every card is finished and no tick is at work."""
    private = find(str(repo)).private
    if any(not folder.has("settled") for folder in folders.every(private)):
        return False
    states = {card["status"] for card in json.loads(ok(repo, "list", "--json"))}
    return states <= {"done", "dropped", "backlog"} and not Locks(private).locked(["tick"])


def made(repo: Path, *cards: str, merge: str = "merge") -> Path:
    """A board of these cards, each worked and accepted by real ticks."""
    ok(repo, "init", "--runner", "claude")
    (repo / ".kanban" / "config.yaml").write_text(CONFIG.format(merge=merge))
    git(repo, "add", ".kanban")
    git(repo, "commit", "-qm", "config", "--", ".kanban")
    for card in cards:
        ok(repo, "add", f"card {card}", "--id", card, "-w", "w")
    ok(repo, "trust", "--yes")
    ok(repo, "tick")
    until(lambda: quiet(repo), "the board to be worked")
    await_rest(repo)
    return repo


def branches(repo: Path) -> list[str]:
    return git(repo, "branch", "--list", "card/*", "--format=%(refname:short)").split()


def trees(repo: Path) -> list[str]:
    folder = repo.with_name("repo.worktrees")
    return sorted(os.listdir(folder)) if folder.exists() else []


@pytest.mark.parametrize("merge", ["merge", "squash"])
def test_gc_removes_what_is_merged_keeps_the_rest_and_archives_in_one_commit(
    repo: Path, merge: str
) -> None:
    made(repo, "A", "B", "C", merge=merge)
    desks = repo.with_name("repo.worktrees")
    (desks / "B" / "draft.txt").write_text("unsaved\n")
    (desks / "C" / "more.txt").write_text("more\n")
    git(desks / "C", "add", "more.txt")
    git(desks / "C", "commit", "-q", "-m", "more")
    tip = git(repo, "rev-parse", "HEAD")

    foreseen = ok(repo, "gc", "--dry-run", GITKANBAN_NOW=LATER)
    assert git(repo, "rev-parse", "HEAD") == tip and len(trees(repo)) == 3
    said = ok(repo, "gc", GITKANBAN_NOW=LATER)
    assert said == foreseen.replace("would remove", "removed").replace("would archive", "archived")

    squashed = ", squashed into base" if merge == "squash" else ""
    runs = [folder.run for folder in folders.every(find(str(repo)).private)]
    assert len(runs) == 1
    assert said.splitlines()[:2] == [
        f"removed worktree {desks}/A",
        f"removed branch card/A{squashed}",
    ]
    assert said.splitlines()[2].startswith("removed 2 run folders (")
    assert said.splitlines()[3:] == [
        "archived card A",
        "kept 2 cards (B, C): with work that is not in base",
        f"kept run folder {runs[0]}: among the newest 1 (keep_runs)",
        f"kept worktree {desks}/B: it has changes that are not committed, and the card is done",
        f"kept worktree {desks}/C: it has commits that base lacks, and the card is done",
    ]
    assert trees(repo) == ["B", "C"] and branches(repo) == ["card/B", "card/C"]
    assert (desks / "B" / "draft.txt").exists()
    assert git(repo, "rev-list", "--count", f"{tip}..HEAD") == "1"
    assert git(repo, "ls-files", ".kanban/archive/*/cards/A.yaml")
    assert not (repo / ".kanban/cards/A.yaml").exists()
    assert git(repo, "status", "--porcelain") == ""
    assert "nothing to remove" in ok(repo, "gc", GITKANBAN_NOW=LATER)
    assert git(repo, "rev-list", "--count", f"{tip}..HEAD") == "1"
    assert call(repo, "doctor", GITKANBAN_NOW=LATER).code == 0


def test_gc_json_and_a_child_that_waits_for_an_archived_parent(repo: Path) -> None:
    made(repo, "A")
    told = json.loads(ok(repo, "gc", "--json", GITKANBAN_NOW=LATER))
    assert [each["card"] for each in told["worktrees"]] == ["A"]
    assert told["branches"] == ["card/A"] and told["runs"] == []
    assert [each["card"] for each in told["archived"]] == ["A"]
    assert told["commit"] and not told["dry_run"]
    assert [each["kind"] for each in told["kept"]] == ["run folder"]
    ok(repo, "add", "after it", "--id", "B", "-w", "w", "--parent", "A")
    [card] = json.loads(ok(repo, "list", "--json"))
    assert card["id"] == "B" and card["ready"]
    shown = json.loads(ok(repo, "show", "A", "--json"))
    assert shown["status"] == "done" and [run["outcome"] for run in shown["runs"]] == ["succeeded"]
    assert shown["runs"][0]["commit"] in ok(repo, "show", "B", "--prompt")
    done = call(repo, "reopen", "A")
    assert done.code == 1 and "card A is done and archived" in done.err


def test_gc_keeps_work_that_base_has_reverted(repo: Path) -> None:
    made(repo, "A", merge="squash")
    commit = git(repo, "log", "-1", "--format=%H", "--", "A.txt")
    git(repo, "revert", "--no-edit", commit)
    said = ok(repo, "gc", GITKANBAN_NOW=LATER)
    assert "it has commits that base lacks" in said
    assert branches(repo) == ["card/A"] and trees(repo) == ["A"]


def test_what_changes_while_gc_is_at_work_stays(
    repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(repo, "A", "B", "C", "D")
    desks = repo.with_name("repo.worktrees")
    git(repo, "worktree", "remove", str(desks / "A"))
    steps = gc.Tidier.steps

    def late(self: gc.Tidier, todo: Tidying) -> object:
        new = git(repo, "commit-tree", "HEAD^{tree}", "-m", "x")
        git(repo, "update-ref", "refs/heads/card/A", new)
        (desks / "B" / "late.txt").write_text("late\n")
        ok(repo, "reopen", "C")
        return steps(self, todo)

    monkeypatch.setattr(gc.Tidier, "steps", late)
    said = ok(repo, "gc", GITKANBAN_NOW=LATER)
    assert "kept branch card/A: moved on in the meantime" in said
    assert f"kept worktree {desks}/B: it has changes that are not committed\n" in said
    assert "kept 2 cards (A, B): with work that is not in base\n" in said
    assert "archived card D\n" in said and (repo / ".kanban/cards/C.yaml").exists()
    assert branches(repo) == ["card/A", "card/B"] and trees(repo) == ["B"]


def test_a_dropped_card_keeps_what_is_not_merged(repo: Path) -> None:
    made(repo, "A")
    ok(repo, "reopen", "A")
    git(repo.with_name("repo.worktrees") / "A", "commit", "-q", "--allow-empty", "-m", "more")
    ok(repo, "drop", "A")
    assert "the card is dropped" in ok(repo, "gc", GITKANBAN_NOW=LATER)
    assert trees(repo) == ["A"] and (repo / ".kanban/cards/A.yaml").exists()


def test_doctor_says_what_is_wrong_mends_it_and_exits_accordingly(
    board: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkup, "_AGAIN", 0.05)
    monkeypatch.setenv("PATH", f"{board}/bin:{os.environ['PATH']}")
    git(board, "branch", "card/gone")
    first = call(board, "doctor", "--json")
    found = json.loads(first.out)
    assert first.code == 1 and not found["ok"]
    codes = {each["code"] for each in found["symptoms"]}
    assert {"not-ticking", "untrusted", "branch-without-card"} <= codes
    assert call(board, "doctor", "--fix", "--dry-run").code == 1
    assert branches(board) == ["card/gone"]
    said = call(board, "doctor", "--fix")
    assert "branch card/gone belongs to no card on the board; its work is in base" in said.out
    assert "  repaired\n" in said.out and branches(board) == []
    assert "branch-without-card" not in call(board, "doctor").out


def test_doctor_names_files_that_cannot_be_read(board: Path) -> None:
    (board / ".kanban/cards/T1.yaml").write_text("id: T1\nid: T1\n")
    (board / ".kanban/config.yaml").write_text("version: 1\nkanban: {worker: {}}\n")
    git(board, "commit", "-qam", "broken")
    said = call(board, "doctor")
    assert said.code == 1
    assert "error: .kanban/cards/T1.yaml:2:1: " in said.out and "[unreadable-card]" in said.out
    assert "error: .kanban/config.yaml:2:" in said.out and "[broken-config]" in said.out


def test_doctor_is_not_for_sessions_to_mend_with(board: Path) -> None:
    session = {"GITKANBAN_RUN": "r1", "GITKANBAN_CARD": "T1"}
    for words in (("doctor", "--fix"), ("gc",), ("pause", "--all"), ("resume", "--all")):
        done = call(board, *words, **session)
        assert done.code == 1 and "is not for sessions" in done.err


def test_pause_and_resume_are_on_the_board_for_every_clone(board: Path) -> None:
    said = ok(board, "pause", "backend-hermes-pool", "--why", "quota")
    assert said == "backend-hermes-pool paused; running sessions go on\n"
    assert "! backend-hermes-pool: paused: quota" in ok(board, "status", "--format", "text")
    clone = board.with_name("clone")
    git(board.parent, "clone", "-q", "repo", "clone")
    assert "! backend-hermes-pool: paused: quota" in ok(clone, "status", "--format", "text")
    tip = git(board, "rev-parse", "HEAD")
    again = ok(board, "pause", "backend-hermes-pool")
    assert again == "backend-hermes-pool is already paused; running sessions go on\n"
    assert git(board, "rev-parse", "HEAD") == tip
    assert ok(board, "resume", "backend-hermes-pool") == "backend-hermes-pool resumed\n"
    assert ok(board, "resume", "backend-hermes-pool") == "backend-hermes-pool was not paused\n"
    assert "paused" not in ok(board, "status", "--format", "text")
    subjects = git(board, "log", "-2", "--format=%s").splitlines()
    assert subjects == [
        "kanban: resume backend-hermes-pool",
        "kanban: pause backend-hermes-pool (quota)",
    ]


def test_a_paused_board_starts_nothing(board: Path) -> None:
    ok(board, "pause", "messages-owner")
    ok(board, "pause", "--all", "--why", "freeze")
    held = json.loads(call(board, "tick", "--dry-run", "--json").out)["holds"]
    assert {each["card"]: each["code"] for each in held}["T0"] == "paused"
    told = call(board, "resume", "messages-owner")
    assert "the whole board is paused" in told.err
    ok(board, "pause", "messages-owner")
    assert ok(board, "resume", "--all") == "every worker resumed\nmessages-owner resumed\n"
    assert ok(board, "resume", "--all") == "nothing was paused\n"


@pytest.mark.parametrize(
    "words, code, error",
    [
        (("pause",), 2, "name the workers, or --all"),
        (("pause", "x", "--all"), 2, "name the workers, or --all"),
        (("pause", "mesages-owner"), 1, "no worker 'mesages-owner'"),
        (("resume", "mesages-owner"), 1, "no worker 'mesages-owner'"),
    ],
)
def test_pause_refuses(board: Path, words: tuple[str, ...], code: int, error: str) -> None:
    done = call(board, *words)
    assert done.code == code and error in done.err


class Terminal:
    """A stderr that says that it is a terminal."""

    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str) -> int:
        self.text += text
        return len(text)

    def flush(self) -> None:
        pass

    def isatty(self) -> bool:
        return True


def test_progress_is_shown_on_a_terminal_only(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert list(progress.progress(iter(range(9)), 9, "counting")) == list(range(9))
    assert capsys.readouterr().err == ""
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    assert list(progress.progress(range(2), 2, "counting")) == [0, 1]
    assert terminal.text == ""
    assert list(progress.progress(range(9), 9, "counting")) == list(range(9))
    assert "counting" in terminal.text and "9/9" in terminal.text


def test_gc_on_a_board_that_has_never_been_ticked_removes_nothing(repo: Path) -> None:
    ok(repo, "init")
    assert not (repo / ".kanban" / "slots").exists()
    assert "nothing to remove" in ok(repo, "gc")
