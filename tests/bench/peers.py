"""The same acts with other tools, where they are installed: Backlog.md,
Taskwarrior, skald-kanban.
"""

import shutil
import statistics
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tests.bench import boards
from tests.bench.support import GITKANBAN, command, repository, scratch, timed

CARDS = 100
ACTS = ("add", "list", "show")


class Peer(NamedTuple):
    """A tool: its words to begin with, and those of each act; `{n}` is a number."""

    name: str
    program: str
    version: Sequence[str]
    begin: Sequence[Sequence[str]]
    acts: dict[str, Sequence[str]]


PEERS = (
    Peer("gitkanban", GITKANBAN, ("--version",), (), {
        "add": ("add", "one more", "--worker", "coder", "--backlog"), "list": ("list",),
        "show": ("show", "c000001"),
    }),
    Peer("Backlog.md", "backlog", ("--version",),
        (("init", "trial", "--defaults"),), {
        "add": ("task", "create", "card {n}"), "list": ("task", "list", "--plain"),
        "show": ("task", "1", "--plain"),
    }),
    Peer("Taskwarrior", "task", ("--version",),
        (("rc.confirmation=off", "rc.verbose=nothing", "add", "first"),), {
        "add": ("add", "card {n}"), "list": ("list",), "show": ("1", "information"),
    }),
    Peer("skald-kanban", "skald", ("--version",), (("init",),), {
        "add": ("add", "card {n}"), "list": ("list",), "show": ("show", "1"),
    }),
)  # fmt: skip


def measure_peers(rounds: int) -> dict[str, Any]:
    """For each tool that is installed, medians in milliseconds by act; None where it fails."""
    return {peer.name: _measure_peer(peer, rounds) for peer in PEERS if shutil.which(peer.program)}


def _measure_peer(peer: Peer, rounds: int) -> dict[str, Any]:
    with scratch() as (folder, env):
        env |= {"TASKDATA": str(folder / "task"), "TASKRC": str(folder / "taskrc")}
        (folder / "taskrc").write_text("confirmation=off\n")
        (folder / "task").mkdir()
        if peer.program == GITKANBAN:
            repo = boards.build_board(folder, env, CARDS)
        else:
            repo = repository(folder, env)
            for words in peer.begin:
                subprocess.run([peer.program, *words], cwd=repo, env=env, capture_output=True)
            for number in range(CARDS):
                _run_act(peer, repo, env, "add", number)
        found = subprocess.run(
            [peer.program, *peer.version], cwd=repo, env=env, capture_output=True, text=True
        )
        version = (found.stdout.split() or ["?"])[-1]
        ms = {act: _time_act(peer, repo, env, act, rounds) for act in ACTS}
        return {"version": version, "ms": ms}


def _time_act(peer: Peer, repo: Path, env: dict[str, str], act: str, rounds: int) -> float | None:
    try:
        times = [
            timed(lambda: _run_act(peer, repo, env, act, 1000 + number))  # noqa: B023
            for number in range(rounds)
        ]
    except subprocess.CalledProcessError:
        return None
    return round(statistics.median(times) * 1000, 1)


def _run_act(peer: Peer, repo: Path, env: dict[str, str], act: str, number: int) -> None:
    words = (word.format(n=number) for word in peer.acts[act])
    command(repo, env, peer.program, *words)()
