"""What a tick leaves for the next one: since when cards are ready, who was served,
what was refused.

Caches: empty when missing or damaged. What losing them costs is said in `core.tick.schedule`.
"""

from collections.abc import Mapping

from gitkanban.board.repo import cachefile
from gitkanban.core.names import CardId, WorkerName
from gitkanban.typed import NamedTuple

_SCHEDULE_FORM = ("schedule", 2)
_REFUSED_FORM = ("refused", 2)


class Served(NamedTuple):
    """Since when each card is ready (epoch seconds), and each worker's virtual finish time."""

    ready: Mapping[CardId, int] = {}
    served: Mapping[WorkerName, float] = {}


def schedule(private: str) -> Served:
    """Return what the last tick saw of ready cards and workers."""
    return Served(*cachefile.load(f"{private}/cache/schedule", _SCHEDULE_FORM) or ())


def note_schedule(
    private: str, ready: Mapping[CardId, int], served: Mapping[WorkerName, float]
) -> None:
    """Store both for the next tick; written only when they changed. Raises OSError.

    If they can never be written, no card is ever seen to wait long: that must be said.
    """
    if (ready, served) != schedule(private):
        rows = dict(ready), dict(served)
        cachefile.write(f"{private}/cache/schedule", _SCHEDULE_FORM, rows)


def refused(private: str) -> dict[str, str]:
    """Return the cards that the last tick could not accept, and why."""
    known: dict[str, str] = cachefile.load(f"{private}/cache/refused", _REFUSED_FORM) or {}
    return known


def note_refused(private: str, reasons: Mapping[str, str]) -> None:
    """Store them until the next tick has tried; written only when they changed."""
    if reasons != refused(private):
        cachefile.save(f"{private}/cache/refused", _REFUSED_FORM, dict(reasons))
