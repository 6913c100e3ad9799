"""A screen on a board of lines, driven by keys, read as text.

It is read only when it has settled. What begins later, by a timer or in another thread, has to be
awaited by its words.
"""

import asyncio
import io
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import chdir
from pathlib import Path
from typing import Any, TypeVar

import pytest
from textual.pilot import Pilot

from gitkanban.cli import quick
from gitkanban.cli.here import place_here
from gitkanban.cli.ui.app import BoardScreen
from gitkanban.views.text import Look

T = TypeVar("T")

DEADLINE = 120.0  # seconds that only a broken program reaches


class Screen:
    """A running screen: keys in, text out."""

    def __init__(self, app: BoardScreen, pilot: "Pilot[str]") -> None:
        self.app, self.pilot = app, pilot

    @property
    def text(self) -> str:
        """What is on the screen, without what fills the ends of lines.

        While it has not settled, it may be half of what a terminal will show.
        """
        strips = self.app.screen._compositor.render_strips()
        return "\n".join(strip.text.rstrip() for strip in strips)

    def listed(self) -> list[str]:
        """The ids of the cards in the list, from top to bottom."""
        return [each["id"] for each in self.app._list._cards]

    async def press(self, *keys: str) -> None:
        """Press keys, each once all that the one before it does at once has been done."""
        for key in keys:
            await self.pilot.press(key)
            await self.settle()

    async def type(self, words: str) -> None:
        """Write words and send them."""
        await self.press(*("space" if char == " " else char for char in words), "enter")

    async def settle(self) -> None:
        """Wait until every message has been handled and all that it changes is drawn."""
        loop, end = asyncio.get_running_loop(), time.monotonic() + DEADLINE
        # No task can go on: each waits for a timer, a file, or a thread.
        while loop._ready or self._has_to_draw():  # type: ignore[attr-defined]
            assert time.monotonic() < end, f"the screen never settled:\n{self.text}"
            await asyncio.sleep(0.002)

    def _has_to_draw(self) -> bool:
        """Whether the screen waits for its next moment to draw; it has 60 in a second."""
        return any(
            each._layout_required
            or each._scroll_required
            or each._repaint_required
            or each._dirty_widgets
            or each._callbacks
            for each in self.app.screen_stack
        )

    async def until(self, *parts: str) -> str:
        """The screen's text once it has all of these."""
        return await self.until_it(lambda text: all(part in text for part in parts), str(parts))

    async def until_it(self, is_so: Callable[[str], bool], what: str) -> str:
        """The screen's text once that is so of it."""
        end = time.monotonic() + DEADLINE
        await self.settle()
        while not is_so(text := self.text):
            assert time.monotonic() < end, f"the screen never had {what}:\n{text}"
            await asyncio.sleep(0.02)
            await self.settle()
        return text

    async def at_card(self, card: str) -> None:
        """Go to a card by keys, whatever moves meanwhile."""
        cards, end = self.app._list, time.monotonic() + DEADLINE
        await self.press("g")
        while cards.selected is None or cards.selected["id"] != card:
            assert time.monotonic() < end, f"no {card} in\n{self.text}"
            await self.press("j" if self.listed().index(card) > cards._at else "k")
        await self.until(f" {card} · ")


def drive(
    folder: Path,
    steps: Callable[[Screen], Awaitable[None]],
    size: tuple[int, int] = (80, 24),
    look: Look | None = None,
    labels: tuple[str, ...] = (),
) -> BoardScreen:
    """Open the screen in a folder and do the steps; the screen as it was left."""

    async def run() -> BoardScreen:
        app = BoardScreen(place_here(), quick.status_now(), look or Look(size[0]), labels)
        async with app.run_test(size=size) as pilot:
            screen = Screen(app, pilot)
            await screen.settle()
            await steps(screen)
        await asyncio.to_thread(_finish_reading, app)
        return app

    with chdir(folder):
        return _run_within(run(), 3 * DEADLINE)


def _finish_reading(app: BoardScreen) -> None:
    """Wait until nothing is read any more: it would be read in the folder of the next test."""
    read = threading.Event()
    app._reader.ask(read.set, lambda *_: None)
    assert read.wait(DEADLINE), "a board is still read long after its screen was left"


def _run_within(work: Coroutine[Any, Any, T], seconds: float) -> T:
    """What the work gives. Work that hangs is left where it is,
    and the test fails with where that is.

    `asyncio.run` would wait for it again: it cancels what is left, and waits for the end of that.
    """
    loop = asyncio.new_event_loop()
    task = loop.create_task(work)
    try:
        done, _ = loop.run_until_complete(asyncio.wait({task}, timeout=seconds))
        if not done:
            where = io.StringIO()
            for each in asyncio.all_tasks(loop):
                each.print_stack(limit=4, file=where)
            pytest.fail(f"the screen hung for {seconds:.0f} s:\n{where.getvalue()}")
        return task.result()
    finally:
        loop.close()
