"""`python -m tests.torture --minutes N --seed S`: break it everywhere, and let the oracle judge.

First every failpoint with every kind of fault, each on a board of its own; then, until the time is
up, rounds of random kills, faults put under system calls, and people who get in the way. A round is
a function of the seed and its number: `--round N` repeats one.
"""

import argparse
import atexit
import os
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from tests.support import points
from tests.support.memory_disk import memory_disk
from tests.torture import rounds
from tests.torture.rounds import KINDS, Found


def main() -> int:
    """Run; exit 1 when anything was violated."""
    parser = argparse.ArgumentParser(prog="python -m tests.torture", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--round", type=int, default=None, metavar="N", help="only this round")
    parser.add_argument("--first", type=int, default=0, metavar="N", help="from this round on")
    parser.add_argument(
        "--only", default="", help=f"of {', '.join(rounds.ROUNDS)}, with commas between"
    )
    parser.add_argument("--keep", action="store_true", help="keep repositories with violations")
    given = parser.parse_args()
    unknown = {*filter(None, given.only.split(","))} - {*rounds.ROUNDS}
    if unknown:
        parser.error(f"--only {', '.join(sorted(unknown))}: one of {', '.join(rounds.ROUNDS)}")
    hermetic()
    every = [(name, kind) for name in points.every() for kind in KINDS]
    random.Random(given.seed).shuffle(every)
    todo = range(given.first, 10**9) if given.round is None else [given.round]
    end = time.monotonic() + given.minutes * 60
    tried, found, done = Counter[str](), list[str](), 0
    with Progress(
        TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[told]}"),
        TimeRemainingColumn(), console=Console(stderr=True), disable=not sys.stderr.isatty(),
    ) as progress:  # fmt: skip
        bar = progress.add_task("torture", total=given.minutes * 60, told="")
        for number in todo:
            if time.monotonic() > end:
                break
            done += 1
            try:
                result = one(given.seed, number, every, given.only, given.keep)
            except KeyboardInterrupt:  # the figures so far are worth having
                break
            tried.update(result.tried)
            for line in result.violations:
                text = f"round {number} ({result.name}): {line}"
                found.append(text)
                progress.console.print(text, style="red", markup=False, highlight=False)
            progress.update(
                bar,
                completed=given.minutes * 60 - (end - time.monotonic()),
                told=f"{done} rounds, {sum(tried.values())} faults, {len(found)} violations",
            )
    report(given, done, tried, found)
    return 1 if found else 0


def one(seed: int, number: int, every: list[tuple[str, str]], only: str, keep: bool) -> Found:
    """Round `number`, decided by it and the seed alone."""
    rng = random.Random(f"{seed}/{number}")
    if not only and number < len(every):
        name, kind = every[number]
        return rounds.run("point", rng, keep, name, kind)
    names = only.split(",") if only else [*sorted(set(rounds.ROUNDS) - {"point"}), "chaos"]
    name = rng.choice(names)
    more = every[number % len(every)] if name == "point" else ()
    return rounds.run(name, rng, keep, *more)


def report(given: argparse.Namespace, done: int, tried: Counter[str], found: list[str]) -> None:
    """Figures at the end, and how to see it again."""
    struck = len({name for name in tried if name.startswith("point ")})
    print(f"{done} rounds, seed {given.seed}, {given.minutes:g} minutes")
    print(f"failpoints with a kind of fault that struck: {struck} of {len(points.every()) * 4}")
    for name in sorted(set(tried) - {n for n in tried if n.startswith("point ")}):
        print(f"{name}: {tried[name]}")
    print(f"violations: {len(found)}")
    for line in found:
        number = line.split()[1]
        print(f"  {line}\n    again: python -m tests.torture --seed {given.seed} --round {number}")


def hermetic(room: str | None = None) -> None:
    """The environment that tests have: no settings of the caller's; the home is made in `room`."""
    home = tempfile.mkdtemp(prefix="home-", dir=room or memory_disk())
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    for name in list(os.environ):
        if name.startswith(("GIT_", "GITKANBAN_")):
            del os.environ[name]
    os.environ |= {"HOME": str(home), "GIT_CONFIG_NOSYSTEM": "1", "TZ": "UTC", "LC_ALL": "C.UTF-8"}
    (Path(home) / ".gitconfig").write_text(
        "[user]\n\tname = Ada\n\temail = ada@example.org\n[init]\n\tdefaultBranch = main\n"
    )


if __name__ == "__main__":
    sys.exit(main())
