"""The page of `diff`: workers, a tree of cards, what is new in each, and what follows."""

import re

import pytest

from gitkanban.core.model import Board, Config, Worker
from gitkanban.core.review.diff import difference
from gitkanban.views.difftext import diff_text
from gitkanban.views.text import Look, width
from tests.support.boards import NOW
from tests.support.boards import board as board_of

OLD_LINES = ("T0", "T1 <- T0")
NEW_LINES = ("T0", "T1 <- T0", "P1", "P2 <- P1", "P3 <- P1", "P4 <- P2 P3", "P5 <- P4 T1", "P6")
LONG = "a title of many words " * 15


def page(before: Board, after: Board, look: Look | None = None) -> str:
    return diff_text(difference(before, after, NOW), "main", "plan", look or Look(1 << 30))


def odd_plan() -> tuple[Board, Board]:
    """A board and what a plan with odd texts makes of it."""
    before, after = board_of(*OLD_LINES), board_of(*NEW_LINES)
    cards = dict(after.cards)
    cards["P1"] = cards["P1"]._replace(title=LONG, body="x" * 9000 + "\nshort\n" * 9)
    cards["P2"] = cards["P2"]._replace(title="結帳頁面：付款方式與地址表單" * 9, acceptance=(LONG,))
    cards["T1"] = cards["T1"]._replace(title="👩‍👩‍👧 \u202eevil\x1b[31m", body="one\ntwo " + LONG)
    return before, after._replace(cards=cards)


def tree(text: str) -> list[str]:
    return [
        line.partition("  ")[0] for line in text.splitlines() if re.match("[+~-] [├└│ PT]", line)
    ]


def test_cards_stand_below_the_deepest_of_their_new_parents() -> None:
    text = page(board_of(*OLD_LINES), board_of(*NEW_LINES))
    assert text.startswith("main → plan: 6 cards added; 4 deep\n")
    assert tree(text) == ["+ P1", "+ ├ P2", "+ └ P3", "+", "+", "+ P6"]
    assert "+   └ P4  " in text and "after P2)" in text
    assert "+     └ P5  " in text and "after T1)" in text


def test_a_ring_and_a_chain_of_hundreds_are_drawn_once_each() -> None:
    ring = page(board_of("T0"), board_of("T0", "A <- B", "B <- A", "C <- B"))
    assert len(re.findall(r"^\+ .*\b[ABC]  ", ring, re.M)) == 3
    chain = board_of("T0", "n0", *(f"n{each + 1} <- n{each}" for each in range(500)))
    lines = [line for line in page(board_of("T0"), chain, Look(80)).splitlines() if line[:1] == "+"]
    assert len(lines) == 501 and max(map(width, lines)) <= 80


@pytest.mark.parametrize("columns", [20, 40, 80, 200])
def test_every_line_fits_and_only_signs_and_changes_have_colours(columns: int) -> None:
    plain = page(*odd_plan(), Look(columns))
    assert max(map(width, plain.splitlines())) <= columns
    assert "\u202e" not in plain and "\x1b" not in plain
    coloured = page(*odd_plan(), Look(columns, colour=True))
    assert re.sub(r"\x1b\[\d+m", "", coloured) == plain
    assert "\x1b[32m+\x1b[0m P1" in coloured
    assert not set("├└│…−→") & set(page(*odd_plan(), Look(columns, ascii_only=True)))


def test_a_pipe_gets_all_of_every_line() -> None:
    text = page(*odd_plan())
    assert LONG.strip() in text and "x" * 9000 in text


def test_a_new_worker_is_one_line_and_what_it_runs_is_named() -> None:
    before = board_of("T0")
    front = Worker(
        "front", "front", mode="pool", max_concurrency=2, runner="claude", verify=("npm",)
    )
    workers = {**(before.config or Config()).workers, "front": front}
    after = before._replace(config=(before.config or Config())._replace(workers=workers))
    text = page(before, after)
    assert "\n+ worker front  pool of 2, claude !\n" in text
    assert "      verify: npm  (is executed)\n" in text
    assert text.endswith("! runs code: gitkanban trust will ask\n")
    gone = page(after, before)
    assert "\n- worker front\n" in gone and "trust" not in gone
