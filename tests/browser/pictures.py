"""The picture of the page in README.md, docs/page.png: `python -m tests.browser.pictures` makes it.

`python -m tests.browser.pictures DIR` takes pictures of every view instead, light and dark and in
three widths, to be looked at. The board is that of `shops`, the moment and the time zone are always
the same; fonts are those of this machine.
"""

import base64
import sys
import tempfile
from pathlib import Path

from tests.browser.driving import Browser, start_browser
from tests.browser.shops import VIEWS, View, shop
from tests.support.boards import NOW

PICTURE = Path(__file__).parents[2] / "docs" / "page.png"
WIDTHS = (360, 800, 1600)
PICTURE_SIZE = (1280, 1000)  # pixels
_HEIGHT, _HEIGHT_MOST = 900, 6000


def take_picture(
    browser: Browser, view: View, width: int, scheme: str = "light", height: int = 0
) -> bytes:
    """Return a PNG of a view: its first `height` pixels, or all that is below them as well."""
    with tempfile.TemporaryDirectory() as folder, browser.looking(width, scheme, height or _HEIGHT):
        browser.open_page(view.content(), Path(folder))
        browser.draw_all()
        browser.ask(view.script)
        all_of_it = browser.ask("return document.documentElement.scrollHeight")
        area = {"x": 0, "y": 0, "width": width, "scale": 1}
        area["height"] = height or min(all_of_it, _HEIGHT_MOST)
        words = {"format": "png", "captureBeyondViewport": not height, "clip": area}
        taken = browser.driver.execute_cdp_cmd("Page.captureScreenshot", words)
    return base64.b64decode(taken["data"])


def take_every_picture(browser: Browser, folder: Path) -> None:
    """Write a PNG of every view, width and scheme into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, view in VIEWS.items():
        for width in WIDTHS:
            for scheme in ("light", "dark"):
                height = _HEIGHT if view.part else 0  # what opens lies over the rest
                data = take_picture(browser, view, width, scheme, height)
                (folder / f"{name}-{width}-{scheme}.png").write_bytes(data)


def main(folder: str = "") -> None:
    """Make the picture of README.md, or one of every view in `folder`."""
    with tempfile.TemporaryDirectory() as profile:
        driver = start_browser(Path(profile))
        browser = Browser(driver)
        try:
            browser.stop_clock(NOW)
            if folder:
                take_every_picture(browser, Path(folder))
            else:
                PICTURE.write_bytes(
                    take_picture(browser, View(shop), PICTURE_SIZE[0], height=PICTURE_SIZE[1])
                )
        finally:
            driver.quit()


if __name__ == "__main__":
    main(*sys.argv[1:])
