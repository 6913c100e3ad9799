"""Reopening asks the records of the past, which are not read with the board."""

import json
from pathlib import Path

from tests.cli.calls import call, ok
from tests.conftest import git

RECORD = "slot: messages-hermes#1\noutcome: succeeded\n"


def ended(board: Path, card: str, run: str = "") -> None:
    """The card is done, after a run or by hand."""
    if run:
        path = board / ".kanban" / "runs" / card / f"{run}.yaml"
        path.parent.mkdir(parents=True)
        path.write_text(f"run: {run}\n{RECORD}")
        git(board, "add", "-A")
        git(board, "commit", "-qm", "a run")
    ok(board, "done", card)


def test_a_child_that_a_person_closed_has_not_started(board: Path) -> None:
    ended(board, "T0")
    ended(board, "T1")
    assert ok(board, "reopen", "T0") == "T0 done → todo\n"


def test_one_that_has_run_has_and_the_attempts_begin_again(board: Path) -> None:
    ended(board, "T0", "01r")
    ended(board, "T1", "02r")
    done = call(board, "reopen", "T0")
    assert (done.code, done.err.splitlines()[0]) == (
        1, "Error: cannot reopen T0: T1 started from its result",
    )  # fmt: skip
    ok(board, "reopen", "T0", "--force")
    card = (board / ".kanban" / "cards" / "T0.yaml").read_text()
    assert "attempts_after: 01r" in card
    assert json.loads(ok(board, "show", "T0", "--json"))["status"] == "todo"
