"""The table of docs/agents.md: `python -m tests.agents.page`.

It is made from what came of the trials (`results.json`), and of the recorded streams.
"""

import json
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gitkanban.core.agents.presets import PRESETS, sentence
from gitkanban.core.agents.readers import Reading, SessionOutput, read
from tests.agents.trials import RESULTS, TRIALS, is_for

STREAMS = Path(__file__).with_name("streams")
PAGE = Path(__file__).parents[2] / "docs" / "agents.md"
BEGIN, END = "<!-- made by tests.agents.page -->\n", "<!-- end -->\n"
ENDED = 1_795_885_200
_COLUMNS = ("claude", "codex", "gemini", "hermes", "opencode", "pi", "aider")


def reading_of(agent: str, scenario: str) -> tuple[Reading, bool]:
    """What was read of a recorded session, and whether it stalled. Raises OSError."""
    found = json.loads((STREAMS / agent / f"{scenario}.json").read_text())
    stdout, stderr, last, usage = (
        str(found.get(name, ""))
        for name in ("stdout.log", "stderr.log", "last_message", "usage.json")
    )
    stalled = found["how"] == "stall"
    failed = bool(found["exit"]) or stalled
    return read(agent, SessionOutput(stdout, stderr, last, usage, failed=failed), ENDED), stalled


def table() -> str:
    """Versions, what each agent's output says, and how its failures are told apart."""
    rows = [
        ["", *_COLUMNS],
        ["---"] * (len(_COLUMNS) + 1),
        ["version", *(PRESETS[agent].tried for agent in _COLUMNS)],
        ["prompt", *("stdin" if PRESETS[agent].stdin else "argument" for agent in _COLUMNS)],
        ["who commits", *(PRESETS[agent].commits for agent in _COLUMNS)],
        ["can resume a session", *_said(lambda a: bool(PRESETS[a].resume))],
        ["last message", *_said(lambda a: reading_of(a, "ok")[0].summary.endswith("down."))],
        ["session id", *_said(lambda a: bool(reading_of(a, "ok")[0].session))],
        ["cost", *_said(lambda a: bool(reading_of(a, "ok")[0].cost_usd))],
        ["tokens", *_said(lambda a: reading_of(a, "ok")[0].tokens_in is not None)],
        *([each.row, *(_result(a, name) for a in _COLUMNS)] for name, each in TRIALS.items()),
        ["tried on", *(_results().get(agent, {}).get("date", "") for agent in _COLUMNS)],
    ]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _said(is_said: Callable[[str], bool]) -> list[str]:
    return ["yes" if is_said(agent) else "no" for agent in _COLUMNS]


def _results() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = json.loads(RESULTS.read_text())
    return found


def _result(agent: str, name: str) -> str:
    """What came of a trial, as it was played last."""
    if not is_for(agent, name):
        return "has no shell"
    return str(_results().get(agent, {}).get("trials", {}).get(name, "not tried"))


def allowances() -> str:
    """What each preset allows itself, an item each."""
    lines = [f"- {sentence(PRESETS[agent])}." for agent in _COLUMNS]
    return "".join(f"{textwrap.fill(line, 100, subsequent_indent='  ')}\n" for line in lines)


def page() -> str:
    """The page with its made part made again. Raises OSError."""
    before, _, rest = PAGE.read_text().partition(BEGIN)
    after = rest.partition(END)[2]
    return f"{before}{BEGIN}\n{table()}\n{allowances()}\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(page())
