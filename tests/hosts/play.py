"""Plays a scenario: steps are words, `VERB HOST …`, with semicolons between."""

from collections.abc import Callable

from tests.hosts.judge import Judge
from tests.hosts.scenarios import Scenario
from tests.hosts.world import World

PUSHES_MOST, FETCHES_MOST = 1.5, 2.0  # a run
TICK_MOST = 20.0  # seconds, whatever the network does
Verb = Callable[..., None]


class Play:
    """One world and its steps. Every public method is a verb."""

    def __init__(self, world: World) -> None:
        self._world = world

    def step(self, line: str) -> None:
        """Do one step."""
        verb, *words = line.split()
        getattr(self, verb.replace("-", "_"))(*words)

    def running(self, host: str) -> None:
        """Until a session lives on the host."""
        self._world.until(
            lambda: any(name.split("+")[2] == host for name in self._world.alive()),
            f"a session on {host}",
        )

    def wait(self, seconds: str) -> None:
        """Let time pass."""
        self._world.pass_time(float(seconds))

    def refuse(self, pattern: str) -> None:
        """The remote refuses pushes to refs that a shell pattern matches."""
        self._world.remote.refuse("closed", pattern)

    def allow(self) -> None:
        """It takes them again."""
        self._world.remote.allow("closed")

    def read_only(self) -> None:
        """The remote takes no pushes at all."""
        self._world.remote.serve_pushes(False)

    def writable(self) -> None:
        """It takes them again."""
        self._world.remote.serve_pushes(True)


def play(scenario: Scenario, broken: str = "") -> list[str]:
    """Play it; what the judge finds. Raises AssertionError where it does not come to its end.

    `broken` names a way in which the program is broken; then the end is not waited for.
    """
    with World(scenario.hosts, scenario.cards, branch=scenario.branch, broken=broken) as world:
        for card, words in scenario.words.items():
            world.words(card, words)
        story = Play(world)
        for line in filter(None, map(str.strip, scenario.steps.split(";"))):
            story.step(line)
        if broken:
            return judged(world, scenario)
        done = " or ".join(scenario.ends)
        world.until(lambda: world.all_are(*scenario.ends), f"all cards {done}", scenario.seconds)
        world.rest()
        for host in world.hosts:
            host.gitkanban("sync")
        return judged(world, scenario)


def judged(world: World, scenario: Scenario) -> list[str]:
    """What does not hold now that all is quiet."""
    clones = {host.name: host.repo for host in world.hosts}
    judge = Judge(world.log, world.remote.repo, world.branch, world.prefix, clones)
    ticks = {host.name: host.ticks for host in world.hosts}
    asked = (world.remote.asked("receive-pack"), world.remote.asked("upload-pack"))
    figures = (PUSHES_MOST, FETCHES_MOST) if scenario.figures else (float("inf"),) * 2
    return [
        *judge.violations(list(world.remote.updates())),
        *judge.excesses(*asked, ticks, (*figures, TICK_MOST)),
    ]
