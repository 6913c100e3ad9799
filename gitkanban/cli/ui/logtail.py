"""The end of a run's logs, and what is added to them.

It starts near the end, so that a log of any size opens at once.
"""

import os

from gitkanban.runs.records.folders import Folder
from gitkanban.views.text import shown

FILES = ("include.log", "setup.log", "stdout.log", "stderr.log", "collect.log", "verify.log")
_NEAR_END = 64 << 10  # bytes of a log that are looked at, at first and at once
LINES_MOST = 5000


class LogTail:
    """The lines at hand of one run; `more` reads what has come."""

    def __init__(self, folder: Folder) -> None:
        self.folder = folder
        self.lines: list[str] = []
        self._read: dict[str, int] = {}
        self._last = ""

    def more(self) -> bool:
        """Read what was added; whether there was anything."""
        count = len(self.lines)
        for name in FILES:
            added = self._added(name)
            if added and name != self._last:
                self._last = name
                self.lines.append(f"\x1b[2m── {name.removesuffix('.log')}\x1b[0m")
            self.lines += added
        changed = len(self.lines) != count
        del self.lines[:-LINES_MOST]
        return changed

    def _added(self, name: str) -> list[str]:
        """Whole lines that were added to a log; a line of which half has come waits for the rest."""
        path = self.folder.file(name)
        try:
            size = os.stat(path).st_size
            start = self._read.get(name, 0)
            if size < start:  # it was cut in the middle to keep it bounded
                start = size
            cut = size - start > _NEAR_END
            start = max(start, size - _NEAR_END)
            with open(path, "rb") as file:
                file.seek(start)
                data = file.read(size - start)
        except OSError:
            return []
        end = data.rfind(b"\n") + 1 or (len(data) if len(data) == _NEAR_END else 0)
        self._read[name] = start + end
        lines = data[:end].decode("utf-8", "replace").splitlines()
        return [shown(line) for line in (lines[1:] if cut else lines)]
