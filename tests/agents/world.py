"""A real agent as a session of gitkanban: fresh repository, fresh HOME, a model server of ours.

What the machine has beyond that does not reach it: PATH holds the agent's own programs and the
system's, and proxies that lead nowhere keep it on the loopback interface.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

from gitkanban.core.agents.presets import PRESETS
from tests.agents import homes, install
from tests.agents.model import ModelServer, Scenario

FOLDER = os.environ.get("GITKANBAN_TEST_AGENTS", "")
NOWHERE = "http://127.0.0.1:9"
# What the agents need to know of a machine without a network, and nothing else.
PASSED = {
    "HTTP_PROXY": NOWHERE,
    "HTTPS_PROXY": NOWHERE,
    "NO_PROXY": "127.0.0.1,localhost",
    "OPENCODE_DISABLE_MODELS_FETCH": "1",
}
PATIENCE = 240.0  # seconds for one session


class World(NamedTuple):
    """One agent with a board of its own."""

    agent: str
    root: Path
    env: dict[str, str]

    @property
    def repo(self) -> Path:
        """The repository."""
        return self.root / "repo"

    def kanban(self, *words: str, check: bool = True) -> str:
        """Call gitkanban in the repository; its standard output."""
        argv = [sys.executable, "-m", "gitkanban", *words]
        done = subprocess.run(
            argv, cwd=self.repo, env=self.env, capture_output=True, text=True, check=False,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
        if check and done.returncode:
            raise AssertionError(f"gitkanban {' '.join(words)}: {done.stdout}{done.stderr}")
        return done.stdout

    def card(self, name: str = "T0") -> dict[str, Any]:
        """The card as `show --json` has it."""
        found: dict[str, Any] = json.loads(self.kanban("show", name, "--json"))
        return found

    def run_folder(self, name: str = "T0") -> Path:
        """The folder of the card's latest run."""
        return Path(self.kanban("logs", name, "--path").strip())

    def work(self, *names: str) -> None:
        """Tick, and wait until none of the cards runs."""
        names = names or ("T0",)
        self.kanban("tick", check=False)
        until = time.monotonic() + PATIENCE
        while any(self.card(name)["status"] == "running" for name in names):
            assert time.monotonic() < until, f"{self.agent} still runs: {self.run_folder()}"
            time.sleep(0.3)
            self.kanban("tick", check=False)


def make_world(root: Path, agent: str, server: ModelServer, config: str = "") -> World:
    """A repository with a board that `init --runner` made, and the agent's settings in HOME.

    `config` is put below the first worker.
    """
    package = next(each for each in install.PACKAGES if each.agent == agent)
    program = install.find_program(Path(FOLDER), package)
    home, repo = root / "home", root / "repo"
    repo.mkdir(parents=True)
    homes.furnish(agent, home, server.url)
    (home / ".gitconfig").write_text("[user]\n\tname = Ada\n\temail = ada@example.org\n")
    own = str(Path(sys.executable).parent)
    env = {
        "HOME": str(home),
        "PATH": os.pathsep.join((str(program.parent), *_system_path(), own)),
        "LANG": "C.UTF-8",
        "GIT_CONFIG_NOSYSTEM": "1",
        **PASSED,
    }
    world = World(agent, root, env)
    for words in (["init", "-qb", "main"], ["commit", "-q", "--allow-empty", "-m", "start"]):
        subprocess.run(["git", *words], cwd=repo, env=env, check=True)
    world.kanban("init", "--runner", agent)
    path = repo / ".kanban/config.yaml"
    lines = path.read_text().replace(
        "on_success", f"pass_env: [{', '.join(PASSED)}]\n      on_success"
    )
    path.write_text(lines.rstrip("\n") + "\n" + config)
    subprocess.run(["git", "commit", "-qam", "config"], cwd=repo, env=env, check=True)
    world.kanban("trust", "--yes")
    return world


def scenario_for(agent: str, name: str) -> Scenario:
    """The scenario, with a commit only where committing is the session's own work."""
    found = SCENARIOS[name]
    if PRESETS[agent].commits == "session":
        return found
    plain = tuple(PLAINER.get(command, command) for command in found.commands)
    return found._replace(commands=plain)


def _system_path() -> list[str]:
    """The folders of git, node and the system's own programs."""
    node = shutil.which("node")
    return [*([str(Path(node).parent)] if node else []), "/usr/local/bin", "/usr/bin", "/bin"]


WRITE = "echo hello > T0.md && git add T0.md && git commit -qm 'T0: words'"
PLAIN = "echo hello > T0.md"
ASK = 'curl -s http://127.0.0.1:9/; touch "$TMPDIR/asked"'  # what an agent may refuse
WRITE_MORE = "echo HELLO > T0.md && git commit -qam 'T0: louder'"
PLAIN_MORE = "echo HELLO > T0.md"
PLAINER = {WRITE: PLAIN, WRITE_MORE: PLAIN_MORE}  # for sessions that do not commit
EDIT_MORE = (
    "T0.md\n```\n<<<<<<< SEARCH\nhello\n=======\nHELLO\n>>>>>>> REPLACE\n```\n\nWrote it louder."
)
EDIT = "T0.md\n```\n<<<<<<< SEARCH\n=======\nhello\n>>>>>>> REPLACE\n```\n\nWrote it down."
OK = Scenario("ok", (WRITE,), edit=EDIT)
SCENARIOS = {
    each.name: each
    for each in (
        OK,
        Scenario("done", ("gitkanban done --no-change --summary 'all there'",), edit=EDIT),
        Scenario("block", ("gitkanban block --why 'which port?'",), "I need to know the port."),
        Scenario("note", ("gitkanban note 'a remark'", WRITE), edit=EDIT),
        Scenario("denied", (ASK, WRITE), edit=EDIT),
        Scenario("again", (WRITE_MORE,), "Wrote it louder.", edit=EDIT_MORE),
        Scenario("stopped", ("touch begun; sleep 600", WRITE), edit=EDIT),
        OK._replace(name="limited", status=429, failures=-1, kind="rate_limit_error",
                    error="This request would exceed your account's rate limit."),
        OK._replace(name="limited-until", status=429, failures=-1, kind="rate_limit_error",
                    error="Rate limit reached. Please try again in 20m.", reset=1200),
        OK._replace(name="no-login", status=401, failures=-1, kind="authentication_error",
                    error="invalid x-api-key"),
        OK._replace(name="failing-twice", status=500, failures=2, kind="api_error",
                    error="Internal server error"),
        OK._replace(name="failing", status=500, failures=-1, kind="api_error",
                    error="Internal server error"),
        OK._replace(name="silent", silent=True),
    )
}  # fmt: skip
