"""What a supervisor becomes when its run has ended: it collects the run, ticks, and stands by.

Starting an interpreter and importing everything costs more than a whole tick. So the tick after one
session's end stays and waits for the sessions that are still alive; what they free starts at once.
Between ticks it holds nothing but its own lock. It may be killed at any time: the supervisor that
ends next becomes the new standby. It leaves when no run is left that would ring for it, so nothing
of ours runs while no session does. What it does next is a table, `core.tick.standby_states`.

Runs of a batch system cannot ring. It looks for their records instead, and now and then asks the
batch system whether one has ended without.

`python -m gitkanban.standby <run folder> [--sync --remote NAME] [--batch]`, called in the
repository. What its ticks do is printed, into the log of the supervisor that it was. `--batch`: a
tick has called it, and no run has ended.
"""

import contextlib
import os
import sys
import time
import traceback
from collections.abc import Iterator, Sequence

from gitkanban import clock, failpoints, flock
from gitkanban.core.names import RunId
from gitkanban.core.tick.standby_states import BATCH, Condition, State, next_state
from gitkanban.errors import GitkanbanError
from gitkanban.runs.records import supervised
from gitkanban.runs.supervision import bell, kernel, spec
from gitkanban.runs.supervision.locks import HeldLock, Locks
from gitkanban.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

    from gitkanban.board.repo.place import Place
    from gitkanban.runs.records.folders import Folder

SIDE_BY_SIDE = 4  # runs collected at the same time
PATIENCE = 0.25  # seconds that a tick waits for other runs to be collected: they share its commit
BETWEEN = 0.05  # seconds to wait for rings while runs are being collected
GLANCE = 5.0  # seconds between looks for the records of runs that cannot ring
ASK = 30.0  # seconds between questions to their batch system
LOOK = 60.0  # seconds between checks that a run is left that would ring
_SETTLING = 1.0  # seconds that another standby may take from its lock to listening


def main() -> int:
    """Serve the run of the folder in argv[1], and whoever rings after it."""
    for stream in (sys.stdout, sys.stderr):  # a file's name need not be text
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # real files
    kernel.hide_memory()
    folder, words = sys.argv[1], sys.argv[2:]
    private, run = os.path.dirname(os.path.dirname(folder)), RunId(os.path.basename(folder))
    remote = words[words.index("--remote") + 1] if "--remote" in words else ""
    try:
        tick_key = spec.read(f"{folder}/spec").one("kind")
    except OSError:  # its folder was removed; there is still a board to tick
        tick_key = ""
    standby = Standby(private, tick_key, remote)
    if standby.begin(run):
        standby.serve([] if BATCH in words else [run])
    return 0


class Standby:
    """A standby for supervisors whose ticks would be like its own: those with its `tick_key`."""

    def __init__(self, private: str, tick_key: str, remote: str = "") -> None:
        self.private = private
        self.tick_key = tick_key or "any"
        self.remote = remote
        self.pipe, self.lock_path, self.lock_name = bell.paths(private, self.tick_key)
        self.locks = Locks(private)
        self.lock: HeldLock | None = None
        self.pipe_fd = -1  # where rings arrive; -1: another standby listens, or nobody can
        self.place: Place | None = None
        self.sources: dict[str, tuple[int, int]] = {}
        self.runs: list[RunId] = []  # they rang, and are not yet being collected
        self.collecting: set[Future[None]] = set()
        self.collected = False  # since the last tick
        self.left: dict[RunId, tuple[object, ...]] = {}  # what runs of batch systems had left
        self.asked = time.monotonic()  # when a batch system was last asked

    def begin(self, run: RunId) -> bool:
        """Begin to listen; False if another standby listens and has got the run's ring."""
        until = time.monotonic() + _SETTLING
        while time.monotonic() < until:
            self.lock = None if flock.is_locked(self.lock_path) else self.locks.take(self.lock_name)
            if self.lock:
                failpoints.reach("standby.locked")
                try:
                    self.pipe_fd = bell.listen(self.pipe)
                except OSError as error:  # a file system without pipes
                    _write_log(f"cannot stand by: {error}\n")
                    self.lock.close()
                break
            if bell.ring(self.pipe, self.lock_path, run):
                return False
            time.sleep(0.01)
        return True

    def serve(self, runs: Sequence[RunId]) -> None:
        """Collect these runs and tick, and do so for every ring, until no run is left to ring."""
        from concurrent.futures import ThreadPoolExecutor

        self.runs = list(runs)
        state = State.COLLECTING
        with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
            while state is not State.GONE:
                match state:
                    case State.COLLECTING:
                        self._collect_runs(pool)
                    case State.TICKING:
                        self._tick_once()
                    case State.LISTENING:
                        self._read_rings(BETWEEN if self.collecting else 0.0)
                    case State.WAITING:
                        self._read_rings(GLANCE if self._list_batch_runs() else LOOK)
                        self._find_records()
                    case State.LEAVING:
                        self._stop_listening()
                    case State.RESTARTING:
                        self._restart(self.runs[0])
                state = next_state(state, self._holds)

    def _holds(self, condition: Condition) -> bool:
        match condition:
            case Condition.COLLECTED:
                return self.collected
            case Condition.OUTDATED:
                idle = bool(self.runs) and not self.collecting
                return idle and self.pipe_fd >= 0 and self._is_outdated()
            case Condition.BUSY:
                return bool(self.runs or self.collecting)
            case Condition.OVER:
                return self._is_any_over()
            case Condition.AWAITED:
                return self._somebody_will_ring()
            case Condition.REPOSITORY_THERE:
                return os.path.exists(self.pipe)
            case Condition.ALWAYS:
                return True

    def _read_rings(self, patience: float) -> None:
        if self.pipe_fd >= 0:
            self.runs += map(RunId, bell.read_rings(self.pipe_fd, patience))

    def _list_batch_runs(self) -> "list[Folder]":
        """Return the unsettled runs of batch systems."""
        from gitkanban.runs.records import folders

        unsettled = folders.unsettled(self.private)
        return [each for each in unsettled if each.facts().one("engine")]

    def _find_records(self) -> None:
        """Take runs of batch systems that have left a record, or a letter, as if they had rung."""
        from gitkanban.runs.records.folders import MAILBOX

        for folder in self._list_batch_runs():
            with contextlib.suppress(OSError):  # a tick may just have cancelled its reservation
                os.listdir(folder.path)  # a network file system may remember that it was not there
            mail = _file_state(folder.file(MAILBOX)) if folder.has_mail() else None
            left = (folder.has("exit.json"), mail)
            if any(left) and self.left.get(folder.run) != left:
                self.left[folder.run] = left
                self.runs.append(folder.run)

    def _is_any_over(self) -> bool:
        """Return whether a batch system, asked now and then, says that a run is over."""
        if time.monotonic() - self.asked < ASK:
            return False
        self.asked = time.monotonic()
        batch = self._list_batch_runs()
        if not batch:
            return False
        from gitkanban.runs.executors import Executors

        try:
            sightings = Executors(self._find_place(), self.locks).look(batch)
        except (GitkanbanError, OSError) as error:
            _write_log(f"Error: {error}\n")
            return False
        return any(each.phase == "ended" for each in sightings.values())

    def _collect_runs(self, pool: "ThreadPoolExecutor") -> None:
        """Begin to collect the runs that rang, and wait up to PATIENCE seconds for them."""
        from concurrent.futures import wait

        self.collecting |= {pool.submit(self._collect_run, run) for run in self.runs}
        self.runs = []
        self._import_tick()  # meanwhile git collects
        done, self.collecting = wait(self.collecting, PATIENCE)
        for each in done:
            if each.exception():  # a bug: printed here; the tick tries again
                traceback.print_exception(each.exception())
        self.collected |= bool(done)

    # ruff's F401 is off here: what is imported is only to be loaded before a tick needs it.
    def _import_tick(self) -> None:
        """Import all that most ticks need, and note the state of the files that it came from."""
        if self.sources:
            return
        from gitkanban.board.content import board_after, writing  # noqa: F401
        from gitkanban.board.work import integrate  # noqa: F401
        from gitkanban.runs import leases, sessions  # noqa: F401
        from gitkanban.tick import rounds, starting  # noqa: F401
        from gitkanban.views import outcome  # noqa: F401

        self._note_sources()

    def _note_sources(self) -> None:
        """Note the state of the files of all that has been imported since it was last called."""
        for path in _source_files(self.private):
            if path not in self.sources:
                self.sources[path] = _file_state(path)

    def _collect_run(self, run: RunId) -> None:
        """Collect a run that has ended. A failure is logged, and the tick tries again."""
        from gitkanban.runs.executors import Executors
        from gitkanban.runs.records import folders

        folder = folders.of(self.private, run)
        try:
            if folder.has("exit.json") and not folder.has("settled"):
                executors = Executors(self._find_place(), self.locks)
                executors.of(folder).finish(folder, clock.now())
        except (GitkanbanError, OSError) as error:
            _write_log(f"Error: run {run} is not collected: {error}\n")

    def _find_place(self) -> "Place":
        from gitkanban.board.repo.placefinder import find

        self.place = self.place or find(os.getcwd())
        return self.place

    def _tick_once(self) -> None:
        """Tick once and print it as `gitkanban tick` does. A failure is left to the next tick."""
        from gitkanban.runs import sessions
        from gitkanban.tick.rounds import tick
        from gitkanban.views.outcome import outcome_text

        self.collected = False
        try:
            done = tick(self._find_place(), remote=self.remote)
            _write_log(outcome_text(done, verbose=False))
            for error in done.errors:
                _write_log(f"Error: {error}\n")
        except (GitkanbanError, OSError) as error:
            _write_log(f"Error: {error}\n")
            self.place = None  # it may lie elsewhere now
        sessions.reap()
        self._note_sources()  # of what this tick was the first to need

    def _somebody_will_ring(self) -> bool:
        """Return whether a run is alive whose supervisor would ring for us."""
        from gitkanban.runs.records import folders

        if self.pipe_fd < 0 or not os.path.exists(self.pipe):
            return False
        unsettled = folders.unsettled(self.private)
        facts = [each.facts() for each in unsettled]
        ours = [each for each in facts if each.one("kind") == self.tick_key]
        locked = supervised.locks_in_use(self.locks, ours)
        return any(supervised.is_supervised(each, locked) for each in ours)

    def _stop_listening(self) -> None:
        """Release the lock and read the pipe one last time: only rings before the release count."""
        if self.lock:
            self.lock.close()
        failpoints.reach("standby.left")
        self._read_rings(0.0)
        if self.pipe_fd >= 0:
            os.close(self.pipe_fd)
        self.pipe_fd = -1

    def _is_outdated(self) -> bool:
        """Return whether files that we depend on have changed: an upgrade, git's configuration."""
        return any(_file_state(path) != state for path, state in self.sources.items())

    def _restart(self, run: RunId) -> None:
        """Become a new standby (exec). A run whose ring is lost is found by its records."""
        from gitkanban.runs.briefing import OURS, own_environment

        argv = [*OURS, "gitkanban.standby", f"{self.private}/runs/{run}"]
        argv += ["--sync", "--remote", self.remote] if self.remote else []
        failpoints.reach("standby.anew")
        os.execve(argv[0], argv, own_environment())


def _write_log(text: str) -> None:
    """Write to the log; on a full disk the text is lost."""
    with contextlib.suppress(OSError):
        print(text, end="", file=sys.stderr, flush=True)


def _source_files(private: str) -> Iterator[str]:
    """Yield the files that we depend on: git's configuration, read only once, and our modules."""
    home = os.path.expanduser("~")
    config = os.environ.get("XDG_CONFIG_HOME") or f"{home}/.config"
    yield from (f"{os.path.dirname(private)}/config", f"{home}/.gitconfig", f"{config}/git/config")
    yield from ("/etc/gitconfig", os.environ.get("GIT_CONFIG_GLOBAL", ""))
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] in ("gitkanban", "pygit2", "ruamel", "portalocker") and getattr(
            module, "__file__", None
        ):
            yield str(module.__file__)


def _file_state(path: str) -> tuple[int, int]:
    """Return (mtime in ns, size in bytes), which change with the file; (0, 0) if there is none."""
    try:
        status = os.stat(path)
    except OSError:
        return (0, 0)
    return (status.st_mtime_ns, status.st_size)
