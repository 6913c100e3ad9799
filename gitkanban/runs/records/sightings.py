"""What executors said of their runs at the last tick, for those who look without asking them.

A cache: without it a run counts as queued until the next tick looks.
"""

from collections.abc import Mapping

from gitkanban.board.repo import cachefile
from gitkanban.core.names import RunId
from gitkanban.core.tick.facts import Sighting

_FORM = ("sightings", 2)


def recall(private: str) -> tuple[dict[RunId, Sighting], dict[str, str]]:
    """Return (sightings by run, why executors can start nothing), without how runs ended."""
    runs, unready = cachefile.load(_path_of(private), _FORM) or ({}, {})
    return {run: Sighting(*row) for run, row in runs.items()}, unready


def remember(private: str, sightings: Mapping[RunId, Sighting], unready: Mapping[str, str]) -> None:
    """Store them for those who look before the next tick; a failed write is no harm."""
    runs = {run: each._replace(end=None) for run, each in sightings.items()}
    if (runs, unready) != recall(private):
        rows = {run: tuple(each[:3]) for run, each in runs.items()}
        cachefile.save(_path_of(private), _FORM, (rows, dict(unready)))


def _path_of(private: str) -> str:
    return f"{private}/cache/sightings"
