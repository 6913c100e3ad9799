"""A small size of the simulation: what is counted there holds for every size."""

from pathlib import Path

from tests.scale import day


def test_sessions_follow_one_another_and_a_tick_asks_once_and_pushes_twice_at_most(
    tmp_path: Path,
) -> None:
    played = day.play(tmp_path, cards=40, slots=6, seconds=2400, every=300, spread=0.1)
    assert played.most == 6
    assert played.sessions >= 12
    assert 0 < played.done <= played.sessions
    assert played.looks == played.ticks
    assert 0 < played.pushes <= 2 * played.ticks  # claims, and the ends before them
    assert played.commits <= 3 * played.ticks


def test_by_a_standby_sessions_that_begin_together_end_in_one_tick(tmp_path: Path) -> None:
    played = day.play(tmp_path, cards=20, slots=4, seconds=1801, sync=False)
    assert played.ticks == 4  # at the beginning, and after each ten minutes
    assert (played.sessions, played.pushes) == (12, 0)
