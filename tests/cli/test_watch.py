"""`status --watch`: drawn in place until ^C, whatever happens to the board or to the terminal."""

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
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.calls import call, ok
from tests.conftest import git

DEADLINE = 60  # seconds, on a machine that is busy


class Screen:
    """A command on a terminal of its own; `until` reads what it prints up to a sign of it."""

    def __init__(self, cwd: Path, *argv: str, lines: int = 24, **env: str) -> None:
        self.fd, theirs = pty.openpty()
        self.size(80, lines)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "gitkanban", *argv], cwd=cwd, start_new_session=True,
            env={**os.environ, "TERM": "xterm", "LC_ALL": "C.UTF-8", **env},
            stdin=theirs, stdout=theirs, stderr=theirs,
        )  # fmt: skip
        os.close(theirs)
        self.text = ""

    def size(self, columns: int, lines: int) -> None:
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def until(self, sign: str) -> str:
        """What comes up to the sign (a pattern), which is taken off."""
        end = time.monotonic() + DEADLINE
        while not (found := re.search(sign, self.text)):
            ready = select.select([self.fd], [], [], max(0, end - time.monotonic()))[0]
            try:
                part = os.read(self.fd, 1 << 16).decode("utf-8", "replace") if ready else ""
            except OSError:
                part = ""
            assert part, f"no {sign!r} in {self.text!r}"
            self.text += part
        said, self.text = self.text[: found.end()], self.text[found.end() :]
        return said

    def close(self) -> None:
        """End it, whatever it does."""
        self.process.kill()
        self.process.wait()
        os.close(self.fd)

    def end(self, number: int) -> int:
        """Its exit code after a signal; what it prints until then is read, or it would wait."""
        self.process.send_signal(number)
        end = time.monotonic() + DEADLINE
        while time.monotonic() < end and select.select([self.fd], [], [], DEADLINE)[0]:
            try:
                part = os.read(self.fd, 1 << 16)
            except OSError:  # Linux says so at the end
                break
            if not part:
                break
            self.text += part.decode("utf-8", "replace")
        return self.process.wait(5)


@pytest.fixture
def screen(board: Path) -> Iterator[Screen]:
    ok(board, "trust", "--yes")
    shown = Screen(board, "status", "--watch=0.2", "--bell")
    yield shown
    shown.close()


def test_it_is_drawn_anew_and_rings_when_another_card_needs_you(
    screen: Screen, board: Path
) -> None:
    assert "\a" not in screen.until("NEXT")
    ok(board, "block", "T0", "--why", "which port?")
    said = screen.until("which port")
    assert "\a" in said and "\x1b[2J" not in said
    assert screen.end(signal.SIGINT) == 0
    assert "which port?" in screen.text.rpartition("\x1b[?1049l")[2]


def test_it_survives_a_board_that_goes_and_comes_back(screen: Screen, board: Path) -> None:
    screen.until("NEXT")
    tip = git(board, "rev-parse", "main")
    git(board, "update-ref", "-d", "refs/heads/main")
    screen.until("Error: ")
    git(board, "update-ref", "refs/heads/main", tip)
    screen.until("NEXT")
    assert screen.end(signal.SIGTERM) == 143
    screen.until(re.escape("\x1b[?1049l"))


def test_it_is_drawn_for_the_size_that_the_terminal_has_now(screen: Screen) -> None:
    screen.until("NEXT")
    screen.size(30, 5)
    os.killpg(screen.process.pid, signal.SIGWINCH)
    screen.until(r"\d+ more lines")


def test_it_gives_the_screen_back_while_it_is_stopped(screen: Screen) -> None:
    screen.until("NEXT")
    screen.process.send_signal(signal.SIGTSTP)
    screen.until(re.escape("\x1b[?1049l"))
    # A process group without a shell above it is not stopped, and so goes on at once.
    screen.until(re.escape("\x1b[?1049h"))
    screen.until("NEXT")


def test_a_dumb_terminal_gets_each_new_page_without_escapes(board: Path) -> None:
    shown = Screen(board, "status", "--watch=0.2", TERM="dumb")
    try:
        first = shown.until(r"\(-a lists them\)|T0.*\n")
        ok(board, "block", "T0", "--why", "which port?")
        assert "\x1b" not in first + shown.until("which port")
    finally:
        shown.close()


@pytest.mark.parametrize(
    "words", [("--watch", "--format", "tsv"), ("--watch", "--json"), ("--bell",), ("--watch=-1",)]
)
def test_what_cannot_be_meant_is_refused(board: Path, words: tuple[str, ...]) -> None:
    done = call(board, "status", *words)
    assert done.code == 2 and done.err.startswith("Error: ")
