"""`python -m tests.hosts [NAME…]`: play stories of several hosts, and let the judge say what broke.

Without `--minutes` each story (or those named) is played once. With it, chaos is played until the
time is up: a round is a function of the seed and its number, and `--round N` repeats one.
"""

import argparse
import os
import signal
import sys
import time
from itertools import count

from tests.hosts import chaos, spaces
from tests.hosts.play import play
from tests.hosts.scenarios import SCENARIOS, Scenario
from tests.torture.__main__ import hermetic


def main() -> int:
    """Play; exit 1 when anything was violated, 2 where hosts cannot be made."""
    parser = argparse.ArgumentParser(prog="python -m tests.hosts", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="words of a story's name")
    parser.add_argument("--minutes", type=float, default=0.0, help="chaos until then")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--round", type=int, default=None, metavar="N", help="only this round")
    given = parser.parse_args()
    if spaces.why_not():
        print(spaces.why_not(), file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that everything is taken down
    hermetic(os.environ.get("HOSTS_ROOM"))
    if given.minutes or given.round is not None:
        wrong = play_chaos(given.seed, given.minutes, given.round)
    else:
        known = {each.name for each in SCENARIOS}
        if set(given.names) - known:
            parser.error(f"no such story; there are {', '.join(sorted(known))}")
        stories = [each for each in SCENARIOS if not given.names or each.name in given.names]
        wrong = [each.name for each in stories if not is_as_expected(each)]
    return 1 if wrong else 0


def play_chaos(seed: int, minutes: float, number: int | None) -> list[str]:
    """Rounds until the time is up, or one of them; those that failed."""
    end = time.monotonic() + minutes * 60
    wrong = []
    for each in count() if number is None else (number,):
        if number is None and time.monotonic() > end:
            break
        story = chaos.story(seed, each)
        if not is_as_expected(story):
            print(
                f"    {story.steps}\n    again: python -m tests.hosts --seed {seed} --round {each}"
            )
            wrong.append(story.name)
    return wrong


def is_as_expected(story: Scenario) -> bool:
    """Play a story and print what came of it; whether all was as the scenario says."""
    begun, figures = time.monotonic(), list[str]()
    try:
        found = play(story, note=figures.append)
    except AssertionError as error:
        found = str(error).splitlines()
    took = time.monotonic() - begun
    print(f"{'ok' if not found else 'FAILS'}  {took:3.0f} s  {story.name}", flush=True)
    for line in [*figures, *found]:
        print(f"    {line}", flush=True)
    return bool(found) == bool(story.fails)


if __name__ == "__main__":
    sys.exit(main())
