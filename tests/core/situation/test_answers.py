"""The verbs that are offered for a card: those that the moves of a person allow."""

import pytest

from gitkanban.core.model import STATUSES
from gitkanban.core.situation.answers import answers
from gitkanban.core.transitions import PERSON, allowed


@pytest.mark.parametrize(
    ("status", "state", "verbs"),
    [
        ("review", "review", ("accept", "reject", "drop")),
        ("review", "next", ("drop",)),  # the next tick accepts it
        ("blocked", "question", ("answer", "drop")),
        ("blocked", "failed", ("retry", "drop")),
        ("backlog", "backlog", ("approve", "drop")),
        ("running", "running", ("stop", "drop")),
        ("todo", "waiting", ("drop",)),
        ("dropped", "dropped", ()),
    ],
)
def test_each_card_is_offered_what_moves_it_on(
    status: str, state: str, verbs: tuple[str, ...]
) -> None:
    assert answers(status, state) == verbs  # type: ignore[arg-type]


def test_dropping_is_offered_wherever_a_person_may_drop() -> None:
    for status in STATUSES:
        may = status != "dropped" and allowed(status, "dropped", PERSON)
        assert ("drop" in answers(status, status)) == may
