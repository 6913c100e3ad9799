"""Sessions on this machine: started under a supervisor, asked to stop, recovered.

Who gets a slot is decided before, and what an end means is decided after. `runs.executors` says
what every executor offers.
"""

import os
import signal
import sys
from collections.abc import Iterable, Mapping

from gitkanban import failpoints, files
from gitkanban.board.repo.place import Place
from gitkanban.core.names import RunId
from gitkanban.core.tick.facts import Exit, Sighting
from gitkanban.runs import briefing, leases
from gitkanban.runs.briefing import Launch
from gitkanban.runs.records import folders, slots, supervised
from gitkanban.runs.records.folders import Folder
from gitkanban.runs.recovering import Recovering
from gitkanban.runs.supervision import processes, supervisor
from gitkanban.runs.supervision.locks import Locks

_children: set[int] = set()  # pids that this process has started and does not wait for


def adopt(pid: int) -> None:
    """Register a child of ours that nobody waits for with `reap`."""
    _children.add(pid)


def reap() -> bool:
    """Reap children that ended, so that no zombie stays; return whether none is left."""
    for pid in list(_children):
        try:
            if os.waitpid(pid, os.WNOHANG)[0]:
                _children.discard(pid)
        except ChildProcessError:
            _children.discard(pid)
    return not _children


class Local(Recovering):
    """Sessions as processes of this machine."""

    def __init__(self, place: Place, locks: Locks, tick_words: tuple[str, ...] = ()) -> None:
        super().__init__(place, locks)
        self.tick_words = tick_words  # options of the ticks that supervisors become

    def ready(self) -> str:
        """Return why nothing can start now: there is no such reason here."""
        return ""

    def start(self, launch: Launch) -> int:
        """Start a supervisor that inherits the locks, close ours, and return its pid.

        Raises Refused when a prompt cannot be passed on or a placeholder has no value, OSError.
        Our descriptors of the locks stay open when it raises.
        """
        folder, locks = folders.of(launch.place.private, launch.lease.run), launch.reservation.locks
        briefing.write_files(launch._replace(tick_words=self.tick_words), folder)
        pid = spawn(folder, [lock.fd for lock in locks])
        adopt(pid)
        try:
            failpoints.reach("start.spawned")
            folder.write("pid", f"{pid}\n".encode(), lasting=False)
            failpoints.reach("start.pid-written")
            slots.write(launch.place, launch.lease._replace(pid=pid))
            failpoints.reach("start.token-written")
            leases.release(locks)
            failpoints.reach("start.handed-over")
        except OSError:
            pass  # It runs even if the disk is full: called not started, it would free its slot.
        leases.release(locks)
        reap()
        return pid

    def look(self, runs: Iterable[Folder]) -> Mapping[RunId, Sighting]:
        """Return for each run whether it lives."""
        every = list(runs)
        alive = self.alive(every)
        return {each.run: Sighting("live" if each.run in alive else "ended") for each in every}

    def alive(self, runs: Iterable[Folder]) -> set[RunId]:
        """Return the runs whose two locks are held and that have no exit record."""
        facts = {folder: folder.facts() for folder in runs}
        locked = supervised.locks_in_use(self.locks, facts.values())
        return {
            folder.run
            for folder, its_spec in facts.items()
            if supervised.is_alive(folder, its_spec, locked)
        }

    def stop(self, folder: Folder, why: str) -> bool:
        """Write the stop request and wake the supervisor, which may be asleep or stopped.

        False if the run has ended: its supervisor may be the tick that stands by for others now.
        """
        if folder.has("exit.json"):
            return False
        folder.request_stop(why)
        failpoints.reach("stop.asked")
        pid = slots.supervisor_pid(folder)
        process = processes.look(pid) if pid else None
        moved_from = folder.facts().one("moved_from")
        if process and _is_supervisor(pid, folder, moved_from):
            # A run that began at another path may look for the request there.
            processes.tell(process, signal.SIGTERM if moved_from else signal.SIGUSR1)
            processes.tell(process, signal.SIGCONT)
        return True

    def _end_run(self, folder: Folder, now: float) -> Exit | None:
        """End what is left of a dead run; None where part of it could not be ended."""
        return _lost_exit(folder, now) if self._end_survivors(folder) else None

    def _end_survivors(self, folder: Folder) -> bool:
        noted = folder.noted()
        grace = folder.spec().number("grace", briefing.GRACE)
        return not processes.end(lambda: processes.survivors(folder.run, folder.path, noted), grace)


def _is_supervisor(pid: int, folder: Folder, moved_from: str = "") -> bool:
    """Return whether the pid is still this run's supervisor, not another process by now."""
    path = folder.path.replace(folder.common, moved_from, 1) if moved_from else folder.path
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return path.encode() in file.read().split(b"\0")
    except OSError:
        return sys.platform != "linux"


def _lost_exit(folder: Folder, now: float) -> Exit:
    its_spec = folder.spec()
    if not its_spec.get("session"):
        why = "the tick that was starting it died"
        if folder.has(folders.CLAIM):
            why = "the remote took its claim, but the answer was lost"
        return Exit(int(now), "not-started", error=why)
    rebooted = its_spec.one("boot") != files.boot_id()
    return Exit(int(now), "reboot" if rebooted else "lost")


def spawn(folder: Folder, fds: list[int]) -> int:
    """Start a supervisor that gets the descriptors, under other numbers, and return its pid.

    It leaves our session by itself. Ours are never inheritable: a git that another thread starts at
    this moment would keep the locks.
    """
    first = max(fds, default=2) + 1
    theirs = range(first, first + len(fds))
    argv = [sys.executable, "-I", "-S", "-c", supervisor.BOOT, briefing.ROOT, folder.path]
    argv += map(str, theirs)
    null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    try:
        actions = [(os.POSIX_SPAWN_DUP2, null, place) for place in (0, 1, 2)]
        actions += [(os.POSIX_SPAWN_DUP2, *pair) for pair in zip(fds, theirs, strict=True)]
        return os.posix_spawn(
            sys.executable,
            argv,
            {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8"},
            file_actions=actions,
            setsigmask=supervisor.WOKEN_BY,  # a stop signal stays pending until it listens
        )
    finally:
        os.close(null)
