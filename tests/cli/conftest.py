"""A repository with the example board in its tree."""

import shutil
from pathlib import Path

import pytest

from tests.cli.calls import EXAMPLE
from tests.conftest import git


@pytest.fixture
def board(repo: Path) -> Path:
    """`repo` with the board of T0 to T4 committed on main."""
    (repo / ".kanban").mkdir()
    shutil.copy(EXAMPLE / "config.yaml", repo / ".kanban")
    shutil.copytree(EXAMPLE / "cards", repo / ".kanban" / "cards")
    git(repo, "add", "-A")
    git(repo, "commit", "-qm", "the board")
    return repo
