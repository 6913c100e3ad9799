"""docs/json.md against what is printed: no key that it does not name."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.calls import EXAMPLE, call, ok

PAGE = (Path(__file__).parent.parent.parent / "docs" / "json.md").read_text()
# Their keys are names of things, and not of the format.
MAPS = {
    "profiles", "capacities", "executors", "paused", "left_out", "utilisation", "files", "untrusted", "fields",
    "before", "after", "runs", "notes",
}  # fmt: skip


@pytest.fixture
def board(repo: Path) -> Path:
    """The example's board, with a card that is blocked and one that has a note."""
    ok(repo, "init", "--config", str(EXAMPLE / "config.yaml"))
    for name, *parents in (("T0",), ("T1", "T0"), ("T2", "T1")):
        words = [word for parent in parents for word in ("-p", parent)]
        ok(repo, "add", f"card {name}", "--id", name, "-w", "messages-owner", *words)
    ok(repo, "block", "T0", "--why", "which port?")
    ok(repo, "note", "T0", "a remark")
    ok(repo, "note", "T0", "--memory", "remember this")
    return repo


def named(heading: str) -> set[str]:
    """The keys that the page names for a command: its section's block, or its row of the table."""
    found = re.search(rf"^## [^\n]*`{heading}[^\n]*\n(.*?)(?=^## |\Z)", PAGE, re.M | re.S)
    rows = "\n".join(row for row in PAGE.splitlines() if re.match(rf"\| .*`{heading}\b", row))
    return set(re.findall(r'"(\w+)"', (found[1] if found else "") + rows))


def keys(value: object) -> Iterator[str]:
    """The keys of the format in a value, at any depth."""
    if isinstance(value, list):
        for item in value:
            yield from keys(item)
    if isinstance(value, dict):
        for key, below in value.items():
            yield key
            inner = below.values() if key in MAPS and isinstance(below, dict) else [below]
            for item in inner:
                yield from keys(item)


@pytest.mark.parametrize(
    ("heading", "command"),
    [
        ("status", "status --json"),
        ("status", "list --json"),
        ("show", "show T0 --json"),
        ("tick", "tick --dry-run --json"),
        ("why", "why --all --json"),
        ("why", "why T1 --json"),
        ("simulate", "simulate --json"),
        ("doctor", "doctor --json"),
        ("gc", "gc --dry-run --json"),
        ("diff", "diff HEAD~2 HEAD --format json"),
        ("check", "check --format json"),
        ("log", "log --json"),
        ("memory", "memory --json"),
        ("workers set", "workers set messages-owner weight=2 --json"),
        ("add", "add more --id M -w messages-owner --json"),
        ("link", "link T2 T0 --json"),
        ("edit", "edit T1 --priority 3 --json"),
        ("rename", "rename T2 T9 --json"),
        ("retry", "retry T0 --json"),
        ("note", "note T0 more --json"),
        ("pause", "pause messages-owner --json"),
        ("undo", "undo --json"),
    ],
    ids=lambda value: value.replace(" ", "_"),
)
def test_every_key_that_is_printed_stands_on_the_page(
    board: Path, heading: str, command: str
) -> None:
    done = call(board, *command.split())
    assert done.code in (0, 1) and done.out, done
    known = named(heading)
    assert known, f"the page says nothing of {heading}"
    assert set(keys(json.loads(done.out))) <= known


def test_what_workers_prints_is_as_in_status(board: Path) -> None:
    printed = set(keys(json.loads(ok(board, "workers", "--json"))))
    assert printed <= named("workers") | named("status")
