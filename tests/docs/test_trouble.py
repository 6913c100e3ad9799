"""docs/trouble.md is keyed by what one sees: each quoted message is one that the program has."""

import ast
import re
from functools import cache

import pytest

from tests.docs.pages import ROOT

PAGE = (ROOT / "docs" / "trouble.md").read_text(encoding="utf-8")
QUOTED = [found[1] for found in re.findall(r"^### (`+) ?(.+?) ?\1$", PAGE, re.M)]
GAP = "…"


@cache
def texts() -> list[str]:
    """Every text of the package, with `…` for what is put in."""
    found = []
    for path in (ROOT / "gitkanban").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                found.append("".join(_part(part) for part in node.values))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append(node.value)
    return found


def _part(node: ast.expr) -> str:
    return str(node.value) if isinstance(node, ast.Constant) else GAP


def is_printed(message: str) -> bool:
    """Whether one text of the program has the message, or one whose gap another text fills."""
    if _is_within(message):
        return True
    places = (found.end() for found in re.finditer(" ", message))
    return any(_is_within(message[:at], GAP) and _begins(message[at:]) for at in places)


def _is_within(message: str, then: str = "") -> bool:
    pattern = re.compile(".*".join(map(re.escape, message.strip(GAP).split(GAP))) + then)
    return any(pattern.search(text) for text in texts())


def _begins(rest: str) -> bool:
    start = rest.partition(GAP)[0]
    return len(start) > 5 and any(text.startswith(start) for text in texts())


@pytest.mark.parametrize("message", QUOTED)
def test_a_quoted_message_is_one_of_the_program_s(message: str) -> None:
    assert is_printed(message)


def test_a_message_that_nobody_prints_is_found() -> None:
    assert len(QUOTED) >= 30
    assert not is_printed("the moon is in the seventh house of …")
    assert not is_printed("… is in the seventh house")
    assert not is_printed("the session exited without a sound")
