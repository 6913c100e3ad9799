"""What every measurement needs: a plain environment, throw-away repositories,
commands and clocks.
"""

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

ROOT = Path(__file__).parents[2]
PYTHON = sys.executable
GITKANBAN = str(Path(PYTHON).parent / "gitkanban")
Run = Callable[[], None]


def environment(home: Path) -> dict[str, str]:
    """A plain environment: an empty home, an identity, and byte code that may be written."""
    (home / ".gitconfig").write_text("[user]\n\tname = Ada\n\temail = ada@example.org\n")
    kept = ("PATH", "LANG", "PYTHONPATH")  # not PYTHONDONTWRITEBYTECODE
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
