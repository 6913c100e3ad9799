"""The limits that a start counts against: their kinds, and how much of each a run takes.

It knows neither what is taken nor what is free; `room` counts that.
"""

from gitkanban.core.model import SHARED, Card, Config, Worker
from gitkanban.typed import NamedTuple, TypeAlias

Needs: TypeAlias = tuple[tuple[str, int], ...]
Key: TypeAlias = tuple[str, str]  # (kind, name)

# Kinds of limits, in the order in which they are checked.
WORKER = "worker"
PROFILE = "profile"
CAPACITY = "capacity"
SHARED_CHECKOUT = "shared"
MEMORY = "memory"
EXECUTOR = "executor"
HOST = "host"
# More codes for `Full`.
NEVER = "never"  # it needs more than there is, or something that does not exist
KEEP = "kept"  # free, but kept for a card that has waited long
RESERVE = "reserve"  # free, but reserved for another worker
STARTS = "starts"  # max_starts_per_tick

# What a card that has waited long may keep from the cards behind it, see `schedule`: first slots,
# and once it has those, the rest. Slots of the host are never kept.
SLOTS = frozenset({WORKER, PROFILE})
KEEPABLE = frozenset({CAPACITY, SHARED_CHECKOUT, MEMORY})


class Ask(NamedTuple):
    """How much of one limit a start takes."""

    kind: str
    name: str
    amount: int = 1

    @property
    def key(self) -> Key:
        """The limit that is asked."""
        return self.kind, self.name


class Full(NamedTuple):
    """The first limit that leaves no room.

    `by` is the card or the workers for which the room is kept or reserved. `kind` is set for KEEP:
    the kind of the limit. `lasting` is set for a RESERVE beside which no session's end makes room.
    """

    code: str
    name: str
    limit: int = 0
    amount: int = 1
    by: str = ""
    kind: str = ""
    lasting: bool = False


def needs_of(card: Card, worker: Worker) -> Needs:
    """The capacities that a card takes: its own needs, even of amount 0, else its worker's."""
    return card.needs or worker.needs


def too_much(config: Config, needs: Needs) -> Full | None:
    """The first capacity of which more is needed than there is, or None."""
    for name, amount in sorted(needs):
        limit = config.capacities.get(name, 0)
        if amount > limit:
            return Full(NEVER, name, limit, amount)
    return None


def own_memory(worker: Worker) -> bool:
    """Whether the worker's runs write the profile's memory, and therefore exclude each other."""
    return bool(worker.memory_path) and worker.memory_policy == "read-write"


def asks_of(worker: Worker, needs: Needs) -> tuple[Ask, ...]:
    """The limits, in order, that a run of this worker counts against, without the host's."""
    asks = [Ask(WORKER, worker.name), Ask(PROFILE, worker.profile)]
    asks += [Ask(CAPACITY, name, amount) for name, amount in sorted(needs) if amount > 0]
    if worker.workspace_policy == SHARED:
        asks.append(Ask(SHARED_CHECKOUT, ""))
    if own_memory(worker):
        asks.append(Ask(MEMORY, worker.profile))
    if worker.executor:
        asks.append(Ask(EXECUTOR, worker.executor))
    return tuple(asks)
