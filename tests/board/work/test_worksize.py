"""How much the work of cards in review changes, for all of them by two git commands."""

from pathlib import Path
from typing import Any

import pytest

from gitkanban.board import store
from gitkanban.board.repo import git as git_command
from gitkanban.board.repo.place import Place
from gitkanban.board.work.worksize import measure
from gitkanban.core.changes import EndRun
from gitkanban.core.model import Card, Run
from gitkanban.core.situation.figures import WorkSize
from tests.board import boards
from tests.conftest import git

MANY = 20


def branch(repo: Path, number: int) -> str:
    """A branch with `number` new lines in each of two files; its tip."""
    git(repo, "switch", "-qc", f"card/T{number}", "main")
    for name in ("one", "two"):
        (repo / f"{name}{number}").write_text("x\n" * number)
    git(repo, "add", "-A")
    git(repo, "commit", "-qm", f"work of T{number}")
    git(repo, "switch", "-q", "main")
    return git(repo, "rev-parse", f"card/T{number}")


@pytest.fixture
def place(repo: Path) -> Place:
    """A board with work of T1, T2, and so on in review."""
    names = [f"T{number}" for number in range(1, MANY + 1)]
    cards = [Card(name, title=name, worker="coder", status="review") for name in names]
    place = boards.new(repo, "", *cards)
    config = boards.CONFIG.replace("kanban:\n", "kanban:\n  base: main\n")
    (repo / ".kanban" / "config.yaml").write_text(config)
    git(repo, "commit", "-qam", "base")
    for number, name in enumerate(names, 1):
        end(place, name, branch(repo, number))
    return place


def end(place: Place, card: str, tip: str) -> None:
    number = len(store.read(place).runs_of(card))
    run = Run(f"01run{number}{card.lower()}", card, outcome="succeeded", commit=tip)
    boards.commit(place, EndRun(run))


class Count:
    """The git commands that are run, by their verbs."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.verbs: list[str] = []
        run = git_command.run

        def counted(cwd: str, *args: str, **more: Any) -> git_command.Done:
            self.verbs.append(args[0])
            return run(cwd, *args, **more)

        monkeypatch.setattr(git_command, "run", counted)

    def taken(self) -> list[str]:
        """Those since the last time."""
        verbs, self.verbs = self.verbs, []
        return verbs


def test_all_are_measured_by_two_commands_and_known_ones_by_one_when_base_moves(
    place: Place, monkeypatch: pytest.MonkeyPatch, repo: Path
) -> None:
    board = store.read(place)
    count = Count(monkeypatch)
    sizes = measure(place, board)
    assert sizes == {f"T{n}": WorkSize(2 * n, 0, 2) for n in range(1, MANY + 1)}
    assert [verb for verb in count.taken() if verb != "rev-parse"] == ["rev-list", "diff-tree"]
    assert measure(place, board) == sizes and "rev-list" not in count.taken()
    (repo / "README.md").write_text("base goes on\n")
    git(repo, "commit", "-qam", "base")
    assert measure(place, board) == sizes
    assert [verb for verb in count.taken() if verb != "rev-parse"] == ["rev-list"]


def test_work_that_took_base_in_is_measured_without_what_base_did(place: Place, repo: Path) -> None:
    (repo / "README.md").write_text("base goes on\n")
    git(repo, "commit", "-qam", "base")
    git(repo, "switch", "-q", "card/T3")
    git(repo, "merge", "-qm", "take base in", "main")
    git(repo, "switch", "-q", "main")
    end(place, "T3", git(repo, "rev-parse", "card/T3"))
    assert measure(place, store.read(place))["T3"] == WorkSize(6, 0, 2)


def test_what_is_not_here_or_in_base_already_spoils_no_other(place: Place, repo: Path) -> None:
    end(place, "T1", "12" * 20)
    git(repo, "merge", "-qm", "merged", "card/T2")
    (Path(place.private) / "cache" / "sizes").write_text('[2, {"x": 1}]')
    sizes = measure(place, store.read(place))
    assert "T1" not in sizes and sizes["T2"] == WorkSize(0, 0, 0) and sizes["T4"].added == 8


def test_binary_files_and_renames_are_counted_as_git_counts_them(place: Place, repo: Path) -> None:
    git(repo, "switch", "-q", "card/T5")
    git(repo, "mv", "one5", "moved\tname")
    (repo / "pixels").write_bytes(b"\0\1\2")
    git(repo, "add", "-A")
    git(repo, "commit", "-qm", "more")
    git(repo, "switch", "-q", "main")
    end(place, "T5", git(repo, "rev-parse", "card/T5"))
    assert measure(place, store.read(place))["T5"] == WorkSize(10, 0, 3)
