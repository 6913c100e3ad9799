"""A child whose parent was accepted in another clone starts only where base has the parent's work.

Base travels with the board; where only the board does, people carry it.
"""

import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from gitkanban.board import presence
from gitkanban.board.sharing.link import Link
from gitkanban.board.sharing.sync import sync
from tests.conftest import git
from tests.support.arena import CONFIG, Arena
from tests.torture.clones import Clones, clones

ALONE = CONFIG.replace("kanban:\n", "kanban:\n  sync_work: false\n")


def parted(make: Callable[..., Arena], config: str = "") -> Clones:
    """Two clones; T0 is done in the first, T1 waits for it, and the remote knows both."""
    arena = make({"T0": "@lane"}, branch="kanban", config=config)
    both = Clones(arena)
    for _ in range(2):
        both.tick(both.places[0])
    assert both.cards()["T0"]["status"] == "done"
    arena.add("T1", "@pool <-T0")
    sync(Link(both.places[0], "origin"))
    return both


def test_a_child_starts_in_another_clone_with_the_work_of_its_parent(
    make: Callable[..., Arena],
) -> None:
    both = parted(make)
    for _ in range(2):
        both.tick(both.places[1])
    assert both.cards()["T1"]["status"] == "done"
    assert both.violations() == []
    first, second = (git(Path(place.main), "rev-parse", "main") for place in both.places)
    assert first != second
    both.tick(both.places[0])
    assert git(Path(both.places[0].main), "rev-parse", "main") == second
    assert git(both.remote, "rev-parse", "main") == second
    assert git(Path(both.places[0].main), "status", "--porcelain") == ""


def test_a_child_waits_in_the_other_clone_until_people_have_carried_base(
    make: Callable[..., Arena],
) -> None:
    both = parted(make, ALONE)
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
    both = parted(make, ALONE)
    for _ in range(2):
        both.tick(both.places[1])
    assert both.violations() == ["7: T1 began without the work of T0"]


def test_two_clones_that_accept_at_once_grow_one_base(make: Callable[..., Arena]) -> None:
    arena = make({"T0": "@lane"}, branch="kanban")
    both = Clones(arena)
    both.tick(both.places[0])
    arena.add("T1", "@pool")
    sync(Link(both.places[0], "origin"))
    both.tick(both.places[1])
    # Each has a card whose session has ended, and neither knows of the other's end.
    for place in (*both.places, *both.places):
        both.tick(place)
    assert {card["status"] for card in both.cards().values()} == {"done"}
    tips = {git(Path(place.main), "rev-parse", "main") for place in both.places}
    assert tips == {git(both.remote, "rev-parse", "main")}
    trailers = "--format=%(trailers:key=Kanban-Card,valueonly)"
    assert {"T0", "T1"} <= set(git(both.remote, "log", trailers, "main").split())


def test_the_next_attempt_in_another_clone_goes_on_from_the_last(
    make: Callable[..., Arena],
) -> None:
    arena = make({"T0": "@lane"}, branch="kanban")
    arena.words("T0", "commit exit:3", "commit")
    both = Clones(arena)
    for _ in range(2):
        both.tick(both.places[0])
    arena.later(700)
    for _ in range(2):
        both.tick(both.places[1])
    first, second = both.runs()
    assert (first["outcome"], second["outcome"]) == ("failed", "succeeded")
    assert second["clone"] != first["clone"]
    assert second["start_commit"] == first["commit"]
    assert git(both.remote, "rev-parse", "card/T0") == second["commit"]


@pytest.mark.parametrize("branch", ["", "kanban"], ids=["in tree", "own branch"])
def test_two_clones_that_are_killed_now_and_then(make: Callable[..., Arena], branch: str) -> None:
    arena = make({}, branch=branch)
    assert clones(arena, random.Random(7), Counter()) == []
