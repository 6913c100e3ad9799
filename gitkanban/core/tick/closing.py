"""What to do when an ended run cannot be closed: try again, wait, or give up.

Pure: it decides from the number of failed tries and the time.
"""

from gitkanban.core.names import CardId, RunId
from gitkanban.core.time_words import span
from gitkanban.typed import Literal, NamedTuple

TRIES_LEAST = 3
SPAN_LEAST = 600  # seconds from the first failure to giving up, at least
REASON_MOST = 500  # characters of the reason
TRIES_ASKED = 2  # tries once a person has stopped the run or dropped its card

ClosingStep = Literal["again", "wait", "give-up"]


class Tries(NamedTuple):
    """How often closing a run has failed, the first and last time (epoch seconds), and why last."""

    failures: int = 0
    first: int = 0
    last: int = 0
    reason: str = ""

    def failed(self, now: int, reason: str) -> "Tries":
        """Add a failure now. The span starts again if the clock was set back."""
        first = self.first if self.failures and self.first <= now else now
        line = " ".join(reason.split())[:REASON_MOST].rstrip(".")
        return Tries(self.failures + 1, first, now, line)


def next_step(tries: Tries, now: int, *, passes: bool = False, asked: bool = False) -> ClosingStep:
    """Decide what to do after a failed try.

    `passes`: the cause will go away without anybody looking at the run (no space, a busy lock).
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
    """One line about the run for `status`, `doctor` and `tick`."""
    times = (
        "1 try"
        if tries.failures == 1
        else f"{tries.failures} tries in {span(tries.last - tries.first)}"
    )
    return f"run {run} of {card} cannot be closed: {tries.reason} ({times})"
