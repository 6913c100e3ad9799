"""What a supervisor becomes when its run has ended: it collects the run, ticks, and stands by.

To start an interpreter and to import everything costs more than a whole tick. So the tick after one
session's end waits for the ends of those that are still alive, and what they free starts at once.
Between ticks it holds nothing but its own lock. It may be killed at any time (whoever ends next
becomes one), and leaves when no run is left that would ring for it: nothing runs while nothing runs.

`python -m gitkanban.standby <run folder> [--sync --remote NAME]`, called in the repository. What its
ticks do is printed, into the log of the supervisor that it was.
"""

import contextlib
import os
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from gitkanban import clock, failpoints
from gitkanban.errors import GitkanbanError
from gitkanban.runs.supervision import bell, kernel, spec
from gitkanban.runs.supervision.locks import Held, Locks, probe

if TYPE_CHECKING:
    from concurrent.futures import Future

    from gitkanban.board.repo.place import Place

SIDE_BY_SIDE = 4  # runs collected at the same time
PATIENCE = 0.25  # seconds that a tick waits for other runs to be collected: they share its commit
LOOK = 60.0  # seconds between looks whether a run is left that would ring
_SETTLING = 1.0  # seconds that another one may take from its lock to listening


def main() -> int:
    """Serve the run of the folder in argv[1], and whoever rings after it."""
    for stream in (sys.stdout, sys.stderr):  # a file's name need not be text
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    kernel.hide_memory()
    folder, words = sys.argv[1], sys.argv[2:]
    private, run = os.path.dirname(os.path.dirname(folder)), os.path.basename(folder)
    remote = words[words.index("--remote") + 1] if "--remote" in words else ""
    try:
        kind = spec.read(f"{folder}/spec").one("kind")
    except OSError:  # its folder was removed: there is a board all the same
        kind = ""
    standby = Standby(private, kind, remote)
    if standby.begin(run):
        standby.serve([run])
    return 0


class Standby:
    """One that stands by for supervisors of its kind."""

    def __init__(self, private: str, kind: str, remote: str = "") -> None:
        self.private = private
        self.kind = kind or "any"
        self.remote = remote
        self.pipe, self.lock, self.name = bell.paths(private, self.kind)
        self.locks = Locks(private)
        self.held: Held | None = None
        self.ear = -1  # where rings are heard; -1: another one listens, or nobody can
        self.place: Place | None = None
        self.sources: dict[str, tuple[int, int]] = {}

    def begin(self, run: str) -> bool:
        """Begin to listen; False when another one does and has been told of the run."""
        until = time.monotonic() + _SETTLING
        while time.monotonic() < until:
            self.held = None if probe(self.lock) else self.locks.take(self.name)
            if self.held:
                failpoints.reach("standby.locked")
                try:
                    self.ear = bell.listen(self.pipe)
                except OSError as error:  # a file system without pipes
                    _say(f"cannot stand by: {error}\n")
                    self.held.close()
                break
            if bell.ring(self.pipe, self.lock, run):
                return False
            time.sleep(0.01)
        return True

    def serve(self, runs: Sequence[str]) -> None:
        """Collect these runs and tick, and so for all that ring, until nobody is left to ring."""
        from concurrent.futures import ThreadPoolExecutor, wait

        pending: set[Future[None]] = set()
        with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
            while runs or pending:
                pending |= {pool.submit(self._collect, run) for run in runs}
                self._import()  # meanwhile git collects
                done, pending = wait(pending, PATIENCE)
                for each in done:
                    if each.exception():  # a bug: told, and tried again by the tick
                        traceback.print_exception(each.exception())
                if done:
                    self._tick()
                runs = self._next(0.05 if pending else 0.0)
                while not runs and not pending and self._wanted():
                    runs = self._next(LOOK)
                    if not runs and os.path.exists(self.pipe) and not self._wanted():
                        self._tick()  # what it has waited for died without a ring
                if not runs and not pending:
                    runs = self._leave()
                elif self.ear >= 0 and not pending and self._outdated():
                    self._anew(runs[0])

    def _next(self, patience: float) -> list[str]:
        return bell.heard(self.ear, patience) if self.ear >= 0 else []

    def _import(self) -> None:
        """Import all that a tick needs, and remember what it was made from."""
        if self.sources:
            return
        from gitkanban.runs import sessions  # noqa: F401
        from gitkanban.tick import rounds  # noqa: F401
        from gitkanban.views import outcome  # noqa: F401

        self.sources = {path: _state(path) for path in _sources(self.private)}

    def _collect(self, run: str) -> None:
        """Collect a run that has ended. What goes wrong is told, and tried again by the tick."""
        from gitkanban.runs import sessions
        from gitkanban.runs.records import folders

        folder = folders.of(self.private, run)
        try:
            if folder.has("exit.json") and not folder.has("settled"):
                sessions.Local(self._place(), self.locks).recover(folder, clock.now())
        except (GitkanbanError, OSError) as error:
            _say(f"Error: run {run} is not collected: {error}\n")

    def _place(self) -> "Place":
        from gitkanban.board.repo.place import find

        self.place = self.place or find(os.getcwd())
        return self.place

    def _tick(self) -> None:
        """One tick, told as `gitkanban tick` tells it. What is refused is left to the next one."""
        from gitkanban.runs import sessions
        from gitkanban.tick.rounds import tick
        from gitkanban.views.outcome import outcome_text

        try:
            done = tick(self._place(), remote=self.remote)
            _say(outcome_text(done, verbose=False))
            for error in done.errors:
                _say(f"Error: {error}\n")
        except (GitkanbanError, OSError) as error:
            _say(f"Error: {error}\n")
            self.place = None  # it may lie elsewhere now
        sessions.reap()

    def _wanted(self) -> bool:
        """Whether a run is alive whose supervisor would ring for us."""
        from gitkanban.runs import leases
        from gitkanban.runs.records import folders

        if self.ear < 0 or not os.path.exists(self.pipe):
            return False
        unsettled = (each for each in folders.every(self.private) if not each.has("settled"))
        facts = [each.facts() for each in unsettled]
        ours = [each for each in facts if each.one("kind") == self.kind]
        names = [leases.lock_names(each.one("card"), each.one("slot")) for each in ours]
        held = self.locks.locked(name for pair in names for name in pair)
        return any(held.issuperset(pair) for pair in names)

    def _leave(self) -> list[str]:
        """Stop listening; the runs that were rung for until then, which are still to be served."""
        if self.held:
            self.held.close()
        failpoints.reach("standby.left")
        runs = self._next(0.0)
        if self.ear >= 0:
            os.close(self.ear)
        self.ear = -1
        return runs

    def _outdated(self) -> bool:
        """Whether we were made from files that are others now: an upgrade, git's configuration."""
        return any(_state(path) != state for path, state in self.sources.items())

    def _anew(self, run: str) -> None:
        """Become a new one. What was rung for and not heard has its records, and is found by them."""
        from gitkanban.runs.briefing import OURS, own_environment

        argv = [*OURS, "gitkanban.standby", f"{self.private}/runs/{run}"]
        argv += ["--sync", "--remote", self.remote] if self.remote else []
        failpoints.reach("standby.anew")
        os.execve(argv[0], argv, own_environment())


def _say(text: str) -> None:
    """Into the log, where there is room for it."""
    with contextlib.suppress(OSError):
        print(text, end="", file=sys.stderr, flush=True)


def _sources(private: str) -> Iterator[str]:
    """Files that we are made from: git's configuration, which is asked once, and our modules."""
    home = os.path.expanduser("~")
    config = os.environ.get("XDG_CONFIG_HOME") or f"{home}/.config"
    yield from (f"{os.path.dirname(private)}/config", f"{home}/.gitconfig", f"{config}/git/config")
    yield from ("/etc/gitconfig", os.environ.get("GIT_CONFIG_GLOBAL", ""))
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] in ("gitkanban", "pygit2", "ruamel", "portalocker") and getattr(
            module, "__file__", None
        ):
            yield str(module.__file__)


def _state(path: str) -> tuple[int, int]:
    """What changes whenever the file does; (0, 0) where there is none."""
    try:
        found = os.stat(path)
    except OSError:
        return (0, 0)
    return (found.st_mtime_ns, found.st_size)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Exception:
        traceback.print_exc()
        sys.exit(1)
