"""A person's accept: base and board move together, whatever strikes it."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gitkanban.board import store
from gitkanban.board.repo import refs
from gitkanban.core.changes import EditCard
from gitkanban.core.model import Card
from gitkanban.tick.rounds import tick
from tests.board import boards
from tests.board.boards import FORMS
from tests.conftest import git
from tests.support import points
from tests.support.terminal import Terminal

POINTS = (
    "accept.begun", "accept.commit-made", "accept.tried", "commit.tree-written", "commit.decided",
    "trees.begun", "commit.branch-moved", "accept.checkouts-brought", "follow.record",
    "commit.followed",
)  # fmt: skip


def in_review(repo: Path, form: str):  # type: ignore[no-untyped-def]
    """A board whose card T1 waits for review with one new file."""
    place = boards.new(repo, form, Card("T1", title="the work", worker="coder", status="review"))
    git(repo, "worktree", "add", "-q", "-b", "card/T1", str(repo.parent / "work"), "main")
    (repo.parent / "work" / "new.txt").write_text("new\n")
    git(repo.parent / "work", "add", "-A")
    git(repo.parent / "work", "commit", "-qm", "work")
    return place


def accept(repo: Path, strike: str) -> int:
    done = subprocess.run(
        [sys.executable, "-m", "gitkanban", "accept", "T1"],
        cwd=repo,
        check=False,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env=os.environ | {"GITKANBAN_FAILPOINT": strike},
    )
    return done.returncode


def review(repo: Path, strike: str) -> int:
    """Accept by `gitkanban review`, on a terminal; its exit code, negative for a signal."""
    with Terminal(repo, "review", GITKANBAN_FAILPOINT=strike) as terminal:
        terminal.until(r"\[q\]uit")
        return terminal.end(key="a")


def check_killed(repo: Path, form: str, point: str, by: Callable[[Path, str], int]) -> None:
    place = in_review(repo, form)
    assert by(repo, f"{point}:kill") == -9
    there = "new.txt" in git(repo, "ls-tree", "--name-only", "main")
    assert (store.read(place).cards["T1"].status == "done") == there
    tick(place)
    assert (repo / "new.txt").exists() == there
    assert git(repo, "status", "--porcelain") == ""
    assert there or by(repo, "") == 0
    assert store.read(place).cards["T1"].status == "done"
    assert (repo / "new.txt").exists()


@pytest.mark.parametrize("form", FORMS, ids=["in-tree", "own-branch"])
@pytest.mark.parametrize("point", POINTS)
def test_killed_anywhere_both_have_moved_or_none(repo: Path, form: str, point: str) -> None:
    check_killed(repo, form, point, accept)


@pytest.mark.parametrize("point", ["accept.tried", "trees.begun", "commit.branch-moved"])
def test_a_review_that_is_killed_moves_both_or_none(repo: Path, point: str) -> None:
    check_killed(repo, FORMS[0], point, review)


def test_every_point_of_an_accept_is_struck() -> None:
    """Those of a tick's are the same ones: `test_failpoints` strikes them all."""
    own = {name for name in points.every() if name.startswith(("accept.", "trees."))}
    assert own <= set(POINTS)


def test_a_board_that_moves_in_the_meantime_is_read_again(
    repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gitkanban.board.work.integrate import BaseAhead
    from gitkanban.tick.accepting import accept as accept_card

    place = in_review(repo, "kanban")
    merge, moved = BaseAhead.merge, []

    def merge_late(onto: BaseAhead, *words):  # type: ignore[no-untyped-def]
        done = merge(onto, *words)
        if len(moved) < 2:
            moved.append(boards.commit(place, EditCard("T1", {"title": f"title {len(moved)}"})))
        return done

    monkeypatch.setattr(BaseAhead, "merge", merge_late)
    assert accept_card(place, "T1").to == "done"
    card = store.read(place).cards["T1"]
    assert (card.status, card.title) == ("done", "title 1")
    assert git(repo, "rev-list", "--count", "--merges", "main") == "1"


@pytest.mark.parametrize("form", FORMS, ids=["in-tree", "own-branch"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_what_a_gc_takes_of_a_merge_is_made_again(
    repo: Path, form: str, when: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until a ref points at them, and as it does, objects are anybody's to prune."""
    from gitkanban.tick.accepting import accept as accept_card

    place = in_review(repo, form)
    (repo / "other.txt").write_text("base goes on\n")
    git(repo, "add", "other.txt")
    git(repo, "commit", "-qm", "base goes on", "--", "other.txt")
    swap, lost = refs.swap, []

    def prune(*words, **how) -> bool:  # type: ignore[no-untyped-def]
        known = {f"{oid}" for oid in git(repo, "rev-list", "--objects", "--all").split()}
        if when == "after":
            moved = swap(*words, **how)
        for path in (repo / ".git/objects").glob("??/*"):
            oid = path.parent.name + path.name
            if not lost and oid not in known:
                path.unlink()
        lost.append(1)
        return moved if when == "after" else swap(*words, **how)

    monkeypatch.setattr(refs, "swap", prune)
    assert accept_card(place, "T1").to == "done"
    git(repo, "fsck", "--strict")
    assert (repo / "new.txt").exists() and (repo / "other.txt").exists()
    assert git(repo, "status", "--porcelain") == ""
