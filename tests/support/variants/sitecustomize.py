"""Put on PYTHONPATH by tests alone: ticks that are processes of their own, as an arena's are.

`ARENA` names the folder of the fake sessions' log. Its file `offset` moves the clock of ticks, and
`quick` replaces values in the specs that they write.
"""

import os


def _prepare(folder: str) -> None:
    from gitkanban import clock

    try:
        with open(f"{folder}/offset", encoding="ascii") as file:
            ahead = int(file.read())
    except FileNotFoundError:
        ahead = 0
    now = clock.now
    clock.now = lambda: now() + ahead
    try:
        with open(f"{folder}/quick", encoding="utf-8") as file:
            values = dict(line.rstrip("\n").split("=", 1) for line in file)
    except FileNotFoundError:
        return
    from gitkanban.runs import briefing

    real = briefing.whole_spec
    quick = {key: value.split("\x1f") if value else [] for key, value in values.items()}
    briefing.whole_spec = lambda *args: {**real(*args), **quick}


if "ARENA" in os.environ:
    _prepare(os.environ["ARENA"])
