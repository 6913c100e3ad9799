"""The page of `search`: every card once, and of every line the part that has the text."""

import pytest

from gitkanban.board.review.searching import Hit
from gitkanban.views.search import search_page
from gitkanban.views.text import Look, width

LONG = "words before it " * 20 + "the needle" + " and words after it" * 20
HITS = [
    Hit("A-1", "card", "title: a needle in a title"),
    Hit("A-1", "stdout", LONG, "r1"),
    Hit("LONG-ID-9", "note", "結帳頁面付款方式 needle \x1b[31m"),
    Hit("OLD", "run", "summary: needle"),
]
CARDS = {
    "A-1": {"state": "review", "title": "a needle in a title"},
    "LONG-ID-9": {"state": "next", "title": "結帳頁面：付款方式與地址表單" * 4},
}


@pytest.mark.parametrize("columns", [20, 40, 60, 80, 200])
def test_every_line_fits_and_shows_what_was_looked_for(columns: int) -> None:
    lines = search_page(HITS, CARDS, "NEEDLE", Look(columns)).splitlines()
    assert max(map(width, lines)) <= columns and "\x1b" not in "".join(lines)
    places = [line.split()[0] for line in lines if line.startswith("   ")]
    assert places[-3:] == ["stdout", "note", "run"]
    assert columns < 40 or all("needle" in line for line in lines if line.startswith("   "))


def test_a_title_is_not_said_twice_and_an_archived_card_is_called_one() -> None:
    page = search_page(HITS, CARDS, "needle", Look(100))
    assert page.count("a needle in a title") == 1
    assert " ✓ OLD        (archived)\n" in page
