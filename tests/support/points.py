"""Every failpoint there is, found in the source, and how a board is brought to pass it."""

import re
import signal
from contextlib import nullcontext
from pathlib import Path
from unittest import mock

import gitkanban
from gitkanban.board import store
from gitkanban.runs.supervision import bell
from gitkanban.tick.rounds import tick
from gitkanban.tick.standby import Standby
from tests.conftest import git
from tests.support.arena import Arena, until

STEPS = ("setup", "before", "session", "collect", "verify")


def every() -> list[str]:
    """The names of all failpoints, sorted."""
    found = set()
    for path in Path(gitkanban.__file__).parent.rglob("*.py"):
        for name in re.findall(r'reach\(f?"([^"]+)"\)', path.read_text()):
            found |= {name.replace("{name}", step) for step in STEPS if "{name}" in name} or {name}
    return sorted(found)


FIRST = (("commit",), ("commit left",), ("exit:3", "commit"))  # what sessions do, by turns
TRIES = 8  # ticks that may pass before a point is reached
STRAY = "commit git:checkout,-q,--orphan,stray-{card} commit"  # what does not fit the branch is salvaged


def strike(arena: Arena, point: str, kind: str = "kill") -> bool:
    """Bring the board to pass the point with a fault there; whether it struck."""
    arena.once.unlink(missing_ok=True)
    for _ in range(TRIES):
        with prepared(arena, point):
            arena.act(lambda: ticked(arena, point), f"{point}:{kind}")
        if not arena.once.exists():
            arena.wait()
        if arena.once.exists():
            return True
        arena.later(700)
    return False


def ticked(arena: Arena, point: str) -> None:
    """A tick, one whose commit loses the race where a claim is to be taken back."""
    if point.startswith("cancel"):
        with mock.patch.object(store, "commit_once", lambda *_: None):
            tick(arena.place)
    elif point.startswith("sync"):
        tick(arena.place, remote="origin")
    elif point.startswith("standby"):
        stand_by(arena, point)
    else:
        tick(arena.place)


def stand_by(arena: Arena, point: str) -> None:
    """What the supervisor of the last run becomes; another one rings while it ticks."""
    run = arena.folders()[-1].run if arena.folders() else "none"
    standby = Standby(arena.place.private, "arena")
    standby.place = arena.place
    assert standby.begin(run)
    bell.ring(standby.pipe, standby.lock_path, run)
    with mock.patch.object(Standby, "_is_outdated", lambda _: point == "standby.anew"):
        standby.serve([run])


def prepared(arena: Arena, point: str):  # type: ignore[no-untyped-def]
    """What must be so for a tick to pass the point; a context in which it is."""
    todo = [card.id for card in arena.board().cards.values() if card.status == "todo"]
    while len(todo) < 2:
        todo.append(arena.fresh(*FIRST[len(arena.board().cards) % len(FIRST)]))
    arena.extra["tick"] = ["/bin/true"] if point.endswith("hand-on") else []
    if point == "tick.marked":
        return arena.locks.take("tick") or nullcontext()
    if point.startswith("sync"):
        share(arena)
    if point.startswith("salvage"):
        arena.fresh(STRAY)
    if point == "settle.letters":
        arena.fresh("letter commit")
    if point.startswith(("recover", "stop")):
        hang(arena)
    if point.startswith("recover"):
        kill_hanging(arena)
    if point.startswith("stop"):
        arena.drop(arena.hanging()[0][0])
    if point.startswith("not-started"):
        return Occupied(arena, todo)
    if point.startswith("give-up"):
        if not unclosed(arena):
            hang(arena)
            kill_hanging(arena)
        return Locked(arena)
    return nullcontext()


def share(arena: Arena) -> None:
    """A remote that has moved on since it was last seen: by a note on a card, and work on base."""
    remote, other = arena.repo.parent / "remote.git", arena.repo.parent / "other"
    branch = arena.place.branch
    if not remote.exists():
        git(arena.repo, "init", "-q", "--bare", "-b", branch, str(remote))
        git(arena.repo, "remote", "add", "origin", str(remote))
        git(arena.repo, "push", "-q", "origin", *dict.fromkeys(("main", branch)))
        git(arena.repo, "clone", "-q", "-b", branch, str(remote), str(other))
    git(other, "pull", "-q", "--no-edit", "origin", branch)
    prefix = f"{arena.place.prefix}/" if arena.place.prefix else ""
    note = other / f"{prefix}notes/T0/n{len(git(other, 'log', '--format=%h').split())}.md"
    note.parent.mkdir(parents=True, exist_ok=True)
    note.write_text("---\nby: Bob\n---\na note\n")
    git(other, "add", "-A")
    git(other, "commit", "-qm", "a note")
    git(other, "push", "-q", "origin", f"HEAD:{branch}")
    if branch != "main":
        more = git(remote, "commit-tree", "-p", "main", "-m", "somebody's", "main^{tree}")
        git(remote, "update-ref", "refs/heads/main", more)


def hang(arena: Arena) -> None:
    """Start a session that leaves something and hangs, unless one hangs already."""
    if arena.hanging():
        return
    card = arena.fresh("left hang", "commit")
    for _ in range(TRIES):
        arena.tick()
        arena.wait()
        if card in arena.logged("begin"):
            return
        arena.later(700)


def kill_hanging(arena: Arena) -> None:
    """Kill the supervisors of sessions that hang: they leave no record."""
    import os

    for _, pid in arena.hanging():
        os.kill(pid, signal.SIGKILL)
        until(lambda pid=pid: pid not in arena.supervisors(), "its end")  # type: ignore[misc]


class Occupied:
    """Somebody else's folders where the worktrees of cards belong."""

    def __init__(self, arena: Arena, cards: list[str]) -> None:
        self.paths = [Path(f"{arena.repo}.worktrees", card) for card in cards]

    def __enter__(self) -> None:
        self.paths = [path for path in self.paths if not path.exists()]
        for path in self.paths:
            path.mkdir(parents=True)
            (path / "mine").write_text("not yours")

    def __exit__(self, *_: object) -> None:
        for path in self.paths:
            (path / "mine").unlink()
            path.rmdir()


def unclosed(arena: Arena) -> list[str]:
    """The running cards whose sessions have no supervisor any more."""
    hanging = {card for card, _ in arena.hanging()}
    cards = arena.board().cards.values()
    return [card.id for card in cards if card.status == "running" and card.id not in hanging]


class Locked:
    """Branches of unclosed cards that git cannot move, for as long as this lasts."""

    def __init__(self, arena: Arena) -> None:
        heads = arena.repo / ".git" / "refs" / "heads" / "card"
        self.locks = [heads / f"{card}.lock" for card in unclosed(arena)]

    def __enter__(self) -> None:
        for path in self.locks:
            path.mkdir()  # a file would be taken for what a dead git has left

    def __exit__(self, *_: object) -> None:
        for path in self.locks:
            path.rmdir()
