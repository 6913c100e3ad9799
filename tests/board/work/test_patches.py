"""A card's work as a patch, whole and cut at a line."""

from pathlib import Path

import pytest

from gitkanban.board import store
from gitkanban.board.repo.placefinder import find
from gitkanban.board.work.patches import first_of_patch, patch_of
from gitkanban.errors import NotFound
from tests.board.boards import FORMS, new
from tests.board.work.test_integrate import CARD
from tests.conftest import git


def test_a_patch_is_cut_at_a_line_and_says_how_much_is_left(repo: Path) -> None:
    new(repo, FORMS[0], CARD)
    tree = repo.parent / "work"
    git(repo, "worktree", "add", "-q", "-b", "card/T1", str(tree), "main")
    (tree / "new.txt").write_text("".join(f"line {number}\n" for number in range(2000)))
    git(tree, "add", "new.txt")
    git(tree, "commit", "-qm", "work")
    place = find(str(repo))
    board = store.read(place)
    card = next(iter(board.cards.values()))
    whole = patch_of(place, board, card)
    assert first_of_patch(place, board, card, 1 << 20) == (whole, 0)
    text, left_out = first_of_patch(place, board, card, 1000)
    assert whole.startswith(text) and text.endswith("\n") and 900 < len(text) <= 1000
    assert len(text) + left_out == len(whole)


def test_a_card_without_work_has_no_patch(repo: Path) -> None:
    new(repo, FORMS[0], CARD)
    place = find(str(repo))
    board = store.read(place)
    with pytest.raises(NotFound, match="no work to show"):
        first_of_patch(place, board, next(iter(board.cards.values())), 1000)
