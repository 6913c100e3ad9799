"""Whoever ends first ticks for the rest: one start-up for a whole chain,
and no end that is lost.
"""

import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import ModuleType

import pytest

from gitkanban.core.names import RunId
from gitkanban.core.tick.facts import Exit, Phase, Sighting
from gitkanban.errors import Refused
from gitkanban.runs import briefing
from gitkanban.runs.executors import Executors
from gitkanban.runs.records import folders
from gitkanban.runs.sessions import Local
from gitkanban.runs.supervision import bell
from gitkanban.runs.supervision.locks import Locks
from gitkanban.tick import rounds, standby
from gitkanban.tick.standby import Standby
from tests.conftest import git
from tests.support.arena import Arena, until
from tests.support.command_lines import command_lines

CHAIN = {"T0": "@lane", "T1": "@lane <-T0", "T2": "@lane <-T1", "T3": "@lane <-T2"}


@pytest.fixture
def chain(make: Callable[..., Arena]) -> Iterator[Arena]:
    """Four cards, one after the other, whose supervisors tick; T2 waits for the file `go`."""
    arena = make(CHAIN)
    del arena.extra["tick"]
    for card in CHAIN:
        arena.words(card, "wait:go commit" if card == "T2" else "commit")
    yield arena
    for pid in standing_by(arena):
        with suppress(ProcessLookupError):  # a git of it that has ended meanwhile
            os.kill(pid, signal.SIGKILL)


def standing_by(arena: Arena) -> list[int]:
    found = []
    for pid, words in command_lines():
        named = words.index(b"gitkanban.standby") + 1 if b"gitkanban.standby" in words else 0
        if named and words[named].startswith(arena.place.private.encode()):
            found.append(pid)
    return found


def the_one_standing_by(arena: Arena) -> int:
    """The one that stands by, once no git that it starts has its command line too."""
    until(lambda: len(standing_by(arena)) == 1, "one that stands by")
    return standing_by(arena)[0]


def go(arena: Arena) -> None:
    (arena.log / "go").write_text("")


def log_of(arena: Arena, card: str) -> str:
    folder = next(f for f in arena.folders() if f.facts().one("card") == card)
    return Path(folder.file("supervisor.log")).read_text()


def finished(arena: Arena) -> bool:
    return arena.status("T3") == "done" and not standing_by(arena) and not arena.supervisors()


def test_one_tick_starts_a_chain_that_goes_on_by_itself_and_leaves_nothing(chain: Arena) -> None:
    assert chain.tick() == 0
    until(lambda: chain.hanging(), "T2 to wait")
    pid = the_one_standing_by(chain)
    go(chain)
    until(lambda: chain.status("T3") in ("running", "done"), "T3 to start")
    here = standing_by(chain)  # a git that it is about to start has its command line too
    assert pid in here or not here
    until(lambda: finished(chain), "the end of all")
    said = log_of(chain, "T0")
    assert [said.count(f"started  {card} ") for card in CHAIN] == [0, 1, 1, 1]
    assert [log_of(chain, card) for card in ("T1", "T2", "T3")] == ["", "", ""]
    assert chain.oracle.violations() == []


def test_when_it_is_killed_the_next_to_end_takes_its_place(chain: Arena) -> None:
    assert chain.tick() == 0
    until(lambda: chain.hanging(), "T2 to wait")
    pid = the_one_standing_by(chain)
    os.kill(pid, signal.SIGKILL)
    until(lambda: not standing_by(chain), "its end")
    bells = [f"standby/{bell.name}" for bell in Path(chain.place.private, "bells").iterdir()]
    until(lambda: not chain.locks.locked(bells), "its lock")  # it dies after its command line
    go(chain)
    until(lambda: finished(chain), "the end of all")
    assert "started  T3 " in log_of(chain, "T2")
    assert chain.oracle.violations() == []


def test_with_git_s_configuration_changed_it_begins_again(chain: Arena) -> None:
    assert chain.tick() == 0
    until(lambda: chain.hanging(), "T2 to wait")
    git(chain.repo, "config", "user.name", "Grace")
    go(chain)
    until(lambda: finished(chain), "the end of all")
    named = git(chain.repo, "log", "--format=%an", "-1", chain.place.ref)
    assert named == "Grace"
    assert chain.oracle.violations() == []


def test_while_a_person_ticks_an_end_is_seen_to_all_the_same(chain: Arena) -> None:
    assert chain.tick() == 0
    until(lambda: chain.hanging(), "T2 to wait")
    with chain.locks.take("tick", 60) or pytest.fail("no lock"):
        go(chain)
        until(lambda: Path(chain.place.private, "again").exists(), "its mark")
        assert chain.status("T2") == "running"
    chain.tick()
    until(lambda: finished(chain), "the end of all")
    assert chain.oracle.violations() == []


def test_a_module_in_the_repository_is_none_of_ours(chain: Arena) -> None:
    """Ticks run in the main checkout, whose content is nobody's command."""
    (chain.repo / "json.py").write_text("raise SystemExit('run by a tick')\n")
    go(chain)
    assert chain.tick() == 0
    until(lambda: finished(chain), "the end of all")
    assert "run by a tick" not in log_of(chain, "T0")
    assert chain.oracle.violations() == []


def test_a_stop_of_a_run_that_has_ended_does_not_end_who_stands_by(chain: Arena) -> None:
    assert chain.tick() == 0
    until(lambda: chain.hanging(), "T2 to wait")
    pid = the_one_standing_by(chain)
    first = next(f for f in chain.folders() if f.facts().one("card") == "T0")
    assert not Local(chain.place, chain.locks).stop(first, "too late")
    assert not first.has("stop")
    go(chain)
    until(lambda: finished(chain), "the end of all")
    assert "started  T3 " in log_of(chain, "T0"), f"{pid} was ended"


# -- the bell


@pytest.fixture
def private(tmp_path: Path) -> str:
    return str(tmp_path / "gitkanban")


def test_a_ring_counts_only_while_somebody_listens(private: str) -> None:
    pipe, lock, name = bell.paths(private, "k")
    locks = Locks(private)
    assert not bell.ring(pipe, lock, "r1")  # there is no pipe
    held = locks.take(name)
    assert held
    ear = bell.listen(pipe)
    assert bell.read_rings(ear, 0) == []
    assert bell.ring(pipe, lock, "r2")
    assert bell.ring(pipe, lock, "r3")
    assert bell.read_rings(ear, 5) == ["r2", "r3"]
    held.close()
    assert not bell.ring(pipe, lock, "r4")  # written, but nobody promises to read it
    os.close(ear)
    assert not bell.ring(pipe, lock, "r5")  # a pipe without a reader


class Recorded(Standby):
    """One whose runs and ticks are written down; `then` is done when it wants to leave."""

    def __init__(self, private: str, then: Callable[["Recorded"], None]) -> None:
        super().__init__(private, "k")
        self.seen: list[str] = []
        self.then = then

    def _collect_run(self, run: str) -> None:
        self.seen.append(run)

    def _tick_once(self) -> None:
        self.seen.append("tick")

    def _somebody_will_ring(self) -> bool:
        then, self.then = self.then, lambda _: None
        then(self)
        return False


@pytest.mark.parametrize("late", [False, True])
def test_an_upgrade_of_what_only_a_tick_has_imported_is_noticed(
    private: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, late: bool
) -> None:
    module = ModuleType("gitkanban.needed_by_few_ticks")
    module.__file__ = str(tmp_path / "needed.py")
    (tmp_path / "needed.py").write_text("before")

    def import_it(*_: object, **__: object) -> None:
        monkeypatch.setitem(sys.modules, module.__name__, module)
        raise Refused("enough")

    monkeypatch.setattr(rounds, "tick", import_it)
    monkeypatch.setattr(Standby, "_find_place", lambda _: None)
    one = Standby(private, "k")
    one._import_tick()
    if late:
        one._tick_once()
        assert not one._is_outdated()
    (tmp_path / "needed.py").write_text("an upgrade")
    assert one._is_outdated() == late


def test_of_a_repository_that_is_gone_nothing_is_made_again(
    private: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(standby, "LOOK", 0.01)

    class Bereft(Recorded):
        def _somebody_will_ring(self) -> bool:
            there = os.path.exists(private)
            if there:
                shutil.rmtree(private)
            return there

    bereft = Bereft(private, lambda _: None)
    assert bereft.begin("r1")
    bereft.serve(["r1"])
    assert bereft.seen == ["r1", "tick"]
    assert not os.path.exists(private)


def test_where_something_else_lies_in_the_pipes_place_nobody_listens(private: str) -> None:
    pipe, lock, name = bell.paths(private, "k")
    os.makedirs(os.path.dirname(pipe))
    Path(pipe).write_text("a copy")
    with pytest.raises(OSError, match="exists"):
        bell.listen(pipe)
    alone = Recorded(private, lambda _: None)
    assert alone.begin("r1")
    assert Locks(private).locked([name]) == set()
    assert not bell.ring(pipe, lock, "r2")
    alone.serve(["r1"])
    assert alone.seen == ["r1", "tick"]


def test_the_death_of_the_last_that_would_ring_is_seen_by_the_one_that_waits(
    private: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(standby, "LOOK", 0.01)

    alive = iter((True, False, False))

    class Waiting(Recorded):
        def _somebody_will_ring(self) -> bool:
            return next(alive)

    waiting = Waiting(private, lambda _: None)
    assert waiting.begin("r1")
    waiting.serve(["r1"])
    assert waiting.seen == ["r1", "tick", "tick"]


def test_who_rings_as_it_leaves_is_still_served(private: str) -> None:
    standby = Recorded(
        private, lambda s: bell.ring(s.pipe, s.lock_path, "late") or pytest.fail("deaf")
    )
    assert standby.begin("r1")
    standby.serve(["r1"])
    assert standby.seen == ["r1", "tick", "late", "tick"]
    assert standby.lock and standby.lock.fd < 0


def test_a_second_one_hands_its_run_over_and_goes(private: str) -> None:
    def second(first: Recorded) -> None:
        other = Recorded(private, lambda _: None)
        assert not other.begin("r2")
        assert other.seen == []

    standby = Recorded(private, second)
    assert standby.begin("r1")
    standby.serve(["r1"])
    assert standby.seen == ["r1", "tick", "r2", "tick"]


@pytest.mark.parametrize(
    ("words", "env", "same"),
    [
        ((), ("PATH=/bin", "HOME=/h", "SHLVL=2", "PWD=/x"), True),
        ((), ("HOME=/h", "PATH=/bin"), True),
        (("--sync", "--remote", "origin"), ("PATH=/bin", "HOME=/h"), False),
        ((), ("PATH=/usr/bin", "HOME=/h"), False),
        ((), ("PATH=/bin", "HOME=/h", "INVOCATION_ID=1", "TMUX=2"), True),
        ((), ("PATH=/bin", "HOME=/h", "GIT_AUTHOR_NAME=Grace"), False),
    ],
)
def test_only_the_like_serve_each_other(
    words: tuple[str, ...], env: tuple[str, ...], same: bool
) -> None:
    base = briefing.kind_of((), ("PATH=/bin", "HOME=/h"))
    assert (briefing.kind_of(words, env) == base) is same


def test_what_a_run_that_cannot_ring_has_left_is_noticed_once(tmp_path: Path) -> None:
    folder = folders.of(str(tmp_path), RunId("r1"))
    folder.write_spec({"run": "r1", "engine": "slurm"})
    os.mkdir(folder.file(folders.MAILBOX))
    waiting = Standby(str(tmp_path), "any")
    waiting._find_records()
    assert waiting.runs == []
    Path(folder.file(folders.MAILBOX), "letter").write_text("{}")
    waiting._find_records()
    waiting._find_records()
    assert waiting.runs == ["r1"]
    folder.write_exit(Exit(1_790_000_000, "exited"))
    waiting._find_records()
    waiting._find_records()
    assert waiting.runs == ["r1", "r1"]
    folder.settle("abc")
    assert waiting._list_batch_runs() == []


@pytest.mark.parametrize(
    ("phase", "is_over"), [("ended", True), ("live", False), ("queued", False)]
)
def test_a_batch_system_is_asked_now_and_then_whether_a_run_is_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, phase: Phase, is_over: bool
) -> None:
    folders.of(str(tmp_path), RunId("r1")).write_spec({"run": "r1", "engine": "slurm"})
    waiting = Standby(str(tmp_path), "any")
    sightings = {RunId("r1"): Sighting(phase)}
    monkeypatch.setattr(Executors, "look", lambda *_: sightings)
    monkeypatch.setattr(Standby, "_find_place", lambda *_: None)
    monkeypatch.setattr(Executors, "__init__", lambda *_: None)
    assert not waiting._is_any_over()  # it was called by a tick, which has just asked
    waiting.asked -= standby.ASK
    assert waiting._is_any_over() is is_over
    assert not waiting._is_any_over()
