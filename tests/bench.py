"""Figures as ratios, measured side by side in one run: `python -m tests.bench [--quick]`.

Every pair is run in turn (A B A B …), so that a machine that slows down slows both. It asserts
nothing: a slow machine is no bug. Targets stand beside the figures.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parent.parent
PYTHON = sys.executable
GITKANBAN = str(Path(PYTHON).parent / "gitkanban")
Run = Callable[[], None]


def environment(home: Path) -> dict[str, str]:
    """A plain environment: an empty home, an identity, and byte code that may be written."""
    (home / ".gitconfig").write_text("[user]\n\tname = Ada\n\temail = ada@example.org\n")
    kept = ("PATH", "LANG", "PYTHONPATH")
    return {name: os.environ[name] for name in kept if name in os.environ} | {"HOME": str(home)}


def timed(run: Run) -> float:
    """Seconds that one call takes."""
    begun = time.perf_counter()
    run()
    return time.perf_counter() - begun


def against(name: str, run: Run, base: str, other: Run, target: str, count: int = 15) -> None:
    """Print the medians of two commands and the median of their ratios, pair by pair."""
    run(), other()
    pairs = [(timed(run), timed(other)) for _ in range(count)]
    ours, theirs = (statistics.median(side) * 1000 for side in zip(*pairs, strict=True))
    ratio = statistics.median(a / b for a, b in pairs)
    print(f"{name:<42} {ours:8.1f} ms  {ratio:6.2f} x  {base} ({theirs:.1f} ms)  target {target}")


def command(cwd: Path, env: dict[str, str], *argv: str) -> Run:
    """A call that runs the command to its end, its output thrown away. Fails when it fails."""

    def run() -> None:
        subprocess.run(argv, cwd=cwd, env=env, check=True, capture_output=True)

    return run


@contextmanager
def scratch() -> Iterator[tuple[Path, dict[str, str]]]:
    """A throw-away folder with a home of its own."""
    folder = Path(tempfile.mkdtemp(prefix="gitkanban-bench-"))
    (folder / "home").mkdir()
    try:
        yield folder, environment(folder / "home")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def repository(folder: Path, env: dict[str, str]) -> Path:
    """A small repository with some files."""
    repo = folder / "repo"
    repo.mkdir()
    command(repo, env, "git", "init", "-q", "-b", "main")()
    for number in range(20):
        (repo / f"file{number}.txt").write_text(f"{number}\n" * 50)
    command(repo, env, "git", "add", "-A")()
    command(repo, env, "git", "commit", "-qm", "start")()
    return repo


def start_up() -> None:
    """`status` on the example board with a warm cache, against bare interpreters."""
    with scratch() as (folder, env):
        repo = repository(folder, env)
        example = ROOT / ".kanban-example"
        command(repo, env, GITKANBAN, "init", "--config", str(example / "config.yaml"))()
        plan = folder / "plan.yaml"
        plan.write_text(_plan(5))
        command(repo, env, GITKANBAN, "add", "--from", str(plan))()
        status = command(repo, env, GITKANBAN, "status")
        bare = command(repo, env, PYTHON, "-c", "pass")
        click = command(repo, env, PYTHON, "-c", "import click")
        against("status, example board, warm", status, "python -c pass", bare, "3 x", 40)
        against("status, example board, warm", status, "import click", click, "1.3 x", 40)


def _plan(count: int) -> str:
    items = [
        f"- id: T{n}\n  title: card number {n}\n  worker: messages-owner" for n in range(count)
    ]
    return "\n".join(items) + "\n"


POOL = """\
version: 1
kanban:
  max_concurrency: 64
  workers:
    pool:
      mode: pool
      max_concurrency: 64
      command: [sleep, "30"]
"""


def starts(count: int) -> None:
    """One tick that starts `count` cards, against that many raw worktrees and supervisors."""
    ours, raw = [], []
    for _ in range(3):
        with scratch() as (folder, env):
            repo = repository(folder, env)
            (folder / "config.yaml").write_text(POOL)
            init = ("init", "--config", str(folder / "config.yaml"))
            command(repo, env, GITKANBAN, *init)()
            plan = _plan(count).replace("messages-owner", "pool")
            (folder / "plan.yaml").write_text(plan)
            command(repo, env, GITKANBAN, "add", "--from", str(folder / "plan.yaml"))()
            command(repo, env, GITKANBAN, "trust", "--yes")()
            ours.append(timed(command(repo, env, GITKANBAN, "tick")))
            raw.append(timed(lambda repo=repo, env=env: _raw(repo, env, count)))  # type: ignore[misc]
            command(repo, env, GITKANBAN, "stop", "--all")()
            _wait_until_free(repo, env)
    ratio = statistics.median(a / b for a, b in zip(ours, raw, strict=True))
    print(
        f"{f'tick that starts {count} cards':<42} {statistics.median(ours) * 1000:8.1f} ms  "
        f"{ratio:6.2f} x  {count} worktree add + {count} supervisors "
        f"({statistics.median(raw) * 1000:.1f} ms)  target 1.3 x"
    )


def _raw(repo: Path, env: dict[str, str], count: int) -> None:
    """`git worktree add` and the start of a supervisor, each `count` times, one after the other."""
    for number in range(count):
        path = str(repo.parent / "raw" / str(number))
        command(
            repo, env, "git", "worktree", "add", "-q", "--no-track", "-b", f"raw/{number}", path
        )()
        # An interpreter that imports what a supervisor imports, up to the point where it would run.
        code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); import gitkanban.runs.supervision.supervisor"
        command(repo, env, PYTHON, "-I", "-S", "-c", code)()


def _wait_until_free(repo: Path, env: dict[str, str]) -> None:
    for _ in range(300):
        done = subprocess.run(
            [GITKANBAN, "status", "--json"], cwd=repo, env=env, capture_output=True, check=True
        )
        if not json.loads(done.stdout)["slots"]:
            return
        time.sleep(0.1)


def large(count: int) -> None:
    """A board of many cards, against git's own commands in the same repository."""
    with scratch() as (folder, env):
        repo = repository(folder, env)
        command(
            repo, env, GITKANBAN, "init", "--config", str(ROOT / ".kanban-example/config.yaml")
        )()
        cards = repo / ".kanban" / "cards"
        cards.mkdir(exist_ok=True)
        for number in range(count):
            status = "done" if number % 10 else "backlog"
            (cards / f"c{number:05}.yaml").write_text(_card(number, status))
        command(repo, env, "git", "add", "-A")()
        command(repo, env, "git", "commit", "-qm", "cards")()
        command(repo, env, GITKANBAN, "trust", "--yes")()
        git_status = command(repo, env, "git", "status")
        cache = repo / ".git" / "gitkanban" / "cache"

        def cold() -> None:
            shutil.rmtree(cache, ignore_errors=True)
            command(repo, env, GITKANBAN, "status")()

        number = iter(range(10**6))

        def git_commit() -> None:
            (repo / "file0.txt").write_text(f"{next(number)}\n")
            subprocess.run(
                "git add -A && git commit -qm x", shell=True, cwd=repo, env=env, check=True
            )

        title = f"{count} cards: "
        add = command(
            repo, env, GITKANBAN, "add", "one more", "--worker", "messages-owner", "--backlog"
        )
        status = command(repo, env, GITKANBAN, "status")
        tick = command(repo, env, GITKANBAN, "tick")
        against(title + "status, warm", status, "git status", git_status, "1 x", 9)
        against(title + "status, cold", cold, "git status", git_status, "10 x", 5)
        against(title + "add", add, "git add && git commit", git_commit, "2 x", 9)
        tick()
        against(title + "tick, nothing to do", tick, "git add && git commit", git_commit, "3 x", 9)


def _card(number: int, status: str) -> str:
    return (
        f"id: c{number:05}\n\ntitle: card number {number}\n\nworker: messages-owner\n\n"
        f"status: {status}\n\npriority: 0\n\nbody: |\n  Some words on what is to be done here.\n"
    )


def main() -> None:
    """Print every figure."""
    from tests import bench_pool, bench_runs  # they are built on this module

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="leave out what takes minutes")
    options = parser.parse_args()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    start_up()
    starts(12)
    bench_runs.main(options.quick)
    if not options.quick:
        large(10_000)
        bench_pool.main()


if __name__ == "__main__":
    main()
