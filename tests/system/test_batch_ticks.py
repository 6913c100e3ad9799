"""Ticks of a board whose sessions are jobs of a batch system: a queue in a folder."""

import builtins
import os
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from gitkanban import clock
from gitkanban.board.repo import limited
from gitkanban.cli import waiting
from gitkanban.core import engines
from gitkanban.core.names import CardId, RunId
from gitkanban.core.tick.facts import Exit, Letter, Observed, StepEnd
from gitkanban.runs import mailbox, watching
from gitkanban.runs.observe import glance, observe
from gitkanban.runs.records import folders, listings
from gitkanban.runs.records.folders import Folder
from gitkanban.runs.supervision.locks import Locks
from gitkanban.tick import rounds, starting
from gitkanban.tick.observing import BoardLook
from tests.cli.calls import call
from tests.support import folder_queue
from tests.support.arena import Arena, until
from tests.support.folder_queue import Queue
from tests.system.test_machines import move_to_another_machine, shared

CONFIG = """\
version: 1
kanban:
  base: main
  max_concurrency: 1
  executors:
    cluster: {{engine: queue, options: [--mem=1G], max_concurrency: 2}}
  workers:
    pool:
      profile: many
      mode: pool
      max_concurrency: 3
      executor: cluster
      command: [{python}, -I, -S, {agent}, {log}, pool]
      on_success: done
      commits: supervisor
      max_attempts: 9
"""


@pytest.fixture
def queue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Queue]:
    queue = Queue(tmp_path / "queue")
    monkeypatch.setenv(folder_queue.VARIABLE, str(queue.folder))
    monkeypatch.setitem(engines.ENGINES, "queue", folder_queue.engine())  # type: ignore[misc]
    yield queue
    queue.close()


@pytest.fixture
def arena(make: Callable[..., Arena], queue: Queue, monkeypatch: pytest.MonkeyPatch) -> Arena:
    # A standby is a program of its own, which knows no such queue.
    monkeypatch.setattr(rounds, "_call_standby_where_needed", lambda _: None)
    arena = make({}, config=CONFIG)
    arena.has_jobs = queue.is_at_work
    return arena


@pytest.fixture
def wide(make: Callable[..., Arena], queue: Queue, monkeypatch: pytest.MonkeyPatch) -> Arena:
    """The judge counts sessions by host, and jobs of this queue run on this one."""
    monkeypatch.setattr(rounds, "_call_standby_where_needed", lambda _: None)
    arena = make({}, config=CONFIG.replace("max_concurrency: 1\n", "max_concurrency: 4\n"))
    arena.has_jobs = queue.is_at_work
    return arena


def hold_of(arena: Arena, card: str) -> str:
    plan = BoardLook.planned(arena.board(), seen(arena)).plan
    return next(hold.text for hold in plan.holds if hold.card == card)


def seen(arena: Arena) -> Observed:
    with arena.patched():
        return observe(arena.place, arena.board(), int(clock.now()), arena.locks)


def test_cards_run_as_jobs_within_the_executors_limit_and_not_the_hosts(
    arena: Arena, queue: Queue
) -> None:
    queue.mood("hold")
    first, second, third = arena.fresh("commit"), arena.fresh("exit:3"), arena.fresh("commit")
    assert arena.tick() == 0
    statuses = {card: arena.status(card) for card in (first, second, third)}
    assert statuses == {first: "running", second: "running", third: "todo"}
    assert hold_of(arena, third) == f"executor cluster 2/2 held by {first}, {second}"
    queue.mood()
    queue.release()
    arena.settle()
    assert [arena.status(card) for card in (first, third)] == ["done", "done"]
    assert arena.board().runs_of(second)[0].why.startswith("the session exited with 3")
    assert arena.judged() == []


def test_a_tick_asks_the_queue_once_however_many_jobs_it_submits(
    arena: Arena, queue: Queue
) -> None:
    queue.mood("hold")
    arena.fresh("commit"), arena.fresh("commit")
    assert arena.tick() == 0
    assert (queue.calls("submit"), queue.calls("look")) == (2, 1)
    assert arena.tick() == 0
    assert queue.calls("look") == 2


def test_what_the_queue_says_is_shown_without_asking_it_again(arena: Arena, queue: Queue) -> None:
    queue.mood("hold")
    card = arena.fresh("commit")
    assert arena.tick() == 0
    observed = seen(arena)
    (facts,) = observed.runs
    assert (facts.phase, facts.executor, facts.note) == ("queued", "cluster", "Full")
    asked = queue.calls("look")
    assert glance(arena.place, arena.board(), 0, arena.locks).runs == (facts,)
    assert queue.calls("look") == asked
    assert observed.busy_slots == {"many#1"}
    assert card == facts.card


def test_the_slot_of_a_job_is_busy_by_its_queues_word_and_after_its_end_by_its_lock(
    arena: Arena, queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue.mood("hold")
    arena.fresh("commit")
    assert arena.tick() == 0
    (facts,) = seen(arena).runs
    probed: set[str] = set()
    locked = Locks.locked

    def note_probes(locks: Locks, names: Collection[str]) -> set[str]:
        probed.update(names)
        return locked(locks, names)

    monkeypatch.setattr(Locks, "locked", note_probes)
    assert seen(arena).busy_slots == {"many#1"}
    assert "slot/many/2" in probed
    assert "slot/many/1" not in probed
    folder = folders.of(arena.place.private, facts.run)
    folder.write_exit(Exit(int(clock.now()), "not-started", error="an admin's mistake"))
    assert seen(arena).busy_slots == frozenset()
    lock = arena.locks.take("slot/many/1")
    assert lock
    with lock:  # somebody closes the run
        assert seen(arena).busy_slots == {"many#1"}


def test_of_a_run_that_waits_an_idle_tick_asks_for_its_folders_times_and_its_record_alone(
    arena: Arena, queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue.mood("hold")
    arena.fresh("commit"), arena.fresh("commit")
    assert arena.tick() == 0
    runs = _learn_what_runs_have(arena, monkeypatch)
    top = f"{arena.place.private}/runs/"
    asked: list[tuple[str, str]] = []
    for module, name in ((os, "stat"), (os, "lstat"), (os, "listdir"), (os, "scandir")):
        _note_questions(monkeypatch, module, name, asked)
    _note_questions(monkeypatch, builtins, "open", asked)
    _tick_here(arena)
    of_runs = [(what, path.removeprefix(top)) for what, path in asked if path.startswith(top)]
    each = (("stat", "{}"), ("lstat", "{}/exit.json"))
    assert sorted(of_runs) == sorted(
        (what, path.format(run)) for run in runs for what, path in each
    )


def test_a_record_that_comes_during_a_tick_is_settled_by_the_next_as_compared_as_any_other(
    arena: Arena, queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue.mood("hold")
    card = arena.fresh("commit")
    assert arena.tick() == 0
    (run,) = _learn_what_runs_have(arena, monkeypatch)
    folder = folders.of(arena.place.private, run)
    waiting = watching.waiting

    def end_run_afterwards(runs: Iterable[Folder]) -> list[Folder]:
        found = waiting(runs)
        folder.write_exit(Exit(int(clock.now()), "exited", (StepEnd("session", 3),)))
        return found

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(watching, "waiting", end_run_afterwards)
        _tick_here(arena)
    assert arena.status(card) == "running"
    _tick_here(arena)
    assert arena.board().runs_of(card)[0].why.startswith("the session exited with 3")
    assert folder.has("settled")
    assert folder.has("tampering"), "what changed during the run was looked for before"


def test_letters_are_looked_for_once_a_session_may_have_written_them(
    arena: Arena, queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue.mood("hold")
    card = arena.fresh("commit")
    assert arena.tick() == 0
    with monkeypatch.context() as waits:
        waits.setattr(Folder, "has_mail", None)
        (facts,) = seen(arena).runs
    folder = folders.of(arena.place.private, facts.run)
    mailbox.send(folder, Letter(clock.sortable_id(), "note", CardId(card), text="half way"))
    queue.set(state="RUNNING")
    (facts,) = seen(arena).runs
    assert [letter.text for letter in facts.letters] == ["half way"]


def _learn_what_runs_have(arena: Arena, monkeypatch: pytest.MonkeyPatch) -> list[RunId]:
    """Tick until nothing more is read of run folders; return the runs."""
    monkeypatch.setattr(listings, "_SETTLES", 0.0)
    for _ in range(3):
        _tick_here(arena)
    return [folder.run for folder in folders.unsettled(arena.place.private)]


def _tick_here(arena: Arena) -> None:
    """Tick in this process, which then knows what the tick has learned."""
    with arena.patched():
        rounds.tick(arena.place)


def _note_questions(
    monkeypatch: pytest.MonkeyPatch, module: object, name: str, asked: list[tuple[str, str]]
) -> None:
    ask = getattr(module, name)

    def note(path: Any = ".", *args: Any, **more: Any) -> Any:
        asked.append((name, str(path)))
        return ask(path, *args, **more)

    monkeypatch.setattr(module, name, note)


def test_locks_of_open_jobs_stand_on_the_machine_that_ticks_from_now_on(
    arena: Arena, queue: Queue, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    locks = shared(arena, monkeypatch, tmp_path)
    queue.mood("hold")
    card = arena.fresh("commit")
    assert arena.tick() == 0
    names = {f"card/{card}", "slot/many/1"}
    assert arena.locks.locked(names) == names
    move_to_another_machine(monkeypatch, locks)
    assert arena.locks.locked(names) == set()
    assert call(arena.repo, "tick").code == 1
    call(arena.repo, "doctor", "--here")
    assert arena.locks.locked(names) == names
    assert arena.locks.take(f"card/{card}") is None
    queue.mood()
    queue.release()
    arena.settle()
    assert arena.status(card) == "done"
    assert len(arena.logged("begin")) == 1


def test_a_silent_queue_holds_its_cards_and_nothing_else(
    arena: Arena, queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = arena.fresh("commit")
    queue.mood("garbled")
    assert arena.tick() == 0
    assert arena.status(card) == "todo"
    assert "executor cluster can start nothing: not a line of the queue" in hold_of(arena, card)
    queue.mood()
    arena.settle()
    assert arena.status(card) == "done"
    assert arena.judged() == []


def test_a_job_that_died_is_closed_by_the_next_tick_and_tried_again(
    arena: Arena, queue: Queue
) -> None:
    card = arena.fresh("hang", "commit")
    assert arena.tick() == 0
    until(arena.hanging, "the session")
    ((_, pid),) = arena.hanging()
    folder_queue.kill({"pid": str(pid)}, 9)
    until(lambda: queue.jobs()["1"]["state"] == "OVER", "the job's end")
    arena.settle()
    first, second = arena.board().runs_of(card)
    assert (first.outcome, second.outcome) == ("lost", "succeeded")
    assert first.why == "its supervisor ended on node-1 and left no exit record"
    assert arena.judged() == []


def not_on(queue: Queue) -> list[str]:
    """The nodes that each submission left out."""
    submitted = (line.split() for line in queue._lines() if line.startswith("submit"))
    return ["".join(word[9:] for word in words if "--not-on" in word) for words in submitted]


def test_the_try_after_a_lost_node_leaves_that_node_out_and_the_next_does_not(
    arena: Arena, queue: Queue
) -> None:
    queue.mood("hold")
    card = arena.fresh("exit:3", "commit")
    assert arena.tick() == 0
    queue.set(state="GONE", node="node-7")
    queue.mood()
    arena.settle()
    outcomes = [run.outcome for run in arena.board().runs_of(card)]
    assert outcomes == ["rebooted", "failed", "succeeded"]
    assert not_on(queue) == ["", "node-7", ""]


def test_a_node_on_which_no_job_begins_is_left_out_of_all_and_said_once(
    wide: Arena, queue: Queue
) -> None:
    arena = wide
    queue.mood("hold")
    cards = [arena.fresh("commit") for _ in range(3)]
    for _ in range(2):
        assert arena.tick() == 0
        queue.set(state="OVER", node="node-7")
    with arena.patched():
        said = [line for line in rounds.tick(arena.place).notices if "node-7" in line]
        again = [line for line in rounds.tick(arena.place).notices if "node-7" in line]
    assert [line.partition(" until")[0] for line in said] == ["cluster: no new jobs go to node-7"]
    assert again == []
    late = arena.fresh("commit")
    assert arena.tick() == 0
    assert not_on(queue)[:3] == ["", "", ""]
    assert not_on(queue)[-1] == "node-7"
    queue.mood()
    queue.release()
    arena.settle()
    assert {arena.status(card) for card in (*cards, late)} == {"done"}
    assert arena.judged() == []


@pytest.mark.parametrize(
    "point",
    [
        "submit.locks-standing",
        "submit.noted",
        "submit.submitted",
        "guard.taken",
        "supervisor.begun",
    ],
)
def test_killed_on_the_way_to_its_job_a_run_begins_at_most_once(
    arena: Arena, queue: Queue, point: str
) -> None:
    card = arena.fresh("commit", "commit")
    arena.tick(f"{point}:kill")
    until(arena.once.exists, "the strike")
    arena.settle()
    assert arena.status(card) == "done"
    assert arena.judged() == []
    assert not arena.locks.locked(["card/T0", "slot/many/1"])


def test_who_waits_for_quiet_asks_the_queue_about_jobs_that_left_no_record(
    arena: Arena, queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "ASK", 0.01)
    queue.mood("hold")
    card = arena.fresh("commit")
    assert arena.tick() == 0
    queue.forget()
    with arena.patched():
        outcomes = list(waiting.tick_until_quiet(arena.place, lambda: rounds.tick(arena.place)))
    assert [each.outcome for done in outcomes for each in done.settled] == ["not-started"]
    assert arena.status(card) == "todo"


@pytest.mark.parametrize("guarded", [True, False])
def test_without_the_guard_a_job_that_is_started_twice_is_noticed(
    arena: Arena, queue: Queue, guarded: bool
) -> None:
    """What the judge says of this shows that it can see what the guard prevents."""
    if not guarded:
        arena.extra["guard"] = []
    queue.mood("twice")
    arena.fresh("wait:go commit")
    assert arena.tick() == 0

    def have_both_begun() -> bool:
        over = [job for job in queue.jobs().values() if job["state"] == "OVER"]
        return len(arena.logged("waits")) + len(over) == 2

    # The first waits for it: one that came after the end of the run would find nothing to do.
    until(have_both_begun, "both jobs")
    (arena.log / "go").write_text("")
    arena.settle()
    assert bool(arena.judged()) is not guarded


def test_a_start_that_fails_once_its_job_was_accepted_is_not_called_not_started_and_run(
    arena: Arena, queue: Queue
) -> None:
    queue.mood("hold")
    card = arena.fresh("commit", "commit")
    arena.tick("submit.submitted:EIO")
    assert arena.once.exists()
    queue.mood()
    queue.release()
    arena.settle()
    assert arena.status(card) == "done"
    assert arena.judged() == []


def test_killed_once_the_guard_is_buried_a_run_never_begins(arena: Arena, queue: Queue) -> None:
    queue.mood("hold")
    card = arena.fresh("commit", "commit")
    assert arena.tick() == 0
    script = queue.jobs()["1"]["script"]
    queue.forget()
    queue.mood()
    arena.tick("guard.buried:kill")
    assert arena.once.exists()
    (queue.folder / "9.job").write_text(
        f'{{"name": "late", "script": "{script}", "state": "WAITING", "node": "", "reason": ""}}'
    )
    queue.release()  # the queue has found the job again
    arena.settle()
    assert arena.status(card) == "done"
    first, second = arena.board().runs_of(card)
    assert (first.outcome, second.outcome) == ("not-started", "succeeded")
    assert arena.judged() == []


def submitted_side_by_side(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two starts are many, and no submission ends before another one has begun."""
    monkeypatch.setattr(starting, "SUBMITTED_SINGLY_MOST", 1)
    both, run = threading.Barrier(2, timeout=60), limited.run

    def together(argv: Sequence[str], **options: Any) -> limited.Ended:
        if "submit" in argv:
            both.wait()
        return run(argv, **options)

    monkeypatch.setattr(limited, "run", together)


def test_the_jobs_of_a_tick_with_many_starts_are_submitted_side_by_side(
    wide: Arena, queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    cards = [wide.fresh("commit"), wide.fresh("commit")]
    with monkeypatch.context() as patch:
        submitted_side_by_side(patch)
        assert wide.tick() == 0
    assert (queue.calls("submit"), queue.calls("look")) == (2, 1)
    wide.settle()
    assert [wide.status(card) for card in cards] == ["done", "done"]
    assert wide.judged() == []


@pytest.mark.parametrize(
    "strike", ["submit.noted:kill", "submit.submitted:kill", "submit.noted:EIO"]
)
def test_struck_while_jobs_are_submitted_side_by_side_no_run_begins_twice_or_never(
    wide: Arena, queue: Queue, monkeypatch: pytest.MonkeyPatch, strike: str
) -> None:
    cards = [wide.fresh("commit", "commit"), wide.fresh("commit", "commit")]
    monkeypatch.setattr(starting, "SUBMITTED_SINGLY_MOST", 1)
    wide.tick(strike)
    assert wide.once.exists()
    wide.settle()
    assert [wide.status(card) for card in cards] == ["done", "done"]
    assert wide.judged() == []
