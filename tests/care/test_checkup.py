"""What is wrong around a repository, made wrong for real; and repairs, which lose nothing."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from gitkanban.care import checkup
from gitkanban.care.checkup import examine, look
from gitkanban.care.repair import Repairs
from gitkanban.core.model import Board, Config, Worker
from gitkanban.core.symptom import INFO, Symptom
from gitkanban.runs import trust
from gitkanban.runs.records import folders, slots, ticked
from gitkanban.runs.records.slots import Lease
from gitkanban.runs.supervision import processes, spec
from gitkanban.runs.workspace import ground, salvage, workspaces, worktrees
from gitkanban.runs.workspace.workspaces import Wish
from tests.conftest import git
from tests.runs.places import Bench, until
from tests.support.boards import board

NOW = int(time.time())


def state(*cards: str, **more: object) -> Board:
    """A board of worker `w`, whose command is there."""
    worker = Worker("w", "p", command=("/bin/sh",))
    return board(*cards)._replace(config=Config(base="main", workers={"w": worker}), **more)


@pytest.fixture
def ticking(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """A bench in which nothing is wrong: trusted, and just ticked."""
    monkeypatch.setattr(checkup, "_AGAIN", 0.05)
    config = state().config
    assert config
    trust.record(bench.place, config)
    ticked.note(bench.place.private)
    return bench


def found(bench: Bench, at: Board) -> list[Symptom]:
    return [each for each in examine(bench.place, at, int(time.time())) if each.severity != INFO]


def codes(bench: Bench, at: Board) -> list[tuple[str, str]]:
    return [(each.code, each.repair) for each in found(bench, at)]


def mended(bench: Bench, at: Board) -> list[str]:
    """Repair everything that can be; why each was not, empty when it was."""
    repairs = Repairs(bench.place, at)
    return [repairs.mend(each) for each in found(bench, at) if each.repair]


def worktree(bench: Bench, card: str) -> Path:
    """A worktree of the card, as a run leaves it."""
    wish = Wish(card, f"run-{card}", "main")
    made = workspaces.prepare(bench.place, bench.locks, wish)
    worktrees.unlock(made.admin)
    return Path(made.path)


def test_nothing_is_wrong_with_a_quiet_repository_nor_with_a_live_run(ticking: Bench) -> None:
    assert found(ticking, state("T1 todo")) == []
    running = ticking.start("hang")
    lease = running.lease
    at = state(f"T1 running run={lease.run} clone={look(ticking.place, state(), NOW).clone}")
    assert found(ticking, at) == []


def test_a_lost_token_of_a_live_run_is_written_again(ticking: Bench) -> None:
    running = ticking.start("hang")
    slots.remove(ticking.place, "p#1")
    at = state(f"T1 running run={running.lease.run} clone={look(ticking.place, state(), 0).clone}")
    assert codes(ticking, at) == [("run-without-lease", "write-token")]
    assert mended(ticking, at) == [""]
    assert slots.read(ticking.place, "p#1") == running.lease._replace(pid=running.pid)
    assert found(ticking, at) == []


def test_a_token_of_nobody_is_removed(ticking: Bench) -> None:
    slots.write(ticking.place, Lease("p", 2, "T9", "r9", "h", "c", 4711, NOW))
    assert codes(ticking, state()) == [("lease-without-run", "remove-token")]
    assert mended(ticking, state()) == [""]
    assert slots.with_token(ticking.place) == []


def test_a_token_is_left_alone_once_somebody_sits_there(ticking: Bench) -> None:
    slots.write(ticking.place, Lease("p", 2, "T9", "r9", "h", "c", 4711, NOW))
    [symptom] = found(ticking, state())
    with ticking.locks.take("slot/p/2") or pytest.fail("the lock is held"):
        assert Repairs(ticking.place, state()).mend(symptom).startswith("a run has begun")
        assert slots.with_token(ticking.place) == ["p#2"]
        assert codes(ticking, state()) == [("slot-without-run", "")]


def test_a_dead_run_without_a_record_is_closed_and_its_work_kept(ticking: Bench) -> None:
    running = ticking.start("write:work.txt", "hang")
    work = Path(running.workspace.path, "work.txt")
    until(lambda: work.exists() and work.read_text(), "the session's work")
    os.kill(running.pid, signal.SIGKILL)
    until(lambda: not processes.look(running.pid), "the supervisor's death")
    at = state("T1 todo")
    assert ("run-without-record", "close-run") in codes(ticking, at)
    assert "" in mended(ticking, at)
    end = running.folder.exit()
    assert end and end.how == "lost"
    assert git(ticking.repo, "show", "card/T1:work.txt")
    ticking.nothing_left(running)
    assert found(ticking, at) == []


def test_a_slot_that_somebody_else_holds_is_named_with_the_process(ticking: Bench) -> None:
    held = ticking.locks.take("slot/p/3")
    assert held
    os.set_inheritable(held.fd, True)
    holder = subprocess.Popen(["sleep", "100"], pass_fds=[held.fd])
    held.close()
    try:
        [symptom] = found(ticking, state())
        assert (symptom.code, symptom.subject, symptom.repair) == ("slot-without-run", "p#3", "")
        assert f"process {holder.pid} (sleep)" in symptom.text
    finally:
        holder.kill()
        holder.wait()


def test_an_empty_run_folder_goes_and_a_full_one_stays(ticking: Bench) -> None:
    for run, files in (("r1", []), ("r2", ["stdout.log"])):
        path = Path(folders.of(ticking.place.private, run).path)
        path.mkdir(parents=True)
        for name in files:
            (path / name).write_text("words\n")
        os.utime(path, (NOW - 100, NOW - 100))
    assert codes(ticking, state()) == [("run-unreadable", "remove-folder"), ("run-unreadable", "")]
    assert mended(ticking, state()) == [""]
    assert [folder.run for folder in folders.every(ticking.place.private)] == ["r2"]


def test_a_card_whose_run_is_not_known_here(ticking: Bench) -> None:
    clone = look(ticking.place, state(), NOW).clone
    at = state(f"T1 running run=r1 clone={clone}", "T2 running run=r2 clone=other host=far")
    assert codes(ticking, at) == [("run-unknown", "")]
    notes = [e for e in examine(ticking.place, at, NOW) if e.severity == INFO]
    assert ("runs-elsewhere", "T2") in [(e.code, e.subject) for e in notes]


def test_worktrees_and_branches_without_a_card_go_only_when_merged_and_clean(
    ticking: Bench,
) -> None:
    clean, dirty, ahead = (worktree(ticking, card) for card in ("A", "B", "C"))
    (dirty / "draft.txt").write_text("unsaved\n")
    git(ahead, "commit", "-q", "--allow-empty", "-m", "work")
    git(ticking.repo, "branch", "card/D", "main")
    git(ticking.repo, "branch", "card/E", "card/C")
    assert [(each.code, each.subject, each.repair) for each in found(ticking, state())] == [
        ("worktree-without-card", str(clean), "remove-worktree"),
        ("worktree-without-card", str(dirty), ""),
        ("worktree-without-card", str(ahead), ""),
        ("branch-without-card", "card/D", "delete-branch"),
        ("branch-without-card", "card/E", ""),
    ]
    assert mended(ticking, state()) == ["", ""]
    assert not clean.exists() and (dirty / "draft.txt").exists() and ahead.exists()
    listed = git(ticking.repo, "branch", "--list", "card/*", "--format=%(refname:short)").split()
    assert listed == ["card/B", "card/C", "card/E"]


def test_a_worktree_that_moved_on_since_it_was_looked_at_stays(ticking: Bench) -> None:
    path = worktree(ticking, "A")
    [symptom] = found(ticking, state())
    (path / "late.txt").write_text("late\n")
    assert "changes that are not committed" in Repairs(ticking.place, state()).mend(symptom)
    assert (path / "late.txt").exists()


@pytest.mark.parametrize("staged", [True, False])
def test_a_worktree_removed_by_hand_is_forgotten_and_its_stage_and_commits_kept(
    ticking: Bench, staged: bool
) -> None:
    path = worktree(ticking, "T1")
    git(path, "checkout", "-q", "--detach")
    git(path, "commit", "-q", "--allow-empty", "-m", "stray")
    stray = git(path, "rev-parse", "HEAD")
    if staged:
        (path / "staged.txt").write_text("staged\n")
        git(path, "add", "staged.txt")
    subprocess.run(["rm", "-r", path], check=True)
    at = state("T1 todo")
    assert codes(ticking, at) == [("worktree-gone", "forget-worktree")]
    assert mended(ticking, at) == [""]
    assert found(ticking, at) == []
    refs = git(ticking.repo, "for-each-ref", "--format=%(refname)", salvage.PREFIX).split()
    kept = git(ticking.repo, "rev-list", *refs).split()
    assert stray in kept
    assert any(git(ticking.repo, "ls-tree", ref, "staged.txt") for ref in refs) == staged
    notes = [each.code for each in examine(ticking.place, at, NOW)]
    assert notes.count("salvage") == len(refs)


def test_nothing_is_salvaged_of_a_removed_worktree_whose_branch_has_it_all(ticking: Bench) -> None:
    running = ticking.start("write:work.txt")  # left uncommitted; the supervisor commits it
    running.end()
    subprocess.run(["rm", "-r", running.workspace.path], check=True)
    assert mended(ticking, state("T1 todo")) == [""]
    assert git(ticking.repo, "show", "card/T1:work.txt")
    assert not git(ticking.repo, "for-each-ref", salvage.PREFIX)


def test_a_worktree_on_a_disk_that_is_away_is_not_forgotten(ticking: Bench) -> None:
    path = worktree(ticking, "T1")
    path.parent.rename(path.parent.with_name("away"))
    [why] = mended(ticking, state("T1 todo"))
    assert "is a disk not mounted?" in why
    path.parent.with_name("away").rename(path.parent)
    assert found(ticking, state("T1 todo")) == []


def test_a_worktree_locked_for_a_run_that_is_over_is_unlocked(ticking: Bench) -> None:
    path = worktree(ticking, "T1")
    worktrees.lock(ground.registered(ticking.place.common, str(path)), "r0")
    assert codes(ticking, state("T1 todo")) == [("worktree-locked", "unlock-worktree")]
    assert mended(ticking, state("T1 todo")) == [""]
    git(ticking.repo, "worktree", "remove", str(path))


def test_a_folder_among_the_worktrees_that_is_none(ticking: Bench) -> None:
    path = worktree(ticking, "T1")
    (path.parent / "T2").mkdir()
    assert found(ticking, state("T1 todo")) == []  # an empty one is in nobody's way
    (path.parent / "T2" / "file").write_text("mine\n")
    assert codes(ticking, state("T1 todo")) == [("stranger", "")]


@pytest.mark.parametrize("name", ["index.lock", "refs/heads/main.lock", "packed-refs.lock"])
def test_a_stale_lock_is_removed_and_one_in_use_stays(ticking: Bench, name: str) -> None:
    lock = ticking.repo / ".git" / name
    lock.write_text("")
    assert not [c for c in codes(ticking, state()) if "lock" in c[0]]  # too young to be stale
    os.utime(lock, (NOW - 500, NOW - 500))
    with open(lock) as used:
        holder = subprocess.Popen(["sleep", "100"], stdin=used)
    try:
        assert ("lock", "") in codes(ticking, state())
    finally:
        holder.kill()
        holder.wait()
    assert ("stale-lock", "remove-lock") in codes(ticking, state())
    assert mended(ticking, state()) == [""]
    assert not lock.exists()
    assert found(ticking, state()) == []


def test_a_lock_of_a_git_at_work_in_a_worktree_is_nobodys_to_remove(ticking: Bench) -> None:
    path = worktree(ticking, "T1")
    lock = Path(ground.registered(ticking.place.common, str(path)), "index.lock")
    lock.write_text("")
    os.utime(lock, (NOW - 500, NOW - 500))
    at_work = subprocess.Popen(["git", "cat-file", "--batch"], cwd=path, stdin=subprocess.PIPE)
    try:
        assert ("lock", "") in codes(ticking, state("T1 todo"))
    finally:
        at_work.communicate(b"")
    assert ("stale-lock", "remove-lock") in codes(ticking, state("T1 todo"))


def test_commands_that_are_missing_and_commands_that_nobody_allowed(ticking: Bench) -> None:
    workers = {
        "a": Worker("a", "p", command=("no-such-agent", "{prompt}")),
        "b": Worker("b", "p", command=("/bin/sh",), verify=("/nowhere/check",)),
        "c": Worker("c", "p", command=("./in-the-workspace",)),
    }
    at = state()._replace(config=Config(base="main", workers=workers))
    seen = look(ticking.place, at, NOW)
    assert [each[:2] for each in seen.missing] == [("a", "no-such-agent"), ("b", "/nowhere/check")]
    assert set(seen.untrusted) == {"a", "b", "c"}


def test_the_last_tick_and_a_clock_that_was_set_since(ticking: Bench) -> None:
    private = ticking.place.private
    assert abs(ticked.last(private).at - time.time()) < 60
    assert abs(ticked.last(private).jumped) < 60  # its two clocks are read one after the other
    at, wall, *rest = Path(private, "ticked").read_text().split()
    Path(private, "ticked").write_text(" ".join([at, str(int(wall) + 7200), *rest]))
    assert -7260 < ticked.last(private).jumped < -7140
    assert codes(ticking, state()) == [("clock", "")]
    Path(private, "ticked").write_text("nonsense")
    assert ticked.last(private) == ticked.Ticked()
    ticked.note(private)
    assert found(ticking, state()) == []


def test_a_merge_driver_that_is_not_installed_and_one_that_is_gone(ticking: Bench) -> None:
    assert look(ticking.place, state(), NOW).driver == ""
    Path(ticking.place.common, "info", "attributes").write_text("*.yaml merge=gitkanban\n")
    git(ticking.repo, "config", "merge.gitkanban.driver", "'/no where/gitkanban' merge-file %O")
    seen = look(ticking.place, state(), NOW)
    assert (seen.driver, seen.has_driver) == ("/no where/gitkanban", False)
    git(ticking.repo, "config", "merge.gitkanban.driver", "git merge-file %O")
    assert look(ticking.place, state(), NOW).has_driver


def test_a_check_up_changes_nothing(ticking: Bench) -> None:
    worktree(ticking, "A")
    slots.write(ticking.place, Lease("p", 2, "T9", "r9", "h", "c", 4711, NOW))

    def everything() -> dict[str, tuple[float, int]]:
        paths = (p for p in ticking.repo.parent.rglob("*") if p.is_file())
        return {str(p): (p.stat().st_mtime_ns, p.stat().st_size) for p in paths}

    look(ticking.place, state(), NOW)  # makes the clone's id
    before = everything()
    examine(ticking.place, state(), NOW)
    after = everything()
    assert before == after


def test_the_spec_of_a_run_is_enough_to_name_its_card(ticking: Bench) -> None:
    path = folders.of(ticking.place.private, "r7").path
    os.makedirs(path)
    spec.write(f"{path}/spec", {"run": "r7", "card": "T7", "slot": "p#1", "started": str(NOW)})
    assert ("run-without-record", "close-run") in codes(ticking, state())
    assert "" in mended(ticking, state())
    end = folders.of(ticking.place.private, "r7").exit()
    assert end and end.how == "not-started"
