"""A child whose parent was accepted in another clone starts only where base has the parent's work."""

import random
from collections import Counter
from collections.abc import Callable

import pytest

from gitkanban.board import presence
from gitkanban.board.sync import sync
from tests.support.arena import Arena
from tests.torture.clones import Clones, clones


def test_a_child_waits_in_the_other_clone_until_its_parents_work_is_there(
    make: Callable[..., Arena],
) -> None:
    arena = make({"T0": "@lane"}, branch="kanban")
    both = Clones(arena)
    for _ in range(2):
        both.tick(both.places[0])
    assert both.cards()["T0"]["status"] == "done"
    arena.add("T1", "@pool <-T0")
    sync(both.places[0], "origin")
    both.tick(both.places[1])
    assert both.cards()["T1"]["status"] == "todo"
    both.carry_base()
    both.tick(both.places[1])
    both.tick(both.places[1])
    assert both.cards()["T1"]["status"] == "done"
    assert both.violations() == []


def test_the_judge_finds_a_child_that_began_without_its_parents_work(
    make: Callable[..., Arena], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence, "elsewhere", lambda *_: {})
    arena = make({"T0": "@lane"}, branch="kanban")
    both = Clones(arena)
    for _ in range(2):
        both.tick(both.places[0])
    arena.add("T1", "@pool <-T0")
    sync(both.places[0], "origin")
    for _ in range(2):
        both.tick(both.places[1])
    assert both.violations() == ["7: T1 began without the work of T0"]


@pytest.mark.parametrize("branch", ["", "kanban"], ids=["in tree", "own branch"])
def test_two_clones_that_are_killed_now_and_then(make: Callable[..., Arena], branch: str) -> None:
    arena = make({}, branch=branch)
    assert clones(arena, random.Random(7), Counter()) == []
