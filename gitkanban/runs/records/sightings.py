"""What executors said of their runs at the last tick, for those who look without asking them.

A cache: without it a run counts as queued until the next tick looks.
"""

from collections.abc import Mapping

from gitkanban import files
from gitkanban.core.names import RunId
from gitkanban.core.tick.facts import Phase, Sighting
from gitkanban.late import json

_PHASES: tuple[Phase, ...] = ("queued", "live", "unreachable", "ended")


def recall(private: str) -> tuple[dict[RunId, Sighting], dict[str, str]]:
    """Return (sightings by run, why executors can start nothing), without how runs ended."""
    try:
        with open(f"{private}/cache/sightings", encoding="utf-8") as file:
            row = json.load(file)
        runs = {RunId(run): _sighting_of(*words) for run, words in row["runs"].items()}
        return runs, {str(name): str(why) for name, why in row["unready"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}, {}


def _sighting_of(phase: object, where: object, note: object) -> Sighting:
    unknown: Phase = "queued"
    known = next((each for each in _PHASES if each == phase), unknown)
    return Sighting(known, str(where), str(note))


def remember(private: str, sightings: Mapping[RunId, Sighting], unready: Mapping[str, str]) -> None:
    """Store them for those who look before the next tick; a failed write is no harm."""
    runs = {run: each._replace(end=None) for run, each in sightings.items()}
    if (runs, dict(unready)) != recall(private):
        rows = {run: each[:3] for run, each in runs.items()}
        text = json.dumps({"runs": rows, "unready": dict(unready)}, sort_keys=True)
        files.cache(f"{private}/cache/sightings", text.encode())
