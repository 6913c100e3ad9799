"""Limits on commands that pass once something has happened, however fast the machine is."""

import time
from collections.abc import Callable
from types import SimpleNamespace

import pytest

from gitkanban.board.repo import limited

HOUR = 3600.0  # seconds; longer than any limit


def let_hours_pass(patch: pytest.MonkeyPatch, hours: Callable[[], int]) -> None:
    """Let an hour pass for the command at work whenever `hours` has grown by one."""
    clock = SimpleNamespace(monotonic=lambda: time.monotonic() + HOUR * hours())
    patch.setattr(limited, "time", clock)
