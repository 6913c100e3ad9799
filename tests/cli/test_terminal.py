"""What a terminal gets."""

from pathlib import Path

import pytest

from gitkanban.board.repo.placefinder import find
from gitkanban.runs.records import folders
from tests.support.terminal import Terminal


def on_terminal(cwd: Path, *words: str, **env: str) -> str:
    """What a command prints on a terminal, both streams together."""
    with Terminal(cwd, *words, **env) as terminal:
        terminal.end()
        return terminal.text


@pytest.mark.parametrize("words", [["show", "NOPE"], ["logs", "T0"], ["status"]])
def test_a_terminal_has_colours_unless_somebody_wants_none(board: Path, words: list[str]) -> None:
    folder = folders.of(find(str(board)).private, "01run")
    folder.write_spec({"card": "T0"})
    Path(folder.file("stdout.log")).write_text("hello\n")
    assert "\x1b[" in on_terminal(board, *words)
    assert "\x1b" not in on_terminal(board, *words, NO_COLOR="1")
    assert "\x1b" not in on_terminal(board, *words, TERM="dumb")
