"""A worktree that we add is what `git worktree add` makes, and a kill leaves none half made."""

import errno
import os
import shutil
from pathlib import Path

import pytest

from gitkanban import failpoints
from gitkanban.board.repo import checkouts, commits
from gitkanban.core.names import NO_OID, Oid
from gitkanban.errors import GitFailed, Refused
from gitkanban.files import InTheWay
from gitkanban.runs.supervision.locks import Locks
from gitkanban.runs.workspace import adding, workspaces, worktree_places, worktrees
from gitkanban.runs.workspace.workspaces import Wish, Workspace
from tests.conftest import git
from tests.runs.places import place_of

STATES = ("workspace.put-together", "workspace.registered", "workspace.folder-made",
          "workspace.added", "workspace.marked", "workspace.kept", "workspace.checked-out")  # fmt: skip


class Killed(BaseException):
    """Stands for the end of the process: nothing catches it."""


def prepare(repo: Path, card: str = "T1", **fields: object) -> Workspace:
    place = place_of(repo)
    wish = Wish(card, "01run", "main")._replace(**fields)  # type: ignore[arg-type]
    return workspaces.prepare(place, Locks(place.private), wish)


def describe_admin(repo: Path, name: str) -> dict[str, str]:
    """What is in a worktree's git directory, with the name and who wrote the log left out."""
    admin = repo / ".git/worktrees" / name
    files = {str(each.relative_to(admin)): each for each in admin.rglob("*") if each.is_file()}
    texts = {at: file.read_text().replace(name, "NAME") for at, file in files.items()}
    log = texts["logs/HEAD"].split()
    return texts | {"logs/HEAD": f"{log[0]} {log[1]} {log[-1]}", "locked": ""}


def test_it_is_what_git_makes(repo: Path) -> None:
    place, path = place_of(repo), f"{repo}.worktrees/ours"
    for folder in (place.private, os.path.dirname(path)):
        os.makedirs(folder)
    tip = Oid(git(repo, "rev-parse", "main"))
    adding.move_branch(place, "card/ours", NO_OID, tip)
    admin = adding.add(place, "ours", path, commit=tip, run="01run")
    os.unlink(f"{admin}/{checkouts.MARK}")  # the only thing that it has more
    words = ("--lock", "--no-checkout", "--no-track", "-B", "card/gits")
    git(repo, "worktree", "add", "-q", *words, f"{repo}.worktrees/gits", "main")
    assert admin == f"{repo}/.git/worktrees/ours"
    assert describe_admin(repo, "ours") == describe_admin(repo, "gits")
    assert os.listdir(path) == os.listdir(f"{repo}.worktrees/gits") == [".git"]
    assert Path(path, ".git").read_text() == f"gitdir: {admin}\n"
    blocks = git(repo, "worktree", "list", "--porcelain").split("\n\n")
    gits, ours = sorted(each for each in blocks if "/card/" in each)
    assert ours.replace("ours", "gits").partition("locked")[0] == gits.partition("locked")[0]
    git(repo, "worktree", "repair", path)
    git(repo, "worktree", "unlock", path)
    git(repo, "worktree", "move", path, f"{path}2")
    git(repo, "worktree", "remove", "--force", f"{path}2")
    assert not os.path.exists(admin)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("has_work", [True, False])
def test_a_kill_leaves_nothing_that_git_cannot_read_and_the_next_start_goes_on(
    repo: Path, monkeypatch: pytest.MonkeyPatch, state: str, has_work: bool
) -> None:
    tip = git(repo, "rev-parse", "main")
    if has_work:
        tip = git(repo, "commit-tree", "-p", "main", "-m", "work", "main^{tree}")
        git(repo, "branch", "card/T1", tip)

    def strike(point: str) -> None:
        if point == state:
            raise Killed

    with monkeypatch.context() as struck, pytest.raises(Killed):
        struck.setattr(failpoints, "reach", strike)
        prepare(repo, known=True)
    git(repo, "rev-list", "--all")
    git(repo, "worktree", "prune")
    place = place_of(repo)
    registered = os.listdir(repo / ".git/worktrees") if state != STATES[0] else []
    assert [each.card for each in worktrees.every(place)] == ["T1"] * len(registered)
    again = prepare(repo, known=True)
    assert again.start_commit == git(Path(again.path), "rev-parse", "HEAD") == tip
    assert git(Path(again.path), "status", "--porcelain", "--branch") == "## card/T1"
    assert Path(again.path, "src/app.py").exists()
    assert not Path(place_of(repo).private, "new-worktree").exists()
    assert len(os.listdir(repo / ".git/worktrees")) == 1


def test_one_whose_name_is_taken_gets_a_number_as_git_gives_it(repo: Path, tmp_path: Path) -> None:
    git(repo, "worktree", "add", "-q", "--detach", str(tmp_path / "T1"))
    made = prepare(repo)
    assert made.admin == f"{repo}/.git/worktrees/T11"
    assert git(Path(made.path), "status", "--porcelain", "--branch") == "## card/T1"


def test_a_folder_that_somebody_else_makes_meanwhile_is_theirs(
    repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def make(point: str) -> None:
        if point == "workspace.registered":
            os.makedirs(f"{repo}.worktrees/T1/theirs")

    monkeypatch.setattr(failpoints, "reach", make)
    with pytest.raises(FileExistsError):
        prepare(repo)
    assert os.listdir(f"{repo}.worktrees/T1") == ["theirs"]
    assert os.listdir(repo / ".git/worktrees") == []


def test_where_no_folder_can_be_made_nothing_is_registered(
    repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: str, *_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", path)

    def fill(point: str) -> None:
        if point == "workspace.registered":
            monkeypatch.setattr(os, "mkdir", full)

    monkeypatch.setattr(failpoints, "reach", fill)
    with pytest.raises(OSError, match="No space"):
        prepare(repo)
    assert os.listdir(repo / ".git/worktrees") == []


def test_a_link_in_place_of_the_room_for_new_ones_is_not_followed(
    repo: Path, tmp_path: Path
) -> None:
    (tmp_path / "elsewhere").mkdir()
    Path(place_of(repo).private).mkdir(exist_ok=True)
    Path(place_of(repo).private, "new-worktree").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InTheWay, match="new-worktree"):
        prepare(repo)
    assert os.listdir(tmp_path / "elsewhere") == []
    assert not (repo / ".git/worktrees").exists()


def test_a_commit_that_comes_to_the_branch_meanwhile_stays_on_it(
    repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(repo, "branch", "card/T1", "main")
    base = git(repo, "rev-parse", "main")
    git(repo, "commit", "-q", "--allow-empty", "-m", "base moves")
    work = git(repo, "commit-tree", "-p", base, "-m", "work", "main^{tree}")
    monkeypatch.setattr(
        worktree_places, "hide", lambda _: git(repo, "update-ref", "refs/heads/card/T1", work)
    )
    with pytest.raises(GitFailed):
        prepare(repo)
    assert git(repo, "rev-parse", "card/T1") == work


def test_where_git_cannot_say_its_settings_it_makes_the_worktree(
    repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commits.git, "run", lambda *_, **__: commits.git.Done(128, b"", b"killed"))
    assert not adding.is_plain(str(repo / ".git"), "/x/T1")


@pytest.mark.parametrize("how", ["gone", "head-name", "update-refs"])
def test_a_branch_that_a_person_has_is_refused_while_it_is_rebased_and_when_its_folder_is_gone(
    repo: Path, how: str
) -> None:
    other = Path(f"{repo}.elsewhere")
    git(repo, "worktree", "add", "-q", "-b", "card/T1", str(other))
    if how == "gone":
        shutil.rmtree(other)
    else:
        admin = repo / ".git/worktrees" / other.name
        git(other, "checkout", "-q", "--detach")
        (admin / "rebase-merge").mkdir()
        (admin / "rebase-merge" / how).write_text(f"refs/heads/card/T1\n{'0' * 40}\n{'0' * 40}\n")
        if how != "head-name":
            (admin / "rebase-merge/head-name").write_text("refs/heads/other\n")
    with pytest.raises(Refused, match=r"card/T1 is checked out at .*elsewhere"):
        prepare(repo)
    assert not os.path.lexists(f"{repo}.worktrees/T1")


@pytest.mark.parametrize(
    "setting", ["extensions.worktreeConfig", "core.sparseCheckout", "core.sharedRepository"]
)
def test_a_repository_whose_settings_a_worktree_inherits_is_left_to_git(
    repo: Path, monkeypatch: pytest.MonkeyPatch, setting: str
) -> None:
    monkeypatch.setattr(adding, "add", None)
    git(repo, "config", setting, "true")
    made = prepare(repo)
    assert git(Path(made.path), "status", "--porcelain", "--branch") == "## card/T1"
    assert worktrees.is_marked(made.admin)


def test_git_is_asked_nothing_about_other_worktrees(
    repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, ...]] = []
    run = commits.git.run
    for number in range(3):
        prepare(repo, f"T{number}")

    def note(cwd: str, *args: str, **how: object) -> object:
        asked.append(args)
        return run(cwd, *args, **how)  # type: ignore[arg-type]

    monkeypatch.setattr(commits.git, "run", note)
    prepare(repo, "T9")
    verbs = [next(word for word in words if not word.startswith("-")) for words in asked if words]
    assert "worktree" not in verbs
