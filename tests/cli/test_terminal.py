"""What a terminal gets."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from gitkanban.board.repo.place import find
from gitkanban.runs.records import folders


def on_terminal(cwd: Path, *argv: str, **env: str) -> str:
    """What a command prints on a terminal, both streams together."""
    ours, theirs = pty.openpty()
    done = subprocess.Popen(
        [sys.executable, "-m", "gitkanban", *argv],
        cwd=cwd, env=os.environ | {"TERM": "xterm"} | env, stdin=theirs, stdout=theirs, stderr=theirs,
    )  # fmt: skip
    os.close(theirs)
    said = b""
    while True:
        try:
            part = os.read(ours, 1 << 16)
        except OSError:  # Linux says so at the end
            break
        if not part:
            break
        said += part
    os.close(ours)
    done.wait(timeout=30)
    return said.decode().replace("\r\n", "\n")


@pytest.mark.parametrize("words", [["show", "NOPE"], ["logs", "T0"], ["status"]])
def test_a_terminal_has_colours_unless_somebody_wants_none(board: Path, words: list[str]) -> None:
    folder = folders.of(find(str(board)).private, "01run")
    folder.write_spec({"card": "T0"})
    Path(folder.file("stdout.log")).write_text("hello\n")
    assert "\x1b[" in on_terminal(board, *words)
    assert "\x1b" not in on_terminal(board, *words, NO_COLOR="1")
    assert "\x1b" not in on_terminal(board, *words, TERM="dumb")
