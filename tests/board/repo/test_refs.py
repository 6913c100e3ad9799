"""Refs as a power loss leaves them: found, mended where their log knows better,
never in the way.
"""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from gitkanban.board.repo import git as git_module
from gitkanban.board.repo import new_objects, refs, signing
from gitkanban.core.changes import AddCard
from gitkanban.core.ids import KNOWN_REF
from gitkanban.core.model import Card
from gitkanban.runs.workspace import worktrees
from tests.board import boards
from tests.conftest import git


@pytest.mark.parametrize("content", ["", "\0" * 41, "0" * 39, "tail of another file\n"])
def test_a_ref_without_content_is_at_the_last_commit_of_its_log_again(
    repo: Path, content: str
) -> None:
    git(repo, "branch", "card/T1", "main")
    tip = git(repo, "commit-tree", "-p", "main", "-m", "work", "main^{tree}")
    git(repo, "update-ref", "refs/heads/card/T1", tip)
    with (repo / ".git/logs/refs/heads/card/T1").open("a") as log:
        log.write(f"{tip} {'1' * 40} Ada <a@b.c> 1700000000 +0000\tnever on the disk\n")
    common = str(repo / ".git")
    assert list(refs.list_broken(common)) == []
    (repo / ".git/refs/heads/card/T1").write_text(content)
    assert list(refs.list_broken(common)) == ["refs/heads/card/T1"]
    assert f"at {tip[:10]} again" in refs.mend(common, "refs/heads/card/T1")
    assert git(repo, "rev-parse", "card/T1") == tip
    assert refs.mend(common, "refs/heads/card/T1") == ""


def test_one_whose_log_knows_nothing_is_removed(repo: Path) -> None:
    broken = repo / ".git/refs/heads/card/T1"
    broken.parent.mkdir()
    broken.touch()
    assert refs.mend(str(repo / ".git"), "refs/heads/card/T1").endswith("and was removed")
    assert not broken.exists()


def test_one_that_could_not_be_written_over_stays_broken_and_is_mended_the_next_time(
    repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(repo, "branch", "card/T1", "main")
    broken = repo / ".git/refs/heads/card/T1"
    broken.write_text("")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as disk, pytest.raises(OSError, match="No space"):
        disk.setattr(os, "replace", full)
        refs.mend(str(repo / ".git"), "refs/heads/card/T1")
    assert (broken.read_text(), os.path.exists(f"{broken}.lock")) == ("", False)
    assert refs.mend(str(repo / ".git"), "refs/heads/card/T1")
    assert git(repo, "rev-parse", "card/T1") == git(repo, "rev-parse", "main")


def test_the_lock_that_a_git_makes_as_ours_goes_is_its_own(
    repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(repo, "branch", "card/T1", "main")
    broken = repo / ".git/refs/heads/card/T1"
    broken.write_text("")
    replace = os.replace

    def replace_and_lock(*paths: str) -> None:
        replace(*paths)
        Path(paths[0]).touch()

    monkeypatch.setattr(os, "replace", replace_and_lock)
    assert refs.mend(str(repo / ".git"), "refs/heads/card/T1")
    assert broken.with_name("T1.lock").exists()


def test_one_that_a_git_is_writing_is_left_to_it(repo: Path) -> None:
    broken = repo / ".git/refs/heads/card/T1"
    broken.parent.mkdir()
    broken.touch()
    lock = broken.with_name("T1.lock")
    lock.touch()
    assert refs.mend(str(repo / ".git"), "refs/heads/card/T1") == ""
    assert broken.exists() and lock.exists()


def test_a_symbolic_ref_is_not_broken(repo: Path) -> None:
    git(repo, "symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main")
    assert list(refs.list_broken(str(repo / ".git"))) == []


def test_the_board_is_committed_although_the_ref_of_its_last_known_commit_is_broken(
    repo: Path,
) -> None:
    place = boards.new(repo, "", Card("A", "a"))
    (Path(place.common) / KNOWN_REF).write_text("")
    done = boards.commit(place, AddCard(Card("B", "b")))
    assert git(repo, "rev-parse", KNOWN_REF) == done.commit == git(repo, "rev-parse", "main")


def flushes(trace: Path, how: str = "hardware-flush") -> int:
    """How often git has flushed the disk, by its own count (`git help api-trace2`)."""
    rows = [json.loads(line) for line in trace.read_text().splitlines()]
    counts = [row for row in rows if row.get("category") == "fsync"]
    return sum(int(row["value"]) for row in counts if row["key"] == f"fsync/{how}")


def test_what_git_writes_for_us_and_for_sessions_is_on_the_disk(
    repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trace = tmp_path / "trace"
    monkeypatch.setenv("GIT_TRACE2_EVENT", str(trace))
    git_module.run(str(repo), "update-ref", "refs/heads/card/T1", "HEAD")
    assert flushes(trace) >= 1
    trace.unlink()
    signing.rewrite(f"{repo}/.git", b"tree %s\n\nnot there yet\n" % new_objects.EMPTY_TREE.encode())
    assert flushes(trace) >= 1
    trace.unlink()
    settings = worktrees.git_config(sparse=False)
    monkeypatch.setenv("GIT_CONFIG_COUNT", str(len(settings)))
    for number, (key, value) in enumerate(settings.items()):
        monkeypatch.setenv(f"GIT_CONFIG_KEY_{number}", key)
        monkeypatch.setenv(f"GIT_CONFIG_VALUE_{number}", value)
    git(repo, "commit", "-q", "--allow-empty", "-m", "work")
    assert flushes(trace) >= 2, "the commit, and its branch"


def test_of_a_change_git_writes_out_every_object_and_then_flushes_the_disk_before_a_ref_moves(
    repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = boards.new(repo, "", Card("A", "a"))
    writers: list[tuple[str, Path]] = []
    run = git_module.run

    def traced(*words: str, **how: Any) -> git_module.Done:
        trace = tmp_path / str(len(writers))
        writers.extend((word, trace) for word in words if word in ("unpack-objects", "update-ref"))
        monkeypatch.setenv("GIT_TRACE2_EVENT", str(trace))
        return run(*words, **how)

    monkeypatch.setattr(git_module, "run", traced)
    boards.commit(place, AddCard(Card("B", "b")))
    (first, objects), (second, moves) = writers
    assert (first, second) == ("unpack-objects", "update-ref")
    assert flushes(objects, "writeout-only") == 5, "the card, three trees, the commit"
    assert flushes(moves) == 2, "the branch, and the ref of its last known commit"


def test_objects_that_a_ref_points_at_already_are_flushed_at_once(
    repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_TRACE2_EVENT", str(tmp_path / "trace"))
    with new_objects.NewObjects(f"{repo}/.git") as objects:
        objects.tree({b"a": (new_objects.BLOB, b"new")})
        objects.write(flush=True)
    assert flushes(tmp_path / "trace") >= 1


def test_git_looks_at_no_more_refs_than_it_is_given(
    repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only to warn of them, it would look for branches and tags that have an id for a name."""
    tip = git(repo, "rev-parse", "main")
    for name in ("refs/heads", "refs/tags"):
        git(repo, "update-ref", f"{name}/{tip}", tip)
    done = git_module.run(str(repo), "rev-parse", "--verify", tip)
    assert (done.text, done.complaint) == (tip, "no output")
