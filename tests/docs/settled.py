"""Printed text without what differs from one time to the next,
so that pages may show real output.
"""

import re

_ESCAPE = re.compile(r"\x1b\[[\d;]*m")
_CHANGING = (
    (re.compile(r"\b[0-9a-f]{7,40}\b|\b01[0-9a-hjkmnp-tv-z]{5,}\b"), "ID"),
    (re.compile(r"\b\d+[sm]\b"), "Ns"),
    (re.compile(r"after \d+ s"), "after N s"),
    (re.compile(r"\S*/gitkanban-demo-\w+"), "DEMO"),
    (re.compile(r"(?<=\S)  +"), "  "),  # ages have more or fewer signs
)


def settle_lines(text: str) -> list[str]:
    """The lines without colours; ids, ages in seconds, and columns that they move are alike."""
    text = _ESCAPE.sub("", text)
    for pattern, same in _CHANGING:
        text = pattern.sub(same, text)
    return [line.rstrip() for line in text.rstrip().split("\n")]


def commits_of(lines: list[str]) -> list[str]:
    """The subjects of a graph of git's, sorted: how it is drawn depends on who was first."""
    found = (re.sub(r"^[|/\\* ]+", "", line) for line in lines)
    return sorted(line for line in found if re.search(r"\w", line))
