"""Runs a program on a terminal of its own, and gives what it prints there."""

import os
import pty
import struct
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from fcntl import ioctl
from pathlib import Path
from select import select
from termios import TIOCSWINSZ


def run_on_terminal(
    argv: Sequence[str],
    cwd: Path,
    env: Mapping[str, str],
    *,
    columns: int = 80,
    rows: int = 200,
    seconds: float = 120.0,
) -> tuple[int, str]:
    """Exit code and what was printed, both streams together; nobody types.

    Raises AssertionError when the program does not end in time.
    """
    ours, theirs = pty.openpty()
    ioctl(theirs, TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    process = subprocess.Popen(
        argv, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    try:
        printed = b"".join(_read_all(ours, time.monotonic() + seconds))
        code = process.wait(timeout=30)
    finally:
        process.kill()
        process.wait()
        os.close(ours)
    return code, printed.decode().replace("\r\n", "\n")


def _read_all(terminal: int, until: float) -> Iterator[bytes]:
    """What comes until the other side is closed."""
    while True:
        ready = select([terminal], [], [], max(0.0, until - time.monotonic()))[0]
        assert ready, "the program prints nothing more and does not end"
        try:
            part = os.read(terminal, 1 << 16)
        except OSError:  # Linux says so at the end
            return
        if not part:
            return
        yield part
