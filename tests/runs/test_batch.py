"""Sessions as jobs of a batch system: a queue in a folder that can be as bad as real ones are."""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from gitkanban import clock
from gitkanban.core import engines
from gitkanban.core.engines import BatchJob
from gitkanban.core.model import Config, ExecutorConfig
from gitkanban.core.names import RunId
from gitkanban.core.tick.bad_nodes import REST, ROW
from gitkanban.core.tick.facts import AgentState, BadNode, Sighting
from gitkanban.core.tick.jobs import LIFE
from gitkanban.errors import Refused
from gitkanban.runs import leases
from gitkanban.runs.batch import Batch
from gitkanban.runs.executors import Executors
from gitkanban.runs.records import agent_state, folders, job_records, listings
from gitkanban.runs.records.folders import Folder
from gitkanban.runs.supervision import guard, processes, spec
from tests.runs.places import Bench, Running, mark, until
from tests.support import folder_queue
from tests.support.folder_queue import Queue
from tests.support.patience import let_hours_pass


class BatchBench(Bench):
    """Runs whose worker's executor is the queue."""

    def __init__(self, repo: Path, queue: Queue) -> None:
        super().__init__(repo)
        self.queue = queue
        executor = ExecutorConfig("cluster", "queue", ("--mem=1G",))
        self.config = Config(base="main", executors={"cluster": executor})

    def start(self, *words: str, **more: object) -> Running:  # type: ignore[override]
        """Submit a run."""
        return super().start(*words, executor="cluster", **more)  # type: ignore[arg-type]

    @property
    def batch(self) -> Batch:
        """The executor as a new tick sees it."""
        return Batch(self.place, self.locks, engines.ENGINES["queue"])

    def look(self, running: Running) -> Sighting:
        """What became of a run."""
        return Executors(self.place, self.locks).look([running.folder])[running.folder.run]

    def nothing_left(self, running: Running) -> None:
        folder = running.folder  # its supervisor is no child of ours, and may be on its way out
        until(lambda: not processes.survivors(folder.run, folder.path), "the end of its processes")
        super().nothing_left(running)

    def finish(self, folder: Folder, now: float = 0.0) -> bool:
        """Close a run as a tick does."""
        return self.batch.finish(folder, now or clock.now())


class _Starting:
    """What `Bench.start` calls to start a launch."""

    def __init__(self, bench: BatchBench) -> None:
        self.bench = bench

    def start(self, launch) -> int:  # type: ignore[no-untyped-def]
        return Executors(self.bench.place, self.bench.locks).start(launch)


@pytest.fixture
def queue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Queue]:
    queue = Queue(tmp_path / "queue")
    monkeypatch.setenv(folder_queue.VARIABLE, str(queue.folder))
    monkeypatch.setitem(engines.ENGINES, "queue", folder_queue.engine())  # type: ignore[misc]
    yield queue
    queue.close()


@pytest.fixture
def bench(repo: Path, queue: Queue) -> Iterator[BatchBench]:
    bench = BatchBench(repo, queue)
    bench.local = _Starting(bench)  # type: ignore[assignment]
    yield bench
    for running in bench.started:
        running.leave()


def begun(running: Running) -> None:
    until(lambda: guard.read(running.folder.path)[0] == "begun", "the guard")


def over(bench: BatchBench, running: Running) -> Sighting:
    until(lambda: bench.look(running).phase == "ended", "the end of the job")
    return bench.look(running)


def left_nothing(bench: BatchBench, running: Running) -> None:
    bench.nothing_left(running)
    going = ("WAITING", "RUNNING")  # the queue notes the end of a job a moment after it
    until(
        lambda: not [job for job in bench.queue.jobs().values() if job["state"] in going],
        "the end of its jobs",
    )


def test_a_session_runs_as_a_job_and_ends_as_it_does_here(bench: BatchBench) -> None:
    running = bench.start("commit:a.txt", "exit:0")
    assert running.pid == 0
    until(running.folder.exit, "an exit record")
    assert over(bench, running) == Sighting("ended")
    assert not running.folder.has("work.json")
    assert bench.finish(running.folder)
    assert running.folder.work().session_commits == 1
    record = running.folder.exit()
    assert record and record.how == "exited" and record.step("session")
    bench.nothing_left(running)


def test_the_locks_of_a_run_stand_while_no_process_here_has_them(
    bench: BatchBench, tmp_path: Path
) -> None:
    running = bench.start(f"tell:{tmp_path}/up", f"wait:{tmp_path}/go", "exit:0")
    until(mark(str(tmp_path), "up"))
    names = ("card/T1", "slot/p/1")
    assert bench.locks.locked(names) == set(names)
    assert leases.take(bench.locks, "T1", "p#1") is None
    assert leases.take(bench.locks, "T2", "p#2") is not None
    assert not bench.finish(running.folder), "it is alive"
    assert bench.look(running) == Sighting("live", "node-1, job 1")
    assert [each.run for each in Executors(bench.place, bench.locks).alive()] == [
        running.folder.run
    ]
    (tmp_path / "go").touch()
    over(bench, running)
    assert bench.locks.locked(names) == set()
    assert bench.finish(running.folder)
    left_nothing(bench, running)


def test_a_job_that_waits_is_queued_and_says_why(bench: BatchBench) -> None:
    bench.queue.mood("hold")
    running = bench.start("exit:0")
    assert bench.look(running) == Sighting("queued", "job 1", "Full")
    assert not bench.finish(running.folder)
    bench.queue.release()
    over(bench, running)
    assert bench.finish(running.folder)


def test_options_are_words_of_their_own_before_the_script(bench: BatchBench) -> None:
    bench.start("exit:0")
    submitted = next(line for line in bench.queue._lines() if line.startswith("submit"))
    assert submitted.split()[3:-1] == ["--mem=1G"]


def rest_node(bench: BatchBench, node: str, ago: int = 0) -> None:
    """Make a node known as one on which no job begins."""
    bad = BadNode("cluster", node, ROW, int(clock.now()) - ago, RunId("r1"))
    agent_state.remember(bench.place, AgentState(nodes={f"cluster/{node}": bad}))


def test_a_job_leaves_out_a_node_at_rest_and_waits_for_it_no_longer_than_it_rests(
    bench: BatchBench,
) -> None:
    rest_node(bench, "n1", ago=REST - 100)
    bench.queue.mood("hold")
    running = bench.start("exit:0")
    submitted = next(line for line in bench.queue._lines() if line.startswith("submit"))
    assert submitted.split()[3:-1] == ["--mem=1G", "--not-on=n1"]
    assert bench.look(running).note == "Full; not on n1"
    assert not bench.queue.calls("admit")
    batch = bench.batch
    bench.queue.mood("hold no-admission")
    later = clock.now() + 101
    assert batch._admit_nodes(running.folder, BatchJob("waiting", "1"), later) == ["n1"]
    assert bench.look(running).note == "Full; not on n1"
    bench.queue.mood("hold")
    (bench.queue.folder / "calls").write_text("")
    for _ in range(2):
        assert batch._admit_nodes(running.folder, BatchJob("waiting", "1"), later) == []
    assert [line for line in bench.queue._lines() if line.startswith("admit")] == ["admit 1 "]
    assert bench.look(running).note == "Full"


def test_where_there_is_no_other_node_a_job_goes_to_the_one_at_rest(bench: BatchBench) -> None:
    rest_node(bench, "n1")
    bench.queue.mood("hold one-node")
    running = bench.start("exit:0")
    assert bench.queue.calls("submit") == 2
    assert bench.look(running) == Sighting("queued", "job 1", "Full")


def test_submitted_twice_it_begins_once(bench: BatchBench) -> None:
    bench.queue.mood("twice")
    running = bench.start("exit:0")
    until(running.folder.exit, "an exit record")
    until(lambda: {job["state"] for job in bench.queue.jobs().values()} == {"OVER"}, "both jobs")
    log = running.folder.text("supervisor.log", 1000, 0)
    assert log.count("the run began before") == 1
    assert bench.finish(running.folder)
    left_nothing(bench, running)


def test_an_accepted_job_whose_reply_was_lost_is_found_by_name(
    bench: BatchBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.queue.mood("lose-reply hold")
    let_hours_pass(monkeypatch, lambda: len(bench.queue.jobs()))
    running = bench.start("exit:0")
    bench.queue.mood()
    assert bench.look(running).phase == "queued"
    assert len(bench.queue.jobs()) == 1
    bench.queue.release()
    over(bench, running)
    assert bench.finish(running.folder)
    left_nothing(bench, running)


def test_a_refused_job_says_why_and_never_begins(bench: BatchBench) -> None:
    bench.queue.mood("refuse")
    with pytest.raises(Refused, match="the queue refused it: no such partition: agents"):
        bench.start("exit:0")
    (folder,) = [Folder(str(path)) for path in Path(bench.place.private, "runs").iterdir()]
    assert guard.read(folder.path)[0] == "buried"
    assert os.spawnv(os.P_WAIT, folder.file("job.sh"), ["job.sh"]) == 0, "as a late job would"
    assert folder.exit() is None and not folder.has("beat")


@pytest.mark.parametrize("mood", ["silent", "garbled"])
def test_silence_concludes_nothing_and_submits_nothing(
    bench: BatchBench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mood: str
) -> None:
    live = bench.start(f"tell:{tmp_path}/up", f"wait:{tmp_path}/go", "exit:0")
    until(mark(str(tmp_path), "up"))
    bench.queue.mood("hold")
    queued = bench.start("exit:0", card="T2", number=2)
    bench.queue.mood(mood)
    before = bench.queue.calls("look")
    batch = bench.batch
    with monkeypatch.context() as waiting:
        if mood == "silent":
            let_hours_pass(waiting, lambda: bench.queue.calls("look"))
        seen = batch.look([live.folder, queued.folder])
        assert [each.phase for each in seen.values()] == ["live", "queued"]
        assert {each.note for each in seen.values()} == {"the queue does not answer"}
        assert batch.ready()
        assert not batch.finish(live.folder, clock.now())
        assert bench.queue.calls("look") == before + 1, "asked once, however often one looks"
        with pytest.raises(Refused):
            bench.start("exit:0", card="T3", number=3)
        assert bench.queue.calls("submit") == 2
    bench.queue.mood()
    (tmp_path / "go").touch()
    over(bench, live)


def test_a_job_that_the_queue_lost_before_it_began_never_begins(bench: BatchBench) -> None:
    bench.queue.mood("hold")
    running = bench.start("exit:0")
    script = next(iter(bench.queue.jobs().values()))["script"]
    bench.queue.forget()
    sighting = bench.look(running)
    assert sighting.end and sighting.end.how == "not-started"
    assert bench.finish(running.folder)
    os.spawnv(os.P_WAIT, script, ["job.sh"])  # the queue has found it again
    record = running.folder.exit()
    assert record and (record.how, record.error) == (
        "not-started",
        "the queue does not know its job",
    )
    assert not running.folder.has("beat")
    left_nothing(bench, running)


def test_a_tick_that_died_before_it_submitted_leaves_a_run_that_never_began(
    bench: BatchBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Batch, "_submit_job", die)
    locks = leases.take(bench.locks, "T1", "p#1")
    assert locks
    with pytest.raises(KeyboardInterrupt):
        bench.start("exit:0", held=locks)
    leases.release(locks)
    (folder,) = [Folder(str(path)) for path in Path(bench.place.private, "runs").iterdir()]
    for lock in ("card/T1", "slot/p/1"):
        assert bench.locks.locked([lock])
    assert bench.finish(folder)
    assert not bench.locks.locked(["card/T1", "slot/p/1"])


def test_a_node_that_is_given_up_keeps_its_run_until_it_answers(
    bench: BatchBench, tmp_path: Path
) -> None:
    running = bench.start(f"tell:{tmp_path}/up", f"wait:{tmp_path}/go", "exit:0")
    until(mark(str(tmp_path), "up"))
    bench.queue.set(state="GONE")
    (bench.queue.folder / "node-down").touch()
    assert bench.look(running) == Sighting("unreachable", "node-1, job 1", "node-1 does not answer")
    assert not bench.finish(running.folder)
    bench.queue.forget()
    assert bench.look(running).phase == "unreachable", "what the queue said is remembered"
    (tmp_path / "go").touch()
    until(running.folder.exit, "the record of a session that lived on")
    assert bench.look(running) == Sighting("ended")
    assert bench.finish(running.folder)


def test_a_person_gives_up_on_a_node_once_its_session_has_been_silent(
    bench: BatchBench, tmp_path: Path
) -> None:
    running = bench.start(f"tell:{tmp_path}/up", "hang")
    until(mark(str(tmp_path), "up"))
    bench.queue.set(state="GONE")
    (bench.queue.folder / "node-down").touch()
    folder_queue.kill(bench.queue.jobs()["1"], signal.SIGKILL)
    assert bench.look(running).phase == "unreachable"
    now = json.loads(running.folder.record("beat.json"))["since"]  # it was first seen to be silent
    assert job_records.note_gone(running.folder, "Ada gave up on its node", now + 20) == LIFE - 20
    assert not running.folder.has("gone") and not running.folder.has("stop")
    assert job_records.note_gone(running.folder, "Ada gave up on its node", now + LIFE + 1) == 0
    assert running.folder.has("stop"), "if it ever wakes, it ends"
    assert bench.look(running).phase == "unreachable", "by its clock the session beats yet"
    seen = bench.batch._look_at_run(running.folder, now + LIFE + 1)
    assert seen.end and (seen.end.how, seen.end.error) == ("reboot", "Ada gave up on its node")
    assert bench.finish(running.folder, now + LIFE + 1)
    assert bench.look(running) == Sighting("ended"), "nothing else is made of it later"
    left_nothing(bench, running)


def test_a_dead_supervisor_is_lost_and_its_job_is_over(bench: BatchBench, tmp_path: Path) -> None:
    running = bench.start(f"tell:{tmp_path}/up", "hang")
    until(mark(str(tmp_path), "up"))
    folder_queue.kill(bench.queue.jobs()["1"], signal.SIGKILL)
    sighting = over(bench, running)
    assert sighting.end and sighting.end.how == "lost"
    assert bench.finish(running.folder)
    record = running.folder.exit()
    assert record and record.error == "its supervisor ended on node-1 and left no exit record"


def test_why_it_got_a_signal_is_said_also_if_its_record_came_during_the_look(
    bench: BatchBench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listings, "_SETTLES", 0.0)
    bench.start(f"tell:{tmp_path}/up", "hang")
    until(mark(str(tmp_path), "up"))
    folder = until(
        lambda: next((f for f in folders.unsettled(bench.place.private) if f._listing), None),
        "a folder whose content is known",
    )
    assert not folder.has_ended()  # as a tick asks before it fetches
    bench.queue.set(state="EVICTED", reason="by root")
    folder_queue.kill(bench.queue.jobs()["1"], signal.SIGKILL)
    lost = spec.exit_record(int(clock.now()), "lost", (), "the supervisor is gone")
    Path(folder.file("exit.json")).write_bytes(lost)
    seen = bench.batch.look([folder])[folder.run]
    assert seen.end and (seen.end.how, seen.end.error) == ("reboot", "preempted on node-1")


def test_stop_ends_a_session_on_its_node(bench: BatchBench, tmp_path: Path) -> None:
    running = bench.start(f"tell:{tmp_path}/up", "hang")
    until(mark(str(tmp_path), "up"))
    assert bench.batch.stop(running.folder, "stopped by Ada")
    record = until(running.folder.exit, "an exit record")
    assert (record.how, record.error) == ("stop", "stopped by Ada")
    assert not bench.batch.stop(running.folder, "again")
    over(bench, running)
    assert bench.finish(running.folder)
    left_nothing(bench, running)


def test_stop_cancels_a_job_that_has_not_begun(bench: BatchBench) -> None:
    bench.queue.mood("hold")
    running = bench.start("exit:0")
    assert bench.batch.stop(running.folder, "stopped by Ada")
    assert bench.finish(running.folder)
    record = running.folder.exit()
    assert record and (record.how, record.error) == ("stop", "stopped by Ada")
    left_nothing(bench, running)


@pytest.mark.parametrize(
    ("state", "how", "error"),
    [
        ("CANCELLED", "stop", "cancelled in the queue"),
        ("EVICTED", "reboot", "preempted on node-1"),
        ("LATE", "timeout", "the queue ended it at its time limit"),
        ("BIG", "out-of-memory", "out of memory on node-1"),
        ("GONE", "reboot", "node-1 failed"),
    ],
)
def test_an_end_without_a_record_is_told_by_the_queue_even_if_it_forgets(
    bench: BatchBench,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    state: str,
    how: str,
    error: str,
) -> None:
    monkeypatch.setattr("gitkanban.core.tick.jobs.LIFE", 0.0)
    running = bench.start(f"tell:{tmp_path}/up", "hang")
    until(mark(str(tmp_path), "up"))
    bench.queue.set(state=state, reason="by root")
    folder_queue.kill(bench.queue.jobs()["1"], signal.SIGKILL)
    assert bench.look(running).phase == "ended"
    bench.queue.forget()
    assert bench.finish(running.folder)
    record = running.folder.exit()
    assert record and (record.how, record.error) == (how, error)
    left_nothing(bench, running)


def test_jobs_of_runs_that_are_settled_are_cancelled(bench: BatchBench) -> None:
    bench.queue.mood("hold")
    running = bench.start("exit:0")
    jobs = bench.queue.jobs()
    bench.queue.forget()
    assert bench.finish(running.folder)
    running.folder.settle("abc")
    for number, job in jobs.items():  # brought back, as a controller with an older state does
        (bench.queue.folder / f"{number}.job").write_text(str(job).replace("'", '"'))
    other = bench.start("exit:0", card="T2", number=2)
    assert bench.look(other).phase == "queued"
    assert [job["state"] for job in bench.queue.jobs().values()] == ["CANCELLED", "WAITING"]


def test_a_session_that_is_deaf_to_its_stop_is_cancelled_with_its_job(
    bench: BatchBench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = bench.start(f"tell:{tmp_path}/up", "hang")
    until(mark(str(tmp_path), "up"))
    pid = int(bench.queue.jobs()["1"]["pid"])
    os.kill(pid, signal.SIGSTOP)
    assert bench.batch.stop(running.folder, "stopped by Ada")
    assert bench.look(running).phase == "live" and not bench.queue.calls("cancel")
    monkeypatch.setattr("gitkanban.runs.batch.AFTER_GRACE", -1.0)
    bench.look(running)
    assert bench.queue.calls("cancel") == 1
    os.kill(pid, signal.SIGKILL)
    assert bench.finish(running.folder)
    record = running.folder.exit()
    assert record and (record.how, record.error) == ("stop", "stopped by Ada")
