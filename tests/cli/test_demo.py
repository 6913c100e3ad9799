"""The demo is the acceptance story of the whole product: real sessions,
in both forms of a board.
"""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gitkanban.runs.supervision.processes import everyone
from tests.cli.calls import call
from tests.conftest import git
from tests.support.paced_demo import play_demo

MOVE = re.compile(r"(T\d) (\w+) → (\w+)")


@pytest.mark.parametrize("form", ["in-tree", "own-branch"])
def test_the_example_board_is_worked_to_its_end(tmp_path: Path, form: str) -> None:
    where = tmp_path / "demo"
    words = ["--own-branch"] if form == "own-branch" else []
    home = tmp_path / "home"
    home.mkdir()
    printed = play_demo(home, "--keep", str(where), *words, NO_COLOR="1")
    assert re.search(r"^\$ gitkanban tick\nstarted  T0  messages-hermes#1  /", printed, re.M)
    assert re.search(r"^backend-hermes ▮▮▯ 2/3", printed, re.M)
    assert "at most 3 at once: T1, T2, T3" in printed
    repo = where / "messages"
    branch = "kanban" if words else "main"
    commits = git(repo, "log", "--reverse", "--format=%B%x00", branch).split("\0")
    # What one commit does may be told in any order.
    at = {part: number for number, text in enumerate(commits) for part in re.findall(MOVE, text)}
    start = [at[card, "todo", "running"] for card in ("T0", "T1", "T4")]
    assert start[0] < start[1] < start[2]
    last = max(at[card, "running", "done"] for card in ("T1", "T2", "T3"))
    assert start[1] < last <= start[2]
    files = git(repo, "ls-tree", "-r", "--name-only", "main", "docs", "src", "tests").split()
    assert files == ["docs/recall.md", "docs/review.md", "src/recall.html", "src/recall.sh", "tests/recall.sh"]  # fmt: skip
    assert git(repo, "status", "--porcelain") == ""
    page = where / "messages-board.html"
    assert f"The board as a page, for any browser: {page}\n" in printed
    assert "5 of 5 done" in page.read_text(encoding="utf-8")


def test_without_a_server_library_open_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    monkeypatch.delitem(sys.modules, "gitkanban.web.running", raising=False)
    monkeypatch.delitem(sys.modules, "gitkanban.web.listening", raising=False)
    done = call(tmp_path, "demo", "--keep", "there", "--open")
    assert done.code == 1 and "install gitkanban[web]" in done.err
    assert not (tmp_path / "there").exists()


def test_without_a_browser_open_fails_and_the_demo_runs_to_its_end(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "gitkanban", "demo", "--open"],
        cwd=tmp_path, env=os.environ | {"BROWSER": "false", "TMPDIR": str(tmp_path)},
        capture_output=True, text=True, check=False, timeout=400,
    )  # fmt: skip
    assert done.returncode == 1 and "All 5 cards are done" in done.stdout
    assert done.stderr.splitlines() == [
        "Error: there is no browser here to open it",
        "Hint: Leave --open out; `gitkanban web` prints the address to open.",
    ]


@pytest.mark.parametrize("moment", ["● T0", "● T1"])
def test_an_interrupted_demo_leaves_nothing(tmp_path: Path, moment: str) -> None:
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "gitkanban", "demo"],
        cwd=tmp_path,
        env=os.environ | {"TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    assert any(moment in line for line in process.stdout)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=300)
    assert (process.returncode, err.strip()) == (130, "interrupted")
    assert list(tmp_path.iterdir()) == []
    assert not [p for p in everyone() if str(tmp_path).encode() in words_of(p.pid)]


def words_of(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
