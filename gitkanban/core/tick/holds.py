"""Why a card does not start, in words with names and numbers: `Hold`, for tick, status and why.

It knows no limits: `room` says which one is full, `limit_words` puts that into words, and
`schedule` decides whose turn it is.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

from gitkanban.core import graph
from gitkanban.core.agents.presets import choice_fault
from gitkanban.core.backoff import describe_excess, due
from gitkanban.core.cutting import one_line
from gitkanban.core.ids import fault
from gitkanban.core.model import (
    BACKLOG,
    BLOCKED,
    DROPPED,
    NEEDS_INPUT,
    REVIEW,
    RUNNING,
    TODO,
    Board,
    Card,
    Problem,
    Worker,
)
from gitkanban.core.model import CONFIG as BLOCKED_CONFIG
from gitkanban.core.names import NO_CARD, CardId, WorkerName
from gitkanban.core.split_cards import open_cards
from gitkanban.core.tick import agent_state, limits
from gitkanban.core.tick.absence import absence_words, fetch_hint
from gitkanban.core.tick.budget import Ledger, has_any
from gitkanban.core.tick.facts import NoProgram, Observed
from gitkanban.core.tick.limits import needs_of, too_much
from gitkanban.core.tick.unattended import accepts
from gitkanban.core.time_words import about, marked
from gitkanban.typed import NamedTuple

# Codes of holds, besides the kinds and codes of `limits`.
PARENTS = "parents"  # a parent runs or may run
NOT_HERE = "not-here"  # a parent is done, but its work is not in this clone's base
RING = "ring"
NOT_BEFORE = "not-before"
NO_WORKER = "no-worker"
UNKNOWN_WORKER = "unknown-worker"
NO_COMMAND = "no-command"
CONFIG = "config"
STILL_RUNNING = "still-running"  # an earlier run of the card has not ended
STANDSTILL = "standstill"
PAUSED = "paused"
UNTRUSTED = "untrusted"
NO_PROGRAM = "no-program"  # a program that the worker runs is not on this machine
MISCONFIGURED = "misconfigured"  # its agent is not logged in here, or is set up wrongly
ENGINE = "engine"  # the batch system that its sessions run on does not answer
QUOTA = "quota"  # the service of its profile asked to come back later
QUOTA_ASKS = "quota-asks"  # the service did so too often in a row
CHOICE = "choice"  # the card chooses a model or an effort that its worker does not offer
BUDGET = "budget"  # the card's budget is spent
BUDGET_DAY = "budget-day"  # the daily budget of its worker or of the board is spent

# Holds of a todo card that pass only when somebody changes the card, the config, the trust or the
# machine.
FOR_PEOPLE = frozenset(
    (
        *(BUDGET, CHOICE, CONFIG, MISCONFIGURED, NO_COMMAND, NO_PROGRAM, NO_WORKER, PAUSED),
        *(QUOTA_ASKS, RING, UNKNOWN_WORKER, UNTRUSTED),
        limits.NEVER,
    )
)

EVERYBODY = WorkerName("*")  # the name that stands for all workers in a pause

NAMES_MOST = 5
RING_MOST = 8


class Hold(NamedTuple):
    """The first thing that holds a card back.

    `frees` says what would free the card; `at` is the earliest time at which that is known to
    happen, in epoch seconds; 0: unknown.
    """

    card: CardId
    code: str
    text: str
    frees: str = ""
    at: int = 0

    @property
    def is_ready(self) -> bool:
        """Whether the card is ready nevertheless: its parents are done and its time has come."""
        return self.code not in (NOT_BEFORE, NOT_HERE, PARENTS, RING) and not self.code.startswith(
            "parent-"
        )


class Holds(Collection[Hold]):
    """Holds that are put into words once they are read: most ticks only count them.

    It equals any collection of the same holds in the same order.
    """

    def __init__(self, count: int, find: Callable[[], Iterable[Hold]]) -> None:
        self._count = count
        self._find = find
        self._holds: tuple[Hold, ...] | None = None

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Hold]:
        if self._holds is None:
            self._holds = tuple(self._find())
        return iter(self._holds)

    def __contains__(self, hold: object) -> bool:
        return any(each == hold for each in self)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Collection) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return repr(tuple(self))


class _OfWorker(NamedTuple):
    """Why a worker starts nothing; `{id}` in `frees` stands for the card."""

    code: str
    text: str
    frees: str
    at: int = 0

    def of(self, card: CardId) -> Hold:
        return Hold(card, self.code, self.text, self.frees.replace("{id}", card), at=self.at)


class Reasons:
    """The holds of one board at one moment; what several cards share is computed once.

    With `to_cache` the words can be cached: times stay marks for `time_words.worded`.
    """

    def __init__(self, board: Board, observed: Observed, to_cache: bool = False) -> None:
        self._board = board
        self._observed = observed
        self._to_cache = to_cache
        self._roots: dict[CardId, graph.Root] | None = None
        self._stuck: dict[CardId, Hold] = {}  # why a card at the end of a chain cannot start
        self._rings: dict[str, list[CardId]] | None = None
        self._live = {run.card: run.run for run in observed.runs if run.alive or run.exit is None}
        self._workers: dict[str, _OfWorker | None] = {}
        self._takers: dict[WorkerName, WorkerName] = {}
        self._ledger = Ledger(board, observed)
        self._free_kinds: set[object] = set()  # of cards that only their own fields can hold back
        self._budgets = board.config is not None and has_any(board.config)

    def of_card(self, card: Card) -> Hold | None:
        """What holds a todo card back, leaving limits aside; None if nothing does."""
        if card.parents:
            waits = graph.unfinished(self._board, card)
            if waits:
                return self._parents(card, waits)
            away = [parent for parent in card.parents if parent in self._observed.elsewhere]
            if away:
                return self._of_absent(card, away)
        now = self._observed.now
        at = due(self._board, card, now) if card.not_before else 0
        if at > now:
            excess = describe_excess(self._board, card, now)
            text = f"not before{self._time(at)}{f'; {excess}' if excess else ''}"
            return Hold(card.id, NOT_BEFORE, text, "time", at=at)
        hold = self._ask_worker(self.worker_for(card))
        if hold and hold.code in (NO_WORKER, UNKNOWN_WORKER, NO_COMMAND, CONFIG):
            return hold.of(card.id)
        if card.id in self._live:
            text = f"its run {self._live[card.id]} has not ended yet"
            return Hold(card.id, STILL_RUNNING, text, "the end of that run")
        if self._observed.standstill:
            return Hold(card.id, STANDSTILL, self._observed.standstill, "the end of that")
        if hold:
            return hold.of(card.id)
        kind = card.worker, card.model, card.effort, card.needs
        if kind in self._free_kinds:  # as most cards of a board are
            return None
        own = self._of_choice(card) or self._of_budget(card) or self._find_impossible(card)
        if own is None and not self._budgets:
            self._free_kinds.add(kind)
        return own

    def worker_for(self, card: Card) -> WorkerName:
        """The worker that takes the card now.

        That is the card's own worker; or, while the quota of its profile is used up, the fallback,
        if it can start anything.
        """
        if card.worker not in self._takers:
            self._takers[card.worker] = self._find_taker(card)
        return self._takers[card.worker]

    def _find_taker(self, card: Card) -> WorkerName:
        worker = self._board.worker_of(card)
        hold = self._ask_worker(card.worker) if worker and worker.fallback else None
        if not worker or not hold or hold.code not in (QUOTA, QUOTA_ASKS):
            return card.worker
        return card.worker if self._ask_worker(worker.fallback) else worker.fallback

    def _of_choice(self, card: Card) -> Hold | None:
        worker = self._board.worker_of(card)
        key, value = choice_fault(worker, card) if worker else ("", "")
        if not key:
            return None
        text = f"asks for {key} {value}, which {card.worker} does not offer"
        frees = f"`gitkanban edit {card.id} --{key} ''`, or `{key}s:` of {card.worker}"
        return Hold(card.id, CHOICE, text, frees)

    def _of_budget(self, card: Card) -> Hold | None:
        config = self._board.config
        use = self._ledger.over(card, config.workers.get(self.worker_for(card)) if config else None)
        if use is None:
            return None
        if use.kind == "card":
            return Hold(card.id, BUDGET, use.text, use.frees)
        return Hold(card.id, BUDGET_DAY, use.text, use.frees, at=self._ledger.midnight())

    def _of_absent(self, card: Card, away: list[CardId]) -> Hold:
        """The hold of a card whose parents are done, but whose work is not in this clone's base."""
        first, base = self._observed.elsewhere[away[0]], self._observed.base or "base"
        whose = f"{away[0]}'s work" if len(away) == 1 else f"the work of {some(away)}"
        where = f" (merged on {first.host})" if first.host and len(away) == 1 else ""
        text = f"waits for {whose}, which is not in {base} here{where}"
        frees = f"commit {first.commit[:10]} in {base} here, or"
        if away[0] not in self._board.cards:  # an archived card cannot be changed any more
            return Hold(card.id, NOT_HERE, text, f"{frees} `gitkanban unlink {card.id} {away[0]}`")
        way_out = f"`gitkanban done {away[0]}` if {base} has its work by other commits"
        return Hold(card.id, NOT_HERE, text, f"{frees} {way_out}")

    def _find_impossible(self, card: Card) -> Hold | None:
        """The hold of a card that asks for more of a capacity than there is; else None."""
        config = self._board.config
        worker = config.workers.get(self.worker_for(card)) if config else None
        full = too_much(config, needs_of(card, worker)) if config and worker else None
        if full is None:
            return None
        if not full.limit:
            text, way_out = (
                f"needs {full.name}, which config.yaml does not have",
                "`capacities: {}`",
            )
        else:
            text = f"needs {full.amount} of {full.name}, of which there are {full.limit}"
            way_out = "a larger `capacities: {}`"
        return Hold(card.id, limits.NEVER, text, way_out.format(full.name))

    def _ask_worker(self, name: WorkerName) -> _OfWorker | None:
        if name not in self._workers:
            self._workers[name] = self._of_worker(name)
        return self._workers[name]

    def _of_worker(self, name: WorkerName) -> _OfWorker | None:
        config = self._board.config
        if config is None:
            return _OfWorker(
                CONFIG, "config.yaml cannot be read", "its repair; see `gitkanban check`"
            )
        if not name:
            way_out = "`gitkanban edit {id} --worker NAME`"
            if not config.workers and not config.faulty:
                way_out = f"`gitkanban workers add NAME`, then {way_out}"
            return _OfWorker(NO_WORKER, "nobody is assigned", way_out)
        worker = config.workers.get(name)
        if name in config.faulty:
            text = f"worker {name} has a mistake ({config.faulty[name].located})"
            return _OfWorker(CONFIG, text, "its repair in config.yaml")
        if worker is None:
            way_out = "a worker of that name" if fault(name) else f"`gitkanban workers add {name}`"
            return _OfWorker(UNKNOWN_WORKER, f"config names no worker {name}", way_out)
        if not worker.command and not worker.runner:
            return _OfWorker(
                NO_COMMAND, f"{name} has neither runner nor command", "a command in config.yaml"
            )
        for paused, who, way_out in ((EVERYBODY, "every worker", "--all"), (name, name, name)):
            if paused in self._board.paused:
                pause = self._board.paused[paused]
                why = f": {pause.why}" if pause.why else ""
                return _OfWorker(PAUSED, f"{who} is paused{why}", f"`gitkanban resume {way_out}`")
        if name in self._observed.untrusted:
            why = self._observed.untrusted[name]
            return _OfWorker(UNTRUSTED, f"{name} is not trusted: {why}", "`gitkanban trust`")
        if name in self._observed.missing:
            way_out = "installing it, or `gitkanban trust` in a shell that has it on PATH"
            return _OfWorker(NO_PROGRAM, missing_words(self._observed.missing[name]), way_out)
        if worker.executor in self._observed.unready:
            why = self._observed.unready[worker.executor]
            text = f"executor {worker.executor} can start nothing: {why}"
            return _OfWorker(ENGINE, text, "its answer; each tick asks again")
        return self._of_agent(worker)

    def _of_agent(self, worker: Worker) -> _OfWorker | None:
        """The fault or quota of the worker's agent that earlier runs here have shown, or None."""
        now, agents = self._observed.now, self._observed.agents
        if worker.name in agents.faults:
            text = agent_state.fault_words(worker.name, agents.faults[worker.name])
            return _OfWorker(MISCONFIGURED, text, agent_state.fault_way_out(worker.name))
        quota = agent_state.quota_now(agents, worker.profile, now)
        if quota is None:
            return None
        text = agent_state.quota_words(worker.profile, quota, self._time)
        if agent_state.asks_person(quota):
            return _OfWorker(QUOTA_ASKS, text, f"`gitkanban resume {worker.name}`")
        return _OfWorker(QUOTA, text, "time", quota.until)

    def stops_worker(self, name: WorkerName) -> bool:
        """Whether a worker cannot start anything now, however much room there is."""
        return self._ask_worker(name) is not None

    def _parents(self, card: Card, waits: tuple[CardId, ...]) -> Hold:
        roots = self._chains()
        root = roots[card.id]
        if root.state == graph.RING:
            ring = self._ring(root.card)
            link = f"`gitkanban unlink {ring[0]} {ring[1 % len(ring)]}`"
            frees = link if len(ring) == 1 else f"{link}, or another of its links"
            return Hold(card.id, RING, f"waits in a cycle: {_ring_words(ring)}", frees)
        if root.state in (RUNNING, TODO, graph.MOVING):
            words = [f"{one} ({graph.state(self._board, one)})" for one in waits[:NAMES_MOST]]
            text = f"waits for {some(words, len(waits))}"
            return Hold(card.id, PARENTS, text, f"{some(list(waits))} done", at=self._ahead(root))
        via = ""
        if root.card not in waits:
            first = next(p for p in waits if roots.get(p) == root)
            via = f"{first}, behind "
        text = f"waits for {via}{root.card}, which {self._predicate(root)}"
        frees = self._way_out(root, NO_CARD if via else card.id)
        return Hold(card.id, f"parent-{root.state}", text, frees)

    def _chains(self) -> dict[CardId, graph.Root]:
        if self._roots is None:
            self._roots = graph.roots(self._board, self._ends())
        return self._roots

    def _ends(self) -> dict[CardId, str]:
        """The ends of chains that are MOVING or STUCK, which their status does not show."""
        ends = {}
        for card in open_cards(self._board.cards):
            if card.status == REVIEW and self.moves(card):
                ends[card.id] = graph.MOVING
            elif card.status == TODO and not graph.unfinished(self._board, card):
                hold = self.of_card(card)
                if hold and hold.code in FOR_PEOPLE:
                    self._stuck[card.id] = hold
                    ends[card.id] = graph.STUCK
        return ends

    def moves(self, card: Card) -> bool:
        """Whether the next tick accepts a card in review."""
        observed = self._observed
        if card.id in observed.refused or card.id in observed.elsewhere:
            return False
        return accepts(self._board, card)

    def _ahead(self, root: graph.Root) -> int:
        """The earliest start of the card at the end of a chain (epoch seconds); 0: now."""
        now = self._observed.now
        at = due(self._board, self._board.cards[root.card], now) if root.state == TODO else 0
        return at if at > now else 0

    def _predicate(self, root: graph.Root) -> str:
        """What is wrong with the card at the end of a chain, as a verb phrase."""
        if root.state == graph.MISSING:
            return "does not exist"
        if root.state == graph.BROKEN:
            problem = next(
                (p for p in self._board.problems if p.card == root.card), Problem("", 0, 0, "")
            )
            return f"cannot be read ({problem.file}:{problem.line}: {problem.message})"
        if root.state == graph.STUCK:
            return f"cannot start: {self._stuck[root.card].text}"
        return self.status(self._board.cards[root.card])

    def status(self, card: Card) -> str:
        """The status of a card as a verb phrase: `has been blocked for 2 h: needs-input`."""
        began = self._began_at(card)
        since = self._time(began) if began else ""  # empty, too, in its first second
        is_now = "has been" if began else "is"
        if card.status == BLOCKED:
            why = f" ({one_line(card.why)})" if card.why else ""
            return f"{is_now} blocked{since}: {card.reason or 'no reason given'}{why}"
        if card.status == REVIEW:
            refused = self._observed.refused.get(card.id)
            why = f"; tick could not accept it: {refused}" if refused else ""
            if card.id in self._observed.elsewhere:
                why = f"; {absence_words(self._observed.elsewhere[card.id])}"
            return f"{is_now} in review{since}{why}"
        if card.status == RUNNING:
            facts = next((run for run in self._observed.runs if run.run == card.run), None)
            if facts and facts.executor:
                from gitkanban.core.tick.jobs import run_words  # late: few boards have executors

                return (
                    f"is {run_words(facts)}"
                    if facts.phase != "live"
                    else f"runs in {card.slot or '?'} at {run_words(facts)}"
                )
            return f"runs in {card.slot or '?'} on {card.host or '?'}"
        return f"is {card.status}" if card.status != TODO else "may run"

    def _began_at(self, card: Card) -> int:
        """When its last run left the card in its status (epoch seconds); 0: unknown."""
        runs = self._board.runs_of(card.id)
        if not runs or (card.status == BLOCKED and runs[-1].why != card.why):
            return 0  # never run, or somebody has blocked it after its last run
        return runs[-1].ended if runs[-1].ended <= self._observed.now else 0

    def _time(self, at: int) -> str:
        return marked(at) if self._to_cache else about(at, self._observed.now)

    def _ring(self, smallest: CardId) -> list[CardId]:
        if self._rings is None:
            self._rings = {ring[0]: ring for ring in graph.rings(self._board)}
        return self._rings[smallest]

    def way_out(self, card: Card) -> str:
        """What would free a card that is not todo, in words."""
        return self._way_out(graph.Root(card.id, card.status), NO_CARD)

    def _way_out(self, root: graph.Root, child: CardId) -> str:
        """What would free the cards behind the end of a chain; `child` waits for it directly."""
        if root.state == BACKLOG:  # most open cards, often
            return f"`gitkanban approve {root.card}`"
        name, card = root.card, self._board.cards.get(root.card)
        if root.state == graph.STUCK:
            return self._stuck[name].frees
        if root.state == REVIEW and name in self._observed.elsewhere:
            return fetch_hint(name, self._observed.elsewhere[name])
        if root.state == REVIEW and card and accepts(self._board, card):
            again = "the end of that; each tick tries again"
            return again if name in self._observed.refused else "the next tick"
        if card and card.status == BLOCKED and card.reason == BLOCKED_CONFIG:
            fault = self._observed.agents.faults.get(card.worker)
            if fault and fault.card == name:
                return agent_state.fault_way_out(card.worker)
        if card and card.status == RUNNING:
            facts = next((run for run in self._observed.runs if run.run == card.run), None)
            if facts and facts.phase == "unreachable":
                gone = f"`gitkanban reclaim {name} --from {card.clone}`"
                return f"an answer of its node; if that is gone for good, {gone}"
        answer = ' --why "your answer"' if card and card.reason == NEEDS_INPUT else ""
        unlink = f"`gitkanban unlink {child} {name}`" if child else "its children unlinked"
        return {
            graph.MISSING: f"a card {name}, or {unlink}",
            graph.BROKEN: f"a {name} that can be read",
            DROPPED: f"`gitkanban reopen {name}`, or {unlink}",
            BLOCKED: f"a person: `gitkanban show {name}`, then `gitkanban retry {name}{answer}`",
            REVIEW: f"`gitkanban accept {name}`",
            RUNNING: "the end of its session",
        }[root.state]


def missing_words(missing: NoProgram) -> str:
    """`cannot run claude: not on PATH`."""
    step = f" for {missing.step}" if missing.step else ""
    return f"cannot run {missing.program}{step}: {missing.fault}"


def _ring_words(ring: list[CardId]) -> str:
    """A ring in words, from its first card back to it; a long one is cut in the middle."""
    shown = ring if len(ring) <= RING_MOST else [*ring[: RING_MOST - 1], "…", ring[-1]]
    return " → ".join([*shown, ring[0]])


def some(names: Sequence[str], total: int = 0, joined: str = ", ") -> str:
    """The first few names, and how many more there are; `total` is their number if it is larger."""
    rest = (total or len(names)) - min(len(names), NAMES_MOST)
    return joined.join(names[:NAMES_MOST]) + (f" and {rest} more" if rest > 0 else "")
