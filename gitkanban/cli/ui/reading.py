"""Reads boards and cards for the screen, one after the other, in a thread of its own.

The thread ends with the program, whatever it waits for, so leaving never takes long.
"""

import threading
from collections.abc import Callable
from functools import partial
from queue import SimpleQueue

from gitkanban.cli.app import in_words
from gitkanban.errors import GitkanbanError
from gitkanban.typed import Any

Job = Callable[[], Any]
WhenRead = Callable[[Any, GitkanbanError | None], None]


class Reader:
    """Does jobs in order; it calls `hand_over` in its own thread, with the result of each job."""

    def __init__(self, hand_over: Callable[[Callable[[], None]], None]) -> None:
        self._jobs: SimpleQueue[tuple[Job, WhenRead]] = SimpleQueue()
        self._hand_over = hand_over
        threading.Thread(target=self._do_jobs, name="reader", daemon=True).start()

    def ask(self, job: Job, done: WhenRead) -> None:
        """Have a job done; `done` gets its result, or the error that it ended with."""
        self._jobs.put((job, done))

    def _do_jobs(self) -> None:
        while True:
            job, done = self._jobs.get()
            result, failure = None, None
            try:
                result = job()
            except Exception as error:  # an error of any kind becomes a line on the screen
                failure = in_words(error)
            self._hand_over(partial(done, result, failure))
