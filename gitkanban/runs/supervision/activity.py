"""Whether a step of a run is still active: output, a transcript, a change in its workspace.

It also keeps the logs bounded. It ends nothing; standard library only, like the supervisor.
"""

import os
import time

from gitkanban.runs.supervision import boundedlog

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_FIRST_WAKE = 0.25  # seconds; doubles up to the beat while the logs grow slowly


class Activity:
    """When a step was last active, and when to look again. `since` is monotonic, in seconds."""

    def __init__(self, watch: "tuple[str, ...]", log_limit: int, beat: float) -> None:
        """`watch`: folders whose changes are activity. `log_limit` in bytes, `beat` in seconds."""
        self.since = time.monotonic()
        self.wake = _FIRST_WAKE  # seconds until the next look
        self._watch = watch
        self._limit = log_limit
        self._beat = beat
        self._logs: list[str] = []
        self._cut: dict[str, int] = {}
        self._sizes: dict[str, int] = {}

    def begin(self, logs: list[str]) -> None:
        """Begin to watch a step that writes these logs."""
        self.since = time.monotonic()
        self.wake = _FIRST_WAKE
        self._logs = logs

    def look(self) -> None:
        """Look at the logs: growth counts as activity, and a log that is too long is cut."""
        grown = 0
        for path in self._logs:
            size = boundedlog.size(path)
            grown = max(grown, size - self._sizes.get(path, 0))
            if size != self._sizes.get(path, 0):
                self.since = time.monotonic()
            if size > self._limit:
                self._bound(path)
                size = boundedlog.size(path)
            self._sizes[path] = size
        self.wake = _FIRST_WAKE if grown > self._limit // 8 else min(self.wake * 2, self._beat)

    def _bound(self, path: str) -> None:
        try:
            self._cut[path] = boundedlog.bound(path, self._limit, self._cut.get(path, 0))
        except OSError:  # a full disk must not end the session: the next look tries again
            pass

    def stalled(self, patience: float) -> bool:
        """Return whether logs and watched folders have been still for `patience` seconds."""
        now = time.monotonic()
        return now - self.since >= patience and not self._changed(now)

    def _changed(self, now: float) -> bool:
        """Return whether a file has changed since the last activity."""
        # Converted with the current clock, so that setting the clock does not look like a change.
        clock = time.time()
        since = clock - (now - self.since)
        newest = 0.0
        for top in self._watch:
            for changed in _change_times(top):
                if changed <= clock + 2:
                    newest = max(newest, changed)
                if newest > since + 0.1:
                    self.since = now - max(clock - newest, 0.0)
                    return True
        return False


def _change_times(top: str) -> "Iterator[float]":
    """Yield modification times below a folder, unsorted; symlinks are not followed."""
    todo = [top]
    while todo:
        try:
            with os.scandir(todo.pop()) as entries:
                for entry in entries:
                    yield entry.stat(follow_symlinks=False).st_mtime
                    if entry.is_dir(follow_symlinks=False):
                        todo.append(entry.path)
        except OSError:
            continue
