"""Flat YAML mappings of text and numbers: the format of run records, pauses and note headers.

It does not say which keys a record has; the modules of those files do.
"""

from collections.abc import Mapping

from gitkanban import clock
from gitkanban.board.formats import yamltext
from gitkanban.board.formats.yamltext import Scalar, refuse, scalar
from gitkanban.late import re

TEXT, TIME, NUMBER, MAYBE_NUMBER, BLOCK = "text", "time", "number", "maybe number", "block"


def read(
    root: yamltext.Mapping, kinds: Mapping[str, str], path: str
) -> dict[str, str | int | None]:
    """Return the known keys of a mapping, by their kinds; times in epoch seconds. Raises Bad."""
    values: dict[str, str | int | None] = {}
    for key, node in root.entries:
        kind = kinds.get(key.text)
        if kind is None:
            continue
        if not isinstance(node, Scalar):
            refuse(path, node, f"{key.text} must be text, not {yamltext.described(node)}")
        if kind in (TEXT, BLOCK):
            values[key.text] = "" if node.absent else node.text
        elif not node.absent:
            values[key.text] = _number_field(path, key.text, node, kind)
    return values


def _number_field(path: str, key: str, node: Scalar, kind: str) -> int:
    if kind == TIME and not re.fullmatch(r"[0-9]{1,11}", node.text, re.ASCII):
        try:
            return clock.parse(node.text)
        except (ValueError, OverflowError):
            hint = "Write it as 2026-11-23T22:00:00Z."
            refuse(path, node, f"{node.text[:40]!r} is not a time", hint)
    if not re.fullmatch(r"[-+]?[0-9]{1,15}", node.text, re.ASCII):
        refuse(path, node, f"{key} must be a whole number, not {yamltext.described(node)}")
    return int(node.text)


def write(values: Mapping[str, str | int | None], kinds: Mapping[str, str]) -> str:
    """Return the keys of `kinds`, in that order, a line each; empty values are left out."""
    lines = []
    for key, kind in kinds.items():
        value = values.get(key)
        if value is None or value == "" or (value == 0 and kind != MAYBE_NUMBER):
            continue
        if kind == TIME:
            lines.append(f"{key}: {clock.iso(int(value))}\n")
        elif kind == BLOCK:
            lines.append(f"{key}: {yamltext.block(str(value))}\n")
        else:
            lines.append(f"{key}: {value if isinstance(value, int) else scalar(value)}\n")
    return "".join(lines)
