"""Events that an agent printed, one JSON object a line, and values in them, as nobody vouches for them.

A value of another type than is asked for reads as none; nothing here raises for what an agent wrote.
"""

import math
from collections.abc import Iterator, Mapping

from gitkanban.late import json
from gitkanban.typed import Any


def parse_json(text: str) -> object:
    """The value of a text; None where it is no JSON."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def parse_event(line: str) -> dict[str, Any] | None:
    """The object of a line; None for any other line."""
    value = parse_json(line) if line.startswith("{") else None
    return value if isinstance(value, dict) else None


def json_events(stdout: str) -> Iterator[dict[str, Any]]:
    """The objects of an output, one a line; other lines are passed over."""
    return (event for event in map(parse_event, stdout.splitlines()) if event is not None)


def as_mapping(value: object) -> Mapping[str, Any]:
    """An object; empty for anything else."""
    return value if isinstance(value, dict) else {}


def as_list(value: object) -> list[Any]:
    """A list; empty for anything else."""
    return value if isinstance(value, list) else []


def as_mappings(value: object) -> list[Mapping[str, Any]]:
    """The parts of a list, as objects."""
    return [as_mapping(part) for part in as_list(value)]


def as_text(value: object) -> str:
    """A text; empty for anything else."""
    return value if isinstance(value, str) else ""


def as_number(value: object) -> float | None:
    """A finite number that is not negative; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


def message_of(error: object) -> str:
    """The words of an error: itself, or what it holds under `message` at some depth."""
    for _ in range(4):
        if not isinstance(error, dict):
            break
        error = error.get("message") or error.get("data") or error.get("error") or error.get("name")
    return as_text(error)
