"""The table as text, and as a page that also says what bounds each figure."""

import textwrap
from typing import Any

from tests.bench import goals

HEAD = """\
Written by `python -m tests.bench --write`; [performance.json](performance.json) has the same
figures as data. Each figure is the median of {rounds} runs, in milliseconds, with its ratio to a
yardstick. A round runs all commands and yardsticks in turn, and the ratio is the median of the
ratios within the rounds, so that it also holds on other machines and under load. A command is
measured from outside, as a whole process. The goal is in brackets, and what misses it is **bold**.
"""
SETTING = """\
One card in five is open, but at most 2,000; the others are done. `status` prints to a terminal, all
other commands to nowhere. Commits are not signed; a signature takes as long as its signer does. The
repositories are where `TMPDIR` says, and everything written is synced to the disk. *After a pull*
means that somebody else's commit has changed 50 cards.
"""


SHORT_STARTS = """\
- A plain command line is read without click, from the declarations that click commands are made of
  (`cli/declare.py`, `cli/arguments.py`). Help, mistakes and whatever is in doubt are left to click.
  A property test over all commands checks that both read the same. Importing click alone takes
  longer than all of `status`.
- Nothing imports `typing`; `typed.py` has its names. It defines named tuples in a tenth of the
  time, and a tick defines more than a hundred of them.
- What few commands need of the standard library (`json`, `re`, `subprocess` and others) is imported
  when it is first used, and patterns are compiled then (`late.py`). A change of one card imports
  neither `re` nor `subprocess`: gits are started by `posix_spawn` (`board/repo/child.py`), and a
  card in the layout of `fmt` is taken apart by hand (`board/formats/cardparts.py`).
- `gitkanban` is our own script rather than the one that the installer would write, because that one
  imports `re` before it knows anything of the command line.
- `status` and `list` answer from a cache before anything else is loaded (`cli/quick.py`).
- Python looks for unreachable cycles after 50,000 new values rather than 700, and not once more at
  the end (`__main__.py`): most commands end before there are any, and spent a tenth of their time
  on it.
"""


def is_quiet(found: dict[str, Any]) -> bool:
    """Whether nothing else was at work when the measurement began."""
    return bool(found["load_before"] < 0.5 * found["cores"])


def page_text(found: dict[str, Any]) -> str:
    """The whole page."""
    rounds = min(each["rounds"] for each in found["sizes"].values())
    machine = f"Python {found['python']}, git {found['git']}, {found['cores']} cores."
    if not is_quiet(found):
        machine += (
            f" The machine was not quiet (load {found['load_before']:g} before, "
            f"{found['load_after']:g} after), so times are too long, those of short commands most."
        )
    parts = ["# What commands cost", wrap_text(HEAD.format(rounds=rounds)), wrap_text(machine)]
    parts += ["\n".join(table_lines(found)), wrap_text(SETTING), "## What bounds each figure"]
    parts.append(
        "\n".join(wrap_text(f"- **{act.name}**: {act.bound}.", "  ") for act in goals.ACTS)
    )
    parts += ["## How starts are kept short", SHORT_STARTS.strip()]
    if found["growth"]:
        words = ", ".join(f"`{name}` {ratio:g} x" for name, ratio in found["growth"].items())
        parts.append(f"From 10,000 cards to 100,000: {words} (goal {goals.GROWTH_MOST:g} x).")
    parts += ["\n".join(peer_lines(found))]
    return "\n\n".join(filter(None, parts)) + "\n"


def wrap_text(text: str, indent: str = "") -> str:
    """A paragraph as prose in docs stands: at most 100 columns wide."""
    words = " ".join(text.split())
    return textwrap.fill(
        words, 100, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def table_lines(found: dict[str, Any]) -> list[str]:
    """A row for each act, a column for each size of board; below them the bases."""
    sizes = list(found["sizes"])
    lines = [
        f"| | {' | '.join(f'{int(size):,} cards' for size in sizes)} |",
        f"|---|{'---|' * len(sizes)}",
    ]
    for act in goals.ACTS:
        cells = [_act_cell(found["sizes"][size]["acts"].get(act.name)) for size in sizes]
        if any(cells):
            lines.append(f"| {act.name} | {' | '.join(cells)} |")
    for base in goals.BASES:
        cells = [f"{found['sizes'][size]['bases'][base]:g}" for size in sizes]
        lines.append(f"| *{base}* | {' | '.join(cells)} |")
    return lines


def _act_cell(row: dict[str, Any] | None) -> str:
    if row is None:
        return ""
    ratio = f"{row['ratio']:.2f} x {row['base']}"
    shown = ratio if row["met"] else f"**{ratio}**"
    return f"{row['ms']:g}: {shown} [{row['goal']:g}], {row['mib']} MiB"


def peer_lines(found: dict[str, Any]) -> list[str]:
    """The same acts with other tools."""
    peers = found.get("peers")
    if not peers:
        return []
    acts = list(next(iter(peers.values()))["ms"])
    lines = [
        "## Beside other tools", "",
        "On a board of 100 cards, in milliseconds; what a tool does not do is left out.", "",
        f"| | {' | '.join(acts)} |", f"|---|{'---|' * len(acts)}",
    ]  # fmt: skip
    for name, row in peers.items():
        cells = " | ".join("" if row["ms"][act] is None else f"{row['ms'][act]:g}" for act in acts)
        lines.append(f"| {name} {row['version']} | {cells} |")
    return lines
