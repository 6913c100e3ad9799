"""The table: what is measured, against what, and how much it may cost.

The names of acts and of bases are those that `measure` gives its times.
"""

from typing import NamedTuple

PASS, CLICK = "python -c pass", "import click"
GIT_STATUS, GIT_COMMIT = "git status", "git add and commit"
WARM = "status"
BASES = (PASS, CLICK, GIT_STATUS, GIT_COMMIT)
SIZES = (100, 10_000, 100_000)


class Goal(NamedTuple):
    """An act takes at most `most` times as long as its base."""

    base: str
    most: float


class Act(NamedTuple):
    """A row of the table. Goals are by the number of cards; a size without one is not measured."""

    name: str
    goals: dict[int, Goal]
    bound: str  # what its time is made of


def _goals(small: Goal, medium: Goal, large: Goal) -> dict[int, Goal]:
    return dict(zip(SIZES, (small, medium, large), strict=True))


_WRITE = _goals(Goal(CLICK, 2), Goal(GIT_COMMIT, 2), Goal(GIT_COMMIT, 1.3))
_READ = _goals(Goal(PASS, 2.2), Goal(GIT_STATUS, 2.5), Goal(GIT_STATUS, 1.2))
_ONE = _goals(Goal(CLICK, 1.4), Goal(CLICK, 1.4), Goal(GIT_STATUS, 1.3))
_PULL = {10_000: Goal(WARM, 1.5), 100_000: Goal(WARM, 1.5)}
_COLD = {10_000: Goal(GIT_STATUS, 10), 100_000: Goal(GIT_STATUS, 10)}

ACTS = (
    Act("add", _WRITE,
        "the interpreter and the modules of a change; three gits, one after the other (the objects, "
        "the refs, the index), each of which reads or writes whole files that grow with the folder of cards; "
        "a flush of the disk for each of two refs, which makes the objects before them durable, too; "
        "and the cache of the open cards, read and written whole"),
    Act("edit", _WRITE, "as `add`"),
    Act("tick", _goals(Goal(CLICK, 2), Goal(GIT_STATUS, 5), Goal(GIT_STATUS, 1.5)),
        "the interpreter and some hundred and fifty modules of a tick, whose loading takes most of the "
        "time (those that accept, start and share are not among them); no git is started; the open cards are "
        "loaded and weighed, finished ones are looked up one at a time"),
    Act("status", _READ,
        "git's look for edits of the board not committed yet, which begins as soon as the board is found, on a large "
        "board in two processes; it asks for the stat of every file there, no less than `git status` does, because "
        "the time of a folder tells nothing of files that are edited in place; so it grows as that does. All else "
        "takes little more than the interpreter's start, and goes on meanwhile"),
    Act("list", _READ, "as `status`, and a line for every open card; the lines of finished cards are "
        "stored and written as they are"),
    Act("why", _ONE, "the interpreter and the modules of the account of a card, whose loading takes most of the "
        "time; then the cache of the open cards, read whole, though only the card and its parents are accounted for"),
    Act("show", _ONE, "as `why`, with the card's own runs and notes, and its parents and children by name"),
    Act("status after a pull", _PULL,
        "a hundred modules more than a warm `status` loads, those that say what holds cards back (neither click nor `re` "
        "among them), which alone take almost as long as a whole warm `status` of 10,000 cards; git's comparison of the "
        "two trees, whose lists of files it reads whole; and the rows of all open cards, which are worded again, as each "
        "may depend on any other. At 100,000 cards git's look for edits takes longer than all of that, and goes on meanwhile"),
    Act("status with no cache", _COLD,
        "every card is read from git (one `git ls-tree`, one `git cat-file`), taken apart by one pattern if "
        "`fmt` laid it out, and written to the cache while it is read, so that finished cards are never all in memory: "
        "some twenty microseconds a card, half of them for the values, a quarter for git's pipe. At 10,000 cards "
        "as much again is paid for the modules, for the YAML parser that reads the configuration, and for "
        "the rows of open cards"),
)  # fmt: skip
GROWTH = ("add", "tick", "status")  # from 10,000 cards to 100,000
GROWTH_MOST = 3.0
MEMORY_MOST = 120  # MiB, of `status with no cache`, of 100,000 cards
