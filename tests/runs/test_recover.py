"""Runs whose supervisor is gone: survivors ended, work collected, the end recorded, slots free."""

import os
import signal
from pathlib import Path

import pytest

from gitkanban import files
from gitkanban.runs import leases
from gitkanban.runs.records import folders
from gitkanban.runs.supervision import processes
from tests.conftest import git
from tests.runs.places import Bench, Running, mark, until

NOW = 1_790_000_000


def killed(bench: Bench, tmp_path: Path, *words: str) -> tuple[Running, int]:
    """A run whose supervisor was killed with -9 once its session was up; and the child's pid."""
    running = bench.start(*words)
    pid = int(until(mark(str(tmp_path), "up")))
    os.kill(running.pid, signal.SIGKILL)
    until(lambda: not processes.look(running.pid))
    return running, pid


@pytest.mark.parametrize("leave", ["daemon", "server", "sitting"])
def test_survivors_of_a_killed_supervisor_are_ended(
    bench: Bench, tmp_path: Path, leave: str
) -> None:
    running, child = killed(bench, tmp_path, "write:left.txt", f"{leave}:{tmp_path}/up", "hang")
    assert processes.look(child), "the parent-death signal reaches the first process alone"
    assert bench.local.alive([running.folder]) == set()
    assert bench.local.finish(running.folder, NOW)
    record = running.folder.exit()
    assert record is not None
    assert (record.how, record.ended) == ("lost", NOW)
    until(lambda: processes.look(child) is None, "its end")
    assert running.folder.work().leftover_paths == ("left.txt",)
    assert not (Path(bench.place.slots) / "p" / "1.lock").exists()
    bench.nothing_left(running)


def test_a_survivor_without_descriptor_environment_and_session_is_ended(
    bench: Bench, tmp_path: Path
) -> None:
    running = bench.start(f"hidden:{tmp_path}/up", "hang")
    child = int(until(mark(str(tmp_path), "up")))
    until(lambda: child in dict(running.folder.noted()), "its being noted")
    os.kill(running.pid, signal.SIGKILL)
    until(lambda: not processes.look(running.pid))
    until(lambda: not processes.survivors(running.folder.run, running.folder.path), "no trace")
    assert processes.look(child), "only the session dies with its supervisor"
    assert bench.local.finish(running.folder, NOW)
    assert processes.look(child) is None


def test_the_session_itself_dies_with_its_supervisor(bench: Bench, tmp_path: Path) -> None:
    _, session = killed(bench, tmp_path, f"tell:{tmp_path}/up", "hang")
    until(lambda: not processes.look(session))


def test_a_live_run_is_never_recovered(bench: Bench, tmp_path: Path) -> None:
    running = bench.start(f"tell:{tmp_path}/up", "hang")
    until(mark(str(tmp_path), "up"))
    assert bench.local.alive([running.folder]) == {running.folder.run}
    assert not bench.local.finish(running.folder, NOW)
    assert running.folder.exit() is None
    assert processes.look(running.pid)


def test_a_stopped_supervisor_still_holds_its_slot(bench: Bench, tmp_path: Path) -> None:
    running = bench.start(f"tell:{tmp_path}/up", "hang")
    until(mark(str(tmp_path), "up"))
    os.kill(running.pid, signal.SIGSTOP)
    assert not bench.local.finish(running.folder, NOW)
    bench.local.stop(running.folder, "go")
    assert running.end().how == "stop"


def test_another_boot_is_a_reboot_and_old_numbers_mean_nothing(
    bench: Bench, tmp_path: Path
) -> None:
    running, _ = killed(bench, tmp_path, f"tell:{tmp_path}/up", "hang")
    found = running.folder.spec()
    running.folder.write_spec({**found, "boot": "another-boot"})
    assert running.folder.noted() == []
    assert bench.local.finish(running.folder, NOW)
    record = running.folder.exit()
    assert record is not None
    assert record.how == "reboot"


def test_a_reader_of_the_log_is_no_survivor(bench: Bench, tmp_path: Path) -> None:
    running, _ = killed(bench, tmp_path, f"tell:{tmp_path}/up", "hang")
    log = os.open(running.folder.file("stdout.log"), os.O_RDONLY)
    pid = os.posix_spawn(
        "/bin/sleep", ["sleep", "60"], {}, file_actions=[(os.POSIX_SPAWN_DUP2, log, 0)]
    )
    try:
        assert bench.local.finish(running.folder, NOW)
        assert processes.look(pid)
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(log)


def test_a_run_reserved_by_a_tick_that_died_was_never_started(bench: Bench) -> None:
    running = bench.start("exit:0")
    running.end()
    lease = running.lease._replace(run="0reserved", card="T2")
    what = bench.worker("exit:0")
    from gitkanban.core.model import Card

    reserved = leases.reserve(
        bench.place, bench.locks, config=bench.config, card=Card("T2"), worker=what, lease=lease
    )
    assert reserved
    leases.release(reserved.locks)
    folder = folders.of(bench.place.private, lease.run)
    assert bench.local.finish(folder, NOW)
    record = folder.exit()
    assert record is not None
    assert (record.how, record.error) == ("not-started", "the tick that was starting it died")


def test_recovering_twice_changes_nothing(bench: Bench, tmp_path: Path) -> None:
    running, _ = killed(bench, tmp_path, "write:left.txt", f"tell:{tmp_path}/up", "hang")
    assert bench.local.finish(running.folder, NOW)
    tip = git(bench.repo, "rev-parse", "card/T1")
    work = running.folder.work()
    assert bench.local.finish(running.folder, NOW + 5)
    assert git(bench.repo, "rev-parse", "card/T1") == tip
    assert running.folder.work() == work
    record = running.folder.exit()
    assert record is not None
    assert record.ended == NOW


def test_a_reused_pid_is_not_signalled(bench: Bench, tmp_path: Path) -> None:
    running = bench.start("exit:0")
    running.end()
    stranger = os.posix_spawn("/bin/sleep", ["sleep", "60"], {})
    try:
        files.replace(running.folder.file("pid"), str(stranger).encode())
        bench.local.stop(running.folder, "no")
        assert processes.look(stranger)
    finally:
        os.kill(stranger, signal.SIGKILL)
        os.waitpid(stranger, 0)
