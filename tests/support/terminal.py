"""A command at a terminal of its own: what it prints, what is typed there, how it ends.

Every wait has an end. The end of the command counts, not that of the terminal: what a command
leaves running may hold its terminal open for as long as it likes.
"""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = str(Path(__file__).parents[2])
DEADLINE = 120.0  # seconds that only a broken program reaches, on a machine that is busy
_CALM = 0.3  # seconds without output after which a key is typed
_AGAIN = 5.0  # after so many it is typed again: that it was heard, but not answered, is rare
_SHOWN_MOST = 2000  # characters of what it printed, in a message
# Makes the terminal the controlling one, which a program that is only given its ends has not.
_SEAT = (
    "import fcntl, os, sys, termios; os.setsid(); fcntl.ioctl(0, termios.TIOCSCTTY, 0); "
    "os.execvp(sys.argv[1], sys.argv[1:])"
)


class Terminal:
    """A command at a terminal. `text` is what it has printed and nobody has asked for yet.

    The words are those of gitkanban, unless another program is named.

    Without `lines` the terminal does not say how high it is, as some do not:
    then there is no pager.
    """

    def __init__(
        self,
        cwd: Path,
        *words: str,
        program: Sequence[str] = (sys.executable, "-m", "gitkanban"),
        columns: int = 80,
        lines: int = 0,
        **env: str,
    ) -> None:
        self.text = ""
        self._fd, theirs = pty.openpty()
        self.resize(columns, lines)
        argv = [sys.executable, "-S", "-E", "-c", _SEAT, *program, *words]
        self.process = subprocess.Popen(
            argv, cwd=cwd, env={**os.environ, "PYTHONPATH": ROOT, "TERM": "xterm", **env},
            stdin=theirs, stdout=theirs, stderr=theirs,
        )  # fmt: skip
        os.close(theirs)

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def resize(self, columns: int, lines: int) -> None:
        """Give the terminal another size; the kernel tells the command."""
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def until(self, sign: str, key: str = "") -> str:
        """What comes up to the sign (a pattern), which is taken off.

        `key` is typed until it comes: what is typed before a program listens may be thrown away.
        """
        end = time.monotonic() + DEADLINE
        due = time.monotonic() + _CALM
        while not (found := re.search(sign, self.text)):
            assert time.monotonic() < end, f"no {sign!r} came; {self.text[-_SHOWN_MOST:]!r} did"
            if not self._read(_CALM if key else 1) and key and time.monotonic() >= due:
                self.type(key)
                due = time.monotonic() + _AGAIN
            elif self.process.poll() is not None and not self._read(0):
                assert re.search(sign, self.text), (
                    f"it ended without {sign!r}: {self.text[-_SHOWN_MOST:]!r}"
                )
        said, self.text = self.text[: found.end()], self.text[found.end() :]
        return said

    def type(self, keys: str) -> None:
        """Type; control characters are keys as well."""
        os.write(self._fd, keys.encode())

    def answer(self, prompt: str, keys: str) -> None:
        """Type once the prompt, a plain text, is there."""
        self.until(re.escape(prompt))
        self.type(keys)

    def signal(self, number: int) -> None:
        """Send a signal to the command."""
        self.process.send_signal(number)

    def end(self, number: int = 0, key: str = "", deadline: float = DEADLINE) -> int:
        """Its exit code, after a signal if one is given; negative where a signal has ended it.

        `key` is typed, and again where it does not end for long; `deadline` is in seconds.
        """
        if number:
            self.signal(number)
        end = time.monotonic() + deadline
        due = time.monotonic() + _CALM
        while self.process.poll() is None:  # it can only end while somebody reads what it prints
            assert time.monotonic() < end, f"it does not end: {self.text[-_SHOWN_MOST:]!r}"
            if not self._read(_CALM if key else 0.05) and key and time.monotonic() >= due:
                self.type(key)
                due = time.monotonic() + _AGAIN
        while self._read(0):
            pass
        code = self.process.returncode
        self.close()
        return code

    def close(self) -> None:
        """End it, whatever it does."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
        if self.process.poll() is None:
            self.signal(signal.SIGKILL)
            self.process.wait(DEADLINE)

    def _read(self, seconds: float) -> bool:
        """Take what comes within so many seconds; whether anything did."""
        if not select.select([self._fd], [], [], seconds)[0]:
            return False
        try:
            part = os.read(self._fd, 1 << 16)
        except OSError:  # Linux says so at the end
            part = b""
        if not part:
            time.sleep(min(seconds, 0.05))  # a terminal that nobody holds is always ready
        self.text += part.decode("utf-8", "replace").replace("\r\n", "\n")
        return bool(part)
