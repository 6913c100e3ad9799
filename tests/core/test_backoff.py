"""`not_before` holds a card back no longer than a back-off can."""

import pytest

from gitkanban.core.backoff import BACKOFF_MOST, LONGEST, due
from gitkanban.core.care.doctor import symptoms
from gitkanban.core.care.surroundings import Surroundings
from gitkanban.core.graph import ready
from gitkanban.core.model import Board, Run
from gitkanban.core.tick.facts import Exit
from gitkanban.core.tick.plan import plan
from gitkanban.core.tick.standing import standing
from tests.support.boards import CLONE, NOW, board, live, observed

YEAR = 365 * 86_400


def waiting(not_before: int, *ended: int, clone: str = CLONE, by_run: bool = True) -> Board:
    """One card in todo with this `not_before`, set by the last of runs that ended then, or not."""
    given = board("a todo")
    runs = tuple(Run(f"r{n}", "a", clone=clone, ended=at) for n, at in enumerate(ended))
    if runs and by_run:
        runs = (*runs[:-1], runs[-1]._replace(not_before=not_before))
    card = given.cards["a"]._replace(not_before=not_before)
    return given._replace(cards={"a": card}, runs={"a": runs})


@pytest.mark.parametrize("clone", [CLONE, "elsewhere"])
@pytest.mark.parametrize(
    ("not_before", "ended", "expected"),
    [
        (NOW - 5, (NOW - 60,), NOW - 5),
        (NOW + 30, (NOW - 60,), NOW + 30),
        (NOW + LONGEST, (NOW,), NOW + LONGEST),
        (NOW + 30, (NOW - 3 * LONGEST,), NOW + 30),  # a clock that is behind ours
        (NOW + YEAR, (NOW - 60,), NOW - 60 + LONGEST),
        (NOW + YEAR, (NOW - YEAR, NOW - 60), NOW - 60 + LONGEST),
        (NOW + YEAR, (NOW - YEAR,), NOW - YEAR + LONGEST),
        (NOW + YEAR + 10, (NOW + YEAR,), 0),  # that clock was wrong
        (NOW + 40, (NOW + 30,), NOW + 40),  # a clock a little ahead of ours
        (NOW + YEAR, (), NOW + YEAR),  # a person's own date
    ],
)
def test_a_back_off_lasts_no_longer_than_the_longest(
    not_before: int, ended: tuple[int, ...], expected: int, clone: str
) -> None:
    given = waiting(not_before, *ended, clone=clone)
    card = given.cards["a"]
    assert due(given, card, NOW) == expected
    assert ready(given, card, NOW) == (expected <= NOW)
    held = standing(given, observed()).holds.get("a")
    assert (held.at if held else 0) == (expected if expected > NOW else 0)
    assert ("is further ahead" in (held.text if held else "")) == (NOW < expected < not_before)
    found = [
        each.subject
        for each in symptoms(given, Surroundings(NOW, CLONE))
        if each.code == "waits-too-long"
    ]
    assert found == (["a"] if not_before > NOW + LONGEST else [])


def test_a_person_s_date_stays_whatever_the_card_has_been_through() -> None:
    given = waiting(NOW + YEAR, NOW - 60, by_run=False)
    assert due(given, given.cards["a"], NOW) == NOW + YEAR
    assert plan(given, observed()).changes == ()


@pytest.mark.parametrize("ahead", [0, 500, 1200, 5 * 3600, YEAR])
@pytest.mark.parametrize("delay", [10, 160, 600, 9 * 3600])
def test_a_wait_set_by_a_clock_ahead_is_counted_from_when_it_is_first_seen(
    ahead: int, delay: int
) -> None:
    given = waiting(NOW + ahead + delay, NOW + ahead, clone="elsewhere")
    planned = plan(given, observed())
    after = planned.after.cards["a"].not_before
    assert NOW < after <= NOW + BACKOFF_MOST
    if ahead + delay <= BACKOFF_MOST:  # a clock a little ahead does no harm
        assert planned.changes == ()
    else:
        assert after == NOW + min(delay, BACKOFF_MOST)
    assert plan(planned.after, observed(NOW + 5)).changes == ()  # once, not at each tick


def test_a_run_s_record_says_what_its_end_made_the_card_wait_for() -> None:
    given = board("a running")
    ended = live("run-a of a @w in w#1")._replace(phase="ended", exit=Exit(NOW - 3, "lost"))
    after = plan(given, observed(runs=(ended,))).after
    [record] = after.runs_of("a")
    assert record.not_before == after.cards["a"].not_before > NOW
