"""Sessions on this machine: reserved, started under a supervisor, told to stop, recovered.

Who gets a slot is decided before, what an end means is decided after. `Executor` is the whole
interface: another one (a batch system) would offer the same calls.
"""

import os
import signal
import sys
import zlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

import gitkanban
from gitkanban import failpoints
from gitkanban.board.place import Place
from gitkanban.core.facts import Exit
from gitkanban.core.model import SHARED, Card, Config, Worker
from gitkanban.core.presets import expand, preset_of
from gitkanban.errors import Refused
from gitkanban.runs import (
    bell,
    collect,
    folders,
    memory,
    processes,
    proposals,
    slots,
    spec,
    supervisor,
    trust,
    workspaces,
)
from gitkanban.runs.folders import Folder
from gitkanban.runs.locks import Held, Locks
from gitkanban.runs.slots import Lease
from gitkanban.runs.workspaces import Workspace

_PASSED = ("HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR")
_ROOT = str(Path(gitkanban.__file__).resolve().parent.parent)
# Variables that differ from one terminal to the next and matter to no tick.
_OF_A_TERMINAL = frozenset(
    ("PWD", "OLDPWD", "SHLVL", "_", "TERM", "COLUMNS", "LINES", "WINDOWID", "SSH_TTY", "GPG_TTY")
)
GRACE = 10.0  # seconds between TERM and KILL


class Launch(NamedTuple):
    """Everything that a session is started from."""

    place: Place
    config: Config
    worker: Worker
    card: Card
    lease: Lease
    workspace: Workspace
    prompt: str
    session: str = ""  # the agent's session id: a new one, or the one to resume
    resume: bool = False
    tick_words: tuple[str, ...] = ()  # options of the tick that its supervisor becomes
    env: Mapping[str, str] = {}  # what is added last: a private memory home, say


class Executor(Protocol):
    """Where sessions run. A lease's host need not be this one."""

    def start(self, launch: Launch, held: Sequence[Held]) -> int:
        """Start the session, handing the locks over; a number that names it, for people."""

    def alive(self, runs: Iterable[Folder]) -> set[str]:
        """Which of the runs live."""

    def stop(self, folder: Folder, why: str) -> None:
        """Ask for the session's end; it comes later, as an exit record."""


def lock_names(card: str, slot: str) -> tuple[str, str]:
    """The kernel locks that a run's supervisor holds for its whole life."""
    return f"card/{card}", slots.lock_name(slot)


def shared_locks(worker: Worker) -> list[str]:
    """Locks that runs of several slots exclude each other by: the shared checkout, one memory."""
    names = ["shared"] if worker.workspace_policy == SHARED else []
    if worker.memory_env and worker.memory_policy == "read-write":
        names.append(proposals.lock_name(worker.profile))
    return names


def take(locks: Locks, card: str, slot: str, also: Iterable[str] = ()) -> list[Held] | None:
    """Take the locks of a run-to-be, None when one is held by somebody.

    `also` are its worker's `shared_locks`; like the others the supervisor keeps them to its end.
    """
    held: list[Held] = []
    for name in (*lock_names(card, slot), *also):
        got = locks.take(name)
        if got is None:
            release(held)
            return None
        held.append(got)
        failpoints.reach("lease.locked")
    return held


def release(held: Iterable[Held]) -> None:
    """Close our descriptors of the locks; a supervisor that inherited them keeps them."""
    for lock in held:
        lock.close()


def reserve(place: Place, config: Config, worker: Worker, card: Card, lease: Lease) -> Folder:
    """Write the run folder and the lease token of a run that is about to be committed.

    Call it with both locks held. Raises OSError.
    """
    folder = folders.of(place.private, lease.run)
    folder.write_spec(_facts(place, config, worker, card, lease))
    failpoints.reach("lease.folder-written")
    slots.write(place, lease)
    failpoints.reach("lease.token-written")
    return folder


def cancel(place: Place, lease: Lease, held: Iterable[Held]) -> None:
    """Take a reservation back: the commit did not come about, nothing was started."""
    import shutil

    shutil.rmtree(folders.of(place.private, lease.run).path, ignore_errors=True)
    failpoints.reach("cancel.folder-removed")
    slots.remove(place, lease.slot)
    failpoints.reach("cancel.token-removed")
    release(held)


def not_started(place: Place, lease: Lease, why: str, held: Iterable[Held], now: float) -> None:
    """Record that a committed run could not be started, and free its slot."""
    folder = folders.of(place.private, lease.run)
    folder.write_exit(Exit(int(now), "not-started", error=" ".join(why.split())))
    failpoints.reach("not-started.recorded")
    workspaces.unlock_run(place.common, lease.run)
    slots.remove(place, lease.slot)
    release(held)


_supervisors: set[int] = set()  # those that this process has started


def reap() -> bool:
    """Take note of supervisors of ours that ended, so that no zombie stays; whether none is left."""
    for pid in list(_supervisors):
        try:
            if os.waitpid(pid, os.WNOHANG)[0]:
                _supervisors.discard(pid)
        except ChildProcessError:
            _supervisors.discard(pid)
    return not _supervisors


class Local:
    """Sessions as processes of this machine."""

    def __init__(self, place: Place, locks: Locks, tick_words: tuple[str, ...] = ()) -> None:
        self.place = place
        self.locks = locks
        self.tick_words = tick_words  # options of the ticks that supervisors become

    def start(self, launch: Launch, held: Sequence[Held]) -> int:
        """Start a supervisor that inherits the locks, and close ours; its pid.

        Raises Refused when a prompt cannot be passed on or a placeholder has no value, OSError.
        Our descriptors of the locks stay open when it raises.
        """
        folder = folders.of(launch.place.private, launch.lease.run)
        prompt = launch.prompt.encode("utf-8", "replace")
        spec.replace(folder.file("prompt.md"), prompt, lasting=False)
        failpoints.reach("start.prompt-written")
        try:
            folder.write_spec(_whole_spec(launch, folder))
        except ValueError as error:
            raise Refused(str(error), "Remove it from the card's text.") from error
        except KeyError as error:
            raise Refused(
                f"the command of {launch.worker.name} uses {error}, which has no value here",
                "Leave that placeholder out.",
            ) from error
        failpoints.reach("start.spec-written")
        pid = _spawn(folder, [lock.fd for lock in held])
        _supervisors.add(pid)
        try:
            failpoints.reach("start.spawned")
            spec.replace(folder.file("pid"), f"{pid}\n".encode(), lasting=False)
            failpoints.reach("start.pid-written")
            slots.write(launch.place, launch.lease._replace(pid=pid))
            failpoints.reach("start.token-written")
            release(held)
            failpoints.reach("start.handed-over")
        except OSError:
            pass  # It runs, whatever the disk says: to call it not started would free its room.
        release(held)
        reap()
        return pid

    def alive(self, runs: Iterable[Folder]) -> set[str]:
        """Runs whose two locks are held and that have not recorded their end."""
        names = {}
        for folder in runs:
            found = folder.facts()
            names[folder.run] = lock_names(found.one("card"), found.one("slot"))
        held = self.locks.locked(name for pair in names.values() for name in pair)
        return {
            run
            for run, pair in names.items()
            if held.issuperset(pair) and not folders.of(self.place.private, run).has("exit.json")
        }

    def stop(self, folder: Folder, why: str) -> None:
        """Write the stop request and wake the supervisor, which may be asleep or stopped."""
        folder.request_stop(why)
        failpoints.reach("stop.asked")
        pid = slots.supervisor_pid(folder)
        process = processes.look(pid) if pid else None
        if process and _is_supervisor(pid, folder):
            processes.tell(process, signal.SIGUSR1)
            processes.tell(process, signal.SIGCONT)

    def recover(self, folder: Folder, now: float) -> bool:
        """End what is left of a dead run, collect its work, and write its exit record.

        Of one that ended and only was not collected, the rest is done. False when it lives after all, or something of it could not be ended. Raises GitFailed,
        BoardBusy, OSError; it can be called again.
        """
        found = folder.spec()
        held = take(self.locks, found.one("card"), found.one("slot"))
        if held is None:
            return False
        try:
            if folder.has("exit.json"):
                if folder.uncollected(found):
                    collect.collect(folder)
                return True
            failpoints.reach("recover.locked")
            if not self._end_survivors(folder):
                return False
            failpoints.reach("recover.ended")
            try:
                collect.collect(folder)
            finally:
                # The tick may have died before it noted which workspace it had locked.
                workspaces.unlock_run(self.place.common, folder.run)
            failpoints.reach("recover.collected")
            folder.write_exit(_lost(found, now))
            failpoints.reach("recover.recorded")
            slots.remove(self.place, found.one("slot"))
            return True
        finally:
            release(held)

    def _end_survivors(self, folder: Folder) -> bool:
        noted = folder.noted()
        grace = folder.spec().number("grace", GRACE)
        return not processes.end(lambda: processes.survivors(folder.run, folder.path, noted), grace)


def _is_supervisor(pid: int, folder: Folder) -> bool:
    """Whether the recorded pid still is this run's supervisor, not one that reuses the number."""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return folder.path.encode() in file.read().split(b"\0")
    except OSError:
        return sys.platform != "linux"


def _lost(found: spec.Spec, now: float) -> Exit:
    if not found.get("session"):
        return Exit(int(now), "not-started", error="the tick that was starting it died")
    rebooted = found.one("boot") != processes.boot_id()
    return Exit(int(now), "reboot" if rebooted else "lost")


def _spawn(folder: Folder, fds: list[int]) -> int:
    """Start a supervisor that inherits the descriptors; it leaves our session by itself."""
    argv = [sys.executable, "-I", "-S", "-c", supervisor.BOOT, _ROOT, folder.path]
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
        )
    finally:
        for fd in fds:
            os.set_inheritable(fd, False)
        os.close(null)


# -- the spec


def _facts(
    place: Place, config: Config, worker: Worker, card: Card, lease: Lease
) -> dict[str, str | Sequence[str]]:
    """What is known of a run before it has a workspace."""
    return {
        "run": lease.run,
        "card": card.id,
        "title": " ".join(card.title.split()),
        "worker": worker.name,
        "profile": lease.profile,
        "slot": lease.slot,
        "host": lease.host,
        "clone": lease.clone,
        "started": str(lease.started),
        "boot": processes.boot_id(),
        "runner": worker.runner,
        "commits": worker.commits or preset_of(worker.runner).commits,
        "policy": worker.workspace_policy,
        "verified": "1" if worker.verify else "",
        "max_attempts": str(worker.max_attempts),
        "needs": [f"{name}={count}" for name, count in card.needs or worker.needs],
        "base": config.base or place.branch,
        "common": place.common,
        "prefix": place.prefix,
        "board": worker.board,
        "droppings": preset_of(worker.runner).droppings,
    }


def _whole_spec(launch: Launch, folder: Folder) -> dict[str, str | Sequence[str]]:
    worker, workspace, place = launch.worker, launch.workspace, launch.place
    preset = preset_of(worker.runner)
    env = environment(launch)
    command = _command(launch, folder)
    ours = [sys.executable, "-m", "gitkanban.runs.collect"]
    own = [f"{name}={value}" for name, value in _own_environment().items()]
    strike, once = failpoints.armed()
    marked = [*own, f"{processes.MARKER}={launch.lease.run}"]
    if strike:
        marked += [f"{failpoints.VARIABLE}={strike}", f"{failpoints.ONCE}={once}"]
    remembered = memory.facts(worker)
    before = bool(workspace.branch) and (not workspace.fresh or bool(worker.setup))
    transcript = [folder.file(preset.transcript)] if preset.transcript else []
    values = _facts(place, launch.config, worker, launch.card, launch.lease)
    # Who verifies needs the work collected first; else that is left to whoever ticks next.
    collects = bool(workspace.branch or remembered)
    ticks = [sys.executable, "-m", "gitkanban.standby", folder.path, *launch.tick_words]
    kind = _kind(launch.tick_words, own)
    return values | {
        **remembered,
        "collector": "tick" if collects and not worker.verify else "",
        "bell": bell.paths(place.private, kind)[:2],
        "kind": kind,
        "workspace": workspace.path,
        "branch": workspace.branch,
        "base": workspace.base or launch.config.base or place.branch,
        "start_commit": workspace.start_commit,
        "admin": workspace.admin,
        "sparse": "1" if workspace.sparse else "",
        "session_id": launch.session,
        "timeout": str(worker.timeout),
        "stall_timeout": str(worker.stall_timeout),
        "grace": str(GRACE),
        "watch": [path for path in (workspace.path, workspace.admin, *transcript) if path],
        "env": [f"{name}={value}" for name, value in env.items()],
        "setup": list(worker.setup) if workspace.setup else [],
        "setup_mark": workspaces.setup_mark(workspace.admin) if workspace.admin else "",
        "before": [*ours, "--before", folder.path] if before else [],
        "session": command,
        "collect": [*ours, folder.path] if collects and worker.verify else [],
        "before.env": marked,
        "before.cwd": place.common,
        "collect.env": marked,
        "collect.cwd": place.common,
        "verify": worker.verify,
        "tick": ticks,
        "tick_cwd": place.main or place.common,
        "tick.env": own,
        "failpoint": [strike, once] if strike else [],
    }


def _command(launch: Launch, folder: Folder) -> list[str]:
    worker = launch.worker
    template = trust.command_of(worker)
    preset = preset_of(worker.runner)
    if launch.resume and preset.resume and worker.command in ((), preset.start):
        template = preset.resume
    argv = expand(
        template,
        {
            "prompt": launch.prompt,
            "prompt_file": folder.file("prompt.md"),
            "profile": worker.profile,
            "card": launch.card.id,
            "run": launch.lease.run,
            "workspace": launch.workspace.path,
            "session": launch.session,
            "branch": launch.workspace.branch,
            "last_message": folder.file("last_message"),
            "run_dir": folder.path,
        },
    )
    return [trust.program(argv[0], trust.search_path(launch.place)), *argv[1:]]


def environment(launch: Launch) -> dict[str, str]:
    """The session's whole environment; nothing else of ours reaches it."""
    place, worker, lease = launch.place, launch.worker, launch.lease
    env = {name: os.environ[name] for name in _PASSED if name in os.environ}
    env["TERM"] = "dumb"
    env["PATH"] = trust.search_path(place)
    env |= trust.preset_env(worker)
    recorded = trust.passed(place)
    for name in worker.pass_env:
        value = os.environ.get(name, recorded.get(name))
        if value is not None:
            env[name] = value
    env |= {
        "GITKANBAN_CARD": launch.card.id,
        processes.MARKER: lease.run,
        "GITKANBAN_SLOT": lease.slot,
        "GITKANBAN_PROFILE": lease.profile,
        "GITKANBAN_WORKSPACE": launch.workspace.path,
        "GITKANBAN_MEMORY": worker.memory_policy,
        "GITKANBAN_BOARD": place.branch,
    }
    return env | _git_settings(launch.workspace.sparse) | dict(launch.env)


def _git_settings(sparse: bool) -> dict[str, str]:
    settings = workspaces.git_config(sparse)
    env = {"GIT_CONFIG_COUNT": str(len(settings)), "GIT_TERMINAL_PROMPT": "0"}
    for number, (key, value) in enumerate(settings.items()):
        env |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return env


def _own_environment() -> dict[str, str]:
    """For commands of ours: our environment without what names a repository or a run."""
    env = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("GITKANBAN_", "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX"))
    }
    if os.path.basename(_ROOT) not in ("site-packages", "dist-packages"):  # a source tree
        known = env.get("PYTHONPATH", "").split(os.pathsep)
        known = [part for part in known if part not in ("", _ROOT)]
        env["PYTHONPATH"] = os.pathsep.join((_ROOT, *known))
    return env


def _kind(words: Sequence[str], env: Sequence[str]) -> str:
    """A name for the ticks that are as good as each other: equal options, equal environment."""
    known = sorted(pair for pair in env if pair.partition("=")[0] not in _OF_A_TERMINAL)
    return f"{zlib.crc32(chr(0).join((*words, *known)).encode('utf-8', 'surrogateescape')):08x}"
