"""A bench of real runs for every test here; what a failed test leaves is ended."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.runs.places import Bench


@pytest.fixture
def bench(repo: Path) -> Iterator[Bench]:
    """Runs in a repository of two files."""
    found = Bench(repo)
    yield found
    found.close()
