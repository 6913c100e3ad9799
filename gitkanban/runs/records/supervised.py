"""Whether a run is alive, by the kernel locks that its supervisor holds for its whole life.

Only this module knows which locks those are; `runs.leases` takes them.
"""

from collections.abc import Iterable

from gitkanban.core.names import CardId
from gitkanban.runs.records import slots
from gitkanban.runs.records.folders import Folder, card_of
from gitkanban.runs.supervision.locks import Locks, card_lock
from gitkanban.runs.supervision.spec import Spec


def lock_names(card: CardId, slot: str) -> tuple[str, str]:
    """Return the names of the kernel locks that a run's supervisor holds for its whole life."""
    return card_lock(card), slots.lock_name(slot)


def locks_in_use(locks: Locks, runs: Iterable[Spec]) -> set[str]:
    """Return which of the locks of these runs somebody holds now."""
    names = (lock_names(card_of(run), run.one("slot")) for run in runs)
    return locks.locked(name for pair in names for name in pair)


def is_supervised(run: Spec, locked: set[str]) -> bool:
    """Return whether a run's supervisor lives: its card's and slot's locks are both in `locked`."""
    return locked.issuperset(lock_names(card_of(run), run.one("slot")))


def is_alive(folder: Folder, run: Spec, locked: set[str]) -> bool:
    """Return whether a run of this machine is alive: it is supervised, and has no exit record.

    Probe the locks before: a run writes its record before it releases them. Of a run on a batch
    system, `Executors.look` knows more.
    """
    return is_supervised(run, locked) and not folder.has("exit.json")
