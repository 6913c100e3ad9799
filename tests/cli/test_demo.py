"""The demo is the acceptance story of the whole product: real sessions, in both forms of a board."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import git


@pytest.mark.parametrize("form", ["in-tree", "own-branch"])
def test_the_example_board_is_worked_to_its_end(tmp_path: Path, form: str) -> None:
    where = tmp_path / "demo"
    words = ["--own-branch"] if form == "own-branch" else []
    done = subprocess.run(
        [sys.executable, "-m", "gitkanban", "demo", "--keep", str(where), *words],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^backend-hermes +2/3 running", done.stdout, re.M)
    assert "most at the same time: T1, T2, T3" in done.stdout
    repo = where / "messages"
    branch = "kanban" if words else "main"
    story = git(repo, "log", "--reverse", "--format=%B", branch)
    start = [story.index(f"{card} todo → running") for card in ("T0", "T1", "T4")]
    assert start == sorted(start)
    last = max(story.index(f"{card} running → done") for card in ("T1", "T2", "T3"))
    assert start[1] < last < start[2]
    files = git(repo, "ls-tree", "-r", "--name-only", "main", "docs", "src", "tests").split()
    assert files == ["docs/recall.md", "docs/review.md", "src/recall.html", "src/recall.sh", "tests/recall.sh"]  # fmt: skip
    assert git(repo, "status", "--porcelain") == ""
