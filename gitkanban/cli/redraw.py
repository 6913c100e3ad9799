"""A page that is redrawn in place until ^C, which leaves its last state on the terminal.

A terminal shows it on a screen of its own (xterm's alternate one): resizing spoils nothing, and
what the shell had printed is there again afterwards. If stdout cannot be drawn on, the page is
printed whenever it changes. An error takes the page's place, and the next look tries again: the
board may come back.
"""

import os
import select
import signal
import sys
from collections.abc import Callable

from gitkanban.cli.terminal import is_terminal, terminal_height, terminal_width
from gitkanban.core.visible import shown
from gitkanban.errors import GitkanbanError
from gitkanban.typed import Any, NamedTuple
from gitkanban.views.text import wrapped

_ENTER, _LEAVE = "\x1b[?1049h\x1b[?25l", "\x1b[?25h\x1b[?1049l"
_BEGIN, _END = "\x1b[?2026h\x1b[H", "\x1b[J\x1b[?2026l"  # one synchronized update, if supported
_END_OF_LINE = "\x1b[K\n"


class Page(NamedTuple):
    """A page, and the cards on it that need a person."""

    text: str
    needs: frozenset[str] | None  # None: unknown, as the board cannot be read


def watch(seconds: float, bell: bool, draw: Callable[[], Page]) -> int:
    """Draw the page every `seconds` until ^C or SIGTERM; return the exit code, 0 or 143.

    With `bell`, the terminal's bell rings when another card needs a person.
    """
    known: frozenset[str] | None = None
    last = ""
    drawn_on = is_terminal() and os.environ.get("TERM") not in ("dumb", "", None)
    with _Screen(drawn_on) as screen:
        while not screen.ended:
            page = _draw_once(draw)
            if bell and page.needs and known is not None and page.needs - known:
                sys.stdout.write("\a")
            known = known if page.needs is None else page.needs
            if drawn_on:
                _draw_page(page.text)
            elif page.text != last:
                print(page.text, flush=True)
            last = page.text
            screen.wait(seconds)
    if drawn_on:
        sys.stdout.write(last)
    return 128 + signal.SIGTERM if screen.ended == signal.SIGTERM else 0


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


def _draw_page(text: str) -> None:
    lines = text.splitlines()
    most = terminal_height() - 1
    if len(lines) > most > 1:
        lines = [*lines[: most - 1], f"   {len(lines) - most + 1} more lines"]
    sys.stdout.write(_BEGIN + _END_OF_LINE.join([*lines, ""]) + _END)
    sys.stdout.flush()


class _Screen:
    """The alternate screen while we are in the foreground, and the signals that end or change it.

    The first ^C is only noted, since it may come in the middle of anything; the second is raised.
    """

    def __init__(self, drawn_on: bool) -> None:
        self.ended = 0  # the signal that ended it; 0: none yet
        self._drawn_on = drawn_on
        self._before: dict[int, Any] = {}
        self._reader, self._writer = os.pipe()
        self._wakeup = -1

    def __enter__(self) -> "_Screen":
        os.set_blocking(self._writer, False)
        self._wakeup = signal.set_wakeup_fd(self._writer, warn_on_full_buffer=False)
        handlers: dict[int, Any] = {signal.SIGINT: self._end, signal.SIGTERM: self._end}
        if self._drawn_on:
            handlers |= {signal.SIGTSTP: self._pause, signal.SIGWINCH: lambda *_: None}
            sys.stdout.write(_ENTER)
        for number, handler in handlers.items():
            self._before[number] = signal.signal(number, handler)
        return self

    def __exit__(self, *_error: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._wakeup)
        os.close(self._reader)
        os.close(self._writer)
        if self._drawn_on:
            sys.stdout.write(_LEAVE)
            sys.stdout.flush()

    def wait(self, seconds: float) -> None:
        """Sleep until a signal comes; not at all if one has come since the last call."""
        if select.select([self._reader], [], [], seconds)[0]:
            os.read(self._reader, 4096)

    def _end(self, number: int, _frame: object) -> None:
        if self.ended:
            raise KeyboardInterrupt
        self.ended = number

    def _pause(self, _number: int, _frame: object) -> None:
        # Past the buffer: the signal may have come in the middle of a write,
        # which is not re-entrant.
        os.write(sys.stdout.fileno(), _LEAVE.encode())
        signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTSTP)  # after SIGCONT, it goes on here
        signal.signal(signal.SIGTSTP, self._pause)
        os.write(sys.stdout.fileno(), _ENTER.encode())
