"""Two clones of one board, whose base travels with it, and now and then by people's hands.

The judge reads git alone: every run began from a commit that has the work of all its parents.
"""

import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from gitkanban.board.repo.place import Place
from gitkanban.board.repo.placefinder import find
from gitkanban.tick.rounds import tick
from tests.conftest import git
from tests.support import points
from tests.support.arena import Arena, until

ROUNDS_MOST = 40  # ticks of each clone until all is done
STRUCK = ("sync.claim", "sync.claimed", "sync.merged", "accept.tried", "commit.branch-moved")


class Clones:
    """The arena's repository and a second clone of its remote; both tick."""

    def __init__(self, arena: Arena) -> None:
        self.arena = arena
        points.share(arena)
        self.remote = arena.repo.parent / "remote.git"
        second = arena.repo.parent / "second"
        git(arena.repo.parent, "clone", "-q", str(self.remote), "second")
        if not arena.place.prefix:
            git(second, "branch", "-q", "main", "refs/remotes/origin/main")
        self.places = (arena.place, find(str(second)))
        with self.at(self.places[1]):
            arena.trust()

    @contextmanager
    def at(self, place: Place) -> Iterator[None]:
        """The arena's ways with another clone."""
        before, self.arena.place = self.arena.place, place
        try:
            yield
        finally:
            self.arena.place = before

    def tick(self, place: Place, strike: str = "") -> None:
        """A tick of one clone, and the ends of what it has started."""
        self.arena.act(lambda: tick(place, remote="origin"), strike)
        with self.at(place):
            until(lambda: not self.arena.supervisors(), "sessions to end")

    def carry_base(self) -> None:
        """People bring the two bases together: merged in the first clone, pushed, fetched."""
        if self.arena.place.prefix:
            return  # it travels with the board
        first, second = (Path(place.main) for place in self.places)
        git(second, "push", "-q", "--force", "origin", "refs/heads/main:refs/heads/theirs")
        git(first, "fetch", "-q", "origin")
        for name in ("theirs", "main"):
            git(first, "merge", "-q", "--no-edit", f"refs/remotes/origin/{name}")
        git(first, "push", "-q", "origin", "refs/heads/main:refs/heads/main")
        git(second, "fetch", "-q", "origin", "refs/heads/main:refs/heads/main")

    def cards(self) -> dict[str, dict[str, Any]]:
        """The cards of the remote's board, by id."""
        return {row["id"]: row for row in self._read("cards")}

    def runs(self) -> list[dict[str, Any]]:
        """The runs of the remote's board, by card and age."""
        return self._read("runs")

    def violations(self) -> list[str]:
        """Runs that began without the work of a parent."""
        runs, cards = self._read("runs"), self.cards()
        results = {run["card"]: run["commit"] for run in runs if run["outcome"] == "succeeded"}
        found = []
        for run in runs:
            for parent in cards[run["card"]].get("parents") or ():
                if run.get("start_commit") and not self._has(run["start_commit"], results[parent]):
                    found.append(f"7: {run['card']} began without the work of {parent}")
        return found

    def _has(self, start: str, work: str) -> bool:
        """Whether a commit contains another, in a clone that has both."""
        for place in self.places:
            known = git(Path(place.main), "rev-list", start, check=False).split()
            if work in known:
                return True
        return False

    def _read(self, folder: str) -> list[dict[str, Any]]:
        prefix = f"{self.arena.place.prefix}/" if self.arena.place.prefix else ""
        ref = self.arena.place.ref
        names = git(self.remote, "ls-tree", "-r", "--name-only", ref, f"{prefix}{folder}/").split()
        found = []
        for name in names:
            text = git(self.remote, "show", f"{ref}:{name}")
            owner = name.split("/")[-2]  # of a run: its card
            found.append({"card": owner, **YAML(typ="safe", pure=True).load(text)})
        return found


def clones(arena: Arena, rng: random.Random, tried: Counter[str]) -> list[str]:
    """Cards with parents, ticked by either clone, killed now and then; bases meet now and then."""
    both = Clones(arena)
    cards: list[str] = []
    for number in range(rng.randint(4, 7)):
        parents = rng.sample(cards, min(len(cards), rng.choice((0, 1, 1, 2))))
        cards.append(f"C{number}")
        arena.add(cards[-1], f"@{rng.choice(('lane', 'pool'))}" + (
            f" <-{','.join(parents)}" if parents else ""))  # fmt: skip
    for _ in range(ROUNDS_MOST):
        strike = f"{rng.choice(STRUCK)}:kill" if rng.random() < 0.3 else ""
        tried["a tick of one of two clones"] += 1
        arena.once.unlink(missing_ok=True)
        both.tick(rng.choice(both.places), strike)
        if rng.random() < 0.3:
            both.carry_base()
        if rng.random() < 0.3:
            arena.later(700)
        if all(card["status"] == "done" for card in both.cards().values()):
            return both.violations()
    found = both.violations()
    for _ in range(ROUNDS_MOST):
        for place in both.places:
            both.tick(place)
        both.carry_base()
        arena.later(700)
        if all(card["status"] == "done" for card in both.cards().values()):
            return found + both.violations()
    left = {name: card["status"] for name, card in both.cards().items()}
    return [*found, f"never done: {left}"]
