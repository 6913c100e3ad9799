"""The end of a run's logs, and what is added to them, worded as `logs` does.

It starts near the end, so that a log of any size opens at once.
"""

from gitkanban import clock
from gitkanban.core.agents.transcript import Transcriber
from gitkanban.runs.records import logtail
from gitkanban.runs.records.folders import Folder
from gitkanban.views.text import Look, shown
from gitkanban.views.transcript import entry_lines

_SESSION = "stdout.log"
_FILES = ("include.log", "setup.log", _SESSION, "stderr.log", "collect.log", "verify.log")
LINES_MOST = 5000


class LogTail:
    """The last lines of one run's logs; `more` reads what was added."""

    def __init__(self, folder: Folder, look: Look) -> None:
        self.lines: list[str] = []
        self._look = look
        self._followers = {name: logtail.Follower(folder.file(name)) for name in _FILES}
        facts = folder.facts()
        self._transcriber = Transcriber(facts.one("runner"), facts.one("workspace"))
        self._last = _SESSION

    def more(self) -> bool:
        """Read what was added; return whether there was anything."""
        first = not self.lines
        added: list[str] = []
        for name, follower in self._followers.items():
            lines = follower.added()
            if lines and name != self._last:
                self._last = name
                added.append(self._look.paint(f"── {name.removesuffix('.log')}", "dim"))
            added += self._word_lines(lines, first) if name == _SESSION else map(shown, lines)
        self.lines += added
        del self.lines[:-LINES_MOST]
        return bool(added)

    def _word_lines(self, lines: list[str], first: bool) -> list[str]:
        """Return the session's stream as lines; new entries without a time get the current one."""
        now = 0 if first else int(clock.now())
        entries = [entry for line in lines for entry in self._transcriber.feed(line)]
        return entry_lines([each._replace(at=each.at or now) for each in entries], self._look, True)
