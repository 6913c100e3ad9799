"""The made parts of docs/agents.md: `python -m tests.agents.page`.

The table is made from what came of the trials (`results.json`), and of the recorded streams; what
stands first under each agent from its preset and its trials.
"""

import json
import textwrap
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from gitkanban.core.agents.presets import OPTIONS, PRESETS, sentence
from gitkanban.core.agents.readers import Reading, SessionOutput, read
from tests.agents.trials import RESULTS, TRIALS, is_for

STREAMS = Path(__file__).with_name("streams")
PAGE = Path(__file__).parents[2] / "docs" / "agents.md"
BEGIN, END = "<!-- made by tests.agents.page -->\n", "<!-- end -->\n"
EACH = "<!-- {agent}: made by tests.agents.page -->\n"
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


def facts_of(agent: str) -> str:
    """What is known of one agent: how it is started, its login, what a sandbox lets it write."""
    preset = PRESETS[agent]
    start = " ".join(word if word != OPTIONS else "…" for word in preset.start)
    files = _coded(f"~/{name}" for name in preset.login.files)
    variables = _coded(preset.login.variables)
    fixed = f"; read-only in there: {_coded(f'~/{name}' for name in preset.settings)}"
    items = [
        f"Tried on {_results()[agent]['date']} with version {preset.tried}; in the sandbox `bwrap`: "
        f"{_result(agent, 'bwrap')}.",
        f"Needs {preset.needs}.",
        f"Signs of a login that are looked for: {files}, or one of these in `pass_env`: {variables}.",
        f"In the sandbox it may write {_coded(f'~/{name}' for name in preset.state)}"
        f"{fixed if preset.settings else ''}.",
    ]
    lines = [textwrap.fill(f"- {each}", 100, subsequent_indent="  ", **_WRAP) for each in items]
    return "\n".join([f"```\n{start}\n```", "", *lines, ""])


_WRAP = {"break_long_words": False, "break_on_hyphens": False}


def _coded(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def page() -> str:
    """The page with its made parts made again. Raises OSError."""
    text = _with_part(PAGE.read_text(), BEGIN, f"{table()}\n{allowances()}")
    for agent in _COLUMNS:
        text = _with_part(text, EACH.format(agent=agent), facts_of(agent))
    return text


def _with_part(text: str, begin: str, part: str) -> str:
    """The text with what stands between a mark and the next end replaced."""
    before, mark, rest = text.partition(begin)
    assert mark, f"the page has no {begin}"
    return f"{before}{begin}\n{part}\n{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    PAGE.write_text(page())
