"""`max_starts_per_tick` is of the whole tick, however often it looks at the board again."""

from collections.abc import Callable

from tests.support.arena import CONFIG, Arena

MOST = CONFIG.replace("  workers:\n", "  max_starts_per_tick: 1\n  workers:\n")


def test_a_start_that_fails_is_one_of_the_starts_of_its_tick(make: Callable[..., Arena]) -> None:
    arena = make({"T1": "@pool", "T2": "@pool"}, config=MOST)
    trees = arena.repo.parent / "repo.worktrees"
    trees.mkdir()
    (trees / "T1").write_text("in the way")  # its workspace cannot be made
    assert arena.tick() == 0
    assert arena.board().runs_of("T1") and arena.status("T2") == "todo"
    assert arena.tick() == 0
    assert arena.status("T2") == "running"
