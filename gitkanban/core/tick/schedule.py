"""Who gets the next slot: pure, deterministic, and work-conserving.

It has no limits (`room`) and no words (`holds`). Within a worker the order is priority and age,
then longest ready, then id. An hour of waiting weighs as much as one step of priority, without a
bound: a card is overtaken only by cards that became ready within as many hours as their priority is
higher. Across workers it is fair queueing by weight (`fair`), so that priority cannot starve
another worker's cards.

A card starts as soon as everything it asks for is free, even when a card before it must wait for
something else. There is one exception, because a card that needs several things could wait forever
behind cards that need fewer: keepers. A keeper is the first card of its worker's line, has been
ready for PATIENCE, and asks for something that other workers use, too: a capacity, an exclusive
place, a slot of a shared profile. It keeps the next slot of its worker and profile. Once it has a
slot, it keeps all else that it needs, but no slot of the host. It keeps them until it starts. So
only a slot is idle while what the card needs is in use; and what it needs is idle only while the
card gathers more than one piece, and until its worker's turn at the host.

Of the cards that ask for one limit, only one keeps it at a time. Workers take turns, by weight and
whatever else they start (`fair`); within a turn the card that has been ready longest comes first,
then the id.

Bounds, each proved in the tests: over any stretch in which two workers both wait at the host's
limit alone, their starts per weight differ by at most 1/w + 1/w'; a waiting worker sees at most
w' * (LAG + 1/w) + 1 starts of another one before its own. A keeper waits, and what it keeps is
idle, for at most two sessions (the one in its slot, then the one with what it needs) and for its
worker's turn at the host. The first card of a line that has waited for PATIENCE sees at most
w'/w + 1 turns of another worker before its own, each of them broken off at most once.
"""

from collections.abc import Collection, Container, Iterable, Mapping
from heapq import heapify, heappop, heappush

from gitkanban.core import graph
from gitkanban.core.model import TODO, Board, Card, Config, Slot, Worker
from gitkanban.core.names import CardId, ProfileName, WorkerName
from gitkanban.core.split_cards import open_cards
from gitkanban.core.tick import limits
from gitkanban.core.tick.facts import Observed
from gitkanban.core.tick.fair import Accounts, Turns
from gitkanban.core.tick.holds import Hold as Hold  # part of the result of `schedule`
from gitkanban.core.tick.holds import Holds, Reasons
from gitkanban.core.tick.limit_words import limit_words, of_limit
from gitkanban.core.tick.limits import Full, Needs, needs_of
from gitkanban.core.tick.occupants import Occupant, occupants
from gitkanban.core.tick.room import Room
from gitkanban.typed import NamedTuple

AGE_STEP = 3600  # seconds of waiting that weigh as much as one step of priority
PATIENCE = 1800  # seconds that a card is ready before it may keep what it needs

SortKey = tuple[int, int, CardId]  # within a worker; the smallest starts first


class Start(NamedTuple):
    """A card that starts now; `slot` is "profile#number"."""

    card: CardId
    worker: WorkerName
    profile: ProfileName
    slot: str


class Scheduled(NamedTuple):
    """The cards that start, in order, and the holds of the other todo cards, by id.

    `served` (the workers' tags) and `ready_since` (epoch seconds) are input of the next call.
    """

    starts: tuple[Start, ...]
    holds: Collection[Hold]
    served: Mapping[WorkerName, float]
    ready_since: Mapping[CardId, int]


def order(card: Card, since: int) -> SortKey:
    """The sort key of a card within its worker; `since` is when it became ready (epoch seconds)."""
    return since - AGE_STEP * card.priority, since, card.id


class WorkerQueue:
    """The ready cards of one worker, grouped by needs: if one of a group fits, any of them does."""

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.groups: dict[Needs, list[SortKey]] = {}

    def add(self, card: Card, since: int) -> None:
        """Add a ready card; its place does not depend on when it is added."""
        heappush(self.groups.setdefault(needs_of(card, self.worker), []), order(card, since))

    def first(self, without: Container[Needs]) -> Needs | None:
        """The group with the foremost card, apart from those in `without`, or None."""
        heads = [(keys[0], needs) for needs, keys in self.groups.items() if needs not in without]
        return min(heads)[1] if heads else None

    def pop(self, needs: Needs) -> CardId:
        """Remove and return the first card of a group."""
        keys = self.groups[needs]
        card = heappop(keys)[2]
        if not keys:
            del self.groups[needs]
        return card


Blocks = dict[WorkerName, dict[Needs, Full]]  # worker -> group -> the full limit


def fill(
    room: Room,
    lines: Mapping[WorkerName, WorkerQueue],
    accounts: Accounts,
    now: int,
    most: int | None = None,
) -> tuple[list[Occupant], Blocks]:
    """Start what fits, at most `most` cards (None: no limit); return the starts and the blocks.

    Started cards leave their lines, take up room, and are charged to their worker.
    """
    started: list[Occupant] = []
    keepers = _keep_for_keepers(room, lines, accounts.turns, now)
    blocks = _start_what_fits(room, lines, accounts, keepers, started=started, most=most)
    # A start may make another card a keeper, and free what was kept.
    while started and (then := _keep_for_keepers(room, lines, accounts.turns, now)) != keepers:
        keepers = then
        blocks = _start_what_fits(room, lines, accounts, keepers, started=started, most=most)
    waiting = {
        name for name, line in lines.items() if _is_crowded_out(line, blocks.get(name, {}), room)
    }
    accounts.starts.settle(waiting)
    return started, blocks


def _start_what_fits(
    room: Room,
    lines: Mapping[WorkerName, WorkerQueue],
    accounts: Accounts,
    keepers: Container[CardId],
    started: list[Occupant],
    most: int | None,
) -> Blocks:
    """Start what fits beside what is kept, worker by worker in fair order.

    It returns early when a keeper starts, because another card may then become one.
    """
    fair = accounts.starts
    blocks: Blocks = {name: {} for name, line in lines.items() if line.groups}
    turn = [(fair.tag(name), name) for name in blocks]
    heapify(turn)
    while turn:
        name = heappop(turn)[1]
        line, blocked = lines[name], blocks[name]
        # Room only shrinks here, so a group that found none is not tried again.
        while (needs := line.first(blocked)) is not None:
            full = room.full(line.worker, needs)
            if full is None and most is not None and len(started) >= most:
                full = Full(limits.STARTS, "", room.limit(limits.STARTS))
            if full is None:
                card = line.pop(needs)
                started.append(room.place(card, line.worker, needs))
                fair.serve(name, line.worker.weight)
                if card in keepers:
                    accounts.turns.serve(name, line.worker.weight)
                    return blocks
                heappush(turn, (fair.tag(name), name))
                break
            blocked[needs] = full
    return blocks


def _keep_for_keepers(
    room: Room, lines: Mapping[WorkerName, WorkerQueue], turns: Turns, now: int
) -> list[CardId]:
    """Keep what the cards need whose turn it is, and return these cards."""
    room.drop_keeps()
    patient = {
        name: card for name, line in lines.items() if (card := _longest_ready(room, line, now))
    }
    turns.advance(patient)
    order = sorted((turns.tag(name), *card, name) for name, card in patient.items())
    return [card for _, _, card, needs, name in order if room.keep(card, lines[name].worker, needs)]


def _longest_ready(room: Room, line: WorkerQueue, now: int) -> tuple[int, CardId, Needs] | None:
    """The first card of a line if it may keep: (ready since, card, its needs)."""
    needs = line.first([group for group in line.groups if not room.ever(line.worker, group)])
    if needs is None or not room.contends(line.worker, needs):
        return None
    _, since, card = line.groups[needs][0]
    return (since, card, needs) if now - since >= PATIENCE else None


def _is_crowded_out(line: WorkerQueue, blocked: Mapping[Needs, Full], room: Room) -> bool:
    """Whether a worker has a card that other workers' cards keep out."""
    return any(not _is_own_limit(blocked[needs], line.worker, room) for needs in line.groups)


def _is_own_limit(full: Full, worker: Worker, room: Room) -> bool:
    """Whether a limit of the worker's own stops it, so that it gets no credit for that time."""
    if full.code == limits.PROFILE:  # its own runs alone fill it
        return room.taken(limits.PROFILE, full.name) <= room.taken(limits.WORKER, worker.name)
    return full.code in (limits.WORKER, limits.NEVER) or full.kind == limits.WORKER


def schedule(board: Board, observed: Observed, reasons: Reasons | None = None) -> Scheduled:
    """Decide what starts now on this host; the board must have been reconciled.

    Equal boards and facts give equal results, whatever the order of cards, workers and runs.
    `reasons` are those of this board and these facts, if the caller has them already.
    """
    known = reasons or Reasons(board, observed)
    behind: list[Card] = []  # cards whose parents are not done
    others: list[Hold] = []
    lines: dict[WorkerName, WorkerQueue] = {}
    since: dict[CardId, int] = {}
    todo = [card for card in open_cards(board.cards) if card.status == TODO]
    for card in todo:
        if card.parents and graph.unfinished(board, card):
            behind.append(card)
            continue
        reason = known.of_card(card)
        if reason is None or reason.is_ready:
            since[card.id] = observed.ready_since.get(card.id, observed.now)
        if reason:
            others.append(reason)
        else:
            _line_up(lines, board, card, since[card.id], name=known.worker_for(card))
    config = board.config or Config()
    idle = {name for name in config.workers if known.stops_worker(name)}
    taken = occupants(board, observed) if lines else ()  # else nobody asks for room
    room = Room(config, taken, idle)
    accounts = Accounts(observed.served)
    most = max(0, config.max_starts_per_tick - observed.started)
    most_now = most if config.max_starts_per_tick else None
    started, blocks = fill(room, lines, accounts, observed.now, most=most_now)
    starts = tuple(
        Start(one.card, one.worker, one.profile, str(Slot(one.profile, one.number)))
        for one in started
    )
    starting = {one.card for one in started}

    def find_holds() -> Iterable[Hold]:
        holds = [*others, *filter(None, map(known.of_card, behind))]
        for name, line in lines.items():
            holds.extend(_holds_of_line(line, blocks.get(name, {}), room, starting))
        return sorted(holds)

    return Scheduled(starts, Holds(len(todo) - len(starts), find_holds), accounts.served(), since)


def _line_up(
    lines: dict[WorkerName, WorkerQueue], board: Board, card: Card, since: int, name: WorkerName
) -> None:
    """Add a ready card to the line of the worker of that name."""
    line = lines.get(name)
    if line is None:
        assert board.config is not None  # a card without a worker has a hold, and never gets here
        line = lines[name] = WorkerQueue(board.config.workers[name])
    line.add(card, since)


def _holds_of_line(
    line: WorkerQueue, blocked: Mapping[Needs, Full], room: Room, starting: Collection[CardId]
) -> Iterable[Hold]:
    """The holds of the cards that are still in line, in their order."""
    waiting = sorted((key, needs) for needs, keys in line.groups.items() for key in keys)
    words = {needs: limit_words(blocked[needs], room, starting) for needs in line.groups}
    limits_of = {needs: (blocked[needs].code, blocked[needs].name) for needs in line.groups}
    ahead = dict.fromkeys(limits_of.values(), 0)  # cards of this line that wait for the limit
    for key, needs in waiting:
        limit = limits_of[needs]
        yield of_limit(key[2], limit[0], words[needs], ahead[limit])
        ahead[limit] += 1
