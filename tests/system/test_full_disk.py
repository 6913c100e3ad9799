"""A full disk: nothing is begun, nothing is blamed, no commits pile up, and it heals by itself."""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gitkanban.tick.rounds import tick
from tests.cli.calls import ok
from tests.conftest import git
from tests.support.arena import Arena, until


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk of its own."""
    if os.geteuid():
        pytest.skip("only root can mount a small disk")
    path = tmp_path / "disk"
    path.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64m", "none", str(path)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {done.stderr.strip()}")
    yield path
    subprocess.run(["umount", "-l", str(path)], check=True)


def fill(disk: Path, leave: int) -> None:
    """Fill the disk up to so many bytes."""
    with (disk / "ballast").open("wb", buffering=0) as file:
        try:
            while file.write(b"\0" * 4096):
                pass
        except OSError:  # it is full now
            file.truncate(file.tell() - leave)


@pytest.mark.parametrize("leave", [0, 64 << 10], ids=["no byte left", "a little left"])
def test_a_full_disk_for_many_ticks_adds_no_commit_blocks_nothing_and_heals(
    disk: Path, monkeypatch: pytest.MonkeyPatch, leave: int, make: Callable[..., Arena]
) -> None:
    arena = Arena(disk / "arena", {"T1": "@pool", "T2": "@lane"})
    try:
        arena.words("T1", "commit wait:go commit")
        arena.words("T2", "exit:3", "commit")
        arena.tick()
        until(lambda: "T1" in arena.logged("waits") and "T2" in arena.logged("end"), "both")
        (arena.log / "go").write_text("")
        fill(disk, leave)
        tip = arena.tip()
        for _ in range(12):
            assert arena.tick() == 0
        assert arena.tip() == tip
        assert {card.status for card in arena.board().cards.values()} == {"running"}
        (disk / "ballast").unlink()
        until(lambda: not arena.supervisors(), "the supervisors' records")
        arena.settle()
        assert {card.status for card in arena.board().cards.values()} <= {"done", "todo"}
        outcomes = {run.outcome for runs in arena.board().runs.values() for run in runs}
        assert "lost" not in outcomes
        arena.settle()
        assert {card.status for card in arena.board().cards.values()} == {"done"}
    finally:
        arena.close()


LASTING = ("lease.folder-written", "workspace.added", "start.spec-written", "start.pid-written", "start.handed-over", "supervisor.session-spawned", "commit.blob-written",
           "settle.settled", "file.written", "follow.record", "accept.tried")  # fmt: skip


@pytest.mark.parametrize("point", LASTING)
def test_a_fault_that_lasts_makes_no_stream_of_commits_and_heals(
    make: Callable[..., Arena], point: str
) -> None:
    arena = make({"T1": "@pool", "T2": "@lane"})
    before = len(git(arena.repo, "rev-list", "main").split())
    for _ in range(8):
        arena.tick(f"{point}:ENOSPC", lasting=True)
        arena.wait()
    # For each card a claim, the end of a run that did not begin, and at most one merge.
    assert len(git(arena.repo, "rev-list", "main").split()) - before <= 8
    arena.settle()
    assert {card.status for card in arena.board().cards.values()} == {"done"}
    assert arena.judged() == []


def test_since_when_cards_wait_that_cannot_be_noted_is_said_and_stops_no_start(
    make: Callable[..., Arena],
) -> None:
    arena = make({"T1": "@lane", "T2": "@lane"})
    arena.words("T1", "hang")
    cache = Path(arena.place.private, "cache")
    (cache / "schedule/in the way").mkdir(parents=True)
    with arena.patched():
        errors = tick(arena.place).errors
    assert [each.partition(":")[0] for each in errors] == [
        "the cache for the next tick cannot be written"
    ]
    assert arena.status("T1") == "running"
    until(lambda: arena.hanging(), "the session")
    (cache / "schedule/in the way").rmdir()
    (cache / "schedule").rmdir()
    ok(arena.repo, "stop", "T1")
    arena.settle()
