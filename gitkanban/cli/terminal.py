"""What the terminal can do: its size, colour, and the signs it draws. Imports nothing heavy.

`--color` comes first, then NO_COLOR (https://no-color.org), then CLICOLOR_FORCE and FORCE_COLOR
(https://bixense.com/clicolors), then whether stdout is a terminal that is not dumb.
"""

import os
import sys

from gitkanban.views.text import Look

WIDTH_LEAST = 20

_options: dict[str, str] = {}  # what options chose for colour and signs


def choose(what: str, value: str) -> None:
    """Record an option's choice: `color` (always, never, auto), `ascii` (yes)."""
    _options[what] = value


def is_terminal() -> bool:
    """Return whether stdout is a terminal."""
    return sys.stdout.isatty()


def can_edit() -> bool:
    """Return whether a person sits at a terminal, so that an editor may be opened unasked."""
    return sys.stdin.isatty() and is_terminal() and os.environ.get("TERM") != "dumb"


def colour_on() -> bool:
    """Return whether stdout gets colours."""
    chosen = _colour_choice()
    return chosen if chosen is not None else is_terminal() and os.environ.get("TERM") != "dumb"


def colour_wanted() -> bool | None:
    """Return what was chosen about colour; None lets the writer decide for its stream."""
    chosen = _colour_choice()
    return False if chosen is None and os.environ.get("TERM") == "dumb" else chosen


def _colour_choice() -> bool | None:
    choice = _options.get("color", "auto")
    if choice != "auto":
        return choice == "always"
    if os.environ.get("NO_COLOR"):
        return False
    forced = (os.environ.get(name, "") for name in ("CLICOLOR_FORCE", "FORCE_COLOR"))
    if any(value not in ("", "0", "false") for value in forced):
        return True
    return False if os.environ.get("CLICOLOR") == "0" else None


def ascii_only() -> bool:
    """Return whether only ASCII signs can be drawn: by `--ascii`, or by a terminal's locale.

    What programs read is the same in every locale.
    """
    if _options.get("ascii"):
        return True
    if not is_terminal():
        return False
    get = os.environ.get
    # Python sets LC_CTYPE itself if the locale is C (PEP 538).
    coerced = get("LC_CTYPE") == "C.UTF-8" and get("LANG", "C") in ("", "C", "POSIX")
    locale = get("LC_ALL") or ("" if coerced else get("LC_CTYPE")) or get("LANG") or "C"
    return not locale.lower().replace("-", "").endswith("utf8")


def look_here() -> Look:
    """Return how pages are drawn on stdout."""
    return Look(terminal_width(), colour_on(), ascii_only())


def prose_look() -> Look:
    """Return the same for prose, which is neither cut nor folded in a pipe."""
    look = look_here()
    look.width = look.width if is_terminal() else 1 << 30
    return look


def terminal_width() -> int:
    """Return the columns to fill: COLUMNS, else the terminal's, else 100 (a pipe has none)."""
    columns = os.environ.get("COLUMNS", "")
    if columns.isdigit() and int(columns) >= WIDTH_LEAST:
        return int(columns)
    try:
        return max(WIDTH_LEAST, os.get_terminal_size(sys.stdout.fileno()).columns)
    except (OSError, ValueError):
        return 100


def terminal_height() -> int:
    """Return the number of lines of the terminal; 0 if stdout is not one."""
    try:
        return os.get_terminal_size(sys.stdout.fileno()).lines
    except (OSError, ValueError):
        return 0
