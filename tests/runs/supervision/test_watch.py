"""How a supervisor counts the time of a step, with a clock of the test's own."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from gitkanban.runs.supervision import activity, supervisor
from gitkanban.runs.supervision.supervisor import Supervisor


@pytest.fixture
def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[float, str]]:
    """Watch a step that never ends; return (seconds until it is ended, why)."""

    def watch(timeout: float, stall: float, pauses: dict[int, float]) -> tuple[float, str]:
        now = [0.0]
        clock = SimpleNamespace(monotonic=lambda: now[0], time=lambda: 1e9 + now[0])
        for module in (supervisor, activity):
            monkeypatch.setattr(module, "time", clock)
        (tmp_path / "spec").write_bytes(b"run=r1\0")
        watching = Supervisor(str(tmp_path))
        waits = iter(range(1000))

        def wait(seconds: float) -> None:
            now[0] += seconds + pauses.get(next(waits), 0.0)

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
