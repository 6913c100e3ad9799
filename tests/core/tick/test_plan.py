"""What a tick hands on to the next one."""

from gitkanban.core.tick.fair import CLOCK
from gitkanban.core.tick.plan import plan
from tests.support.boards import NOW, board, observed


def test_a_plan_hands_on_since_when_cards_are_ready_and_the_tags_of_workers() -> None:
    given = board("a todo\nb todo\nc todo <- a\nd todo @x", workers="w lane\nx paused")
    found = plan(given, observed(ready_since={"b": NOW - 50, "gone": 1}, served={CLOCK: 3.0}))
    assert [start.card for start in found.starts] == ["b"]
    assert found.ready_since == {"a": NOW, "b": NOW - 50, "d": NOW}
    assert found.served == {CLOCK: 3.0, "w": 4.0}
