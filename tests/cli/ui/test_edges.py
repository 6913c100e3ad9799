"""Small terminals, long and hostile texts, large boards and logs, boards that go away."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gitkanban.board.repo.placefinder import find
from gitkanban.cli.ui import app as screen_app
from gitkanban.cli.ui.logtail import LogTail
from gitkanban.runs.records import folders
from gitkanban.runs.records.folders import Folder
from gitkanban.views.text import Look, width
from tests.cli.calls import ok
from tests.cli.ui.screens import Screen, drive
from tests.conftest import git
from tests.runs.places import until

TITLES = {
    "L1": "long " * 60,
    "C1": "結帳頁面：付款方式與地址表單" * 5,
    "E1": "👩‍👩‍👧 family 🚀 and e\u0301",
    "H1": "שלום \u202eevil\u202c",
    "M1": "[bold red]not markup[/] [@click=app.quit]x[/] {x} \\[",
    "X1": "escape \\e[31mred\\e]0;title\\a",
}


@pytest.fixture
def odd(states: Path) -> Path:
    """The board of `states` with cards whose texts are odd."""
    for name, title in TITLES.items():
        text = title.strip().replace("\\e", "\\x1b").replace("\\a", "\\x07").replace('"', '\\"')
        if name == "M1":
            text = text.replace("\\", "\\\\")
        card = f'id: {name}\ntitle: "{text}"\nworker: coder\nstatus: backlog\n'
        (states / ".kanban" / "cards" / f"{name}.yaml").write_text(card, encoding="utf-8")
    git(states, "add", "-A")
    git(states, "commit", "-qm", "odd cards")
    return states


@pytest.mark.parametrize("size", [(20, 10), (60, 24), (80, 24), (200, 60)], ids=str)
def test_odd_texts_are_shown_as_texts_at_every_size(odd: Path, size: tuple[int, int]) -> None:
    async def steps(screen: Screen) -> None:
        await screen.press("G")
        for page in ("1", "2", "4", "1"):
            for card in ("X1", "M1"):
                screen.app._list.select(card)
                await screen.press(page)
                text = await screen.until("\n")
                assert "\x1b" not in text and "\x07" not in text and "\u202e" not in text
        await screen.press("b", "l", "h", "b")
        if size[0] >= 80:
            screen.app._list.select("M1")
            await screen.until("[bold red]not markup[/]", "[@click=app.quit]")
        lines = screen.text.split("\n")
        assert len(lines) == size[1] and max(map(width, lines)) <= size[0] + 2

    drive(odd, steps, size=size)


def test_below_seventy_columns_list_and_card_take_turns(states: Path) -> None:
    async def steps(screen: Screen) -> None:
        await screen.until("NEEDS YOU")
        assert "1 [card]" not in screen.text
        await screen.press("enter")
        text = await screen.until("1 [card]")
        assert "NEEDS YOU" not in text
        await screen.press("escape")
        await screen.until("NEEDS YOU")
        await screen.pilot.resize_terminal(100, 24)
        await screen.until("NEEDS YOU", "1 [card]")
        await screen.pilot.resize_terminal(20, 8)
        await screen.until("NEEDS YOU")

    drive(states, steps, size=(60, 24))


def test_the_signs_of_ascii_alone(states: Path) -> None:
    async def steps(screen: Screen) -> None:
        await screen.until("1 [card]")
        await screen.press("question_mark", "escape", "b", "b")
        screen.text.encode("ascii")

    drive(states, steps, look=Look(80, ascii_only=True))


def test_a_click_selects_a_second_opens_and_keys_and_pages_can_be_clicked(states: Path) -> None:
    async def steps(screen: Screen) -> None:
        lines = screen.text.split("\n")
        row = next(number for number, line in enumerate(lines) if " B1 " in line)
        await screen.pilot.click(offset=(6, row))
        text = await screen.until("B1 · backlog")
        keys = next(n for n, line in enumerate(text.split("\n")) if "p approve" in line)
        await screen.pilot.click(offset=(text.split("\n")[keys].index("p approve"), keys))
        text = await screen.until("B1 backlog → todo", "gitkanban trust")
        tabs = next(n for n, line in enumerate(text.split("\n")) if "4 prompt" in line)
        await screen.pilot.click(offset=(text.split("\n")[tabs].index("4 prompt"), tabs))
        await screen.until("4 [prompt]")

    drive(states, steps)


def test_a_board_that_is_deleted_is_a_line_and_the_board_comes_back(states: Path) -> None:
    tip = git(states, "rev-parse", "main")

    async def steps(screen: Screen) -> None:
        await screen.until("NEEDS YOU")
        git(states, "update-ref", "-d", "refs/heads/main")
        text = await screen.until("cannot read the board: ")
        assert "NEEDS YOU" in text, "what was known last stays in sight"
        assert "gitkanban.branch NAME" in " ".join(text.split()), "the whole of the hint"
        await screen.press("j", "2", "1", "b", "b", "e")
        await screen.until("cannot read the board: ")
        git(states, "update-ref", "refs/heads/main", tip)
        await screen.until_it(lambda text: "cannot read" not in text, "the board again")

    drive(states, steps)


def test_a_repository_that_is_removed_is_a_line(states: Path) -> None:
    async def steps(screen: Screen) -> None:
        await screen.until("NEEDS YOU")
        # Who looks at it writes into it meanwhile.
        until(lambda: shutil.rmtree(states, ignore_errors=True) or not states.exists(), "its end")
        await screen.until("cannot read the board: ")
        await screen.press("j", "1", "2", "3", "4", "p", "a", "o", "c")
        await screen.press("escape", "q")

    drive(states, steps)


def test_a_card_that_cannot_be_read_is_named_above_the_list(states: Path) -> None:
    (states / ".kanban" / "cards" / "F1.yaml").write_text("id: F1\ntitle: [\n")
    git(states, "commit", "-qam", "broken")

    async def steps(screen: Screen) -> None:
        await screen.until("F1.yaml:", "gitkanban check")

    drive(states, steps)


def test_five_thousand_cards_are_scrolled_and_filtered(repo: Path) -> None:
    (repo / ".kanban").mkdir()
    (repo / ".kanban" / "config.yaml").write_text(
        "version: 1\nkanban: {base: main, workers: {w: {mode: lane, command: ['true']}}}\n"
    )
    git(repo, "add", "-A")
    git(repo, "commit", "-qm", "config")
    plan = "".join(f"- {{id: N{number}, title: card {number}}}\n" for number in range(5000))
    ok(repo, "add", "--from", "-", stdin=plan)

    async def steps(screen: Screen) -> None:
        await screen.press("G", "k", "pageup", "g", "pagedown")
        await screen.press("slash")
        await screen.type("card 4321")
        await screen.until("N4321")
        await screen.press("escape", "b")
        await screen.until("N0")

    drive(repo, steps)


def test_a_log_of_two_hundred_megabytes_opens_at_its_end_and_follows(tmp_path: Path) -> None:
    log = tmp_path / "stdout.log"
    with log.open("wb") as file:
        file.truncate(200 << 20)
        file.seek(0, os.SEEK_END)
        file.write(b"\nthe last line\nhalf a")
    tail = LogTail(Folder(str(tmp_path)), Look(80))
    began = time.process_time()
    assert tail.more()
    assert time.process_time() - began < 1
    assert tail.lines[-1] == "the last line"
    assert not tail.more()
    with log.open("ab") as file:
        file.write(b" line\n\x1b[31mred\n")
    assert tail.more()
    assert tail.lines[-2] == "half a line" and "\x1b" not in tail.lines[-1]


def test_such_a_log_is_at_its_end_on_the_whole_screen_too(states: Path) -> None:
    folder = folders.of(find(str(states)).private, "01run")
    folder.write_spec({"card": "R1"})
    with open(folder.file("stdout.log"), "wb") as file:
        file.truncate(200 << 20)
        file.seek(0, os.SEEK_END)
        file.write(b"\n" + b"x" * 3000 + b"\nthe last line\n")

    async def steps(screen: Screen) -> None:
        await screen.at_card("R1")
        await screen.press("3")
        await screen.until("the last line")
        with open(folder.file("stdout.log"), "ab") as file:
            file.write(b"and one more\n")
        await screen.until("and one more")

    drive(states, steps)


def test_a_bug_leaves_the_terminal_as_it_was_and_is_reported(
    states: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: object) -> object:
        raise ZeroDivisionError("a bug")

    async def steps(screen: Screen) -> None:
        monkeypatch.setattr(screen_app, "fingerprint", broken)
        await screen.until_it(lambda _: screen.app.bug is not None, "a bug")

    with pytest.raises(ZeroDivisionError):
        drive(states, steps)


def test_nothing_of_textual_is_imported_by_other_commands(states: Path) -> None:
    code = (
        "import sys\nfrom gitkanban.cli.app import run\n"
        "for name in ('status', 'list', 'show R1', 'ui'): run(name.split())\n"
        "sys.exit('textual' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=states, capture_output=True, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 0, done.stderr
