"""Hostile sessions, and a hostile pull request that a person merges, and takes back after a while.

Nobody says `trust`: so nothing that it asks for may run, be pushed, be accepted, or be written.
What sessions change around the repository must be noticed.
"""

import os
import random
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

from ruamel.yaml import YAML

from tests.conftest import git
from tests.support.arena import Arena, until
from tests.support.canaries import Canaries

SESSIONS = (
    "commit left hostile:git-file", "left hostile:git-link", "commit left hostile:no-git",
    "commit left hostile:repository", "commit hostile:nested", "commit left hostile:index-link",
    "left hostile:common-dir", "commit left hostile:settings", "commit left hostile:head-on-base",
    "commit hostile:bare", "commit hostile:hooks", "commit hostile:branches",
)  # fmt: skip
WORKERS = ("lane", "pool", "other")


class Request:
    """A pull request: changes to the files of the board, in a folder that holds them."""

    def __init__(self, arena: Arena, around: Canaries) -> None:
        self.arena, self.around = arena, around
        self.tree = arena.repo.parent / "request"
        self.board = self.tree / arena.place.prefix
        self.commit = ""

    # -- what it may hold

    def settings(self, rng: random.Random) -> None:
        """Trusted keys of the board and of a worker."""
        evil = self.around.program
        kanban: dict[str, object] = {
            "base": "stray",
            "worktrees": str(self.around.outside / "trees"),
            "push": "evil",
            "pr": True,
        }
        worker: dict[str, object] = {
            "command": evil("command"),
            "setup": evil("setup"),
            "verify": evil("verify"),
            "on_success": "done",
            "profile": "admin",
            "workspace_policy": "shared",
            "pass_env": ["HOME_OF_SECRETS"],
        }
        path = self.board / "config.yaml"
        yaml = YAML()
        values = yaml.load(path)
        for name in rng.sample(sorted(kanban), rng.randint(0, 2)):
            values["kanban"][name] = kanban[name]
        for name in rng.sample(sorted(worker), rng.randint(1, 3)):
            values["kanban"]["workers"][rng.choice(WORKERS)][name] = worker[name]
        yaml.dump(values, path)

    def accepted_at_once(self, _: random.Random) -> None:
        """What waits for a person's review shall not."""
        yaml = YAML()
        values = yaml.load(self.board / "config.yaml")
        values["kanban"]["workers"]["other"]["on_success"] = "done"
        yaml.dump(values, self.board / "config.yaml")

    def archived(self, _: random.Random) -> None:
        """A parent that was never worked on."""
        (self.board / "archive" / "2026").mkdir(parents=True, exist_ok=True)
        shutil.move(self.board / "cards" / "A0.yaml", self.board / "archive" / "2026" / "A0.yaml")

    def links(self, rng: random.Random) -> None:
        """Links in places where the program writes, to what is not the board's."""
        places = {
            "slots": "slots",
            "runs": "slots",
            "notes": "slots",
            "prompt.md": "card.yaml",
            "cards/X9.yaml": "card.yaml",
        }
        for name in rng.sample(sorted(places), rng.randint(1, 3)):
            path = self.board / name
            if not path.exists():
                path.symlink_to(self.around.outside / places[name])

    KINDS: tuple[Callable[..., None], ...] = (settings, accepted_at_once, archived, links)

    # -- its life

    def send(self, rng: random.Random, kinds: Iterable[Callable[..., None]] = ()) -> None:
        """It is made from the board as it stands, and a person merges it."""
        tip = self.arena.tip()
        self._git("worktree", "add", "-q", "--detach", str(self.tree), tip)
        for kind in kinds or rng.sample(self.KINDS, rng.randint(1, len(self.KINDS))):
            kind(self, rng)
        env = {**os.environ, "GIT_DIR": f"{self.arena.place.common}/worktrees/request"}
        env |= {"GIT_WORK_TREE": str(self.tree)}
        for words in (("add", "-A", "-f"), ("commit", "-qm", "a harmless change")):
            subprocess.run(["git", *words], cwd=self.tree, env=env, check=True)
        head = Path(env["GIT_DIR"], "HEAD").read_text().strip()
        self._git("worktree", "remove", "--force", str(self.tree))
        if self._person("merge", "-q", "--no-ff", "--no-edit", head):
            self.commit = head

    def take_back(self) -> None:
        """The person has second thoughts."""
        if self.commit:
            assert self._person("revert", "--no-edit", self.commit), "it can be reverted"

    def _git(self, *words: str) -> None:
        subprocess.run(["git", *words], cwd=self.arena.place.common, check=True)

    def _person(self, *words: str) -> bool:
        """Whether it was done, in the checkout of the board; `core.bare` is no hindrance."""
        place = self.arena.place
        root, admin = (place.main, place.common) if place.prefix else (
            f"{place.main}/.kanban", f"{place.common}/worktrees/.kanban")  # fmt: skip
        env = {**os.environ, "GIT_DIR": admin, "GIT_WORK_TREE": root, "GIT_EDITOR": "true"}
        done = subprocess.run(
            ["git", *words], cwd=root, env=env, check=False, capture_output=True, text=True
        )
        return done.returncode == 0


def hostile(arena: Arena, rng: random.Random, tried: Counter[str]) -> list[str]:
    """Hostile sessions of three workers, one pull request, and nobody's word for anything."""
    around = Canaries(arena.repo)
    git(arena.repo, "tag", "v1")
    arena.add("A0", "@lane backlog")
    arena.add("A1", "@pool <-A0")
    for number in range(rng.randint(4, 6)):
        arena.words(f"C{number}", rng.choice(SESSIONS), "commit")
        arena.add(f"C{number}", f"@{rng.choice(WORKERS)}")
    begin, end = rng.randint(0, 3), rng.randint(4, 8)
    request = Request(arena, around)
    for turn in range(9):
        if turn == begin:
            request.send(rng)
            tried["a hostile pull request"] += bool(request.commit)
        if turn == end:
            request.take_back()
        arena.act(arena.go)
        if rng.random() < 0.5:
            until(lambda: not arena.supervisors(), "sessions to end")
        if rng.random() < 0.3:
            arena.later(700)
    arena.settle()
    tried["hostile sessions"] += len(arena.logged("begin"))
    return [*arena.judged(people=True), *around.violations(), *unallowed(arena), *unnoticed(arena)]


def unallowed(arena: Arena) -> list[str]:
    """What only a person's word could have brought about."""
    found = [f"7: {card} began, and its parent is not done" for card in arena.logged("begin")
             if card == "A1"]  # fmt: skip
    for card in arena.board().cards.values():
        if card.worker == "other" and card.status == "done":
            found.append(f"13: {card.id} was accepted, and nobody had allowed it")
    return found


def unnoticed(arena: Arena) -> list[str]:
    """What sessions changed around the repository, of which nothing is said."""
    path = Path(arena.place.private, "tampering")
    text = path.read_text() if path.exists() else ""
    rows = {row.rest[0] for row in arena.oracle.rows() if row.kind == "tampered"}
    return [f"15: {what} was changed, and not noticed" for what in sorted(rows) if what not in text]
