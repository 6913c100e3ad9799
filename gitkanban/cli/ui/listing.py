"""The list of cards: groups in the same order as in `status`, one card selected.

It is drawn line by line as lines come into sight, so that thousands of cards cost as little as ten.
The selection stays on its card whatever comes and goes around it.
"""

from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from gitkanban.cli.ui.acts import CardData
from gitkanban.cli.ui.lines import strip_of
from gitkanban.core.names import CardId
from gitkanban.core.situation.rows import GROUPS, NEEDS_YOU, QUIET
from gitkanban.typed import Any, ClassVar, NamedTuple
from gitkanban.views.board import cell_lines
from gitkanban.views.signs import age_of, remark, sign, tried
from gitkanban.views.text import Look, clipped, padded, shown, width

_TALL_MOST = 100  # cards of a group that a column shows; the list shows them all


class _Line(NamedTuple):
    """A line of the list: its card's index (-1: none), and its text, or "" to draw it in sight."""

    card: int
    text: str = ""


class CardList(ScrollView, can_focus=True):
    """Cards of some groups; `tall` gives each card several lines, as in a column of the board."""

    BINDINGS: ClassVar[list[Any]] = [
        ("j,down", "move(1)", "next"),
        ("k,up", "move(-1)", "previous"),
        ("pagedown,space", "page(1)", "page down"),
        ("pageup", "page(-1)", "page up"),
        ("g,home", "first", "first"),
        ("G,end", "last", "last"),
        ("enter", "open", "open"),
    ]

    class Selected(Message):
        """Sent when another card is selected, or none."""

        def __init__(self, where: "CardList", card: CardData | None) -> None:
            super().__init__()
            self.where, self.card = where, card

    class CardOpened(Message):
        """Sent when the selected card is to be opened."""

    def __init__(self, look: Look, groups: tuple[str, ...] = GROUPS, tall: bool = False) -> None:
        super().__init__()
        self._look, self._groups, self._tall = look, groups, tall
        self._cards: list[CardData] = []
        self._lines: list[_Line] = []
        self._first: dict[int, int] = {}  # {index of a card: its first line}
        self._counts: dict[str, int] = {}
        self._ids = 0
        self._at = -1
        self._now = 0.0
        self._drawn: list[str] = []
        self.empty_text: list[str] = []

    @property
    def selected(self) -> CardData | None:
        """The selected card."""
        return self._cards[self._at] if 0 <= self._at < len(self._cards) else None

    def show(self, cards: list[CardData], now: float) -> None:
        """Show these cards, in this order."""
        before = self.selected
        mine = [[card for card in cards if card["group"] == group] for group in self._groups]
        self._counts = dict(zip(self._groups, map(len, mine), strict=True))
        self._cards = [
            card for some in mine for card in (some[:_TALL_MOST] if self._tall else some)
        ]
        self._now = now
        places = {card["id"]: number for number, card in enumerate(self._cards)}
        known = before and places.get(before["id"])
        self._at = min(max(self._at, 0), len(self._cards) - 1) if known is None else known or 0
        self._ids = min(16, max((width(card["id"]) for card in self._cards), default=0))
        self._lay_out()
        self.refresh()
        if self.selected != before:
            self.post_message(self.Selected(self, self.selected))

    def redraw(self, now: float) -> None:
        """Draw again with the ages of now, if that makes a difference."""
        self._now = now
        if self._tall:
            self._lay_out()
        if self._drawn != [self._text_of(row) for row in self._rows_in_sight()]:
            self.refresh()

    def select(self, card: CardId) -> None:
        """Select a card by its id, if it is here."""
        for number, each in enumerate(self._cards):
            if each["id"] == card:
                self._move_to(number)

    def _lay_out(self) -> None:
        self._lines, self._first, group = [], {}, ""
        for number, card in enumerate(self._cards):
            if card["group"] != group:
                group = card["group"]
                self._lines.append(_Line(-1, _head_of(group, self._counts[group])))
            self._first[number] = len(self._lines)
            parts = self._tall_lines(card) if self._tall else [""]
            self._lines += [_Line(number, part) for part in parts]
        if self._tall and not self._cards:
            self._lines = [_Line(-1, _head_of(self._groups[0], 0))]
        self.virtual_size = Size(self.size.width, len(self._lines) or len(self.empty_text))

    def on_resize(self) -> None:
        """Lay out again: in a column, titles wrap."""
        self._lay_out()
        self._keep_in_sight()

    def render_line(self, y: int) -> Strip:
        """Return the line in row `y` of what is in sight."""
        if not y:
            self._drawn = [self._text_of(row) for row in self._rows_in_sight()]
        row, room = self.scroll_offset.y + y, self.size.width
        strip = strip_of(self._look.page([self._text_of(row)])[:-1]).adjust_cell_length(room)
        if row < len(self._lines) and self._is_marked(self._lines[row].card):
            strip = strip.apply_style(Style(bold=True, reverse=self.has_focus))
        return strip

    def _rows_in_sight(self) -> range:
        return range(self.scroll_offset.y, self.scroll_offset.y + self.size.height)

    def _is_marked(self, card: int) -> bool:
        """Return whether a card is marked as selected; only the column with the focus marks one."""
        return card == self._at >= 0 and (self.has_focus or not self._tall)

    def _text_of(self, row: int) -> str:
        room = self.size.width
        if not self._lines and row < len(self.empty_text):
            return clipped(self.empty_text[row], room)
        if row >= len(self._lines):
            return ""
        line = self._lines[row]
        if line.card < 0:
            rule = "─" * max(0, room - width(line.text) - 1)
            return self._look.paint(clipped(f"{line.text} {rule}", room), "dim")
        mark = ">" if self._look.ascii_only else "▌"
        mark = mark if self._is_marked(line.card) else " "
        return mark + (line.text if self._tall else self._flat_line(self._cards[line.card]))

    def _flat_line(self, card: CardData) -> str:
        """Return a card in one line: sign, id, title, and what matters in its group."""
        look, room = self._look, self.size.width - 1
        head = f"{sign(look, card['state'])} {padded(clipped(card['id'], self._ids), self._ids)} "
        cell = _cell_of(card, self._now)
        left = max(1, room - 3 - self._ids - (width(cell) + 2 if cell else 1))
        title = shown(card["title"])
        more = ""
        if width(title) < left - 14 and card["remark"] and self.size.width > 60:
            more = "  " + clipped(remark(card), left - width(title) - 2)
        text = padded(clipped(title, left), left - width(more))
        return head + text + look.paint(more + (f" {cell}" if cell else ""), "dim")

    def _tall_lines(self, card: CardData) -> list[str]:
        """Return a card's lines in a column, as `board` draws them, and a blank line."""
        room = max(8, self.size.width - 2)
        return [*(line.drawn for line in cell_lines(card, room, self._now, self._look)), ""]

    # -- moving

    def action_move(self, by: int) -> None:
        """Select the card `by` places on."""
        self._move_to(self._at + by)

    def action_page(self, by: int) -> None:
        """Select the card `by` pages on."""
        self._move_to(self._at + by * max(1, self.size.height - 2))

    def action_first(self) -> None:
        """Select the first card."""
        self._move_to(0)

    def action_last(self) -> None:
        """Select the last card."""
        self._move_to(len(self._cards) - 1)

    def action_open(self) -> None:
        """Open the selected card."""
        if self.selected:
            self.post_message(self.CardOpened())

    def _move_to(self, number: int) -> None:
        number = max(0, min(number, len(self._cards) - 1))
        if self._cards and number != self._at:
            self._at = number
            self.post_message(self.Selected(self, self.selected))
        self._keep_in_sight()
        self.refresh()

    def _keep_in_sight(self) -> None:
        if self._at not in self._first:
            return
        top = self._first[self._at]
        head = top - 1 if top and self._lines[top - 1].card < 0 else top
        parts = sum(line.card == self._at for line in self._lines[top : top + 6])
        self.scroll_to_region(Region(0, head, 1, top - head + parts), animate=False, force=True)

    def on_click(self, event: events.Click) -> None:
        """Select the card under the pointer; a second click opens it."""
        row = self.scroll_offset.y + event.y
        if row < len(self._lines) and self._lines[row].card >= 0:
            self._move_to(self._lines[row].card)
            if event.chain > 1:
                self.action_open()

    def on_focus(self) -> None:
        """In columns, show the card of the column that gets the focus."""
        self.refresh()
        self.post_message(self.Selected(self, self.selected))


def _head_of(group: str, count: int) -> str:
    return f"{group.replace('-', ' ').upper()} {count}"


def _cell_of(card: CardData, now: float) -> str:
    """Return what is shown at the right of a card."""
    if card["group"] == NEEDS_YOU:
        return f"▸{card['holds']}" if card["holds"] else tried(card) or age_of(card, now)
    if card["group"] == "running" or card["group"] in QUIET:
        return age_of(card, now)
    return f"▸{card['holds']}" if card["holds"] else ""


def matches(card: dict[str, Any], words: str) -> bool:
    """Return whether all words are in a card's id, title, worker, state or remark, in any case."""
    fields = ("id", "title", "worker", "state", "remark")
    text = " ".join(str(card[name]) for name in fields).casefold()
    return all(word in text for word in words.casefold().split())
