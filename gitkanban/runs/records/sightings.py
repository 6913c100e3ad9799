"""What executors said of their runs at the last tick, for those who look without asking them.

A cache: without it a run counts as queued until the next tick looks.
"""

from collections.abc import Mapping

from gitkanban.board.repo import cachefile
from gitkanban.core.names import RunId
from gitkanban.core.tick.facts import Sighting
from gitkanban.typed import Any

_FORM = ("sightings", 2)


def recall(private: str) -> tuple[dict[RunId, Sighting], dict[str, str]]:
    """Return (sightings by run, why executors can start nothing), without how runs ended."""
    rows, unready = _load_rows(private)
    return {run: Sighting(*row) for run, row in rows.items()}, unready


def remember(private: str, sightings: Mapping[RunId, Sighting], unready: Mapping[str, str]) -> None:
    """Store them for those who look before the next tick; a failed write is no harm."""
    value = ({run: tuple(each[:3]) for run, each in sightings.items()}, dict(unready))
    if value != _load_rows(private):
        cachefile.save(_path_of(private), _FORM, value)


def _load_rows(private: str) -> tuple[dict[RunId, tuple[Any, ...]], dict[str, str]]:
    """Return the sightings as rows without ends, and the rest."""
    return cachefile.load(_path_of(private), _FORM) or ({}, {})


def _path_of(private: str) -> str:
    return f"{private}/cache/sightings"
