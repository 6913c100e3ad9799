"""gitkanban on the cluster: a repository on the share, fake sessions, and what they say they did.

Sessions are `agent.sh`: what one does stands in `words/<card>`, a line an attempt (the last counts
for all later ones). Each session appends to `log` when it begins and ends, with its node: by that
log, and by git's objects, tests judge.
"""

import os
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.slurm.rig import CONTROL, HOME, MOST, SOURCES, UID, USER, Cluster, wait_until

AGENT = Path(__file__).with_name("agent.sh")
PROGRAM = (sys.executable, "-P", "-X", "utf8", "-m", "gitkanban")

BATCH = """\
version: 1
kanban:
  base: main
  max_concurrency: 4
  executors:
    cluster: {{engine: slurm, options: [--mem=50M, --partition=agents]}}
    held: {{engine: slurm, options: [--mem=50M, --hold]}}
    nowhere: {{engine: slurm, options: [--partition=nowhere]}}
  workers:
    pool: {{{common}, executor: cluster}}
    brief: {{{common}, executor: cluster, timeout: 4}}
    checked: {{{common}, executor: cluster, setup: [touch, .setup], verify: [grep, -q, ., OK.txt]}}
    picky: {{{common}, executor: cluster, verify: ["false"]}}
    held: {{{common}, executor: held}}
    nowhere: {{{common}, executor: nowhere}}
"""
_COMMON = "mode: pool, max_concurrency: 40, command: [{agent}], max_attempts: 9"


class Site:
    """One repository on the share, worked on as the user from `ctl`."""

    def __init__(self, cluster: Cluster, name: str, control: str = "") -> None:
        """`control`: the variant below `controls` that is broken on purpose."""
        self.cluster = cluster
        broken = [str(Path(__file__).parent / "controls" / control)] if control else []
        self.env = {"PYTHONPATH": os.pathsep.join((*broken, SOURCES)), "COLUMNS": "100"}
        self.inside = f"{HOME}/{USER}/{name}"  # as the hosts see it
        self.path = cluster.share / "home" / USER / name
        self.repo = self.path / "shop"
        (self.path / "words").mkdir(parents=True)
        self.repo.mkdir()
        (self.path / "agent").write_text(AGENT.read_text())
        program = shlex.join(PROGRAM)
        (self.path / "gk").write_text(f'#!/bin/sh\nPYTHONPATH={SOURCES} exec {program} "$@"\n')
        for name in ("agent", "gk"):
            (self.path / name).chmod(0o755)
        for each in (self.path, *self.path.rglob("*")):
            os.chown(each, UID, UID)
        for words in (
            ("init", "-q", "-b", "main"),
            ("config", "user.name", "Ada"),
            ("config", "user.email", "ada@example.org"),
            ("commit", "-q", "--allow-empty", "-m", "start"),
        ):
            self.call("git", *words)

    @property
    def agent(self) -> str:
        """The fake agent's path on the hosts."""
        return f"{self.inside}/agent"

    def call(self, *argv: str, host: str = CONTROL, timeout: float = MOST) -> str:
        """Run a program in the repository, and return what it printed. Raises AssertionError."""
        done = self.tried(*argv, host=host, timeout=timeout)
        assert done.returncode == 0, f"{shlex.join(argv)}: {done.stdout}{done.stderr}"
        return done.stdout

    def tried(
        self, *argv: str, host: str = CONTROL, timeout: float = MOST
    ) -> subprocess.CompletedProcess[str]:
        """Run a program in the repository, however it ends."""
        where = f"{self.inside}/shop"
        return self.cluster.run(host, *argv, cwd=where, env=self.env, timeout=timeout)

    def gk(self, *words: str, host: str = CONTROL) -> str:
        """Run gitkanban, and return what it printed. Raises AssertionError."""
        return self.call(*PROGRAM, *words, host=host)

    def board(self, config: str) -> None:
        """Make the board with this config, and trust it."""
        common = _COMMON.format(agent=self.agent)
        (self.path / "config.yaml").write_text(config.format(agent=self.agent, common=common))
        self.gk("init", "--config", "../config.yaml")
        self.gk("trust", "--yes")

    def words(self, card: str, *lines: str) -> None:
        """What the card's sessions do, a line for each attempt."""
        (self.path / "words" / card).write_text("".join(f"{line}\n" for line in lines))

    def log(self) -> list[list[str]]:
        """What the sessions have said, a list of words a line: kind, card, run, node, pid."""
        try:
            lines = (self.path / "log").read_text().splitlines()
        except FileNotFoundError:
            return []
        return [line.split() for line in lines]

    def said(self, kind: str, card: str) -> list[list[str]]:
        """What the sessions of a card have said of one kind."""
        return [row for row in self.log() if row[:2] == [kind, card]]

    def status(self, card: str) -> str:
        """A card's status at the tip."""
        text = self.call("git", "show", f"main:.kanban/cards/{card}.yaml")
        return (
            next(line.split()[1] for line in text.splitlines() if line.startswith("status:"))
            if "status:" in text
            else "todo"
        )

    def ticked(self) -> bool:
        """Tick once, however it ends; True."""
        self.tried(*PROGRAM, "tick")
        return True

    def outcomes(self, card: str) -> list[str]:
        """How the card's runs ended, oldest first, by the board's commits."""
        done = self.tried("git", "grep", "-h", "^outcome:", "main", "--", f".kanban/runs/{card}/")
        return [line.split()[1] for line in done.stdout.splitlines()]

    def why(self, card: str) -> str:
        """Why the card's first run ended as it did, by its record."""
        text = self.tried(
            "git", "grep", "-h", "^why:", "main", "--", f".kanban/runs/{card}/"
        ).stdout
        return text.partition("\n")[0]

    def run_folder(self, card: str) -> str:
        """The folder of the card's newest run, as the hosts see it."""
        private = self.repo / ".git/gitkanban/runs"
        names = sorted(each.name for each in private.iterdir())
        ours = [n for n in names if f"\0card={card}\0" in _read(private / n / "spec")]
        return f"{self.inside}/shop/.git/gitkanban/runs/{ours[-1]}"

    def has_ended(self, card: str) -> bool:
        """Whether the supervisor of the card's newest run has left its record."""
        run = self.run_folder(card).rpartition("/")[2]
        return (self.repo / ".git/gitkanban/runs" / run / "exit.json").exists()

    def job(self, card: str) -> str:
        """The id of the newest job of the card's newest run."""
        name = f"gk.{self.run_folder(card).rpartition('/')[2]}"
        return self.cluster.slurm("squeue", "-h", "--states=all", f"--name={name}", "-o", "%i")

    def kill_supervisor(self, card: str) -> None:
        """Kill the supervisor of the card's session, on its node."""
        node = self.said("begin", card)[-1][3]
        for pid in self.cluster.pids(node, self.run_folder(card)):
            self.cluster.run(node, "kill", "-KILL", pid, user="root")

    def tokens(self) -> list[str]:
        """The lease tokens that are there."""
        return [str(each) for each in (self.repo / ".kanban/slots").rglob("*.lock")]

    def wait_for_rest(self) -> None:
        """Wait until nothing is left: a job ends only after the record of its run is written."""
        wait_until("an empty queue", lambda: not self.cluster.slurm("squeue", "-h"))
        for node in self.cluster.nodes:
            wait_until(f"an empty {node}", lambda at=node: not self.cluster.processes(at))
        wait_until("no tokens", lambda: not self.tokens())

    def settle(self, cards: Sequence[str], *, into: Sequence[str], most: float = MOST) -> None:
        """Tick until each of the cards is in one of these statuses."""

        def there() -> bool:
            self.gk("tick")
            return all(self.status(card) in into for card in cards)

        wait_until(f"{', '.join(cards)} in {' or '.join(into)}", there, most)


def _read(path: Path) -> str:
    """What a file has; nothing where a run is only being made, or was just cancelled."""
    try:
        return path.read_text()
    except FileNotFoundError:
        return ""
