"""The last lines of the screen: the keys that apply, to be pressed or clicked."""

from gitkanban.cli.ui import acts
from gitkanban.cli.ui.acts import CardData
from gitkanban.cli.ui.bar import TextBar
from gitkanban.views.text import Look, width

_LINES_MOST = 2


class KeyBar(TextBar):
    """The keys for the selected card and for the board, in as many lines as they need,
    two at most.
    """

    def __init__(self, look: Look) -> None:
        super().__init__("keys")
        self._look = look

    def show_acts(self, card: CardData | None, room: int) -> None:
        """Show the keys that apply to this card, in `room` columns."""
        look, lines, columns, parts = self._look, [" "], 1, []
        for act in acts.offered(card):
            key, word = acts.drawn(act), act.word
            size = width(key) + 1 + width(word)
            if columns + size > room and columns > 1:
                if len(lines) == _LINES_MOST:
                    break
                lines.append(" ")
                columns = 1
            parts.append((len(lines) - 1, columns, columns + size, act.name))
            lines[-1] += f"{look.paint(key, 'bold')} {look.paint(word, 'dim')}  "
            columns += size + 2
        self.show(look.page(lines).split("\n")[:-1], parts)
