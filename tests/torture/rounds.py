"""The rounds of the torture: each makes a board, breaks what it can, and asks the oracle.

A round gets all its randomness from the generator it is given.
"""

import contextlib
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

from tests.support import points
from tests.support.arena import Arena, room, until
from tests.torture import clones, hostile, inject, people

KINDS = ("kill", "stop", "ENOSPC", "EIO")

CONFIG = """\
version: 1
kanban:
  base: main
  max_concurrency: 4
  workers:
    lane:
      profile: solo
      command: [{python}, -I, -S, {agent}, {log}, lane]
      on_success: done
      commits: supervisor
      max_attempts: 9
    pool:
      profile: many
      mode: pool
      max_concurrency: 2
      command: [{python}, -I, -S, {agent}, {log}, pool]
      setup: ["true"]
      verify: ["true"]
      on_success: done
      commits: supervisor
      max_attempts: 9
    other:
      profile: many
      mode: pool
      max_concurrency: 2
      command: [{python}, -I, -S, {agent}, {log}, other]
      commits: supervisor
      max_attempts: 9
  profiles:
    many: {{max_concurrency: 3}}
  capacities: {{build: 1}}
"""
# Not among them: a daemon that hides every trace, whose supervisor is killed before it looked (see
# docs/RELIABILITY.md). The table of ends has it, with a supervisor that lives. Nor one that sets
# `core.bare`, as the judge could not look at the checkout: rounds of hostile sessions have it.
SESSIONS = (
    "commit", "left", "commit left", "commit exit:3", "exit:3", "exit:75", "left die:9", "die:11",
    "daemon commit", "deaf left hang", "left hang", "sleep:0.3 commit",
    "commit git:checkout,-q,--orphan,stray-{card} commit", "remove-workspace",
    "commit git:checkout,-q,-b,other-{card} commit", "left stop-self",
    "commit left hostile:git-file", "left hostile:git-link", "commit left hostile:no-git",
    "commit left hostile:repository", "commit hostile:nested", "commit left hostile:index-link",
    "left hostile:common-dir", "commit hostile:hooks",
    "commit left hostile:settings", "commit left hostile:head-on-base", "commit commit discard",
)  # fmt: skip
GOOD = ("commit", "left", "commit left")


class Found(NamedTuple):
    """What a round tried, and what the oracle found."""

    name: str
    tried: Counter[str]
    violations: list[str]


def run(name: str, rng: random.Random, keep: bool, *more: str) -> Found:
    """One round."""
    tried: Counter[str] = Counter()
    arena = None
    violations: list[str] = []
    try:
        branch = rng.choice(("", "kanban"))
        arena = Arena(room(), {}, config=CONFIG, branch=branch)
        violations = ROUNDS[name](arena, rng, tried, *more)
    except Exception as error:  # a round that cannot be played is something to look at, too
        import traceback

        where = traceback.extract_tb(error.__traceback__)[-1]
        violations = [f"cannot be played: {error!r} at {where.filename}:{where.lineno}"]
    finally:
        if arena and not (keep and violations):
            arena.close()
        elif arena:
            violations.append(f"kept in {arena.repo.parent}")
    return Found(" ".join((name, *more)), tried, violations)


# -- every failpoint


def point(arena: Arena, rng: random.Random, tried: Counter[str], name: str, kind: str) -> list[str]:
    """One fault at one point."""
    arena.fresh("commit")
    struck = stopped(arena, rng, name) if kind == "stop" else points.strike(arena, name, kind)
    if struck:
        tried[f"point {name} {kind}"] += 1
    arena.settle()
    return arena.judged()


def stopped(arena: Arena, rng: random.Random, name: str) -> bool:
    """Stop a process at the point, let others go on, then let it go on as well, or kill it."""
    for _ in range(points.TRIES):
        with points.prepared(arena, name):
            pid = arena.begin(lambda: points.ticked(arena, name), f"{name}:stop")
            _, status = os.waitpid(pid, os.WUNTRACED)
        if os.WIFSTOPPED(status):
            held = arena.locks.take("tick")
            if held is None:
                assert arena.tick() == 0, "a contended tick ends at once"
            else:
                held.close()
                arena.tick()
            os.kill(pid, rng.choice((signal.SIGCONT, signal.SIGKILL)))
            os.waitpid(pid, 0)
            return True
        until(lambda: arena.once.exists() or arena.resting(), "sessions to end")
        if arena.once.exists():
            for frozen in arena.frozen():
                arena.tick()
                with contextlib.suppress(ProcessLookupError):
                    os.kill(frozen, rng.choice((signal.SIGCONT, signal.SIGKILL)))
            return True
        arena.later(700)
    return False


# -- random kills


def chaos(arena: Arena, rng: random.Random, tried: Counter[str], act: object = None) -> list[str]:
    """Ticks side by side, while ticks, supervisors and sessions are killed and stopped."""
    with_people = people.People(arena, rng, tried) if act is people else None
    arena.extra = {"grace": "0.2", "timeout": "3", "beat": "0.2", "tick": []}
    cards: list[str] = []
    for number in range(rng.randint(4, 8)):
        parents = rng.sample(cards, min(len(cards), rng.choice((0, 0, 1, 2))))
        words = [f"@{rng.choice(('lane', 'pool', 'other'))}"]
        words += ["!build"] if rng.random() < 0.3 else []
        words += [f"<-{','.join(parents)}"] if parents else []
        cards.append(f"C{number}")
        arena.words(f"C{number}", rng.choice(SESSIONS), rng.choice(SESSIONS), rng.choice(GOOD))
        arena.add(cards[-1], " ".join(words))
    running: list[int] = []
    for _ in range(rng.randint(25, 60)):
        step(arena, rng, tried, running)
        if with_people:
            with_people.act()
        time.sleep(rng.choice((0, 0.01, 0.05, 0.1)))
    for pid in running:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, 0)
    arena.thaw()
    if with_people:
        with_people.leave()
    arena.settle()
    return arena.judged(people=with_people is not None)


def step(arena: Arena, rng: random.Random, tried: Counter[str], running: list[int]) -> None:
    """Something happens."""
    what = rng.choice(("tick", "tick", "tick", "kill tick", "kill supervisor", "kill session",
                       "stop supervisor", "thaw", "later", "struck tick", "person"))  # fmt: skip
    if what == "tick":
        running.append(arena.begin(lambda: arena.go(), ""))
    elif what == "struck tick":
        arena.once.unlink(missing_ok=True)
        kind = rng.choice(("kill", "ENOSPC", "EIO"))
        tried[what] += 1
        running.append(
            arena.begin(
                lambda: arena.go(), f"{rng.choice(points.every())}:{rng.randint(1, 3)}:{kind}"
            )
        )
    elif what == "kill tick" and running:
        pid = rng.choice(running)
        killed(pid, tried, what)
    elif what == "kill supervisor" and (pids := arena.supervisors()):
        killed(rng.choice(pids), tried, what)
    elif what == "stop supervisor" and (pids := arena.supervisors()):
        with contextlib.suppress(ProcessLookupError):
            os.kill(rng.choice(pids), signal.SIGSTOP)
        tried[what] += 1
    elif what == "kill session":
        live = [row for row in arena.oracle.rows() if row.kind == "begin" and alive(row.rest)]
        if live:
            killed(int(rng.choice(live).rest[2]), tried, what)
    elif what == "thaw":
        arena.thaw()
    elif what == "later":
        arena.later(rng.choice((20, 700)))
    elif what == "person":
        with contextlib.suppress(Exception):
            rng.choice((arena.revive, arena.drop_one))(rng)


def alive(rest: tuple[str, ...]) -> bool:
    from tests.support.oracle import started

    return started(rest[2]) == int(rest[3])


def killed(pid: int, tried: Counter[str], what: str) -> None:
    """Kill it without a chance to do anything about it."""
    try:
        os.kill(pid, signal.SIGKILL)
        tried[what] += 1
    except ProcessLookupError:
        pass


def with_people(arena: Arena, rng: random.Random, tried: Counter[str]) -> list[str]:
    """The same, while people commit, rebase, stash and the like in the same repository."""
    return chaos(arena, rng, tried, people)


ROUNDS: dict[str, Callable[..., list[str]]] = {
    "point": point,
    "chaos": chaos,
    "people": with_people,
    "inject": inject.inject,
    "clones": clones.clones,
    "hostile": hostile.hostile,
}
