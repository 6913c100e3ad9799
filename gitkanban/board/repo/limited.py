"""Running a command that must end: within a time limit, and, if asked, with regular output.

A command that does not end is killed with all that it has started. It knows nothing of git.
"""

import os
import selectors
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Mapping, Sequence

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
    cwd: str,
    env: Mapping[str, str],
    input: bytes | None = None,
    limit: float | None = None,
    silence: float | None = None,
    apart: bool = False,
    most: int | None = None,
) -> Ended:
    """Run a command without a terminal and collect what it prints.

    `limit` is how many seconds it may take, `silence` how many may pass without output; None: no
    limit. `most` is how many bytes are kept of the end of either output; None: all. With `apart`
    the command gets a session of its own, and so cannot reach the terminal.

    What the command leaves running may hold its pipes; only the command's own end is awaited.
    Raises TimedOut, and OSError where the command cannot be started.
    """
    process = subprocess.Popen(
        argv, cwd=cwd, env=env, stdin=subprocess.DEVNULL if input is None else subprocess.PIPE,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        process_group=None if apart else _own_group(), start_new_session=apart,
    )  # fmt: skip
    try:
        return _gather_output(process, input or b"", limit, silence, most=most)
    except BaseException:
        _kill_command(process, apart or _own_group() is not None)
        raise
    finally:
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe:
                pipe.close()


def _own_group() -> int | None:
    # On a terminal ssh may ask for a passphrase, which only the foreground group can.
    return None if sys.stdin is not None and sys.stdin.isatty() else 0


def _gather_output(
    process: subprocess.Popen[bytes],
    input: bytes,
    limit: float | None,
    silence: float | None,
    most: int | None,
) -> Ended:
    begun = heard = time.monotonic()
    printed: dict[int, _Output] = {}
    assert process.stdout
    assert process.stderr
    with selectors.PollSelector() as pipes:
        for pipe in (process.stdout, process.stderr):
            pipes.register(pipe, selectors.EVENT_READ)
            printed[pipe.fileno()] = _Output(most)
        if process.stdin:
            os.set_blocking(process.stdin.fileno(), False)
            pipes.register(process.stdin, selectors.EVENT_WRITE)
        while pipes.get_map():
            ready = pipes.select(_LOOK)
            if not ready and process.poll() is not None:
                break  # what still holds its pipes is not the command
            for key, _ in ready:
                if key.fileobj is process.stdin:
                    input = _feed_input(process, pipes, input)
                elif piece := os.read(key.fd, _CHUNK):
                    printed[key.fd].add(piece)
                else:
                    pipes.unregister(key.fileobj)
            now = time.monotonic()
            heard = now if ready else heard
            _check_limits(now - begun, limit, now - heard, silence)
    left = None if limit is None else max(0.0, limit - (time.monotonic() - begun))
    try:
        code = process.wait(left)
    except subprocess.TimeoutExpired:
        raise TimedOut(limit or 0.0, False) from None
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


def _feed_input(
    process: subprocess.Popen[bytes], pipes: selectors.BaseSelector, input: bytes
) -> bytes:
    """Write as much input as fits, and return the rest."""
    assert process.stdin
    try:
        input = input[os.write(process.stdin.fileno(), input[:_CHUNK]) :] if input else b""
    except BrokenPipeError:
        input = b""
    if not input:
        pipes.unregister(process.stdin)
        process.stdin.close()
    return input


def _kill_command(process: subprocess.Popen[bytes], leads: bool) -> None:
    """Kill the command and what it has started. `leads`: it has a process group of its own."""
    try:
        if not leads:
            process.terminate()  # git passes that on to its own children
            process.wait(1.0)
        else:
            os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, subprocess.TimeoutExpired):
        process.kill()
    process.wait()
