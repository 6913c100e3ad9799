"""The small process that holds a run's locks, runs its steps one after the other, and ends them.

It judges nothing and knows neither the board nor git: it follows the run's spec and records how
each step ended, last and atomically. Standard library only, and of that as little as possible;
start it with `python -I -S -c BOOT <package root> <run folder> <lock descriptors>`.

Steps, in order: `include` (copies ignored files from the main checkout), `setup`, `before` (records
what is uncommitted), `session`, `collect` (puts left-over work onto the branch), `verify`. Each is
a list of words in the spec; missing ones are skipped.
"""

import os
import sys
import time

from gitkanban import failpoints, files
from gitkanban.runs.supervision import boundedlog, kernel, processes, spec
from gitkanban.runs.supervision.activity import Activity

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
else:  # the same functions without `enum`, which costs as much start-up as all the rest
    import _signal as signal

BOOT = "import sys; sys.path.append(sys.argv[1]); from gitkanban.runs.supervision.supervisor import main; main()"

_LOGS = {"session": ("stdout.log", "stderr.log")}  # other steps have one log, `<step>.log`
_STOPPING = (signal.SIGTERM, signal.SIGINT)
WOKEN_BY = (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1)
_COLLECT_TIMEOUT = 900.0
_PAUSE = 5.0  # seconds of not being run from which on they do not count
_HARD = 1.0  # seconds between looks at processes that even KILL does not end


class Supervisor:
    """One run, from the hand-over of its locks to its exit record."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.spec = spec.read(f"{folder}/spec")
        self.grace = self.spec.number("grace", 10.0)
        self.beat = self.spec.number("beat", 5.0)
        self.steps: list[tuple[str, int | None, int]] = []
        self.how = "exited"
        self.error = ""
        self.ends_by_signal = False  # by a signal without a stop request: the machine shuts down
        self.noted: set[int] = set()
        self.letters_rung = 0  # modification time of the mailbox at the last ring for it
        limit = int(self.spec.number("log_limit", 64 << 20))
        self.activity = Activity(tuple(self.spec.get("watch", ())), limit, self.beat)

    # -- the steps

    def run(self) -> None:
        """Run every step, leave no process behind, write the exit record."""
        files.touch(f"{self.folder}/beat")
        timeout = self.spec.number("timeout", 7200.0)
        ready = self._run_step("include", _COLLECT_TIMEOUT) in (0, None)
        ready = ready and self._run_step("setup", timeout) in (0, None) and not self._asked()
        if ready:
            self._setup_passed()
            self._run_step("before", _COLLECT_TIMEOUT)
            code = self._run_step("session", timeout, self.spec.number("stall_timeout", 0.0))
        self._run_step("collect", _COLLECT_TIMEOUT, asked=False)
        if ready and code == 0 and self.how == "exited":
            self._run_step("verify", timeout)
        self._end_strays()
        failpoints.reach("supervisor.all-ended")
        if self.spec.one("admin"):
            files.remove(f"{self.spec.one('admin')}/locked")  # let git prune the worktree again
        failpoints.reach("supervisor.record")
        self._record()
        failpoints.reach("supervisor.recorded")

    def _run_step(
        self, name: str, timeout: float, stall: float = 0.0, asked: bool = True
    ) -> int | None:
        """Run one step, end what it leaves running, and return its exit code; None: no step."""
        argv = self.spec.get(name)
        if not argv or (asked and self._asked()):
            return None
        self.activity.begin(self._logs(name))
        try:
            pid, trouble = self._spawn(name, argv)
        except OSError as error:  # a full disk, or the limit of processes
            pid, trouble = 0, error.errno or 1
        if trouble:
            self._not_run(name, argv[0], trouble)
            return 127
        status, cause = self._watch(pid, timeout, stall, asked)
        failpoints.reach(f"supervisor.{name}-ended")
        self._end_tree()
        self.activity.look()
        if name == "session" or cause == "stop":
            self.how = cause or self.how
        code: int | None = None
        number = 0
        if status is not None and os.WIFSIGNALED(status):
            number = os.WTERMSIG(status)
        elif status is not None:
            code = os.WEXITSTATUS(status)
            if cause == "timeout" and code == 0:  # it handled the TERM: that is no success
                code, number = None, signal.SIGTERM
        if name != "before":
            self.steps.append((name, code, int(number)))
        return code if code is not None else 128 + number

    def _setup_passed(self) -> None:
        mark = self.spec.one("setup_mark")
        if mark and self.spec.get("setup"):
            try:
                files.touch(mark)
            except OSError:  # a full disk: the step runs again next time
                pass

    def _not_run(self, name: str, program: str, trouble: int) -> None:
        text = f"cannot run {program}: {os.strerror(trouble)}"
        if name in ("setup", "session"):
            self.how, self.error = "not-started", text
        else:
            self.steps.append((name, 127, 0))
        sys.stderr.write(f"{text}\n")

    def _logs(self, name: str) -> list[str]:
        return [f"{self.folder}/{log}" for log in _LOGS.get(name, (f"{name}.log",))]

    # -- starting a step

    def _spawn(self, name: str, argv: list[str]) -> tuple[int, int]:
        """Start a step in a session of its own; return (pid, 0), or (0, errno) if it cannot run."""
        logs = [boundedlog.open_log(path) for path in self._logs(name)]
        asked, tell = os.pipe()
        wait, go = os.pipe()
        us = os.getpid()
        pid = os.fork()
        if pid == 0:
            os.close(go)
            where = self.spec.one(f"{name}.cwd") or self.spec.one("workspace")
            self._become(name, argv, where, logs, pipes=(tell, wait), us=us)
        # After the fork: the child prepares itself meanwhile, and then waits for these lines.
        kernel.hide_memory()
        kernel.set_subreaper(True)
        os.close(go)
        os.close(wait)
        os.close(tell)
        for fd in logs:
            os.close(fd)
        trouble = os.read(asked, 16)
        os.close(asked)
        if trouble:
            os.waitpid(pid, 0)
            return 0, int(trouble)
        self._note(name, pid)
        return pid, 0

    def _session_env(self) -> dict[str, str]:
        """Return the environment of a step of the worker. Call it in the child that becomes it.

        The values of `pass_env` are in no spec: they are read from where `trust` stores them.
        """
        env = self.spec.pairs("env")
        names = self.spec.get("pass_env", ())
        if not names:
            return env
        import json  # only in the child: the supervisor stays small while its session lives

        try:
            with open(self.spec.one("secrets"), encoding="utf-8") as file:
                values = json.load(file)
        except (OSError, ValueError):
            values = None
        known = values if isinstance(values, dict) else {}
        return env | {name: str(known[name]) for name in names if name in known}

    def _become(
        self,
        name: str,
        argv: list[str],
        where: str,
        logs: list[int],
        pipes: tuple[int, int],
        us: int,
    ) -> None:
        """Turn into the step, in the child. Never returns.

        `pipes`: one to report an errno to, and one that closes when our parent `us` is ready.
        """
        try:
            os.setsid()
            kernel.die_with_parent(signal.SIGKILL)
            if os.getppid() != us:
                os._exit(127)
            for number in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores these two
                signal.signal(number, signal.SIG_DFL)
            stdin = os.open(self.spec.one(f"{name}.stdin") or os.devnull, os.O_RDONLY)
            for fd, place in ((stdin, 0), (logs[0], 1), (logs[-1], 2)):
                os.dup2(fd, place)
            os.chdir(where)
            env = self.spec.pairs(f"{name}.env") or self._session_env()
            os.read(pipes[1], 1)
            signal.pthread_sigmask(signal.SIG_SETMASK, ())
            os.execvpe(argv[0], argv, env)
        except OSError as error:
            os.write(pipes[0], b"%d" % (error.errno or 1))
        finally:
            os._exit(127)

    def _note(self, name: str, pid: int) -> None:
        """Record a process with its start time, so that others find it when we are gone."""
        process = processes.look(pid)
        try:
            failpoints.reach(f"supervisor.{name}-spawned")
            fd = boundedlog.open_log(f"{self.folder}/pids") if process else -1
        except OSError:  # a full disk: the process runs all the same, and has other traces
            return
        if process and fd >= 0:
            try:
                os.write(fd, f"{name} {pid} {process.start}\n".encode())
                self.noted.add(pid)
            except OSError:
                pass
            os.close(fd)

    def _note_orphans(self) -> None:
        """Record orphans that became our children: they may have no other trace of the run."""
        for pid in processes.children(os.getpid()):
            if pid not in self.noted:
                self._note("orphan", pid)

    # -- watching it

    def _watch(self, pid: int, timeout: float, stall: float, asked: bool) -> tuple[int | None, str]:
        """Wait for the step; return (wait status, why we ended it: "", timeout, stall or stop)."""
        until = time.monotonic() + timeout if timeout > 0 else None
        while True:
            began = time.monotonic()
            status = self._reap(pid)
            if status is not None:
                return status, ""
            cause = self._cause(until, stall, asked)
            if cause:
                return self._end_tree(pid), cause
            planned = min(self.activity.wake, self._next(until, stall))
            self._wait(planned)
            lost = time.monotonic() - began - planned
            if lost >= _PAUSE:  # its batch system has suspended the job: no session's time
                until = until + lost if until is not None else None
                self.activity.since += lost

    def _cause(self, until: float | None, stall: float, asked: bool) -> str:
        self.activity.look()
        self._ring_for_letters()
        self._note_orphans()
        if asked and self._asked():
            return self.how
        if until is not None and time.monotonic() >= until:
            return "timeout"
        if stall > 0 and self.activity.stalled(stall):
            return "stall"
        return ""

    def _next(self, until: float | None, stall: float) -> float:
        """Return the seconds until a limit may be reached."""
        now = time.monotonic()
        limits = (until, self.activity.since + stall if stall else None)
        left = [limit - now for limit in limits if limit]
        return max(min(left, default=self.beat), 0.01)

    def _ring_for_letters(self) -> None:
        """Have the tick that stands by, if any, read new letters in the session's mailbox."""
        mailbox = f"{self.folder}/mailbox"
        try:
            changed = os.stat(mailbox).st_mtime_ns
            waiting = changed != self.letters_rung and os.listdir(mailbox)
        except OSError:  # a run of an older version has none
            return
        if waiting:
            from gitkanban.runs.supervision import bell  # late: most sessions never write

            pipe, lock = self.spec.get("bell", ("", ""))
            if pipe and bell.ring(pipe, lock, self.spec.one("run")):
                self.letters_rung = changed

    def _asked(self) -> bool:
        """Return whether the run must end: by a stop request, or because the machine shuts down."""
        try:
            with open(f"{self.folder}/stop", encoding="utf-8", errors="replace") as file:
                self.error = " ".join(file.read().split())[:500]
            self.how = "stop"
        except OSError:  # there is none; if the share is away, that is no request either
            if not self.ends_by_signal:
                return False
            self.how, self.error = "lost", "its supervisor was told to end"
        return True

    # -- signals and children

    def _wait(self, seconds: float) -> None:
        """Sleep until a child ends, a signal asks us to stop, or the time is up; then beat."""
        number = _wait_signal(seconds)
        if number in _STOPPING:
            self.ends_by_signal = True
        try:
            os.utime(f"{self.folder}/beat")
        except OSError:
            pass

    def _reap(self, pid: int) -> int | None:
        """Reap every child that ended; return the wait status of `pid` if it is among them."""
        its_status = None
        while True:
            try:
                ended, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return its_status
            if ended == 0:
                return its_status
            if ended == pid:
                its_status = status

    def _end_tree(self, pid: int = 0) -> int | None:
        """End every descendant: TERM, grace, KILL. As subreaper we are ancestor of them all."""
        status = None
        asked = False
        began = time.monotonic()
        until = began + self.grace
        while True:
            got = self._reap(pid)
            status = got if got is not None else status
            below = processes.descendants(os.getpid()) if _has_children() else []
            if not below and not _has_children():
                return status
            now = time.monotonic()
            for process in below:
                if now >= until:
                    processes.tell(process, signal.SIGKILL)
                elif not asked:
                    processes.tell(process, signal.SIGTERM)
                    processes.tell(process, signal.SIGCONT)
            if not below and pid:  # no /proc (macOS): we only know the step's own group
                _tell_group(pid, signal.SIGKILL if now >= until else signal.SIGTERM)
            asked = True
            late = now - until
            self._wait(_HARD if late > 10 else 0.02 if late >= 0 else min(until - now, 0.1))

    def _end_strays(self) -> None:
        """End what another daemon started for the session: outside our tree, but marked."""
        run = self.spec.one("run")
        while processes.end(lambda: processes.marked(run, processes.everyone()), self.grace):
            self._wait(_HARD)

    # -- the end

    def _record(self) -> None:
        """Write the exit record; on a full disk keep the locks and try until it is written."""
        while True:
            text = spec.exit_record(int(time.time()), self.how, self.steps, self.error)
            try:
                files.replace(f"{self.folder}/exit.json", text)
                return
            except FileNotFoundError:
                return  # the run folder was removed: nobody is left to read a record
            except OSError:
                self._wait(self.beat)

    def hand_on(self, locks: list[int]) -> None:
        """Tell the tick that stands by, or become one, so that the next card starts now.

        Returns when a standby got the message, or the run has none.
        """
        argv = self.spec.get("tick")
        if not argv or self.how == "lost":  # the machine shuts down: nothing new starts
            return
        kernel.set_subreaper(False)
        failpoints.reach("supervisor.hand-on")
        for fd in locks:  # collecting the run takes them once more
            _close_quietly(fd)
        from gitkanban.runs.supervision import (
            bell,  # late: a supervisor stays small while its session lives
        )

        where = self.spec.one("tick_cwd", "/")
        if not os.path.isdir(where):  # the repository was moved: the next tick finds it
            return
        pipe, lock = self.spec.get("bell", ("", ""))
        if bell.ring(pipe, lock, self.spec.one("run")):
            return
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        os.chdir(where)
        os.execvpe(argv[0], argv, self.spec.pairs("tick.env"))


def _has_children() -> bool:
    try:
        if hasattr(os, "waitid"):
            os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        else:  # macOS before Python 3.13
            os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return False
    return True


def _tell_group(group: int, number: int) -> None:
    try:
        os.killpg(group, number)
    except OSError:
        pass


def _wait_signal(seconds: float) -> int:
    """Return the number of the signal that came within `seconds`, 0 for none."""
    if hasattr(signal, "sigtimedwait"):
        came = signal.sigtimedwait(WOKEN_BY, seconds)
        return came.si_signo if came else 0
    time.sleep(min(seconds, 0.2))  # macOS has no sigtimedwait: look more often instead
    pending = signal.sigpending()
    return next((int(number) for number in _STOPPING if number in pending), 0)


def _close_quietly(fd: int) -> None:
    try:
        os.close(fd)
    except OSError:  # the descriptor that read the list itself
        pass


def _detach_process(folder: str, keep: list[int]) -> None:
    """Leave the caller's session, terminal and descriptors; keep the locks, closed on exec."""
    try:
        os.setsid()
    except PermissionError:  # we lead a session already
        pass
    os.chdir(folder)  # whose files are found from here, also when the repository is moved
    null = os.open(os.devnull, os.O_RDONLY)
    log = boundedlog.open_log("./supervisor.log")
    for fd, place in ((null, 0), (log, 1), (log, 2)):
        os.dup2(fd, place)
    for fd in [int(name) for name in os.listdir("/dev/fd")]:
        if fd in keep:
            os.set_inheritable(fd, False)
        elif fd > 2:
            _close_quietly(fd)
    for number in WOKEN_BY:  # an ignored SIGCHLD, say, would be inherited
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, WOKEN_BY)


def _take_guard(its_spec: spec.Spec) -> bool:
    """Take the guard of a run that a batch system has started; False if it began before."""
    from gitkanban.runs.supervision import guard  # late: runs of this machine have none

    job, node = (os.environ.get(name, "") for name in its_spec.get("guard", ())[:2])
    begins = guard.begin(".", job, node or os.uname().nodename)
    if not begins:
        sys.stderr.write(f"job {job} on {node} leaves: the run began before, or may not begin\n")
    return begins


def main() -> None:
    """Supervise the run of the folder in argv[2]; argv[3:] are the lock descriptors."""
    folder = sys.argv[2]
    locks = [int(word) for word in sys.argv[3:]]
    _detach_process(folder, locks)
    supervisor = Supervisor(".")
    if "failpoint" in supervisor.spec:
        failpoints.arm(*supervisor.spec["failpoint"])
    if supervisor.spec.one("guard") and not _take_guard(supervisor.spec):
        return
    failpoints.reach("supervisor.begun")
    supervisor.run()
    supervisor.hand_on(locks)
