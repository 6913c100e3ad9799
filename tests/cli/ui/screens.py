"""A screen on a board of lines, driven by keys, read as text."""

import asyncio
import os
import subprocess
from collections.abc import Awaitable, Callable
from contextlib import chdir
from pathlib import Path

from textual.pilot import Pilot

from gitkanban.cli import quick
from gitkanban.cli.here import place_here
from gitkanban.cli.ui.app import BoardScreen
from gitkanban.views.text import Look

DEADLINE = 30.0  # seconds that only a broken program reaches


class Screen:
    """A running screen: keys in, text out."""

    def __init__(self, app: BoardScreen, pilot: "Pilot[str]") -> None:
        self.app, self.pilot = app, pilot

    @property
    def text(self) -> str:
        """What is on the screen, without what fills the ends of lines."""
        strips = self.app.screen._compositor.render_strips()
        return "\n".join(strip.text.rstrip() for strip in strips)

    async def press(self, *keys: str) -> None:
        """Press keys, one after the other."""
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def type(self, words: str) -> None:
        """Write words and send them."""
        for char in words:
            await self.pilot.press("space" if char == " " else char)
        await self.press("enter")

    async def until(self, *parts: str) -> str:
        """The screen's text once it has all of these."""
        return await self.until_it(lambda text: all(part in text for part in parts), str(parts))

    async def until_it(self, is_so: Callable[[str], bool], what: str) -> str:
        """The screen's text once that is so of it."""
        try:
            async with asyncio.timeout(DEADLINE):
                while not is_so(self.text):
                    await self.pilot.pause(0.02)
        except TimeoutError:
            raise AssertionError(f"the screen never had {what}:\n{self.text}") from None
        return self.text


def drive(
    folder: Path,
    steps: Callable[[Screen], Awaitable[None]],
    size: tuple[int, int] = (80, 24),
    look: Look | None = None,
) -> BoardScreen:
    """Open the screen in a folder and do the steps; the screen as it was left."""

    async def run() -> BoardScreen:
        app = BoardScreen(place_here(), quick.status_now(), look or Look(size[0]))
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            await steps(Screen(app, pilot))
        return app

    with chdir(folder):
        return asyncio.run(run())


def on_terminal(folder: Path, *argv: str, **env: str) -> "subprocess.CompletedProcess[str]":
    """Run the program without a terminal."""
    return subprocess.run(
        argv,
        cwd=folder,
        env={**os.environ, **env},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
