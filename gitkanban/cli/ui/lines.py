"""A pane of lines: text of views, in our own few colours, scrolled line by line.

A line is drawn only when it comes into sight, so a long diff costs no more than a short one. Text
is never markup here, and the only escapes that are understood are the colours of `views.text`.
"""

import re
from functools import lru_cache

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from gitkanban.typed import Any, ClassVar

_COLOUR = re.compile(r"\x1b\[([0-9;]*)m")
_STYLES = {
    "0": Style.null(),
    "1": Style(bold=True),
    "2": Style(dim=True),
    "7": Style(reverse=True),
    "31": Style(color="red"),
    "32": Style(color="green"),
    "33": Style(color="yellow"),
    "36": Style(color="cyan"),
}


@lru_cache(maxsize=4096)
def strip_of(line: str) -> Strip:
    """Return a line of a view in the form that textual draws."""
    segments, style = [], Style.null()
    for number, part in enumerate(_COLOUR.split(line)):
        if number % 2:
            style = Style.null() if part in ("", "0") else style + _STYLES.get(part, Style.null())
        elif part:
            segments.append(Segment(part.replace("\x1b", "�"), style))
    return Strip(segments)


class LinePane(ScrollView, can_focus=True):
    """Lines to scroll through; `follow` keeps the end in sight as long as nobody scrolls up."""

    BINDINGS: ClassVar[list[Any]] = [
        ("j,down", "scroll_down", "down"),
        ("k,up", "scroll_up", "up"),
        ("g,home", "scroll_home", "top"),
        ("G,end", "scroll_end", "end"),
        ("space", "page_down", "page down"),
    ]

    def __init__(self, id: str) -> None:  # textual's own name for it
        super().__init__(id=id)
        self.lines: list[str] = []

    def show(self, lines: list[str], follow: bool = False, top: bool = False) -> None:
        """Show these lines instead; `top` goes back to the first."""
        at_end = self.scroll_offset.y >= self.max_scroll_y
        if lines == self.lines and not top:
            return
        self.lines = lines
        width = max((strip_of(line).cell_length for line in lines[:2000]), default=0)
        self.virtual_size = Size(width, len(lines))
        if top:
            self.scroll_to(0, 0, animate=False)
        if follow and (at_end or top):
            self.call_after_refresh(self.scroll_end, animate=False, x_axis=False)
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Return the line in row `y` of what is in sight."""
        x, top = self.scroll_offset
        width = self.size.width
        strip = strip_of(self.lines[top + y]) if top + y < len(self.lines) else Strip.blank(width)
        return strip.crop(x, x + width).adjust_cell_length(width)
