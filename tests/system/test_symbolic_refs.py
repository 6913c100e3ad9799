"""A ref of ours that a session has made a name for another branch
never moves or removes that one.
"""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from gitkanban.core.ids import KNOWN_REF
from gitkanban.runs.workspace import salvage
from tests.cli.calls import call, ok
from tests.conftest import git
from tests.support.arena import Arena, until


def symbolic(arena: Arena, ref: str, target: str) -> None:
    git(arena.repo, "symbolic-ref", ref, target)


def linked(arena: Arena, ref: str, target: str) -> None:
    """As git made them before it wrote `ref: `."""
    path = Path(arena.place.common, ref)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    os.symlink(target, path)


WAYS = pytest.mark.parametrize("way", [symbolic, linked])


def waiting(make: Callable[..., Arena], words: str) -> Arena:
    arena = make({"T1": "@pool"})
    git(arena.repo, "branch", "release")
    arena.words("T1", words, "commit")
    arena.tick()
    until(lambda: arena.logged("waits"), "the session")
    return arena


def gone_on(arena: Arena) -> None:
    (arena.log / "go").write_text("")
    arena.wait()


@WAYS
def test_what_a_session_left_goes_to_the_card_s_branch(
    make: Callable[..., Arena], way: Callable[..., None]
) -> None:
    arena = waiting(make, "left wait:go")
    before = git(arena.repo, "rev-parse", "release")
    way(arena, "refs/heads/card/T1", "refs/heads/release")
    gone_on(arena)
    arena.settle()
    assert git(arena.repo, "rev-parse", "release") == before
    assert arena.oracle.violations(people=True) == []


@WAYS
def test_a_branch_that_another_session_has_prepared(
    make: Callable[..., Arena], way: Callable[..., None]
) -> None:
    arena = make({"T1": "@pool"})
    git(arena.repo, "branch", "release")
    before = git(arena.repo, "rev-parse", "release")
    way(arena, "refs/heads/card/T1", "refs/heads/release")
    arena.settle()
    assert git(arena.repo, "rev-parse", "release") == before
    assert arena.status("T1") == "done"


@WAYS
def test_gc_removes_the_name_alone(make: Callable[..., Arena], way: Callable[..., None]) -> None:
    arena = make({"T1": "@pool"})
    arena.settle()
    assert arena.status("T1") == "done"
    git(arena.repo, "branch", "release", "card/T1")
    way(arena, "refs/heads/card/T1", "refs/heads/release")
    call(arena.repo, "gc")
    assert git(arena.repo, "branch", "--list", "release").strip() == "release"


@WAYS
def test_what_was_last_seen_is_noted_nowhere_else(
    make: Callable[..., Arena], way: Callable[..., None]
) -> None:
    arena = make({})
    git(arena.repo, "branch", "release")
    before = git(arena.repo, "rev-parse", "release")
    way(arena, KNOWN_REF, "refs/heads/release")
    ok(arena.repo, "add", "one more", "--id", "T2", "--worker", "pool")
    ok(arena.repo, "add", "and one", "--id", "T3", "--worker", "pool")
    assert git(arena.repo, "rev-parse", "release") == before
    assert {"T2", "T3"} <= set(arena.board().cards)


@WAYS
def test_salvage_moves_nothing_else(make: Callable[..., Arena], way: Callable[..., None]) -> None:
    arena = make({})
    git(arena.repo, "branch", "release")
    before = git(arena.repo, "rev-parse", "release")
    way(arena, f"{salvage.PREFIX}01run", "refs/heads/release")
    made = salvage.commit_tree(arena.place.common, f"{before}^{{tree}}", (before,), "work\n")
    ref = salvage.keep(arena.place.common, "01run", made)
    assert git(arena.repo, "rev-parse", ref) == made
    assert git(arena.repo, "rev-parse", "release") == before
