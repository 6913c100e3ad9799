"""Stories by seed: random cards, hosts and clocks, and one misfortune after another.

The same seed and number give the same story; what processes do at the same time is in no seed.
"""

import random

from tests.hosts.scenarios import Scenario

FAILPOINTS = (
    "sync.claim", "sync.claimed", "sync.merged", "accept.tried", "commit.branch-moved",
    "tick.committed", "tick.launch", "start.spawned",
)  # fmt: skip
# `try` goes on after some seconds without what it waits for: there may be nothing left to do.
MISFORTUNES = (
    "cut {host}; wait {long}; heal {host}",
    "off {host}; wait {short}; on {host}",
    "try running {host}; off {host}; wait {short}; on {host}",
    "try running {host}; cut {host}; wait {long}; heal {host}",
    "try trap push {host}; cut {host}; let-go push {host}; wait {long}; heal {host}",
    "try trap push {host}; off {host}; wait {short}; on {host}",
    "try trap push {host}; wait {short}; let-go push {host}",
    "try trap fetch {host}; cut {host}; wait {short}; heal {host}",
    "try strike {host} {point}; off {host}; wait {short}; on {host}",
    "try strike {host} {point}; cut {host}; go-on {host}; wait {long}; heal {host}",
    "try strike {host} {point}; wait {short}; go-on {host}",
    "slow {host} 0.1 0.1; wait {long}; slow {host} 0 0",
    "refuse *; wait {short}; allow",
    "read-only; wait {short}; writable",
    "wait {long}",
)


def story(seed: int, number: int) -> Scenario:
    """Round `number` of a seed."""
    rng = random.Random(f"{seed}/{number}")
    hosts = tuple(f"h{n}" for n in range(1, rng.choice((2, 3, 3)) + 1))
    cards: dict[str, str] = {}
    words = {}
    for at in range(rng.randint(8, 14)):
        parents = rng.sample(list(cards), min(len(cards), rng.choice((0, 0, 1, 1, 2))))
        card = f"T{at}"
        words[card] = f"sleep:{rng.uniform(0.1, 3):.1f} commit"
        needs = " !build" if rng.random() < 0.3 else ""
        line = f" <-{','.join(parents)}" if parents else ""
        cards[card] = f"@{rng.choice(('lane', 'pool', 'pool'))}{needs}{line}"
    clocks = {host: rng.choice((18000, -18000)) for host in hosts if rng.random() < 0.3}
    steps = [
        rng.choice(MISFORTUNES).format(
            host=rng.choice(hosts), short=rng.randint(1, 4), long=rng.randint(3, 12),
            point=rng.choice(FAILPOINTS),
        )
        for _ in range(rng.randint(3, 6))
    ]  # fmt: skip
    return Scenario(
        f"chaos {seed}/{number}", "; ".join(steps), cards, hosts, rng.choice(("", "kanban")),
        words=words, clocks=clocks, seconds=240, tick_most=60,
    )  # fmt: skip
