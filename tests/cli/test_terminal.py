"""What a terminal gets."""

import re
from pathlib import Path

import pytest

from gitkanban.board.repo.placefinder import find
from gitkanban.runs.records import folders
from gitkanban.views.text import width
from tests.conftest import git
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


TITLES = {
    "L1": "long " * 60,
    "C1": "結帳頁面：付款方式與地址表單" * 8,
    "E1": "🚀 email 📧 and e\u0301 שלום",
    "W1": "w" * 300,
}


@pytest.fixture
def odd(board: Path) -> Path:
    """The board with odd titles on it, blocked for a long reason, and waiting for each other."""
    for number, (name, title) in enumerate(TITLES.items()):
        more = (
            "status: blocked\nreason: failed\n" if number % 2 else "status: todo\nparents: [C1]\n"
        )
        text = f"id: {name}\ntitle: {title.strip()}\nworker: backend-hermes-pool\n{more}"
        text += f"why: {'a long reason ' * 20}\nacceptance: [{'it works ' * 20}]\n"
        (board / ".kanban" / "cards" / f"{name}.yaml").write_text(text, encoding="utf-8")
    git(board, "add", "-A")
    git(board, "commit", "-qm", "odd cards")
    return board


PAGES = ("status -a", "board", "list", "show C1", "show W1", "log", "why", "why E1", "search long",
         "diff main~1 main", "tick -n")  # fmt: skip


@pytest.mark.parametrize("columns", [20, 40, 80])
@pytest.mark.parametrize("words", PAGES)
def test_no_line_of_a_page_is_wider_than_the_terminal(odd: Path, words: str, columns: int) -> None:
    page = on_terminal(odd, *words.split(), COLUMNS=str(columns))
    lines = re.sub(r"\x1b\[\d*m", "", page.partition("Error: ")[0]).splitlines()
    assert lines and not [line for line in lines if width(line) > columns]
