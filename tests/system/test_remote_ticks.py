"""Ticks of a board that has a remote: what has happened is said here first, then starts are asked."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gitkanban.board.repo.remotes import Offline
from gitkanban.core.tick.outcome import Outcome
from gitkanban.tick import committing, reserving, rounds
from gitkanban.tick.rounds import tick
from tests.conftest import git
from tests.support import points
from tests.support.arena import Arena


@pytest.fixture
def arena(make: Callable[..., Arena]) -> Arena:
    """A board on a branch of its own, with a remote; T0 has ended, and T1 waits for it."""
    arena = make({"T0": "@lane", "T1": "@lane <-T0"}, branch="kanban")
    points.share(arena)
    ticked(arena)
    arena.wait()
    assert arena.logged("end") == ["T0"]
    return arena


def ticked(arena: Arena) -> Outcome:
    with arena.patched():
        return tick(arena.place, remote="origin")


def remote_of(arena: Arena) -> Path:
    return arena.repo.parent / "remote.git"


def lost_with_the_host(arena: Arena) -> list[str]:
    """Cards that the remote calls done, by a commit that base does not have here."""
    found = []
    for name in git(remote_of(arena), "ls-tree", "--name-only", "kanban", "cards/").split():
        text = git(remote_of(arena), "show", f"kanban:{name}")
        fields = dict(line.split(": ", 1) for line in text.splitlines() if ": " in line)
        base = git(arena.repo, "rev-list", "refs/heads/main").split()
        if fields["status"] == "done" and fields.get("merged") not in base:
            found.append(fields["id"])
    return found


def claimed_with_what_happened() -> None:
    """The mistake: one commit of ends, merges and starts, which the remote has before base moves."""

    def commit_at_once(state: Any, look: Any, merges: Any) -> bool:
        reserved = reserving.reserve_starts(state, look, list(look.plan.starts))
        changes = (*look.plan.changes, *reserved.claims)
        committing.commit_board(state, look.board, changes, merges.base, claims=True)
        return False

    rounds.commit_and_start = commit_at_once


@pytest.mark.parametrize("broken", [False, True], ids=["as it is", "the mistake"])
def test_a_power_cut_after_a_claim_leaves_no_done_without_its_work(
    arena: Arena, broken: bool
) -> None:
    def struck() -> None:
        if broken:
            claimed_with_what_happened()
        tick(arena.place, remote="origin")

    assert os.WIFSIGNALED(arena.act(struck, "sync.claimed:kill"))
    board = git(remote_of(arena), "show", "kanban:cards/T1.yaml")
    assert "status: running" in board  # the claim has arrived
    assert lost_with_the_host(arena) == (["T0"] if broken else [])


def test_a_remote_that_takes_no_pushes_stops_no_settlement(arena: Arena) -> None:
    hook = remote_of(arena) / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    done = ticked(arena)
    assert (arena.status("T0"), arena.status("T1")) == ("done", "todo")
    assert [each.card for each in done.accepted] == ["T0"]
    assert done.started == ()
    assert any("does not take pushes to kanban" in line for line in done.errors)
    assert arena.board().cards["T0"].merged in git(arena.repo, "rev-list", "main")
    hook.unlink()
    assert [each.card for each in ticked(arena).started] == ["T1"]
    arena.wait()
    ticked(arena)
    assert lost_with_the_host(arena) == []


@pytest.mark.parametrize("when", ["before the tick", "at the claim"])
def test_a_remote_out_of_reach_stops_no_settlement(
    arena: Arena, when: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = remote_of(arena).with_name("away.git")
    if when == "before the tick":
        remote_of(arena).rename(away)
    else:

        def gone(*_: object, **__: object) -> None:
            raise Offline("cannot push to origin: the cable is cut")

        monkeypatch.setattr("gitkanban.tick.remote.publish", gone)
    done = ticked(arena)
    assert (arena.status("T0"), arena.status("T1"), done.started) == ("done", "todo", ())
    assert done.errors == ()
    assert any(line.startswith("warning: cannot ") for line in done.notices)


def test_a_tick_whose_remote_has_not_moved_pushes_once(
    arena: Arena, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gitkanban.board.repo import remotes

    real, words = remotes.talk, list[str]()

    def talk(place: Any, remote: str, *given: str) -> Any:
        words.append(next(word for word in given if word in ("fetch", "push", "ls-remote")))
        return real(place, remote, *given)

    monkeypatch.setattr(remotes, "talk", talk)
    assert [each.card for each in ticked(arena).started] == ["T1"]
    assert words == ["fetch", "push"]
    arena.wait()
