"""Each verb of the live page clicked, and its commit seen;
of two windows the later one is refused.
"""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.driving import ENTER, IN_A_BROWSER, SECONDS_MOST, Browser
from tests.cli.calls import ok
from tests.conftest import git
from tests.web.served import served

pytest.importorskip("uvicorn")
pytestmark = IN_A_BROWSER
CONFIG = """\
version: 1
kanban:
  base: main
  workers:
    w: {command: ["true"], mode: pool, max_concurrency: 3}
    s: {command: [sleep, "300"]}
"""
CARDS = {
    "R1": "review", "R2": "review", "Q": "blocked\nreason: needs-input\nwhy: Which?",
    "F": "blocked\nreason: failed\nwhy: exited 1", "B": "backlog", "D": "backlog", "S": "todo",
}  # fmt: skip


@pytest.fixture
def acted_on(repo: Path) -> Iterator[Path]:
    """A board with a card for each verb: two in review, and one that a session works on."""
    (repo / "config.yaml").write_text(CONFIG)
    ok(repo, "init", "--config", "config.yaml")
    (repo / "config.yaml").unlink()
    folder = repo / ".kanban" / "cards"
    folder.mkdir(exist_ok=True)
    for name, status in CARDS.items():
        worker = "s" if name == "S" else "w"
        text = f"id: {name}\ntitle: card {name}\nworker: {worker}\nstatus: {status}\n"
        (folder / f"{name}.yaml").write_text(text)
    git(repo, "add", "-A")
    git(repo, "commit", "-qm", "cards")
    for name in ("R1", "R2"):
        tree = repo.parent / name
        git(repo, "worktree", "add", "-q", "-b", f"card/{name}", str(tree), "main")
        (tree / f"{name}.txt").write_text("one\ntwo\n")
        git(tree, "add", "-A")
        git(tree, "commit", "-qm", "work")
        git(repo, "worktree", "remove", str(tree))
    ok(repo, "trust", "--yes")
    ok(repo, "tick")
    yield repo
    ok(repo, "pause", "--all")
    ok(repo, "stop", "--all")
    ok(repo, "tick", "--wait")


class Board:
    """The live page of a repository, and the commits that come of what is clicked there."""

    def __init__(self, browser: Browser, repo: Path) -> None:
        self.browser, self.repo = browser, repo

    def see(self, title: str) -> None:
        """Wait until there is a commit with a title like that,
        and the page shows the board after it.
        """
        end = time.monotonic() + SECONDS_MOST
        while not any(each.startswith(f"kanban: {title}") for each in self._titles()):
            toast = self.browser.ask("return text('#toast')")
            assert time.monotonic() < end, (title, self._titles()[:5], toast)
            time.sleep(0.05)
        while self._shown() != git(self.repo, "rev-parse", "HEAD")[:7]:
            assert time.monotonic() < end, f"the page stays at {self._shown()}"
            time.sleep(0.05)

    def open_card(self, name: str) -> None:
        self.browser.ask("location.hash = arguments[0]", name)
        self.browser.wait_for("return text('#drawer .id')", name)

    def _titles(self) -> list[str]:
        return git(self.repo, "log", "--format=%s").split("\n")

    def _shown(self) -> str:
        return str(self.browser.ask("return text('#board-at')")).partition("@")[2]


def test_each_verb_is_clicked_and_its_commit_seen(browser: Browser, acted_on: Path) -> None:
    live = Board(browser, acted_on)
    with served(acted_on) as server:
        browser.open(server.address)
        browser.click("[aria-label='pause w']")
        live.see("pause w")

        browser.click("#queue [data-row=R1] [data-verb=accept]")
        live.see("R1 review → done")
        assert (acted_on / "R1.txt").read_text() == "one\ntwo\n"

        live.open_card("R2")
        browser.ask("$$('#drawer .row.plus .on-line')[1].click()")
        browser.write("three, not two")
        browser.click("#drawer [data-verb=reject]")
        browser.write("Nearly <b>there</b>." + ENTER)
        live.see("R2 review → todo")
        notes = json.loads(ok(acted_on, "show", "R2", "--json"))["notes"]
        assert notes[-1]["text"].strip() == "Nearly <b>there</b>.\n\nR2.txt:2: three, not two"

        browser.ask("location.hash = ''")
        browser.click("#queue [data-row=Q] textarea")
        browser.write("This one." + ENTER)
        live.see("Q blocked → todo")
        browser.click("#queue [data-row=F] [data-verb=retry]")
        browser.write(ENTER)
        live.see("F blocked → todo")

        live.open_card("B")
        browser.click("#drawer [data-verb=approve]")
        live.see("B backlog → todo")
        browser.click("#drawer [data-verb=note]")
        browser.write("think of it" + ENTER)
        live.see("B note by Ada")
        browser.click("#drawer [data-verb=edit]")
        browser.ask("$('.card-dialog [name=title]').value = ''")
        browser.write("another <i>title</i>")
        browser.click(".card-dialog [type=submit]")
        live.see("B edited (title)")
        assert browser.ask("return text('#drawer-title')") == "another <i>title</i>"

        live.open_card("D")
        browser.click("#drawer [data-verb=drop]")
        browser.write(ENTER)
        live.see("D backlog → dropped")

        live.open_card("S")
        browser.click("#drawer [data-verb=stop]")
        browser.write(ENTER)
        live.see("S running → ")

        browser.ask("location.hash = ''")
        browser.click(".page-head .primary")
        browser.write("a new card")
        browser.ask("$('.card-dialog [name=worker]').value = 'w'")
        browser.click(".card-dialog [type=submit]")
        browser.wait_for(
            "return $$('#board .card').some((e) => e.innerText.includes('a new card'))", True
        )

        browser.click("[aria-label='resume w']")
        live.see("resume w")
        assert browser.errors() == []


def test_of_two_windows_the_later_one_is_refused_and_may_insist(
    browser: Browser, acted_on: Path
) -> None:
    live = Board(browser, acted_on)
    with served(acted_on) as server:
        browser.open(server.address)
        live.open_card("R1")
        browser.click("#drawer [data-verb=reject]")
        browser.write("Not yet.")
        with browser.second_window() as other:
            other.open(server.address)
            live.open_card("R1")
            other.click("#drawer [data-verb=edit]")
            other.write(" and more")
            other.click(".card-dialog [type=submit]")
            live.see("R1 edited (title)")
        browser.click("#drawer .words textarea")
        browser.press(ENTER)
        browser.wait_for("return $('#toast').classList.contains('bad')", True)
        assert "R1 has changed since" in browser.ask("return text('#toast')")
        assert browser.ask("return $('#drawer .words textarea').value") == "Not yet."
        assert json.loads(ok(acted_on, "show", "R1", "--json"))["status"] == "review"
        browser.click("#drawer .words textarea")
        browser.press(ENTER)
        live.see("R1 review → todo")


def test_what_acts_can_be_read_and_worked_by_everybody(browser: Browser, acted_on: Path) -> None:
    with served(acted_on) as server:
        browser.open(server.address)
        assert browser.violations() == []
        browser.click(".page-head .primary")
        assert browser.violations(".card-dialog") == []
        browser.write("x")
        browser.ask("$('.card-dialog [name=parents]').value = 'nothing-like-it'")
        browser.click(".card-dialog [type=submit]")
        browser.wait_for("return $('.card-dialog .problem').hidden", False)
        for scheme in ("light", "dark"):
            with browser.looking(scheme=scheme):
                assert browser.violations(".card-dialog", "color-contrast") == []
        for width in (360, 800, 1600):
            with browser.looking(width):
                assert browser.ask("return document.documentElement.scrollWidth") <= width
                assert browser.squeezed_buttons() == []


def test_words_for_another_verb_stay_when_an_act_is_done(browser: Browser, acted_on: Path) -> None:
    live = Board(browser, acted_on)
    with served(acted_on) as server:
        browser.open(server.address)
        live.open_card("B")
        browser.click("#drawer [data-verb=note]")
        browser.write("half a thought")
        browser.click("#drawer [data-verb=approve]")
        live.see("B backlog → todo")
        browser.wait_for("return $('#drawer [data-verb=note]').disabled", False)  # it has ended
        browser.wait_for("return $('#drawer .words textarea').value", "half a thought")
