"""The live page in a real browser: its token, other pages, words being written, and two tabs."""

import http.server
import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("selenium.webdriver", reason="selenium is not installed")

from tests.browser.conftest import browser, driver
from tests.browser.driving import ENTER, IN_A_BROWSER, Browser
from tests.cli.calls import ok, work_one_card
from tests.conftest import git
from tests.support.serving import begin_serving
from tests.web.served import Served, served
from tests.web.test_acting import CONFIG, act, status, tip

__all__ = ["browser", "driver"]
pytestmark = IN_A_BROWSER


@pytest.fixture
def in_review(repo: Path, tmp_path: Path) -> Path:
    work_one_card(repo, tmp_path / "config.yaml", CONFIG)
    return repo


@pytest.fixture
def server(in_review: Path) -> Iterator[Served]:
    with served(in_review) as server:
        yield server


def test_the_token_leaves_the_address_and_another_tab_does_not_have_it(
    browser: Browser, server: Served
) -> None:
    browser.open(server.address)
    assert browser.ask("return location.href") == f"http://127.0.0.1:{server.port}/"
    assert browser.ask("return $('#queue').innerText").count("T1") == 1
    assert not browser.errors()
    browser.driver.switch_to.new_window("tab")
    browser.driver.get(f"http://127.0.0.1:{server.port}/")
    browser.wait_for("return text('#trouble b')", "This tab has no key.")
    assert "T1" not in browser.ask("return document.body.innerText")
    browser.driver.close()
    browser.driver.switch_to.window(browser.driver.window_handles[0])


ATTEMPTS = """
<!doctype html><title>another page</title>
<form id="f" method="post" target="sink" enctype="text/plain" action="{own}/act"></form>
<iframe name="sink"></iframe><iframe id="framed" src="{own}/"></iframe>
"""
TRY_ALL = """
const [own, token] = arguments;
const row = JSON.stringify({key: "kkkkkkkk", verb: "note", card: "T1", words: "from another page"});
const tries = {
  plain: () => fetch(`${own}/live`),
  token: () => fetch(`${own}/live`, {headers: {"x-gitkanban-token": token}}),
  shell: () => fetch(`${own}/`),
  json: () => fetch(`${own}/act`, {method: "POST", body: row, headers: {"content-type": "application/json", "x-gitkanban-token": token}}),
  simple: () => fetch(`${own}/act`, {method: "POST", body: row}),
};
const answers = {};
for (const [name, attempt] of Object.entries(tries)) {
  try { answers[name] = `read ${(await attempt()).status}`; } catch { answers[name] = "nothing"; }
}
await fetch(`${own}/act`, {method: "POST", mode: "no-cors", body: row}).catch(() => {});
document.getElementById("f").submit();
await new Promise((done) => setTimeout(done, 300));
try { answers.frame = document.getElementById("framed").contentDocument ? "read" : "nothing"; } catch { answers.frame = "nothing"; }
return answers;
"""


def test_a_page_of_another_origin_can_neither_read_nor_act_even_if_it_knew_the_token(
    browser: Browser, server: Served, in_review: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "other"
    folder.mkdir()
    own, before = f"http://127.0.0.1:{server.port}", tip(in_review)
    (folder / "index.html").write_text(ATTEMPTS.format(own=own))
    handler = partial(_QuietHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as other:
        begin_serving(other)
        for name in ("127.0.0.1", "localhost"):
            browser.driver.get(f"http://{name}:{other.server_address[1]}/")
            answers = browser.ask_later(TRY_ALL, own, server.token)
            assert set(answers.values()) == {"nothing"}, answers
        other.shutdown()
    assert tip(in_review) == before


class _QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


def test_words_that_are_being_written_survive_what_changes_meanwhile(
    browser: Browser, server: Served, in_review: Path
) -> None:
    browser.open(server.address)
    browser.ask("$('#queue [data-verb=reject]').click()")
    browser.write("Round half-")
    ok(in_review, "add", "another <b>card</b>", "--id", "T2", "--backlog")
    ok(in_review, "note", "T1", "a note")
    browser.wait_for("return text('#board-at').split('@')[1]", tip(in_review)[:7])
    assert "another <b>card</b>" in browser.ask("return $('#board').innerText")
    browser.press("even, please")
    browser.press(ENTER)
    browser.wait_for("return /^T1 review → todo/.test(text('#toast'))", True)
    notes = json.loads(ok(in_review, "show", "T1", "--json"))["notes"]
    assert notes[-1]["text"].strip() == "Round half-even, please"
    assert not browser.errors()


HIDE = """
Object.defineProperty(document, "hidden", {value: true, configurable: true});
document.dispatchEvent(new Event("visibilitychange"));
"""


def test_of_two_tabs_the_later_one_reads_why_it_is_refused(
    browser: Browser, server: Served, in_review: Path
) -> None:
    browser.open(server.address)
    browser.ask(HIDE)  # it hears of nothing from now on
    assert act(server, "reject", "T1", commit=tip(in_review), words="again")["done"]
    ok(in_review, "tick", "--wait")
    browser.ask("$('#queue [data-verb=accept]').click()")
    browser.wait_for("return $('#toast').classList.contains('bad')", True)
    assert "T1 has changed since" in browser.ask("return text('#toast')")
    assert status(in_review, "T1") == "review"


def test_a_server_that_ends_and_one_that_begins_are_told_apart(
    browser: Browser, server: Served, in_review: Path
) -> None:
    browser.open(server.address)
    server.end()
    browser.wait_for("return text('#trouble b')", "The server cannot be reached.")
    with served(in_review, "--port", str(server.port)) as another:
        browser.wait_for("return text('#trouble b')", "This tab has no valid key.")
        browser.ask("location.hash = arguments[0]", f"token={another.token}")
        browser.wait_for("return $('#trouble').hidden", True)
        git(in_review, "update-ref", "refs/heads/kept", "refs/heads/main")
        git(in_review, "update-ref", "-d", "refs/heads/main")
        browser.wait_for("return $('#trouble').hidden", False)
        assert "T1" in browser.ask("return text('#queue')")
        git(in_review, "update-ref", "refs/heads/main", "refs/heads/kept")
        browser.wait_for("return $('#trouble').hidden", True)


def test_read_only_shows_no_verbs(browser: Browser, in_review: Path) -> None:
    with served(in_review, "--read-only") as server:
        browser.open(server.address)
        browser.ask("location.hash = 'T1'")
        browser.wait_for("return $('#drawer').hidden", False)
        assert browser.ask("return $$('[data-verb], .words:not([hidden]), .on-line').length") == 0
        buttons = browser.ask("return $$('button').map((each) => each.innerText)")
        assert not {"add", "pause", "accept", "note…", "edit"} & set(buttons)
