"""How a supervisor counts the time of a step, with a clock of the test's own."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest

from gitkanban.runs.supervision import activity, supervisor
from gitkanban.runs.supervision.supervisor import Supervisor


@pytest.fixture
def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[float, str]]:
    """Watch a step that never ends, and changes a file at these seconds; return (seconds until it
    is ended, why).
    """
    work = tmp_path / "work/src/app.py"
    work.parent.mkdir(parents=True)
    work.touch()

    def watch(
        timeout: float, stall: float, pauses: dict[int, float], changes: Sequence[float] = ()
    ) -> tuple[float, str]:
        now = [0.0]
        clock = SimpleNamespace(monotonic=lambda: now[0], time=lambda: 1e9 + now[0])
        for module in (supervisor, activity):
            monkeypatch.setattr(module, "time", clock)
        for path in (work, work.parent):
            os.utime(path, (1e9 - 60, 1e9 - 60))
        (tmp_path / "spec").write_text(f"run=r1\0watch={tmp_path / 'work'}\0")
        watching = Supervisor(str(tmp_path))
        waits = iter(range(1000))

        def wait(seconds: float) -> None:
            now[0] += seconds + pauses.get(next(waits), 0.0)
            for changed in [at for at in changes if at <= now[0]][-1:]:
                os.utime(work, (1e9 + changed, 1e9 + changed))

        monkeypatch.setattr(watching, "_wait", wait)
        monkeypatch.setattr(watching, "_reap", lambda pid: None)
        monkeypatch.setattr(watching, "_note_orphans", lambda: None)
        monkeypatch.setattr(watching, "_end_tree", lambda pid: 15)
        _, why = watching._watch(1, timeout, stall, asked=True)
        return now[0], why

    return watch


def test_a_step_is_ended_at_its_timeout_or_its_stall_timeout(
    watched: Callable[..., tuple[float, str]],
) -> None:
    assert watched(60.0, 0.0, {}) == (pytest.approx(60, abs=0.1), "timeout")
    assert watched(60.0, 20.0, {}) == (pytest.approx(20, abs=0.1), "stall")


def test_time_in_which_its_job_was_suspended_does_not_count(
    watched: Callable[..., tuple[float, str]],
) -> None:
    assert watched(60.0, 0.0, {3: 3600.0}) == (pytest.approx(3660, abs=0.1), "timeout")
    assert watched(60.0, 20.0, {3: 3600.0}) == (pytest.approx(3620, abs=0.1), "stall")
    assert watched(60.0, 0.0, {3: 2.0}) == (pytest.approx(60, abs=0.1), "timeout")


def test_a_step_that_prints_nothing_but_changes_files_is_silent_since_its_last_change(
    watched: Callable[..., tuple[float, str]],
) -> None:
    changes = (15.0, 30.0, 45.0)
    assert watched(50.0, 20.0, {}, changes) == (pytest.approx(50, abs=0.1), "timeout")
    assert watched(90.0, 20.0, {}, changes) == (pytest.approx(65, abs=0.1), "stall")
