"""`status --watch`: drawn in place until ^C, whatever happens to the board or to the terminal."""

import re
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.cli.calls import call, ok
from tests.conftest import git
from tests.support.arena import until
from tests.support.terminal import Terminal


@pytest.fixture
def screen(board: Path) -> Iterator[Terminal]:
    ok(board, "trust", "--yes")
    with Terminal(board, "status", "--watch=0.2", "--bell", lines=24) as shown:
        yield shown


def test_it_is_drawn_anew_and_rings_when_another_card_needs_you(
    screen: Terminal, board: Path
) -> None:
    assert "\a" not in screen.until("NEXT")
    ok(board, "block", "T0", "--why", "which port?")
    said = screen.until("which port")
    assert "\a" in said and "\x1b[2J" not in said
    assert screen.end(signal.SIGINT) == 0
    assert "which port?" in screen.text.rpartition("\x1b[?1049l")[2]


def _bring_back(board: Path) -> None:
    def is_back() -> bool:  # who looks on may have made a cache in its place
        shutil.rmtree(board / ".git", ignore_errors=True)
        with suppress(OSError):
            (board / "away").rename(board / ".git")
        return not (board / "away").exists()

    until(is_back, "its return")


GONE: dict[str, tuple[Callable[[Path], object], Callable[[Path], object]]] = {
    "moved": (
        lambda board: git(board, "branch", "-m", "main", "elsewhere"),
        lambda board: git(board, "branch", "-m", "elsewhere", "main"),
    ),
    "unreadable": (
        lambda board: (board / ".git").rename(board / "away"),
        _bring_back,
    ),
}


@pytest.mark.parametrize("how", GONE)
def test_it_survives_a_board_that_goes_and_comes_back(
    screen: Terminal, board: Path, how: str
) -> None:
    take, give_back = GONE[how]
    screen.until("NEXT")
    take(board)
    screen.until("Error: |elsewhere@")  # no branch was pinned, so it is found under its new name
    give_back(board)
    screen.until("NEXT")
    assert screen.end(signal.SIGINT) == 0
    assert "NEXT" in screen.text.rpartition("\x1b[?1049l")[2]


def test_it_survives_a_branch_that_is_deleted(screen: Terminal, board: Path) -> None:
    screen.until("NEXT")
    tip = git(board, "rev-parse", "main")
    git(board, "update-ref", "-d", "refs/heads/main")
    screen.until("Error: ")
    git(board, "update-ref", "refs/heads/main", tip)
    screen.until("NEXT")
    assert screen.end(signal.SIGTERM) == 143
    assert "\x1b[?1049l" in screen.text


def test_it_is_drawn_for_the_size_that_the_terminal_has_now(screen: Terminal) -> None:
    screen.until("NEXT")
    screen.resize(30, 5)
    screen.until(r"\d+ more lines")


def test_it_gives_the_screen_back_while_it_is_stopped(screen: Terminal) -> None:
    screen.until("NEXT")
    screen.signal(signal.SIGTSTP)
    screen.until(re.escape("\x1b[?1049l"))
    # A process group without a shell above it is not stopped, and so goes on at once.
    screen.until(re.escape("\x1b[?1049h"))
    screen.until("NEXT")


def test_a_dumb_terminal_gets_each_new_page_without_escapes(board: Path) -> None:
    with Terminal(board, "status", "--watch=0.2", TERM="dumb") as shown:
        first = shown.until(r"\(-a lists them\)|T0.*\n")
        ok(board, "block", "T0", "--why", "which port?")
        assert "\x1b" not in first + shown.until("which port")


@pytest.mark.parametrize(
    "words", [("--watch", "--format", "tsv"), ("--watch", "--json"), ("--bell",), ("--watch=-1",)]
)
def test_what_cannot_be_meant_is_refused(board: Path, words: tuple[str, ...]) -> None:
    done = call(board, "status", *words)
    assert done.code == 2 and done.err.startswith("Error: ")
