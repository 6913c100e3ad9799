"""Observed facts: live and ended runs, busy slots, what was forgotten or damaged."""

import os
import shutil
import sys
from pathlib import Path

import pytest

from gitkanban import clock
from gitkanban.core.model import RUNNING, Board, Card, Config, Worker
from gitkanban.core.names import CardId, RunId, WorkerName
from gitkanban.core.tick.facts import Letter, Observed, Report
from gitkanban.runs import leases, mailbox, observe, trust
from gitkanban.runs.briefing import Reservation
from gitkanban.runs.records import folders, last_tick, slots
from gitkanban.runs.records.folders import Folder
from gitkanban.runs.supervision import processes
from tests.runs.places import Bench, mark, until

NOW = 1_790_000_000
CONFIG = Config(
    base="main",
    workers={"w": Worker("w", "p", max_concurrency=2, command=("true",))},
    max_concurrency=4,
)


def board(**cards: Card) -> Board:
    return Board("main", "", CONFIG, cards)


def look(bench: Bench, what: Board | None = None) -> Observed:
    return observe.observe(bench.place, what or board(), NOW, bench.locks)


def test_a_live_run_is_alive_and_its_slot_busy(bench: Bench, tmp_path: Path) -> None:
    running = bench.start(f"tell:{tmp_path}/up", "hang", verify=("true",), needs=(("build", 2),))
    until(mark(str(tmp_path), "up"))
    seen = look(bench)
    (facts,) = seen.runs
    assert facts.alive
    assert facts.exit is None
    assert (facts.run, facts.card, facts.worker) == (running.folder.run, "T1", "w")
    assert (facts.slot, facts.profile) == ("p#1", "p")
    assert facts.start_commit == running.workspace.start_commit
    assert facts.needs == (("build", 2),)
    assert facts.verified
    assert not facts.shared
    assert seen.busy_slots == {"p#1"}
    assert seen.known_runs == {facts.run}


@pytest.mark.parametrize("says_so", [True, False], ids=["", "mailbox seems unchanged"])
def test_an_ended_run_reports_everything_until_it_is_settled(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, says_so: bool
) -> None:
    if not says_so:  # a share may be late with the times of one folder, and not of another
        monkeypatch.setattr(Folder, "has_mail", lambda _: False)
    running = bench.start("commit:a.txt", "print:all is well", "exit:0")
    running.end()
    report = Report("done", True, "did it\nwell")
    mailbox.send(running.folder, Letter(clock.sortable_id(), report.kind, "T1", report=report))
    (facts,) = look(bench).runs
    assert not facts.alive
    assert facts.exit == running.folder.exit()
    assert facts.work.session_commits == 1
    assert facts.report == report
    assert facts.summary == "", "what a command of one's own prints stays private"
    running.folder.settle("abc")
    seen = look(bench)
    assert seen.runs == ()
    assert seen.known_runs == {facts.run}
    assert seen.busy_slots == frozenset()


def test_a_dead_run_without_a_record_is_seen_as_such(bench: Bench, tmp_path: Path) -> None:
    running = bench.start(f"tell:{tmp_path}/up", "hang")
    until(mark(str(tmp_path), "up"))
    os.kill(running.pid, 9)
    until(lambda: not processes.look(running.pid))
    (facts,) = look(bench).runs
    assert (facts.alive, facts.exit) == (False, None)


def test_a_token_that_was_cleaned_away_is_written_again(bench: Bench, tmp_path: Path) -> None:
    running = bench.start(f"tell:{tmp_path}/up", "hang")
    until(mark(str(tmp_path), "up"))
    slots.remove(bench.place, "p#1")
    look(bench)
    again = slots.read(bench.place, "p#1")
    assert again
    assert again.run == running.folder.run


def test_a_slot_above_today_s_limit_is_still_seen_busy(bench: Bench) -> None:
    held = bench.locks.take("slot/gone/7")
    assert held
    card = Card("T1", status=RUNNING, run="r", slot="gone#7")
    assert look(bench, board(T1=card)).busy_slots == {"gone#7"}
    held.close()


def test_an_agent_that_says_it_was_limited(bench: Bench) -> None:
    script = """echo '{"type":"result","session_id":"s-1","result":"rate limit reached","is_error":true,"total_cost_usd":0.5}'
                exit 1"""
    running = bench.start(override={"session": ["sh", "-c", script], "runner": "claude"})
    running.end()
    (facts,) = look(bench).runs
    assert facts.rate_limited
    assert (facts.session, facts.agent_error, facts.cost_usd) == (
        "s-1",
        "rate limit reached",
        "0.5",
    )
    assert facts.agent_error


def test_a_damaged_run_folder_hides_no_other(bench: Bench) -> None:
    running = bench.start("exit:0")
    running.end()
    broken = folders.of(bench.place.private, "0broken")
    os.makedirs(broken.path)
    Path(broken.file("spec")).write_bytes(b"\xff\0started=x\0needs=a=b\0\0")
    for name in ("exit.json", "work.json", "report.json", "pids"):
        Path(running.folder.file(name + ".x")).write_text("[")
    assert [facts.run for facts in look(bench).runs] == [running.folder.run]
    assert "0broken" in look(bench).known_runs


@pytest.mark.parametrize("text", ["", "[]", "{", '{"kind": "dance"}', "null"])
def test_damaged_records_read_as_none(bench: Bench, text: str) -> None:
    folder = folders.of(bench.place.private, "r")
    os.makedirs(folder.path)
    for name in ("exit.json", "work.json", "report.json"):
        Path(folder.file(name)).write_text(text)
    assert folder.report() is None
    assert folder.work().tip == ""
    assert folder.exit() is None or folder.exit().how == "lost"  # type: ignore[union-attr]


def test_what_earlier_ticks_saw_is_a_cache(bench: Bench) -> None:
    private = bench.place.private
    assert last_tick.schedule(private) == ({}, {})
    last_tick.note_schedule(private, {CardId("T1"): NOW}, {WorkerName("w"): 1.5})
    assert last_tick.schedule(private) == ({"T1": NOW}, {"w": 1.5})
    seen = look(bench)
    assert (seen.ready_since, seen.served) == ({"T1": NOW}, {"w": 1.5})
    Path(bench.place.private, "cache/schedule").write_text("{")
    assert last_tick.schedule(private) == ({}, {})


def test_untrusted_workers_are_named(bench: Bench) -> None:
    assert set(look(bench).untrusted) == {"w"}
    trust.record(bench.place, CONFIG)
    assert look(bench).untrusted == {}


def test_a_look_at_live_runs_starts_no_process_and_scans_none(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.start(f"tell:{tmp_path}/up", "hang")
    until(mark(str(tmp_path), "up"))
    seen: list[str] = []

    def note(event: str, args: tuple[object, ...]) -> None:
        if armed and event in ("subprocess.Popen", "os.posix_spawn", "os.fork"):
            seen.append(event)
        if armed and event == "os.listdir" and args[0] == "/proc":
            seen.append(event)

    armed = False
    look(bench)
    sys.addaudithook(note)
    armed = True
    look(bench)
    armed = False
    assert seen == []


def reserve(bench: Bench) -> Reservation:
    worker, lease = bench.worker("exit:0"), slots.Lease("p", 1, "T1", "01x", "h", "c", 0, NOW)
    reserved = leases.reserve(
        bench.place, bench.locks, config=bench.config, card=Card("T1"), worker=worker, lease=lease
    )
    assert reserved
    return reserved


def test_a_cancelled_reservation_leaves_nothing(bench: Bench) -> None:
    reserved = reserve(bench)
    assert slots.read(bench.place, "p#1") == reserved.lease
    leases.cancel(bench.place, reserved)
    assert look(bench).known_runs == frozenset()
    assert slots.with_token(bench.place) == []
    assert leases.take(bench.locks, "T1", "p#1")


def test_a_start_that_failed_is_a_fact(bench: Bench) -> None:
    leases.not_started(bench.place, reserve(bench), "no\nspace", NOW)
    (facts,) = look(bench).runs
    assert facts.exit
    assert (facts.exit.how, facts.exit.error) == ("not-started", "no space")
    assert look(bench).busy_slots == frozenset()


def test_a_long_prompt_costs_a_look_nothing(bench: Bench) -> None:
    running = bench.start("exit:0", "x" * 100_000, needs=(("build", 1),))
    running.end()
    assert len(running.folder.facts()) < len(running.folder.spec())
    (facts,) = look(bench).runs
    assert (facts.session, facts.needs) == (
        running.folder.spec().one("session_id"),
        (("build", 1),),
    )
    assert facts.start_commit == running.workspace.start_commit


def test_a_process_looks_at_a_settled_run_once_and_again_at_all_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "now", lambda: 1_000_000.0)  # what changed a moment ago
    runs = [folders.of(str(tmp_path), RunId(f"r{n}")) for n in range(4)]
    for run in runs:
        run.write_spec({"run": run.run})
    for run in runs[:2]:
        run.settle("")
    looked: list[str] = []
    has = Folder.has

    def counted(folder: Folder, name: str) -> bool:
        looked.append(f"{folder.run} {name}")
        return has(folder, name)

    monkeypatch.setattr(Folder, "has", counted)
    assert folders.unsettled(str(tmp_path)) == runs[2:]
    assert looked == [f"r{n} settled" for n in range(4)]
    runs[2].settle("")
    looked.clear()
    assert folders.unsettled(str(tmp_path)) == runs[3:]
    assert looked == ["r2 settled", "r3 settled"]
    shutil.rmtree(runs[0].path)  # what `gc` does
    assert folders.unsettled(str(tmp_path)) == runs[3:]
