"""The future of a board on a virtual clock: when each card would start and end, by the real rules.

It runs the scheduler's own `fill` at every event and updates lines and room step by step, so ten
thousand cards take seconds. It assumes what cannot be known: each session takes as long as the
question says for its worker, every session succeeds, a review takes `review` seconds, and each
session's end is followed by a tick at once. No person acts otherwise: cards that wait for a
blocked, backlog, dropped or missing card never start.
"""

from collections.abc import Collection, Mapping
from heapq import heappop, heappush

from gitkanban.core.backoff import due
from gitkanban.core.graph import children, unfinished
from gitkanban.core.model import REVIEW, RUNNING, TODO, Board, Card, Config, Slot
from gitkanban.core.names import NO_CARD, CardId, ProfileName, WorkerName
from gitkanban.core.tick import limits
from gitkanban.core.tick.facts import Observed
from gitkanban.core.tick.fair import Accounts
from gitkanban.core.tick.holds import Hold, Reasons
from gitkanban.core.tick.limit_words import limit_words, of_limit
from gitkanban.core.tick.limits import Full, Key, needs_of
from gitkanban.core.tick.occupants import Occupant, occupants
from gitkanban.core.tick.room import Room
from gitkanban.core.tick.schedule import Blocks, WorkerQueue, fill
from gitkanban.core.tick.unattended import accepts
from gitkanban.late import hashlib
from gitkanban.typed import NamedTuple

TICK = 60  # seconds between ticks when nothing else causes one

# The events of a simulation.
END, END_OF_EARLIER, ACCEPT, READY, NEXT_TICK = "end", "end-of-earlier", "accept", "ready", "tick"


class Duration(NamedTuple):
    """How long sessions take, in seconds: anything between mean - spread and mean + spread."""

    mean: int = 600
    spread: int = 0


class Question(NamedTuple):
    """What to simulate. Equal questions give equal answers."""

    durations: Mapping[str, Duration] = {}  # worker -> how long its cards take
    otherwise: Duration = Duration()  # for all other workers
    review: int = 0  # seconds from a session's end to its card's acceptance
    until: int = 0  # seconds after which to stop; 0: when nothing can start any more
    seed: int = 0
    until_start: str = ""  # a card at whose start to stop


_PLAIN = Question()


class Bar(NamedTuple):
    """One session of the simulation; times are epoch seconds. `ran`: it ran when that began."""

    card: CardId
    worker: WorkerName
    profile: ProfileName
    slot: str
    start: int
    end: int
    ran: bool = False


class Simulated(NamedTuple):
    """Who would run when. `waited` is the time that cards waited at each limit (card-seconds)."""

    now: int
    bars: tuple[Bar, ...]  # by start, then card; with `until`, those that began before it
    makespan: int  # seconds from now to the last end
    never: tuple[Hold, ...]  # the holds of cards that would not start
    waited: Mapping[Key, int]
    left: int = 0  # todo cards that had not begun when it stopped early


def simulate(board: Board, observed: Observed, question: Question = _PLAIN) -> Simulated:
    """Simulate the board from `observed.now` on; a standstill is assumed to be over."""
    course = _Course(board, observed._replace(standstill=""), question)
    course.run()
    return course.result()


def duration(question: Question, worker: WorkerName, card: CardId) -> int:
    """The length of a card's session in this question, in seconds, at least 1."""
    mean, spread = question.durations.get(worker, question.otherwise)
    if spread:
        noise = hashlib.blake2b(f"{question.seed}/{card}".encode(), digest_size=4).digest()
        mean += round(spread * (int.from_bytes(noise, "big") / 2**31 - 1))
    return max(1, mean)


def review_of(board: Board, question: Question, card: Card) -> int:
    """The seconds until a person accepts a card; 0 if a tick accepts it."""
    return 0 if accepts(board, card) else question.review


class _Course:
    """The state of a simulation between two events."""

    def __init__(self, board: Board, observed: Observed, question: Question) -> None:
        self.board, self.question = board, question
        self.config = board.config or Config()
        self.reasons = Reasons(board, observed)
        idle = {name for name in self.config.workers if self.reasons.stops_worker(name)}
        self.room = Room(self.config, (), idle)
        self.accounts = Accounts(observed.served)
        self.lines: dict[WorkerName, WorkerQueue] = {}
        self.blocks: Blocks = {}
        self.bars: list[Bar] = []
        self.waited: dict[Key, int] = {}
        self.begun = self.time = observed.now
        # (time, count, event, card, the run that ends); the count avoids comparing runs
        self.events: list[tuple[int, int, str, CardId, Occupant | None]] = []
        todo = [card for card in board.cards.values() if card.status == TODO]
        self.todo = {c.id: c for c in todo if not self.reasons.stops_worker(c.worker)}
        self.kids = children(self.todo.values())
        self.open = {c.id: len(set(unfinished(board, c))) for c in self.todo.values()}
        self.busy: set[str] = set()  # cards with a run from before the simulation
        self.count = 0
        self.reached = False  # the card `until_start` has started
        self._begin(observed)

    def _begin(self, observed: Observed) -> None:
        began = {run.card: run.started for run in observed.runs}
        for one in occupants(self.board, observed):
            start = began.get(one.card, self.time)
            takes = duration(self.question, one.worker, one.card)
            self.busy.add(one.card)
            self.room.take(one)
            self._sit(one, start, max(start + takes, self.time + 1), ran=True)
        for card in self.board.cards.values():
            if card.status == REVIEW:
                self._event(self.time + self._review(card.id), ACCEPT, card.id)
        for name in self.todo:
            self._ready(name, observed.ready_since.get(name, self.time))

    def _event(
        self, at: int, what: str, card: CardId = NO_CARD, ends: Occupant | None = None
    ) -> None:
        self.count += 1
        heappush(self.events, (at, self.count, what, card, ends))

    def _sit(self, one: Occupant, start: int, end: int, ran: bool = False) -> None:
        slot = str(Slot(one.profile, one.number))
        self.bars.append(
            Bar(one.card, one.worker, one.profile, slot, start=start, end=end, ran=ran)
        )
        self._event(end, END_OF_EARLIER if ran else END, one.card, one)

    def _ready(self, name: CardId, since: int) -> None:
        """Line up a todo card if only limits hold it; if its `not_before` is ahead, do so then."""
        card = self.todo[name]
        if self.open[name] or name in self.busy:
            return
        at = due(self.board, card, self.time)
        if at > self.time:
            self._event(at, READY, name)
            return
        if card.worker not in self.lines:
            self.lines[card.worker] = WorkerQueue(self.config.workers[card.worker])
        self.lines[card.worker].add(card, since)

    def run(self) -> None:
        """Process all events in order of time, with a round of the scheduler after each time."""
        last = self.begun + self.question.until if self.question.until else None
        self._event(self.begun, NEXT_TICK)
        while self.events and not self.reached and (last is None or self.events[0][0] < last):
            self._pass(self.events[0][0])
            while self.events and self.events[0][0] == self.time:
                self._happen(*heappop(self.events)[2:])
            self._round()

    def _round(self) -> None:
        most = self.config.max_starts_per_tick or None
        started, self.blocks = fill(self.room, self.lines, self.accounts, self.time, most=most)
        for one in started:
            takes = duration(self.question, one.worker, one.card)
            self._sit(one, self.time, self.time + takes)
            self.reached = self.reached or one.label == self.question.until_start
        if most and len(started) == most and any(line.groups for line in self.lines.values()):
            self._event(self.time + TICK - self.time % TICK, NEXT_TICK)

    def _pass(self, at: int) -> None:
        """Advance the time, and add it to what waiting cards have waited."""
        for worker, blocked in self.blocks.items():
            groups = self.lines[worker].groups
            for needs in blocked.keys() & groups.keys():
                if blocked[needs].code == limits.NEVER:
                    continue
                key = _limit_key(blocked[needs])
                waited = len(groups[needs]) * (at - self.time)
                self.waited[key] = self.waited.get(key, 0) + waited
        self.time = at

    def _happen(self, what: str, card: CardId, ends: Occupant | None) -> None:
        if ends:
            self.room.release(ends)
        if what == END_OF_EARLIER:
            self.busy.discard(card)
            known = self.board.cards.get(card)
            if known is None or known.status != RUNNING:
                what = READY if card in self.todo else NEXT_TICK
        if what == READY:
            self._ready(card, self.time)
        elif what in (END, END_OF_EARLIER) and self._review(card):
            self._event(self.time + self._review(card), ACCEPT, card)
        elif what != NEXT_TICK:
            for child in self.kids.get(card, ()):
                self.open[child] -= 1
                self._ready(child, self.time)

    def _review(self, card: CardId) -> int:
        known = self.board.cards.get(card)
        return review_of(self.board, self.question, known) if known else 0

    def result(self) -> Simulated:
        """Return the result of the simulation."""
        bars = sorted(self.bars, key=lambda bar: (bar.start, bar.card, bar.slot))
        end = max((bar.end for bar in bars), default=self.begun)
        begun = {bar.card for bar in bars if not bar.ran}
        left = len(self.todo.keys() - begun) if self.events else 0
        never = () if left else tuple(sorted(self._list_never_started(begun)))
        waited = dict(sorted(self.waited.items()))
        return Simulated(
            self.begun, tuple(bars), max(0, end - self.begun), never, waited=waited, left=left
        )

    def _list_never_started(self, ran: Collection[CardId]) -> list[Hold]:
        holds = []
        for card in self.board.cards.values():
            if card.status != TODO or card.id in ran:
                continue
            came = not self.open.get(card.id, 1) and due(self.board, card, self.time) <= self.time
            then = card._replace(parents=(), not_before=0) if came else card
            hold = self.reasons.of_card(then)
            worker = self.board.worker_of(card)
            needs = needs_of(card, worker) if worker else ()
            full = self.blocks.get(card.worker, {}).get(needs)
            if hold is None and full:
                hold = of_limit(card.id, full.code, limit_words(full, self.room))
            if hold:
                holds.append(hold)
        return holds


def _limit_key(full: Full) -> Key:
    """The limit at which waiting counts: for a keep the kept one, for a reserve the host's."""
    kind = full.kind or (limits.HOST if full.code == limits.RESERVE else full.code)
    return kind, "" if kind in (limits.HOST, limits.STARTS, limits.SHARED_CHECKOUT) else full.name
