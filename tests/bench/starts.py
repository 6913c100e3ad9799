"""What a tick that starts many sessions costs, against as many raw worktrees and supervisors."""

import json
import os
import statistics
import subprocess
import time
from pathlib import Path

from tests.bench.support import GITKANBAN, PYTHON, ROOT, command, repository, scratch, timed

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


def _plan(count: int) -> str:
    items = [
        f"- id: T{n}\n  title: card number {n}\n  worker: messages-owner" for n in range(count)
    ]
    return "\n".join(items) + "\n"


if __name__ == "__main__":
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    starts(12)
