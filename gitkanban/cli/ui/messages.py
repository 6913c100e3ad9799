"""The lines between the board and the keys: what is at work, what was done, what went wrong."""

import time

from gitkanban.cli.ui.bar import TextBar
from gitkanban.errors import GitkanbanError
from gitkanban.views.text import Look, shown, wrapped

_STAYS = 20.0  # seconds that a message stays
_LINES_MOST = 6


class MessageBar(TextBar):
    """Shows a message for some seconds or until the next, beside what stays for longer."""

    def __init__(self, look: Look) -> None:
        super().__init__("message")
        self._look = look
        self._words: list[str] = []
        self._worded_at = 0.0
        self.busy: dict[str, tuple[str, float]] = {}  # {card: (verb at work, monotonic start)}
        self.failure: GitkanbanError | None = None  # why the board cannot be read
        self.filter = ""  # the words that cards must have to be shown

    def draw(self) -> None:
        """Show what is at work, errors, the message, and the filter as they are now."""
        look, lines = self._look, []
        for card, (verb, began) in self.busy.items():
            took = int(time.monotonic() - began)
            lines.append(f"… {verb} {card}".rstrip() + (f"  {took} s" if took > 1 else ""))
        if self.failure:
            begin, room = "cannot read the board: ", self._text_columns
            first, *rest = wrapped(shown(self.failure.message), room, begin)[:2]
            lines += [look.paint(begin, "red") + first.removeprefix(begin), *rest]
            hint = f"Hint: {shown(self.failure.hint)}" if self.failure.hint else ""
            lines += wrapped(hint, room)[:3] if hint else []
        if time.monotonic() - self._worded_at > _STAYS:
            self._words = []
        lines += self._words
        if self.filter:
            lines.append(look.paint(f"only cards with {shown(self.filter)!r} (esc: all)", "dim"))
        self.show(look.page(lines).split("\n")[:-1][:_LINES_MOST])

    @property
    def _text_columns(self) -> int:
        return max(20, self.app.size.width)

    def say(self, text: str, hint: str = "", bad: bool = False) -> None:
        """Show a message; a `bad` one is an error."""
        room = self._text_columns
        lines = wrapped(shown(text), room)[:4]
        if bad and lines:
            lines[0] = self._look.paint("Error: ", "red") + lines[0].removeprefix("Error: ")
        self._words = lines + (wrapped(f"Hint: {shown(hint)}", room)[:3] if hint else [])
        self._worded_at = time.monotonic()
        self.draw()

    def say_error(self, error: GitkanbanError) -> None:
        """Show an error as commands print it."""
        self.say(f"Error: {error.message}", error.hint, bad=True)

    def clear(self) -> None:
        """Remove the message."""
        self._words = []
        self.draw()
