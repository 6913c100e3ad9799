"""The board as the page shows it, read again when it may have changed, for all who look.

While somebody looks, the stat of a few dozen files is compared twice a second; only a difference,
a time that has come, or a minute, makes it read the board. While nobody looks it sleeps. However
many look, the board is read once, in a thread of its own.
"""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

from gitkanban import clock
from gitkanban.board.repo.place import Place
from gitkanban.cli.app import in_words
from gitkanban.cli.ui.reading import Reader
from gitkanban.cli.ui.watching import fingerprint
from gitkanban.core.names import CardId, RunId
from gitkanban.errors import GitkanbanError
from gitkanban.late import hashlib
from gitkanban.typed import Any, NamedTuple
from gitkanban.views.page.value import json_text
from gitkanban.views.text import shown
from gitkanban.web.handover import hand_over
from gitkanban.web.lastwords import LastWords

LOOK_EACH = 0.4  # seconds between two looks at what may have changed
_READ_EVERY = 60.0  # seconds after which the board is read again in any case
_FAILED_EVERY = 3.0  # the same, while it cannot be read


class BoardRead(NamedTuple):
    """The value of the page, when a card may start that waits for its time (0: none),
    and the runs.
    """

    value: dict[str, Any]
    due: int = 0
    running: Mapping[CardId, RunId] = {}


class _Text(NamedTuple):
    """A board for the stream: the same version has the same text, apart from its time."""

    version: str
    text: str
    due: int
    running: Mapping[CardId, RunId]


class LiveBoard:
    """The board of a place. Call everything in the event loop's thread.

    `version` and `text` (JSON) are of the last board that could be read, empty before; `trouble` is
    why it cannot be read now.
    """

    def __init__(self, place: Place, read: Callable[[], BoardRead]) -> None:
        self._place, self._read = place, read
        self.version, self.text = "", ""
        self.last_words = LastWords(place)
        self.trouble: GitkanbanError | None = None
        self.closed = False
        self._lookers = 0
        self.news = asyncio.Event()  # set at the next change; take it before you look
        self._somebody_looks = asyncio.Event()
        loop = asyncio.get_running_loop()
        self._reader = Reader(lambda call: hand_over(loop, call))
        self._prints: object = None
        self._read_at = 0.0
        self._due = 0
        self._run = os.urandom(4).hex()  # versions of another server are never ours

    @asynccontextmanager
    async def looked_at(self) -> AsyncIterator[None]:
        """Keep the board read while the body runs."""
        self._lookers += 1
        self._somebody_looks.set()
        try:
            yield
        finally:
            self._lookers -= 1

    async def follow(self) -> None:
        """Read the board whenever it may have changed, until `close`."""
        while not self.closed:
            if not self._lookers:
                self._somebody_looks.clear()
                await self._somebody_looks.wait()
                continue
            try:
                await self._look_once()
            except Exception as error:  # whatever it is, the page says so, and this looks again
                self._take_in(None, in_words(error))
            await asyncio.sleep(LOOK_EACH)

    async def _look_once(self) -> None:
        prints = fingerprint(self._place)
        if prints != self._prints or self._is_due():
            self._prints, self._read_at = prints, time.monotonic()
            await self._read_once()
        if self.last_words.look():
            self._tell_news()

    def close(self) -> None:
        """Let everybody who waits go, so that their streams end."""
        self.closed = True
        self._somebody_looks.set()
        self.news.set()

    def _is_due(self) -> bool:
        """Return whether the board is read again though no file has changed."""
        if self._due and self._due <= clock.now():
            return True
        passed = time.monotonic() - self._read_at
        return passed >= (_FAILED_EVERY if self.trouble else _READ_EVERY)

    async def _read_once(self) -> None:
        done: asyncio.Future[tuple[_Text | None, GitkanbanError | None]]
        done = asyncio.get_running_loop().create_future()

        def read(result: _Text | None, failure: GitkanbanError | None) -> None:
            if not done.done():
                done.set_result((result, failure))

        self._reader.ask(self._read_text, read)
        result, failure = await done
        self._take_in(result, failure)

    def _read_text(self) -> "_Text":
        """Return the board as it is now; in the reader's thread."""
        value, due, running = self._read()
        same = json_text({**value, "now": 0})
        digest = hashlib.sha256(same.encode("utf-8", "replace")).hexdigest()[:24]
        return _Text(f"{self._run}-{digest}", json_text(value), due, running)

    def _take_in(self, result: "_Text | None", failure: GitkanbanError | None) -> None:
        before = self.version, _words_of(self.trouble)
        if result is not None:
            self.version, self.text, self._due, running = result
            self.last_words.follow(running)
        self.trouble = failure
        if before != (self.version, _words_of(failure)):
            self._tell_news()

    def _tell_news(self) -> None:
        news, self.news = self.news, asyncio.Event()
        news.set()


def trouble_data(error: GitkanbanError) -> dict[str, str]:
    """Return an error for the page, control characters made visible."""
    return {"message": shown(error.message), "hint": shown(error.hint)}


def _words_of(error: GitkanbanError | None) -> tuple[str, str]:
    return (error.message, error.hint) if error else ("", "")
