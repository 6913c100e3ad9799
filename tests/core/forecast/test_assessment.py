"""Lower bounds, utilisation and advice for small boards: a table of what binds."""

import pytest

from gitkanban.core.forecast.assessment import CHAIN, advice, assess, waited_at
from gitkanban.core.forecast.simulate import Duration, Question, simulate
from gitkanban.core.model import Board
from gitkanban.core.tick import limits
from gitkanban.core.tick.limits import Key
from tests.support.boards import board, live, observed

FOUR = "a\nb\nc\nd"
FOUR_BUILDS = "\n".join(f"{name} needs build:1" for name in "abcd")
TWO_EACH = "a @x\nb @x\nc @y\nd @y"

CASES: list[tuple[str, Board, Key, int]] = [
    ("one after the other", board("a\nb <- a\nc <- b"), CHAIN, 1800),
    ("a lane", board(FOUR), (limits.WORKER, "solo"), 2400),
    ("a pool", board(FOUR, workers="w pool 2"), (limits.WORKER, "w"), 1200),
    (
        "a profile below its workers",
        board(TWO_EACH, workers="x pool 2 profile=p\ny pool 2 profile=p\nprofile p 1"),
        (limits.PROFILE, "p"),
        2400,
    ),
    (
        "a capacity",
        board(FOUR_BUILDS, workers="w pool 4\ncapacity build 1"),
        (limits.CAPACITY, "build"),
        2400,
    ),
    (
        "the shared checkout",
        board(TWO_EACH, workers="x workspace_policy=shared\ny workspace_policy=shared"),
        (limits.SHARED_CHECKOUT, ""),
        2400,
    ),
    (
        "memory that runs write",
        board(FOUR, workers="w pool 4 profile=p memory=read-write memory_path=~/m"),
        (limits.MEMORY, "p"),
        2400,
    ),
    ("the host", board(FOUR, workers="w pool 4\nhost 2"), (limits.HOST, ""), 1200),
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
    "a pool": 600,
    "the host": 600,
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
    assert first.key == (limits.STARTS, "") and (first.limit, first.to) == (2, 3)


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


def test_the_run_of_a_card_that_is_over_is_in_nobodys_chain() -> None:
    given = board("a done @w\nb <- a @x", workers="w\nx")
    seen = observed(runs=(live("r1 of a @w in w#1"),))
    done = simulate(given, seen)
    assert (done.makespan, assess(given, seen, Question(), done).bound) == (600, 600)


def test_where_one_more_is_not_enough_twice_as_many_are_tried() -> None:
    given = board("\n".join(f"c{n}" for n in range(8)), workers="w pool 4\nhost 9")
    (first,) = advice(given, observed(), Question(), simulate(given, observed()))
    assert (first.key, first.to, first.makespan) == ((limits.WORKER, "w"), 8, 600)


TIGHT = [
    ("a chain with a review", board("a\nb <- a"), Question(review=100), CHAIN, 1300),
    ("two pieces each", board("a needs build:2\nb needs build:2", workers="w pool 4\ncapacity build 2"),
     Question(), (limits.CAPACITY, "build"), 1200),
    ("two pieces of what runs", board("a running needs build:2\nb needs build:2", workers="w pool 4\ncapacity build 2"),
     Question(), (limits.CAPACITY, "build"), 1200),
    ("rounded up", board("a\nb\nc", workers="w pool 2"), Question(otherwise=Duration(1)), (limits.WORKER, "w"), 2),
]  # fmt: skip


@pytest.mark.parametrize(
    ("what", "given", "question", "binds", "seconds"), TIGHT, ids=[case[0] for case in TIGHT]
)
def test_a_bound_is_as_high_as_it_can_be(
    what: str, given: Board, question: Question, binds: Key, seconds: int
) -> None:
    done = simulate(given, observed(), question)
    judged = assess(given, observed(), question, done)
    assert (judged.binds, judged.bound, done.makespan) == (binds, seconds, seconds)


def test_only_what_is_left_of_a_run_counts() -> None:
    given = board("a running run=r1\nb <- a @x", workers="w\nx")
    seen = observed(runs=(live("r1 of a @w in w#1"),))  # started a minute ago
    done = simulate(given, seen)
    assert (done.makespan, assess(given, seen, Question(), done).bound) == (1140, 1140)


def test_sessions_elsewhere_are_no_work_of_this_host() -> None:
    given = board("a running @x host=other\nb @y", workers="x\ny\nhost 1")
    done = simulate(given, observed())
    assert (done.makespan, assess(given, observed(), Question(), done).bound) == (600, 600)


def test_only_what_is_left_of_a_run_is_use() -> None:
    given = board("a running run=r1", workers="w pool 2")
    seen = observed(runs=(live("r1 of a @w in w#1"),))
    assert assess(given, seen, Question(), simulate(given, seen)).utilisation == {"w": 0.5}


def test_two_limits_that_bind_together_are_raised_together() -> None:
    given = board(
        "\n".join(f"c{n}" for n in range(30)), workers="w pool 3 profile=p\nprofile p 3\nhost 16"
    )
    (first,) = advice(given, observed(), Question(), simulate(given, observed()))
    assert (first.key, first.to) == ((limits.WORKER, "w"), 6)
    assert first.also == ((limits.PROFILE, "p"), 3, 6) and first.makespan == 3000


def test_what_no_limit_shortens_is_advised_nothing_and_cards_that_never_start_wait_for_none() -> (
    None
):
    lanes = "\n".join(f"c{n} @w{n % 3}" for n in range(9))
    given = board(f"{lanes}\nx @w0 needs gpu:1", workers="w0\nw1\nw2\nhost 3")
    done = simulate(given, observed())
    assert advice(given, observed(), Question(), done) == ()
    assert waited_at(done) == [(limits.WORKER, f"w{n}") for n in range(3)]
