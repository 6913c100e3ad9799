"""What is taken and what is free under each limit: workers, profiles, capacities, the host.

It counts; `schedule` decides who goes first. A limit that was lowered below what runs is simply
full: nothing starts under it, and no session is ended.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping

from gitkanban.core.model import Config, Worker
from gitkanban.core.names import CardId, ProfileName, WorkerName
from gitkanban.core.tick.limits import (
    CAPACITY,
    EXECUTOR,
    HOST,
    KEEP,
    KEEPABLE,
    PROFILE,
    RESERVE,
    SLOTS,
    STARTS,
    WORKER,
    Ask,
    Full,
    Key,
    Needs,
    asks_of,
    too_much,
)
from gitkanban.core.tick.occupants import Occupant
from gitkanban.typed import NamedTuple

UNLIMITED = 1 << 30  # where a limit is not set


class _Want(NamedTuple):
    """What every card of one worker with the same needs asks for."""

    asks: tuple[Ask, ...]
    limits: tuple[tuple[Ask, Key, int], ...]  # each with its key and its limit
    never: Full | None  # set if it asks for more than there is


class _Keep(NamedTuple):
    """How much of one limit is kept for a card, with the card's worker and needs."""

    amount: int
    card: CardId
    of: tuple[WorkerName, Needs]


class Room:
    """What is taken of each limit, updated as runs start and end."""

    def __init__(
        self, config: Config, taken: Iterable[Occupant] = (), idle: Collection[WorkerName] = ()
    ) -> None:
        """`idle` are workers that cannot start anything now; nothing is reserved for them."""
        self._config = config
        self._taken: dict[Key, int] = {}
        self._holders: dict[Key, dict[str, int]] = {}
        self._here: dict[WorkerName, int] = {}  # runs on this host
        self._numbers: dict[ProfileName, set[int]] = {}
        self._lowest: dict[ProfileName, int] = {}
        self._keep: dict[Key, _Keep] = {}
        self._claimed: set[Key] = set()  # every limit that cards with a keep ask for
        self._wants: dict[tuple[WorkerName, Needs], _Want] = {}  # computed once, used often
        self._limits: dict[Key, int] = {}
        profiles = Counter(worker.profile for worker in config.workers.values())
        self._shared = {name for name, workers in profiles.items() if workers > 1}
        self._reserves = {
            name: worker._replace(reserve=most)
            for name, worker in sorted(config.workers.items())
            if worker.reserve
            and not worker.executor
            and name not in idle
            and (most := self._reserve(worker)) > 0
        }
        for occupant in taken:
            self.take(occupant)

    def take(self, occupant: Occupant) -> None:
        """Add a run that starts or already runs."""
        for ask in (*occupant.asks, *(_HOST_ASK if occupant.here else ())):
            self._taken[ask.key] = self._taken.get(ask.key, 0) + ask.amount
            holders = self._holders.setdefault(ask.key, {})
            holders[occupant.label] = holders.get(occupant.label, 0) + ask.amount
        if occupant.here:
            self._here[occupant.worker] = self._here.get(occupant.worker, 0) + 1
        self._numbers.setdefault(occupant.profile, set()).add(occupant.number)

    def release(self, occupant: Occupant) -> None:
        """Remove a run that ended."""
        for ask in (*occupant.asks, *(_HOST_ASK if occupant.here else ())):
            self._taken[ask.key] -= ask.amount
            holders = self._holders[ask.key]
            holders[occupant.label] -= ask.amount
            if not holders[occupant.label]:
                del holders[occupant.label]
        if occupant.here:
            self._here[occupant.worker] -= 1
        self._numbers[occupant.profile].discard(occupant.number)
        self._lowest[occupant.profile] = min(
            self._lowest.get(occupant.profile, 1), occupant.number or 1
        )

    def free_number(self, profile: ProfileName) -> int:
        """The smallest free slot number of the profile."""
        used = self._numbers.setdefault(profile, set())
        number = self._lowest.get(profile, 1)
        while number in used:
            number += 1
        self._lowest[profile] = number
        return number

    def place(self, card: CardId, worker: Worker, needs: Needs) -> Occupant:
        """Add a new run that this host starts, in the smallest free slot of its profile."""
        number = self.free_number(worker.profile)
        asks = self._want(worker, needs).asks
        here = not worker.executor
        occupant = Occupant(card, worker.name, worker.profile, number, asks=asks, here=here)
        self.take(occupant)
        return occupant

    def _want(self, worker: Worker, needs: Needs) -> "_Want":
        """What a card of one of the config's workers asks for (cached)."""
        want = self._wants.get((worker.name, needs))
        if want is None:
            asks = asks_of(worker, needs)
            limits = tuple((ask, ask.key, self.limit(ask.kind, ask.name)) for ask in asks)
            never = too_much(self._config, needs)
            want = self._wants[worker.name, needs] = _Want(asks, limits, never)
        return want

    def contends(self, worker: Worker, needs: Needs) -> bool:
        """Whether a card of the worker competes with other workers' cards.

        It does if it needs capacities or exclusive places, or a slot of a profile that workers
        share.
        """
        return worker.profile in self._shared or any(
            ask.kind in KEEPABLE for ask in self._want(worker, needs).asks
        )

    def ever(self, worker: Worker, needs: Needs) -> bool:
        """Whether a card of the worker could start if nothing ran."""
        if self._want(worker, needs).never:
            return False
        if worker.executor:
            return True
        reserved = sum(each.reserve for each in self._reserves.values())
        return worker.name in self._reserves or reserved < self._config.max_concurrency

    def keep(self, card: CardId, worker: Worker, needs: Needs) -> bool:
        """Keep the next slot for this card; if one is free now, keep all else that it needs, too.

        Return False, and keep nothing, if another card that keeps asks for one of the same limits.
        """
        # Like those of the host, the slots of an executor are never kept.
        asks = [ask for ask in self._want(worker, needs).asks if ask.kind != EXECUTOR]
        if any(ask.key in self._claimed for ask in asks):
            return False
        self._claimed.update(ask.key for ask in asks)
        slots = [ask for ask in asks if ask.kind in SLOTS]
        has_slot = all(self.taken(*ask.key) < self.limit(*ask.key) for ask in slots)
        for ask in asks if has_slot else slots:
            self._keep[ask.key] = _Keep(ask.amount, card, (worker.name, needs))
        return True

    def drop_keeps(self) -> None:
        """Give up all that is kept."""
        self._keep.clear()
        self._claimed.clear()

    def taken(self, kind: str, name: str = "") -> int:
        """How much of a limit is taken."""
        return self._taken.get((kind, name), 0)

    def limit(self, kind: str, name: str = "") -> int:
        """How much a limit allows; 0 for a worker or a capacity that the config does not have."""
        limit = self._limits.get((kind, name))
        if limit is None:
            limit = self._limits[kind, name] = self._limit(kind, name)
        return limit

    def _limit(self, kind: str, name: str) -> int:
        if kind == WORKER:
            worker = self._config.workers.get(WorkerName(name))
            return worker.max_concurrency if worker else 0
        if kind == PROFILE:
            return self._config.profile_limit(ProfileName(name))
        if kind == STARTS:
            return self._config.max_starts_per_tick
        if kind == CAPACITY:
            return self._config.capacities.get(name, 0)
        if kind == EXECUTOR:
            executor = self._config.executors.get(name)
            return (executor.max_concurrency or UNLIMITED) if executor else 0
        return self._config.max_concurrency if kind == HOST else 1

    def holders(self, kind: str, name: str = "") -> list[str]:
        """The cards that hold some of a limit, sorted."""
        return sorted(self._holders.get((kind, name), ()))

    def amounts(self, kind: str, name: str = "") -> dict[str, int]:
        """How much of a limit each of its holders holds."""
        return dict(self._holders.get((kind, name), {}))

    def full(self, worker: Worker, needs: Needs) -> Full | None:
        """The first limit that has no room for one more run of this worker, or None."""
        want = self._want(worker, needs)
        if want.never:
            return want.never
        for ask, key, limit in want.limits:
            free = limit - self._taken.get(key, 0)
            if ask.amount > free:
                return Full(ask.kind, ask.name, limit, ask.amount)
            keep = self._keep.get(key)
            if keep and ask.amount > free - keep.amount and keep.of != (worker.name, needs):
                return Full(KEEP, ask.name, limit, ask.amount, by=keep.card, kind=ask.kind)
        return self._host_full(worker)

    def _host_full(self, worker: Worker) -> Full | None:
        if worker.executor:
            return None
        limit, taken = self._config.max_concurrency, self.taken(HOST)
        if taken >= limit:
            return Full(HOST, "", limit)
        own = self._reserves.get(worker.name)
        if own and self._here.get(worker.name, 0) < own.reserve:
            return None  # its own reserve; or reserves that exceed the total would stop everybody
        reserved = {name: self._outstanding(name) for name in self._reserves if name != worker.name}
        if taken + sum(reserved.values()) >= limit:
            by = ", ".join(name for name, count in reserved.items() if count)
            return Full(RESERVE, "", limit, by=by, lasting=self._own(reserved) >= limit)
        return None

    def _own(self, reserved: Mapping[WorkerName, int]) -> int:
        """What these workers use of their reserves, plus what is still reserved for them."""
        used = (min(self._here.get(name, 0), self._reserves[name].reserve) for name in reserved)
        return sum(reserved.values()) + sum(used)

    def _outstanding(self, name: WorkerName) -> int:
        """The slots on this host that are still reserved for a worker."""
        worker, here = self._reserves[name], self._here.get(name, 0)
        elsewhere = self.taken(WORKER, name) - here
        return max(0, min(worker.reserve, worker.max_concurrency - elsewhere) - here)

    def _reserve(self, worker: Worker) -> int:
        """How much of a worker's reserve it can ever use.

        That is bounded by its limits, including those of the needs that its cards have by default.
        """
        asks = asks_of(worker, worker.needs)
        return min(worker.reserve, *(self.limit(a.kind, a.name) // a.amount for a in asks))


_HOST_ASK = (Ask(HOST, ""),)
