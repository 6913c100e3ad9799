"""The oracle can fail: the program, broken on purpose in known ways, is caught every time.

Each case is played twice: as it is, where the oracle must find nothing, and broken (`broken`),
where it must name the invariant.
"""

import os
import signal
from collections.abc import Callable

import pytest

from gitkanban.tick.rounds import tick
from tests.support import broken as variants
from tests.support.arena import Arena, until


def whole(arena: Arena, variant: str, strike: str = "") -> None:
    """A tick that is broken in this way."""

    def do() -> None:
        if variant:
            getattr(variants, variant)()
        tick(arena.place)

    arena.act(do, strike)


def go(arena: Arena) -> None:
    """Let the sessions that wait go on."""
    (arena.log / "go").write_text("")


def two_ticks_while_a_session_runs(arena: Arena, variant: str) -> list[str]:
    arena.words("T1", "commit wait:go", "commit")
    whole(arena, variant)
    until(lambda: arena.logged("waits"), "the session")
    found = arena.oracle.moment()
    arena.later(5000)
    whole(arena, variant)
    go(arena)
    return found


def a_tick_killed_between_its_effects(arena: Arena, variant: str) -> list[str]:
    arena.words("T1", "commit wait:go", "commit")
    whole(arena, variant, "start.handed-over:kill")
    until(lambda: arena.logged("waits"), "the session")
    whole(arena, variant)
    go(arena)
    return []


def a_supervisor_killed_while_a_daemon_lives(arena: Arena, variant: str) -> list[str]:
    arena.words("T1", "daemon left hang", "commit")
    whole(arena, variant)
    until(lambda: arena.logged("hangs"), "the session")
    os.kill(arena.supervisor(), signal.SIGKILL)
    until(lambda: not arena.supervisors(), "its end")
    whole(arena, variant)
    arena.later(5000)
    whole(arena, variant)
    return []


def a_tick_killed_before_it_noted_the_pid(arena: Arena, variant: str) -> list[str]:
    arena.words("T1", "commit wait:go", "commit")
    whole(arena, variant, "start.spawned:kill")
    until(lambda: arena.logged("waits"), "the session")
    arena.later(5000)
    whole(arena, variant)
    arena.later(5000)
    whole(arena, variant)
    until(lambda: not variant or len(arena.logged("begin")) > 1, "a second session")
    go(arena)
    return []


CASES = {
    "unlocked_at_hand_over": (two_ticks_while_a_session_runs, "3:"),
    "committed_after_the_spawn": (a_tick_killed_between_its_effects, "5:|6:"),
    "reclaimed_by_pid_file": (a_tick_killed_before_it_noted_the_pid, "1:"),
    "survivors_left_alive": (a_supervisor_killed_while_a_daemon_lives, "1:|4:"),
    "work_thrown_away": (a_supervisor_killed_while_a_daemon_lives, "12:"),
}


@pytest.mark.parametrize("variant", CASES)
def test_a_broken_variant_is_caught_and_the_real_program_is_not(
    make: Callable[..., Arena], variant: str
) -> None:
    play, numbers = CASES[variant]
    for broken in ("", variant):
        arena = make({"T1": "@pool"})
        found = play(arena, broken) or []
        arena.wait()
        if not broken:
            arena.settle()
        found += arena.oracle.violations() if broken else arena.judged()
        if not broken:
            assert found == []
        else:
            assert any(line.startswith(tuple(numbers.split("|"))) for line in found), found
