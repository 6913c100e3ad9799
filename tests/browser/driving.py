"""A browser that a test drives: Chromium as Debian has it, headless, by selenium.

Nothing is downloaded: both programs are named, and what would leave this machine meets a proxy that
does not exist. It judges nothing but what is wrong on any page: see `Browser.complaints`.
"""

import json
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException, WebDriverException
from selenium.webdriver.common.by import By

from gitkanban.views.page.html import page_html
from gitkanban.views.page.value import PageContent, page_value

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
DRIVER = shutil.which("chromedriver")
# What each file of these tests is marked with.
IN_A_BROWSER = [
    pytest.mark.skipif(
        not CHROMIUM or not DRIVER,
        reason="no chromium with its chromedriver here (Debian: apt-get install chromium chromium-driver)",
    )
]
# That a change may take: only a broken program reaches it, however busy the machine.
SECONDS_MOST = 100  # selenium itself waits for 120
SIZE = (1400, 900)  # pixels of the window
ESCAPE, ENTER = "\ue00c", "\ue007"
_OPTIONS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
    "--proxy-server=127.0.0.1:9", "--disable-background-networking", "--hide-scrollbars",
    "--font-render-hinting=none", "--disable-gpu-rasterization", "--disable-software-rasterizer",
    "--force-prefers-reduced-motion", f"--window-size={SIZE[0]},{SIZE[1]}",
)  # fmt: skip
# `$` finds one element, `$$` all, `text` what people read of one.
_HELPERS = """
const $ = (q) => document.querySelector(q), $$ = (q) => [...document.querySelectorAll(q)];
const text = (q) => $(q)?.innerText;
"""
_AXE_RUN = """
const found = await axe.run(arguments[0] || document, arguments[1]);
return found.violations.map((each) => [each.id, each.help,
  each.nodes.map((node) => `${node.html.slice(0, 160)} ${node.failureSummary}`)]);
"""
# Without these options axe looks for all that it knows but this,
# which WCAG 2.2 asks for at level AA.
_EVERY_RULE = {"resultTypes": ["violations"], "rules": {"target-size": {"enabled": True}}}


def start_browser(profile: Path) -> Any:
    """Start a browser that reaches only this machine, with its settings in `profile`."""
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for word in (*_OPTIONS, f"--user-data-dir={profile}"):
        options.add_argument(word)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options, webdriver.ChromeService(executable_path=DRIVER))
    driver.set_page_load_timeout(SECONDS_MOST)
    driver.set_script_timeout(SECONDS_MOST)
    driver.execute_cdp_cmd("Emulation.setTimezoneOverride", {"timezoneId": "UTC"})
    return driver


class Browser:
    """The browser with a page in it."""

    def __init__(self, driver: Any) -> None:
        self.driver = driver

    def open(self, address: str) -> None:
        """Go to an address, and forget what was said of pages before."""
        self.driver.get("about:blank")
        self._entries("browser"), self._entries("performance")
        self.driver.get(address)
        self.wait_for("return document.documentElement.dataset.ready !== undefined", True)

    def open_page(self, content: PageContent, folder: Path, hash_: str = "") -> None:
        """Write the page of that content into a folder, and open it from there."""
        file = folder / "page.html"
        file.write_text(page_html(page_value(content)), encoding="utf-8")
        self.open(file.as_uri() + hash_)

    def draw_all(self) -> None:
        """Have the page draw what it leaves until somebody scrolls to it."""
        self.ask("dispatchEvent(new Event('beforeprint'))")

    def unfold_all(self) -> None:
        """Open everything that is folded."""
        self.ask("$$('details').forEach((each) => each.open = true)")

    def ask(self, script: str, *given: Any) -> Any:
        """Return what a script returns; `$` finds one element, `$$` all, `text` reads one."""
        return self.driver.execute_script(_HELPERS + script, *given)

    def ask_later(self, script: str, *given: Any) -> Any:
        """Like `ask`, for a script that waits for something."""
        asked = f"""
            const done = arguments[arguments.length - 1];
            (async function () {{ {_HELPERS + script} }})(...arguments)
              .then((answer) => done([answer, '']), (error) => done([null, String(error)]));
        """
        answer, error = self.driver.execute_async_script(asked, *given)
        assert not error, error
        return answer

    def wait_for(self, script: str, answer: object) -> None:
        """Ask until that is the answer. Raises AssertionError after SECONDS_MOST."""
        end = time.monotonic() + SECONDS_MOST
        while (given := self.ask(script)) != answer:
            assert time.monotonic() < end, f"{given!r} instead of {answer!r}; {self.errors()}"
            time.sleep(0.05)

    def press(self, keys: str) -> None:
        """Type into whatever has the focus, also if that is drawn again just now."""
        end = time.monotonic() + SECONDS_MOST
        while True:
            try:
                return self.driver.switch_to.active_element.send_keys(keys)
            except StaleElementReferenceException:  # it comes before anything is typed
                assert time.monotonic() < end

    def write(self, words: str) -> None:
        """Type into a field once one has the focus: without one, keys are shortcuts."""
        self.wait_for("return document.activeElement.matches('textarea, input')", True)
        self.press(words)

    def click(self, selector: str) -> None:
        """Click what is found, as a hand would: once it can be clicked.

        What is drawn again meanwhile is found again;
        buttons of a card rest while an act is at work.
        """
        end = time.monotonic() + SECONDS_MOST
        while True:
            try:
                found = self.driver.find_element(By.CSS_SELECTOR, selector)
                # Else it may come to lie below the head, which stays.
                self.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", found)
                why = "" if found.is_enabled() else "it rests"
                if not why:
                    return found.click()
            except WebDriverException as error:
                why = error.msg or "not there"
            assert time.monotonic() < end, f"{selector}: {why}"
            time.sleep(0.05)

    def wait_for_error(self, part: str = "") -> None:
        """Wait until the browser complains with such words."""
        end = time.monotonic() + SECONDS_MOST
        while not any(part in each for each in self.errors()):
            assert time.monotonic() < end, f"no complaint came with {part!r}"
            time.sleep(0.05)

    def errors(self) -> list[str]:
        """Return what the browser complained of since: refused requests, policy, script errors."""
        return [line["message"] for line in self._entries("browser")]

    def requests(self) -> list[str]:
        """Return the addresses that were asked for since, also those that were not reached."""
        events = [json.loads(line["message"])["message"] for line in self._entries("performance")]
        return [
            event["params"]["request"]["url"]
            for event in events
            if event["method"] == "Network.requestWillBeSent"
        ]

    def violations(self, part: str = "", *rules: str) -> list[str]:
        """Return what axe-core finds wrong with the page as it is now, a line each.

        It looks at a part of the page (a selector) if one is given, by some rules or by all.
        """
        if not self.ask("return typeof window.axe === 'object'"):
            source = resources.files("selenium_axe_python").joinpath("axe-core", "axe.min.js")
            self.driver.execute_script(source.read_text(encoding="utf-8"))
        options = {**_EVERY_RULE, "runOnly": rules, "rules": {}} if rules else _EVERY_RULE
        found = self.ask_later(_AXE_RUN, part, options)
        return [f"{name}: {text}: {node}" for name, text, nodes in found for node in nodes or [""]]

    def squeezed_buttons(self) -> list[str]:
        """Return the words of buttons that are higher than a line: they have too little room."""
        script = "return $$('button, .button').filter((e) => e.offsetHeight > 48).map((e) => e.innerText)"
        return list(self.ask(script))

    @contextmanager
    def second_window(self) -> "Iterator[Browser]":
        """Look through another window meanwhile; the first one stays as it is."""
        first = self.driver.current_window_handle
        self.driver.switch_to.new_window("window")
        try:
            yield self
        finally:
            self.driver.close()
            self.driver.switch_to.window(first)

    def stop_clock(self, at: int) -> None:
        """Have pages that are opened from now on say that it is that moment, in epoch seconds."""
        script = f"Date.now = () => {at * 1000}"
        self.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": script})

    @contextmanager
    def looking(self, width: int = 0, scheme: str = "", height: int = SIZE[1]) -> Iterator[None]:
        """Look through a window of that width, in the `light` or `dark` scheme."""
        before = self.ask("return innerWidth")
        if width:
            size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
            self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
            self.wait_for("return innerWidth", width)
        self._prefer(scheme)
        try:
            yield
        finally:
            self.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
            self.wait_for("return innerWidth", before)
            self._prefer("")

    def _prefer(self, scheme: str) -> None:
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        if scheme:
            self.wait_for(f"return matchMedia('(prefers-color-scheme: {scheme})').matches", True)

    def _entries(self, log: str) -> Sequence[Any]:
        return list(self.driver.get_log(log))
