"""The board that `web` serves, in a browser: it follows what happens,
and what is said there is text.
"""

import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.browser.driving import IN_A_BROWSER, Browser
from tests.browser.hostility import assert_nothing_intrudes, read_cards
from tests.browser.planted import TEXTS, plant_hostile_board
from tests.cli.calls import ok
from tests.cli.conftest import board
from tests.support.paced_demo import hold_sleep
from tests.web.served import served

pytest.importorskip("uvicorn")
pytestmark = IN_A_BROWSER
__all__ = ["board"]
DEMO_SECONDS = 300  # that only a broken demo takes
# Notes what the page shows in the column of what runs, each time that the page changes.
_NOTE_RUNNING = """
window.ran = new Set();
const note = () => $$('#slots a.open').forEach((link) => window.ran.add(link.dataset.card));
new MutationObserver(note).observe(document.body, { childList: true, subtree: true });
note();
"""


def test_a_board_is_followed_while_sessions_work_it(browser: Browser, tmp_path: Path) -> None:
    """It is `demo --open`: the page that it opens shows cards as they run,
    and the last one done.
    """
    opened, temporary = tmp_path / "opened", tmp_path / "tmp"
    temporary.mkdir()
    path = hold_sleep(tmp_path / "bin", str(opened))  # no session goes on before the page is open
    more = {"TMPDIR": str(temporary), "PATH": path}
    demo = subprocess.Popen(
        [sys.executable, "-u", "-m", "gitkanban", "demo", "--open"],
        cwd=tmp_path,
        env=os.environ | more | {"BROWSER": "true"},
        stdout=subprocess.PIPE,
        text=True,
    )
    given_up = threading.Timer(DEMO_SECONDS, demo.kill)
    given_up.start()
    try:
        assert demo.stdout
        address = next(
            found[0] for line in demo.stdout if (found := re.search(r"http://127\S+", line))
        )
        browser.open(address)
        browser.ask(_NOTE_RUNNING)
        opened.touch()
        assert any("stays until ^C" in line for line in demo.stdout)
        browser.wait_for("return document.title", "messages: 5 of 5 done")
        assert browser.ask("return window.ran.size") > 0
        assert browser.ask("return $$('#trouble:not([hidden])').length") == 0
        assert browser.errors() == []
        demo.send_signal(signal.SIGINT)
        assert demo.wait(timeout=DEMO_SECONDS) == 0
        assert list(temporary.iterdir()) == []
    finally:
        given_up.cancel()
        demo.kill()
        demo.communicate(timeout=DEMO_SECONDS)


def test_what_another_changes_comes_by_itself_and_leaves_people_where_they_were(
    browser: Browser, board: Path
) -> None:
    with served(board) as server:
        browser.open(server.address)
        assert browser.ask("return location.hash") == ""  # the token is out of sight
        browser.ask("location.hash = 'T4'; window.mine = 1")
        browser.wait_for("return text('#drawer .id')", "T4")
        ok(board, "note", "T4", "think of the <b>moon</b>")
        browser.wait_for("return text('#drawer-notes pre')", "think of the <b>moon</b>")
        ok(board, "add", "a new one", "--id", "NEW", "-w", "messages-owner")
        browser.wait_for("return $$('#board a[data-card=NEW]').length", 1)
        assert browser.ask("return window.mine") == 1
        assert browser.ask("return location.hash") == "#T4"
        assert browser.errors() == []


def test_two_windows_show_the_same(browser: Browser, board: Path) -> None:
    with served(board) as server:
        browser.open(server.address)
        with browser.second_window() as other:
            other.open(server.address)
            ok(board, "add", "for both", "--id", "NEW", "-w", "messages-owner")
            other.wait_for("return $$('#board a[data-card=NEW]').length", 1)
        browser.wait_for("return $$('#board a[data-card=NEW]').length", 1)


def test_hostile_texts_are_text_on_the_live_page(browser: Browser, tmp_path: Path) -> None:
    repo = plant_hostile_board(tmp_path)
    with served(repo) as server:
        browser.open(server.address)
        browser.draw_all()
        *read, work = read_cards(browser, [*(f"C{number}" for number in range(len(TEXTS))), "V"])
        for words, text in zip(read, TEXTS, strict=True):
            if text.isascii():
                assert words.count(text) >= 8, text
                assert f"+{text}" in work
        assert_nothing_intrudes(browser, f"http://127.0.0.1:{server.port}/", scripts=2)


def test_axe_finds_nothing_wrong_with_a_live_page_and_one_that_has_lost_its_server(
    browser: Browser, board: Path
) -> None:
    with served(board) as server:
        browser.open(server.address)
        assert browser.violations() == []
        browser.ask("location.hash = 'T1'")
        browser.wait_for("return text('#drawer .id')", "T1")
        assert browser.violations("#drawer") == []
    browser.wait_for("return $('#trouble').hidden", False)
    for scheme in ("light", "dark"):
        with browser.looking(scheme=scheme):
            assert browser.violations("#trouble", "color-contrast") == []
