"""A repository with a board's place, and runs started in it, for the tests of `gitkanban.runs`.

Sessions are real: a supervisor under real locks runs `session.py` of this folder. Every wait is for
an event, with a deadline that only a broken program reaches.
"""

import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

from gitkanban import clock
from gitkanban.board.repo.place import Place
from gitkanban.core.model import Card, Config, Worker
from gitkanban.core.tick.facts import Exit
from gitkanban.runs import briefing, collect, leases, sessions
from gitkanban.runs.records import folders, supervised
from gitkanban.runs.records.folders import Folder
from gitkanban.runs.records.slots import Lease
from gitkanban.runs.supervision import processes, spec
from gitkanban.runs.supervision.locks import HeldLock, Locks
from gitkanban.runs.workspace import workspaces
from gitkanban.runs.workspace.workspaces import Wish, Workspace

SESSION = str(Path(__file__).with_name("session.py"))
DEADLINE = 120.0

T = TypeVar("T")


def until(look: Callable[[], T], what: str = "") -> T:
    """The first true value that `look` gives."""
    end = time.monotonic() + DEADLINE
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < end, f"waited too long for {what or look}"
        time.sleep(0.02)


def place_of(repo: Path) -> Place:
    """The place of a board in tree at the repository's main branch."""
    common = repo / ".git"
    return Place(
        common=str(common),
        main=str(repo),
        branch="main",
        prefix=".kanban",
        slots=str(repo / ".kanban" / "slots"),
        private=str(common / "gitkanban"),
        notices=(),
        here=str(repo),
    )


class Running(NamedTuple):
    """A run that was started."""

    folder: Folder
    workspace: Workspace
    lease: Lease
    pid: int

    def end(self) -> Exit:
        """Its exit record, once it is written and the locks are free again."""
        record = until(self.folder.exit, "an exit record")
        until(lambda: not processes.look(self.pid), "the supervisor's end")
        if self.folder.uncollected(self.folder.spec()):
            collect.collect(self.folder)
        return record

    def leave(self) -> None:
        """End what a failed test left."""
        below = processes.descendants(self.pid) if self.pid else []  # 0: not a process here
        for process in (processes.look(self.pid) if self.pid else None, *below):
            if process:
                processes.tell(process, 9)
        found = self.folder.noted()
        processes.end(lambda: processes.survivors(self.folder.run, self.folder.path, found), 0)


class Bench:
    """Runs of one repository."""

    def __init__(self, repo: Path) -> None:
        self.repo = repo
        self.place = place_of(repo)
        self.locks = Locks(self.place.private)
        self.local = sessions.Local(self.place, self.locks)
        self.config = Config(base="main")
        self.started: list[Running] = []

    def worker(self, *words: str, **fields: object) -> Worker:
        """A worker whose session is `session.py` with these words."""
        command = (sys.executable, "-I", "-S", SESSION, *words)
        return Worker("w", "p", command=command)._replace(**fields)  # type: ignore[arg-type]

    def start(
        self,
        *words: str,
        card: str = "T1",
        number: int = 1,
        held: Sequence[HeldLock] | None = None,
        override: dict[str, str | list[str]] | None = None,
        **fields: object,
    ) -> Running:
        """Start a run as a tick does; `override` replaces values of its spec."""
        worker = self.worker(*words, **fields)
        lease = Lease("p", number, card, clock.sortable_id(), "h", "c", 0, int(time.time()))
        locks = held or leases.take(self.locks, card, lease.slot)
        assert locks
        what = Card(card, title="a title", worker="w")
        reservation = briefing.Reservation(what, worker, lease, locks)
        folder = leases.write(self.place, self.config, reservation)
        wish = Wish(card, lease.run, "main", worker.workspace_policy, known=True)
        workspace = workspaces.prepare(self.place, self.locks, wish)
        launch = briefing.Launch(
            self.place, self.config, reservation, workspace, "do it\n", env=self.env()
        )
        quick: dict[str, str | list[str]] = {"grace": "0.5", "tick": []}
        with patched_spec({**quick, **(override or {})}):
            pid = self.local.start(launch)
        running = Running(folder, workspace, lease, pid)
        self.started.append(running)
        return running

    def env(self) -> dict[str, str]:
        """What the fake session needs to commit."""
        names = ("GIT_AUTHOR", "GIT_COMMITTER")
        return {f"{n}_NAME": "Ada" for n in names} | {
            f"{n}_EMAIL": "ada@example.org" for n in names
        }

    def nothing_left(self, running: Running) -> None:
        """No process of the run is alive, and its locks are free."""
        assert processes.survivors(running.folder.run, running.folder.path) == []
        names = supervised.lock_names(running.lease.card, running.lease.slot)
        assert self.locks.locked(names) == set()
        held = leases.take(self.locks, running.lease.card, running.lease.slot)
        assert held, "the locks cannot be taken"
        leases.release(held)

    def close(self) -> None:
        """End every run that is left."""
        for running in self.started:
            running.leave()
        ours = {running.pid for running in self.started}  # others may be an earlier test's
        until(lambda: sessions.reap() or not ours & sessions._children, "supervisors")


class patched_spec:  # noqa: N801 - reads as a verb
    """Replace values in every spec written meanwhile: the knobs that a config does not have."""

    def __init__(self, values: dict[str, str | list[str]]) -> None:
        self.values = values
        self.real = briefing.whole_spec

    def __enter__(self) -> None:
        briefing.whole_spec = lambda *args: {**self.real(*args), **self.values}  # type: ignore[assignment]

    def __exit__(self, *_: object) -> None:
        briefing.whole_spec = self.real


def mark(workspace: str, name: str) -> Callable[[], str]:
    """What the fake session wrote into a file beside its work, once it is there."""

    def look() -> str:
        try:
            return Path(workspace, name).read_text()
        except FileNotFoundError:
            return ""

    return look


def every_folder(place: Place) -> Iterator[Folder]:
    """All run folders."""
    yield from folders.every(place.private)


__all__ = ["SESSION", "Bench", "Running", "mark", "os", "place_of", "spec", "until"]
