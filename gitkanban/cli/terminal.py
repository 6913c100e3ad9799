"""What the terminal can do: its width, and whether colour is wanted. Imports nothing heavy."""

import os
import sys


def colour_on() -> bool:
    """Colour on a terminal, unless NO_COLOR is set (https://no-color.org) or TERM is dumb."""
    return (
        sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    )


def colour_wanted() -> bool | None:
    """For click: never with NO_COLOR or a dumb terminal, else as it decides for its stream."""
    return False if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" else None


def terminal_width() -> int:
    """Columns to fill: COLUMNS, else the terminal's, else 100 (a pipe has none)."""
    said = os.environ.get("COLUMNS", "")
    if said.isdigit() and int(said) >= 40:
        return int(said)
    try:
        return max(40, os.get_terminal_size(sys.stdout.fileno()).columns)
    except (OSError, ValueError):
        return 100
