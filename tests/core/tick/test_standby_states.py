"""What the one that stands by does next, as a table: state, what holds, the state after it."""

import pytest

from gitkanban.core.tick.standby_states import MOVES, Condition, State, next_state

CASES = """
collecting  -                           listening
collecting  collected                   ticking
collecting  collected,busy,outdated     ticking
ticking     -                           listening
ticking     busy,awaited                listening
listening   -                           leaving
listening   awaited                     waiting
listening   busy                        collecting
listening   busy,awaited                collecting
listening   busy,outdated               restarting
waiting     repository_there            ticking
waiting     -                           leaving
waiting     awaited,repository_there    waiting
waiting     busy,repository_there       collecting
waiting     busy,outdated,awaited       restarting
leaving     -                           gone
leaving     repository_there            gone
leaving     busy                        collecting
leaving     busy,outdated               collecting
"""


@pytest.mark.parametrize("row", CASES.strip().splitlines())
def test_the_state_that_follows(row: str) -> None:
    before, words, after = row.split()
    true = {Condition[word.upper()] for word in words.split(",") if word != "-"}
    assert next_state(State(before), true.__contains__) is State(after)


def test_every_state_but_the_last_has_a_way_on_whatever_holds() -> None:
    for state in set(State) - {State.GONE, State.RESTARTING}:
        next_state(state, lambda _: False)
    with pytest.raises(LookupError):
        next_state(State.GONE, lambda _: True)


def test_a_condition_that_does_not_count_is_not_asked() -> None:
    """Most of them look at the disk."""
    asked: list[Condition] = []
    next_state(State.LISTENING, lambda condition: bool(asked.append(condition)))
    assert asked == [Condition.OUTDATED, Condition.BUSY, Condition.AWAITED]


def test_whoever_listens_can_leave_only_when_nothing_is_to_be_collected() -> None:
    """A run that was rung for is never left to nobody."""
    for before, condition, after in MOVES:
        if after in (State.LEAVING, State.GONE):
            earlier = [
                c for b, c, _ in MOVES[: MOVES.index((before, condition, after))] if b is before
            ]
            assert Condition.BUSY in earlier
