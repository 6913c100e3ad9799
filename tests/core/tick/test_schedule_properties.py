"""What holds for every board: limits, order, work-conservation, shares and bounded waiting.

Boards are drawn at random, and histories of them played on a virtual clock through `schedule`.
"""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitkanban.core.model import TODO
from gitkanban.core.tick.schedule import schedule
from tests.core.worlds import World, after, violations, world
from tests.support.examples import examples

# Drawn from a seed: ten times as fast as drawing every field, and a world of few cards is small.
WORLDS = st.builds(
    lambda cards, seed: world(Random(seed), cards), st.integers(1, 12), st.integers(0)
)
many = examples(1500)


@many
@given(WORLDS)
def test_a_schedule_keeps_every_limit_and_leaves_no_eligible_card_beside_free_room(
    given: World,
) -> None:
    assert violations(*given, schedule(*given)) == []


@many
@given(WORLDS)
def test_every_todo_card_starts_or_is_held_back_once(given: World) -> None:
    board, _ = given
    done = schedule(*given)
    holds = tuple(done.holds)
    assert len(done.holds) == len(holds)
    named = [*(start.card for start in done.starts), *(hold.card for hold in holds)]
    assert sorted(named) == sorted(card.id for card in board.cards.values() if card.status == TODO)


@many
@given(WORLDS)
def test_planning_the_planned_board_again_yields_nothing(given: World) -> None:
    board, seen = given
    assert board.config is not None
    board = board._replace(config=board.config._replace(max_starts_per_tick=0))
    done = schedule(board, seen)
    then = after(board, seen, done.starts)
    slots = seen.busy_slots | {start.slot for start in done.starts}
    seen = seen._replace(served=done.served, ready_since=done.ready_since, busy_slots=slots)
    assert schedule(then, seen).starts == ()


@pytest.mark.slow
@many
@given(WORLDS, st.integers(0).map(Random))
def test_the_order_of_input_is_irrelevant(given: World, rng: Random) -> None:
    board, seen = given

    def mixed(values: dict) -> dict:  # type: ignore[type-arg]
        items = list(values.items())
        rng.shuffle(items)
        return dict(items)

    assert board.config is not None
    config = board.config._replace(
        workers=mixed(dict(board.config.workers)), capacities=mixed(dict(board.config.capacities))
    )
    other = board._replace(cards=mixed(dict(board.cards)), config=config)
    runs = list(seen.runs)
    rng.shuffle(runs)
    others = seen._replace(
        runs=tuple(runs), ready_since=mixed(dict(seen.ready_since)), served=mixed(dict(seen.served))
    )
    assert schedule(board, seen) == schedule(other, others)
