"""A card's merge comes to what `git merge` makes: the same tree, or the same files in conflict."""

import os
from pathlib import Path

import pytest

from tests.merges_as_git import run

ROUNDS = int(os.environ.get("GITKANBAN_TEST_MERGES", "12"))


@pytest.mark.parametrize("by_hand", [False, True], ids=["merge-tree", "git-before-2.38"])
def test_generated_histories_merge_as_git_merges_them(tmp_path: Path, by_hand: bool) -> None:
    first = 1000 if by_hand else 1
    assert run(tmp_path, range(first, first + ROUNDS), by_hand) == []
