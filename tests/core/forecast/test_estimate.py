"""When a card could start, as far as that is known."""

import pytest

from gitkanban.core.forecast.estimate import Estimate, estimate_start
from gitkanban.core.situation.figures import RunCost
from gitkanban.core.tick.facts import RunFacts
from tests.support.boards import NOW, board, live, observed


def ran(worker: str, *took: int) -> list[RunCost]:
    return [RunCost("old", NOW - 9 * each, worker=worker, took=each) for each in took]


RUNS = [*ran("w", 600, 500, 700, 0), *ran("v", 60)]
R1 = live("r1 of a @w in w#1")  # started a minute ago


def estimate(card: str, *lines: str, runs: tuple[RunFacts, ...] = ()) -> Estimate | None:
    made = board(*lines)
    return estimate_start(made, observed(runs=runs), made.cards[card], RUNS)


def test_a_chain_takes_as_long_as_the_sessions_of_its_workers_have_taken() -> None:
    lines = ("a running @w run=r1", "b <- a @v", "c <- b @nobody_knows")
    assert estimate("b", *lines, runs=(R1,)) == Estimate(NOW + 540, "a", 600)
    assert estimate("c", *lines, runs=(R1,)) == Estimate(NOW + 600, "b", 60)


def test_a_card_that_waits_for_a_slot_waits_for_who_has_it() -> None:
    lines = ("a running @w run=r1", "b @w")
    assert estimate("b", *lines, runs=(R1,)) == Estimate(NOW + 540, "a", 600)


def test_a_review_is_taken_to_be_accepted_now() -> None:
    assert estimate("c", "a review @w", "b <- a @w", "c <- b @v") == Estimate(NOW + 600, "b", 600)


@pytest.mark.parametrize(
    "lines",
    [
        ("c @w",),  # it starts now
        ("a review @w", "c <- a @w"),  # so would it, once somebody acts
        ("a blocked @w", "c <- a @w"),
        ("a backlog @w", "b <- a @w", "c <- b @w"),
        ("c <- gone @w",),
        ("b <- c @w", "c <- b @w"),
        ("a @unknown", "c <- a @w"),  # it has finished nothing yet
        ("c done @w",),
    ],
    ids=str,
)
def test_where_nothing_is_known_nothing_is_said(lines: tuple[str, ...]) -> None:
    assert estimate("c", *lines) is None


def test_of_a_session_that_takes_longer_than_any_before_nobody_knows_the_end() -> None:
    late = R1._replace(started=NOW - 6000)
    assert estimate("b", "a running @w run=r1", "b <- a @v", runs=(late,)) is None
    assert estimate("b", "a running @w run=r1", "b @w", runs=(late,)) is None
