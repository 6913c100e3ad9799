"""The pane of one card: a head, and one of its pages: card, work, log, prompt."""

from textual.app import ComposeResult
from textual.containers import Vertical

from gitkanban.cli.ui.acts import CardData
from gitkanban.cli.ui.bar import TextBar
from gitkanban.cli.ui.lines import LinePane
from gitkanban.core.names import CardId
from gitkanban.views.signs import age_of, money, sign, tried
from gitkanban.views.text import Look, clipped, shown, width, wrapped

PAGES = ("card", "work", "log", "prompt")


class CardPane(Vertical):
    """Shows the text that it is given; it only remembers which page is open."""

    def __init__(self, look: Look) -> None:
        super().__init__(id="pane")
        self._look = look
        self.page = "card"
        self.chosen = False  # a person has chosen the page, which then stays from card to card
        self._key: tuple[str, str] = ("", "")
        self._head: tuple[CardData | None, float] = (None, 0)

    def compose(self) -> ComposeResult:
        """Yield head, tabs and text."""
        yield TextBar("card-head")
        yield TextBar("tabs")
        yield LinePane("text")

    @property
    def text(self) -> LinePane:
        """The pane that scrolls."""
        return self.query_one("#text", LinePane)

    def choose_page(self, page: str) -> None:
        """Show this page from now on."""
        self.page, self.chosen = page, True

    def show_head(self, card: CardData | None, now: float) -> None:
        """Show the card's head, and which page is open."""
        self._head, look = (card, now), self._look
        if card is None:
            self.query_one("#card-head", TextBar).show([""])
            self.query_one("#tabs", TextBar).show([])
            self.text.show([])
            return
        if not self.chosen:
            self.page = "log" if card["group"] == "running" else "card"
        facts = (
            card["status"] + f" {age_of(card, now)}".rstrip(),
            shown(card["worker"]),
            f"holds {card['holds']}" if card["holds"] else "",
            tried(card),
            money(card["cost_usd"]),
        )
        head = f"{sign(look, card['state'])} {card['id']}"
        room = self.size.width
        rest = clipped(" · ".join(filter(None, facts)), room - len(card["id"]) - 5)
        self.query_one("#card-head", TextBar).show(
            [look.page([f"{head} · {look.paint(rest, 'dim')}"])[:-1]]
        )
        line, parts = "", []
        for number, page in enumerate(PAGES, 1):
            word = f"{number} {page}"
            parts.append((0, width(line), width(line) + len(word), page))
            line += word + "  "
        painted = "  ".join(
            look.paint(f"{number} {page}", "bold" if page == self.page else "dim")
            if look.colour
            else f"{number} [{page}]" if page == self.page else f"{number} {page}"
            for number, page in enumerate(PAGES, 1)
        )  # fmt: skip
        self.query_one("#tabs", TextBar).show([painted], parts)

    def on_resize(self) -> None:
        """Draw the head again for the new width."""
        self.show_head(*self._head)

    def show_text(self, card: CardId, text: str, follow: bool = False, folds: bool = False) -> None:
        """Show the text of the open page; that of another card or page begins at its top.

        `folds`: its lines are folded to the width, as those of a prompt are.
        """
        key = (card, self.page)
        room = self.text.size.width - 1
        lines = _fold_text(text, room) if folds or self.page == "prompt" else text.split("\n")
        while lines and not lines[-1]:
            lines.pop()
        lines = self._look.page(lines).split("\n")[:-1]
        self.text.show(lines, follow, top=key != self._key)
        self._key = key


def _fold_text(text: str, room: int) -> list[str]:
    """Fold lines to `room` columns, keeping their indent; lines with colours stay as they are."""
    lines: list[str] = []
    for line in text.split("\n"):
        if "\x1b" in line or width(line) <= room or room < 12:
            lines.append(line)
            continue
        indent = line[: len(line) - len(line.lstrip(" "))][: room // 3]
        lines += wrapped(line, room, indent, indent)
    return lines
