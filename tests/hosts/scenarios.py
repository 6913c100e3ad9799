"""The stories, as data: hosts, cards, and what happens, step by step (`play` says what a step is)."""

from collections.abc import Mapping
from typing import NamedTuple

# Three layers: what a card begins from then depends on what other hosts have finished.
LAYERS = (
    {f"A{n}": "@pool" for n in range(4)}
    | {f"B{n}": f"@pool <-A{n}" for n in range(4)}
    | {"C0": "@lane <-B0,B1", "C1": "@lane <-B2,B3"}
)


class Scenario(NamedTuple):
    """One story. At its end networks are whole, rules are gone, and hosts that can be are on."""

    name: str
    cards: Mapping[str, str] = LAYERS
    hosts: tuple[str, ...] = ("h1", "h2")
    steps: str = ""
    branch: str = "kanban"  # of the board; empty: in the tree of main
    words: Mapping[str, str] = {}  # what sessions of a card do
    ends: tuple[str, ...] = ("done",)  # statuses in which cards may be at the end
    short: bool = True  # played in the suite; the others only by `python -m tests.hosts`
    figures: bool = False  # whether pushes and fetches a run are judged
    seconds: float = 120.0  # that it may take from the last step until all is done
    fails: str = ""  # why the program is known to fail it


_NO_WORK = "the board travels, base and card branches do not"

SCENARIOS = (
    Scenario("plain, board in main", branch=""),
    Scenario("plain", seconds=20, fails=_NO_WORK),
    Scenario("pushes rejected", branch="", steps="refuse *; wait 5; allow"),
    Scenario("remote read-only", branch="", steps="read-only; wait 5; writable", short=False),
)

# (how the program is broken on purpose, a story in which that shows, what the judge must say)
CONTROLS = (
    ("claim_not_pushed", Scenario("pushes rejected", branch="", steps="refuse *; wait 5"), "twice"),
)


def named(name: str) -> Scenario:
    """The scenario of that name."""
    return next(each for each in SCENARIOS if each.name == name)
