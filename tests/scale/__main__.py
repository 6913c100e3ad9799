"""One coordinator with up to a thousand sessions at a time on up to a hundred thousand cards.

python -m tests.scale                             # three sizes, 20 virtual minutes each
python -m tests.scale --minutes 1440 --every 0    # a day, with a tick when sessions have ended
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.scale import day
from tests.scale.day import Figures

SIZES = "1000:10,10000:100,100000:1000"
_HEAD = (
    "| cards | sessions at a time | ended | done | ticks | commits | pushes | looks a tick | "
    "processor s | a session | a tick, idle | MiB |\n"
    "|---|---|---|---|---|---|---|---|---|---|---|---|"
)


def main() -> None:
    """Play each size in a process of its own, and print a table with the growth between sizes."""
    parser = argparse.ArgumentParser(prog="python -m tests.scale", description=__doc__)
    parser.add_argument("--sizes", default=SIZES, metavar="CARDS:SESSIONS,…", help=SIZES)
    parser.add_argument("--minutes", type=int, default=20, help="virtual ones; default 20")
    parser.add_argument(
        "--every",
        type=int,
        default=60,
        help="virtual seconds from tick to tick; 0: whenever sessions have ended; default 60",
    )
    parser.add_argument(
        "--spread",
        type=int,
        default=10,
        help="percent by which sessions are longer or shorter than 10 minutes; default 10",
    )
    parser.add_argument("--no-sync", action="store_true", help="without a remote")
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(_play_size(options)._asdict()))
        return
    print(_HEAD)
    last: Figures | None = None
    for size in options.sizes.split(","):
        words = [sys.executable, "-m", "tests.scale", "--one", "--sizes", size]
        words += ["--minutes", str(options.minutes), "--every", str(options.every)]
        words += ["--spread", str(options.spread)]
        words += ["--no-sync"] if options.no_sync else []
        done = subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True)
        figures = Figures(**json.loads(done.stdout.splitlines()[-1]))
        print(_format_row(figures, last), flush=True)
        last = figures


def _play_size(options: argparse.Namespace) -> Figures:
    cards, slots = map(int, options.sizes.split(":"))
    with tempfile.TemporaryDirectory(prefix="gitkanban-scale-") as folder:
        home = Path(folder, "home")
        home.mkdir()
        os.environ |= {"HOME": str(home), "XDG_CONFIG_HOME": f"{home}/.config"}
        (home / ".gitconfig").write_text("[user]\n\tname = Ada\n\temail = ada@example.org\n")
        return day.play(
            Path(folder),
            cards,
            slots,
            options.minutes * 60,
            every=options.every,
            sync=not options.no_sync,
            spread=options.spread / 100,
        )


def _format_row(figures: Figures, last: Figures | None) -> str:
    ended = figures.sessions
    each = figures.processor / max(1, ended)
    grown = f" ({each * last.sessions / last.processor:.2f} x)" if last and last.sessions else ""
    idle = f" ({figures.idle / last.idle:.1f} x)" if last else ""
    return (
        f"| {figures.cards:,} | {figures.slots:,} | {ended:,} | {figures.done:,} | "
        f"{figures.ticks} | {figures.commits} | {figures.pushes} | "
        f"{figures.looks / figures.ticks:.2f} | {figures.processor:.0f} | {each:.3f}{grown} | "
        f"{figures.idle:.2f}{idle} | {figures.memory} |"
    )


if __name__ == "__main__":
    main()
