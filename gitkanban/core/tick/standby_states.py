"""What the standby does next: a table of its states.

It observes nothing: the caller says which conditions hold, and is asked only for the relevant ones.
"""

from collections.abc import Callable
from enum import Enum

BATCH = "--batch"  # tells a standby that a tick has called it, and no run has ended


class State(Enum):
    """What the standby is doing."""

    COLLECTING = "collecting"  # what ended runs left in git is being collected
    TICKING = "ticking"
    LISTENING = "listening"  # looking for rings that have arrived meanwhile
    WAITING = "waiting"  # nothing to do until the next ring or the next look
    LEAVING = "leaving"  # lets go of its lock, then reads the pipe for the last time
    RESTARTING = "restarting"  # becomes a new process that runs what is installed now
    GONE = "gone"


class Condition(Enum):
    """What a transition depends on. Conditions are checked in the order of the table."""

    COLLECTED = "a run was collected that no tick has settled"
    OUTDATED = "there are runs to collect, none is being collected, and our files have changed"
    BUSY = "there are runs to collect, or that are being collected"
    OVER = "a batch system says that a run is over, which has left no record"
    AWAITED = "a run lives whose supervisor will ring, or whose record is looked for"
    REPOSITORY_THERE = "the pipe is there: the repository was not removed"
    ALWAYS = "whatever holds"


_C, _S = Condition, State
MOVES: tuple[tuple[State, Condition, State], ...] = (
    (_S.COLLECTING, _C.COLLECTED, _S.TICKING),
    (_S.COLLECTING, _C.ALWAYS, _S.LISTENING),
    (_S.TICKING, _C.ALWAYS, _S.LISTENING),
    (_S.LISTENING, _C.OUTDATED, _S.RESTARTING),
    (_S.LISTENING, _C.BUSY, _S.COLLECTING),
    (_S.LISTENING, _C.AWAITED, _S.WAITING),
    (_S.LISTENING, _C.ALWAYS, _S.LEAVING),
    (_S.WAITING, _C.OUTDATED, _S.RESTARTING),
    (_S.WAITING, _C.BUSY, _S.COLLECTING),
    (_S.WAITING, _C.OVER, _S.TICKING),
    (_S.WAITING, _C.AWAITED, _S.WAITING),
    # The awaited supervisor died without a ring: tick once more to settle its run.
    (_S.WAITING, _C.REPOSITORY_THERE, _S.TICKING),
    (_S.WAITING, _C.ALWAYS, _S.LEAVING),
    # Somebody rang before the lock was free, and relies on us.
    (_S.LEAVING, _C.BUSY, _S.COLLECTING),
    (_S.LEAVING, _C.ALWAYS, _S.GONE),
)


def next_state(state: State, holds: Callable[[Condition], bool]) -> State:
    """The next state, from the first row whose condition holds. Raises LookupError in GONE."""
    for before, condition, after in MOVES:
        if before is state and (condition is Condition.ALWAYS or holds(condition)):
            return after
    raise LookupError(f"nothing follows {state}")
