"""What to do about a run that ended and cannot be closed: try again, wait, or give it up.

Pure: how often closing it failed goes in, with the time; what follows comes out.
"""

from gitkanban.core.names import CardId, RunId
from gitkanban.core.time_words import span
from gitkanban.typed import Literal, NamedTuple

TRIES_LEAST = 3
SPAN_LEAST = 600  # seconds between the first try and giving up
REASON_MOST = 500  # characters of it that are kept
TRIES_ASKED = 2  # once a person has stopped or dropped it

ClosingStep = Literal["again", "wait", "give-up"]


class Tries(NamedTuple):
    """How often closing a run has failed, between which times (epoch seconds), and why last."""

    failures: int = 0
    first: int = 0
    last: int = 0
    reason: str = ""

    def failed(self, now: int, reason: str) -> "Tries":
        """These and one that failed just now. A clock that was set back begins the span again."""
        first = self.first if self.failures and self.first <= now else now
        line = " ".join(reason.split())[:REASON_MOST].rstrip(".")
        return Tries(self.failures + 1, first, now, line)


def next_step(tries: Tries, now: int, *, passes: bool = False, asked: bool = False) -> ClosingStep:
    """What to do after a try that failed.

    `passes`: its cause goes away without anybody looking at the run (no space, a busy lock).
    `asked`: a person has stopped the run, or its card has moved on without it.
    """
    if passes:
        return "wait"
    if asked and tries.failures >= TRIES_ASKED:
        return "give-up"
    if tries.failures >= TRIES_LEAST and now - tries.first >= SPAN_LEAST:
        return "give-up"
    return "again"


def unclosed_line(run: RunId, card: CardId, tries: Tries) -> str:
    """The finding, in a line for `status`, `doctor` and `tick`."""
    times = (
        "1 try"
        if tries.failures == 1
        else f"{tries.failures} tries in {span(tries.last - tries.first)}"
    )
    return f"run {run} of {card} cannot be closed: {tries.reason} ({times})"
