"""In a repository of somebody else's one may look, and is told why nothing more goes."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.calls import ok
from tests.conftest import git

# Root obeys the permissions of its own files once it has no capabilities.
AS_ANYBODY = ["setpriv", "--inh-caps=-all", "--bounding-set=-all"] if os.geteuid() == 0 else []

pytestmark = pytest.mark.skipif(
    bool(AS_ANYBODY) and not shutil.which("setpriv"), reason="root needs setpriv for it"
)


def sh(cwd: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*AS_ANYBODY, sys.executable, "-m", "gitkanban", *words],
        cwd=cwd, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip


@pytest.fixture
def theirs(board: Path) -> Iterator[Path]:
    """The example board with a draft in it, its repository closed for writing."""
    git(board, "config", "gitkanban.branch", "main")
    card = board / ".kanban" / "cards" / "T0.yaml"
    card.write_text(card.read_text().replace("priority: 0\n", "") + "\nstrange: 1\n")
    folders = [board / ".git", *(p for p in (board / ".git").rglob("*") if p.is_dir())]
    for path in folders:
        path.chmod(0o555)
    yield board
    for path in folders:
        path.chmod(0o755)


@pytest.mark.parametrize(
    "words", ["status", "list", "show T0", "check", "diff", "why --all", "log", "workers", "simulate"]
)  # fmt: skip
def test_one_may_look(theirs: Path, words: str) -> None:
    done = sh(theirs, *words.split())
    assert (done.returncode, done.stderr) == (0, "")


def test_doctor_says_that_one_may_only_look(theirs: Path) -> None:
    done = sh(theirs, "doctor")
    assert (done.returncode, done.stderr) == (1, "")
    assert f"error: you may not write in {theirs}/.git, so nothing can be committed" in done.stdout


def test_who_writes_is_told_whom_to_ask(theirs: Path) -> None:
    done = sh(theirs, "add", "one more")
    assert done.returncode == 1
    assert done.stderr.endswith("Hint: Check who owns it; nothing was changed.\n")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_git_s_own_advice_is_the_hint_for_somebody_else_s_repository(board: Path) -> None:
    for path in (board, board / ".git"):
        os.chown(path, 65534, 65534)
    done = sh(board, "status")
    assert done.stderr.splitlines() == [
        f"Error: detected dubious ownership in repository at '{board}'",
        f"Hint: If you trust its owner: git config --global --add safe.directory {board}",
    ]


def test_a_look_at_drafts_leaves_no_object_behind(board: Path) -> None:
    card = board / ".kanban" / "cards" / "T0.yaml"
    card.write_text(card.read_text().replace("title: ", "title: re"))
    before = git(board, "count-objects", "-v")
    assert "title: define" in ok(board, "diff")
    ok(board, "check")
    assert git(board, "count-objects", "-v") == before
