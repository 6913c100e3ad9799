"""Nobody starves: whatever a card needs, and whatever others do meanwhile, it starts in the end."""

from random import Random
from typing import NamedTuple

import pytest
from hypothesis import given

from gitkanban.core.model import DONE, TODO, Card, Config
from gitkanban.core.tick.fair import LAG
from gitkanban.core.tick.limits import Needs
from gitkanban.core.tick.schedule import PATIENCE
from tests.core.tick.test_schedule_histories import SEEDS, TICK, History
from tests.core.worlds import World
from tests.support.boards import board, observed
from tests.support.examples import examples

BUILD: Needs = (("build", 1),)


class Contest(NamedTuple):
    """Workers that always have two cards in line, and K, which comes after `before` seconds."""

    config: Config
    card: Card
    feeds: dict[str, list[Needs]]  # worker -> what its cards need, by turns
    before: int = 4 * 3600

    def play(self, life: History, most: int, each: int) -> None:
        """Until K has started, `most` seconds after it came at the latest. Whoever keeps, keeps
        `each` seconds at most."""
        at, came, keeps = 0, 0, ("", 0)
        start = life.now
        while "K" not in life.cards or life.cards["K"].status == TODO:
            for name, feed in self.feeds.items():
                while _in_line(life, name) < 2:
                    life.add(Card(f"{name}-{at:05}", worker=name, needs=feed[at % len(feed)]))
                    at += 1
            for card in [card for card in life.cards.values() if card.status == DONE]:
                del life.cards[card.id]
            if not came and life.now - start >= self.before:
                came = life.now
                life.add(self.card)
            life.tick()
            assert not came or life.now - came <= most
            keeper = life.keeper()
            keeps = keeps if keeper == keeps[0] else (keeper, life.now)
            assert not keeper or life.now - keeps[1] <= each
            life.step()


def _in_line(life: History, worker: str) -> int:
    cards = life.cards.values()
    return sum(c.status == TODO and c.worker == worker and c.id != "K" for c in cards)


CASES = [
    # two lanes, one browser: x's other cards take its only slot whenever the browser is free
    ("x\ns\ncapacity build 1", {"x": 2401, "s": 600}, BUILD, {"x": (), "s": BUILD}),
    ("x pool 3\ns pool 3\ncapacity build 2", {"x": 2401, "s": 600}, BUILD, {"x": (), "s": BUILD}),
    ("x pool 3\ns pool 3\ncapacity build 2", {"x": 2401, "s": 600}, (("build", 2),), {"x": (), "s": BUILD}),
    # x's other cards push its tag ahead, so s is first each time the capacity is free
    ("x pool 2\ns\nhost 2\ncapacity build 1", {"x": 600, "s": 2401}, BUILD, {"x": (), "s": BUILD}),
    # s ends and finds its reserve, while o holds the rest of the host
    ("x\ns reserve=1\no pool 2\nhost 2\ncapacity build 1", {"x": 60, "s": 600, "o": 2401}, BUILD, {"o": (), "s": BUILD}),
    ("x\ns reserve=1\no pool 2\nhost 2\ncapacity build 2", {"x": 60, "s": 600, "o": 2401}, (("build", 2),), {"o": (), "s": BUILD}),
    # and the same for a slot of a profile that two share
    ("x profile=p\ns profile=p reserve=1\no pool 2\nhost 2", {"x": 60, "s": 600, "o": 2401}, (), {"o": (), "s": ()}),
    # the others of its profile always keep
    ("x profile=p\ns profile=p\ncapacity build 9", {"x": 60, "s": 600}, (), {"s": BUILD}),
]  # fmt: skip


@pytest.mark.parametrize(("workers", "takes", "needs", "feeds"), CASES)
def test_a_card_starts_although_others_always_come_in_between(
    workers: str, takes: dict[str, int], needs: Needs, feeds: dict[str, Needs]
) -> None:
    life = History(World(board("", workers=workers), observed()), lambda card: takes[card.worker])
    assert life.board.config is not None
    contest = Contest(life.board.config, Card("K", worker="x", needs=needs), _listed(feeds))
    longest = max(takes.values())
    contest.play(life, PATIENCE + 5 * longest + TICK, 4 * longest)


def _listed(feeds: dict[str, Needs]) -> dict[str, list[Needs]]:
    return {name: [needs] for name, needs in feeds.items()}


@pytest.mark.slow
@examples(60)
@given(SEEDS)
def test_any_card_starts_within_the_bound_among_workers_that_always_have_more(seed: int) -> None:
    rng = Random(seed)
    contest = _contest(rng)
    workers = contest.config.workers
    takes = {name: rng.choice((300, 600, 2400, 3601)) for name in workers}
    exact = rng.random() < 0.5
    life = History(
        World(board("")._replace(config=contest.config, cards={}), observed()),
        lambda card: takes[card.worker] if exact else rng.randint(1, takes[card.worker]),
    )
    most, each = bound(contest.config, contest.card.worker, max(takes.values()))
    contest.play(life, most, each)


def bound(config: Config, name: str, longest: int) -> tuple[float, float]:
    """Seconds after which the first card of a worker's line has started, and for which a card
    keeps at most, as the docstring of `schedule` has them."""
    weights = {worker.name: worker.weight for worker in config.workers.values()}
    host = 0.0
    if sum(worker.max_concurrency for worker in config.workers.values()) > config.max_concurrency:
        least = min(weights.values())
        host = sum(w * (LAG + 1 / least) + 1 for w in weights.values()) + 1
    others = [w for worker, w in weights.items() if worker != name]
    turns = 2 * sum(w // weights[name] + 1 for w in others) + 1
    each = (2 + host) * longest
    return PATIENCE + TICK + turns * each, each


def _contest(rng: Random) -> Contest:
    """Two to four workers with whatever limits; their reserves leave something of the host."""
    names = [f"w{at}" for at in range(rng.randint(2, 4))]
    host = rng.choice((len(names), len(names) + 1, 9))
    lines = [f"capacity build {rng.randint(1, 3)}", f"capacity gpu {rng.randint(1, 2)}"]
    lines += [f"host {host}", *(f"profile p{n} {rng.randint(1, 3)}" for n in (0, 1))]
    for at, name in enumerate(names):
        lines.append(
            f"{name} pool {rng.choice((1, 1, 2, 3))} profile=p{rng.randint(0, 2)} "
            f"weight={rng.choice((1, 1, 2, 3))} reserve={int(at > 0 and rng.random() < 0.3)} "
            + rng.choice(("", "", "memory=read-write memory_path=~/m"))
        )
    config = board("", workers="\n".join(lines)).config
    assert config is not None
    feeds = {name: [_needs(rng, config) for _ in range(rng.randint(1, 3))] for name in names}
    return Contest(config, Card("K", worker=rng.choice(names), needs=_needs(rng, config)), feeds)


def _needs(rng: Random, config: Config) -> Needs:
    names = rng.sample(sorted(config.capacities), rng.choice((0, 0, 1, 1, 2)))
    return tuple((name, rng.randint(1, config.capacities[name])) for name in sorted(names))


def test_those_who_keep_take_turns_by_weight() -> None:
    workers = "a pool 9 weight=3\nb pool 9\nfree\ncapacity build 1"
    cards = "\n".join(f"{w}{n:02} todo @{w} needs build:1" for w in "ab" for n in range(40))
    life = History(World(board(cards, workers=workers), observed()), lambda card: 1000)
    while len(life.log) < 30:
        life.tick()
        life.step()
    order = [card[0] for _, card in life.log][6:]  # all have waited for half an hour by then
    assert [order[at : at + 4].count("a") for at in range(0, 24, 4)] == [3] * 6
