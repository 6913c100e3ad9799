"""Trouble by seed on a running cluster, and a judge that reads sessions' own log and git alone."""

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable

from tests.slurm.rig import CONTROL, Cluster, RigFailed, wait_until
from tests.slurm.site import BATCH, PROGRAM, Site

WORDS = ("commit", "rest:20 commit", "rest:60 commit", "exit:3", "daemon commit", "say:hi")
LIMIT = 6  # sessions of the worker at the same time
QUIET = 240.0  # seconds after the last trouble in which everything comes to rest


class Soak:
    """One cluster with one board; cards come, and trouble."""

    def __init__(self, seed: int, minutes: float, control: str = "") -> None:
        self.random = random.Random(seed)
        self.until = time.monotonic() + minutes * 60
        self.control = control
        self.cards: list[str] = []
        self.acts: dict[str, int] = {}

    def run(self) -> list[str]:
        """Play, heal everything, come to rest; return what was violated."""
        with Cluster(("n1", "n2", "n3"), min_job_age=30) as self.cluster:
            self.site = Site(self.cluster, "soak", self.control)
            self.site.board(BATCH.replace("max_attempts: 9", "max_attempts: 99"))
            try:
                while time.monotonic() < self.until:
                    act = self.random.choice(self._acts())
                    name = act.__name__.strip("_")
                    self.acts[name] = self.acts.get(name, 0) + 1
                    act()
                    if any(row[0] == "double" for row in self.site.log()):
                        break
                self._heal()
                return self._judge()
            finally:
                print(f"{len(self.cards)} cards, {len(self._begun())} sessions; {self.acts}")

    # -- what happens

    def _acts(self) -> list[Callable[[], None]]:
        often = [self._add_card, self._tick, self._tick, self._kill_tick, self._rest]
        trouble = [
            self._lose_node, self._lose_slurmd, self._lose_controller, self._lose_munge,
            self._kill_supervisor, self._cancel_job, self._submit_again, self._stop_card,
            self._suspend_job, self._lose_share,
        ]  # fmt: skip
        return often * 2 + trouble

    def _add_card(self) -> None:
        card = f"C{len(self.cards)}"
        line = self.random.choice(WORDS)
        self.site.words(card, line, "commit")
        self.site.tried(*PROGRAM, "add", card, "--id", card, "--worker", "pool")
        self.cards.append(card)

    def _tick(self) -> None:
        self.site.ticked()

    def _kill_tick(self) -> None:
        words = self.cluster.words(CONTROL, *PROGRAM, "tick", cwd=f"{self.site.inside}/shop")
        env = self.cluster.environment() | self.site.env
        started = subprocess.Popen(
            words, env=env, start_new_session=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            started.wait(self.random.uniform(0.2, 2.5))
        except subprocess.TimeoutExpired:
            for pid in self.cluster.pids(CONTROL, "gitkanban tick"):
                self.cluster.run(CONTROL, "kill", "-KILL", pid, user="root")
            os.killpg(started.pid, signal.SIGKILL)
            started.wait(20)

    def _rest(self) -> None:
        time.sleep(self.random.uniform(0.2, 2))

    def _lose_node(self) -> None:
        node = self.random.choice(self.cluster.nodes)
        self.cluster.power_off(node)
        self._meanwhile(18)
        self.cluster.power_on(node, wait=False)

    def _lose_slurmd(self) -> None:
        node = self.random.choice(self.cluster.nodes)
        self.cluster.kill_slurmd(node)
        self._meanwhile(18)
        self.cluster.start_slurmd(node)

    def _lose_controller(self) -> None:
        self.cluster.kill_slurmctld()
        self._meanwhile(3)
        self.cluster.start_slurmctld(clear=self.random.random() < 0.3)

    def _lose_munge(self) -> None:
        self.cluster.kill_munge(CONTROL)
        self._meanwhile(2)
        self.cluster.start_munge(CONTROL)

    def _kill_supervisor(self) -> None:
        card = self._live_card()
        if card:
            self.site.kill_supervisor(card)

    def _cancel_job(self) -> None:
        jobs = self.cluster.run(CONTROL, "squeue", "-h", "-o", "%i", user="root").stdout.split()
        if jobs:
            self.cluster.run(CONTROL, "scancel", self.random.choice(jobs), user="root")

    def _suspend_job(self) -> None:
        running = ("squeue", "-h", "-t", "R", "-o", "%i")
        jobs = self.cluster.run(CONTROL, *running, user="root").stdout.split()
        if jobs:
            job = self.random.choice(jobs)
            self.cluster.run(CONTROL, "scontrol", "suspend", job, user="root")
            self._meanwhile(8)
            self.cluster.run(CONTROL, "scontrol", "resume", job, user="root")

    def _lose_share(self) -> None:
        node = self.random.choice(self.cluster.nodes)
        self.cluster.lose_share(node)
        self._meanwhile(8)
        self.cluster.mount_share(node)

    def _submit_again(self) -> None:
        card = self._live_card()
        if card:
            script = f"{self.site.run_folder(card)}/job.sh"
            self.cluster.run(CONTROL, "sbatch", "--mem=50M", "-o", "/dev/null", script)

    def _stop_card(self) -> None:
        card = self._live_card()
        if card:
            self.site.tried(*PROGRAM, "stop", card)

    def _live_card(self) -> str:
        live = [row[1] for row in self._begun() if not self.site.said("end", row[1])]
        return self.random.choice(live) if live else ""

    def _meanwhile(self, seconds: float) -> None:
        """Ticks and new cards for up to some seconds."""
        until = time.monotonic() + self.random.uniform(0.3, 1) * seconds
        while time.monotonic() < until:
            self.random.choice((self._tick, self._add_card, self._rest))()

    # -- the end

    def _heal(self) -> None:
        self.cluster.wait_for_nodes()
        for card in self.cards:  # what was stopped or cancelled waits for a person
            if self.site.status(card) == "blocked":
                self.site.tried(*PROGRAM, "retry", card)

        def quiet() -> bool:
            self.site.ticked()
            return not any(self.site.status(card) == "running" for card in self.cards)

        wait_until("no running card", quiet, QUIET)

    def _begun(self) -> list[list[str]]:
        return [row for row in self.site.log() if row[0] == "begin"]

    def _judge(self) -> list[str]:
        found = [f"two sessions at once: {row}" for row in self.site.log() if row[0] == "double"]
        begun = [row[2] for row in self._begun()]
        found += [f"run {run} began twice" for run in sorted(set(begun)) if begun.count(run) > 1]
        found += [f"{row[1]} ran on {CONTROL}" for row in self._begun() if row[3] == CONTROL]
        for card in self.cards:
            if self.site.status(card) in ("review", "done"):
                text = self.site.tried("git", "show", f"card/{card}:{card}.txt").stdout
                if not set(text.split()) & set(begun):
                    found.append(f"{card} is in review without work")
        try:
            wait_until("an empty queue", lambda: not self.cluster.slurm("squeue", "-h"), 30)
        except RigFailed:
            found.append(f"left in the queue: {self.cluster.slurm('squeue', '-h')}")
        for node in self.cluster.nodes:
            left = self.cluster.processes(node)
            found += [f"left on {node}: {line}" for line in left]
        return found + [f"token left: {path}" for path in self.site.tokens()]
