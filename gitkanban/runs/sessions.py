"""Sessions on this machine: started under a supervisor, asked to stop, recovered.

Who gets a slot is decided before, and what an end means is decided after. `runs.executors` says
what every executor offers.
"""

import os
import signal
import sys
from collections.abc import Iterable, Mapping

from gitkanban import failpoints, files
from gitkanban.board.repo import checkouts
from gitkanban.board.repo.place import Place
from gitkanban.core.names import RunId
from gitkanban.core.tick.facts import Exit, Sighting, Work
from gitkanban.errors import Refused
from gitkanban.runs import briefing, collect, leases, trust
from gitkanban.runs.briefing import Launch
from gitkanban.runs.records import folders, slots, supervised
from gitkanban.runs.records.folders import Folder, card_of
from gitkanban.runs.supervision import processes, spec, supervisor
from gitkanban.runs.supervision.locks import Locks
from gitkanban.runs.workspace import worktrees

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


class Local:
    """Sessions as processes of this machine."""

    def __init__(self, place: Place, locks: Locks, tick_words: tuple[str, ...] = ()) -> None:
        self.place = place
        self.locks = locks
        self.tick_words = tick_words  # options of the ticks that supervisors become

    def start(self, launch: Launch) -> int:
        """Start a supervisor that inherits the locks, close ours, and return its pid.

        Raises Refused when a prompt cannot be passed on or a placeholder has no value, OSError.
        Our descriptors of the locks stay open when it raises.
        """
        folder, locks = folders.of(launch.place.private, launch.lease.run), launch.reservation.locks
        prompt = launch.prompt.encode("utf-8", "replace")
        files.replace(folder.file("prompt.md"), prompt, lasting=False)
        for name in (folders.MAILBOX, folders.SCRATCH):
            os.makedirs(folder.file(name), mode=0o700, exist_ok=True)
        failpoints.reach("start.prompt-written")
        trust.keep_passed(launch.place, launch.worker)
        try:
            folder.write_spec(
                briefing.whole_spec(launch._replace(tick_words=self.tick_words), folder)
            )
        except ValueError as error:
            raise Refused(str(error), "Remove it from the card's text.") from error
        except KeyError as error:
            raise Refused(
                f"the command of {launch.worker.name} uses {error}, which has no value here",
                "Leave that placeholder out.",
            ) from error
        failpoints.reach("start.spec-written")
        pid = spawn(folder, [lock.fd for lock in locks])
        adopt(pid)
        try:
            failpoints.reach("start.spawned")
            files.replace(folder.file("pid"), f"{pid}\n".encode(), lasting=False)
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
            if supervised.is_supervised(its_spec, locked) and not folder.has("exit.json")
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

    def finish(self, folder: Folder, now: float) -> bool:
        """End what is left of a dead run, collect its work, and write its exit record.

        For a run that ended but was not collected, only the rest is done. False when it lives after
        all, or some process of it could not be ended. Raises GitFailed, BoardBusy, OSError; it can
        be called again.
        """
        its_spec = folder.spec()
        locks = leases.take(self.locks, card_of(its_spec), its_spec.one("slot"))
        if locks is None:
            return False
        try:
            if its_spec.one("moved_from"):
                worktrees.repair(its_spec.one("moved_from"), its_spec)
            if folder.has("exit.json"):
                if folder.uncollected(its_spec):
                    collect.collect(folder)
                if its_spec.one("moved_from"):  # its supervisor could not unlock it
                    worktrees.unlock_run(self.place.common, folder.run)
                return True
            failpoints.reach("recover.locked")
            if not self._end_survivors(folder):
                return False
            failpoints.reach("recover.ended")
            try:
                collect.collect(folder)
            finally:
                # The tick may have died before it recorded which workspace it had locked.
                worktrees.unlock_run(self.place.common, folder.run)
            failpoints.reach("recover.collected")
            folder.write_exit(_lost_exit(its_spec, now))
            failpoints.reach("recover.recorded")
            slots.remove(self.place, its_spec.one("slot"))
            return True
        finally:
            leases.release(locks)

    def give_up(self, folder: Folder, now: float, reason: str) -> bool:
        """End what is left of a dead run and record it as lost; its folder is left as it is.

        False when it is alive after all, or part of it could not be ended. Raises OSError.
        """
        its_spec = folder.spec()
        locks = leases.take(self.locks, card_of(its_spec), its_spec.one("slot"))
        if locks is None:
            return False
        try:
            if not folder.has("exit.json") and not self._end_survivors(folder):
                return False
            worktrees.unlock_run(self.place.common, folder.run)
            if not folder.has("work.json"):
                folder.write_work(_uncollected_work(its_spec))
            folder.give_up(reason)
            failpoints.reach("give-up.recorded")
            folder.write_exit(_lost_exit(its_spec, now))
            slots.remove(self.place, its_spec.one("slot"))
            return True
        finally:
            leases.release(locks)

    def _end_survivors(self, folder: Folder) -> bool:
        noted = folder.noted()
        grace = folder.spec().number("grace", briefing.GRACE)
        return not processes.end(lambda: processes.survivors(folder.run, folder.path, noted), grace)


def _uncollected_work(its_spec: spec.Spec) -> Work:
    """Return what is known of the work of a run that could not be collected."""
    branch, workspace = its_spec.one("branch"), its_spec.one("workspace")
    tip = checkouts.tip_in(its_spec.one("common"), f"refs/heads/{branch}") if branch else ""
    left = bool(branch) and os.path.lexists(workspace)
    whole = len(tip) == 40 and not set(tip) - set("0123456789abcdef")  # the ref may be damaged
    return Work(
        tip if whole else "",
        notices=(f"what it left in {workspace} was not collected",) if left else (),
    )


def _is_supervisor(pid: int, folder: Folder, moved_from: str = "") -> bool:
    """Return whether the pid is still this run's supervisor, not another process by now."""
    path = folder.path.replace(folder.common, moved_from, 1) if moved_from else folder.path
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return path.encode() in file.read().split(b"\0")
    except OSError:
        return sys.platform != "linux"


def _lost_exit(its_spec: spec.Spec, now: float) -> Exit:
    if not its_spec.get("session"):
        return Exit(int(now), "not-started", error="the tick that was starting it died")
    rebooted = its_spec.one("boot") != processes.boot_id()
    return Exit(int(now), "reboot" if rebooted else "lost")


def spawn(folder: Folder, fds: list[int]) -> int:
    """Start a supervisor that inherits the descriptors, and return its pid.

    It leaves our session by itself.
    """
    argv = [sys.executable, "-I", "-S", "-c", supervisor.BOOT, briefing.ROOT, folder.path]
    argv += [str(fd) for fd in fds]
    null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    try:
        actions = [(os.POSIX_SPAWN_DUP2, null, place) for place in (0, 1, 2)]
        for fd in fds:
            os.set_inheritable(fd, True)
        return os.posix_spawn(
            sys.executable,
            argv,
            {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8"},
            file_actions=actions,
            setsigmask=supervisor.WOKEN_BY,  # a stop signal stays pending until it listens
        )
    finally:
        for fd in fds:
            os.set_inheritable(fd, False)
        os.close(null)
