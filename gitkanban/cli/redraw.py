"""A page drawn again and again in place, until ^C, which leaves its last state on the terminal.

On a terminal it has a screen of its own (xterm's alternate one), so that resizing spoils nothing, and
what the shell had printed is there again afterwards. Where stdout cannot be drawn on, a page is
printed anew whenever it changes. An error is shown in its place, and looked after as well: a board
may come back.
"""

import os
import select
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from gitkanban.cli.terminal import is_terminal, terminal_height, terminal_width
from gitkanban.core.visible import shown
from gitkanban.errors import GitkanbanError
from gitkanban.views.text import wrapped

_ENTER, _LEAVE = "\x1b[?1049h\x1b[?25l", "\x1b[?25h\x1b[?1049l"
_BEGIN, _END = "\x1b[?2026h\x1b[H", "\x1b[J\x1b[?2026l"  # shown at once, where it can be
_END_OF_LINE = "\x1b[K\n"


class Page(NamedTuple):
    """A page, and the cards on it that need somebody."""

    text: str
    needs: frozenset[str] | None  # None: nobody can tell


def watch(seconds: float, bell: bool, draw: Callable[[], Page]) -> None:
    """Draw the page every so many seconds; `bell` rings when a card is new among those that need
    somebody.
    """
    known: frozenset[str] | None = None
    last = ""
    drawn_on = is_terminal() and os.environ.get("TERM") not in ("dumb", "", None)
    with _screen(drawn_on) as wait:
        try:
            while True:
                page = _draw_once(draw)
                if bell and page.needs and known is not None and page.needs - known:
                    sys.stdout.write("\a")
                known = known if page.needs is None else page.needs
                if drawn_on:
                    _show(page.text)
                elif page.text != last:
                    print(page.text, flush=True)
                last = page.text
                wait(seconds)
        except KeyboardInterrupt:
            return
        finally:
            if drawn_on:
                sys.stdout.write(_LEAVE + last)
                sys.stdout.flush()


def _draw_once(draw: Callable[[], Page]) -> Page:
    try:
        return draw()
    except GitkanbanError as error:
        return _error_page(error.message, error.hint)
    except OSError as error:
        where = f": {error.filename}" if error.filename else ""
        return _error_page(f"{error.strerror or error}{where}", "")


def _error_page(message: str, hint: str) -> Page:
    lines = wrapped(shown(f"Error: {message}"), terminal_width(), "", "  ")
    lines += wrapped(shown(f"Hint: {hint}"), terminal_width(), "", "  ") if hint else []
    return Page("".join(f"{line}\n" for line in lines), None)


def _show(text: str) -> None:
    lines = text.splitlines()
    most = terminal_height() - 1
    if len(lines) > most > 1:
        lines = [*lines[: most - 1], f"   {len(lines) - most + 1} more lines"]
    sys.stdout.write(_BEGIN + _END_OF_LINE.join([*lines, ""]) + _END)
    sys.stdout.flush()


@contextmanager
def _screen(drawn_on: bool) -> Iterator[Callable[[float], None]]:
    """A screen of its own while it is in the foreground; gives what waits, or is woken by a signal."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)

    def pause(_number: int, _frame: object) -> None:
        sys.stdout.write(_LEAVE)
        sys.stdout.flush()
        signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTSTP)  # and here it goes on when it is continued
        signal.signal(signal.SIGTSTP, pause)
        sys.stdout.write(_ENTER)

    def end(_number: int, _frame: object) -> None:
        raise SystemExit(128 + signal.SIGTERM)

    def wait(seconds: float) -> None:
        if select.select([reader], [], [], seconds)[0]:
            os.read(reader, 4096)

    before = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    handlers = {}
    if drawn_on:
        for number, handler in (
            (signal.SIGWINCH, lambda _number, _frame: None),
            (signal.SIGTSTP, pause),
            (signal.SIGTERM, end),
        ):
            handlers[number] = signal.signal(number, handler)
        sys.stdout.write(_ENTER)
    try:
        yield wait
    finally:
        for number, old in handlers.items():
            signal.signal(number, old)
        signal.set_wakeup_fd(before)
        os.close(reader)
        os.close(writer)
