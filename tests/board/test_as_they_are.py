"""Objects count as what their ids say, whatever a clone was told to put in their place."""

from collections.abc import Callable
from pathlib import Path

import pytest

from gitkanban.board import store
from gitkanban.board.repo import commits
from gitkanban.board.repo.place import Place
from gitkanban.board.work import integrate
from gitkanban.core.changes import EndRun
from gitkanban.core.model import Card, Run
from tests.board import boards
from tests.board.boards import new
from tests.board.work.test_integrate import Bench
from tests.conftest import git


def replaced(repo: Path, rev: str, act: Callable[[], None]) -> None:
    """`act` makes a commit, which then stands for `rev` in this clone."""
    old = git(repo, "rev-parse", rev)
    act()
    git(repo, "replace", old, git(repo, "rev-parse", "HEAD"))
    git(repo, "reset", "-q", "--hard", old)


def test_a_replaced_file_is_not_the_board(repo: Path) -> None:
    place: Place = new(repo, "", Card("T1", title="the work"))
    path = repo / ".kanban" / "cards" / "T1.yaml"
    other = git(repo, "hash-object", "-w", "--stdin", input=path.read_text() + "status: done\n")
    git(repo, "replace", git(repo, "rev-parse", "main:.kanban/cards/T1.yaml"), other)
    assert store.read(place).cards["T1"].status == "todo"


def test_a_replaced_commit_is_not_the_board(repo: Path) -> None:
    place: Place = new(repo, "", Card("T1", title="the work"))

    def act() -> None:
        git(repo, "rm", "-qr", ".kanban/cards")
        git(repo, "commit", "-qm", "no cards")

    replaced(repo, "main", act)
    assert list(store.read(place).cards) == ["T1"]


def test_a_replaced_commit_brings_nothing_into_base(repo: Path) -> None:
    bench = Bench(repo, "")
    bench.work(good__txt="good\n")

    def act() -> None:
        (bench.tree / "evil.txt").write_text("evil\n")
        git(bench.tree, "add", "-A")
        git(bench.tree, "commit", "-qm", "evil")

    replaced(bench.tree, "HEAD", act)
    assert bench.accept().commit
    assert "evil.txt" not in git(
        repo, "--no-replace-objects", "ls-tree", "-r", "--name-only", "main"
    )


def test_a_graft_makes_no_work_part_of_base(repo: Path) -> None:
    bench = Bench(repo, "")
    tip = bench.work(good__txt="good\n")
    boards.commit(
        bench.place,
        EndRun(Run("01run", card="T1", outcome="succeeded", start_commit=bench.start, commit=tip)),
    )
    main = git(repo, "rev-parse", "main")
    (repo / ".git" / "info").mkdir(exist_ok=True)
    (repo / ".git" / "info" / "grafts").write_text(
        f"{main} {git(repo, 'rev-parse', 'main~1')} {tip}\n"
    )
    assert not commits.is_ancestor(bench.place.common, tip, "refs/heads/main")
    assert integrate.already_merged(bench.place, store.read(bench.place)) == {}


@pytest.mark.parametrize("name", ["config.yaml", "cards/T1.yaml"])
@pytest.mark.parametrize("mode, what", [("120000", "a symbolic link"), ("160000", "a submodule")])
def test_what_is_no_file_is_not_read_as_one(repo: Path, mode: str, what: str, name: str) -> None:
    place: Place = new(repo, "", Card("T1", title="the work"))
    path = f".kanban/{name}"
    oid = git(repo, "rev-parse", f"main:{path}" if mode == "120000" else "main")
    git(repo, "update-index", "--cacheinfo", f"{mode},{oid},{path}")
    git(repo, "commit", "-qm", "a harmless change")
    board = store.read(place)
    found = [each.message for each in board.problems if each.file == path]
    assert found == [f"it is {what}, which is not read"]
    assert board.config is None or "T1" not in board.cards
