"""What goes into a push to a remote, and what is left out when the remote refuses some of it."""

import pytest

from gitkanban.core.model import Run
from gitkanban.core.tick.travel import (
    WAIT_MOST,
    CardTip,
    Load,
    RefRefusal,
    cards_due,
    carries_work,
    lighten,
    wait_to_yield,
)
from tests.support.boards import board


def run(card: str, name: str, commit: str = "c1", clone: str = "here", start: str = "s") -> Run:
    return Run(name, card, "w#1", "h", clone=clone, commit=commit, start_commit=start)


def due(text: str, *runs: Run, there: dict[str, str] | None = None, fenced: str = "") -> list[str]:
    boarded = board(text)
    by_card = {card: tuple(r for r in runs if r.card == card) for card in boarded.cards}
    tips = cards_due(boarded._replace(runs=by_card), "here", there or {}, fenced.split())
    return [f"{tip.card}={tip.commit}" for tip in tips]


@pytest.mark.parametrize(
    ("text", "runs", "there", "fenced", "expected"),
    [
        ("T1 review", [run("T1", "r1")], {}, "", ["T1=c1"]),
        ("T1 review", [run("T1", "r1")], {"T1": "c1"}, "", []),
        ("T1 review", [run("T1", "r1")], {"T1": "c0"}, "", ["T1=c1"]),
        ("T1 review", [run("T1", "r1")], {}, "r1", []),
        ("T1 review", [run("T1", "r1", clone="there")], {}, "", []),
        ("T1 review", [run("T1", "r1", commit="s")], {}, "", []),
        ("T1 review", [run("T1", "r1"), run("T1", "r2", commit="")], {}, "", ["T1=c1"]),
        ("T1 todo", [run("T1", "r1")], {}, "", ["T1=c1"]),
        ("T1 done", [run("T1", "r1")], {}, "", []),
        (
            *("T1 review", [run("T1", "r1"), run("T1", "r2", "c2", clone="there")]),
            *({}, "", []),
        ),
    ],
)
def test_a_branch_goes_with_the_record_of_the_run_that_left_it(
    text: str, runs: list[Run], there: dict[str, str], fenced: str, expected: list[str]
) -> None:
    assert due(text, *runs, there=there, fenced=fenced) == expected


def test_base_goes_if_it_has_work_that_the_board_calls_done() -> None:
    boarded = board("T1 done\nT2 review")
    cards = {name: card._replace(merged="m") for name, card in boarded.cards.items()}
    boarded = boarded._replace(cards=cards)
    assert carries_work(boarded, {"m", "x"})
    assert not carries_work(boarded, {"x"})
    assert not carries_work(boarded, ())
    assert not carries_work(boarded._replace(cards={"T2": cards["T2"]}), {"m"})


WHOLE = Load("b", "m", (CardTip("T1", "r1", "c1"), CardTip("T2", "r2", "c2")))
BOARD, BASE, T1 = "refs/heads/kanban", "refs/heads/main", "refs/heads/card/T1"
STALE, NO = RefRefusal(True, "(fetch first)"), RefRefusal(False, "(hook declined)")


@pytest.mark.parametrize(
    ("refused", "expected"),
    [
        ({BOARD: STALE}, None),
        ({BASE: STALE}, None),
        ({BASE: STALE, T1: STALE}, None),
        ({T1: STALE}, WHOLE._replace(cards=WHOLE.cards[1:])),
        ({BASE: NO}, WHOLE._replace(base="")),
        ({BASE: NO, T1: NO, BOARD: NO}, WHOLE._replace(base="")),
        ({T1: NO}, WHOLE._replace(cards=WHOLE.cards[1:])),
        ({BOARD: NO}, None),
        ({}, None),
    ],
)
def test_what_a_remote_refuses_is_left_out_unless_somebody_was_first(
    refused: dict[str, RefRefusal], expected: Load | None
) -> None:
    assert lighten(WHOLE, refused, BOARD, BASE) == expected


def test_losers_wait_a_part_of_a_round_and_who_has_won_a_whole_one_more() -> None:
    assert wait_to_yield(0, True, 1.0, 0.5) == 0
    assert wait_to_yield(1, False, 1.0, 0.5) == 0.5
    assert wait_to_yield(2, True, 1.0, 0.5) == 1.5
    assert wait_to_yield(1, True, 60.0, 0.5) == WAIT_MOST
