"""Events in an agent's output, one JSON object a line, read without trusting them.

A value of an unexpected type counts as missing; no output of an agent makes anything here raise.
"""

import math
from collections.abc import Iterator, Mapping

from gitkanban.late import json
from gitkanban.typed import Any


def parse_json(text: str) -> object:
    """The JSON value of a text; None if it is not JSON."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def parse_event(line: str) -> dict[str, Any] | None:
    """The JSON object on a line; None for any other line."""
    value = parse_json(line) if line.startswith("{") else None
    return value if isinstance(value, dict) else None


def json_events(stdout: str) -> Iterator[dict[str, Any]]:
    """The JSON objects in an output, one a line; other lines are skipped."""
    return (event for event in map(parse_event, stdout.splitlines()) if event is not None)


def as_mapping(value: object) -> Mapping[str, Any]:
    """The value if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def as_list(value: object) -> list[Any]:
    """The value if it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def as_mappings(value: object) -> list[Mapping[str, Any]]:
    """The items of a list, each as an object."""
    return [as_mapping(part) for part in as_list(value)]


def as_text(value: object) -> str:
    """The value if it is a text, else an empty one."""
    return value if isinstance(value, str) else ""


def as_number(value: object) -> float | None:
    """The value if it is a finite number and not negative, else None."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


def message_of(error: object) -> str:
    """The text of an error: the value itself, or its `message` at any depth."""
    for _ in range(4):
        if not isinstance(error, dict):
            break
        error = error.get("message") or error.get("data") or error.get("error") or error.get("name")
    return as_text(error)
