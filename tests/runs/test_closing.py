"""Runs that are over and cannot be closed: recorded, then given up, with nothing removed."""

import errno
import os
import signal
from pathlib import Path

import pytest

from gitkanban.core.tick.facts import Work
from gitkanban.errors import BoardBusy, GitFailed
from gitkanban.runs import closing, collect
from gitkanban.runs.records.folders import Folder
from gitkanban.runs.supervision import processes
from gitkanban.runs.workspace import worktrees
from tests.conftest import git
from tests.runs.places import Bench, Running, mark, until

NOW = 1_790_000_000


def dead(bench: Bench) -> Running:
    """A run whose supervisor was killed once its session had written `work.txt`."""
    running = bench.start("write:work.txt", "hang")
    until(mark(running.workspace.path, "work.txt"), "its work")
    os.kill(running.pid, signal.SIGKILL)
    until(lambda: not processes.look(running.pid), "its supervisor's end")
    return running


def failing(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def collects(_: Folder) -> Work:
        raise error

    monkeypatch.setattr(collect, "collect", collects)


@pytest.mark.parametrize("error", [GitFailed("bad object"), PermissionError(), ValueError("odd")])
def test_after_three_tries_in_ten_minutes_it_is_given_up_and_what_it_left_stays(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    running = dead(bench)
    failing(monkeypatch, error)
    for at in (NOW, NOW + 300):
        done = closing.close(bench.local, running.folder, at)
        assert not done.done
        assert "cannot be closed" in done.failure
        assert running.folder.exit() is None
    assert Folder(running.folder.path).tries().failures == 2
    assert closing.close(bench.local, running.folder, NOW + 600).done
    end = running.folder.exit()
    assert end and end.how == "lost"
    assert running.folder.given_up()
    assert Path(running.workspace.path, "work.txt").exists()
    assert not os.path.exists(f"{running.workspace.admin}/locked")
    bench.nothing_left(running)


@pytest.mark.parametrize(
    "error", [OSError(errno.ENOSPC, "full"), OSError(errno.EROFS, "ro"), BoardBusy("a lock", "")]
)
def test_a_cause_that_passes_is_not_counted(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    running = dead(bench)
    with monkeypatch.context() as patch:
        failing(patch, error)
        for at in range(NOW, NOW + 6000, 600):
            assert not closing.close(bench.local, running.folder, at).done
    assert running.folder.tries().failures == 0
    assert closing.close(bench.local, running.folder, NOW).done
    assert not running.folder.given_up()


def test_a_branch_that_git_cannot_read_is_mended_and_its_work_is_collected(bench: Bench) -> None:
    running = dead(bench)
    Path(bench.repo, ".git/refs/heads/card/T1").write_text("garbage\n")
    assert closing.close(bench.local, running.folder, NOW).done
    assert running.folder.work().tip == git(bench.repo, "rev-parse", "card/T1")
    assert running.folder.work().leftover_paths == ("work.txt",)


def test_a_real_branch_that_git_cannot_move(bench: Bench) -> None:
    running = dead(bench)
    Path(bench.repo, ".git/refs/heads/card/T1.lock").mkdir()
    assert not closing.close(bench.local, running.folder, NOW).done
    assert closing.close(bench.local, running.folder, NOW + 1, asked=True).done, "as `stop` does"
    assert running.folder.given_up()


def test_a_repository_that_was_moved_under_a_run_still_hears_it(
    bench: Bench, tmp_path: Path
) -> None:
    running = bench.start(f"tell:{tmp_path}/up", "write:late.txt", "hang")
    until(mark(running.workspace.path, "late.txt"), "its work")
    moved = bench.repo.with_name("moved")
    bench.repo.rename(moved)
    there = Bench(moved)
    folder = Folder(f"{there.place.private}/runs/{running.folder.run}")
    assert there.local.alive([folder]) == {folder.run}
    assert there.local.stop(folder, "enough")
    end = until(folder.exit, "its exit record")
    assert end.how == "stop"
    until(lambda: not processes.look(running.pid), "its supervisor's end")
    assert there.local.finish(folder, NOW)
    assert folder.work().leftover_paths == ("late.txt",)
    assert git(moved, "show", "card/T1:late.txt") == "late.txt"
    dot = Path(running.workspace.path, ".git")
    assert dot.read_text() == f"gitdir: {moved}/.git/worktrees/T1\n"
    there.nothing_left(running)


def test_a_git_file_that_the_session_wrote_is_not_repaired(bench: Bench) -> None:
    running = dead(bench)
    dot = Path(running.workspace.path, ".git")
    dot.write_text("gitdir: /elsewhere\n")
    old = str(bench.repo / ".git")
    moved = bench.repo.with_name("moved")
    bench.repo.rename(moved)
    folder = Folder(f"{moved}/.git/gitkanban/runs/{running.folder.run}")
    worktrees.repair(old, folder.spec())
    assert dot.read_text() == "gitdir: /elsewhere\n"


def test_a_run_of_another_machine_is_not_closed_here(bench: Bench) -> None:
    running = dead(bench)
    there = {"boot": "another-boot", "machine": "another-id", "host": "h2"}
    running.folder.write_spec({**running.folder.spec(), **there})
    assert not closing.close(bench.local, running.folder, NOW).done
    assert running.folder.exit() is None
    running.folder.write_spec({**running.folder.spec(), "host": ""})
