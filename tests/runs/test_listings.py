"""What is known of run folders without a look at their files, and when they are looked at again."""

import errno
import os
from pathlib import Path

import pytest

from gitkanban import clock
from gitkanban.core.engines import BatchJob
from gitkanban.core.names import Oid, RunId
from gitkanban.core.tick.facts import Exit
from gitkanban.runs.records import folders, job_records, listings
from gitkanban.runs.records.folders import MAILBOX, Folder
from gitkanban.typed import Any


class Time:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 1_000_000.0


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    its_time = Time()
    monkeypatch.setattr(clock, "now", lambda: its_time.now)
    return its_time


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Each call that asks the disk for a name, a file or a list, by its function."""
    made: list[str] = []
    for module, name in ((os.path, "lexists"), (os, "listdir"), (os, "scandir")):
        asked = getattr(module, name)

        def note(*args: Any, _asked: Any = asked, _name: str = name) -> Any:
            made.append(_name)
            return _asked(*args)

        monkeypatch.setattr(module, name, note)
    return made


def run_in(private: Path, run: str = "r1") -> Folder:
    folder = folders.of(str(private), RunId(run))
    folder.write_spec({"run": run, "card": "T1", "env": ["A=1"], "session": ["agent"]})
    os.makedirs(folder.file(MAILBOX))
    for path in (folder.file(MAILBOX), folder.path):
        os.utime(path, (1000, 1000))  # a change of the same moment would leave the same times
    return folder


def look_until_known(private: Path, time: Time) -> Folder:
    """Look twice, as far apart as it takes to be sure of what a folder has."""
    folders.unsettled(str(private))
    time.now += 4
    (folder,) = folders.unsettled(str(private))
    return folder


def test_an_unchanged_folder_is_asked_for_nothing_but_its_times(
    tmp_path: Path, time: Time, calls: list[str]
) -> None:
    run_in(tmp_path)
    look_until_known(tmp_path, time).has_mail()
    time.now += 4
    (folder,) = folders.unsettled(str(tmp_path))
    folder.facts(), folder.has_mail()
    calls.clear()
    (folder,) = folders.unsettled(str(tmp_path))
    assert folder.shows("spec") and not folder.shows("claim")
    assert folder.facts().one("card") == "T1" and not folder.has_mail()
    assert calls == ["listdir"]  # of the folder with all of them


@pytest.mark.parametrize("wait", [0, 4])
def test_what_comes_goes_or_is_replaced_is_found_at_the_next_look(
    tmp_path: Path, time: Time, wait: int
) -> None:
    run_in(tmp_path)
    folder = look_until_known(tmp_path, time)
    assert folder.facts().one("card") == "T1" and not folder.has_mail()
    time.now += wait
    folder.write_spec({"run": "r1", "card": "T2"})
    folder.request_stop("enough")
    Path(folder.file(f"{MAILBOX}/letter")).write_text("{}")
    (folder,) = folders.unsettled(str(tmp_path))
    assert folder.facts().one("card") == "T2"
    assert folder.shows("stop") and folder.has_mail() and folder.record("stop") == "enough\n"
    folder.settle(Oid("c0"))
    assert folders.unsettled(str(tmp_path)) == []


def test_a_folder_that_changed_a_moment_ago_is_asked_again(tmp_path: Path, time: Time) -> None:
    """The next change may leave the same times, where the file system counts them coarsely."""
    folder = run_in(tmp_path)
    folders.unsettled(str(tmp_path))
    time.now += 1
    status = os.stat(folder.path)
    (folder,) = folders.unsettled(str(tmp_path))
    assert not folder.shows("stop")
    Path(folder.file("stop")).touch()  # by another process
    os.utime(folder.path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert folder.shows("stop")


def test_where_a_file_system_gives_folders_no_times_they_are_listed_after_a_while(
    tmp_path: Path, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_in(tmp_path)
    folder = look_until_known(tmp_path, time)
    stat, status = os.stat, os.stat(folder.path)

    def stand_still(path: Any, **how: Any) -> os.stat_result:
        return status if path == folder.path else stat(path, **how)

    monkeypatch.setattr(os, "stat", stand_still)
    Path(folder.file("stop")).touch()  # by another process
    (later,) = folders.unsettled(str(tmp_path))
    assert not later.shows("stop")
    time.now += 700
    (later,) = folders.unsettled(str(tmp_path))
    assert later.shows("stop")


def test_the_facts_of_a_spec_have_no_commands_and_no_environment(tmp_path: Path) -> None:
    folder = run_in(tmp_path)
    assert set(folder.facts()) == {"run", "card"}
    assert folder.spec().one("session") == "agent"


def test_the_next_process_knows_what_this_one_knew(
    tmp_path: Path, time: Time, monkeypatch: pytest.MonkeyPatch, calls: list[str]
) -> None:
    run_in(tmp_path), run_in(tmp_path, "r2").settle(Oid("c0"))
    look_until_known(tmp_path, time).facts()
    os.makedirs(tmp_path / "cache")
    listings.save(str(tmp_path), {"r1", "r2"})
    for state in ("_listings", "_settled"):
        monkeypatch.setattr(listings, state, {})
    calls.clear()
    monkeypatch.setattr(folders.spec, "read", None)
    (folder,) = folders.unsettled(str(tmp_path))
    assert folder.facts().one("card") == "T1"
    assert calls == ["listdir"]


def test_runs_whose_folders_are_gone_are_forgotten(tmp_path: Path, time: Time) -> None:
    run_in(tmp_path), run_in(tmp_path, "r2").settle(Oid("c0"))
    look_until_known(tmp_path, time)
    listings.save(str(tmp_path), ())
    assert listings.settled_runs(str(tmp_path)) == set()
    assert not [each for each in listings._listings if each.startswith(str(tmp_path))]


def test_who_writes_a_record_reads_what_was_written(tmp_path: Path, time: Time) -> None:
    run_in(tmp_path)
    folder = look_until_known(tmp_path, time)
    assert job_records.last_word(folder) is None and not folder.shows("stop")
    job_records.note_word(folder, BatchJob("node-lost", "7"))
    assert job_records.last_word(folder) == BatchJob("node-lost", "7")
    folder.request_stop("enough")
    assert folder.shows("stop")


def test_whether_a_run_has_ended_is_asked_of_the_disk_once_a_look(
    tmp_path: Path, time: Time, monkeypatch: pytest.MonkeyPatch, calls: list[str]
) -> None:
    run_in(tmp_path)
    folder = look_until_known(tmp_path, time)
    status = os.stat(folder.path)
    calls.clear()
    assert not folder.has_ended() and not folder.has_ended()
    assert calls == ["lexists"]
    Path(folder.file("exit.json")).touch()  # by another process, on a share that is late
    os.utime(folder.path, ns=(status.st_atime_ns, status.st_mtime_ns))
    (later,) = folders.unsettled(str(tmp_path))
    assert later.has_ended()


def test_who_records_an_end_knows_it(tmp_path: Path, time: Time) -> None:
    run_in(tmp_path)
    folder = look_until_known(tmp_path, time)
    assert not folder.has_ended()
    folder.write_exit(Exit(1, "lost"))
    assert folder.has_ended()


def test_a_record_that_could_not_be_read_is_read_again(
    tmp_path: Path, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_records.note_id(run_in(tmp_path), "4711")
    folder = look_until_known(tmp_path, time)

    def stale(*_: object) -> None:
        raise OSError(errno.ESTALE, "Stale file handle")

    with monkeypatch.context() as share:
        share.setattr("builtins.open", stale)
        assert folder.record("job") == ""
    assert folder.record("job") == "4711\n"
