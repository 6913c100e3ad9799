"""Everybody can read and work every view of the page: judged by axe-core, light and dark,
and by width.
"""

from pathlib import Path

import pytest

from tests.browser.driving import IN_A_BROWSER, Browser
from tests.browser.shops import VIEWS

pytestmark = IN_A_BROWSER
# The rules that can come out differently in dark.
COLOURS = ("color-contrast", "link-in-text-block")


@pytest.mark.parametrize("name", VIEWS)
def test_every_view_is_for_everybody(browser: Browser, tmp_path: Path, name: str) -> None:
    view = VIEWS[name]
    with browser.looking(scheme="light"):
        browser.open_page(view.content(), tmp_path)
        browser.draw_all()
        browser.ask(view.script)
        browser.unfold_all()
        assert browser.violations(view.part) == []
    with browser.looking(scheme="dark"):
        assert (
            browser.ask("return getComputedStyle(document.body).backgroundColor")
            == "rgb(17, 19, 22)"
        )
        assert browser.violations(view.part, *COLOURS) == []
    for width, columns in ((360, 1), (800, 3), (1600, 6)):
        with browser.looking(width):
            assert browser.ask("return document.documentElement.scrollWidth") <= width, width
            assert browser.squeezed_buttons() == []
            drawn = browser.ask(
                "return $$('.columns').map((e) => getComputedStyle(e).gridTemplateColumns)"
            )
            assert all(len(each.split()) == columns for each in drawn)


def test_axe_would_find_it(browser: Browser, tmp_path: Path) -> None:
    """A page with a picture that has no name,
    and with words nearly as dark as what is behind them.
    """
    browser.open_page(VIEWS["empty"].content(), tmp_path)
    browser.ask("document.querySelector('main').append(document.createElement('img'))")
    assert any(line.startswith("image-alt") for line in browser.violations())
    browser.ask("document.querySelector('h1').style.color = '#eeeeee'")
    assert any(line.startswith("color-contrast") for line in browser.violations("", *COLOURS))
