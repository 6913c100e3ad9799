"""The command line of every process, also of one that has only just been started.

The kernel wakes who starts a program before the new process has its words: on a busy machine it has
none for a tenth of a second, and who looks for it by its words then would take it for ended.
"""

import os
import sys
import time
from collections.abc import Iterator

_DEADLINE = 60.0  # seconds; only a process that has no words at all reaches it
_STEP = 0.001  # seconds
_PYTHON = os.path.realpath(sys.executable)


def command_lines() -> Iterator[tuple[int, list[bytes]]]:
    """(pid, words) of each process that has any; none where there is no `/proc`."""
    for name in filter(str.isdigit, os.listdir("/proc") if os.path.exists("/proc") else ()):
        end = time.monotonic() + _DEADLINE
        while not (text := _read_words(name)) and _is_ours(name) and time.monotonic() < end:
            time.sleep(_STEP)
        if text:
            yield int(name), text.split(b"\0")


def _read_words(pid: str) -> bytes:
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read()
    except OSError:
        return b""


def _is_ours(pid: str) -> bool:
    """Whether it runs the Python that the tests run, and has not ended: a zombie runs nothing."""
    try:
        return os.readlink(f"/proc/{pid}/exe") == _PYTHON
    except OSError:
        return False
