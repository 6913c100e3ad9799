"""What the steps of one tick share: where it works, what has failed, and its outcome so far.

It decides nothing and does nothing: each step is in the module of its name.
"""

from collections.abc import Callable, Iterable

from gitkanban.board.repo.place import Place
from gitkanban.core.model import Board, Config
from gitkanban.core.names import CardId
from gitkanban.core.tick.facts import Observed
from gitkanban.core.tick.outcome import Outcome, Started
from gitkanban.core.tick.plan import Plan, plan
from gitkanban.runs.executors import Executors
from gitkanban.runs.records import folders
from gitkanban.runs.records.folders import Folder
from gitkanban.runs.supervision.locks import Locks
from gitkanban.typed import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from gitkanban.tick.remote import Remote


class FailedStart(NamedTuple):
    """A start that failed, and why, in one line."""

    card: CardId
    why: str


# Takes the starts as they come, how many there will be, and a label; passes the starts on.
StartProgress = Callable[
    [Iterable[Started | FailedStart], int, str], Iterable[Started | FailedStart]
]


class BoardLook(NamedTuple):
    """One look at the board: what it says, what was observed beside it, and what to do about it."""

    board: Board
    observed: Observed
    plan: Plan

    @classmethod
    def planned(cls, board: Board, observed: Observed) -> "BoardLook":
        """Make the plan for a board and what was observed, and return the three together."""
        return cls(board, observed, plan(board, observed))


class TickState:
    """The state of a tick for as long as it has the lock, over all of its rounds."""

    def __init__(self, place: Place, locks: Locks, progress: StartProgress, remote: str) -> None:
        self.place = place
        self.locks = locks
        self.progress = progress
        self.words = ("--sync", "--remote", remote) if remote else ()  # options of ticks like it
        self.executors = Executors(place, locks, self.words)
        self.remote = _remote_named(place, remote)
        self.given_up: set[str] = set()  # runs and cards that this tick does not try again
        self.runs: list[Folder] = []  # those of this clone that were unsettled at the last look
        self.refused: dict[str, str] = {}  # {card that could not be accepted: why}
        self.started = 0  # number of starts committed so far
        self.verified: set[str] = set()  # contents of base on which `verify` has passed
        self.config: Config | None = None  # as of the last look
        self.outcome = Outcome()

    def look_at_runs(self) -> None:
        """Look at the folders of this clone's runs: once a round, for all that it does."""
        self.runs = folders.unsettled(self.place.private)

    def add(self, **what: Any) -> None:
        """Add to the outcome, as `Outcome.adding` does."""
        self.outcome = self.outcome.adding(**what)

    def report_error(self, text: str) -> None:
        """Add a line to the outcome's errors."""
        self.add(errors=(text,))


def _remote_named(place: Place, name: str) -> "Remote | None":
    if not name:
        return None
    from gitkanban.tick.remote import Remote  # late: most ticks are for one clone alone

    return Remote(place, name)
