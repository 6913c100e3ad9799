"""A card written by hand, odd but valid, goes through tick and accept
with only its status touched.
"""

import os
import subprocess
import sys
from difflib import unified_diff
from pathlib import Path

from tests.conftest import git
from tests.runs.places import until

CARD = """\
# reviewed with Grace on Tuesday
"title" : 'say "hello"'   # single quotes on purpose
worker:   w
acceptance: [ "it works" , 'and is tested' ]
x-estimate: {days: 1.50}   # a key of our own
status:   todo     # may go
id: "ODD"
priority: 3
body: >-
    Folded
    text.

parents: []
# the end
"""
CONFIG = """\
version: 1
kanban:
  workers:
    w: {command: [sh, -c, 'echo hello > hello.txt && git add . && git commit -qm hello']}
"""


def gitkanban(repo: Path, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "gitkanban", *words],
        cwd=repo,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_only_the_touched_lines_of_a_hand_written_card_change(repo: Path) -> None:
    config = repo.parent / "config.yaml"
    config.write_text(CONFIG)
    gitkanban(repo, "init", "--config", str(config))
    path = repo / ".kanban" / "cards" / "ODD.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(CARD)
    git(repo, "add", "-A")
    git(repo, "commit", "-qm", "a card by hand")
    gitkanban(repo, "check")
    gitkanban(repo, "trust", "--yes")
    gitkanban(repo, "tick")
    until(lambda: "status:   review " in path.read_text())
    gitkanban(repo, "accept", "ODD")
    before, after = CARD.splitlines(), path.read_text().splitlines()
    changed = [
        line
        for line in unified_diff(before, after, n=0, lineterm="")
        if line[:1] in "+-" and line[:3] not in ("+++", "---")
    ]
    tip = git(repo, "rev-parse", "card/ODD")
    merged = git(repo, "log", "-1", "--format=%H", "--merges", "--grep=Kanban-Card: ODD")
    assert git(repo, "rev-parse", f"{merged}^2") == tip
    assert changed == [
        "-status:   todo     # may go", "+status:   done     # may go", f"+merged: {merged}"
    ]  # fmt: skip
    assert os.path.exists(repo / "hello.txt")
    assert git(repo, "status", "--porcelain") == ""
