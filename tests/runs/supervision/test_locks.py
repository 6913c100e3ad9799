"""Kernel locks and lease tokens: one holder at a time, no gap at hand-over, none cleaned away."""

import os
import signal
import sys
from pathlib import Path

import pytest

from gitkanban import clock
from gitkanban.core.model import Worker
from gitkanban.errors import Refused
from gitkanban.runs import leases
from gitkanban.runs.records import slots
from gitkanban.runs.records.slots import Lease
from gitkanban.runs.supervision import processes
from gitkanban.runs.supervision.locks import Locks
from tests.conftest import git
from tests.runs.places import Bench, mark, until

# Hammers a lock without pause; says so once it has been refused, and at once if it gets it.
PROBER = """
import fcntl, os, sys
path, told = sys.argv[1:]
tries = 0
while True:
    fd = os.open(path, os.O_RDWR)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        open(told + "/got", "w").write(str(tries))
        break
    except BlockingIOError:
        tries += 1
        if tries == 50:
            open(told + "/up", "w").write("up")
    os.close(fd)
"""


def test_one_holder_at_a_time(tmp_path: Path) -> None:
    first, second = Locks(str(tmp_path)), Locks(str(tmp_path))
    held = first.take("slot/p/1")
    assert held
    assert second.take("slot/p/1") is None
    assert second.take("slot/p/2")
    held.close()
    assert second.take("slot/p/1")


def test_what_is_locked_is_seen_without_taking_it(tmp_path: Path) -> None:
    locks = Locks(str(tmp_path))
    held = locks.take("card/T1")
    free = locks.take("card/T2")
    assert held
    assert free
    free.close()
    assert locks.locked(["card/T1", "card/T2", "card/never"]) == {"card/T1"}
    held.close()
    assert locks.locked(["card/T1"]) == set()


def test_a_lock_whose_file_was_removed_is_not_a_second_one(tmp_path: Path) -> None:
    locks = Locks(str(tmp_path))
    assert locks.take("card/T1")
    Path(locks.path("card/T1")).unlink()
    again = locks.take("card/T1")
    assert again
    assert os.path.samestat(os.fstat(again.fd), os.stat(locks.path("card/T1")))


def test_a_folder_that_cannot_be_written_is_an_error_with_a_hint(tmp_path: Path) -> None:
    (tmp_path / "locks").write_text("not a folder")
    with pytest.raises(Refused, match="cannot make the lock file") as error:
        Locks(str(tmp_path)).take("tick")
    assert error.value.hint


@pytest.mark.parametrize("name", ["card/T1", "slot/p/1"])
def test_at_hand_over_nobody_gets_in_between(bench: Bench, tmp_path: Path, name: str) -> None:
    held = leases.take(bench.locks, "T1", "p#1")
    assert held
    prober = os.posix_spawn(
        sys.executable,
        [sys.executable, "-I", "-S", "-c", PROBER, bench.locks.path(name), str(tmp_path)],
        {},
    )
    try:
        until(mark(str(tmp_path), "up"))
        running = bench.start(
            f"tell:{tmp_path}/session", f"daemon:{tmp_path}/child", "hang", held=held
        )
        until(mark(str(tmp_path), "child"))
        assert not (tmp_path / "got").exists()
        bench.local.stop(running.folder, "seen enough")
        until(mark(str(tmp_path), "got"))
        assert running.folder.exit(), "the locks were let go before the end was recorded"
    finally:
        os.kill(prober, signal.SIGKILL)
        os.waitpid(prober, 0)


def test_two_ticks_racing_for_one_slot_give_it_to_one(tmp_path: Path) -> None:
    results = []
    for number in range(6):
        read, write = os.pipe()
        pid = os.fork()
        if not pid:
            got = leases.take(Locks(str(tmp_path)), f"T{number}", "p#1")
            os.write(write, b"y" if got else b"n")
            os.read(0, 0)
            signal.pause()
        os.close(write)
        results.append((pid, read))
    try:
        said = [os.read(read, 1) for _, read in results]
    finally:
        for pid, read in results:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            os.close(read)
    assert sorted(said) == [b"n"] * 5 + [b"y"]


def test_cleaning_the_checkout_takes_no_slot_away_and_the_token_comes_back(
    bench: Bench, tmp_path: Path
) -> None:
    running = bench.start(f"tell:{tmp_path}/up", "hang")
    until(mark(str(tmp_path), "up"))
    before = slots.read(bench.place, "p#1")
    assert before
    assert (before.card, before.run, before.pid) == ("T1", running.folder.run, running.pid)
    git(bench.repo, "clean", "-fdxq")
    assert slots.with_token(bench.place) == []
    assert bench.local.alive([running.folder]) == {running.folder.run}
    assert leases.take(bench.locks, "T2", "p#1") is None
    assert slots.mend(bench.place, running.folder)
    assert slots.read(bench.place, "p#1") == before
    assert not slots.mend(bench.place, running.folder)


@pytest.mark.parametrize(
    "text", ["", "slot: [", "slot: q#1\ncard: T1\nrun: r\n", "\0\xff", "slot: p#1\ncard: T9\n"]
)
def test_a_damaged_token_is_written_again(bench: Bench, tmp_path: Path, text: str) -> None:
    running = bench.start(f"tell:{tmp_path}/up", "hang")
    before = slots.read(bench.place, "p#1")
    Path(slots.token(bench.place, "p#1")).write_text(text)
    assert slots.read(bench.place, "p#1") is None
    assert slots.mend(bench.place, running.folder)
    assert slots.read(bench.place, "p#1") == before


def test_odd_names_survive_a_token(bench: Bench) -> None:
    lease = slots.Lease("prö: file", 2, "T1", "01", 'h"x', "c", 7, 1_790_000_000)
    slots.write(bench.place, lease)
    assert slots.read(bench.place, "prö: file#2") == lease
    assert slots.with_token(bench.place) == ["prö: file#2"]
    slots.remove(bench.place, "prö: file#2")
    slots.remove(bench.place, "prö: file#2")
    assert slots.with_token(bench.place) == []


def test_a_process_is_told_only_while_it_is_the_same() -> None:
    pid = os.posix_spawn("/bin/sleep", ["sleep", "60"], {})
    seen = processes.look(pid)
    assert seen
    seen.start -= 1
    processes.tell(seen, signal.SIGKILL)
    assert processes.look(pid)
    seen.start += 1
    processes.tell(seen, signal.SIGKILL)
    os.waitpid(pid, 0)


def test_runs_in_the_shared_checkout_exclude_each_other(bench: Bench, tmp_path: Path) -> None:
    worker = bench.worker("exit:0", workspace_policy="shared")
    also = leases.shared_locks(worker)
    held = leases.take(bench.locks, "T1", "p#1", also)
    assert held
    running = bench.start(f"tell:{tmp_path}/up", "hang", held=held, workspace_policy="shared")
    assert leases.take(bench.locks, "T2", "q#1", also) is None
    assert bench.locks.locked(["card/T2", "slot/q/1"]) == set()
    bench.local.stop(running.folder, "enough")
    running.end()
    assert leases.take(bench.locks, "T2", "q#1", also)


def test_read_write_memory_of_one_profile_is_one_run_s() -> None:
    worker = Worker("w", "p", memory_env="HERMES_HOME", memory_path="~/.hermes")
    assert leases.shared_locks(worker) == ["memory/p"]
    assert leases.shared_locks(worker._replace(memory="read-only")) == []
    assert leases.shared_locks(Worker("w", "p")) == []


@pytest.mark.parametrize("link", [".kanban", ".kanban/slots", ".kanban/slots/p"])
def test_a_token_is_not_written_through_a_link(bench: Bench, tmp_path: Path, link: str) -> None:
    outside, path = tmp_path / "outside", bench.repo / link
    for folder in ("slots/p", "p"):
        (outside / folder).mkdir(parents=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(outside)
    held = leases.take(bench.locks, "T1", "p#1")
    assert held
    lease = Lease("p", 1, "T1", clock.sortable_id(), "h", "c", 0, 1)
    with pytest.raises(OSError, match="symbolic link is in the way"):
        slots.write(bench.place, lease)
    (outside / "p" / "1.lock").write_text(slots.render(lease))
    assert slots.read(bench.place, "p#1") is None and slots.with_token(bench.place) == []
    slots.remove(bench.place, "p#1")
    leases.release(held)
    assert [path.name for path in outside.rglob("*.lock")] == ["1.lock"]


def test_without_flock_a_lock_is_portalockers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both keep each other out, so an upgrade of one of two programs does no harm."""
    import portalocker

    held = Locks(str(tmp_path)).take("tick")
    assert held
    assert portalocker.__version__
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "fcntl", None)
        assert Locks(str(tmp_path)).take("tick") is None
        held.close()
        other = Locks(str(tmp_path)).take("tick")
    assert other
    assert Locks(str(tmp_path)).take("tick") is None
    other.close()
