"""The page in a real browser, from disk, with the network cut.

Driven by selenium in Chromium as Debian has it (`apt-get install chromium chromium-driver`); skipped
where one of them is missing. Nothing is downloaded: both programs are named.
"""

import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gitkanban.core.agents.transcript import Entry
from gitkanban.core.forecast.usual import usual_forecast
from gitkanban.core.model import Note, Run
from gitkanban.core.names import CardId, RunId
from gitkanban.views.page.html import page_html
from gitkanban.views.page.value import CardExtras, CardPatch, PageContent, page_value
from tests.support.boards import NOW, board, observed
from tests.views.page.contents import HOSTILE, content_of

webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")
DRIVER = shutil.which("chromedriver")
pytestmark = [
    pytest.mark.skipif(not BROWSER or not DRIVER, reason="no chromium with its chromedriver here"),
    pytest.mark.timeout(180),
]

SECONDS_MOST = 20  # that a change may take on a busy machine


class Browser:
    """A page from disk in a browser that reaches nothing."""

    def __init__(self, driver: Any, folder: Path) -> None:
        self.driver, self._file = driver, folder / "page.html"

    def open(self, content: PageContent, hash_: str = "") -> None:
        """Write the page and look at it."""
        self._file.write_text(page_html(page_value(content)), encoding="utf-8")
        self.driver.get("about:blank")
        self.driver.get(self._file.as_uri() + hash_)
        assert self.ask("return document.documentElement.dataset.ready") is not None, self.errors()

    def ask(self, script: str, *given: Any) -> Any:
        """What a script gives; `$` finds one element, `$$` all, `text` what people read of one."""
        helpers = (
            "const $ = (q) => document.querySelector(q), $$ = (q) => [...document.querySelectorAll(q)],"
            " text = (q) => $(q).innerText;"
        )
        return self.driver.execute_script(f"{helpers}\n{script}", *given)

    def wait_for(self, script: str, answer: object) -> None:
        """Ask until that is the answer: a change of address, or a copy, is told a moment later."""
        end = time.monotonic() + SECONDS_MOST
        while (given := self.ask(script)) != answer:
            assert time.monotonic() < end, f"{given!r} instead of {answer!r}; {self.errors()}"
            time.sleep(0.02)

    def press(self, keys: str) -> None:
        """Type into whatever has the focus."""
        self.driver.switch_to.active_element.send_keys(keys)

    def errors(self) -> list[str]:
        """What the browser complained of: refused requests, broken policy, errors of the script."""
        return [line["message"] for line in self.driver.get_log("browser")]


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    options = webdriver.ChromeOptions()
    options.binary_location = BROWSER
    profile = tmp_path_factory.mktemp("profile")
    for word in (
        "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
        "--window-size=1400,900", f"--user-data-dir={profile}", "--proxy-server=127.0.0.1:9",
        "--disable-background-networking", "--no-first-run",
    ):  # fmt: skip
        options.add_argument(word)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    service = webdriver.ChromeService(executable_path=DRIVER)
    found = webdriver.Chrome(options=options, service=service)
    found.set_page_load_timeout(60)
    found.set_script_timeout(30)
    yield found
    found.quit()


@pytest.fixture
def browser(driver: Any, tmp_path: Path) -> Browser:
    return Browser(driver, tmp_path)


def shop() -> PageContent:
    given = board(
        "CO-1 done @back", "CO-2 review <- CO-1 @back", "CO-3 blocked <- CO-1 @back reason=needs-input",
        "CO-6 todo <- CO-2 CO-3 @owner", "CO-7 todo <- CO-6 @owner", "B1 backlog @owner",
    )  # fmt: skip
    cards = {**given.cards}
    cards[CardId("CO-3")] = cards[CardId("CO-3")]._replace(why="Stripe or Adyen?")
    runs = (
        Run(RunId("r1"), CardId("CO-2"), "back#1", worker="back", started=NOW - 900, ended=NOW - 60,
            outcome="succeeded", cost_usd="0.04", summary="Wrote it."),
    )  # fmt: skip
    patch = (
        "diff --git a/api/cart.py b/api/cart.py\n--- a/api/cart.py\n+++ b/api/cart.py\n"
        "@@ -1,2 +1,3 @@\n one\n-two\n+2\n+3\n"
    )
    return content_of(
        given._replace(cards=cards, runs={CardId("CO-2"): runs}),
        runs=runs,
        forecast=usual_forecast(given, observed(), runs),
        extras={CardId("CO-2"): CardExtras(CardPatch(patch, 5000), prompt="You are to")},
    )


def test_a_page_from_disk_shows_the_board_and_complains_of_nothing(browser: Browser) -> None:
    browser.open(shop())
    assert browser.errors() == []
    assert browser.ask("return $$('#queue a.open').map((a) => a.dataset.card)") == ["CO-2", "CO-3"]
    heads = browser.ask("return $$('.column h3').map((h) => h.innerText.replace(/\\s+/g, ' '))")
    assert heads == ["Needs you2", "Running0/6", "Next0", "Waiting2", "Backlog1", "Done1"]
    browser.ask("$('#graph').scrollIntoView(); dispatchEvent(new Event('beforeprint'))")
    assert browser.ask("return $$('#graph .node.bold').length") >= 2
    drawn = browser.ask("return $$('#graph .node').map((node) => node.dataset.card)")
    assert sorted(drawn) == ["CO-2", "CO-3", "CO-6", "CO-7"]  # what is done is folded away
    assert browser.ask("return $$('#time .bar.good').length") == 2  # the run, and the legend
    assert browser.ask("return performance.getEntriesByType('resource').length") == 0
    assert browser.errors() == []


def test_every_card_has_an_address_and_keys_lead_through_them(browser: Browser) -> None:
    browser.open(shop(), "#CO-2")
    assert browser.ask("return $('#drawer').hidden") is False
    words = browser.ask("return text('#drawer')")
    for part in ("CO-2", "Wrote it.", "api/cart.py", "+2 −1", "Cut here: 5 kB more", "$0.04"):
        assert part in words
    browser.press("\ue00c")  # escape
    browser.wait_for("return [$('#drawer').hidden, location.hash]", [True, ""])
    browser.open(shop())
    browser.press("j")
    browser.press("j")
    assert browser.ask("return document.activeElement.dataset.card") == "CO-3"
    browser.press("k")
    browser.press("\ue007")  # enter
    browser.wait_for("return [location.hash, document.activeElement.id]", ["#CO-2", "drawer-title"])
    browser.press("j")
    browser.wait_for("return $('#drawer .id').innerText", "CO-3")
    browser.press("\ue00c")
    browser.press("/")
    browser.press("co-7")
    assert browser.ask("return $$('#board a.open').map((a) => a.dataset.card)") == ["CO-7"]
    browser.press("\ue00c")
    browser.press("?")
    assert browser.ask("return $('#keys').open") is True


def test_buttons_give_the_command_with_words_as_a_shell_takes_them(browser: Browser) -> None:
    browser.open(shop())
    browser.ask("$('#queue form input').focus()")
    browser.press("it's; rm -rf $HOME\ue007")
    browser.wait_for(
        "return text('#toast code')",
        "gitkanban retry CO-3 --why='it'\\''s; rm -rf $HOME'",
    )
    browser.ask("$$('#queue [data-row=CO-2] button').find((b) => b.innerText === 'accept').click()")
    browser.wait_for("return text('#toast code')", "gitkanban accept CO-2")


def hostile_content() -> PageContent:
    """Each hostile text in every field in which a text can stand."""
    given = board(*(f"C{number} blocked @w" for number in range(len(HOSTILE))), "D todo <- C0")
    cards, runs, notes, extras = {**given.cards}, {}, {}, {}
    for number, text in enumerate(HOSTILE):
        name = CardId(f"C{number}")
        cards[name] = cards[name]._replace(
            title=text, body=text, why=text, acceptance=(text,), worker=text, labels=(text,),
            model=text, reason="needs-input" if number % 2 else "failed",
        )  # fmt: skip
        runs[name] = (
            Run(RunId(text), name, f"{text}#1", host=text, worker=text, started=NOW - 9, ended=NOW,
                outcome=text, cost_usd=text, why=text, summary=text, salvage=text, commit=text),
        )  # fmt: skip
        notes[name] = (Note("n", name, text, NOW, text, text),)  # type: ignore[arg-type]
        patch = f"diff --git a/{text} b/{text}\n--- a/{text}\n+++ b/{text}\n@@ -1 +1 @@ {text}\n-{text}\n+{text}\n"
        extras[name] = CardExtras(CardPatch(patch, 1), text, (Entry(text, text, NOW, True),))
    content = content_of(
        given._replace(cards=cards, runs=runs, notes=notes, branch=HOSTILE[0]),
        runs=[run for each in runs.values() for run in each],
        extras=extras,
    )
    status = {**content.status, "notes": list(HOSTILE), "deadlock": HOSTILE[1]}
    status["board"] = dict.fromkeys(status["board"], HOSTILE[1])
    status["profiles"] = {text: {"running": 0, "limit": 1} for text in HOSTILE}
    status["capacities"] = {text: {"running": 0, "limit": 1} for text in HOSTILE}
    status["problems"] = [
        {"file": text, "line": 1, "column": 1, "message": text, "hint": "", "card": ""}
        for text in HOSTILE
    ]
    changed = {"kind": "changed", "status": "todo", "worker": "w"}
    changes = {
        "a": HOSTILE[0], "b": HOSTILE[1], "cycles": [HOSTILE], "broken": HOSTILE,
        "cards": [
            {"id": f"C{at}", "title": text, **changed, "fields": {text: {"before": text, "after": [text]}}}
            for at, text in enumerate(HOSTILE)
        ],
        "config": [{"path": t, "before": t, "after": t, "executes": True} for t in HOSTILE],
    }  # fmt: skip
    return content._replace(status=status, changes=changes)


def test_hostile_texts_in_every_field_are_shown_as_text(browser: Browser) -> None:
    content = hostile_content()
    browser.open(content)
    title = browser.ask("return document.title")
    browser.ask("dispatchEvent(new Event('beforeprint'))")
    for number in range(len(HOSTILE)):
        browser.ask("location.hash = arguments[0]", f"C{number}")
        browser.wait_for("const id = $('#drawer .id'); return id && id.innerText", f"C{number}")
        browser.ask("$$('#drawer details').forEach((each) => each.open = true)")
        if HOSTILE[number].isascii() and HOSTILE[number].isprintable():
            assert HOSTILE[number] in browser.ask("return $('#drawer').textContent")
    assert browser.errors() == []
    assert title != "owned" and browser.ask("return document.title") == title
    assert (
        browser.ask("return $$('iframe, img, object, embed, video, link, base, template').length")
        == 0
    )
    assert browser.ask("return $$('script').length") == 3
    assert browser.ask("return $$('a').every((a) => /^#/.test(a.getAttribute('href')))")
    handlers = (
        "return $$('*').filter((e) => [...e.attributes].some((a) => /^on/.test(a.name))).length"
    )
    assert browser.ask(handlers) == 0


def test_the_policy_stops_what_would_run_or_load(browser: Browser) -> None:
    """That the page is quiet is also the policy's doing: it holds against a script of ours."""
    browser.open(shop())
    assert (
        browser.ask(
            "try { document.body.innerHTML = '<b>x</b>'; return 'set' } catch (error) { return error.name }"
        )
        == "TypeError"
    )
    browser.ask(
        "const s = document.createElement('style'); s.textContent = '*{color:red}';"
        "document.head.append(s)"
    )
    assert any("Content Security Policy" in each for each in browser.errors())


@pytest.mark.parametrize("lines", [(), ("A todo <- B", "B todo <- A"), ("A todo <- gone",)])
def test_boards_that_are_empty_or_go_in_circles(browser: Browser, lines: tuple[str, ...]) -> None:
    browser.open(content_of(board(*lines, broken=("X",))))
    browser.ask("dispatchEvent(new Event('beforeprint'))")
    assert browser.errors() == []
    assert "cards/X.yaml" in browser.ask("return text('.causes')")


@pytest.mark.parametrize("width", [360, 800, 1600])
def test_no_width_makes_the_page_wider_than_the_screen(browser: Browser, width: int) -> None:
    browser.driver.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False},
    )
    try:
        browser.open(hostile_content())
        browser.ask("dispatchEvent(new Event('beforeprint'))")
        assert browser.ask("return document.documentElement.scrollWidth") <= width
        columns = browser.ask(
            "return getComputedStyle($('.columns')).gridTemplateColumns.split(' ').length"
        )
        assert columns == {360: 1, 800: 3, 1600: 6}[width]
    finally:
        browser.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
