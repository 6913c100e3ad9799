"""Worktrees that a power loss caught while git made them:
the next start finds nothing in its way.
"""

import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from gitkanban.board.following import rehearsal
from gitkanban.board.repo import checkouts, refs
from gitkanban.board.repo.place import Place
from gitkanban.care import checkup
from gitkanban.care.repair import Repairs
from gitkanban.core.model import Config
from gitkanban.core.names import Oid
from gitkanban.errors import BoardBusy, Refused
from gitkanban.runs.supervision.locks import Locks
from gitkanban.runs.workspace import git_locks, unreadable, workspaces
from gitkanban.runs.workspace.workspaces import Wish, Workspace
from tests.conftest import git
from tests.runs.places import place_of
from tests.support.arena import REVIEWED, Arena
from tests.support.boards import board

OLD = 1_000_000_000  # long before anybody can still be making it
HOUR = 3600.0  # seconds for which what was made just now is young, however slow a test is
Step = tuple[str, str]  # a file of the worktree or of its git directory (`:`), and its content
# What `git worktree add --lock` writes, in its order (git 2.39).
STEPS: Sequence[Step] = (
    (":locked", ""),
    (":locked", "added with --lock\n"),
    (".", ""),
    (":gitdir", ""),
    (":gitdir", "{path}/.git\n"),
    (".git", ""),
    (".git", "gitdir: {admin}\n"),
    (":HEAD", ""),
    (":HEAD", "0" * 40 + "\n"),
    (":commondir", ""),
    (":commondir", "../..\n"),
    (":HEAD.lock", ""),
)
# What a disk may have of the one that was whole: names without content, or NULs for it.
LOST = [
    tuple((name, text) for name in names)
    for names in ((":HEAD",), (":commondir",), (":gitdir",), (":index",), (".git",),
                  (":HEAD", ":commondir", ":gitdir", ":locked", ":gitkanban", ":index"))
    for text in ("", "\0" * 41)
]  # fmt: skip


def write(repo: Path, steps: Sequence[Step], name: str = "T1") -> Path:
    """Write these files, as old ones; return the worktree's git directory."""
    path, admin = Path(f"{repo}.worktrees/{name}"), repo / ".git/worktrees" / name
    admin.mkdir(parents=True, exist_ok=True)
    for file, text in steps:
        if file == ".":
            path.mkdir(parents=True, exist_ok=True)
        else:
            where = admin / file[1:] if file.startswith(":") else path / file
            where.write_text(text.format(path=path, admin=admin))
    os.utime(admin, (OLD, OLD))
    return admin


def prepare(place: Place, **fields: object) -> Workspace:
    wish = Wish("T1", "01run", "main", known=True)._replace(**fields)  # type: ignore[arg-type]
    return workspaces.prepare(place, Locks(place.private), wish)


@pytest.mark.parametrize("count", range(1, len(STEPS) + 1))
@pytest.mark.parametrize("has_branch", [True, False])
def test_a_worktree_that_git_left_unreadable_is_in_nobody_s_way(
    repo: Path, count: int, has_branch: bool
) -> None:
    if has_branch:
        git(repo, "branch", "card/T1", "main")
    write(repo, STEPS[:count])
    made = prepare(place_of(repo))
    assert (made.path, made.fresh) == (f"{repo}.worktrees/T1", True)
    assert git(Path(made.path), "status", "--porcelain", "--branch") == "## card/T1"
    assert git(repo, "rev-list", "--all", "--count") == git(repo, "rev-list", "--count", "main")


def test_one_behind_a_link_is_in_nobody_s_way(repo: Path, tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "desks").symlink_to(tmp_path / "disk")
    git(repo, "worktree", "add", "-q", "--no-checkout", "-b", "card/T1", str(tmp_path / "desks/T1"))
    admin = repo / ".git/worktrees/T1"
    (admin / "HEAD").write_text("0" * 40 + "\n")
    os.utime(admin, (OLD, OLD))
    made = prepare(place_of(repo), worktrees=str(tmp_path / "desks"))
    assert (admin / "gitdir").read_text() == f"{(tmp_path / 'disk').resolve()}/T1/.git\n"
    assert git(Path(made.path), "status", "--porcelain", "--branch") == "## card/T1"


@pytest.mark.parametrize("young", [False, True])
def test_one_of_another_card_is_neither_dropped_nor_in_the_way(
    repo: Path, monkeypatch: pytest.MonkeyPatch, young: bool
) -> None:
    monkeypatch.setattr(unreadable, "_YOUNG", HOUR)
    shutil.rmtree(prepare(place_of(repo)).path)
    other = write(repo, STEPS, "T2")
    if young:
        os.utime(other)
    assert prepare(place_of(repo)).fresh
    assert other.exists()


@pytest.mark.parametrize("lost", LOST)
def test_what_the_disk_lost_of_a_worktree_is_written_again_and_its_work_stays(
    repo: Path, lost: Sequence[Step]
) -> None:
    made = prepare(place_of(repo))
    path = Path(made.path)
    (path / "new.txt").write_text("mine")
    (path / "src/app.py").write_text("mine")
    (path / "README.md").write_text("" if (":index", "") in lost else "mine")
    write(repo, lost)
    again = prepare(place_of(repo))
    assert again.path == made.path
    if any(name == ":HEAD" for name, _ in lost):  # it may have been on anything: set aside
        [salvage] = git(
            repo, "for-each-ref", "--format=%(refname)", "refs/gitkanban/salvage"
        ).split()
        assert git(repo, "show", f"{salvage}:new.txt") == git(repo, "show", f"{salvage}:src/app.py")
    else:
        assert (path / "new.txt").read_text() == (path / "src/app.py").read_text() == "mine"
        assert (path / "README.md").stat().st_size > 0
    assert git(path, "status", "--branch", "--porcelain").startswith("## card/T1")
    assert git(repo, "fsck", "--strict", "--no-dangling") == ""


def test_what_somebody_may_be_making_now_is_waited_for(
    repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unreadable, "_YOUNG", HOUR)
    admin = write(repo, STEPS)
    os.utime(admin)
    with pytest.raises(BoardBusy, match="half made"):
        prepare(place_of(repo))


def test_a_unreadable_one_with_a_file_in_it_stays(repo: Path) -> None:
    admin = write(repo, STEPS)
    Path(f"{repo}.worktrees/T1/notes.txt").write_text("mine")
    with pytest.raises(Refused, match="is occupied"):
        prepare(place_of(repo))
    assert admin.exists() and Path(f"{repo}.worktrees/T1/notes.txt").read_text() == "mine"


def test_those_of_people_stay(repo: Path, tmp_path: Path) -> None:
    admin = write(repo, [(":gitdir", f"{tmp_path}/try/.git\n"), (":HEAD", "0" * 40 + "\n")])
    place = place_of(repo)
    assert unreadable.drop_empty(place, [f"{repo}.worktrees"]) == []
    assert admin.exists()


def test_the_lock_of_a_branch_whose_git_was_killed_is_removed(
    repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(git_locks, "LOCK_AGE_LEAST", HOUR)
    lock = repo / ".git/refs/heads/card/T1.lock"
    lock.parent.mkdir()
    lock.touch()
    with pytest.raises(BoardBusy, match="may hold"):
        prepare(place_of(repo))
    os.utime(lock, (OLD, OLD))
    assert prepare(place_of(repo)).notices == ("removed a stale T1.lock",)


def test_the_next_tick_makes_git_work_again_whether_or_not_the_card_starts(
    make: Callable[..., Arena],
) -> None:
    arena = make({"T1": "@lane"})
    assert arena.tick("workspace.locked:kill")
    write(arena.repo, STEPS[:-1])
    assert not git(arena.repo, "rev-list", "--all", check=False)
    arena.tick()
    assert git(arena.repo, "rev-list", "--all")
    assert arena.status("T1") == "todo"  # it has failed to start, and waits


@pytest.mark.parametrize("has_log", [True, False])
def test_a_branch_without_content_is_mended_at_the_next_start(repo: Path, has_log: bool) -> None:
    place = place_of(repo)
    prepare(place)
    tip = git(repo, "commit-tree", "-p", "main", "-m", "work", "main^{tree}")
    git(repo, "update-ref", "refs/heads/card/T1", tip)
    git(repo, "worktree", "remove", "-f", "-f", f"{repo}.worktrees/T1")
    (repo / ".git/refs/heads/card/T1").write_text("")
    if not has_log:
        (repo / ".git/logs/refs/heads/card/T1").unlink()
    made = prepare(place)
    assert made.start_commit == (tip if has_log else git(repo, "rev-parse", "main"))
    assert "refs/heads/card/T1 named no commit" in made.notices[0]


@pytest.mark.parametrize("what", ["", "^{tree}"])
def test_a_branch_whose_commit_is_damaged_goes_on_from_the_last_one_that_is_whole(
    repo: Path, what: str
) -> None:
    place = place_of(repo)
    path = Path(prepare(place).path)
    for name in ("one", "two"):
        (path / name).write_text(name)
        git(path, "add", name)
        git(path, "commit", "-qm", name)
    empty_object(repo, f"card/T1{what}")
    whole = git(repo, "rev-parse", "card/T1@{1}")
    again = prepare(place)
    assert "which is damaged" in again.notices[0]
    assert again.start_commit == whole == git(repo, "rev-parse", "card/T1")
    assert (path / "two").read_text() == "two"
    assert git(path, "status", "--porcelain") == "A  two"


@pytest.mark.parametrize("what", ["", "^{tree}"])
def test_a_damaged_base_leaves_the_branch_of_a_card(repo: Path, what: str) -> None:
    place = place_of(repo)
    path = Path(prepare(place).path)
    git(path, "commit", "-qm", "work", "--allow-empty")
    tip = git(repo, "rev-parse", "card/T1")
    base = Oid(git(repo, "rev-parse", "main"))
    empty_object(repo, f"main{what}")
    assert refs.mend(place.common, "refs/heads/card/T1", base) == ""
    assert git(repo, "rev-parse", "card/T1") == tip


def empty_object(repo: Path, name: str) -> None:
    """Leave an object as a power loss does."""
    oid = git(repo, "rev-parse", name)
    file = repo / ".git/objects" / oid[:2] / oid[2:]
    file.chmod(0o644)
    file.write_bytes(b"")


def test_work_that_is_damaged_stops_no_other_card_and_doctor_names_it(
    make: Callable[..., Arena],
) -> None:
    arena = make({"T1": "@pool", "T2": "@pool"}, config=REVIEWED)
    arena.tick()
    arena.wait()
    arena.tick()
    assert (arena.status("T1"), arena.status("T2")) == ("review", "review")
    empty_object(arena.repo, "card/T1")
    git(arena.repo, "merge", "-q", "card/T2")  # by a person
    arena.tick()
    assert (arena.status("T1"), arena.status("T2")) == ("review", "done")
    found = checkup.examine(arena.place, arena.board(), 0)
    [damaged] = [each for each in found if each.code == "work-damaged"]
    assert damaged.subject == "T1" and "`gitkanban reject T1 --why" in damaged.advice
    line, env = arena.command("reject", "T1", "--why", "its commit was lost")
    subprocess.run(line, cwd=arena.repo, env=env, check=True, timeout=60)
    arena.tick()
    arena.wait()
    arena.tick()
    assert (arena.status("T1"), len(arena.board().runs_of("T1"))) == ("review", 2)
    assert [e for e in checkup.examine(arena.place, arena.board(), 0) if "damaged" in e.code] == []


def test_doctor_names_it_and_drops_it(repo: Path) -> None:
    place, at = place_of(repo), board("T1 todo")._replace(config=Config(base="main"))
    admin = write(repo, STEPS)
    theirs = write(repo, [(":gitdir", "/nowhere/T2/.git\n"), (":HEAD", "0" * 40 + "\n")], "T2")
    found = [e for e in checkup.examine(place, at, 0) if e.code == "worktree-unreadable"]
    assert [(each.subject, bool(each.repair)) for each in found] == [
        (f"{repo}.worktrees/T1", True), ("/nowhere/T2", False)
    ]  # fmt: skip
    assert str(theirs) in found[1].advice
    assert [e.code for e in checkup.examine(place, at, 0) if e.subject == found[0].subject] == [
        "worktree-unreadable"
    ]
    assert Repairs(place, at).mend(found[0]) == ""
    assert not admin.exists() and not Path(f"{repo}.worktrees/T1").exists()


def test_each_of_two_is_dropped_by_its_own_repair(repo: Path) -> None:
    place, at = place_of(repo), board("T1 todo\nT2 todo")._replace(config=Config(base="main"))
    for card in ("T1", "T2"):
        write(repo, STEPS, card)
    found = [e for e in checkup.examine(place, at, 0) if e.code == "worktree-unreadable"]
    assert len(found) == 2
    assert [Repairs(place, at).mend(each) for each in found] == ["", ""]


def test_an_index_that_was_lost_is_named_and_made_again_and_files_stay(repo: Path) -> None:
    place, at = place_of(repo), board("T1 todo")._replace(config=Config(base="main"))
    (repo / "README.md").write_text("mine")
    (repo / ".git/index").write_bytes(b"")
    with pytest.raises(Refused, match="cannot be read"):
        rehearsal.refuse_unable(place, list(checkouts.every(place)), Oid("0" * 40), Oid("1" * 40))
    [found] = [e for e in checkup.examine(place, at, 0) if e.code == "index-damaged"]
    assert Repairs(place, at).mend(found) == ""
    assert git(repo, "status", "--porcelain") == " M README.md"
    assert (repo / "README.md").read_text() == "mine"
    assert Repairs(place, at).mend(found) == "it can be read again"
    assert Repairs(place, at).mend(found._replace(subject="/gone")) == "it is already gone"
