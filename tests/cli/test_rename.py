"""`rename`: one commit that takes children, runs and notes along."""

import json
from pathlib import Path

import pytest

from tests.cli.calls import call, ok
from tests.conftest import git


def test_a_card_is_renamed_everywhere_in_one_commit(board: Path) -> None:
    runs = board / ".kanban" / "runs" / "T1"
    runs.mkdir(parents=True)
    (runs / "01.yaml").write_text("run: '01'\noutcome: failed\n")
    git(board, "add", "-A")
    git(board, "commit", "-qm", "a run")
    ok(board, "note", "T1", "remember")
    tip = git(board, "rev-parse", "main")
    data = json.loads(ok(board, "rename", "T1", "backend", "--json"))
    assert (data["old"], data["new"], data["children"]) == ("T1", "backend", ["T4"])
    assert git(board, "rev-parse", "main~1") == tip
    assert git(board, "log", "-1", "--format=%s") == "kanban: T1 renamed to backend"
    names = git(board, "ls-tree", "-r", "--name-only", "main", ".kanban")
    assert "T1" not in names and ".kanban/runs/backend/01.yaml" in names
    shown = json.loads(ok(board, "show", "backend", "--json"))
    assert [run["run"] for run in shown["runs"]] == ["01"]
    assert [note["text"].strip() for note in shown["notes"]] == ["remember"]
    text = git(board, "show", "main:.kanban/cards/backend.yaml")
    assert text == git(board, "show", f"{tip}:.kanban/cards/T1.yaml").replace(
        "id: T1", "id: backend"
    )
    assert json.loads(ok(board, "show", "T4", "--json"))["parents"] == ["T2", "T3", "backend"]
    assert ok(board, "check") == "nothing found\n"
    assert git(board, "status", "--short") == ""


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("T1", "T2", "card T2 already exists"),
        ("T1", "T1", "already has that id"),
        ("T1", "t2", "differs from T2 only in case"),
        ("T1", "../x", "cannot be a card id"),
        ("T8", "T9", "no card 'T8'"),
    ],
)
def test_what_cannot_be_renamed(board: Path, old: str, new: str, said: str) -> None:
    tip = git(board, "rev-parse", "main")
    done = call(board, "rename", old, new)
    assert done.code in (1, 2) and said in done.err
    assert git(board, "rev-parse", "main") == tip


def test_a_card_in_work_keeps_its_name(board: Path) -> None:
    git(board, "branch", "card/T1")
    done = call(board, "rename", "T1", "T9")
    assert done.code == 1 and "has work on branch card/T1" in done.err
    path = board / ".kanban" / "cards" / "T2.yaml"
    path.write_text(path.read_text().replace("status: todo", "status: review"))
    git(board, "commit", "-qam", "in review")
    done = call(board, "rename", "T2", "T9")
    assert done.code == 1 and "T2 is review" in done.err


def test_only_the_case_may_change(board: Path) -> None:
    ok(board, "rename", "T1", "t1")
    assert json.loads(ok(board, "show", "T4", "--json"))["parents"] == ["T2", "T3", "t1"]
