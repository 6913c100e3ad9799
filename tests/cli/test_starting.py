"""The first steps: a board, its agent, and cards that get the only worker there is."""

from pathlib import Path

import pytest

from gitkanban.board import store
from gitkanban.board.repo import placefinder
from tests.cli.calls import call, ok
from tests.conftest import git


def worker_of(repo: Path, card: str) -> str:
    return store.read(placefinder.find(str(repo))).cards[card].worker


def test_a_card_without_a_worker_is_for_the_only_one(repo: Path) -> None:
    ok(repo, "init", "--runner", "claude")
    done = call(repo, "add", "x", "--id", "T1")
    assert (done.out, done.err.splitlines()[0]) == ("T1  x\n", "T1: for coder, the only worker")
    assert worker_of(repo, "T1") == "coder"
    plan = "- {id: T2, title: y}\n- {id: T3, title: z, worker: coder}\n- {id: T4, title: z}\n"
    done = call(repo, "add", "--from", "-", stdin=plan)
    assert done.err.splitlines()[0] == "T2, T4: for coder, the only worker"
    assert "only worker" not in call(repo, "add", "x", "-w", "coder").err


def test_where_there_are_several_it_is_said_that_nobody_is_assigned(board: Path) -> None:
    done = call(board, "add", "x", "--id", "X1")
    assert done.err == "X1: nobody is assigned: gitkanban edit X1 --worker NAME\n"
    assert worker_of(board, "X1") == ""
    plan = "".join(f"- {{id: Y{n}, title: y}}\n" for n in range(6))
    done = call(board, "add", "--from", "-", "--json", stdin=plan)
    assert done.err == (
        "Y0, Y1, Y2, Y3, Y4, …: nobody is assigned: gitkanban edit ID --worker NAME\n"
    )


def test_an_agent_that_is_not_there_is_reported(
    repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    assert call(repo, "init").err == (
        "claude was not found on PATH: install it, or name another agent in config.yaml\n"
    )
    (tmp_path / "bin").mkdir()
    agent = tmp_path / "bin" / "codex"
    agent.write_text("#!/bin/sh\n")
    agent.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:/usr/bin:/bin")
    other = tmp_path / "other"
    git(tmp_path, "clone", "-q", str(repo), str(other))
    assert call(other, "init", "--branch", "board").err == ""


def test_commands_of_a_given_config_are_to_be_trusted_first(repo: Path) -> None:
    given = repo.parent / "config.yaml"
    given.write_text(
        "kanban:\n  workers:\n    w: {command: [./agent.sh]}\n    v: {command: [sh]}\n"
    )
    done = call(repo, "init", "--config", str(given))
    assert (
        'next: gitkanban trust, then gitkanban add "what to do" --worker w, then gitkanban tick\n'
        in done.out
    )
    assert done.err == ""
    assert "← its commands have not been allowed" in call(repo, "trust").out
