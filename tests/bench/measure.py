"""The measurements: every command in turn, again and again, so that ratios are of one minute."""

import os
import pty
import shutil
import statistics
import subprocess
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

from tests.bench import boards, goals
from tests.bench.support import GITKANBAN, PYTHON, scratch

CHANGED = 50  # cards that the pull changes


class Times(NamedTuple):
    """Seconds of every run, by what was run, in the order of the rounds; and MiB at most."""

    seconds: dict[str, list[float]]
    memory: dict[str, float]


def measure_board(count: int, rounds: int, report: Callable[[str], None]) -> Times:
    """All acts and their bases on a board of that many cards."""
    with scratch() as (folder, env):
        (folder / "twin").mkdir()
        repo = boards.build_board(folder, env, count)
        twin = folder / "twin" / "repo"  # git's own commits go here
        shutil.copytree(repo, twin, symlinks=True)
        return _Rounds(repo, twin, env, count).run(rounds, report)


class _Rounds:
    """One act after the other on one board."""

    def __init__(self, repo: Path, twin: Path, env: dict[str, str], count: int) -> None:
        self.repo, self.twin, self.count = repo, twin, count
        self.env = env | {"PAGER": "cat", "COLUMNS": "100", "TERM": "dumb"}
        self.times: dict[str, list[float]] = {}
        self.memory: dict[str, float] = {}

    def run(self, rounds: int, report: Callable[[str], None]) -> Times:
        self.settle()
        for number in range(rounds + 1):
            if number == 1:  # the first round only warms up
                self.times.clear()
                self.memory.clear()
            report(f"{self.count:,} cards: round {number} of {rounds}")
            self.measure_bases(number)
            self.measure_acts(number)
        return Times(self.times, self.memory)

    def measure_bases(self, number: int) -> None:
        self.time(goals.PASS, PYTHON, "-c", "pass")
        self.time(goals.CLICK, PYTHON, "-c", "import click")
        self.time(goals.GIT_STATUS, "git", "status")
        name = f"g{number:06}"
        text = boards.card_text(0, "backlog").replace("c000000", name)
        (self.twin / f".kanban/cards/{name}.yaml").write_text(text)
        line = f"git add .kanban/cards/{name}.yaml && git commit -qm 'one more card'"
        self.time(goals.GIT_COMMIT, "sh", "-c", line, where=self.twin)

    def measure_acts(self, number: int) -> None:
        self.settle()  # the round before ended without a cache
        self.time("add", GITKANBAN, "add", "one more", "--worker", "coder", "--backlog")
        self.time("edit", GITKANBAN, "edit", "c000000", "--priority", str(10 + number))
        self.settle()
        self.time("tick", GITKANBAN, "tick")
        self.time("status", GITKANBAN, "status", terminal=True)
        self.time("list", GITKANBAN, "list")
        self.time("why", GITKANBAN, "why", "c000000")
        self.time("show", GITKANBAN, "show", "c000000")
        if self.count in goals.ACTS[-1].goals:
            self.pull(number)
            self.time("status after a pull", GITKANBAN, "status", terminal=True)
            shutil.rmtree(self.repo / ".git/gitkanban/cache")
            self.time("status with no cache", GITKANBAN, "status", terminal=True)

    def settle(self) -> None:
        """Let whatever caches there are be filled."""
        for verb in ("tick", "list", "status"):
            self.time("", GITKANBAN, verb, terminal=True)

    def pull(self, number: int) -> None:
        """Bring in a commit of somebody else that changes some open cards."""
        every = max(5, self.count // boards.OPEN_MOST)
        names = range(every, self.count, every)[:CHANGED]
        changed = [
            (boards.card_name(n), boards.card_text(n, "backlog", f"changed {number}"))
            for n in names
        ]
        boards.commit_cards(self.repo, self.env, "theirs", changed)
        # Not `branch -D`: that rewrites the configuration, which a pull leaves as it is.
        remove = ("update-ref", "-d", "refs/heads/theirs")
        for words in (("merge", "-q", "--ff-only", "theirs"), remove):
            subprocess.run(["git", *words], cwd=self.repo, env=self.env, check=True)

    def time(
        self, name: str, *argv: str, where: Path | None = None, terminal: bool = False
    ) -> None:
        """Run a command to its end; its time counts under the name. Raises when it fails."""
        out, inside = pty.openpty() if terminal else (-1, subprocess.DEVNULL)
        begun = time.perf_counter()
        process = subprocess.Popen(
            argv, cwd=where or self.repo, env=self.env, stdout=inside, stderr=subprocess.PIPE
        )
        if terminal:
            os.close(inside)
            _read_to_end(out)
        assert process.stderr
        words = process.stderr.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        taken = time.perf_counter() - begun
        process.stderr.close()
        if process.returncode:
            raise RuntimeError(f"{' '.join(argv)}: {words.decode()}")
        self.times.setdefault(name, []).append(taken)
        self.memory[name] = max(self.memory.get(name, 0.0), used.ru_maxrss / 1024)


def _read_to_end(fd: int) -> None:
    try:
        while os.read(fd, 1 << 16):
            pass
    except OSError:  # the other end of a terminal is closed
        pass
    finally:
        os.close(fd)


def summarize(size: int, times: Times) -> dict[str, Any]:
    """Medians in milliseconds, and of each act the median of its ratios, round by round."""
    median = {name: statistics.median(each) for name, each in times.seconds.items() if name}
    rows: dict[str, Any] = {}
    for act in goals.ACTS:
        goal = act.goals.get(size)
        if goal is None or act.name not in times.seconds:
            continue
        pairs = zip(times.seconds[act.name], times.seconds[goal.base], strict=True)
        ratio = statistics.median(ours / base for ours, base in pairs)
        rows[act.name] = {
            "ms": round(median[act.name] * 1000, 1),
            "base": goal.base,
            "ratio": round(ratio, 2),
            "goal": goal.most,
            "met": ratio <= goal.most,
            "mib": round(times.memory[act.name]),
        }
    return {
        "rounds": len(times.seconds[goals.PASS]),
        "bases": {name: round(median[name] * 1000, 1) for name in goals.BASES},
        "acts": rows,
    }


def growth(sizes: dict[str, Any]) -> dict[str, float]:
    """How much longer acts take on the largest board than on the one a tenth of its size."""
    if not {"10000", "100000"} <= sizes.keys():
        return {}
    small, large = (sizes[size]["acts"] for size in ("10000", "100000"))
    return {name: round(large[name]["ms"] / small[name]["ms"], 2) for name in goals.GROWTH}


def run_all(sizes: Iterable[int], rounds: int, report: Callable[[str], None]) -> dict[str, Any]:
    """The whole table as data; `report` is told of each board."""
    found: dict[str, Any] = {
        "python": PYTHON_VERSION,
        "git": subprocess.run(["git", "--version"], capture_output=True, text=True).stdout.split()[
            2
        ],
        "cores": os.cpu_count(),
        "load_before": round(os.getloadavg()[0], 2),
        "sizes": {},
    }
    for size in sizes:
        report(f"a board of {size:,} cards")
        found["sizes"][str(size)] = summarize(size, measure_board(size, rounds, report))
    found["growth"] = growth(found["sizes"])
    found["load_after"] = round(os.getloadavg()[0], 2)
    return found


PYTHON_VERSION = subprocess.run(
    [PYTHON, "-c", "import platform; print(platform.python_version())"],
    capture_output=True, text=True,
).stdout.strip()  # fmt: skip
