"""A command as a child process with pipes, started without `subprocess` where that can be.

To import `subprocess` takes longer than most gits run. What it does is done here by `posix_spawn`:
the same descriptors, groups and signals for the child. Limits are not known here (`limited`).
"""

import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence

from gitkanban.late import subprocess
from gitkanban.typed import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from subprocess import Popen

# SIGPIPE and SIGXFSZ, which Python ignores and a child must not; `signal` is slow to import.
_IGNORED = (13, 25)
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
        strays = list(_inheritable_descriptors()) if cwd is None else None
        if strays is None or not self._spawn(argv, env, strays, has_input, apart=apart):
            self._open(argv, env, cwd, has_input, apart=apart)

    def _spawn(
        self,
        argv: Sequence[str],
        env: Mapping[str, str],
        strays: Sequence[int],
        has_input: bool,
        apart: bool,
    ) -> bool:
        """Start it by `posix_spawn`; False where only `subprocess` can."""
        if -1 in strays:
            return False
        pipes = [os.pipe() for _ in range(2 + has_input)]
        theirs = [pipes[0][1], pipes[1][1], *(pipe[0] for pipe in pipes[2:])]
        ours = [pipes[0][0], pipes[1][0], *(pipe[1] for pipe in pipes[2:])]
        actions: list[Any] = [(os.POSIX_SPAWN_CLOSE, stray) for stray in strays]
        actions += [
            (os.POSIX_SPAWN_DUP2, fd, to) for fd, to in zip(theirs, (1, 2, 0), strict=False)
        ]
        if not has_input:
            actions.append((os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0))
        group: dict[str, Any] = (
            {"setsid": True} if apart else {"setpgroup": 0} if self.leads else {}
        )
        done = False
        try:
            if min(theirs) > 2:  # else one of our own streams was closed
                self.pid = os.posix_spawnp(
                    argv[0], list(argv), env, file_actions=actions, setsigdef=_IGNORED, **group
                )
                done = True
        except NotImplementedError:  # a system without `setsid` there
            pass
        finally:
            for fd in theirs if done else (*theirs, *ours):
                os.close(fd)
        if done:
            self.stdout, self.stderr, self.stdin = (*ours, -1)[:3]
        return done

    def _open(
        self,
        argv: Sequence[str],
        env: Mapping[str, str],
        cwd: str | None,
        has_input: bool,
        apart: bool,
    ) -> None:
        process = subprocess.Popen(
            argv, cwd=cwd, env=env, stdin=subprocess.PIPE if has_input else subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            process_group=0 if self.leads and not apart else None, start_new_session=apart,
        )  # fmt: skip
        assert process.stdout and process.stderr
        self.pid, self._process = process.pid, process
        # Descriptors of our own: the process object closes its pipes.
        pipes = (process.stdout, process.stderr, process.stdin)
        self.stdout, self.stderr, self.stdin = (os.dup(p.fileno()) if p else -1 for p in pipes)
        for pipe in pipes:
            if pipe:
                pipe.close()

    def poll(self) -> int | None:
        """Return how it ended (a signal as its negative number); None while it runs."""
        if self._process:
            return self._process.poll()
        if self._code is None:
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

    def close_input(self) -> None:
        """Close its standard input, if it is open."""
        if self.stdin >= 0:
            os.close(self.stdin)
        self.stdin = -1

    def close(self) -> None:
        """Close our ends of its pipes."""
        self.close_input()
        os.close(self.stdout)
        os.close(self.stderr)


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
