"""Long histories on a virtual clock: limits at every moment, shares by weight, bounded waiting."""

from collections import Counter
from collections.abc import Callable
from heapq import heappop, heappush
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitkanban.core.model import BLOCKED, DONE, RUNNING, TODO, Board, Card, Pause
from gitkanban.core.tick.fair import LAG
from gitkanban.core.tick.schedule import AGE_STEP, PATIENCE, Hold, schedule
from tests.core.worlds import World, violations, world
from tests.support.boards import NOW, board, observed
from tests.support.examples import examples

TICK = 60  # seconds between ticks when nothing else happens
SEEDS = st.integers(0)


class History:
    """A board in time: sessions take as long as `lasts` says, and each end brings a tick."""

    def __init__(self, given: World, lasts: Callable[[Card], int]) -> None:
        self.cards = dict(given.board.cards)
        self.board, self.seen = given.board._replace(cards=self.cards), given.seen
        self.lasts = lasts
        self.log: list[tuple[int, str]] = []  # (when, card), in order of starting
        self.ends: list[tuple[int, str]] = []
        self.held: tuple[Hold, ...] = ()  # as of the last tick
        for card in self.cards.values():
            if card.status == RUNNING:
                heappush(self.ends, (self.now + lasts(card), card.id))

    @property
    def now(self) -> int:
        """The virtual time."""
        return self.seen.now

    def add(self, card: Card) -> None:
        """A card appears."""
        self.cards[card.id] = card

    def keeper(self) -> str:
        """The card that keeps something from another one; empty: none does."""
        kept = [held.text for held in self.held if held.code == "kept"]
        return kept[0].partition(" is kept for ")[2].partition(",")[0] if kept else ""

    def tick(self) -> list[str]:
        """Start what may start; which cards did."""
        done = schedule(self.board, self.seen)
        for start in done.starts:
            card = self.cards[start.card]
            self.cards[start.card] = card._replace(
                status=RUNNING, run=f"run-{card.id}", slot=start.slot, host=self.seen.host
            )
            heappush(self.ends, (self.now + self.lasts(card), card.id))
            self.log.append((self.now, start.card))
        self.held = done.holds
        self.seen = self.seen._replace(served=done.served, ready_since=done.ready_since)
        return [start.card for start in done.starts]

    def step(self, ended: Callable[[Card], Card] = lambda card: card._replace(status=DONE)) -> None:
        """Go on to the next end or to the next regular tick, whichever comes first."""
        later = self.now + TICK
        if self.ends:
            later = min(later, max(self.ends[0][0], self.now))
        self.seen = self.seen._replace(now=later)
        while self.ends and self.ends[0][0] <= later:
            card = self.cards[heappop(self.ends)[1]]
            self.cards[card.id] = ended(card._replace(run="", slot="", host="", clone=""))


@pytest.mark.slow
@examples(150)
@given(st.integers(1, 25), SEEDS)
def test_no_history_exceeds_a_limit_or_starts_a_card_before_its_parents(
    cards: int, seed: int
) -> None:
    rng = Random(seed)
    life = History(world(rng, cards), lambda card: rng.randint(1, 300))

    def ended(card: Card) -> Card:
        again = {"status": TODO, "not_before": life.now + 10}
        return card._replace(**rng.choice(({"status": DONE},) * 4 + ({"status": BLOCKED}, again)))

    for _ in range(40):
        assert violations(life.board, life.seen, schedule(life.board, life.seen)) == []
        life.tick()
        life.step(ended)
        if rng.random() < 0.2:
            life.board = _changed(rng, life.board)


def _changed(rng: Random, known: Board) -> Board:
    """Limits go up and down, workers are paused and resumed, while everything runs."""
    assert known.config is not None
    workers = {
        name: worker._replace(max_concurrency=rng.randint(1, 3), reserve=rng.choice((0, 0, 1)))
        for name, worker in known.config.workers.items()
    }
    capacities = {name: rng.randint(1, 3) for name in known.config.capacities}
    config = known.config._replace(
        workers=workers, capacities=capacities, max_concurrency=rng.randint(1, 6)
    )
    paused = {name: Pause(name) for name in workers if rng.random() < 0.1}
    return known._replace(config=config, paused=paused)


def crowd(weights: list[int], host: int) -> World:
    """Workers that contend for the host alone, as many cards each as will ever be asked for."""
    workers = "\n".join(f"w{at} pool {host} weight={w}" for at, w in enumerate(weights))
    lines = "\n".join(f"w{at}-{n} todo @w{at}" for at in range(len(weights)) for n in range(60))
    return World(board(lines, workers=f"{workers}\nhost {host}"), observed())


@pytest.mark.slow
@examples(60)
@given(st.lists(st.integers(1, 5), min_size=2, max_size=4), st.integers(1, 5), SEEDS)
def test_shares_stay_within_one_start_each_of_the_weights(
    weights: list[int], host: int, seed: int
) -> None:
    rng = Random(seed)
    life = History(crowd(weights, host), lambda card: rng.choice((1, 5, 20, 60)))
    while len(life.log) < 50:
        life.tick()
        life.step()
    served = [int(card[1]) for _, card in life.log]
    # Over every stretch: the widest gap between two workers' service, at most 1/w + 1/w'.
    for a, first in enumerate(weights):
        for b, second in enumerate(weights[:a]):
            lead = low = high = widest = 0.0
            for worker in served:
                lead += (worker == a) / first - (worker == b) / second
                low, high = min(low, lead), max(high, lead)
                widest = max(widest, lead - low, high - lead)
            assert widest <= 1 / first + 1 / second + 1e-9


@pytest.mark.slow
@examples(60)
@given(st.lists(st.integers(1, 5), min_size=2, max_size=4), st.integers(1, 4), SEEDS)
def test_a_waiting_worker_sees_a_bounded_number_of_starts_before_its_own(
    weights: list[int], host: int, seed: int
) -> None:
    rng = Random(seed)
    names = [f"w{at}" for at in range(len(weights))]
    life = History(
        World(crowd(weights, host).board._replace(cards={}), observed()),
        lambda card: rng.choice((1, 5, 90, 1000)),
    )
    passed: dict[str, Counter[str]] = {}
    for at in range(80):
        for name in names:  # workers come and go: some idle, some in bursts
            if rng.random() < 0.3:
                for n in range(rng.randint(1, 4)):
                    life.add(Card(f"{name}-{at}-{n}", worker=name))
        waiting = {card.worker for card in life.cards.values() if card.status == TODO}
        passed = {name: passed.get(name, Counter()) for name in waiting}
        for card in life.tick():
            own = card.partition("-")[0]
            for name in waiting - {own}:
                passed[name][own] += 1
            passed[own] = Counter()
        still = {card.worker for card in life.cards.values() if card.status == TODO}
        for name in waiting & still:
            for other, count in passed[name].items():
                mine, theirs = weights[int(name[1])], weights[int(other[1])]
                assert count <= theirs * (LAG + 1 / mine) + 1
        life.step()


@pytest.mark.slow
@examples(60)
@given(st.sampled_from(["build:2", "build:3", "build:1 gpu:1", "build:2 gpu:1"]), SEEDS)
def test_a_card_that_asks_for_much_waits_for_half_an_hour_and_three_sessions(
    asks: str, seed: int
) -> None:
    rng, longest = Random(seed), 900
    workers = "big\nsmall pool 9\nhost 20\ncapacity build 3\ncapacity gpu 1"
    life = History(World(board("", workers=workers), observed()), lambda _: rng.randint(1, longest))
    (big,) = board(f"big todo @big needs {asks}").cards.values()
    came = at = 0
    while "big" not in life.cards or life.cards["big"].status == TODO:
        for need in ("build", "build", "gpu"):  # there is always something small to do
            life.add(Card(f"small-{at:04}", worker="small", needs=((need, 1),)))
            at += 1
        if at == 30:
            life.add(big)
            came = life.now
        life.tick()
        # Once half an hour old: two turns of `small` at most, then its own.
        assert not came or life.now - came <= PATIENCE + 3 * longest + TICK
        life.step()


@pytest.mark.parametrize("priority", [0, 1, 3])
def test_a_low_priority_is_overtaken_for_as_many_hours_as_others_are_higher(priority: int) -> None:
    life = History(World(board("low todo @w", workers="w"), observed()), lambda card: 600)
    at = 0
    while life.cards["low"].status == TODO:
        if not any(c.status == TODO and c.id != "low" for c in life.cards.values()):
            life.add(Card(f"high-{at:04}", worker="w", priority=priority))
            at += 1
        life.tick()
        assert life.now - NOW <= priority * AGE_STEP + 2 * 600 + TICK
        life.step()
    assert life.now - NOW >= priority * AGE_STEP


def test_two_workers_share_a_rare_capacity_while_a_third_runs_freely() -> None:
    workers = "a pool 9\nb pool 9\nfree pool 2\ncapacity build 1"
    life = History(
        World(board("", workers=workers), observed()),
        lambda card: 1000 if card.needs else 10,
    )
    for at in range(600):
        life.add(Card(f"free-{at:03}", worker="free"))
        if at < 20:
            life.add(Card(f"a-{at:02}", worker="a", needs=(("build", 1),)))
            life.add(Card(f"b-{at:02}", worker="b", needs=(("build", 1),)))
        life.tick()
        life.step()
    rare = [card[0] for _, card in life.log if card[0] in "ab"][:6]
    assert rare in (list("ababab"), list("bababa"))


@examples(100)
@given(st.integers(1, 20), SEEDS)
def test_every_card_that_can_run_does_in_the_end(cards: int, seed: int) -> None:
    rng = Random(seed)
    given = world(rng, cards)
    seen = given.seen._replace(
        runs=(), busy_slots=frozenset(), standstill="",
        agents=given.seen.agents._replace(quotas={}),  # a quota ends, which no session's end brings
    )  # fmt: skip
    life = History(World(given.board, seen), lambda card: rng.randint(1, 3000))
    while life.tick() or life.ends or any(c.not_before > life.now for c in life.cards.values()):
        life.step()
        assert life.now - NOW < PATIENCE + 3000 * cards + 10 * TICK
    assert {held.code for held in schedule(life.board, life.seen).holds} <= _FOR_EVER


# What no session's end can mend: a person must, or the config; reserves may take the whole host.
_FOR_EVER = {
    "never", "reserve", "paused", "untrusted", "no-program", "no-worker", "unknown-worker", "no-command",
    "ring", "misconfigured",
    *(f"parent-{s}" for s in ("missing", "blocked", "stuck", "dropped", "backlog", "review")),
    "parents",
}  # fmt: skip
