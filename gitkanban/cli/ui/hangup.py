"""Ends the screen when its terminal is lost; sessions and verbs go on running."""

import os
import signal
import termios

from gitkanban.typed import NoReturn


def has_terminal() -> bool:
    """Return whether stdin is still a terminal."""
    try:
        termios.tcgetattr(0)
    except (OSError, termios.error):
        return False
    return True


def leave_lost_terminal() -> NoReturn:
    """End the process at once: there is nothing to clean up, and nowhere to write to."""
    os._exit(128 + signal.SIGHUP)
