"""`not_before` holds a card back no longer than a back-off can."""

import pytest

from gitkanban.core.backoff import LONGEST, due
from gitkanban.core.care.doctor import symptoms
from gitkanban.core.care.surroundings import Surroundings
from gitkanban.core.graph import ready
from gitkanban.core.model import Board, Run
from gitkanban.core.tick.standing import standing
from tests.support.boards import CLONE, NOW, board, observed

YEAR = 365 * 86_400


def waiting(not_before: int, *ended: int, clone: str = CLONE) -> Board:
    """One card in todo with this `not_before`, and runs that ended then."""
    given = board("a todo")
    runs = tuple(Run(f"r{n}", "a", clone=clone, ended=at) for n, at in enumerate(ended))
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
