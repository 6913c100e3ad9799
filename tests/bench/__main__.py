"""`python -m tests.bench`: the table of what commands cost."""

import argparse
import json
import os
import sys

from tests.bench import goals, measure, page, peers
from tests.bench.support import ROOT


def main() -> None:
    """Measure, print the table, and write it where that is asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument(
        "--sizes", default="100,10000", metavar="N,…",
        help="numbers of cards, of 100, 10000 and 100000 (minutes); default 100,10000",
    )  # fmt: skip
    parser.add_argument("--rounds", type=int, default=7, help="counted runs of each; default 7")
    parser.add_argument("--peers", action="store_true", help="measure other tools, too")
    parser.add_argument(
        "--write", action="store_true", help="write docs/PERFORMANCE.md and docs/performance.json"
    )
    options = parser.parse_args()
    sizes = [int(size) for size in options.sizes.split(",")]
    if not set(sizes) <= set(goals.SIZES):
        parser.error(f"there are goals for {', '.join(map(str, goals.SIZES))} cards only")
    if options.rounds < 7 and options.write:
        parser.error("a median that is written is one of 7 runs at least")
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    found = measure.run_all(
        sizes, options.rounds, lambda line: print(line, file=sys.stderr, flush=True)
    )
    if options.peers:
        found["peers"] = peers.measure_peers(options.rounds)
    print("\n".join(page.table_lines(found)))
    if found["growth"]:
        print("growth from 10,000 to 100,000 cards:", found["growth"])
    if options.peers:
        print("\n".join(page.peer_lines(found)))
    if options.write:
        (ROOT / "docs/PERFORMANCE.md").write_text(page.page_text(found))
        (ROOT / "docs/performance.json").write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
