"""What becomes of the screen when its terminal is lost: it ends, and everything goes on running."""

import os
import signal
import termios

from gitkanban.typed import NoReturn


def has_terminal() -> bool:
    """Whether somebody may still look."""
    try:
        termios.tcgetattr(0)
    except (OSError, termios.error):
        return False
    return True


def leave_lost_terminal() -> NoReturn:
    """Nobody looks any more; there is nothing to clean up, and nowhere to write to."""
    os._exit(128 + signal.SIGHUP)
