"""Record what the real CLIs print, as data for the readers' tests.

    GITKANBAN_TEST_AGENTS=FOLDER python -m tests.agents.record SCRATCH [AGENT…] [-- SCENARIO…]

Each stream is what one session of gitkanban left: `streams/<agent>/<scenario>.json`. Paths, times
and ids of the machine are replaced, so that a stream recorded again differs only where the agent
prints something else.
"""

import json
import re
import shutil
import sys
from pathlib import Path

from tests.agents import install
from tests.agents.model import ModelServer
from tests.agents.world import SCENARIOS, make_world, scenario_for

STREAMS = Path(__file__).with_name("streams")
FILES = ("stdout.log", "stderr.log", "last_message", "usage.json")
LINE_MOST = 4000  # characters of one line that are worth keeping


def record(scratch: Path, agent: str, scenario: str) -> None:
    """Run one session and keep what it printed."""
    root = scratch / f"{agent}-{scenario}"
    shutil.rmtree(root, ignore_errors=True)
    with ModelServer(scenario_for(agent, scenario)) as server:
        config = "      max_attempts: 1\n      stall_timeout: 120s\n"
        world = make_world(root, agent, server, config)
        world.kanban("add", "write it down", "--id", "T0")
        world.work()
        folder = world.run_folder()
        end = json.loads((folder / "exit.json").read_text())
        texts = {name: _read(folder / name) for name in FILES}
        kept = {name: _scrub(text, root, server.url) for name, text in texts.items() if text}
        steps = end["steps"][-1:] or [{}]
        found = {"exit": steps[0].get("exit"), "how": end["how"], **kept}
        target = STREAMS / agent / f"{scenario}.json"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
        card = world.card()
        run = card["runs"][-1] if card["runs"] else {}
        print(agent, scenario, card["status"], run.get("outcome"), "|", run.get("why"), flush=True)


def _read(path: Path) -> str:
    return path.read_text(errors="replace") if path.exists() else ""


def _scrub(text: str, root: Path, url: str) -> str:
    text = text.replace(str(root), "/home/ada").replace(url, "http://127.0.0.1:8000")
    text = text.replace(str(Path(install.__file__).parents[2]), "/opt/gitkanban")
    text = re.sub(r"/[\w./-]*?/clis/", "/opt/agents/", text)
    lines = (line if len(line) <= LINE_MOST else _shorten(line) for line in text.splitlines(True))
    return "".join(lines)


def _shorten(line: str) -> str:
    """A line of an event with its longest texts cut, still JSON where it was."""
    try:
        return json.dumps(_cut(json.loads(line)), ensure_ascii=False) + "\n"
    except ValueError:
        return line[:LINE_MOST] + "\n"


def _cut(value: object) -> object:
    if isinstance(value, dict):
        return {key: _cut(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_cut(item) for item in value[:5]]
    return value[:500] if isinstance(value, str) else value


def main() -> int:
    """Record what the command line names."""
    words = sys.argv[1:]
    scenarios = words[words.index("--") + 1 :] if "--" in words else list(SCENARIOS)
    agents = words[1 : words.index("--")] if "--" in words else words[1:]
    for agent in agents or [each.agent for each in install.PACKAGES]:
        for scenario in scenarios:
            try:
                record(Path(words[0]).absolute(), agent, scenario)
            except AssertionError as error:
                print(f"{agent} {scenario}: {str(error)[:600]}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
