"""Processes of a run: who descends from whom, who survived, and how they are ended.

It decides nothing about runs. Linux tells all of it in /proc; elsewhere these functions find
nothing and the caller is left with process groups. Imported by the supervisor, so it imports
next to nothing.
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


def boot_id() -> str:
    """What identifies this boot of the machine; empty if it cannot be known."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return ""


class Process:
    """What /proc/<pid>/stat says: parent, session, start time in ticks since boot, and state."""

    __slots__ = ("parent", "pid", "session", "start", "state")

    def __init__(self, pid: int, state: str, parent: int, session: int, start: int) -> None:
        self.pid = pid
        self.state = state
        self.parent = parent
        self.session = session
        self.start = start


def look(pid: int) -> Process | None:
    """The process, None when it is gone (or is only waiting for its parent to notice)."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            text = file.read()
    except OSError:
        return None
    # The name in parentheses may hold anything, parentheses too: count from the last one.
    words = text[text.rfind(b")") + 2 :].split()
    if len(words) < 20 or words[0] in (b"Z", b"X"):
        return None
    return Process(pid, words[0].decode(), int(words[1]), int(words[3]), start=int(words[19]))


def everyone() -> list[Process]:
    """Every live process that can be seen, ourselves excluded."""
    try:
        names = os.listdir("/proc")
    except OSError:
        return []
    mine = os.getpid()
    pids = (int(name) for name in names if name.isdigit())
    return [process for pid in pids if pid != mine and (process := look(pid)) is not None]


def descendants(root: int, among: "Iterable[Process] | None" = None) -> list[Process]:
    """Every live process whose line of parents leads to `root`."""
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
    """The direct children of a one-threaded process, cheaply; empty if it cannot be said."""
    try:
        with open(f"/proc/{pid}/task/{pid}/children", "rb") as file:
            return [int(word) for word in file.read().split()]
    except OSError:
        return []


def marked(run: str, among: "Iterable[Process]", marker: str = MARKER) -> list[Process]:
    """Those of the processes that carry the run's marker in their environment."""
    needle = f"{marker}={run}\0".encode()
    return [process for process in among if needle in _environment_bytes(process.pid)]


def _environment_bytes(pid: int) -> bytes:
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            return b"\0" + file.read() + b"\0"
    except OSError:
        return b""


_above: "list[tuple[str, str]]" = []  # what `session_above` found: parents do not change


def session_above() -> tuple[str, str]:
    """(card, run) of the session that an ancestor of ours belongs to; two empty strings for none.

    Whatever our own environment says: a session can empty it, but not that of what started it. Its
    supervisor hides its environment, and shows its run's folder in its command line.
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
    """The run that the process supervises; empty if it is not a supervisor."""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            words = file.read().decode("utf-8", "surrogateescape").split("\0")
    except OSError:
        return ""
    at = next((n for n, word in enumerate(words) if _STARTS_SUPERVISOR in word), 0)
    return os.path.basename(words[at + 2]) if at and len(words) > at + 2 else ""


def holding(folder: str, among: "Iterable[Process]") -> list[Process]:
    """Those with a file of `folder` open for writing, as a session inherits its logs.

    Somebody who only reads there (`tail -f`) is not meant.
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
    """Those that have this very file open, for reading or writing."""
    real = os.path.realpath(path)
    return [process for process in everyone() if _has_open(process.pid, real)]


def _has_open(pid: int, real: str) -> bool:
    table = f"/proc/{pid}/fd"
    try:
        return any(os.readlink(f"{table}/{name}") == real for name in os.listdir(table))
    except OSError:
        return False


def survivors(run: str, folder: str, noted: "Iterable[tuple[int, int]]" = ()) -> list[Process]:
    """Live processes that belong to a run: by marker, inherited descriptor, session, or parents.

    `noted` are processes of the run, (pid, start time), as recorded at this boot: those and what
    descends from them, and the sessions that they lead or led. A number that now names a younger
    process was reused: it is not the run's.
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
    """Send a signal to this very process, not to one that reuses its number."""
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
    except OSError:  # it is gone, or not ours to signal: the caller looks again
        pass


def end(find: "Callable[[], list[Process]]", grace: float, patience: float = 10.0) -> list[Process]:
    """End the processes that `find` gives: TERM, `grace` seconds, then KILL until none is left.

    Returns those still there `patience` seconds after the first KILL (in the kernel, or another
    user's).
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
    """Whether this very process still runs."""
    now = look(process.pid)
    return now is not None and now.start == process.start
