"""On a board with a branch of its own, no branch that the board's writers fill can be base."""

from pathlib import Path

import pytest

from gitkanban.board.init import create
from gitkanban.board.repo.base import check_base
from gitkanban.errors import Refused
from tests.conftest import git

CONFIG = "version: 1\nkanban:\n  workers: {}\n"


@pytest.mark.parametrize(
    ("base", "why"),
    [
        ("kanban", "the board's own branch"),
        ("card/T1", "the branch of a card"),
        ("release", "shares history with the board's branch"),
    ],
)
def test_a_branch_of_the_board_or_of_a_card_is_refused(repo: Path, base: str, why: str) -> None:
    place = create(str(repo), branch="kanban", config=CONFIG, files={})
    git(repo, "branch", "release", "kanban")
    check_base(place, "main")
    with pytest.raises(Refused, match=why):
        check_base(place, base)


def test_a_merge_of_the_board_into_code_makes_it_no_base(repo: Path) -> None:
    place = create(str(repo), branch="kanban", config=CONFIG, files={})
    git(repo, "branch", "mixed")
    tree = git(repo, "rev-parse", "kanban^{tree}").strip()
    commit = git(repo, "commit-tree", tree, "-p", "mixed", "-p", "kanban", "-m", "m").strip()
    git(repo, "update-ref", "refs/heads/mixed", commit)
    with pytest.raises(Refused, match="shares history"):
        check_base(place, "mixed")


def test_in_tree_board_and_base_may_be_one_branch(repo: Path) -> None:
    place = create(str(repo), config=CONFIG, files={})
    check_base(place, place.branch)
