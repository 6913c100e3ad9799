"""What each running session did or said last, as its slot shows it."""

import os
from collections.abc import Mapping

from gitkanban.board.repo.place import Place
from gitkanban.core.agents import transcript
from gitkanban.core.names import CardId, RunId
from gitkanban.core.visible import shown
from gitkanban.runs.records import folders, logtail

_LINES = 40  # of a session's output that are read for its last entry
_WORDS_MOST = 200  # characters


class LastWords:
    """The last entry of each running session: {card: (kind, text)}. A look costs a stat each."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._running: Mapping[CardId, RunId] = {}
        self._sizes: dict[CardId, tuple[RunId, int]] = {}
        self.by_card: dict[CardId, tuple[str, str]] = {}

    def follow(self, running: Mapping[CardId, RunId]) -> None:
        """Follow these runs from now on, and no others."""
        self._running = running
        self.by_card = {card: each for card, each in self.by_card.items() if card in running}

    def look(self) -> bool:
        """Read what was added; return whether any last entry has changed."""
        before = dict(self.by_card)
        for card, run in self._running.items():
            path = folders.of(self._place.private, run).file("stdout.log")
            try:
                size = os.stat(path).st_size
            except OSError:
                continue
            if self._sizes.get(card) != (run, size):
                self._sizes[card] = run, size
                self._read_last(card, run, path)
        return before != self.by_card

    def _read_last(self, card: CardId, run: RunId, path: str) -> None:
        facts = folders.of(self._place.private, run).facts()
        lines = logtail.last_lines(path, _LINES)
        entries = list(transcript.entries(facts.one("runner"), lines, facts.one("workspace")))
        if entries:
            text = " ".join(entries[-1].text.split())
            self.by_card[card] = entries[-1].kind, shown(text)[:_WORDS_MOST]
