"""Two clones that work on one board and pull from each other with plain git, no driver installed.

    python -m tests.plain_merges --rounds 100 --seed 1

In every round both sides change the board several times: they add cards, edit different fields of
one card, change parents, write notes, start runs and end them. Then each pulls the other's branch.
What comes out must be what both sets of changes give one after the other, whatever their order.

Every tenth round both sides also retitle one card. That is a true conflict, and the only kind of
it that may show up: both sides changed one field of one card (a list is one field, and so is the
status with what goes with it), or one changed a card whose file the other removed, or both added
different cards under one id.
"""

import argparse
import random
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from gitkanban.board import store
from gitkanban.board.content import reading
from gitkanban.board.repo import placefinder
from gitkanban.core.changes import AddCard, AddNote, Change, EditCard, EndRun, applied
from gitkanban.core.model import Board, Card, Note, Run
from gitkanban.views.message import commit_message

EXAMPLE = Path(__file__).parent.parent / ".kanban-example"
# What one side may change of a card while the other changes the rest.
GROUPS = ("title", "worker", "status", "priority", "parents", "needs", "acceptance", "body")
WORKERS = ("messages-owner", "backend-hermes-pool", "frontend-hermes-pool")
NOW = 1_764_000_000


class Side:
    """One clone, and a random stream of changes."""

    def __init__(self, root: Path, name: str, seed: str) -> None:
        self.root, self.name = root, name
        self.place = placefinder.find(str(root))
        self.random = random.Random(seed)
        self.count = 0

    def fresh(self, letter: str) -> str:
        """An id that the other side does not make."""
        self.count += 1
        return f"{letter}{self.name}{self.count}"

    def commit(self, changes: Sequence[Change]) -> None:
        """One commit with these changes, by the same code as every command."""
        done = store.commit(self.place, lambda _: changes, message=commit_message)
        assert done.commit

    def changes(self, board: Board, shared: Card, groups: Sequence[str]) -> list[list[Change]]:
        """Some commits' worth of changes: `groups` of the shared card are ours."""
        pick = self.random
        new = Card(
            self.fresh("c"), f"new in {self.name}", pick.choice(WORKERS),
            parents=tuple(sorted(pick.sample(sorted(board.cards), 2))), body="what to do\n",
        )  # fmt: skip
        note = Note(self.fresh("n"), shared.id, self.name, NOW, "note", "words\n")
        edits = {group: self.edit(board, shared, group) for group in pick.sample(groups, 2)}
        fields = {name: value for each in edits.values() for name, value in each.items()}
        commits: list[list[Change]] = [[AddCard(new), AddNote(note)], [EditCard(shared.id, fields)]]
        if "status" in edits and shared.status == "running":
            run = Run(shared.run, shared.id, shared.slot, "host", started=NOW, ended=NOW + 9)
            commits[-1].append(EndRun(run._replace(outcome="succeeded", exit=0)))
        return commits

    def edit(self, board: Board, card: Card, group: str) -> dict[str, object]:
        """New values for one group of fields of a card."""
        pick, number = self.random, self.fresh("v")
        match group:
            case "status":
                return self.tick(card)
            case "parents":
                # Cards are only ever added, so a parent that sorts first makes no ring.
                older = [name for name in board.cards if name < card.id]
                kept = [parent for parent in card.parents if pick.random() < 0.7]
                return {group: tuple(sorted({*kept, *pick.sample(older, min(2, len(older)))}))}
            case "needs":
                return {group: pick.choice([(), (("build", pick.randint(2, 9)),)])}
            case "acceptance":
                kept_lines = [line for line in card.acceptance if pick.random() < 0.7]
                return {group: (*kept_lines, f"it holds {number}")}
            case "worker":
                return {group: pick.choice([name for name in WORKERS if name != card.worker])}
            case "priority":
                return {group: card.priority + 1}
            case "body":
                return {group: f"{card.body}\n{number}\n"}
        return {group: f"title {number}"}

    def tick(self, card: Card) -> dict[str, object]:
        """What a tick writes of a card when it starts a run, ends it, or delays it."""
        cleared: dict[str, object] = {"run": "", "slot": "", "clone": "", "host": ""}
        if card.status == "running":
            return {**cleared, "status": self.random.choice(["review", "done", "todo"]),
                    "not_before": NOW + self.count}  # fmt: skip
        return {
            "status": "running", "run": self.fresh("r"), "slot": "p#1", "clone": self.name,
            "host": "host", "not_before": 0,
        }  # fmt: skip


class Tally(NamedTuple):
    """What came of the rounds."""

    rounds: int
    commits: int
    conflicts: int  # true ones, each foreseen
    cards: int


def play(folder: Path, rounds: int, seed: int) -> Tally:
    """Play the rounds in an empty folder. Raises AssertionError at the first false merge."""
    sides = _clones(folder, seed)
    choose = random.Random(f"{seed} rounds")
    commits = conflicts = 0
    for number in range(rounds):
        board = store.read(sides[0].place)
        assert board.cards == store.read(sides[1].place).cards
        shared = board.cards[choose.choice(sorted(board.cards))]
        groups = choose.sample(GROUPS, len(GROUPS))
        retitled = number % 10 == 9
        if retitled:
            groups.remove("title")
        expected = board
        for side, mine in zip(sides, (groups[:4], groups[4:]), strict=True):
            for changes in side.changes(board, shared, mine[:4] if len(mine) > 3 else mine):
                side.commit(changes)
                expected = applied(expected, changes)
                commits += 1
            if retitled:
                side.commit([EditCard(shared.id, {"title": f"title of {side.name} {number}"})])
        conflicts += retitled
        title = _pull(sides[1], sides[0], shared.id if retitled else "")
        _pull(sides[0], sides[1], "")
        if retitled:
            expected = applied(expected, [EditCard(shared.id, {"title": title})])
        for side in sides:
            found = store.read(side.place)
            assert found.problems == ()
            assert found.cards == expected.cards, f"round {number}: {_differs(found, expected)}"
    _nothing_lost(sides, expected)
    return Tally(rounds, commits, conflicts, len(expected.cards))


def _differs(found: Board, expected: Board) -> str:
    return "; ".join(
        f"{found.cards.get(name)} should be {card}"
        for name, card in expected.cards.items()
        if found.cards.get(name) != card
    )


def _pull(into: Side, source: Side, conflict: str) -> str:
    """Pull by plain git. With `conflict`, that card's title must conflict and nothing else; theirs
    is taken, and given back."""
    done = _git(into.root, "pull", "-q", "--no-rebase", "--no-edit", str(source.root), "main")
    if not conflict:
        assert done.returncode == 0, done.stdout + _git(into.root, "diff").stdout
        return ""
    path = f".kanban/cards/{conflict}.yaml"
    unmerged = _git(into.root, "diff", "--name-only", "--diff-filter=U").stdout.split()
    assert done.returncode and unmerged == [path], done.stdout + done.stderr
    text = (into.root / path).read_text()
    before, _, rest = text.partition("<<<<<<< ")
    ours, _, rest = rest.partition("\n")[2].partition("=======\n")
    theirs, _, after = rest.partition(">>>>>>> ")
    assert ours.startswith("title: ") and ours.count("\n") == theirs.count("\n") == 1, text
    (into.root / path).write_text(before + theirs + after.partition("\n")[2])
    _git(into.root, "add", path)
    assert _git(into.root, "commit", "-q", "--no-edit").returncode == 0
    return theirs.removeprefix("title: ").removesuffix("\n")


def _nothing_lost(sides: Sequence[Side], expected: Board) -> None:
    for side in sides:
        found = reading.board_at(side.place, store.read(side.place).commit, whole=True)
        runs = {run.run for each in expected.runs.values() for run in each}
        notes = {note.id for each in expected.notes.values() for note in each}
        assert runs <= {run.run for each in found.runs.values() for run in each}
        assert notes <= {note.id for each in found.notes.values() for note in each}


def _clones(folder: Path, seed: int) -> tuple[Side, Side]:
    first, second = folder / "a", folder / "b"
    first.mkdir()
    _git(first, "init", "-q", "-b", "main")
    (first / ".kanban").mkdir()
    shutil.copy(EXAMPLE / "config.yaml", first / ".kanban")
    shutil.copytree(EXAMPLE / "cards", first / ".kanban" / "cards")
    _git(first, "add", "-A")
    assert _git(first, "commit", "-qm", "the board").returncode == 0
    assert _git(folder, "clone", "-q", "a", "b").returncode == 0
    return Side(first, "a", f"{seed} a"), Side(second, "b", f"{seed} b")


def _git(cwd: Path, *args: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(["git", *args], cwd=cwd, capture_output=True, text=True, check=False)


def main() -> None:
    """Play rounds in a throw-away folder and print what came of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        tally = play(Path(folder), options.rounds, options.seed)
    print(f"{tally} in {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
