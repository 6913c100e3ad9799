"""A bar of a few lines of text: the head, a message, the keys.

Parts of it can be clicked.
"""

from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from gitkanban.cli.ui.lines import strip_of


class TextBar(Widget):
    """Lines of text, as high as there are lines."""

    class Pressed(Message):
        """Sent when the part of that name was clicked."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    def __init__(self, id: str) -> None:  # textual's own name for it
        super().__init__(id=id)
        self.lines: list[str] = []
        self._parts: list[tuple[int, int, int, str]] = []

    def show(self, lines: list[str], parts: list[tuple[int, int, int, str]] | None = None) -> None:
        """Show these lines; `parts` are (line, first column, column after, name) to click on."""
        self._parts = parts or []
        if lines != self.lines:
            self.lines = lines
            self.styles.height = len(lines)
            self.display = bool(lines)
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """Return line `y`."""
        width = self.size.width
        if y >= len(self.lines):
            return Strip.blank(width)
        return strip_of(self.lines[y]).adjust_cell_length(width)

    def on_click(self, event: events.Click) -> None:
        """Post a message that says which part was clicked."""
        for line, first, after, name in self._parts:
            if event.y == line and first <= event.x < after:
                self.post_message(self.Pressed(name))
