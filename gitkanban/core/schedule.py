"""Who gets the next slot: pure, deterministic, and work-conserving.

It holds no limits (`room`) and no words (`reasons`). Within a worker the order is priority and age,
then longest ready, then id: an hour of waiting weighs as much as one step of priority, without end,
so that a card of low priority is overtaken only by cards that became ready within as many hours as
their priority is higher. Across workers it is fair queueing by weight (`fair`), so that priority
cannot starve another worker's cards.

A card starts as soon as everything it asks for is free, even when one that comes first must wait
for something else. There is one exception, or cards that ask for much would wait for ever behind
cards that ask for little. It is for cards that ask for two or more units of capacities and
exclusive places and find one of them full, or for any and find their profile full. Of those that
are first in their line and have been ready for PATIENCE, the one that has been ready longest keeps
what it asks for of capacities and places (never slots) until it starts. So what is kept lies idle
at most while a session of the full limit lasts; and the card waits, once it keeps, for the sessions
that ran then and for its turn at a slot, however many others ask for less.

Bounds, each proved in the tests: over any stretch in which two workers both wait at the host's
limit alone, their starts per weight differ by at most 1/w + 1/w'; a waiting worker sees at most
w' * (LAG + 1/w) + 1 starts of another one before its own.
"""

from collections.abc import Collection, Iterable, Mapping
from heapq import heapify, heappop, heappush
from typing import NamedTuple

from gitkanban.core import room
from gitkanban.core.facts import Observed
from gitkanban.core.fair import Fair
from gitkanban.core.limits import limit_words, of_limit
from gitkanban.core.model import TODO, Board, Card, Config, Worker
from gitkanban.core.reasons import Held as Held  # part of what `schedule` gives
from gitkanban.core.reasons import Reasons
from gitkanban.core.room import Full, Needs, Occupant, Room, needs_of, occupants

AGE_STEP = 3600  # seconds of waiting that weigh as much as one step of priority
PATIENCE = 1800  # seconds ready after which a card may keep capacities

Key = tuple[int, int, str]  # sorts cards of one worker: earliest first


class Start(NamedTuple):
    """A card that starts now; `slot` is "profile#number"."""

    card: str
    worker: str
    profile: str
    slot: str


class Scheduled(NamedTuple):
    """Who starts, in order; why the other todo cards do not, by id; and, for the next call, the
    tags of workers and since when each ready card has been so."""

    starts: tuple[Start, ...]
    held: tuple[Held, ...]
    served: Mapping[str, float]
    ready_since: Mapping[str, int]


def order(card: Card, since: int) -> Key:
    """Where a card stands within its worker; `since` is when it became ready."""
    return since - AGE_STEP * card.priority, since, card.id


class Line:
    """The ready cards of one worker, grouped by what they need: all of a group fit, or none."""

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.groups: dict[Needs, list[Key]] = {}

    def add(self, card: Card, since: int) -> None:
        """A card becomes ready; its place does not depend on when it is added."""
        heappush(self.groups.setdefault(needs_of(card, self.worker), []), order(card, since))

    def first(self, without: Mapping[Needs, Full]) -> Needs | None:
        """The group whose first card comes first, of those not known to find no room."""
        heads = [(keys[0], needs) for needs, keys in self.groups.items() if needs not in without]
        return min(heads)[1] if heads else None

    def pop(self, needs: Needs) -> str:
        """Take the first card out of a group."""
        keys = self.groups[needs]
        card = heappop(keys)[2]
        if not keys:
            del self.groups[needs]
        return card


Blocks = dict[str, dict[Needs, Full]]  # worker -> group -> what leaves it no room


def fill(
    seats: Room, lines: Mapping[str, Line], fair: Fair, now: int, most: int = 0
) -> tuple[list[Occupant], Blocks]:
    """Start what fits, at most `most` cards (0: no limit): who starts, and what stops the rest.

    Started cards leave their lines, take their room, and are charged to their worker.
    """
    started: list[Occupant] = []
    keeper = _keep(seats, lines, now)
    blocks = _pour(seats, lines, fair, started, most)
    # A start may make another card the one that keeps; then what was kept is free for others.
    while started and (then := _keep(seats, lines, now)) != keeper:
        keeper = then
        blocks = _pour(seats, lines, fair, started, most)
    fair.settle({name for name, line in lines.items() if _waits(line, blocks.get(name, {}))})
    return started, blocks


def _pour(
    seats: Room, lines: Mapping[str, Line], fair: Fair, started: list[Occupant], most: int
) -> Blocks:
    """Start what fits beside what is kept, worker by worker in fair order."""
    blocks: Blocks = {name: {} for name, line in lines.items() if line.groups}
    turn = [(fair.tag(name), name) for name in blocks]
    heapify(turn)
    while turn:
        name = heappop(turn)[1]
        line, blocked = lines[name], blocks[name]
        # Room only shrinks in here, so a group that finds none is not asked again.
        while (needs := line.first(blocked)) is not None:
            full = seats.full(line.worker, needs)
            if full is None and most and len(started) >= most:
                full = Full(room.STARTS, "", most)
            if full is None:
                started.append(seats.seat(line.pop(needs), line.worker, needs))
                fair.serve(name, line.worker.weight)
                heappush(turn, (fair.tag(name), name))
                break
            blocked[needs] = full
    return blocks


def _keep(seats: Room, lines: Mapping[str, Line], now: int) -> str:
    """Keep capacities for the card that has waited longest for more than it finds: that card."""
    seats.drop_keep()
    waiting = sorted(
        (keys[0][1:], name, needs)
        for name, line in lines.items()
        for needs, keys in line.groups.items()
        if now - keys[0][1] >= PATIENCE and seats.keepable(line.worker, needs)
    )
    for (_, card), name, needs in waiting:
        worker = lines[name].worker
        full = seats.full(worker, needs)
        if full and full.code in (_PATIENT if seats.keepable(worker, needs) > 1 else _SLOTS):
            seats.keep(card, worker, needs)
            return card
    return ""


# A card that finds one of these full may keep what it needs of the others.
_SLOTS = frozenset({room.PROFILE})
_PATIENT = room.KEEPABLE | _SLOTS
# What a worker is stopped by on its own account: it gets no credit for that time.
_OWN = frozenset({room.WORKER, room.NEVER})


def _waits(line: Line, blocked: Mapping[Needs, Full]) -> bool:
    """Whether a worker has a card that other workers' cards keep out."""
    return any(blocked[needs].code not in _OWN for needs in line.groups)


def schedule(board: Board, observed: Observed, reasons: Reasons | None = None) -> Scheduled:
    """What starts now on this host, of a board that has been reconciled.

    Equal boards and facts give equal results, in whatever order cards, workers and runs come.
    `reasons` are those of this board and these facts, where the caller has them.
    """
    reasons = reasons or Reasons(board, observed)
    held: list[Held] = []
    lines: dict[str, Line] = {}
    since: dict[str, int] = {}
    for card in board.cards.values():
        if card.status != TODO:
            continue
        reason = reasons.of_card(card)
        if reason is None or reason.is_ready:
            since[card.id] = observed.ready_since.get(card.id, observed.now)
        if reason:
            held.append(reason)
        else:
            _line_up(lines, board, card, since[card.id])
    config = board.config or Config()
    idle = {name for name in config.workers if reasons.worker_held(name)}
    seats = Room(config, occupants(board, observed), idle)
    fair = Fair(observed.served)
    started, blocks = fill(seats, lines, fair, observed.now, config.max_starts_per_tick)
    for name, line in lines.items():
        held.extend(_left(line, blocks.get(name, {}), seats, {one.label for one in started}))
    starts = tuple(
        Start(one.label, one.worker, one.profile, f"{one.profile}#{one.number}") for one in started
    )
    return Scheduled(starts, tuple(sorted(held)), fair.served(), dict(sorted(since.items())))


def _line_up(lines: dict[str, Line], board: Board, card: Card, since: int) -> None:
    line = lines.get(card.worker)
    if line is None:
        worker = board.worker_of(card)
        assert worker is not None  # a card without one is held
        line = lines[card.worker] = Line(worker)
    line.add(card, since)


def _left(
    line: Line, blocked: Mapping[Needs, Full], seats: Room, starting: Collection[str]
) -> Iterable[Held]:
    """Why the cards that are still in line did not start, in their order."""
    waiting = sorted((key, needs) for needs, keys in line.groups.items() for key in keys)
    words = {needs: limit_words(blocked[needs], seats, starting) for needs in line.groups}
    ahead: dict[tuple[str, str], int] = {}  # by what they wait for
    for key, needs in waiting:
        full = blocked[needs]
        yield of_limit(key[2], full.code, words[needs], ahead.get((full.code, full.name), 0))
        ahead[full.code, full.name] = ahead.get((full.code, full.name), 0) + 1
