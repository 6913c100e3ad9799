"""Whether a run's supervisor lives: by the kernel locks that it holds for its whole life.

Which locks those are is said here alone; they are taken in `runs.leases`.
"""

from collections.abc import Iterable

from gitkanban.core.names import CardId
from gitkanban.runs.records import slots
from gitkanban.runs.records.folders import card_of
from gitkanban.runs.supervision.locks import Locks, card_lock
from gitkanban.runs.supervision.spec import Spec


def lock_names(card: CardId, slot: str) -> tuple[str, str]:
    """The kernel locks that a run's supervisor holds for its whole life."""
    return card_lock(card), slots.lock_name(slot)


def locks_in_use(locks: Locks, runs: Iterable[Spec]) -> set[str]:
    """Those of the locks of runs that somebody holds now."""
    names = (lock_names(card_of(run), run.one("slot")) for run in runs)
    return locks.locked(name for pair in names for name in pair)


def is_supervised(run: Spec, locked: set[str]) -> bool:
    """Whether a run's supervisor lives: its card's and its slot's locks are among the `held`.

    The run is alive as long as it has no exit record besides; look for that after the locks.
    """
    return locked.issuperset(lock_names(card_of(run), run.one("slot")))
