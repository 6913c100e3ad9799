"""A batch system without processes: what a job would have done is written when its time has come.

It answers the words of the folder queue (`tests.support.folder_queue`) in this process. A job
begins as soon as it is submitted. Its supervisor's part is played here: the guard, the letter in
which the session reports that nothing had to be changed, the record of what it left,
and the exit record.
"""

import os
import random
import threading
from heapq import heappop, heappush

from gitkanban.board.repo.limited import Ended, TimedOut
from gitkanban.core.names import CardId
from gitkanban.core.tick.facts import Exit, Letter, Report, StepEnd, Work
from gitkanban.runs import mailbox
from gitkanban.runs.records.folders import Folder
from gitkanban.runs.supervision import guard

SESSION = 600  # seconds that a session takes, give or take the spread
FAILED = 5  # one session of so many fails
CODES = 20  # ways in which they fail; a worker is paused where most of its cards fail alike


class Queue:
    """The queue, and the clock by which it goes."""

    TimedOut, Ended = TimedOut, Ended  # it stands for `board.repo.limited`

    def __init__(self, now: int, spread: float = 0.0, seed: int = 1) -> None:
        """`spread` is the part of a session's length by which it may be longer or shorter."""
        self.now = now
        self.spread = spread
        self.calls: dict[str, int] = {}
        self.begun: dict[str, int] = {}  # sessions by card
        self.most = 0  # sessions at the same time
        self._one_at_a_time = threading.Lock()
        self._random = random.Random(seed)
        self._running: dict[str, str] = {}  # job -> name
        self._ends: list[tuple[int, str, str]] = []  # (when, job, run folder)

    def run(self, argv: list[str], **_: object) -> Ended:
        """Answer a command, as `limited.run` does. Threads of a tick call it at the same time."""
        with self._one_at_a_time:
            return self._answer(argv)

    def _answer(self, argv: list[str]) -> Ended:
        verb, words = argv[argv.index("-I") + 2], argv[argv.index("-I") + 3 :]
        self.calls[verb] = self.calls.get(verb, 0) + 1
        if verb == "submit":
            return self._answer_with(self._begin_session(words[0], os.path.dirname(words[-1])))
        assert verb == "look", f"nothing here asks for {verb}"
        rows = (f"{job}|{name}|RUNNING|node-1|" for job, name in self._running.items())
        return self._answer_with("\n".join(rows))

    @property
    def ended(self) -> int:
        """How many sessions have ended."""
        return sum(self.begun.values()) - len(self._running)

    @property
    def next_end(self) -> int:
        """When the next session ends; 0 if none is running."""
        return self._ends[0][0] if self._ends else 0

    def go_on(self, now: int) -> None:
        """Let the time be `now`: sessions end whose time has come."""
        self.now = now
        while self._ends and self._ends[0][0] <= now:
            at, job, path = heappop(self._ends)
            del self._running[job]
            self._end_session(Folder(path), at)

    def _begin_session(self, name: str, path: str) -> str:
        job = str(self.calls["submit"])
        assert guard.begin(path, job, "node-1")
        self._running[job] = name
        self.most = max(self.most, len(self._running))
        card = Folder(path).facts().one("card")
        self.begun[card] = self.begun.get(card, 0) + 1
        length = int(SESSION * self._random.uniform(1 - self.spread, 1 + self.spread))
        heappush(self._ends, (self.now + length, job, path))
        return job

    def _end_session(self, folder: Folder, at: int) -> None:
        facts = folder.spec()
        fails = self._random.randrange(FAILED) == 0
        code = 1 + self._random.randrange(CODES) if fails else 0
        if not code:
            report = Report("done", no_change=True)
            card = CardId(facts.one("card"))
            mailbox.send(folder, Letter(folder.run, "done", card, report=report))
        folder.write_work(Work(facts.one("start_commit")))
        folder.write_exit(Exit(at, "exited", (StepEnd("session", code, 0),)))

    @staticmethod
    def _answer_with(text: str) -> Ended:
        return Ended(0, f"{text}\n".encode() if text else b"", b"")
