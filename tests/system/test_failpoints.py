"""Killed at every named point: the next ticks bring the board to rest,
and the oracle finds nothing.

Many points are struck on one board, one after the other, so recoveries are struck as well. `python
-m tests.torture` strikes each on a board of its own, and with every kind of fault.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from gitkanban import failpoints
from gitkanban.tick.rounds import tick
from tests.conftest import git
from tests.support import points
from tests.support.arena import Arena
from tests.support.oracle import person

CONFIG = """\
version: 1
kanban:
  base: main
  max_concurrency: 3
  workers:
    pool:
      profile: many
      mode: pool
      max_concurrency: 3
      command: [{python}, -I, -S, {agent}, {log}, pool]
      on_success: done
      commits: supervisor
      max_attempts: 9
"""
STEPS = """\
      setup: ["true"]
      verify: ["true"]
"""
GROUPS = {
    "a tick": "tick",
    "one that stands by": "standby",
    "leases and starts": "lease start",
    "a board commit and its checkouts": "commit follow",
    "a workspace": "workspace",
    "a supervisor": "supervisor",
    "what a run leaves": "collect settle",
    "accept": "accept trees",
    "files": "file",
    "a remote": "sync",
    "recovery": "recover stop salvage cancel not-started",
    "what cannot be closed": "give-up",
}
BATCH = "submit guard"  # of runs of a batch system: struck in `test_batch_ticks`


def of(group: str) -> list[str]:
    """The points whose names begin with a word of the group."""
    return [name for name in points.every() if name.partition(".")[0] in group.split()]


def test_every_point_belongs_to_a_group() -> None:
    groups = (*GROUPS.values(), BATCH)
    assert sorted(name for group in groups for name in of(group)) == points.every()


def test_an_unarmed_point_does_nothing_and_an_armed_one_strikes_the_nth_time(
    tmp_path: Path,
) -> None:
    failpoints.reach("here")
    try:
        failpoints.arm("here:2:ENOSPC", str(tmp_path / "once"))
        failpoints.reach("elsewhere")
        failpoints.reach("here")
        with pytest.raises(OSError, match="No space left"):
            failpoints.reach("here")
        failpoints.arm("here:EIO", str(tmp_path / "once"))
        failpoints.reach("here")
    finally:
        failpoints.arm("")


@pytest.mark.parametrize("group", GROUPS.values(), ids=GROUPS.keys())
def test_a_kill_at_every_point_loses_nothing_and_runs_nothing_twice(
    make: Callable[..., Arena], group: str
) -> None:
    names = of(group)
    alone = group.startswith(
        ("supervisor", "collect", "recover", "give-up")
    )  # a strike needs one session
    config = CONFIG.replace(": 3", ": 1") if alone else CONFIG
    steps = STEPS if group == "supervisor" else ""
    arena = make({}, config=config + steps, branch="kanban" if group == "sync" else "")
    mine = arena.repo / "mine.txt"
    mine.write_text("staged")
    git(arena.repo, "add", "mine.txt")
    mine.write_text("and more")
    before = person(arena.repo, "mine.txt")
    missed = [name for name in names if not points.strike(arena, name)]
    arena.settle()
    assert missed == []
    assert arena.judged(people=group in ("sync",) or "stop" in group, mine=("mine.txt",)) == []
    assert person(arena.repo, "mine.txt") == before


def test_a_kill_at_each_of_the_first_files_that_a_tick_writes(make: Callable[..., Arena]) -> None:
    arena = make({}, config=CONFIG)
    for point in ("file.written", "file.synced", "file.renamed"):
        for number in range(1, 5):
            arena.fresh("commit")
            arena.tick(f"{point}:{number}:kill")
            arena.once.unlink(missing_ok=True)
    arena.settle()
    assert arena.judged() == []


@pytest.mark.parametrize("point", ["tick.remember", "tick.launch", "settle.settled"])
def test_a_tick_that_fails_after_its_commit_holds_nothing_any_more(
    make: Callable[..., Arena], point: str
) -> None:
    """One that stands by lives on: what it held would look alive to everybody."""
    arena = make({"T0": "@lane", "T1": "@lane <-T0"})
    arena.tick()
    arena.wait()
    with arena.patched():
        failpoints.arm(f"{point}:EIO", "")
        try:
            with pytest.raises(OSError, match="error"):
                tick(arena.place)
        finally:
            failpoints.arm("")
    assert arena.status("T1") == "running"
    assert not arena.locks.locked(["card/T1", "slot/lane/1"])
    arena.settle()
    assert arena.judged() == []
