"""A card's worktree is its session's ground: no branch takes it along, whatever its HEAD names."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from gitkanban.board.repo import checkouts
from tests.cli.calls import call, ok
from tests.conftest import git
from tests.support.arena import REVIEWED, Arena, until


def admin_of(arena: Arena) -> Path:
    return Path(arena.place.common, "worktrees", "T1")


def unmark(arena: Arena) -> None:
    (admin_of(arena) / checkouts.MARK).unlink()


def unmark_and_move(arena: Arena) -> None:
    """Its folder is said to be another one, which has a `.git`."""
    unmark(arena)
    other = arena.repo.parent / "other"
    other.mkdir()
    (other / ".git").write_text(f"gitdir: {admin_of(arena)}\n")
    (admin_of(arena) / "gitdir").write_text(f"{other}/.git\n")


def unmark_and_rename(arena: Arena) -> None:
    """Its git directory gets another name."""
    unmark(arena)
    new = admin_of(arena).with_name("persons")
    admin_of(arena).rename(new)
    Path(f"{arena.repo}.worktrees", "T1", ".git").write_text(f"gitdir: {new}\n")


WAYS = {
    "as it is": lambda _: None,
    "without its mark": unmark,
    "without its mark, elsewhere": unmark_and_move,
    "without its mark, by another name": unmark_and_rename,
}


def begun(make: Callable[..., Arena], branch: str, ref: str, way: str) -> Arena:
    """T1 runs with its HEAD on `ref`, and settings of its own; T2 is in review."""
    arena = make({"T1": "@pool", "T2": "@pool"}, config=REVIEWED, branch=branch)
    arena.words("T1", "wait:go commit")
    arena.words("T2", "commit")
    arena.tick()
    until(lambda: arena.logged("waits"), "the session")
    until(lambda: len(arena.supervisors()) == 1, "the end of T2")
    arena.tick()
    assert arena.status("T2") == "review"
    git(arena.repo, "config", "extensions.worktreeConfig", "true")
    sign = arena.log / "ran"
    admin = admin_of(arena)
    (admin / "HEAD").write_text(f"ref: {ref}\n")
    (admin / "config.worktree").write_text(f'[core]\n\tfsmonitor = "touch {sign}; false"\n')
    WAYS[way](arena)
    return arena


@pytest.mark.parametrize("way", WAYS)
def test_base_moves_without_it(make: Callable[..., Arena], way: str) -> None:
    arena = begun(make, "", "refs/heads/main", way)
    tree = Path(f"{arena.repo}.worktrees", "T1")
    (tree / "README.md").write_text("in the way of a checkout that follows\n")
    assert [each.root for each in checkouts.on(arena.place, "refs/heads/main")] == [str(arena.repo)]
    ok(arena.repo, "accept", "T2")
    assert (arena.repo / "work" / "T2.txt").exists()
    assert not (tree / "work").exists(), "its files are its session's"
    assert not (arena.log / "ran").exists()


@pytest.mark.parametrize("way", WAYS)
def test_the_board_s_branch_moves_without_it(make: Callable[..., Arena], way: str) -> None:
    arena = begun(make, "kanban", "refs/heads/kanban", way)
    tree = Path(f"{arena.repo}.worktrees", "T1")
    before = sorted(os.listdir(tree))
    ok(arena.repo, "add", "another", "--id", "T3", "--worker", "pool")
    assert (arena.repo / ".kanban" / "cards" / "T3.yaml").exists()
    assert sorted(os.listdir(tree)) == before
    assert not (arena.log / "ran").exists()


@pytest.mark.parametrize("what", ["index", "commondir", "admin"])
def test_a_worktree_that_leads_elsewhere_is_none_of_ours(
    make: Callable[..., Arena], what: str
) -> None:
    arena = make({})
    beside = arena.repo.parent / "beside"
    git(arena.repo, "worktree", "add", "-q", "-f", str(beside), "main")
    assert len(checkouts.on(arena.place, "refs/heads/main")) == 2, "a person's follows"
    admin = Path(arena.place.common, "worktrees", "beside")
    if what == "index":
        (admin / "index").unlink()
        (admin / "index").symlink_to(f"{arena.place.common}/index")
    elif what == "commondir":
        git(arena.repo.parent, "init", "-q", "theirs")
        (admin / "commondir").write_text(f"{arena.repo.parent}/theirs/.git\n")
    else:
        admin.rename(arena.log / "admin")
        admin.symlink_to(arena.log / "admin")
    ok(arena.repo, "add", "another", "--id", "T3", "--worker", "pool")
    assert [each.root for each in checkouts.on(arena.place, "refs/heads/main")] == [str(arena.repo)]
    assert git(arena.repo, "status", "--porcelain") == ""


def test_what_is_noted_of_it_goes_with_it(make: Callable[..., Arena]) -> None:
    arena = make({"T1": "@pool"})
    arena.words("T1", "commit")
    arena.settle()
    assert arena.status("T1") == "done"
    notes = Path(arena.place.private, "worktrees")
    assert [each.name for each in notes.iterdir()] == ["T1"]
    call(arena.repo, "gc")
    assert not Path(f"{arena.repo}.worktrees", "T1").exists()
    assert list(notes.iterdir()) == []


@pytest.mark.parametrize(("count", "has_board"), [(100, True), (101, False)])
def test_worktrees_are_without_the_files_of_a_board_of_more_than_a_hundred_cards(
    make: Callable[..., Arena], count: int, has_board: bool
) -> None:
    arena = make({"T1": "@lane", **{f"B{n}": "@lane backlog" for n in range(count - 1)}})
    arena.words("T1", "hang")
    arena.tick()
    until(lambda: arena.hanging(), "the session")
    worktree = Path(f"{arena.repo}.worktrees", "T1")
    assert (worktree / ".kanban").exists() == has_board
    assert (worktree / "README.md").exists()
    assert git(worktree, "status", "--porcelain") == ""
    ok(arena.repo, "stop", "T1")
    arena.settle()
