"""How good a simulated future is: how short it could be, who is idle, what to raise first.

It assesses a simulation that ran to its end; it starts nothing and changes no config.
"""

from collections.abc import Mapping

from gitkanban.core.forecast.simulate import Question, Simulated, review_of, simulate
from gitkanban.core.graph import longest_chain
from gitkanban.core.model import LANE, POOL, REVIEW, RUNNING, TODO, Board, Config
from gitkanban.core.names import ProfileName, WorkerName
from gitkanban.core.tick import limits
from gitkanban.core.tick.facts import Observed
from gitkanban.core.tick.limits import HOST, Key, asks_of, needs_of
from gitkanban.core.tick.occupants import occupants
from gitkanban.core.tick.room import UNLIMITED, Room
from gitkanban.typed import NamedTuple

CHAIN: Key = ("chain", "")  # the bound that no limit can move
TRIED_MOST = 4  # limits that are tried

# Of equal bounds, the one nearest to the worker is named.
_ORDER = (
    *(CHAIN[0], limits.WORKER, limits.PROFILE, limits.CAPACITY),
    *(limits.SHARED_CHECKOUT, limits.MEMORY, limits.EXECUTOR, HOST),
)


class Bound(NamedTuple):
    """No schedule is shorter than `seconds`: the work under this limit, divided by the limit."""

    key: Key  # (kind, name), kinds as in `room`; CHAIN for the longest chain
    seconds: int
    work: int = 0  # seconds of sessions, each times what it takes of the limit
    limit: int = 0


class Assessment(NamedTuple):
    """A makespan against its lower bounds."""

    bounds: tuple[Bound, ...]  # the highest first; never empty
    chain: tuple[str, ...]  # the cards of the longest chain, first to last
    utilisation: Mapping[WorkerName, float]  # worker -> share of its slots' time in use, 0 to 1

    @property
    def bound(self) -> int:
        """The lower bound of the makespan, in seconds."""
        return self.bounds[0].seconds

    @property
    def binds(self) -> Key:
        """The limit, or CHAIN, that determines the lower bound."""
        return self.bounds[0].key


class Advice(NamedTuple):
    """A limit to raise from `limit` to `to`, and the resulting makespan in seconds.

    `also` is another limit that must be raised together with it.
    """

    key: Key
    limit: int
    to: int
    makespan: int
    also: tuple[Key, int, int] | None = None  # key, limit, to


def assess(board: Board, observed: Observed, question: Question, done: Simulated) -> Assessment:
    """Compare a simulation of this board with the best that limits and chains allow."""
    seconds, chain = _longest_chain(board, question, done)
    bounds = [Bound(CHAIN, seconds), *_work_bounds(board, observed, done)]
    return Assessment(
        tuple(
            sorted(bounds, key=lambda each: (-each.seconds, _ORDER.index(each.key[0]), each.key))
        ),
        chain,
        _worker_utilisation(board, done),
    )


def _longest_chain(
    board: Board, question: Question, done: Simulated
) -> tuple[int, tuple[str, ...]]:
    """The heaviest chain of sessions, with a review between each two: (seconds, its cards)."""
    takes = {
        bar.card: bar.end - max(bar.start, done.now)
        for bar in done.bars
        if not bar.ran or (bar.card in board.cards and board.cards[bar.card].status == RUNNING)
    }  # nobody waits for the run of a finished card
    takes |= {card.id: 0 for card in board.cards.values() if card.status == REVIEW}
    cards = {card: board.cards[card] for card in takes if card in board.cards}
    for card in [card for card in cards.values() if card.status != TODO]:
        cards[card.id] = card._replace(parents=())  # it is under way, whatever its parents are now
    total, chain = longest_chain(
        cards, lambda card: takes[card.id] + review_of(board, question, card)
    )
    last = review_of(board, question, cards[chain[-1]]) if chain else 0
    return max(0, int(total) - last), tuple(chain)


def _work_bounds(board: Board, observed: Observed, done: Simulated) -> list[Bound]:
    """A bound for each limit: all work under it, divided by how much it allows at once.

    Earlier runs count, unless they exceed the limit by themselves because it was lowered.
    """
    config = board.config or Config()
    before = occupants(board, observed)
    room = Room(config, before)
    left: dict[str, int] = {}
    for bar in done.bars:
        if bar.ran:
            left[bar.card] = min(left.get(bar.card, bar.end), bar.end - done.now)
    work: dict[Key, int] = {}
    for one in before:
        asks = [*one.asks, *([limits.Ask(HOST, "")] if one.here else [])]
        for ask in asks:
            fits = room.taken(ask.kind, ask.name) <= room.limit(ask.kind, ask.name)
            work[ask.key] = work.get(ask.key, 0) + left[one.card] * ask.amount * fits
    for bar in done.bars:
        if not bar.ran:
            worker = config.workers[bar.worker]
            host = [] if worker.executor else [limits.Ask(HOST, "")]
            asks = [*asks_of(worker, needs_of(board.cards[bar.card], worker)), *host]
            for ask in asks:
                work[ask.key] = work.get(ask.key, 0) + (bar.end - bar.start) * ask.amount
    return [
        Bound(key, -(-total // room.limit(*key)), total, room.limit(*key))
        for key, total in work.items()
        if 0 < room.limit(*key) < UNLIMITED
    ]


def _worker_utilisation(board: Board, done: Simulated) -> dict[WorkerName, float]:
    busy: dict[str, int] = {}
    for bar in done.bars:
        busy[bar.worker] = busy.get(bar.worker, 0) + bar.end - max(bar.start, done.now)
    workers = board.config.workers if board.config else {}
    return {
        name: min(1.0, busy.get(name, 0) / (workers[name].max_concurrency * done.makespan))
        if done.makespan
        else 0.0
        for name in sorted(workers)
    }


def advice(
    board: Board, observed: Observed, question: Question, done: Simulated
) -> tuple[Advice, ...]:
    """What raising each of the limits at which cards wait longest would give, the best first.

    Each limit is raised by one, or doubled if that is not enough, and simulated again, so this
    takes up to twice TRIED_MOST times as long as `simulate`. Limits that shorten nothing are left
    out. If that leaves none, the first is tried together with the limit that binds after it.
    """
    config = board.config or Config()
    offers = []
    by_waiting = waited_at(done)
    for key in by_waiting[:TRIED_MOST]:
        limit = _limit_of(config, key)
        for to in sorted({limit + 1, 2 * limit}):  # eight equal sessions over 5 slots end as over 4
            raised = board._replace(config=_raise_limit(config, key, to))
            makespan = simulate(raised, observed, question).makespan
            if makespan < done.makespan:
                offers.append(Advice(key, limit, to, makespan))
                break
    offers.sort(key=lambda one: (one.makespan, by_waiting.index(one.key)))
    if by_waiting and not offers:
        offers = _advise_pair(board, observed, question, done, first=by_waiting[0])
    return tuple(offers)


def _advise_pair(
    board: Board, observed: Observed, question: Question, done: Simulated, first: Key
) -> list[Advice]:
    """What doubling a limit gives, together with the one at which cards then wait longest."""
    config = board.config or Config()
    limit = _limit_of(config, first)
    raised = _raise_limit(config, first, 2 * limit)
    then = simulate(board._replace(config=raised), observed, question)
    for second in [key for key in waited_at(then) if key != first][:1]:
        behind = _limit_of(config, second)
        both = board._replace(config=_raise_limit(raised, second, 2 * behind))
        makespan = simulate(both, observed, question).makespan
        if makespan < done.makespan:
            also = (second, behind, 2 * behind)
            return [Advice(first, limit, 2 * limit, makespan, also=also)]
    return []


def waited_at(done: Simulated) -> list[Key]:
    """The limits that can be raised and at which cards waited, the longest wait first."""
    by_waiting = sorted(done.waited, key=lambda key: (-done.waited[key], key))
    return [key for key in by_waiting if key[0] in _RAISABLE]


# The shared checkout, and memory that runs write, are exclusive by nature and cannot be raised.
_RAISABLE = frozenset(
    (
        *(limits.WORKER, limits.PROFILE, limits.CAPACITY),
        *(limits.EXECUTOR, HOST, limits.STARTS),
    )
)


def _limit_of(config: Config, key: Key) -> int:
    if key[0] == limits.STARTS:
        return config.max_starts_per_tick
    return Room(config).limit(*key)


def _raise_limit(config: Config, key: Key, to: int) -> Config:
    kind, name = key
    if kind == limits.WORKER:
        worker = config.workers[WorkerName(name)]
        mode = POOL if worker.mode == LANE else worker.mode
        more = worker._replace(max_concurrency=to, mode=mode, memory=worker.memory_policy)
        return config._replace(workers={**config.workers, worker.name: more})
    if kind == limits.PROFILE:
        return config._replace(profiles={**config.profiles, ProfileName(name): to})
    if kind == limits.CAPACITY:
        return config._replace(capacities={**config.capacities, name: to})
    if kind == limits.EXECUTOR:
        executor = config.executors[name]._replace(max_concurrency=to)
        return config._replace(executors={**config.executors, name: executor})
    if kind == limits.STARTS:
        return config._replace(max_starts_per_tick=to)
    return config._replace(max_concurrency=to)
