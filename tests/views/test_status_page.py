"""The page of `status`: never wider than the terminal, whatever is on the board."""

import random
import time
from bisect import insort
from typing import Any

import pytest

from gitkanban.cli.quick import live
from gitkanban.core.model import Board, Card, Run
from gitkanban.core.tick.facts import Observed
from gitkanban.views.status import list_text, status_text, tsv
from gitkanban.views.summary import summary
from gitkanban.views.text import Look, width
from tests.core.situation.test_account import CONFIG, NOW

TITLES = (
    "short",
    "long " * 60,
    "結帳頁面：付款方式與地址表單" * 8,
    "👩‍💻 family 👨‍👩‍👧 and ❤️ flags 🇪🇺",
    "שלום עולם \u202egnorw",
    "\x1b[31mred\x1b]0;pwn\x07",
    "tab\there",
    "e\u0301" * 80,
)
STATUSES = ("todo", "running", "review", "blocked", "done", "dropped", "backlog")


def data_of(board: Board, **more: Any) -> dict[str, Any]:
    rows = summary(board, Observed(NOW, "h", "c"))
    nowhere = dict.fromkeys(("slots_dir", "main", "private", "repository", "prefix"), "")
    return {**live(rows | nowhere), **more}


def board(count: int = 60) -> Board:
    rng = random.Random(1)
    cards, runs, names = {}, {}, list[str]()
    for number in range(count):
        name = f"C-{number}" if number % 9 else f"a-very-long-name-of-a-card-{number}"
        parents = tuple(rng.sample(names, min(len(names), number % 3)))
        insort(names, name)
        status = STATUSES[number % len(STATUSES)] if number % 4 else "todo"
        cards[name] = Card(
            name, TITLES[number % len(TITLES)], ("back", "own", "nobody")[number % 3], status,
            parents=parents, slot="back#1" if status == "running" else "",
            reason="needs-input" if status == "blocked" else "", why="what? " * (number % 40),
        )  # fmt: skip
        runs[name] = (Run(f"r{number}", name, ended=NOW - number, why="what?", cost_usd="0.5"),)
    return Board("a-branch-with-a-name", "c" * 40, CONFIG, cards, runs)


@pytest.mark.parametrize("columns", [20, 21, 40, 60, 80, 200])
@pytest.mark.parametrize("all_", [False, True])
def test_no_line_is_wider_than_the_terminal(columns: int, all_: bool) -> None:
    notes = ["not committed, so not on the board yet: " + "x" * 150]
    data = data_of(board(), notes=notes)
    pages = (
        status_text(data, NOW, Look(columns), all_),
        list_text(data["cards"], NOW, Look(columns)),
    )
    for page in pages:
        wide = [line for line in page.splitlines() if width(line) > columns]
        assert not wide, (columns, wide)
        assert "\x1b" not in page and "\u202e" not in page


def test_a_title_keeps_its_part_of_the_width() -> None:
    cards = {
        "A": Card("A", "t" * 300, "back", "blocked", reason="failed", why="w " * 200),
        "B": Card("B", "t" * 300, "back"),
        "C": Card("C", "t" * 300, "back", parents=("A",)),
    }
    data = data_of(Board("main", "c", CONFIG, cards))
    for line in status_text(data, NOW, Look(80)).splitlines():
        assert "t" * 20 not in line or line.count("t") >= 31, line


def test_ascii_has_only_ascii_signs_of_our_own() -> None:
    cards = {card.id: card._replace(title="plain", why="") for card in board().cards.values()}
    data = data_of(Board("main", "c", CONFIG, cards))
    page = status_text(data, NOW, Look(80, ascii_only=True), all_=True)
    assert page.isascii()
    assert " ? " in page and " @ " in page and " o " in page and " + " in page


def test_words_that_a_command_waits_for_do_not_look_cut_off_in_ascii() -> None:
    page = Look(80, ascii_only=True).page(['gitkanban retry T1 --why "…"', "a long ti…"])
    assert page == 'gitkanban retry T1 --why "..."\na long ti~\n'


def test_colour_is_on_signs_and_states_and_never_on_a_whole_row() -> None:
    plain = status_text(data_of(board()), NOW, Look(80))
    painted = status_text(data_of(board()), NOW, Look(80, colour=True))
    import re

    assert re.sub(r"\x1b\[[0-9;]*m", "", painted) == plain
    for line in painted.splitlines():
        assert not re.match(r" ?\x1b\[3[0-9]m[^\x1b]{3}", line), line


def test_a_line_for_programs_has_every_field_and_nothing_is_cut() -> None:
    data = data_of(board())
    lines = tsv(data["cards"]).splitlines()
    assert len(lines) == 60
    for line, card in zip(lines, data["cards"], strict=True):
        fields = line.split("\t")
        assert len(fields) == 8 and fields[0] == card["id"]
        assert "\x1b" not in line
    assert sum("long " * 50 in line for line in lines) > 1


def test_five_thousand_cards_are_a_page_of_some_lines() -> None:
    made = board(5000)
    data = data_of(made)
    begun = time.process_time()
    page = status_text(data, NOW, Look(80))
    took = time.process_time() - begun
    assert len(page.splitlines()) < 200 and "more (-a lists them)" in page
    assert len(status_text(data, NOW, Look(80), all_=True).splitlines()) > 5000
    assert took < 5  # seconds of a processor; some thirty times what it takes


def test_an_empty_board_says_what_to_do_and_a_calm_one_what_comes() -> None:
    assert status_text(data_of(Board("main", "c", CONFIG, {})), NOW, Look()).count("gitkanban") == 3
    calm = status_text(
        data_of(Board("main", "c", CONFIG, {"A": Card("A", "a", "back")})), NOW, Look()
    )
    assert "Nothing needs you. Next: A with the next tick." in calm
