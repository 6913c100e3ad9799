"""Opens a file in a browser that runs scripts."""

import os
import pathlib

from gitkanban.errors import NotFound

_TEXT_BROWSERS = ("elinks", "links", "lynx", "w3m", "www-browser")  # they run no scripts


def open_in_browser(path: str, hint: str) -> None:
    """Open a file in a browser. Raises NotFound, with that hint, if none can show it."""
    import webbrowser

    try:
        browser = webbrowser.get()
        name = os.path.basename(getattr(browser, "name", ""))
        opened = name not in _TEXT_BROWSERS and browser.open(pathlib.Path(path).as_uri())
    except webbrowser.Error:
        opened = False
    if not opened:
        raise NotFound("there is no browser here to open it", hint)
