"""The configs of docs/examples: each is checked, and runs a card of each of its workers.

The agents are stand-ins that write a file and commit it; everything else is real.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gitkanban.board.formats import configfile
from gitkanban.core.agents.presets import PRESETS
from gitkanban.core.model import Config
from gitkanban.runs import contained
from tests.conftest import git

FOLDER = Path(__file__).parents[2] / "docs" / "examples"
EXAMPLES = sorted(FOLDER.glob("*.yaml"))
OWN_BRANCH = {"team"}  # its head says `init --branch kanban`
AGENT = """\
#!/bin/sh
echo "by $0" >"$GITKANBAN_CARD.txt" && git add --all && git commit --quiet --message "$GITKANBAN_CARD"
"""
TOOL = "#!/bin/sh\nexit 0\n"


class Shop:
    """A repository with an example's board, a remote, and a HOME with what the example asks for."""

    def __init__(self, repo: Path, example: Path, home: Path) -> None:
        self.repo, self.home = repo, home
        self.config = _read_config(example)
        _furnish_home(home, self.config)
        git(repo, "init", "-q", "--bare", str(home / "origin.git"))
        git(repo, "remote", "add", "origin", str(home / "origin.git"))
        branch = ["--branch", "kanban"] if example.stem in OWN_BRANCH else []
        self.kanban("init", "--config", str(example), *branch)

    def kanban(self, *words: str) -> str:
        """What a command prints; it must succeed."""
        env = os.environ | {
            "PATH": f"{self.home / 'bin'}:{os.environ['PATH']}",
            "ANTHROPIC_API_KEY": "a key",
        }
        done = subprocess.run(
            [sys.executable, "-m", "gitkanban", *words],
            cwd=self.repo, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            check=False, timeout=300,
        )  # fmt: skip
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
        return done.stdout


def _read_config(example: Path) -> Config:
    config, problems = configfile.parse(example.read_bytes(), "config.yaml")
    assert config and not problems, problems
    return config


def _furnish_home(home: Path, config: Config) -> None:
    """Programs that every command of the config finds, and the folders of agents' profiles."""
    (home / "bin").mkdir()
    workers = config.workers.values()
    programs = {
        line[0]: AGENT if line is worker.command else TOOL
        for worker in workers
        for line in (worker.command, worker.setup, worker.verify)
        if line
    }
    for name, script in {**programs, "gh": TOOL}.items():
        path = home / "bin" / name
        path.write_text(script)
        path.chmod(0o755)
    for worker in workers:
        preset = PRESETS.get(worker.runner)
        if preset and preset.profiles:
            (home / preset.profiles / worker.profile / "memories").mkdir(parents=True)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_is_checked_and_runs_a_card_of_each_worker(repo: Path, example: Path) -> None:
    if "bwrap" in example.read_text() and (why := contained.cannot(os.environ["PATH"])):
        pytest.skip(f"no sandbox here: {why}")
    shop = Shop(repo, example, Path(os.environ["HOME"]))
    shop.kanban("trust", "--yes")
    for name in shop.config.workers:
        shop.kanban("add", f"a card of {name}", "--id", name, "--worker", name)
    found = json.loads(shop.kanban("check", "--format", "json"))
    assert found["findings"] == []
    shop.kanban("tick", "--wait")
    cards = json.loads(shop.kanban("list", "--json"))
    ends = {card["id"]: (card["status"], card["why"]) for card in cards}
    wanted = {each.name: (each.on_success, "") for each in shop.config.workers.values()}
    assert ends == wanted


def test_every_example_is_listed_with_what_its_head_says() -> None:
    page = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert [name for name in (path.name for path in EXAMPLES) if f"]({name})" not in page] == []
