"""Trouble on a Slurm cluster, by seed; `--rows` plays what takes too long for the suite.

python -m tests.slurm --seed 1 --minutes 3 [--control node_fail | no_guard]
python -m tests.slurm --rows [WORDS]    # those whose names have the words, as pytest's -k
python -m tests.slurm --many 200        # what two hundred jobs at once cost
"""

import argparse
import sys
from pathlib import Path

import pytest

from tests.slurm import many, rig
from tests.slurm.soak import Soak


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.slurm", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=2)
    parser.add_argument("--control", choices=("node_fail", "no_guard"), default="")
    parser.add_argument("--many", type=int, default=0, metavar="N", help="what N jobs at once cost")
    parser.add_argument("--rows", nargs="?", const="rows", metavar="WORDS")
    given = parser.parse_args()
    if reason := rig.why_not():
        print(f"not here: {reason}")
        return 0
    if given.rows:
        files = sorted(str(each) for each in Path(__file__).parent.glob("rows*.py"))
        return int(pytest.main(["-n", "0", "-k", given.rows, *files]))
    if given.many:
        print("\n".join(many.measure(given.many)))
        return 0
    found = Soak(given.seed, given.minutes, given.control).run()
    print("\n".join(found) or "0 violations")
    return int(bool(found) != bool(given.control))  # a broken variant must be caught


if __name__ == "__main__":
    sys.exit(main())
