"""The ticks of a day, with a clock that is not real, and what they cost.

Real are the tick with everything that it decides, the board's commits and caches, locks, run
folders, pushes, and all that stands between a tick and a batch system's commands. Not real are the
sessions (`queue`) and their checkouts: what `git worktree add` costs is known, and depends on the
repository.
"""

import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from unittest import mock

from gitkanban import clock
from gitkanban.board import store
from gitkanban.board.repo import checkouts
from gitkanban.board.repo.place import Place
from gitkanban.core import engines
from gitkanban.core.ids import branch_of
from gitkanban.core.split_cards import count_status
from gitkanban.runs import batch
from gitkanban.runs.supervision.locks import Locks
from gitkanban.runs.workspace import workspaces
from gitkanban.runs.workspace.workspaces import Wish, Workspace
from gitkanban.tick import rounds, standby
from tests.scale import world
from tests.scale.queue import Queue
from tests.support import folder_queue


class Figures(NamedTuple):
    """What a stretch of a day came to. Times are processor seconds, programs of git among them."""

    cards: int
    slots: int
    seconds: int  # of virtual time
    ticks: int
    sessions: int  # that ended
    most: int  # sessions at the same time
    done: int  # cards
    commits: int
    pushes: int
    looks: int  # questions to the batch system
    processor: float
    wall: float
    idle: float  # processor seconds of one tick that finds nothing to do
    memory: int  # MiB, at most, of the process that ticks


def play(
    folder: Path,
    cards: int,
    slots: int,
    seconds: int,
    every: int = 0,
    sync: bool = True,
    spread: float = 0.0,
) -> Figures:
    """Tick for that many virtual seconds, and return what it came to.

    One tick in `every` seconds, or with 0 whenever a session has ended, as a standby's. `spread`
    is the part of a session's length by which it may be longer or shorter; without one, sessions
    that begin in one tick end in one tick.
    """
    queue = Queue(world.TIME, spread)
    processor = wall = 0.0
    ticks = 0
    remote = world.REMOTE if sync else ""
    with _replace_outside_world(queue):
        place = world.make_repository(folder, cards, slots)
        before = world.count_commits(place), world.count_pushes(folder)
        now, hours = world.TIME, 0
        while now < world.TIME + seconds:
            queue.go_on(now)
            begun = _sum_processor_seconds(), time.monotonic()
            errors = rounds.tick(place, remote=remote).errors
            ticks += 1
            processor += _sum_processor_seconds() - begun[0]
            wall += time.monotonic() - begun[1]
            assert not errors, errors
            now += every or _wait_of_standby(queue)
            if (now - world.TIME) // 3600 > hours:
                hours = (now - world.TIME) // 3600
                _report_progress(hours, queue, processor)
        looks = queue.calls["look"]
        idle = _sum_processor_seconds()
        rounds.tick(place, remote=remote)
        idle = _sum_processor_seconds() - idle
    return Figures(
        cards, slots, seconds, ticks,
        sessions=queue.ended,
        most=queue.most,
        done=count_status(store.read(place).cards, "done"),
        commits=world.count_commits(place) - before[0],
        pushes=world.count_pushes(folder) - before[1],
        looks=looks,
        processor=processor,
        wall=wall,
        idle=idle,
        memory=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10,
    )  # fmt: skip


def _wait_of_standby(queue: Queue) -> int:
    """Return after how many virtual seconds the next tick comes if nobody but a standby ticks.

    It looks for ends of sessions every few seconds. Without any session one tick a minute comes, as
    from cron.
    """
    if not queue.next_end:
        return 60
    looks = -(-(queue.next_end - queue.now) // int(standby.GLANCE))
    return max(1, looks) * int(standby.GLANCE)


def _report_progress(hours: int, queue: Queue, processor: float) -> None:
    line = f"{hours} h: {queue.ended:,} sessions ended, {processor:.0f} s of processor"
    print(line, file=sys.stderr, flush=True)


@contextmanager
def _replace_outside_world(queue: Queue) -> Iterator[None]:
    """Give ticks the queue's clock, the queue, and workspaces that are never checked out."""
    engine = folder_queue.engine()

    def prepare(place: Place, _locks: Locks, wish: Wish) -> Workspace:
        base = checkouts.tip(place, f"refs/heads/{wish.base}")
        return Workspace(f"{place.main}.worktrees/{wish.card}", branch_of(wish.card), base)

    with (
        mock.patch.object(clock, "now", lambda: float(queue.now)),
        mock.patch.object(batch, "limited", queue),
        mock.patch.object(workspaces, "prepare", prepare),
        # A standby is a program of its own, which knows no such queue.
        mock.patch.object(rounds, "_call_standby_where_needed", lambda _: None),
        mock.patch.dict(engines.ENGINES, {engine.name: engine}),
    ):
        yield


def _sum_processor_seconds() -> float:
    """Return the processor seconds that this process and its ended children have used."""
    who = resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN
    return sum(used.ru_utime + used.ru_stime for used in map(resource.getrusage, who))
