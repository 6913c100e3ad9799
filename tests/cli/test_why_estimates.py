"""`why CARD` says when a card could start, where it is known how long sessions take."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.calls import ok
from tests.conftest import git

CONFIG = """\
version: 1
kanban:
  base: main
  workers:
    w: {mode: lane, command: ["true"]}
"""
RUN = """\
run: 01m8hy5q0086xmc5qj0q
slot: w#1
worker: w
host: shop
clone: abcdefghijkm
started: 2026-11-28T14:00:00Z
ended: 2026-11-28T14:10:00Z
outcome: succeeded
exit: 0
why: 1 new commit
"""


@pytest.fixture
def chain(repo: Path) -> Path:
    """A done card with one run of ten minutes, and two to come, one after the other."""
    root = repo / ".kanban"
    (root / "cards").mkdir(parents=True)
    (root / "runs" / "D").mkdir(parents=True)
    (root / "config.yaml").write_text(CONFIG)
    for name, more in {"D": "done", "A": "todo", "B": "todo\nparents: [A]"}.items():
        text = f"id: {name}\ntitle: card {name}\nworker: w\nstatus: {more}\n"
        (root / "cards" / f"{name}.yaml").write_text(text)
    (root / "runs" / "D" / "01m8hy5q0086xmc5qj0q.yaml").write_text(RUN)
    git(repo, "add", "-A")
    git(repo, "commit", "-qm", "a board")
    ok(repo, "trust", "--yes")
    return repo


def test_it_is_said_of_a_card_that_waits_and_of_no_other(chain: Path) -> None:
    said = ok(chain, "why", "A", "B")
    assert said.endswith("freed by A done\n    could start in ~10m (A takes about 10m)\n")
    assert said.count("could start") == 1
    (row,) = json.loads(ok(chain, "why", "B", "--json"))
    assert row["could_start"] and (row["after"], row["takes"]) == ("A", 600)
    assert "could start" not in ok(chain, "why")


def test_nothing_is_played_through_where_nothing_has_ended(chain: Path) -> None:
    (chain / ".kanban/runs/D/01m8hy5q0086xmc5qj0q.yaml").unlink()
    git(chain, "commit", "-qam", "no history")
    code = (
        "import sys\nfrom gitkanban.cli.app import run\nrun(['why', 'B'])\n"
        "sys.exit('gitkanban.core.forecast.simulate' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=chain, capture_output=True, text=True)
    assert done.returncode == 0 and "could start" not in done.stdout, done
