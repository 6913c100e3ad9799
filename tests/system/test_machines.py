"""One clone that two machines reach: neither takes the other's live runs for dead."""

import json
import os
import re
import signal
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path

import pytest

from gitkanban import files
from gitkanban.core.tick.machines import LATELY
from gitkanban.runs.records import machines
from gitkanban.runs.records.folders import Folder
from tests.cli.calls import call, ok
from tests.support.arena import Arena, until
from tests.test_lock_files import share


def begun_elsewhere(arena: Arena, card: str) -> None:
    """Make the run of the card one that another machine began, whose locks are not seen here."""
    folder = next(f for f in arena.folders() if f.facts().one("card") == card)
    found = folder.spec()
    there = {"boot": "another-boot", "machine": "another-id", "host": "h2"}
    folder.write_spec({**found, **there})


def test_a_run_that_another_machine_has_open_is_left_alone_until_a_person_says_so(
    make: Callable[..., Arena], monkeypatch: pytest.MonkeyPatch
) -> None:
    arena = make({"T1": "@lane", "T2": "@pool"})
    arena.words("T1", "commit hang")
    arena.words("T2", "commit")
    arena.tick()
    until(lambda: arena.hanging(), "the session")
    until(lambda: len(arena.supervisors()) == 1, "the end of the other")
    arena.tick()
    begun_elsewhere(arena, "T1")
    before = arena.tip()
    for words in (("tick",), ("tick", "--dry-run"), ("gc",), ("doctor", "--fix")):
        done = call(arena.repo, *words)
        assert done.code == 1, words
        assert "open on h2, which is another machine: T1" in done.err, words
    assert (arena.tip(), arena.status("T1")) == (before, "running")
    found = json.loads(call(arena.repo, "doctor", "--json").out)["symptoms"]
    assert "other-machine" in {each["code"] for each in found}
    monkeypatch.setattr(machines, "_QUIET", 0)  # the supervisor is silent, as if it were gone
    call(arena.repo, "doctor", "--here")
    ok(arena.repo, "tick")
    record = json.loads(Path(arena.repo, ".git/gitkanban/machine").read_text())
    assert [each["host"] for each in record["given_up"]] == ["h2"]
    ok(arena.repo, "stop", "T1")
    arena.settle()


def shared(arena: Arena, monkeypatch: pytest.MonkeyPatch, top: Path) -> Path:
    """Have the clone lie on a disk that machines share; return where its locks lie now."""
    share(monkeypatch, arena.repo.parent)
    monkeypatch.setenv("XDG_STATE_HOME", str(top / "state"))
    locks = Path(arena.place.private, "locks")
    if locks.exists():
        locks.rename(locks.with_name("locks.before"))
    held = arena.locks.take("tick")
    assert held
    held.close()
    return Path(os.readlink(locks))


def move_to_another_machine(monkeypatch: pytest.MonkeyPatch, locks: Path) -> None:
    """From now on we are another machine, on whose disk there are no locks yet."""
    monkeypatch.setattr(files, "boot_id", lambda: "boot2")
    monkeypatch.setattr(machines, "machine_id", lambda: "id2")
    monkeypatch.setattr(machines, "host", lambda: "h2")
    locks.rename(locks.with_name("of the first machine"))


def silence(arena: Arena, seconds: int) -> None:
    """Have the last tick be that long ago."""
    for name in ("ticked", "machine"):
        os.utime(Path(arena.place.private, name), (time.time() - seconds,) * 2)


def test_a_shared_clone_that_two_machines_tick_stays_with_the_first(
    make: Callable[..., Arena], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    arena = make({"T1": "@lane"})
    locks = shared(arena, monkeypatch, tmp_path)
    arena.tick()
    arena.wait()
    arena.tick()
    arena.add("T2", "@lane")
    move_to_another_machine(monkeypatch, locks)
    before = arena.tip()
    for words in (
        ("tick",),
        ("tick", "--dry-run"),
        ("stop", "--all"),
        ("gc",),
        ("doctor", "--fix"),
    ):
        done = call(arena.repo, *words)
        assert done.code == 1, words
        assert re.search(r"is ticked on \S+, which is another machine: \d+ s ago", done.err), words
    assert arena.tip() == before
    silence(arena, LATELY - 60)
    assert call(arena.repo, "tick").code == 1
    silence(arena, LATELY + 5)
    assert "and is ticked here from now on" in ok(arena.repo, "tick")
    arena.settle()


def test_a_person_moves_a_shared_clone_at_once_and_the_first_machine_keeps_off(
    make: Callable[..., Arena], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    arena = make({"T1": "@lane backlog"})
    locks = shared(arena, monkeypatch, tmp_path)
    ok(arena.repo, "tick")
    with monkeypatch.context() as there:
        move_to_another_machine(there, locks)
        call(arena.repo, "doctor", "--here")
        ok(arena.repo, "tick")
    done = call(arena.repo, "tick")
    assert (done.code, "is ticked on h2, which is another machine" in done.err) == (1, True)


def age_files(folder: Folder, *, but: Collection[str] = ()) -> None:
    """Have the files of a run, but these, be written long ago."""
    for entry in os.scandir(folder.path):
        if entry.name not in but:
            with suppress(FileNotFoundError):  # one that was just replaced
                os.utime(entry.path, (1, 1), follow_symlinks=False)


def test_a_session_whose_supervisor_beats_is_not_given_up(make: Callable[..., Arena]) -> None:
    arena = make({"T1": "@lane"})
    arena.extra["beat"] = "0.1"  # s
    arena.words("T1", "commit hang")
    arena.tick()
    until(lambda: arena.hanging(), "the session")
    begun_elsewhere(arena, "T1")
    [(_, supervisor)] = arena.hanging()
    [folder] = arena.folders()
    age_files(folder)
    until(lambda: os.stat(folder.file("beat")).st_mtime > 1, "a beat")
    age_files(folder, but=("beat",))
    done = call(arena.repo, "doctor", "--here")
    assert (done.code, "the session of T1 on h2 lives" in done.err) == (1, True)
    assert call(arena.repo, "tick").code == 1  # nothing was given up
    os.kill(supervisor, signal.SIGSTOP)
    until(lambda: supervisor in arena.frozen(), "the supervisor to stand still")
    age_files(folder)
    call(arena.repo, "doctor", "--here")
    ok(arena.repo, "tick")
    os.kill(supervisor, signal.SIGCONT)
    ok(arena.repo, "stop", "T1")
    arena.settle()


def test_a_run_that_has_ended_on_another_machine_is_settled_here(
    make: Callable[..., Arena],
) -> None:
    arena = make({"T1": "@lane"})
    arena.tick()
    arena.wait()
    begun_elsewhere(arena, "T1")
    ok(arena.repo, "tick")
    assert arena.status("T1") == "done"


def test_a_machine_takes_over_a_clone_in_which_nothing_is_open(make: Callable[..., Arena]) -> None:
    arena = make({"T1": "@lane backlog"})
    record = Path(arena.repo, ".git/gitkanban/machine")
    last = {"boot": "another-boot", "id": "another-id", "host": "h2"}
    record.write_text(json.dumps({"last": last, "given_up": [last]}))
    line = "this clone was ticked on h2 until now, and is ticked here from now on"
    assert line in ok(arena.repo, "tick")
    assert line not in ok(arena.repo, "tick")
    assert json.loads(record.read_text())["given_up"] == []


def ticked_elsewhere(arena: Arena) -> Path:
    """Have another machine be the last that ticked the clone, long ago; return the record of it."""
    record = Path(arena.place.private, "machine")
    last = {"boot": "another-boot", "id": "another-id", "host": "h2"}
    record.write_text(json.dumps({"last": last, "given_up": []}))
    silence(arena, LATELY + 5)
    return record


def test_one_machine_at_a_time_takes_over_and_one_that_died_of_it_is_in_nobody_s_way(
    make: Callable[..., Arena], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    arena = make({"T1": "@lane backlog"})
    shared(arena, monkeypatch, tmp_path)
    ok(arena.repo, "tick")
    claim = ticked_elsewhere(arena).with_name("machine.taking.0")
    claim.touch()
    done = call(arena.repo, "tick")
    assert (done.code, "just taking over this clone" in done.err) == (1, True)
    os.utime(claim, (1, 1))
    with machines._taking_over(arena.place):  # the next of those that follow it
        done = call(arena.repo, "tick")
        assert (done.code, "just taking over this clone" in done.err) == (1, True)
    assert list(claim.parent.glob("machine.taking.*")) == []
    assert "is ticked here from now on" in ok(arena.repo, "tick")


def test_who_waited_for_a_machine_to_take_over_does_not_follow_it_at_once(
    make: Callable[..., Arena], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    arena = make({"T1": "@lane backlog"})
    shared(arena, monkeypatch, tmp_path)
    ok(arena.repo, "tick")
    record = ticked_elsewhere(arena)
    create = files.create

    def after_another(path: str, data: bytes) -> bool:
        if "taking" in path:
            last = {"boot": "third-boot", "id": "third-id", "host": "h3"}
            record.write_text(json.dumps({"last": last, "given_up": []}))
            silence(arena, LATELY + 5)
        return create(path, data)

    monkeypatch.setattr(files, "create", after_another)
    assert call(arena.repo, "tick").code == 1
    assert json.loads(record.read_text())["last"]["host"] == "h3"


def test_locks_that_could_not_be_set_are_set_by_the_next_tick(
    make: Callable[..., Arena], monkeypatch: pytest.MonkeyPatch
) -> None:
    arena = make({"T1": "@lane backlog"})
    ok(arena.repo, "tick")
    record = ticked_elsewhere(arena)
    before = record.read_text()
    restored = []

    def full(_: object) -> None:
        restored.append("full" if not restored else "done")
        if len(restored) == 1:
            raise OSError(28, "No space left on device", "locks")

    monkeypatch.setattr(machines, "_restore_standing_locks", full)
    assert call(arena.repo, "tick").code == 1
    assert record.read_text() == before
    ok(arena.repo, "tick")
    assert restored == ["full", "done"]
