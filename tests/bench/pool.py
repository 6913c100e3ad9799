"""What scheduling costs: makespan against the lower bound,
and a child's start after its parent's end.

`python -m tests.bench.pool` prints the figures. It asserts nothing.
"""

import json
import os
import statistics
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

from tests.bench.support import GITKANBAN, PYTHON, ROOT, command, repository, scratch, timed

PROFILES, SLOTS = 3, 4
TREES = 40  # copies of the seed's graph: five cards each

CONFIG = """\
version: 1
kanban:
  max_concurrency: 64
  workers:
{workers}
"""
WORKER = """\
    {name}:
      profile: {name}
      mode: pool
      max_concurrency: {slots}
      command: [sh, "{agent}", "{{card}}"]
      on_success: done
"""
# Sessions of a fixed sleep that note when they begin and end, and leave a commit.
AGENT = """\
date +%s.%N >{top}/$1.begin
sleep {sleep}
echo "$1" >"$1.txt"
git add "$1.txt"
git commit --quiet --message "$1"
date +%s.%N >{top}/$1.end
"""


def board(folder: Path, env: dict[str, str], sleep: float, plan: str) -> Path:
    """A repository with workers a, b and c, and the cards of a plan."""
    repo = repository(folder, env)
    agent = folder / "agent.sh"
    agent.write_text(AGENT.format(top=folder, sleep=sleep))
    workers = "".join(
        WORKER.format(name=name, slots=SLOTS, agent=agent) for name in "abc"[:PROFILES]
    )
    (folder / "config.yaml").write_text(CONFIG.format(workers=workers))
    (folder / "plan.yaml").write_text(plan)
    command(repo, env, GITKANBAN, "init", "--config", str(folder / "config.yaml"))()
    command(repo, env, GITKANBAN, "add", "--from", str(folder / "plan.yaml"))()
    command(repo, env, GITKANBAN, "trust", "--yes")()
    return repo


def widened(trees: int = TREES) -> str:
    """The seed's graph, T0 before T1 to T3 before T4, so many times; its workers are a, b and c."""
    items = []
    for tree in range(trees):
        lead, back, front = ("abc"[(tree + turn) % 3] for turn in range(3))
        for name, worker, parents in (
            ("T0", lead, ()),
            ("T1", back, ("T0",)),
            ("T2", front, ("T0",)),
            ("T3", back, ("T0",)),
            ("T4", lead, ("T1", "T2", "T3")),
        ):
            waits = ", ".join(f"{parent}-{tree}" for parent in parents)
            items.append(
                f"- id: {name}-{tree}\n  title: {name} of {tree}\n  worker: {worker}\n"
                f"  parents: [{waits}]"
            )
    return "\n".join(items) + "\n"


def makespan(trees: int = TREES, sleep: float = 8.0) -> None:
    """The whole board, ticked once and then by its own supervisors, against the simulator."""
    with scratch() as (folder, env):
        repo = board(folder, env, sleep, widened(trees))
        cards = 5 * trees
        simulated = _simulated(repo, env, sleep)
        begun = time.monotonic()
        command(repo, env, GITKANBAN, "tick")()
        with _cron(repo, env):
            while len(list(folder.glob("*.end"))) < cards:
                time.sleep(0.2)
                assert time.monotonic() - begun < 20 * simulated, "the board does not go on"
        took = time.monotonic() - begun
        _quiet(repo, env)
        print(
            f"{f'{cards} cards, 3 profiles of 4, {sleep:g} s each':<42} {took:8.1f} s   "
            f"{took / simulated:6.2f} x  the simulator's lower bound ({simulated:.1f} s)  "
            f"target 1.15 x"
        )


def _simulated(repo: Path, env: dict[str, str], sleep: float) -> float:
    """The lower bound in seconds; the simulator counts in whole ones."""
    done = subprocess.run(
        [GITKANBAN, "simulate", "--json", "--no-advice", "--duration", f"{round(sleep * 100)}s"],
        cwd=repo, env=env, capture_output=True, check=True,
    )  # fmt: skip
    return float(json.loads(done.stdout)["bound"]) / 100


@contextmanager
def _cron(repo: Path, env: dict[str, str]) -> Iterator[None]:
    """A tick each minute, as cron would; supervisors tick by themselves when a session ends."""
    loop = f"while sleep 60; do {GITKANBAN} tick; done"
    process = subprocess.Popen(
        ["sh", "-c", loop], cwd=repo, env=env, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        yield
    finally:
        os.killpg(process.pid, 15)
        process.wait()


def _quiet(repo: Path, env: dict[str, str]) -> None:
    """Until no slot is held and no supervisor ticks any more."""
    for _ in range(600):
        done = subprocess.run(
            [GITKANBAN, "status", "--json"], cwd=repo, env=env, capture_output=True, check=True
        )
        data = json.loads(done.stdout)
        if not data["slots"] and all(card["status"] == "done" for card in data["cards"]):
            time.sleep(0.5)
            return
        time.sleep(0.1)


def latency(rounds: int = 6, links: int = 6) -> None:
    """From a session's end to its child's start along chains, against the raw cost of a start.

    By turns, a chain and then as many raw starts, each after a rest as long as a session: a machine
    at rest wakes slowly, and one that has become slower is so for both.
    """
    ours, theirs = [], []
    with scratch() as (folder, env):
        repo = board(folder, env, 0.2, _chain("R", 1))
        for turn in range(rounds):
            cards = [f"L{turn}-{n}" for n in range(links)]
            (folder / "chain.yaml").write_text(_chain(f"L{turn}", links))
            command(repo, env, GITKANBAN, "add", "--from", str(folder / "chain.yaml"))()
            command(repo, env, GITKANBAN, "tick")()
            with _cron(repo, env):
                while not (folder / f"{cards[-1]}.end").exists():
                    time.sleep(0.05)
            _quiet(repo, env)
            moments = [
                tuple(float((folder / f"{card}.{what}").read_text()) for what in ("begin", "end"))
                for card in cards
            ]
            ours.append(statistics.median(b[0] - a[1] for a, b in pairwise(moments)))
            raw = []
            for number in range(links):
                time.sleep(0.2)
                raw.append(timed(lambda n=f"{turn}-{number}": _raw(repo, env, n)))  # type: ignore[misc]
            theirs.append(statistics.median(raw))
    ratio = statistics.median(a / b for a, b in zip(ours, theirs, strict=True))
    print(
        f"{'from a session’s end to its child’s start':<42} {statistics.median(ours) * 1000:8.1f} ms  "
        f"{ratio:6.2f} x  worktree add + a supervisor ({statistics.median(theirs) * 1000:.1f} ms)  "
        f"target 3 x"
    )


def _chain(name: str, links: int) -> str:
    """Cards of worker a, each the parent of the next, as a plan."""
    return "".join(
        f"- id: {name}-{n}\n  title: link {n}\n  worker: a\n"
        f"  parents: [{f'{name}-{n - 1}' if n else ''}]\n"
        for n in range(links)
    )


def _raw(repo: Path, env: dict[str, str], number: str) -> None:
    """`git worktree add`, then an interpreter that imports what a supervisor does and starts sh."""
    path = str(repo.parent / "raw" / number)
    command(repo, env, "git", "worktree", "add", "-q", "--no-track", "-b", f"raw/{number}", path)()
    code = (
        f"import sys; sys.path.append({str(ROOT)!r}); import gitkanban.runs.supervision.supervisor, os; "
        "os.waitpid(os.posix_spawn('/bin/sh', ['sh', '-c', ':'], {}), 0)"
    )
    command(repo, env, PYTHON, "-I", "-S", "-c", code)()


def main() -> None:
    """Print both figures."""
    latency()
    makespan()


if __name__ == "__main__":
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    main()
