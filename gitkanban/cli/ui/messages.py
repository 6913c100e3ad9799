"""The lines between the board and the keys: what is at work, what was done, what went wrong."""

import time

from gitkanban.cli.ui.bar import TextBar
from gitkanban.errors import GitkanbanError
from gitkanban.views.text import Look, shown, wrapped

_STAYS = 20.0  # seconds that words stay
_LINES_MOST = 6


class MessageBar(TextBar):
    """What people are told, for some seconds or until the next; and what is so for longer."""

    def __init__(self, look: Look) -> None:
        super().__init__("message")
        self._look = look
        self._words: list[str] = []
        self._worded_at = 0.0
        self.busy: dict[str, tuple[str, float]] = {}  # what is at work since when, by card
        self.failure: GitkanbanError | None = None  # why the board cannot be read
        self.filter = ""  # which words cards must have to be shown

    def draw(self) -> None:
        """Show it as of now."""
        look, lines = self._look, []
        for card, (verb, began) in self.busy.items():
            took = int(time.monotonic() - began)
            lines.append(f"… {verb} {card}".rstrip() + (f"  {took} s" if took > 1 else ""))
        if self.failure:
            lines += [look.paint("cannot read the board: ", "red") + shown(self.failure.message)]
            lines += [f"Hint: {shown(self.failure.hint)}"] if self.failure.hint else []
        if time.monotonic() - self._worded_at > _STAYS:
            self._words = []
        lines += self._words
        if self.filter:
            lines.append(look.paint(f"only cards with {shown(self.filter)!r} (esc: all)", "dim"))
        self.show(look.page(lines).split("\n")[:-1][:_LINES_MOST])

    def say(self, text: str, hint: str = "", bad: bool = False) -> None:
        """Words to be read now; `bad` ones are an error."""
        room = max(20, self.app.size.width)
        lines = wrapped(shown(text), room)[:4]
        if bad and lines:
            lines[0] = self._look.paint("Error: ", "red") + lines[0].removeprefix("Error: ")
        self._words = lines + (wrapped(f"Hint: {shown(hint)}", room)[:3] if hint else [])
        self._worded_at = time.monotonic()
        self.draw()

    def say_error(self, error: GitkanbanError) -> None:
        """An error as every command prints it."""
        self.say(f"Error: {error.message}", error.hint, bad=True)

    def clear(self) -> None:
        """Leave out the words of before."""
        self._words = []
        self.draw()
