"""The board in columns: as many as there is room for, each line within the width."""

import re

import pytest

from gitkanban.core.model import Board, Card
from gitkanban.views.board import board_text
from gitkanban.views.text import Look, width
from tests.core.situation.test_account import CONFIG, NOW
from tests.views.test_status_page import board, data_of


@pytest.mark.parametrize("columns", [20, 39, 40, 60, 79, 80, 119, 120, 200])
@pytest.mark.parametrize("by", ["", "worker", "label"])
def test_no_line_is_wider_than_the_terminal(columns: int, by: str) -> None:
    page = board_text(data_of(board()), NOW, Look(columns), by)
    assert not [line for line in page.splitlines() if width(line) > columns]
    assert "\x1b" not in page and "\u202e" not in page


@pytest.mark.parametrize(("columns", "count"), [(20, 1), (60, 2), (80, 4), (130, 6)])
def test_it_has_as_many_columns_as_there_is_room_for(columns: int, count: int) -> None:
    page = board_text(data_of(board()), NOW, Look(columns))
    rule = next(line for line in page.splitlines() if line.startswith("──"))
    assert rule.count("┼") == count - 1
    assert (", done " in page.replace("\n", " ")) == (count < 4)


def test_ten_cards_stand_in_a_column_unless_somebody_wants_all() -> None:
    data = data_of(board(300))
    assert "more: -a" in board_text(data, NOW, Look(80))
    assert "more: -a" not in board_text(data, NOW, Look(80), all_=True)


def test_a_lane_has_its_worker_s_cards_and_names_what_has_none() -> None:
    cards = {"A": Card("A", "one", "back"), "B": Card("B", "two", "own"), "C": Card("C", "three")}
    page = board_text(data_of(Board("main", "c", CONFIG, cards)), NOW, Look(80), "worker")
    lanes = [line.strip("─ ") for line in page.splitlines() if line.startswith("── ")]
    assert lanes == ["back", "own", "no worker"]
    assert page.index("○ A") < page.index("── own") < page.index("○ B")


@pytest.mark.parametrize("columns", [20, 60, 80, 200])
@pytest.mark.parametrize("by", ["", "worker"])
def test_colours_move_nothing(columns: int, by: str) -> None:
    plain = board_text(data_of(board()), NOW, Look(columns), by)
    coloured = board_text(data_of(board()), NOW, Look(columns, colour=True), by)
    assert re.sub(r"\x1b\[\d+m", "", coloured) == plain


def test_ascii_lines_are_no_wider() -> None:
    page = board_text(data_of(board()), NOW, Look(80, ascii_only=True))
    assert not [line for line in page.splitlines() if width(line) > 80]
    assert "│" not in page and "…" not in page
