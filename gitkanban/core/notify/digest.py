"""Several pieces of news as one message: a title, a text, and data for a program.

It sends nothing. Foreign text is made visible and shortened here, because messages go to phones.
"""

from gitkanban.core.names import Oid
from gitkanban.core.notify.news import OF_CARDS, NewsItem
from gitkanban.core.time_words import worded
from gitkanban.core.visible import shown
from gitkanban.typed import Any, NamedTuple

VERSION = 1  # of the data's format; new keys do not change it
ITEMS_MOST = 30
WORDS_MOST = 500  # characters of one piece of news
TITLE_MOST = 120

_COUNTED = {"held": "held up", "paused": "paused", "limit": "limited"}


class Digest(NamedTuple):
    """One message on a board, from one host. `at` is its time in epoch seconds."""

    repository: str
    branch: str
    commit: Oid
    host: str
    at: int
    items: tuple[NewsItem, ...]
    test: bool = False

    @property
    def title(self) -> str:
        """`shop: T1 asks: which one?`; for several pieces `shop: 3 need you · paused`."""
        if len(self.items) == 1:
            return _cut_line(f"{self.repository}: {self._words_of(self.items[0])}", TITLE_MOST)
        events = [item.event for item in self.items]
        yours = sum(event in OF_CARDS for event in events)
        parts = [f"{yours} need{'s' if yours == 1 else ''} you"] if yours else []
        rest = dict.fromkeys(event for event in events if event not in OF_CARDS)
        parts += [_COUNTED.get(event, event) for event in rest]
        return _cut_line(f"{self.repository}: {' · '.join(parts)}", TITLE_MOST)

    @property
    def text(self) -> str:
        """The news as text, for each piece: its words, the card's title, the command."""
        parts = []
        for item in self.items[:ITEMS_MOST]:
            title = _cut_line(shown(item.title), TITLE_MOST)
            lines = [self._words_of(item), title, item.command]
            parts.append("\n  ".join(line for line in lines if line))
        more = len(self.items) - ITEMS_MOST
        return "\n".join([*parts, *([f"and {more} more: gitkanban status"] if more > 0 else [])])

    def _words_of(self, item: NewsItem) -> str:
        return _cut_line(shown(worded(item.words, self.at)), WORDS_MOST)

    def data(self, at: str) -> dict[str, Any]:
        """The data that the notifier reads; `at` is the time as text."""
        return {
            "version": VERSION,
            "test": self.test,
            "title": self.title,
            "text": self.text,
            "at": at,
            "host": self.host,
            "board": {
                "repository": self.repository, "branch": self.branch, "commit": self.commit
            },
            "items": [self._item_data(item) for item in self.items[:ITEMS_MOST]],
            "more": max(0, len(self.items) - ITEMS_MOST),
        }  # fmt: skip

    def _item_data(self, item: NewsItem) -> dict[str, Any]:
        return {
            "event": item.event,
            "card": item.card,
            "title": item.title,
            "words": self._words_of(item),
            "command": item.command,
            "workers": list(item.workers),
            "holds": item.holds,
        }


def _cut_line(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"
