"""Lower bounds, utilisation and advice for small boards: a table of what binds."""

import pytest

from gitkanban.core import room
from gitkanban.core.bounds import CHAIN, advice, assess
from gitkanban.core.model import Board
from gitkanban.core.room import Key
from gitkanban.core.simulate import Question, simulate
from tests.boards import board, observed

FOUR = "a\nb\nc\nd"
FOUR_BUILDS = "\n".join(f"{name} needs build:1" for name in "abcd")
TWO_EACH = "a @x\nb @x\nc @y\nd @y"

CASES: list[tuple[str, Board, Key, int]] = [
    ("one after the other", board("a\nb <- a\nc <- b"), CHAIN, 1800),
    ("a lane", board(FOUR), (room.WORKER, "solo"), 2400),
    ("a pool", board(FOUR, workers="w pool 2"), (room.WORKER, "w"), 1200),
    (
        "a profile below its workers",
        board(TWO_EACH, workers="x pool 2 profile=p\ny pool 2 profile=p\nprofile p 1"),
        (room.PROFILE, "p"),
        2400,
    ),
    (
        "a capacity",
        board(FOUR_BUILDS, workers="w pool 4\ncapacity build 1"),
        (room.CAPACITY, "build"),
        2400,
    ),
    (
        "the shared checkout",
        board(TWO_EACH, workers="x workspace_policy=shared\ny workspace_policy=shared"),
        (room.SHARED_CHECKOUT, ""),
        2400,
    ),
    (
        "memory that runs write",
        board(FOUR, workers="w pool 4 profile=p memory=read-write memory_path=~/m"),
        (room.MEMORY, "p"),
        2400,
    ),
    ("the host", board(FOUR, workers="w pool 4\nhost 2"), (room.HOST, ""), 1200),
]


@pytest.mark.parametrize(
    ("what", "given", "binds", "seconds"), CASES, ids=[case[0] for case in CASES]
)
def test_what_binds_and_that_the_schedule_reaches_it(
    what: str, given: Board, binds: Key, seconds: int
) -> None:
    done = simulate(given, observed())
    judged = assess(given, observed(), Question(), done)
    assert (judged.binds, judged.bound, done.makespan) == (binds, seconds, seconds)


RAISED = {
    "a lane": 1200,
    "a profile below its workers": 1200,
    "a capacity": 1200,
}


@pytest.mark.parametrize(
    ("what", "given", "binds", "seconds"), CASES, ids=[case[0] for case in CASES]
)
def test_advice_is_what_saves_when_tried_out(
    what: str, given: Board, binds: Key, seconds: int
) -> None:
    question = Question()
    said = advice(given, observed(), question, simulate(given, observed()))
    assert [(one.key, one.makespan) for one in said] == (
        [(binds, RAISED[what])] if what in RAISED else []
    )


def test_raising_the_starts_of_a_tick_is_tried_too() -> None:
    given = board("a\nb\nc", workers="w pool 4\nstarts 2")
    (first,) = advice(given, observed(), Question(), simulate(given, observed()))
    assert first.key == (room.STARTS, "") and (first.limit, first.to) == (2, 3)


def test_runs_above_a_lowered_limit_are_no_lower_bound() -> None:
    given = board("a running\nb running\nc running", workers="w pool 1")
    done = simulate(given, observed())
    judged = assess(given, observed(), Question(), done)
    assert (done.makespan, judged.bound) == (600, 600)


def test_a_board_on_which_nothing_runs_has_no_makespan() -> None:
    given = board("a blocked")
    done = simulate(given, observed())
    judged = assess(given, observed(), Question(), done)
    assert (done.makespan, judged.bound, judged.utilisation) == (0, 0, {"solo": 0.0})
