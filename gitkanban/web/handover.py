"""Hands calls from other threads to the thread of the event loop."""

import asyncio
from collections.abc import Callable
from contextlib import suppress


def hand_over(loop: asyncio.AbstractEventLoop, call: Callable[[], None]) -> None:
    """Have the loop's thread make a call; one that comes after its end has nowhere to go."""
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(call)
