"""Verbs that make cards ready: they start at once where a tick has run in the last five minutes."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from gitkanban import clock
from gitkanban.core.changes import EditCard
from gitkanban.runs.records import again, ticked
from tests.cli.calls import Called, call
from tests.conftest import git
from tests.support import points
from tests.support.arena import Arena


@pytest.fixture
def arena(make: Callable[..., Arena]) -> Arena:
    """A blocked card, one in the backlog, and one that waits for a third; a tick has just run."""
    arena = make({"T1": "@pool", "T2": "@pool", "T3": "@pool"})
    arena.change(
        lambda _: [
            EditCard("T1", {"status": "blocked", "reason": "needs-input", "why": "which?"}),
            EditCard("T2", {"status": "backlog"}),
            EditCard("T3", {"status": "backlog"}),
        ]
    )
    assert arena.tick() == 0
    return arena


def verb(arena: Arena, *argv: str) -> Called:
    with arena.patched():
        return call(arena.repo, *argv)


def running(arena: Arena) -> list[str]:
    return sorted(c.id for c in arena.board().cards.values() if c.status != "backlog" and c.run)


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("retry", "T1", "--why", "that"), "T1 blocked → todo\n"),
        (("approve", "T2", "T3"), "T2 backlog → todo\nT3 backlog → todo\n"),
    ],
)
def test_what_became_ready_starts_at_once_and_stdout_stays_as_it_was(
    arena: Arena, argv: tuple[str, ...], said: str
) -> None:
    done = verb(arena, *argv)
    assert (done.code, done.out) == (0, said)
    started = [line.split()[1] for line in done.err.splitlines() if line.startswith("started")]
    assert started == [name for name in argv if name.startswith("T")]


def test_no_tick_and_no_recent_tick_start_nothing(arena: Arena) -> None:
    done = verb(arena, "retry", "T1", "--why", "that", "--no-tick")
    assert (done.err, arena.status("T1")) == ("", "todo")
    arena.later(300)
    done = verb(arena, "approve", "T2")
    words = "nothing ticks here: T2 starts with `gitkanban tick` or cron (docs/cron.md)\n"
    assert (done.err, arena.status("T1"), arena.status("T2")) == (words, "todo", "todo")


def test_json_says_what_was_started_and_nothing_else(arena: Arena) -> None:
    done = verb(arena, "approve", "T2", "--json")
    data = json.loads(done.out)
    assert [each["card"] for each in data["started"]] == ["T2"]
    assert data["cards"] == [{"id": "T2", "status": "todo"}]
    data = json.loads(verb(arena, "approve", "T3", "--json", "--no-tick").out)
    assert "started" not in data


def test_accept_starts_what_its_work_frees(make: Callable[..., Arena]) -> None:
    from tests.support.arena import CONFIG

    arena = make(
        {"T1": "@lane", "T2": "@lane <-T1"}, config=CONFIG.replace("      on_success: done\n", "")
    )
    assert arena.tick() == 0
    arena.wait()
    assert arena.tick() == 0
    assert arena.status("T1") == "review"
    done = verb(arena, "accept", "T1")
    assert done.out.startswith("T1 done (") and "started  T2" in done.err
    assert arena.status("T2") == "running"


def test_where_another_tick_is_at_work_that_one_starts_it(arena: Arena) -> None:
    lock = arena.locks.take("tick")
    assert lock
    with lock:
        done = verb(arena, "approve", "T2")
    assert done.err == "another tick is at work; it starts what is ready\n"
    assert again.was_asked(arena.place.private), "it makes another pass"


def test_a_tick_that_fails_fails_no_verb(arena: Arena, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise OSError("no room")

    monkeypatch.setattr("gitkanban.tick.rounds.tick", broken)
    done = verb(arena, "approve", "T2")
    assert (done.code, done.out) == (0, "T2 backlog → todo\n")
    assert done.err == "nothing is started at once: no room\n"


def test_where_cron_syncs_a_verbs_tick_syncs(make: Callable[..., Arena]) -> None:
    arena = make({"T1": "@pool"}, branch="kanban")
    arena.change(lambda _: [EditCard("T1", {"status": "backlog"})])
    points.share(arena)
    with arena.patched():
        assert call(arena.repo, "tick", "--sync").code == 0
        assert call(arena.repo, "tick").code == 0  # a person's own does not make it forgotten
    assert ticked.last(arena.place.private).remote == "origin"
    done = verb(arena, "approve", "T1")
    assert "started  T1" in done.err
    remote = arena.repo.parent / "remote.git"
    assert "status: running" in git(remote, "show", "kanban:cards/T1.yaml"), "asked of the remote"


def test_add_says_when_its_card_starts_and_starts_nothing(arena: Arena) -> None:
    done = verb(arena, "add", "new", "--id", "N1", "-w", "pool")
    assert done.out == "N1  new\n" and arena.status("N1") == "todo"
    words = "N1 starts with `gitkanban tick` or cron (docs/cron.md)"
    assert done.err == f"nothing ticks here: {words}\n"
    for more in (("-p", "T2"), ("--backlog",), ("--json",)):
        assert verb(arena, "add", "more", "-w", "pool", *more).err == "", more
    verb(arena, "approve", "T2")
    done = verb(arena, "add", "newer", "--id", "N2", "-w", "pool")
    assert done.err == "N2 starts when a session ends, or with `gitkanban tick`\n"


def test_reopen_says_when_its_card_starts_and_starts_nothing(arena: Arena) -> None:
    assert verb(arena, "done", "T2").code == 0
    done = verb(arena, "reopen", "T2")
    assert (done.out, arena.status("T2")) == ("T2 done → todo\n", "todo")
    assert "T2 starts " in done.err
    assert verb(arena, "done", "T2").code == verb(arena, "reopen", "T2", "--json").code == 0


def test_cron_is_known_by_its_ticks_and_add_says_in_how_many_seconds(arena: Arena) -> None:
    """Real processes without a terminal, as cron calls them, a minute apart by their clock."""
    start = int(time.time()) - 9_100

    def cron(at: int) -> int:
        env = {**os.environ, "GITKANBAN_NOW": clock.iso(at)}
        argv = [sys.executable, "-m", "gitkanban", "tick"]
        subprocess.run(argv, cwd=arena.repo, env=env, stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=300)  # fmt: skip
        last = ticked.last(arena.place.private)
        assert last.cron == at
        return last.every

    assert [cron(start + at) for at in (0, 60, 120, 1200, 1260)] == [0, 60, 60, 0, 60]
    argv = ["add", "new", "--id", "N1", "-w", "pool"]
    done = call(arena.repo, *argv, GITKANBAN_NOW=clock.iso(start + 1286))
    assert done.err == "N1 starts with the next tick (cron, in 34 s)\n"


def test_a_note_of_a_tick_that_is_damaged_or_of_an_older_version_is_read(tmp_path: Path) -> None:
    private = str(tmp_path)
    (tmp_path / "ticked").write_text("1 2 3 boot".ljust(99) + "\n")
    assert ticked.last(private) == ticked.Ticked(1)
    for text in ("", "x y z", "1 2 3 b synced=x:y", "1 2 3 b cron=:"):
        (tmp_path / "ticked").write_text(text)
        assert ticked.last(private) == ticked.Ticked()
    ticked.note(private, "käse")
    assert ticked.last(private).remote == "käse"
    ticked.note(private)
    assert ticked.last(private).remote == "käse"
