"""From review to base: verified merges, pushed branches, merges and closures seen from outside."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gitkanban.board import store
from gitkanban.board.repo.place import Place
from gitkanban.board.repo.placefinder import find
from gitkanban.core.model import Card
from gitkanban.runs.supervision.locks import Locks
from tests.conftest import git
from tests.runs.places import until
from tests.support.terminal import Terminal

CONFIG = """\
version: 1
kanban:
  base: main
%s  workers:
    w:
      verify: [sh, check.sh]
      command: [sh, -c, 'echo hello > hello.txt && git add . && git commit -qm hello && echo done']
"""


def gitkanban(repo: Path, *words: str, code: int = 0) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "gitkanban", *words],
        cwd=repo,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def card(place: Place) -> Card:
    return store.read(place).cards["T1"]


def in_review(repo: Path, more: str = "") -> Place:
    """A board of its own branch whose one card has been worked and waits for review."""
    (repo / "check.sh").write_text("test ! -e broken\n")
    git(repo, "add", "check.sh")
    git(repo, "commit", "-qm", "a check")
    config = repo.parent / "config.yaml"
    config.write_text(CONFIG % "".join(f"  {line}\n" for line in more.split("\n") if line))
    gitkanban(repo, "init", "--branch", "kanban", "--config", str(config))
    gitkanban(repo, "add", "do it", "--id", "T1", "--worker", "w")
    gitkanban(repo, "trust", "--yes")
    gitkanban(repo, "tick")
    place = find(str(repo))
    until(lambda: card(place).status == "review")
    quiet(place)
    return place


def quiet(place: Place) -> None:
    """Wait for the tick that a supervisor has become."""
    held = Locks(place.private).take("tick", wait=120)
    assert held
    held.close()


def forget_pushes(place: Place) -> None:
    """Take back what the tick at the run's end has noted of its push.

    It pushes once the tick lock is free, so its note is waited for, and the end of its push.
    """
    note = Path(place.private) / "pushed"
    until(note.exists)
    held = Locks(place.private).take("publish", wait=120)
    assert held
    note.unlink()
    held.close()


def hub(repo: Path) -> Path:
    path = repo.parent / "hub.git"
    git(repo.parent, "init", "-q", "--bare", "-b", "main", str(path))
    git(repo, "remote", "add", "origin", str(path))
    git(repo, "push", "-q", "origin", "main")
    return path


def test_what_is_merged_is_verified_first_and_a_red_one_stays_in_review(repo: Path) -> None:
    place = in_review(repo, "verify_accept: true")
    (repo / "broken").write_text("by somebody else, meanwhile\n")
    git(repo, "add", "broken")
    git(repo, "commit", "-qm", "it breaks")
    before = git(repo, "rev-parse", "main")
    said = gitkanban(repo, "accept", "T1", code=1)
    assert "verify fails on T1 merged into base (exit 1)" in said
    assert git(repo, "rev-parse", "main") == before
    assert card(place).status == "review"
    assert len(git(repo, "worktree", "list").splitlines()) == 3  # main, .kanban, T1
    git(repo, "rm", "-q", "broken")
    git(repo, "commit", "-qm", "mended")
    gitkanban(repo, "accept", "T1")
    assert card(place).status == "done"
    assert (repo / "hello.txt").exists()


def test_a_card_in_review_is_pushed_once_and_a_pull_request_opened(
    repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = hub(repo)
    bin_ = repo.parent / "bin"
    bin_.mkdir()
    (bin_ / "gh").write_text(
        f'#!/bin/sh\necho "$@" >> {repo.parent}/gh.log\necho http://example.org/1\n'
    )
    (bin_ / "gh").chmod(0o755)
    monkeypatch.setenv("PATH", f"{bin_}:{os.environ['PATH']}")
    place = in_review(repo, "push: origin\npr: true")
    log = repo.parent / "gh.log"
    until(log.exists)
    assert git(path, "rev-parse", "card/T1") == git(repo, "rev-parse", "card/T1")
    assert git(path, "branch", "--format=%(refname:short)").split() == ["card/T1", "main"]
    gitkanban(repo, "tick")
    assert len(log.read_text().splitlines()) < 6  # one call; its body has lines
    assert log.read_text().startswith("pr create --head card/T1 --base main --title T1: do it")
    assert card(place).status == "review"


def test_a_branch_closed_elsewhere_blocks_its_card_and_a_merged_one_is_reported(repo: Path) -> None:
    path = hub(repo)
    place = in_review(repo, "push: origin")
    until(lambda: git(path, "branch", "--list", "card/T1"))
    tip = git(path, "rev-parse", "card/T1")
    git(path, "update-ref", "refs/heads/main", tip)
    git(path, "update-ref", "-d", "refs/heads/card/T1")
    assert "T1 is merged on origin: pull main" in gitkanban(repo, "tick")
    git(path, "update-ref", "refs/heads/main", git(repo, "rev-parse", "main"))
    gitkanban(repo, "tick")
    assert card(place).status == "blocked"
    assert card(place).why == "its branch was closed on origin without a merge"


def test_a_remote_out_of_reach_is_reported_and_stops_nothing(repo: Path) -> None:
    path = hub(repo)
    path.rename(path.with_name("away"))
    place = in_review(repo, "push: origin")
    assert card(place).status == "review"
    forget_pushes(place)
    assert "warning: card/T1 is not pushed" in gitkanban(repo, "tick")
    assert "not pushed" not in gitkanban(repo, "tick")  # not again for a while


@pytest.mark.parametrize("how", [["--no-ff"], ["--squash"]], ids=["merged", "squashed"])
def test_a_merge_made_by_hand_is_seen_and_the_clean_worktree_goes(
    repo: Path, how: list[str]
) -> None:
    place = in_review(repo)
    tree = Path(f"{repo}.worktrees/T1")
    assert tree.exists()
    git(repo, "merge", "-q", *how, "card/T1")
    if how == ["--squash"]:
        git(repo, "commit", "-qm", "squashed")
    assert "T1 is merged; its worktree is removed" in gitkanban(repo, "tick")
    assert card(place).status == "done"
    assert not tree.exists()


def test_review_refuses_politely_without_a_terminal(repo: Path) -> None:
    gitkanban(repo, "init", "--runner", "claude")
    assert "needs a terminal" in gitkanban(repo, "review", code=1)


def test_review_walks_and_decides_on_a_terminal(repo: Path) -> None:
    place = in_review(repo)
    with Terminal(repo, "review", "--no-tick", NO_COLOR="1") as terminal:
        said = terminal.until(r"\[q\]uit")
        terminal.until("What is wrong", key="r")
        terminal.type("not like this\n")
        terminal.until("goes back")
        assert terminal.end() == 0
    assert "hello.txt | 1 +" in said
    assert "verify passed" in said
    assert card(place).status == "todo"
    assert [note.text for note in store.read(place).notes_of("T1")] == ["not like this"]
