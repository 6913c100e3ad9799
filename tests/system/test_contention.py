"""Ticks against each other and against people in the same repository, judged by the oracle."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import pytest

from gitkanban.board.repo import refs
from gitkanban.tick.rounds import tick
from tests.conftest import git
from tests.support.arena import Arena, until
from tests.support.oracle import person

OLD = 1_000_000_000  # a time long ago


def test_eight_ticks_at_once_start_every_card_once(make: Callable[..., Arena]) -> None:
    arena = make({f"T{n}": f"@{'pool' if n % 2 else 'lane'}" for n in range(5)})
    for _ in range(3):
        pids = [arena.begin(lambda: tick(arena.place)) for _ in range(8)]
        assert [os.waitpid(pid, 0)[1] for pid in pids] == [0] * 8
        arena.wait()
    arena.settle()
    assert sorted(arena.logged("begin")) == [f"T{n}" for n in range(5)]
    assert arena.judged() == []


def test_a_contended_tick_ends_while_the_other_still_works(make: Callable[..., Arena]) -> None:
    arena = make({"T1": "@pool"})
    held = arena.locks.take("tick")
    assert held
    words, env = arena.command("tick")
    # It ends although the lock is not let go of before it has ended: it waits for nothing.
    done = subprocess.run(words, cwd=arena.repo, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert arena.status("T1") == "todo"
    assert os.path.exists(f"{arena.place.private}/again")
    held.close()
    arena.settle()
    assert arena.judged() == []


def test_a_tick_that_came_by_makes_the_first_go_round_again(make: Callable[..., Arena]) -> None:
    arena = make({"T1": "@pool"})
    pid = arena.begin(lambda: tick(arena.place), "tick.unlocked:stop")
    _, status = os.waitpid(pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status)
    arena.add("T9", "@pool")
    Path(arena.place.private, "again").touch()
    os.kill(pid, 18)
    assert os.waitpid(pid, 0)[1] == 0
    until(lambda: len(arena.logged("begin")) == 2, "both cards")
    arena.settle()
    assert arena.judged() == []


def test_ticks_from_git_hooks_find_the_board_from_linked_worktrees_too(
    make: Callable[..., Arena],
) -> None:
    arena = make({"T1": "@pool", "T2": "@lane <-T1", "T3": "@pool <-T2"})
    words, env = arena.command("tick")
    names = ("ARENA", "PYTHONPATH")
    exports = "".join(f"export {name}='{env[name]}'\n" for name in names)
    for hook in ("post-commit", "post-merge"):
        path = Path(arena.place.common, "hooks", hook)
        path.write_text(f"#!/bin/sh\n{exports}echo {hook} $GIT_DIR >>{arena.log}/hooks\n"
                        f"exec {' '.join(words)} >>{arena.log}/hooks.out 2>&1\n")  # fmt: skip
        path.chmod(0o755)
    commit(arena.repo, "one.txt")
    until(lambda: "T1" in arena.logged("end"), "T1, started by post-commit")
    until(lambda: not arena.supervisors(), "its end")
    side = arena.repo.parent / "side"
    git(arena.repo, "worktree", "add", "-q", "-b", "side", str(side))
    commit(side, "two.txt")
    until(lambda: "T2" in arena.logged("end"), "T2, started from the linked worktree")
    until(lambda: not arena.supervisors(), "its end")
    git(arena.repo, "merge", "-q", "--no-edit", "side")
    # Git's merge is not over while its hook runs, so that tick left the board alone.
    assert "a merge is in progress" in (arena.log / "hooks.out").read_text()
    git(side, "merge", "-q", "--no-edit", "main")
    until(lambda: "T3" in arena.logged("end"), "T3, started by post-merge")
    ran = (arena.log / "hooks").read_text()
    assert f"post-commit {arena.place.common}/worktrees/side" in ran
    assert "post-merge" in ran
    assert (arena.log / "hooks.out").read_text().count("Error") == 0
    for hook in ("post-commit", "post-merge"):
        Path(arena.place.common, "hooks", hook).unlink()
    arena.settle()
    assert arena.judged(people=True) == []


def commit(where: Path, name: str) -> None:
    """A person commits a file."""
    (where / name).write_text(name)
    git(where, "add", name)
    git(where, "commit", "-qm", name)


def stash(repo: Path) -> None:
    """Everything away, untracked files too."""
    (repo / "loose.txt").write_text("loose")
    git(repo, "stash", "push", "-qu")


PEOPLE = (
    ("commit", lambda repo: commit(repo, "a.txt")),
    ("amend", lambda repo: git(repo, "commit", "-q", "--amend", "-m", "amended")),
    ("rebase", lambda repo: git(repo, "rebase", "-q", "--no-ff", "HEAD~2")),
    ("branch", lambda repo: git(repo, "branch", "other", "HEAD~1")),
    ("merge", lambda repo: git(repo, "merge", "-q", "--no-ff", "--no-edit", "other", check=False)),
    ("stash", stash),
    ("pop", lambda repo: git(repo, "stash", "pop", "-q")),
    ("gc", lambda repo: git(repo, "gc", "-q", "--prune=now")),
    ("prune", lambda repo: git(repo, "worktree", "prune")),
    ("reset", lambda repo: git(repo, "reset", "-q", "--keep", "HEAD~1")),
    ("clean", lambda repo: git(repo, "clean", "-qfdx", ".kanban")),
    ("switch", lambda repo: git(repo, "switch", "-qc", "away")),
)  # fmt: skip


@pytest.mark.parametrize("branch", ["", "kanban"], ids=["in tree", "own branch"])
def test_whatever_people_do_runs_go_on_and_their_files_are_theirs(
    make: Callable[..., Arena], branch: str
) -> None:
    arena = make({"T1": "@pool", "T2": "@lane <-T1"}, branch=branch)
    arena.words("T1", "commit wait:go commit")
    commit(arena.repo, "mine.txt")
    (arena.repo / "mine.txt").write_text("staged")
    git(arena.repo, "add", "mine.txt")
    (arena.repo / "mine.txt").write_text("and more")
    before = person(arena.repo, "mine.txt")
    arena.tick()
    until(lambda: arena.logged("waits"), "the session")
    (pid,) = arena.supervisors()
    git(arena.repo, "stash", "push", "-q", "mine.txt")
    for name, do in PEOPLE:
        do(arena.repo)
        assert arena.tick() == 0, name
        assert arena.supervisors() == [pid], name
        assert arena.status("T1") == "running", name
        assert len(arena.logged("begin")) == 1, name
    git(arena.repo, "switch", "-q", "main")
    git(arena.repo, "stash", "pop", "-q", "--index")
    assert person(arena.repo, "mine.txt") == before
    (arena.log / "go").write_text("")
    until(lambda: not arena.supervisors(), "the end")
    arena.settle()
    assert arena.status("T2") == "done"
    assert arena.judged(people=True) == []
    assert person(arena.repo, "mine.txt") == before


def lock_of(arena: Arena) -> Path:
    return Path(arena.place.common, f"{arena.place.ref}.lock")


def test_a_stale_lock_of_the_board_s_branch_goes_and_a_live_one_is_waited_for(
    make: Callable[..., Arena],
) -> None:
    arena = make({"T1": "@pool"})
    tip = arena.tip()
    with lock_of(arena).open("x"), mock.patch.object(refs, "LOCK_PATIENCE", 0.1):
        os.utime(lock_of(arena), (OLD, OLD))
        assert arena.tick() == 0
        assert lock_of(arena).exists(), "somebody has it open"
        assert arena.tip() == tip
    os.utime(lock_of(arena), (time.time(), time.time()))
    patient = mock.patch.object(refs, "STALE_AFTER", 600)
    with mock.patch.object(refs, "LOCK_PATIENCE", 0.1), patient:
        assert arena.tick() == 0
    assert lock_of(arena).exists(), "it is too young to be called stale"
    os.utime(lock_of(arena), (OLD, OLD))
    arena.settle()
    assert not lock_of(arena).exists()
    assert arena.status("T1") == "done"
    assert arena.judged() == []


def test_a_lock_that_a_live_git_lets_go_of_in_time_holds_nothing_up(
    make: Callable[..., Arena],
) -> None:
    arena = make({"T1": "@pool"})
    script = f"import os, sys; f = open({str(lock_of(arena))!r}, 'x'); print(flush=True); input()"
    holder = subprocess.Popen(
        [sys.executable, "-c", script + f"; os.unlink({str(lock_of(arena))!r})"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert holder.stdin and holder.stdout
    holder.stdout.readline()
    with mock.patch.object(refs, "LOCK_PATIENCE", 60), mock.patch.object(refs, "STALE_AFTER", 600):
        pid = arena.begin(lambda: tick(arena.place))
    until(lambda: list(Path(arena.place.private, "runs").glob("*/spec")), "the tick's claim")
    holder.communicate(b"\n")
    assert os.waitpid(pid, 0)[1] == 0
    assert arena.status("T1") == "running"
    arena.settle()
    assert arena.judged() == []


def test_a_held_index_lock_makes_the_board_stand_still_and_is_left_alone(
    make: Callable[..., Arena],
) -> None:
    arena = make({"T1": "@pool"})
    lock = Path(arena.place.common, "index.lock")
    tip = arena.tip()
    lock.touch()
    assert arena.tick() == 0
    assert (arena.tip(), lock.exists()) == (tip, True)
    lock.unlink()
    arena.settle()
    assert arena.judged() == []


@pytest.mark.parametrize("branch", ["", "kanban"])
@pytest.mark.parametrize("point", ["commit.branch-moved", "tick.launch", "follow.file-written"])
def test_a_commit_from_a_checkout_that_was_left_behind_takes_nothing_back(
    make: Callable[..., Arena], branch: str, point: str
) -> None:
    """A tick is killed before checkouts have followed, and a person does `git commit -a` there."""
    arena = make({"T1": "@lane"}, branch=branch)
    commit(arena.repo, "mine.txt")
    assert arena.tick() == 0
    arena.wait()
    assert arena.tick(f"{point}:kill") or branch  # nothing follows a board that nobody looks at
    (arena.repo / "mine.txt").write_text("more")
    git(arena.repo, "commit", "-qam", "mine only")
    arena.settle()
    assert arena.status("T1") == "done"
    assert git(arena.repo, "ls-tree", "--name-only", "main", "work/") == "work/T1.txt"
    assert git(arena.repo, "show", "main:mine.txt") == "more"
    assert git(arena.repo, "status", "--porcelain") == ""
    assert arena.judged(people=True) == []
