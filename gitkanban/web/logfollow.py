"""The log of a card's latest run here, entry by entry as `logs -f` words it, and what is added."""

from gitkanban import clock
from gitkanban.board.repo.place import Place
from gitkanban.core.agents.transcript import Entry, Transcriber
from gitkanban.core.names import CardId
from gitkanban.runs.records import folders, logtail
from gitkanban.runs.records.folders import Folder
from gitkanban.typed import Any
from gitkanban.views.page.value import make_visible

_SESSION = "stdout.log"
_FILES = ("include.log", "setup.log", _SESSION, "stderr.log", "collect.log", "verify.log")
ENTRIES_MOST = 400  # entries at once; of a log that was not followed until now, its end


class LogFollow:
    """Follows one card's log, from run to run. Only what is new is read at each look."""

    def __init__(self, place: Place, card: CardId) -> None:
        self._place, self._card = place, card
        self._folder: Folder | None = None
        self._followers: dict[str, logtail.Follower] = {}
        self._transcriber = Transcriber("")
        self._fresh = self._ended = False

    def find_run(self) -> None:
        """Follow the card's latest run; call it whenever the board has changed."""
        every = (each for each in folders.every(self._place.private)
                 if folders.card_of(each.facts()) == self._card)  # fmt: skip
        folder = max(every, key=lambda each: each.run, default=None)
        if folder == self._folder:
            return
        self._folder, self._fresh, self._ended = folder, True, False
        if folder:
            self._followers = {name: logtail.Follower(folder.file(name)) for name in _FILES}
            facts = folder.facts()
            self._transcriber = Transcriber(facts.one("runner"), facts.one("workspace"))

    def added(self) -> dict[str, Any] | None:
        """Return what was added since the last call, JSON-able; None for nothing.

        `fresh`: another log begins with these entries. `ended`: nothing more will come.
        """
        if self._folder is None or self._ended:
            return None
        self._ended = self._folder.has("exit.json")  # before the logs, so that nothing is missed
        fresh, self._fresh = self._fresh, False
        entries = self._read_entries(fresh)
        if not (entries or fresh or self._ended):
            return None
        rows = [[each.at, each.kind, each.text, each.failed] for each in entries[-ENTRIES_MOST:]]
        return {
            "card": self._card, "run": self._folder.run, "fresh": fresh, "ended": self._ended,
            "entries": make_visible(rows),
        }  # fmt: skip

    def _read_entries(self, fresh: bool) -> list[Entry]:
        """Return the new entries of all its logs; those without a time get the present one."""
        now = 0 if fresh else int(clock.now())
        entries: list[Entry] = []
        for name, follower in self._followers.items():
            lines = follower.added(self._ended)
            if name != _SESSION:
                entries += [Entry(name.removesuffix(".log"), line) for line in lines]
                continue
            entries += [each for line in lines for each in self._transcriber.feed(line)]
            entries += self._transcriber.finish() if self._ended else ()
        return [each._replace(at=each.at or now) for each in entries]
