"""Random boards with what is observed of them, and an oracle that counts limits the plain way.

The oracle shares no code with the scheduler: it counts runs card by card, from the definitions.
"""

from collections import Counter
from collections.abc import Iterable
from random import Random
from typing import NamedTuple

from gitkanban.core.model import (
    DONE,
    POOL,
    RUNNING,
    SHARED,
    STATUSES,
    TODO,
    WORKTREE,
    Board,
    Card,
    Config,
    Pause,
    Worker,
)
from gitkanban.core.tick.facts import (
    AgentFault,
    AgentState,
    Exit,
    NoProgram,
    Observed,
    Quota,
    RunFacts,
)
from gitkanban.core.tick.schedule import PATIENCE, Scheduled, Start

NOW = 1_764_000_000
HERE, THERE = "here", "there"
CAPACITIES = ("build", "browser", "gpu")


class World(NamedTuple):
    """A board and what is observed of it."""

    board: Board
    seen: Observed


def world(rng: Random, cards: int) -> World:
    """Any world of so many cards. Half of them are odd: broken links, foreign runs, orphans,
    overfull limits. The others are busy: most cards could start, and contend for everything."""
    odd = rng.random() < 0.5
    config = _config(rng, odd)
    names = [f"c{at:02}" for at in range(cards)]
    made = {name: _card(rng, name, names, config, odd) for name in names}
    board = Board(
        "main",
        "",
        config,
        _with_slots(rng, made, config),
        paused={name: Pause(name) for name in config.workers if odd and rng.random() < 0.2},
        archived=frozenset({"old"}),
    )
    return World(board, _seen(rng, board))


def _config(rng: Random, odd: bool) -> Config:
    workers = {}
    for at in range(rng.randint(1, 4)):
        name = f"w{at}"
        limit = rng.choice((1, 1, 2, 3))
        workers[name] = Worker(
            name,
            f"p{rng.randint(0, 1)}",
            mode=POOL,
            max_concurrency=limit,
            workspace_policy=rng.choice((WORKTREE, WORKTREE, SHARED)) if limit == 1 else WORKTREE,
            command=() if odd and rng.random() < 0.1 else ("agent",),
            weight=rng.randint(1, 3),
            reserve=rng.choice((0, 0, 0, 1, 2)),
            needs=_needs(rng),
            memory=rng.choice(("", "read-write")),
            memory_path=rng.choice(("", "~/m")),
            fallback=rng.choice(("", "", "w0", "w1")),
        )
    for name, worker in workers.items():
        if worker.fallback not in workers or worker.fallback == name:
            workers[name] = worker._replace(fallback="")
    return Config(
        max_concurrency=rng.randint(1, 6),
        max_starts_per_tick=rng.choice((0, 0, 0, 1, 2)),
        workers=workers,
        profiles={"p0": rng.randint(1, 4)} if rng.random() < 0.5 else {},
        capacities={
            name: rng.randint(1, 3) for name in CAPACITIES[: rng.randint(0, 3) if odd else 3]
        },
    )


def _needs(rng: Random) -> tuple[tuple[str, int], ...]:
    if rng.random() < 0.6:
        return ()
    return tuple(
        sorted((name, rng.randint(1, 2)) for name in rng.sample(CAPACITIES, rng.randint(1, 2)))
    )


def _card(rng: Random, name: str, names: list[str], config: Config, odd: bool) -> Card:
    workers = list(config.workers)
    if not odd:
        status = rng.choice((TODO, TODO, TODO, RUNNING))
        return Card(name, worker=rng.choice(workers), status=status, needs=_needs(rng))
    workers = workers * 5 + ["", "nobody"]
    status = rng.choice((TODO,) * 8 + (RUNNING,) * 3 + (DONE,) * 3 + STATUSES)
    pool = [*names, "old", "gone"] if rng.random() < 0.3 else [n for n in names if n < name]
    return Card(
        name,
        worker=rng.choice(workers),
        status=status,
        priority=rng.randint(-1, 2),
        parents=tuple(rng.sample(pool, min(len(pool), rng.choice((0, 0, 1, 2))))),
        needs=_needs(rng),
        not_before=rng.choice((0,) * 8 + (NOW, NOW + 60)),
    )


def _with_slots(rng: Random, cards: dict[str, Card], config: Config) -> dict[str, Card]:
    for name, card in cards.items():
        if card.status == RUNNING:
            worker = config.workers.get(card.worker)
            profile = worker.profile if worker and rng.random() < 0.9 else "p1"
            slot = f"{profile}#{rng.randint(1, 4)}"
            while any(other.slot == slot for other in cards.values()):
                slot = f"{profile}#{rng.randint(1, 99)}"
            host = rng.choice((HERE, HERE, THERE))
            cards[name] = card._replace(run=f"run-{name}", slot=slot, clone=host, host=host)
    return cards


def _seen(rng: Random, board: Board) -> Observed:
    facts = []
    used = {card.slot for card in board.cards.values()}
    for name, card in board.cards.items():
        if rng.random() < 0.9:
            continue
        slot = f"p0#{rng.randint(1, 9)}"
        if slot not in used:
            used.add(slot)
            exit_ = rng.choice((None, Exit(NOW, "exited")))
            facts.append(
                RunFacts(
                    f"late-{name}", name, card.worker, "p0", slot, NOW - 60, needs=_needs(rng),
                    phase=rng.choice(("live", "ended")), exit=exit_, shared=rng.random() < 0.2,
                )
            )  # fmt: skip
    config = board.config or Config()
    names = list(config.workers)
    waits = (0, 5, PATIENCE - 1, PATIENCE, 3 * PATIENCE)
    return Observed(
        NOW,
        HERE,
        HERE,
        runs=tuple(facts),
        busy_slots=frozenset(f"p{n}#{n + 1}" for n in range(2) if rng.random() < 0.15),
        untrusted={name: "new" for name in names if rng.random() < 0.05},
        missing={name: NoProgram("agent", "not on PATH") for name in names if rng.random() < 0.05},
        ready_since={name: NOW - rng.choice(waits) for name in board.cards if rng.random() < 0.7},
        served={
            name: rng.choice((0.0, 0.5, 1.0, 7.0)) for name in ["", *names] if rng.random() < 0.5
        },
        standstill="a rebase" if rng.random() < 0.02 else "",
        agents=AgentState(
            {name: Quota(NOW - 60, NOW + 60) for name in ("p0", "p1") if rng.random() < 0.25},
            {name: AgentFault(NOW, "401", "", "") for name in names if rng.random() < 0.05},
        ),
    )


class Count(NamedTuple):
    """One run, in the plain words of the limits it counts against."""

    worker: str
    profile: str
    needs: dict[str, int]
    shared: bool
    memory: bool
    here: bool


def counts(board: Board, seen: Observed) -> list[Count]:
    """Every run there is: running cards, orphans that may be alive, locks of nobody known."""
    config = board.config or Config()
    found, slots = [], set()
    for card in board.cards.values():
        if card.status == RUNNING:
            worker = config.workers.get(card.worker)
            needs = dict(card.needs or (worker.needs if worker else ()))
            slots.add(card.slot)
            found.append(_count(worker, card.worker, card.slot, needs, card.host == seen.host))
    current = {card.run for card in board.cards.values() if card.status == RUNNING}
    for run in seen.runs:
        if run.run not in current and (run.alive or not run.exit):
            slots.add(run.slot)
            one = _count(
                config.workers.get(run.worker), run.worker, run.slot, dict(run.needs), True
            )
            found.append(one._replace(shared=one.shared or run.shared))
    for slot in seen.busy_slots - slots:
        found.append(_count(None, "", slot, {}, True))
    return found


def _count(worker: Worker | None, name: str, slot: str, needs: dict[str, int], here: bool) -> Count:
    shared = worker is not None and worker.workspace_policy == SHARED
    memory = (
        worker is not None and bool(worker.memory_path) and worker.memory_policy == "read-write"
    )
    return Count(name, slot.rpartition("#")[0], needs, shared, memory, here)


def levels(board: Board, runs: Iterable[Count]) -> dict[tuple[str, str], tuple[int, int]]:
    """(kind, name) -> (taken, limit) of every limit there is."""
    config = board.config or Config()
    runs = list(runs)
    found = {("host", ""): (sum(run.here for run in runs), config.max_concurrency)}
    found["shared", ""] = (sum(run.shared for run in runs), 1)
    for name, worker in config.workers.items():
        found["worker", name] = (sum(run.worker == name for run in runs), worker.max_concurrency)
    for profile in {worker.profile for worker in config.workers.values()}:
        mine = [run for run in runs if run.profile == profile]
        largest = max(w.max_concurrency for w in config.workers.values() if w.profile == profile)
        found["profile", profile] = (len(mine), config.profiles.get(profile, largest))
        found["memory", profile] = (sum(run.memory for run in mine), 1)
    for name in CAPACITIES:
        taken = sum(run.needs.get(name, 0) for run in runs)
        found["capacity", name] = (taken, config.capacities.get(name, 0))
    return found


def reserved(board: Board, runs: Iterable[Count]) -> dict[str, int]:
    """worker -> slots of this host that must still be kept free for it."""
    config, runs = board.config or Config(), list(runs)
    found = {}
    for name, worker in config.workers.items():
        here = sum(run.worker == name and run.here for run in runs)
        elsewhere = sum(run.worker == name and not run.here for run in runs)
        most = min(of_use(config, worker), worker.max_concurrency - elsewhere)
        found[name] = max(0, most - here)
    return found


def of_use(config: Config, worker: Worker) -> int:
    """How much of a worker's reserve its limits can ever let run."""
    one = _count(worker, worker.name, f"{worker.profile}#0", dict(worker.needs), True)
    for count in range(worker.reserve):
        taken = levels(Board("main", "", config, {}), [one] * (count + 1))
        del taken["host", ""]
        if any(much > limit for much, limit in taken.values()):
            return count
    return worker.reserve


def after(board: Board, seen: Observed, starts: Iterable[Start]) -> Board:
    """The board once the starts are committed."""
    cards = dict(board.cards)
    for start in starts:
        cards[start.card] = cards[start.card]._replace(
            status=RUNNING, run=f"run-{start.card}", slot=start.slot, host=seen.host,
            worker=start.worker,  # as this clone's own run says it
            clone=seen.clone, not_before=0,
        )  # fmt: skip
    return board._replace(cards=cards)


def stood_in(board: Board, seen: Observed) -> Board:
    """The board with each card at the worker that may take it: while the quota of its own one's
    profile is used up, and nothing else holds that one, the fallback if nothing holds it."""
    config = board.config or Config()
    unlimited = seen._replace(agents=seen.agents._replace(quotas={}))
    cards = dict(board.cards)
    for name, card in cards.items():
        own = config.workers.get(card.worker)
        if (
            own and own.fallback and card.status == TODO
            and _is_limited(seen, own.profile)
            and not _idle(board, unlimited, own.name)
            and not _idle(board, seen, own.fallback)
        ):  # fmt: skip
            cards[name] = card._replace(worker=own.fallback)
    return board._replace(cards=cards)


def violations(board: Board, seen: Observed, done: Scheduled) -> list[str]:
    """What is wrong with a schedule; empty when all is well."""
    board = stood_in(board, seen)
    config = board.config or Config()
    wrong: list[str] = []
    before = counts(board, seen)
    then = after(board, seen, done.starts)
    runs = counts(then, seen)
    was, now = levels(board, before), levels(then, runs)
    for key, (taken, limit) in now.items():
        if taken > max(limit, was[key][0]):
            wrong.append(f"{key}: {taken} of {limit}, before {was[key][0]}")
    for start in done.starts:
        wrong += _wrong_start(board, seen, start)
    slots = [start.slot for start in done.starts]
    if len(set(slots)) < len(slots):
        wrong.append(f"a slot is given twice: {slots}")
    if config.max_starts_per_tick and len(slots) > config.max_starts_per_tick:
        wrong.append("too many starts")
    kept = reserved(then, runs)
    usable = {n: 0 if _idle(board, seen, n) else count for n, count in kept.items()}
    here = Counter(run.worker for run in runs if run.here)
    own = {name: of_use(config, worker) for name, worker in config.workers.items()}
    beyond = [s for s in done.starts if here[s.worker] > own[s.worker]]
    if beyond and now["host", ""][0] + sum(usable.values()) > config.max_concurrency:
        wrong.append(f"a reserve is taken by {beyond}")
    todo = {card.id for card in board.cards.values() if card.status == TODO}
    answered = [start.card for start in done.starts] + [held.card for held in done.holds]
    if sorted(answered) != sorted(todo):
        wrong.append(f"not every todo card starts or is held, once: {answered}")
    wrong += _idle_room(board, seen, done, then, runs)
    return wrong


def _is_limited(seen: Observed, profile: str) -> bool:
    quota = seen.agents.quotas.get(profile)
    return quota is not None and quota.until > seen.now


def _idle(board: Board, seen: Observed, name: str) -> bool:
    worker = (board.config or Config()).workers[name]
    if name in board.paused or name in seen.untrusted or name in seen.missing:
        return True
    if name in seen.agents.faults or _is_limited(seen, worker.profile):
        return True
    return not (worker.command or worker.runner)


def eligible(board: Board, seen: Observed, card: Card) -> bool:
    """Whether nothing but limits can hold a card back."""
    config = board.config or Config()

    def done(parent: str) -> bool:
        there = board.cards.get(parent)
        return there.status == DONE if there else parent in board.archived

    return (
        card.status == TODO
        and card.not_before <= seen.now
        and all(done(parent) for parent in card.parents)
        and card.worker in config.workers
        and not _idle(board, seen, card.worker)
        and not seen.standstill
        and not any(r.card == card.id and (r.alive or not r.exit) for r in seen.runs)
    )


def _wrong_start(board: Board, seen: Observed, start: Start) -> list[str]:
    wrong = []
    worker = (board.config or Config()).workers[start.worker]
    if not eligible(board, seen, board.cards[start.card]):
        wrong.append(f"{start.card} starts and may not")
    profile, number = start.slot.split("#")
    if profile != worker.profile or start.profile != profile or int(number) < 1:
        wrong.append(f"{start.card} sits in {start.slot}")
    taken = {card.slot for card in board.cards.values() if card.status == RUNNING}
    if start.slot in taken | seen.busy_slots:
        wrong.append(f"{start.slot} is taken")
    return wrong


def _idle_room(
    board: Board, seen: Observed, done: Scheduled, then: Board, runs: list[Count]
) -> list[str]:
    """Cards that wait though everything they ask for is free and kept for nobody."""
    config = board.config or Config()
    wrong = []
    if config.max_starts_per_tick and len(done.starts) >= config.max_starts_per_tick:
        return []
    for held in done.holds:
        card = board.cards[held.card]
        if not eligible(board, seen, card) or not fits(then, seen, runs, card):
            continue
        keeper = next((k for k in board.cards if held.text.endswith(f"{k}, which has waited a long time")
                       or f"{k}, which has waited a long time;" in held.text), "")  # fmt: skip
        if held.code != "kept" or not keeper:
            wrong.append(f"{card.id} waits beside free room: {held}")
        elif seen.now - seen.ready_since.get(keeper, seen.now) < PATIENCE:
            wrong.append(f"{keeper} keeps and has not waited")
        elif not eligible(board, seen, board.cards[keeper]) or fits(
            then, seen, runs, board.cards[keeper]
        ):
            wrong.append(f"{keeper} keeps and could start, or never could")
        elif fits_beside(then, seen, runs, card, board.cards[keeper]):
            wrong.append(f"{card.id} would leave {keeper} what it needs")
    return wrong


def fits(board: Board, seen: Observed, runs: list[Count], card: Card) -> bool:
    """Whether one more run would exceed nothing."""
    worker = (board.config or Config()).workers[card.worker]
    needs = dict(card.needs or worker.needs)
    more = _count(worker, card.worker, f"{worker.profile}#0", needs, True)
    was, now = levels(board, runs), levels(board, [*runs, more])
    asked = [key for key in now if now[key] != was[key]]
    if any(now[key][0] > now[key][1] for key in asked):
        return False
    here = sum(run.worker == worker.name and run.here for run in runs)
    if here < of_use(board.config or Config(), worker):
        return True
    kept = reserved(board, runs)
    others = sum(
        count
        for name, count in kept.items()
        if name != worker.name and not _idle(board, seen, name)
    )
    return was["host", ""][0] + others < was["host", ""][1]


def fits_beside(board: Board, seen: Observed, runs: list[Count], card: Card, keeper: Card) -> bool:
    """Whether a card would fit if the keeper sat in its slot already, and, where such a slot is
    free, had all it needs but the host's."""
    worker = (board.config or Config()).workers[keeper.worker]
    slot = f"{worker.profile}#0"
    seat = _count(None, worker.name, slot, {}, False)
    now = levels(board, [*runs, seat])
    limits = (now["worker", worker.name], now["profile", worker.profile])
    if all(taken <= limit for taken, limit in limits):
        needs = dict(keeper.needs or worker.needs)
        seat = _count(worker, worker.name, slot, needs, False)
    return fits(board, seen, [*runs, seat], card)
