"""A command as a child process with pipes, started without `subprocess` where that can be.

To import `subprocess` takes longer than most gits run. What it does is done here by `posix_spawn`:
the same descriptors, groups and signals for the child. Limits are not known here (`limited`).
"""

import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress

from gitkanban.late import subprocess
from gitkanban.typed import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from subprocess import Popen

# SIGPIPE and SIGXFSZ, which Python ignores and a child must not; `signal` is slow to import.
_IGNORED = (13, 25)
_KILL = 9
_DELAY_MOST = 0.05  # seconds between looks for the end of a child


class Child:
    """A running command. `stdin` (-1: none), `stdout` and `stderr` are our ends of its pipes."""

    def __init__(
        self,
        argv: Sequence[str],
        env: Mapping[str, str],
        cwd: str | None,
        has_input: bool,
        apart: bool,
    ) -> None:
        """Start it. `cwd` None: in our own folder. `apart`: in a session of its own.

        Without `apart` it gets a process group of its own, unless we are on a terminal: there ssh
        may ask for a passphrase, which only the foreground group can. Raises OSError.
        """
        on_terminal = sys.stdin is not None and sys.stdin.isatty()
        self.leads = apart or not on_terminal  # a process group
        self._code: int | None = None
        self._process: Popen[bytes] | None = None
        self.stdin = self.stdout = self.stderr = -1
        theirs = [-1, -1, -1]
        try:
            self.stdout, theirs[1] = os.pipe()
            self.stderr, theirs[2] = os.pipe()
            if has_input:
                theirs[0], self.stdin = os.pipe()
            self.pid = self._spawn_posix(argv, env, theirs, apart) if cwd is None else 0
            if not self.pid:
                self.pid = self._open_by_subprocess(argv, env, cwd, theirs, apart=apart)
        except BaseException:
            self.close()
            raise
        finally:
            _close_all(theirs)

    def _spawn_posix(
        self, argv: Sequence[str], env: Mapping[str, str], streams: Sequence[int], apart: bool
    ) -> int:
        """Start it by `posix_spawn`, with these (or -1) for streams 0 to 2, and return its id.

        0 where only `subprocess` can: one of our own streams is closed, or what else it would
        inherit is not known, or the system has no `setsid` there.
        """
        strays = list(_inheritable_descriptors())
        if -1 in strays or any(0 <= fd <= 2 for fd in streams):
            return 0
        actions: list[Any] = [(os.POSIX_SPAWN_CLOSE, stray) for stray in strays]
        actions += [
            (os.POSIX_SPAWN_DUP2, fd, to)
            if fd >= 0
            else (os.POSIX_SPAWN_OPEN, to, os.devnull, os.O_RDONLY, 0)
            for to, fd in enumerate(streams)
        ]
        group: dict[str, Any] = (
            {"setsid": True} if apart else {"setpgroup": 0} if self.leads else {}
        )
        try:
            return os.posix_spawnp(
                argv[0], list(argv), env, file_actions=actions, setsigdef=_IGNORED, **group
            )
        except NotImplementedError:
            return 0

    def _open_by_subprocess(
        self,
        argv: Sequence[str],
        env: Mapping[str, str],
        cwd: str | None,
        streams: Sequence[int],
        apart: bool,
    ) -> int:
        stdin, stdout, stderr = streams
        self._process = subprocess.Popen(
            argv, cwd=cwd, env=env, stdin=stdin if stdin >= 0 else subprocess.DEVNULL,
            stdout=stdout, stderr=stderr,
            process_group=0 if self.leads and not apart else None, start_new_session=apart,
        )  # fmt: skip
        return self._process.pid

    def poll(self) -> int | None:
        """Return how it ended (a signal as its negative number); None while it runs."""
        if self._process:
            self._code = self._process.poll()
        elif self._code is None:
            try:
                pid, status = os.waitpid(self.pid, os.WNOHANG)
            except ChildProcessError:  # whoever started us ignores SIGCHLD: nobody can know
                pid, status = self.pid, 0
            self._code = os.waitstatus_to_exitcode(status) if pid else None
        return self._code

    def wait(self, patience: float | None) -> int | None:
        """Return how it ended; None if it has not after `patience` seconds (None: no limit)."""
        until = None if patience is None else time.monotonic() + patience
        delay = 0.0002
        while (code := self.poll()) is None and (until is None or time.monotonic() < until):
            time.sleep(delay)
            delay = min(2 * delay, _DELAY_MOST)
        return code

    def kill(self) -> None:
        """Kill it, though not what it has started. Any thread may; nothing is awaited."""
        with suppress(ProcessLookupError):
            if self._code is None:
                os.kill(self.pid, _KILL)

    def close_input(self) -> None:
        """Close its standard input, if it is open."""
        if self.stdin >= 0:
            os.close(self.stdin)
        self.stdin = -1

    def close(self) -> None:
        """Close our ends of its pipes."""
        _close_all([self.stdin, self.stdout, self.stderr])
        self.stdin = self.stdout = self.stderr = -1


def _close_all(descriptors: Sequence[int]) -> None:
    for fd in descriptors:
        if fd >= 0:
            os.close(fd)


def _inheritable_descriptors() -> Iterator[int]:
    """Yield descriptors beyond the standard streams that a child would inherit; -1: not known."""
    try:
        names = os.listdir("/dev/fd")
    except OSError:
        names = ["-1"]
    for fd in map(int, names):
        try:
            if fd < 0 or (fd > 2 and os.get_inheritable(fd)):
                yield fd
        except OSError:  # that of the listing
            pass
