"""Plays a scenario: its steps are words, `VERB …`, with semicolons between.

A verb is a public method of `Play`; hosts are named as the scenario names them. `try VERB …` waits
for it only a little, and goes on without it.
"""

import time
from collections.abc import Callable
from contextlib import suppress

from tests.hosts.judge import GivenUp, Judge, git_in, read_board
from tests.hosts.scenarios import Scenario
from tests.hosts.world import NotSoon, World

TRY_MOST = 8.0  # seconds
# Seconds from a host's hearing that a run was given up to its end: TERM,
# and KILL ten seconds later.
END_MOST = 30.0
PUSHES_MOST, FETCHES_MOST = 1.5, 2.0  # a run


class Play:
    """One world and its steps. Every public method is a verb."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._lost: list[str] = []  # clones that are gone
        self.given_up: dict[str, GivenUp] = {}  # runs, while their hosts were out of reach
        self.overdue: dict[str, str] = {}  # those that live on although their hosts have heard so
        self._next_watch = 0.0
        self._has_refused = False  # pushes, so that hosts will not try them for an hour
        world.watch = self._watch_given_up

    def step(self, line: str) -> None:
        """Do one step."""
        verb, *words = line.split()
        if verb == "try":
            with suppress(NotSoon), self._world.impatient(TRY_MOST):
                self.step(" ".join(words))
        else:
            getattr(self, verb.replace("-", "_"))(*words)

    def heal_everything(self) -> None:
        """Whole networks, no rules, power where there is a disk, nothing stopped.

        Where the remote has refused something, people sync by hand, so that it is tried again.
        """
        for host in self._world.hosts:
            if host.gone:
                continue
            if host.space is None:
                host.power_on()
            self.let_go("push", host.name)
            self.let_go("fetch", host.name)
            self.heal(host.name)
            self.go_on(host.name)
            host.strike = ""
        if self._has_refused:  # ticks under way might hear of a refusal after the sync
            self._world.rest()
        self.allow()
        self.writable()
        if self._has_refused:
            self._world.sync_all()

    # -- time

    def wait(self, seconds: str) -> None:
        """Let time pass."""
        self._world.pass_time(float(seconds))

    def running(self, host: str) -> None:
        """Until a session lives on the host. The others tick after it: they may take all cards."""
        self._world.until(lambda: bool(self._alive_on(host)), f"a session on {host}", alone=host)

    def settled(self, host: str, seconds: str) -> None:
        """Until that clone's board has a record of each session that has ended there."""
        world, clone = self._world, self._world.host(host).repo

        def look() -> bool:
            live = {seat[1] for seat in self._alive_on(host)}
            ended = {row[2] for row in _rows(world) if row[:1] + row[3:4] == ["begin", host]} - live
            return (
                ended <= read_board(clone, f"refs/heads/{world.branch}", world.prefix).runs.keys()
            )

        world.until(look, f"{host} to settle what has ended", float(seconds))

    def status(self, card: str, status: str) -> None:
        """Until the remote's board has the card in this status."""
        self._world.until(
            lambda: self._world.board().cards[card]["status"] == status, f"{card} to be {status}"
        )

    def doubled(self) -> None:
        """Until a session has seen another one of its card, on another host."""
        self._world.until(
            lambda: any(row[0] == "saw" and row[1] == row[3] for row in _rows(self._world)),
            "two sessions of a card",
        )

    def free(self, name: str) -> None:
        """Let sessions go on that wait for a name."""
        (self._world.log / name).touch()

    def _alive_on(self, host: str) -> list[list[str]]:
        every = [name.split("+") for name in self._world.alive()]
        return [seat for seat in every if seat[2] == host]

    # -- networks and power

    def cut(self, host: str) -> None:
        """Cut its wire: silence, both ways."""
        self._tell_wire(host, "cut")

    def heal(self, host: str) -> None:
        """Mend its wire."""
        self._tell_wire(host, "heal")

    def slow(self, host: str, delay: str, loss: str) -> None:
        """Delay its packets by seconds each way, and lose a share of them."""
        self._tell_wire(host, f"slow {delay} {loss} 1")

    def _tell_wire(self, host: str, line: str) -> None:
        wire = self._world.host(host).wire
        if wire:
            wire.tell(line)

    def off(self, host: str) -> None:
        """End its power."""
        self._world.host(host).power_off()

    def on(self, host: str) -> None:
        """Boot it."""
        self._world.host(host).power_on()

    def lose(self, host: str) -> None:
        """End its power for good; its disk is gone."""
        self._lost.append(self._world.host(host).clone_id())
        self._world.host(host).lose()

    # -- the remote

    def trap(self, kind: str, host: str) -> None:
        """Have the remote stop at the host's next `push`, once taken, or `fetch`; until it does."""
        remote, address = self._world.remote, self._world.host(host).address
        remote.set_trap(kind, address)
        try:
            self._world.until(lambda: remote.sprung(kind, address), f"a {kind} of {host}")
        finally:
            remote.remove_trap(kind, address)

    def let_go(self, kind: str, host: str) -> None:
        """Let the remote go on."""
        self._world.remote.let_go(kind, self._world.host(host).address)

    def refuse(self, pattern: str) -> None:
        """The remote refuses pushes to refs that a shell pattern matches."""
        self._has_refused = True
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

    # -- failpoints

    def strike(self, host: str, failpoint: str) -> None:
        """Stop the host's next tick at a failpoint; until it is stopped."""
        where = self._world.host(host)
        where.strike = f"{failpoint}:stop"
        try:
            self._world.until(lambda: bool(where.space and where.space.stopped()), failpoint)
        finally:
            where.strike = ""

    def go_on(self, host: str) -> None:
        """Let go on what was stopped there."""
        self._world.host(host).go_on()

    # -- people

    def accept(self, host: str, card: str) -> None:
        """A person accepts a card there, and shares that."""
        where = self._world.host(host)
        where.sync()
        where.gitkanban("accept", card)
        where.sync()

    def reclaim(self, host: str, other: str) -> None:
        """A person gives up what the board says another host runs, whether or not that lives."""
        lost = self._world.host(other)
        clone = self._lost[-1] if lost.gone else lost.clone_id()
        where = self._world.host(host)
        where.sync()
        for card, values in self._world.board().cards.items():
            if values["status"] == "running" and values.get("clone") == clone:
                if not lost.gone:
                    self.given_up[values["run"]] = GivenUp(values["run"], other, time.monotonic())
                where.gitkanban("reclaim", card, "--from", clone)

    def outlives(self, host: str) -> None:
        """Until a run of the host that was given up lives on for longer than it may."""
        self._world.until(lambda: bool(self.overdue), f"a run of {host} to live on", 240)

    def _watch_given_up(self) -> None:
        """Note when hosts hear that runs of theirs were given up, and which live on after that."""
        now, world = time.monotonic(), self._world
        if now < self._next_watch:
            return
        self._next_watch = now + 0.5
        for run, given in self.given_up.items():
            clone = world.host(given.host).repo
            if given.until == float("inf"):
                board = read_board(clone, f"refs/heads/{world.branch}", world.prefix)
                if run in board.runs:
                    self.given_up[run] = given._replace(until=now + END_MOST)
            elif given.until < now and any(run in name.split("+") for name in world.alive()):
                since = f"{END_MOST:g} s after {given.host} heard that it was given up"
                self.overdue[run] = f"twice: run {run} lives on, {since}"

    def merge_all(self) -> None:
        """A person merges every card's branch into base, on the server."""
        person = self._world.folder / "person"
        git_in(person, "fetch", "-q", str(self._world.remote.repo), "+refs/heads/*:refs/theirs/*")
        git_in(person, "checkout", "-q", "--detach", "refs/theirs/main")
        for ref in git_in(
            person, "for-each-ref", "--format=%(refname)", "refs/theirs/card"
        ).split():
            git_in(person, "merge", "-q", "--no-edit", ref)
        git_in(person, "push", "-q", str(self._world.remote.repo), "HEAD:refs/heads/main")


def _rows(world: World) -> list[list[str]]:
    path = world.log / "log"
    return [line.split() for line in path.read_text().splitlines()] if path.exists() else []


def play(
    scenario: Scenario, broken: str = "", note: Callable[[str], object] = lambda _: None
) -> list[str]:
    """Play it; what the judge finds. Raises AssertionError where it does not come to its end.

    `broken` names a way in which the program is broken; then the end is not waited for. Figures are
    noted.
    """
    with World(
        scenario.hosts, scenario.cards, branch=scenario.branch, broken=broken,
        clocks=scenario.clocks, every=scenario.every,
    ) as world:  # fmt: skip
        for card, words in scenario.words.items():
            world.words(card, words)
        story = Play(world)
        before = _asked(world)
        for line in filter(None, map(str.strip, scenario.steps.split(";"))):
            story.step(line)
        if not broken:
            finish(world, scenario, story)
        asked = tuple(now - then for now, then in zip(_asked(world), before, strict=True))
        if broken:
            world.power_off()  # nothing may move while it is judged
        else:
            world.sync_all()
        return judged(world, scenario, story, asked, note)


def finish(world: World, scenario: Scenario, story: Play) -> None:
    """Heal everything, and wait until all cards are where they may be at the end."""
    story.heal_everything()
    done = " or ".join(scenario.ends)
    world.until(lambda: world.all_are(*scenario.ends), f"all cards {done}", scenario.seconds)
    world.rest()


def judged(
    world: World, scenario: Scenario, story: Play, asked: tuple[int, ...],
    note: Callable[[str], object],
) -> list[str]:  # fmt: skip
    """What does not hold now that all is quiet; `asked` is what `_asked` gives."""
    clones = {host.name: host.repo for host in world.hosts if not host.gone}
    judge = Judge(world.log, world.remote.repo, world.branch, world.prefix, clones)
    judge.given_up = story.given_up
    ticks = {host.name: host.ticks for host in world.hosts}
    runs = max(1, len(judge.begun))
    longest = max((max(took) for took in ticks.values() if took), default=0)
    note(
        f"{len(judge.begun)} runs, {asked[0] / runs:.2f} tries to push and {asked[1] / runs:.2f}"
        f" fetches a run ({asked[2]} of {asked[1]} brought nothing), longest tick {longest:.0f} s"
    )
    most = (PUSHES_MOST, FETCHES_MOST) if scenario.figures else (float("inf"),) * 2
    return [
        *judge.violations(list(world.remote.updates())),
        *story.overdue.values(),
        *judge.excesses(*asked[:2], ticks, (*most, scenario.tick_most)),
    ]


def _asked(world: World) -> tuple[int, int, int]:
    """Tries to push, fetches, and those of them that were only looks."""
    pushes, fetches = map(world.remote.asked, ("receive-pack", "upload-pack"))
    return pushes, fetches, fetches - world.remote.sent()
