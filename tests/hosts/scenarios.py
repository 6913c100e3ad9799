"""The stories, as data: hosts, cards, and what happens,
step by step (`play` says what a step is).
"""

from collections.abc import Mapping
from typing import NamedTuple

# Three layers: what a card begins from then depends on what other hosts have finished.
LAYERS = (
    {f"A{n}": "@pool" for n in range(4)}
    | {f"B{n}": f"@pool <-A{n}" for n in range(4)}
    | {"C0": "@lane <-B0,B1", "C1": "@lane <-B2,B3"}
)
MANY = {f"A{n}": "@pool" for n in range(18)} | {f"B{n}": f"@lane <-A{n}" for n in range(6)}


class Scenario(NamedTuple):
    """One story. At its end networks are whole, rules are gone, and hosts that can be are on."""

    name: str
    steps: str = ""
    cards: Mapping[str, str] = LAYERS
    hosts: tuple[str, ...] = ("h1", "h2")
    branch: str = "kanban"  # of the board; empty: in the tree of main
    words: Mapping[str, str] = {}  # what sessions of a card do
    clocks: Mapping[str, int] = {}  # seconds that a host's time of day is ahead
    ends: tuple[str, ...] = ("done",)  # statuses in which cards may be at the end
    every: float = 1.5  # seconds from the end of a tick to the next one; cron's minute, made short
    short: bool = False  # played in the suite; the others only by `python -m tests.hosts`
    figures: bool = False  # whether pushes and fetches a run are judged
    tick_most: float = float("inf")  # seconds that a tick may take
    seconds: float = 240.0  # that it may take from the last step until all is done
    fails: str = ""  # why the program is known to fail it


_LONG = dict.fromkeys(LAYERS, "sleep:3 commit")
_BRIEF = dict.fromkeys(MANY, "sleep:1 commit")
_FREED = dict.fromkeys(LAYERS, "wait:go commit")
SILENT_MOST = 20.0  # seconds of a tick while its wire is silent
THREE = ("h1", "h2", "h3")

SCENARIOS = (
    Scenario("plain", hosts=THREE, short=True),
    Scenario("plain, board in main", branch="", short=True),
    Scenario("figures", cards=MANY, words=_BRIEF, hosts=THREE, figures=True, every=10),
    Scenario("clocks", hosts=THREE, clocks={"h1": 18000, "h2": -18000}),
    Scenario(
        "delay and loss",
        "slow h1 0.1 0.1; slow h2 0.1 0.1; wait 60",
    ),
    Scenario(
        "cut while sessions run", "running h1; cut h1; wait 30", words=_LONG, tick_most=SILENT_MOST
    ),
    Scenario(
        "cut during fetch",
        "running h2; trap fetch h1; cut h1; wait 10",
        words=_LONG,
        tick_most=SILENT_MOST,
    ),
    Scenario(
        "cut between claim and start",
        "strike h1 sync.claimed; cut h1; go-on h1; wait 10",
        tick_most=SILENT_MOST,
    ),
    Scenario(
        "reply lost",
        "trap push h1; cut h1; let-go push h1; wait 30",
        branch="",
        words=_LONG,
        tick_most=SILENT_MOST,
    ),
    Scenario("reply lost for good", "trap push h1; lose h1; wait 5; reclaim h2 h1"),
    Scenario(
        "power loss while sessions run", "running h1; off h1; wait 3; on h1", branch="", words=_LONG
    ),
    Scenario(
        "power loss during fetch",
        "running h2; trap fetch h1; off h1; wait 2; on h1",
        words=_LONG,
    ),
    Scenario(
        "power loss between claim and start",
        "strike h1 sync.claimed; off h1; wait 2; on h1",
    ),
    Scenario("power loss before the reply", "trap push h1; off h1; wait 2; on h1"),
    Scenario("power loss for good", "running h1; lose h1; wait 3; reclaim h2 h1", words=_LONG),
    Scenario(
        "split brain",
        "running h1; cut h1; reclaim h2 h1; wait 8; free go; wait 8; heal h1",
        words=_FREED,
        tick_most=SILENT_MOST,
    ),
    Scenario(
        "given up and back",
        "running h1; cut h1; reclaim h2 h1; running h2; heal h1; wait 15; free go",
        words=_FREED,
        tick_most=SILENT_MOST,
    ),
    Scenario(
        "dead after review",
        "cut h2; status R0 review; lose h1; heal h2; accept h2 R0",
        {"R0": "@reviewed", "C0": "@pool <-R0"},
        short=True,
    ),
    Scenario("pushes rejected", "refuse *; wait 5; allow", branch=""),
    Scenario("remote read-only", "read-only; wait 5; writable"),
    Scenario("base protected", "refuse refs/heads/main; wait 10; merge-all"),
)

# (how the program is broken on purpose, a story in which that shows, what the judge must say)
CONTROLS = (
    (
        "claim_not_pushed",
        Scenario(
            "pushes rejected",
            "refuse *; running h1; running h2; doubled",
            words=dict.fromkeys(LAYERS, "wait:never"),
        ),
        "twice",
    ),
    (
        "given_up_lives_on",
        Scenario(
            "given up and back",
            "running h1; cut h1; reclaim h2 h1; heal h1; outlives h1",
            dict.fromkeys(("A0", "A1"), "@pool"),
            words=dict.fromkeys(("A0", "A1"), "wait:never"),
        ),
        "twice",
    ),
    ("base_left_behind", Scenario("plain", "status A0 done; status A1 done"), "undone"),
)
