"""Every field of a card's file as data, in the order of the file: its values and its meaning.

It reads nothing; `cardfile` does. The documentation is checked against this table, and the schema
that editors use is made from it.
"""

from gitkanban.core import model
from gitkanban.typed import NamedTuple

# What values a field takes. A tuple of words is a choice of them.
NAME = "name"  # spelled like an id
TEXT = "text"
PROSE = "prose"  # text of several lines
NUMBER = "number"  # a whole number
TIME = "time"  # 2026-11-23T22:00:00Z, or seconds since the epoch
SLOT = "slot"  # profile#1
COMMIT = "commit"  # the full id
ITEMS = "items"  # a list of strings
LABELS = "labels"
PARENTS = "parents"  # a list of ids
COUNTS = "counts"  # names with whole numbers


class CardKey(NamedTuple):
    """One field. `planned`: a new card may be given it. Its default is the one of `model.Card`."""

    name: str
    kind: str | tuple[str, ...]
    doc: str
    planned: bool = False
    # Only in a file when it has a value: absent means empty. So a version that brings a new field
    # of this kind does not make every card need `fmt`.
    optional: bool = False


KEYS: tuple[CardKey, ...] = (
    CardKey("id", NAME, "The file's name. Letters, digits, `.`, `_`, `-`; at most 64; not starting with "
        "`-` or `.`. Read as text: `1.10` and `1e3` stay what they are.", True),
    CardKey("title", TEXT, "One line that says what to do.", True),
    CardKey("worker", TEXT, "A worker of `config.yaml`. Without one the card waits.", True),
    CardKey("status", model.STATUSES, "Where it stands.", True),
    CardKey("run", NAME, "While it runs: which run.", optional=True),
    CardKey("slot", SLOT, "While it runs: in which slot.", optional=True),
    CardKey("clone", TEXT, "While it runs: the clone that owns the run.", optional=True),
    CardKey("host", TEXT, "While it runs: on which host.", optional=True),
    CardKey("machine", TEXT, "While it runs: a key of the machine and container that it runs on, or the name of "
        "its executor. The limit of one machine counts by it, for host names may repeat.", optional=True),
    CardKey("not_before", TIME, "It does not start before this time. A tick sets it after a failed attempt, to "
        "ten minutes ahead at most; where the clock that set it is ahead of a host's, that host cuts it to what "
        "was meant. A date of yours stays as it is.", optional=True),
    CardKey("reason", model.BLOCK_REASONS, "While blocked: the kind of reason.", optional=True),
    CardKey("why", PROSE, "While blocked: the words.", optional=True),
    CardKey("attempts_after", TEXT, "Runs up to this one no longer count as attempts (set by `retry`, `reject`, "
        "`reopen`).", optional=True),
    CardKey("merged", COMMIT, "Once done: a commit of base that has the card's work. Its children start only in "
        "clones whose base has that work; without `merged` (nothing was made, or it was closed by hand) they "
        "need nothing from it.", optional=True),
    CardKey("priority", NUMBER, "A whole number, higher goes first.", True),
    CardKey("parents", PARENTS, "Cards that must be done before this one starts.", True),
    CardKey("needs", COUNTS, "Named capacities and how much of each it needs while it runs. By default it needs "
        "what its worker says; `build: 0` needs none.", True),
    CardKey("labels", LABELS, "Words by which people find cards (`--label`).", True, optional=True),
    CardKey("model", TEXT, "Model that its session is started with, one of its worker's `models`; anything else "
        "holds the card back.", True, optional=True),
    CardKey("effort", TEXT, "Effort that its session is started with, one of its worker's `efforts`.",
        True, optional=True),
    CardKey("acceptance", ITEMS, "Lines that must hold when it is done; they go into the prompt.", True),
    CardKey("body", PROSE, "What to do, at length; goes into the prompt.", True),
)  # fmt: skip
