"""What each real agent is put through as a session of gitkanban, and in a word what came of it.

    GITKANBAN_TEST_AGENTS=FOLDER python -m tests.agents.trials SCRATCH [AGENT…] [-- TRIAL…]

plays them and keeps the words in `results.json`, from which the table of docs/agents.md is made
(`tests.agents.page`). `test_agents.py` plays them too and asks that each word is a good one.
"""

import json
import re
import shutil
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

from gitkanban.core.agents.presets import PRESETS
from gitkanban.runs.records.folders import Folder
from gitkanban.runs.supervision import processes
from tests.agents import install
from tests.agents.model import ModelServer
from tests.agents.world import World, make_world, scenario_for

RESULTS = Path(__file__).with_name("results.json")
CONFIG = "      max_attempts: 1\n      stall_timeout: 60s\n"
PATIENT = CONFIG.replace("60s", "180s")  # opencode tries again for long, and says nothing of it
AT_ONCE = 3  # agents that are tried at the same time
OKAY = "ok"


class Failed(AssertionError):
    """What came of a trial is nothing that may be."""


class Stage(NamedTuple):
    """Where one trial of one agent is played."""

    root: Path
    agent: str

    def play(self, scenario: str, body: str = "", config: str = CONFIG) -> World:
        """One card, worked on once."""
        with ModelServer(scenario_for(self.agent, scenario)) as server:
            world = make_world(self.root, self.agent, server, config)
            add_card(world, "T0", body)
            world.work()
        return world


def add_card(world: World, name: str, body: str = "") -> None:
    """Put a card onto the board; long texts go by a file."""
    file = world.root / f"{name}.md"
    file.write_text(body)
    world.kanban("add", "write it down", "--id", name, "--body-file", str(file))


def last_run(world: World, name: str = "T0") -> dict[str, Any]:
    """The card's last run as the board has it."""
    runs = world.card(name)["runs"]
    if not runs:
        raise Failed(f"{name} has no run: {world.card(name)}")
    found: dict[str, Any] = runs[-1]
    return found


def demand(world: World, name: str = "T0", **wanted: object) -> None:
    """Ask for values of the card and of its last run."""
    card, run = world.card(name), last_run(world, name)
    for key, value in wanted.items():
        here = run if key in ("outcome", "summary") else card
        if here[key] != value:
            raise Failed(f"{key} is {here[key]!r}, not {value!r}: {run['why']} / {card['why']}")
    left = processes.survivors(run["run"], str(world.run_folder(name)), [])
    if left:
        raise Failed(f"processes are left: {left}")


# -- the trials


def work(stage: Stage) -> str:
    """Work, commit, summary, accept."""
    world = stage.play("ok")
    demand(world, status="review", outcome="succeeded")
    if not last_run(world)["summary"].endswith("Wrote it down."):
        raise Failed(f"the summary is {last_run(world)['summary']!r}")
    world.kanban("accept", "T0")
    if (world.repo / "T0.md").read_text() != "hello\n":
        raise Failed("the work is not in base")
    names = sorted(path.name for path in world.repo.iterdir())
    if names != [".git", ".kanban", "T0.md"]:
        raise Failed(f"droppings: {names}")
    return OKAY


def report_done(stage: Stage) -> str:
    demand(stage.play("done"), status="review", summary="all there")
    return OKAY


def report_block(stage: Stage) -> str:
    demand(stage.play("block"), status="blocked", why="which port?")
    return OKAY


def leave_note(stage: Stage) -> str:
    world = stage.play("note")
    demand(world, status="review")
    if [note["text"] for note in world.card()["notes"]] != ["a remark"]:
        raise Failed(f"notes: {world.card()['notes']}")
    return OKAY


def be_denied(stage: Stage) -> str:
    """The model wants what the agent may refuse; the work goes on."""
    world = stage.play("denied")
    demand(world, status="review", outcome="succeeded")
    refused = not (world.run_folder() / "tmp" / "asked").exists()
    return "refused, goes on" if refused else "allowed"


def fail_twice(stage: Stage) -> str:
    demand(stage.play("failing-twice"), status="review", outcome="succeeded")
    return OKAY


def fail_for_ever(stage: Stage) -> str:
    world = stage.play("failing", config=PATIENT)
    demand(world, status="blocked", outcome="failed")
    if not re.search(r": \S.{12}", last_run(world)["why"]):  # codex has words of its own for it
        raise Failed(f"it does not say why: {last_run(world)['why']}")
    return "failed, in its words"


def lack_login(stage: Stage) -> str:
    world = stage.play("no-login")
    demand(world, status="blocked", reason="config", outcome="misconfigured")
    if "key" not in last_run(world)["why"].lower():
        raise Failed(f"it does not say why: {last_run(world)['why']}")
    return "login needed"


def meet_limit(stage: Stage) -> str:
    demand(stage.play("limited", config=PATIENT), status="todo", outcome="rate-limited")
    return "limit"


def meet_limit_with_end(stage: Stage) -> str:
    world = stage.play("limited-until")
    if last_run(world)["outcome"] == "stalled":  # it obeys the service without a word
        return "waits until stalled"
    demand(world, status="todo")
    why = world.kanban("why", "T0")
    return "limit, with its end" if _waits_some_minutes(why) else "limit"


def _waits_some_minutes(why: str) -> bool:
    """Whether a quota is said to end in 15 to 25 minutes, which no growing back-off gives."""
    found = re.search(r"until (\d\d):(\d\d)", why)
    if not found:
        return False
    now = time.gmtime()
    wait = (int(found[1]) * 60 + int(found[2]) - now.tm_hour * 60 - now.tm_min) % 1440
    return 15 <= wait <= 25


def be_silent(stage: Stage) -> str:
    config = CONFIG.replace("60s", "20s")
    demand(stage.play("silent", config=config), status="blocked", outcome="stalled")
    return "stalled"


def be_stopped(stage: Stage) -> str:
    """Stopped while a command of its own runs."""
    with ModelServer(scenario_for(stage.agent, "stopped")) as server:
        world = make_world(stage.root, stage.agent, server, CONFIG)
        add_card(world, "T0")
        world.kanban("tick", check=False)
        path = Path(f"{world.repo}.worktrees") / "T0" / "begun"
        until = time.monotonic() + 120
        while not path.exists():
            if time.monotonic() > until or world.card()["status"] != "running":
                raise Failed(f"the command never began: {world.card()['why']}")
            time.sleep(0.2)
        world.kanban("stop", "T0", check=False)
        world.work()
    demand(world, outcome="stopped")
    return "nothing left"


def work_on_two(stage: Stage) -> str:
    """Two cards at once, one profile."""
    with ModelServer(scenario_for(stage.agent, "ok")) as server:
        world = make_world(stage.root, stage.agent, server, CONFIG)
        world.kanban("workers", "set", "coder", "mode=pool", "max_concurrency=2")
        world.kanban("trust", "--yes")
        for name in ("T0", "T1"):
            add_card(world, name)
        world.work("T0", "T1")
    for name in ("T0", "T1"):
        demand(world, name, status="review", outcome="succeeded")
    return OKAY


def go_on(stage: Stage) -> str:
    """Sent back, it works again, in its own conversation where it can."""
    with ModelServer(scenario_for(stage.agent, "ok")) as server:
        world = make_world(stage.root, stage.agent, server, CONFIG)
        add_card(world, "T0")
        world.work()
        demand(world, status="review", outcome="succeeded")
        world.kanban("reject", "T0", "--why", "say it louder")
        server.scenario = scenario_for(stage.agent, "again")
        asked = len(server.requests)
        world.work()
        texts = [json.dumps(body) for _, body in server.requests[asked:]]
    demand(world, status="review", outcome="succeeded")
    heard = [text for text in texts if "say it louder" in text]
    if not heard:
        raise Failed("what the person said did not reach the model")
    spec = Folder(str(world.run_folder())).spec()
    if spec.one("resumed") and not any("Wrote it down." in text for text in heard):
        raise Failed("it was resumed and the model was not told what was said before")
    return "same conversation" if spec.one("resumed") else "new conversation"


def read_much(stage: Stage) -> str:
    """A card with a URL, quotes, and 200 kB."""
    body = "see http://127.0.0.1:9/page and 'this' \"that\" `that` $(touch x) \\ é\n"
    demand(stage.play("ok", body + "words " * 34_000), status="review", outcome="succeeded")
    return OKAY


def be_contained(stage: Stage) -> str:
    """The same in the sandbox `bwrap`: work, and a note."""
    config = f"{CONFIG}      sandbox: bwrap\n"
    world = stage.play("ok" if stage.agent == "aider" else "note", config=config)
    demand(world, status="review", outcome="succeeded")
    if stage.agent != "aider" and not world.card()["notes"]:
        raise Failed("no note arrived")
    world.kanban("accept", "T0")
    return OKAY


class Trial(NamedTuple):
    """One trial: its row in the table, and the words that may come of it."""

    row: str
    play: Callable[[Stage], str]
    good: tuple[str, ...] = (OKAY,)
    shell: bool = False  # for agents that have one


TRIALS = {
    "ok": Trial("work, commit, summary, accept", work),
    "done": Trial("`done` from a session", report_done, shell=True),
    "block": Trial("`block` from a session", report_block, shell=True),
    "note": Trial("`note` from a session", leave_note, shell=True),
    "two": Trial("two cards at once", work_on_two),
    "resume": Trial("sent back", go_on, ("same conversation", "new conversation")),
    "much": Trial("a URL, quotes, 200 kB in a card", read_much),
    "bwrap": Trial("in the sandbox bwrap", be_contained),
    "no-login": Trial("no login (401)", lack_login, ("login needed",)),
    "limited": Trial("limit (429)", meet_limit, ("limit",)),
    "limited-until": Trial(
        "limit of 20 minutes",
        meet_limit_with_end,
        ("limit", "limit, with its end", "waits until stalled"),
    ),
    "failing-twice": Trial("two 500s, then fine", fail_twice),
    "failing": Trial("only 500s", fail_for_ever, ("failed, in its words",)),
    "silent": Trial("the service is silent", be_silent, ("stalled",)),
    "denied": Trial(
        "permission denied", be_denied, ("refused, goes on", "allowed"), shell=True
    ),
    "stopped": Trial("stopped in a command", be_stopped, ("nothing left",), shell=True),
}  # fmt: skip


def is_for(agent: str, trial: str) -> bool:
    """Whether an agent is put through a trial."""
    return agent != "aider" or not TRIALS[trial].shell


def play(root: Path, agent: str, name: str) -> str:
    """What came of one trial. Raises AssertionError for what may not be."""
    word = TRIALS[name].play(Stage(root, agent))
    if word not in TRIALS[name].good:
        raise Failed(f"{word!r} may not come of it")
    return word


_keeping = Lock()


def keep(agent: str, name: str, word: str) -> None:
    """Write a result down."""
    with _keeping:
        found = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
        row = found.setdefault(agent, {})
        row["version"] = PRESETS[agent].tried
        row["date"] = time.strftime("%Y-%m-%d", time.gmtime())
        row.setdefault("trials", {})[name] = word
        RESULTS.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")


def play_all(scratch: Path, agent: str, names: list[str]) -> None:
    """Put one agent through its trials, one after the other."""
    for name in names:
        if not is_for(agent, name):
            continue
        root = scratch / f"{agent}-{name}"
        shutil.rmtree(root, ignore_errors=True)
        began = time.monotonic()
        try:
            word = play(root, agent, name)
        except AssertionError as error:
            print(f"{agent} {name}: FAILED {str(error)[:600]}", flush=True)
            keep(agent, name, "failed")
        else:
            print(f"{agent} {name}: {word} ({time.monotonic() - began:.0f} s)", flush=True)
            keep(agent, name, word)
            shutil.rmtree(root, ignore_errors=True)


def main() -> int:
    """Play what the command line names."""
    words = sys.argv[1:]
    if not words:
        print(__doc__, file=sys.stderr)
        return 2
    at = words.index("--") if "--" in words else len(words)
    names = words[at + 1 :] or list(TRIALS)
    agents = words[1:at] or [each.agent for each in install.PACKAGES]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        scratch = Path(words[0]).absolute()
        for done in [pool.submit(play_all, scratch, agent, names) for agent in agents]:
            done.result()
    return 0


if __name__ == "__main__":
    sys.exit(main())
