"""Processes of a run: who descends from whom, who survived, and how they are ended.

It decides nothing about runs. On Linux all of it is in /proc; elsewhere these functions find
nothing, and the caller has only process groups. The supervisor imports this module, so it imports
next to nothing itself.
"""

import os
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    from collections.abc import Callable, Iterable
else:  # the same functions without `enum`, which costs a supervisor as much as all of its own
    import _signal as signal

MARKER = "GITKANBAN_RUN"
_STARTS_SUPERVISOR = "supervisor import main"  # in the command of a supervisor of any version


class Process:
    """Fields of /proc/<pid>/stat: parent, session, start time in ticks since boot, and state."""

    __slots__ = ("parent", "pid", "session", "start", "state")

    def __init__(self, pid: int, state: str, parent: int, session: int, start: int) -> None:
        self.pid = pid
        self.state = state
        self.parent = parent
        self.session = session
        self.start = start


def look(pid: int) -> Process | None:
    """Return the process, None when it is gone or a zombie."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            text = file.read()
    except OSError:
        return None
    # The name in parentheses may have any character, parentheses too: count from the last one.
    words = text[text.rfind(b")") + 2 :].split()
    if len(words) < 20 or words[0] in (b"Z", b"X"):
        return None
    return Process(pid, words[0].decode(), int(words[1]), int(words[3]), start=int(words[19]))


def everyone() -> list[Process]:
    """Return every live process that is visible, except ourselves."""
    try:
        names = os.listdir("/proc")
    except OSError:
        return []
    mine = os.getpid()
    pids = (int(name) for name in names if name.isdigit())
    return [process for pid in pids if pid != mine and (process := look(pid)) is not None]


def descendants(root: int, among: "Iterable[Process] | None" = None) -> list[Process]:
    """Return every live process that descends from `root`. Raises ValueError for no process."""
    if root <= 0:  # every process there is descends from 0
        raise ValueError(f"{root} is no process")
    children: dict[int, list[Process]] = {}
    for process in everyone() if among is None else among:
        children.setdefault(process.parent, []).append(process)
    family: list[Process] = []
    todo = [root]
    while todo:
        below = children.pop(todo.pop(), [])
        family += below
        todo += [process.pid for process in below]
    return family


def children(pid: int) -> list[int]:
    """Return the children of a single-threaded process, cheaply; empty if they cannot be read."""
    try:
        with open(f"/proc/{pid}/task/{pid}/children", "rb") as file:
            return [int(word) for word in file.read().split()]
    except OSError:
        return []


def marked(run: str, among: "Iterable[Process]", marker: str = MARKER) -> list[Process]:
    """Return the processes that have the run's marker in their environment."""
    needle = f"{marker}={run}\0".encode()
    return [process for process in among if needle in _environment_bytes(process.pid)]


def _environment_bytes(pid: int) -> bytes:
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            return b"\0" + file.read() + b"\0"
    except OSError:
        return b""


_above: "list[tuple[str, str]]" = []  # result of `session_above`: parents do not change


def session_above() -> tuple[str, str]:
    """Return (card, run) of the session that we run in; two empty strings for none.

    Our own environment does not count: a session can empty it, but not that of its ancestors. Its
    supervisor hides its environment, but has its run's folder in its command line.
    """
    if not _above:
        _above.append(_find_session_above())
    return _above[0]


def _find_session_above() -> tuple[str, str]:
    pid = os.getppid()
    while pid > 1:
        environment = _environment_of(pid)
        if environment.get(MARKER):
            return environment.get("GITKANBAN_CARD", ""), environment[MARKER]
        run = _supervised_run(pid)
        if run:
            return "", run
        above = look(pid)
        pid = above.parent if above else 0
    return "", ""


def _environment_of(pid: int) -> dict[str, str]:
    entries = _environment_bytes(pid).decode("utf-8", "surrogateescape").split("\0")
    return dict(entry.partition("=")[::2] for entry in entries if "=" in entry)


def _supervised_run(pid: int) -> str:
    """Return the run that the process supervises; empty if it is no supervisor."""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            words = file.read().decode("utf-8", "surrogateescape").split("\0")
    except OSError:
        return ""
    at = next((n for n, word in enumerate(words) if _STARTS_SUPERVISOR in word), 0)
    return os.path.basename(words[at + 2]) if at and len(words) > at + 2 else ""


def holding(folder: str, among: "Iterable[Process]") -> list[Process]:
    """Return the processes with a file of `folder` open for writing, such as an inherited log.

    Those that only read there (`tail -f`) do not count.
    """
    inside = os.path.realpath(folder) + "/"
    return [process for process in among if _writes_in(process.pid, inside)]


def _writes_in(pid: int, inside: str) -> bool:
    table = f"/proc/{pid}/fd"
    try:
        for name in os.listdir(table):
            link = f"{table}/{name}"
            if os.readlink(link).startswith(inside) and os.lstat(link).st_mode & 0o200:
                return True
    except OSError:
        pass
    return False


def opened(path: str) -> list[Process]:
    """Return the processes that have this file open, for reading or writing."""
    real = os.path.realpath(path)
    return [process for process in everyone() if _has_open(process.pid, real)]


def _has_open(pid: int, real: str) -> bool:
    table = f"/proc/{pid}/fd"
    try:
        return any(os.readlink(f"{table}/{name}") == real for name in os.listdir(table))
    except OSError:
        return False


def survivors(run: str, folder: str, noted: "Iterable[tuple[int, int]]" = ()) -> list[Process]:
    """Return live processes of a run, by marker, inherited descriptor, session, or ancestors.

    `noted` are (pid, start time) of processes of the run, as recorded since boot. They count, with
    their descendants and the sessions that they lead or led. If a pid now belongs to a younger
    process, it was reused and does not count.
    """
    present = everyone()
    ours = dict(noted)
    starts = {process.pid: process.start for process in present}
    by_pid = {p.pid: p for p in (*marked(run, present), *holding(folder, present))}
    for process in present:
        first = ours.get(process.session)
        if (
            first is not None
            and process.start >= first
            and starts.get(process.session, first) == first
        ):
            by_pid[process.pid] = process
    kin = [p for p in present if ours.get(p.pid) == p.start]
    for process in [*kin, *(below for p in kin for below in descendants(p.pid, present))]:
        by_pid[process.pid] = process
    return list(by_pid.values())


def tell(process: Process, number: int) -> None:
    """Send a signal to this process, but not to another one that reuses its pid."""
    try:
        if not hasattr(os, "pidfd_open"):
            os.kill(process.pid, number)
            return
        fd = os.pidfd_open(process.pid)
        try:
            now = look(process.pid)
            if now is not None and now.start == process.start:
                signal.pidfd_send_signal(fd, number)
        finally:
            os.close(fd)
    except OSError:  # it is gone, or we may not signal it: the caller looks again
        pass


def end(find: "Callable[[], list[Process]]", grace: float, patience: float = 10.0) -> list[Process]:
    """End the processes that `find` returns: TERM, `grace` seconds, then KILL until none is left.

    Return those that remain `patience` seconds after the first KILL, because they hang in the
    kernel or belong to another user.
    """
    left = find()
    for process in left:
        tell(process, signal.SIGTERM)
        tell(process, signal.SIGCONT)  # a stopped process does not even see the TERM
    until = time.monotonic() + grace
    while left and time.monotonic() < until:
        time.sleep(0.02)
        left = [process for process in left if alive(process)] or find()
    until = time.monotonic() + patience
    while left and time.monotonic() < until:
        for process in left:
            tell(process, signal.SIGKILL)
        time.sleep(0.01)
        left = find()
    return left


def alive(process: Process) -> bool:
    """Return whether this process, not one that reuses its pid, still runs."""
    now = look(process.pid)
    return now is not None and now.start == process.start
