"""Running a command that must end: within a time limit, and, if asked, with regular output.

A command that does not end is killed with all that it has started. It knows nothing of git.
"""

import os
import select
import time
from collections import deque
from collections.abc import Mapping, Sequence

from gitkanban.board.repo.child import Child
from gitkanban.typed import NamedTuple

_LOOK = 0.2  # seconds between checks for the command's end while others hold its pipes
_CHUNK = 1 << 16


class Ended(NamedTuple):
    """How a command ended."""

    code: int
    out: bytes
    err: bytes


class TimedOut(Exception):
    """The command was killed after `seconds`; `silent`: because it printed nothing for so long."""

    def __init__(self, seconds: float, silent: bool) -> None:
        super().__init__(f"no {'sign of life' if silent else 'end'} in {seconds:g} s")
        self.seconds, self.silent = seconds, silent


def run(
    argv: Sequence[str],
    *,
    cwd: str | None,
    env: Mapping[str, str],
    input: bytes | None = None,
    limit: float | None = None,
    silence: float | None = None,
    apart: bool = False,
    most: int | None = None,
) -> Ended:
    """Run a command without a terminal and collect what it prints.

    `cwd` None: in our own folder, which starts sooner. `limit` is how many seconds it may take,
    `silence` how many may pass without output; None: no limit. `most` is how many bytes are kept
    of the end of either output; None: all. With `apart` the command gets a session of its own, and
    so cannot reach the terminal.

    What the command leaves running may hold its pipes; only the command's own end is awaited.
    Raises TimedOut, and OSError where the command cannot be started.
    """
    begun = time.monotonic()
    child = Child(argv, env, cwd, has_input=input is not None, apart=apart)
    try:
        return _gather_output(child, input or b"", limit, silence, begun=begun, most=most)
    except BaseException:
        _kill_command(child)
        raise
    finally:
        child.close()


def _gather_output(
    child: Child,
    input: bytes,
    limit: float | None,
    silence: float | None,
    begun: float,
    most: int | None,
) -> Ended:
    heard = begun
    printed = {child.stdout: _Output(most), child.stderr: _Output(most)}
    pipes, reading = select.poll(), set(printed)
    for fd in printed:
        pipes.register(fd, select.POLLIN)
    if child.stdin >= 0:
        os.set_blocking(child.stdin, False)
        pipes.register(child.stdin, select.POLLOUT)
    over = False  # whether it has ended; what it printed last may still be in the pipes
    while reading or child.stdin >= 0:
        ready = pipes.poll(0 if over else _LOOK * 1000)
        if not ready and over:
            break  # what still holds its pipes is not the command
        over = over or (not ready and child.poll() is not None)
        for fd, _ in ready:
            if fd == child.stdin:
                input = _feed_input(child, pipes, input)
            elif piece := os.read(fd, _CHUNK):
                printed[fd].add(piece)
            else:
                pipes.unregister(fd)
                reading.discard(fd)
        now = time.monotonic()
        heard = now if ready else heard
        _check_limits(now - begun, limit, now - heard, silence)
    while (code := child.wait(_LOOK)) is None:  # it has closed its pipes, and goes on
        now = time.monotonic()
        _check_limits(now - begun, limit, now - heard, silence)
    out, err = (each.end() for each in printed.values())
    return Ended(code, out, err)


class _Output:
    """What a command has printed, or its last `most` bytes."""

    def __init__(self, most: int | None) -> None:
        self._most = most
        self._pieces: deque[bytes] = deque()
        self._size = 0

    def add(self, piece: bytes) -> None:
        self._pieces.append(piece)
        self._size += len(piece)
        while self._most is not None and self._size - len(self._pieces[0]) >= self._most:
            self._size -= len(self._pieces.popleft())

    def end(self) -> bytes:
        whole = b"".join(self._pieces)
        return whole if self._most is None else whole[max(0, len(whole) - self._most) :]


def _check_limits(taken: float, limit: float | None, quiet: float, silence: float | None) -> None:
    if limit is not None and taken > limit:
        raise TimedOut(limit, False)
    if silence is not None and quiet > silence:
        raise TimedOut(silence, True)


def _feed_input(child: Child, pipes: select.poll, input: bytes) -> bytes:
    """Write as much input as fits, and return the rest."""
    try:
        input = input[os.write(child.stdin, input[:_CHUNK]) :] if input else b""
    except BrokenPipeError:
        input = b""
    if not input:
        pipes.unregister(child.stdin)
        child.close_input()
    return input


def _kill_command(child: Child) -> None:
    """Kill the command and what it has started."""
    import signal

    if child.poll() is not None and not child.leads:
        return
    try:
        if child.leads:
            os.killpg(child.pid, signal.SIGKILL)
        else:
            os.kill(child.pid, signal.SIGTERM)  # git passes that on to its own children
            if child.wait(1.0) is None:
                os.kill(child.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    child.wait(None)
