"""A board with a card in every state that people decide about, made without a session."""

from pathlib import Path

import pytest

from tests.conftest import git

CONFIG = """\
version: 1
kanban:
  base: main
  workers:
    coder: {mode: pool, max_concurrency: 3, command: ["true"]}
    owner: {mode: lane, command: ["true"]}
"""
CARDS = {
    "R1": "title: in review\nworker: coder\nstatus: review\n",
    "Q1": "title: asks something\nworker: coder\nstatus: blocked\nreason: needs-input\n"
    "why: Stripe or Adyen?\n",
    "F1": "title: has failed\nworker: coder\nstatus: blocked\nreason: failed\nwhy: it exited with 1\n",
    "A1": "title: after the review\nworker: owner\nstatus: todo\nparents: [R1]\n",
    "B1": "title: for later\nworker: owner\nstatus: backlog\n",
}


@pytest.fixture
def states(repo: Path) -> Path:
    """`repo` with these cards on a board in its tree, and work on the branch of R1."""
    cards = repo / ".kanban" / "cards"
    cards.mkdir(parents=True)
    (repo / ".kanban" / "config.yaml").write_text(CONFIG)
    for name, text in CARDS.items():
        (cards / f"{name}.yaml").write_text(f"id: {name}\n{text}")
    git(repo, "add", "-A")
    git(repo, "commit", "-qm", "a board")
    git(repo, "switch", "-qc", "card/R1")
    (repo / "work.txt").write_text("what was asked\n")
    git(repo, "add", "-A")
    git(repo, "commit", "-qm", "the work of R1")
    git(repo, "switch", "-q", "main")
    return repo
