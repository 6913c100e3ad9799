"""Worktrees: made side by side, continued by a retry, removed only when nothing is lost."""

import os
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gitkanban.board.repo import standstill
from gitkanban.board.repo.place import Place
from gitkanban.board.sharing import late_refs
from gitkanban.core.model import SHARED
from gitkanban.core.names import CardId, RunId
from gitkanban.core.tick.superseded import LateWork
from gitkanban.errors import BoardBusy, GitkanbanError, NotFound, Refused
from gitkanban.runs.supervision.locks import Locks
from gitkanban.runs.workspace import ghosts, ground, removal, unfinished, workspaces
from gitkanban.runs.workspace.workspaces import Wish, Workspace
from tests.conftest import git
from tests.runs.places import place_of, until


def prepare(repo: Path, card: str = "T1", **fields: object) -> Workspace:
    place = place_of(repo)
    wish = Wish(card, "01run", "main")._replace(**fields)  # type: ignore[arg-type]
    return workspaces.prepare(place, Locks(place.private), wish)


def remove(repo: Path, card: str = "T1") -> removal.Removed:
    place = place_of(repo)
    wish = Wish(card, "01run", "main")
    return removal.remove(place, Locks(place.private), wish)


def advance(repo: Path, name: str = "more.txt") -> str:
    (repo / name).write_text(name)
    git(repo, "add", name)
    git(repo, "commit", "-qm", name)
    return git(repo, "rev-parse", "HEAD")


def test_a_new_one_is_a_locked_worktree_beside_the_repository(repo: Path) -> None:
    tip = git(repo, "rev-parse", "main")
    made = prepare(repo)
    assert made.path == f"{repo}.worktrees/T1"
    assert (made.branch, made.start_commit, made.fresh, made.setup) == ("card/T1", tip, True, True)
    assert git(Path(made.path), "status", "--porcelain", "--branch") == "## card/T1"
    assert Path(made.path, "src/app.py").read_text() == "print('hello')\n"
    listed = git(repo, "worktree", "list", "--porcelain")
    assert "locked gitkanban run 01run" in listed
    assert git(repo, "config", "--get-regexp", r"^branch\.", check=False) == ""
    assert git(repo, "status", "--porcelain") == ""


def test_twelve_at_once(repo: Path) -> None:
    with ThreadPoolExecutor(12) as pool:
        made = list(pool.map(lambda n: prepare(repo, f"T{n}"), range(12)))
    assert len({one.path for one in made}) == 12
    for one in made:
        assert git(Path(one.path), "status", "--porcelain") == ""
    assert git(repo, "fsck", "--strict") == ""


def test_the_base_may_be_anywhere_and_the_folder_configured(repo: Path, tmp_path: Path) -> None:
    git(repo, "branch", "release")
    advance(repo)
    made = prepare(repo, base="release", worktrees=str(tmp_path / "desks"))
    assert made.path == f"{tmp_path}/desks/T1"
    assert made.start_commit == git(repo, "rev-parse", "release")


def test_a_bare_repository_has_worktrees_too(repo: Path, tmp_path: Path) -> None:
    git(repo, "clone", "-q", "--bare", ".", str(tmp_path / "b.git"))
    bare = str(tmp_path / "b.git")
    place = Place(bare, "", "main", ".kanban", f"{bare}/gitkanban/slots", f"{bare}/gitkanban")
    made = workspaces.prepare(place, Locks(place.private), Wish("T1", "01run", "main"))
    assert made.path == f"{tmp_path}/b.worktrees/T1"
    with pytest.raises(Refused, match="no checkout to share"):
        workspaces.prepare(place, Locks(place.private), Wish("T1", "r", "main", SHARED))


def test_the_shared_one_is_the_main_checkout_without_a_branch(repo: Path) -> None:
    made = prepare(repo, policy=SHARED)
    assert (made.path, made.branch, made.admin) == (str(repo), "", "")
    assert made.start_commit == git(repo, "rev-parse", "HEAD")


def test_the_post_checkout_hook_gets_git_s_own_arguments(repo: Path) -> None:
    hook = repo / ".git/hooks/post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text('#!/bin/sh\necho "$@" "$(git rev-parse --show-toplevel)" > ../hook\n')
    hook.chmod(0o755)
    made = prepare(repo)
    assert Path(f"{repo}.worktrees/hook").read_text().split() == [
        "0" * 40, made.start_commit, "1", made.path,
    ]  # fmt: skip
    hook.write_text("#!/bin/sh\nexit 3\n")
    assert prepare(repo, "T2").notices == ("the post-checkout hook exited with 3",)


def occupied_file(repo: Path) -> None:
    Path(f"{repo}.worktrees/T1").mkdir(parents=True)
    Path(f"{repo}.worktrees/T1/notes.txt").write_text("mine")


def somebody_s_worktree(repo: Path) -> None:
    git(repo, "worktree", "add", "-q", "-b", "mine", f"{repo}.worktrees/T1")


def checked_out_elsewhere(repo: Path) -> None:
    git(repo, "worktree", "add", "-q", "-b", "card/T1", f"{repo}.elsewhere")


def a_branch_with_commits(repo: Path) -> None:
    git(repo, "switch", "-qc", "card/T1")
    advance(repo)
    git(repo, "switch", "-q", "main")


@pytest.mark.parametrize(
    ("trouble", "kind", "words"),
    [
        (occupied_file, Refused, "is occupied: it is not a worktree"),
        (somebody_s_worktree, Refused, "is occupied: it is a worktree that somebody made"),
        (checked_out_elsewhere, Refused, "branch card/T1 is checked out at .*elsewhere"),
        (a_branch_with_commits, Refused, "card/T1 already exists, with 1 commits"),
    ],
)
def test_what_is_in_the_way_is_named_and_untouched(
    repo: Path, trouble: object, kind: type[GitkanbanError], words: str
) -> None:
    trouble(repo)  # type: ignore[operator]
    before = git(repo, "for-each-ref"), git(repo, "worktree", "list")
    with pytest.raises(kind, match=words) as error:
        prepare(repo)
    assert error.value.hint
    assert (git(repo, "for-each-ref"), git(repo, "worktree", "list")) == before


def test_a_missing_base_is_named(repo: Path) -> None:
    with pytest.raises(NotFound, match="the base branch trunk does not exist"):
        prepare(repo, base="trunk")


def test_the_branch_of_an_earlier_run_is_continued(repo: Path) -> None:
    a_branch_with_commits(repo)
    made = prepare(repo, known=True)
    assert made.start_commit == git(repo, "rev-parse", "card/T1")
    assert made.notices == ("continuing on card/T1, which has 1 commits",)


def test_a_retry_continues_in_the_same_worktree(repo: Path) -> None:
    made = prepare(repo)
    Path(made.path, "draft.txt").write_text("half")
    Path(made.path, "work.txt").write_text("work")
    git(Path(made.path), "add", "work.txt")
    git(Path(made.path), "commit", "-qm", "work")
    again = prepare(repo)
    assert (again.path, again.fresh) == (made.path, False)
    assert again.start_commit == git(repo, "rev-parse", "card/T1") != made.start_commit
    assert Path(made.path, "draft.txt").read_text() == "half"


def test_a_branch_without_work_of_its_own_starts_at_today_s_base(repo: Path) -> None:
    made = prepare(repo)
    tip = advance(repo)
    assert prepare(repo).start_commit == tip
    assert Path(made.path, "more.txt").exists()


def test_a_stale_index_lock_is_removed_and_a_live_one_respected(repo: Path) -> None:
    made = prepare(repo)
    lock = Path(made.admin, "index.lock")
    lock.write_bytes(b"")
    assert prepare(repo).notices == ("removed a stale index.lock",)
    with (
        lock.open("w") as file,
        subprocess.Popen(["sleep", "60"], stdout=file) as holder,
        pytest.raises(BoardBusy, match=r"process \d+ holds"),
    ):
        try:
            prepare(repo)
        finally:
            holder.kill()


@pytest.mark.parametrize("under_way", ["rebase", "merge", "cherry-pick", "detached", "other"])
def test_an_unfinished_operation_is_salvaged_and_given_up(repo: Path, under_way: str) -> None:
    made = prepare(repo)
    where = Path(made.path)
    (where / "README.md").write_text("ours\n")
    git(where, "commit", "-qam", "ours")
    (repo / "README.md").write_text("theirs\n")
    git(repo, "commit", "-qam", "theirs")
    if under_way == "detached":
        git(where, "checkout", "-q", "--detach", "HEAD~")
    elif under_way == "other":
        git(where, "switch", "-qc", "other")
    else:
        git(where, under_way, "main", check=False)
    (where / "only.txt").write_text("only copy")
    tip = git(repo, "rev-parse", "card/T1")
    again = prepare(repo)
    assert again.start_commit == tip
    assert git(where, "status", "--porcelain", "--branch") == "## card/T1\n?? only.txt"
    kept = "refs/gitkanban/salvage/01run"
    assert git(repo, "show", f"{kept}:only.txt") == "only copy"
    assert any(kept in line for line in again.notices)


def test_one_made_by_a_tick_that_died_before_its_checkout(repo: Path) -> None:
    path = f"{repo}.worktrees/T1"
    git(repo, "worktree", "add", "-q", "--no-checkout", "-b", "card/T1", path)
    made = prepare(repo)
    assert (made.fresh, made.setup) == (True, True)
    assert git(Path(path), "status", "--porcelain") == ""


def test_a_deleted_one_is_made_again(repo: Path) -> None:
    made = prepare(repo)
    where = Path(made.path)
    git(where, "commit", "-q", "--allow-empty", "-m", "work")
    tip = git(where, "rev-parse", "HEAD")
    git(where, "checkout", "-q", "--detach")
    git(where, "commit", "-q", "--allow-empty", "-m", "stray")
    stray = git(where, "rev-parse", "HEAD")
    subprocess.run(["rm", "-rf", made.path], check=True)
    again = prepare(repo, known=True)
    assert (again.start_commit, again.fresh) == (tip, True)
    assert git(repo, "rev-parse", "refs/gitkanban/salvage/01run") == stray


def test_a_deleted_branch_is_made_again_where_it_was(repo: Path) -> None:
    made = prepare(repo)
    git(Path(made.path), "commit", "-q", "--allow-empty", "-m", "work")
    tip = git(repo, "rev-parse", "card/T1")
    git(repo, "update-ref", "-d", "refs/heads/card/T1")
    assert prepare(repo).start_commit == tip


def test_many_cards_stay_out_of_the_checkout_and_out_of_the_diff(repo: Path) -> None:
    cards = repo / ".kanban/cards"
    cards.mkdir(parents=True)
    (cards / "T1.yaml").write_text("id: T1\n")
    git(repo, "add", ".kanban")
    git(repo, "commit", "-qm", "board")
    made = prepare(repo, without_board=True)
    assert made.sparse
    where = Path(made.path)
    assert not (where / ".kanban").exists()
    assert (where / "src/app.py").exists()
    assert git(where, "status", "--porcelain") == ""
    assert git(repo, "config", "--get", "core.sparseCheckout", check=False) == ""
    assert prepare(repo, without_board=True).sparse


def test_a_merged_and_clean_one_is_removed_with_its_branch(repo: Path) -> None:
    made = prepare(repo)
    Path(made.path, "done.txt").write_text("done")
    git(Path(made.path), "add", "-A")
    git(Path(made.path), "commit", "-qm", "done")
    git(repo, "merge", "-q", "--no-ff", "card/T1", "-m", "accept")
    assert remove(repo) == removal.Removed(True)
    assert not os.path.exists(made.path)
    assert git(repo, "branch", "--list", "card/*") == ""


def test_unmerged_or_unclean_ones_stay(repo: Path) -> None:
    made = prepare(repo)
    where = Path(made.path)
    (where / "loose.txt").write_text("loose")
    kept = remove(repo)
    assert (kept.gone, kept.notices) == (
        False,
        (f"{where} has changes that are not committed: kept",),
    )
    (where / "loose.txt").unlink()
    git(where, "commit", "-q", "--allow-empty", "-m", "work")
    kept = remove(repo)
    assert (kept.gone, kept.notices) == (False, (f"{where} has work that is not in base: kept",))
    assert git(where, "status", "--porcelain", "--branch") == "## card/T1"


def test_a_lock_is_not_stale_while_a_person_writes_a_message(repo: Path, tmp_path: Path) -> None:
    tree, common = tmp_path / "tree", f"{repo}/.git"
    git(repo, "worktree", "add", "-q", "-b", "card/X", str(tree))
    (tree / "README.md").write_text("changed\n")
    admin = f"{common}/worktrees/tree"
    editor = {**os.environ, "GIT_EDITOR": "sleep 60; true"}
    command = ["git", "commit", "-qa"]
    with subprocess.Popen(command, cwd=tree, env=editor, start_new_session=True) as person:
        try:
            until(lambda: os.path.exists(f"{admin}/COMMIT_EDITMSG"))
            assert not standstill.is_stale(f"{admin}/index.lock", (str(tree),))
            with pytest.raises(BoardBusy):
                unfinished.remove_stale_locks(common, admin, "card/X")
        finally:
            os.killpg(person.pid, signal.SIGKILL)
    assert os.path.exists(f"{admin}/index.lock")
    assert unfinished.remove_stale_locks(common, admin, "card/X") == ["removed a stale index.lock"]


def test_a_deleted_one_is_found_where_git_wrote_a_relative_path(repo: Path) -> None:
    where = Path(prepare(repo).path)
    git(where, "checkout", "-q", "--detach")
    git(where, "commit", "-q", "--allow-empty", "-m", "only here")
    last = git(where, "rev-parse", "HEAD")
    admin = repo / ".git/worktrees/T1"
    relative = os.path.relpath(where / ".git", admin)  # `worktree.useRelativePaths`, git 2.48
    (admin / "gitdir").write_text(f"{relative}\n")
    subprocess.run(["rm", "-rf", str(where)], check=True)
    place = place_of(repo)
    notices = ghosts.salvaged(place, ground.registered(place.common, str(where)), "01run")
    assert notices == [
        "its workspace was deleted; its last commit is in refs/gitkanban/salvage/01run"
    ]
    assert git(repo, "rev-parse", "refs/gitkanban/salvage/01run") == last


def test_a_hook_that_lies_in_the_worktree_runs_only_as_base_has_it(
    repo: Path, tmp_path: Path
) -> None:
    git(repo, "config", "core.hooksPath", ".hooks")
    hook = repo / ".hooks" / "post-checkout"
    hook.parent.mkdir()
    hook.write_text(f"#!/bin/sh\necho base >>{tmp_path}/ran\n")
    hook.chmod(0o755)
    git(repo, "add", "-A")
    git(repo, "commit", "-qm", "hooks")
    made = prepare(repo)
    assert (tmp_path / "ran").read_text() == "base\n"
    evil = Path(made.path, ".hooks", "post-checkout")
    evil.unlink()
    (tmp_path / "evil").write_text(f"#!/bin/sh\necho evil >>{tmp_path}/ran\n")
    (tmp_path / "evil").chmod(0o755)
    evil.symlink_to(tmp_path / "evil")
    git(Path(made.path), "commit", "-qam", "hooks")
    Path(made.admin, "index").unlink()  # as if it had never been checked out
    assert prepare(repo, known=True).fresh
    subprocess.run(["rm", "-rf", made.path], check=True)
    again = prepare(repo, known=True)
    assert any("was not run" in line for line in again.notices)
    assert (tmp_path / "ran").read_text() == "base\n"


@pytest.mark.parametrize("both", [False, True], ids=["alone", "with its worktrees"])
def test_a_repository_that_was_moved_goes_on_in_the_worktree_of_the_card(
    repo: Path, both: bool
) -> None:
    made = prepare(repo)
    Path(made.path, "half-done.txt").write_text("mine")
    other = Path(prepare(repo, "T2").path)
    new = repo.with_name("renamed")
    subprocess.run(["mv", str(repo), str(new)], check=True)
    path = Path(made.path)
    if both:
        subprocess.run(["mv", f"{repo}.worktrees", f"{new}.worktrees"], check=True)
        path = Path(f"{new}.worktrees/T1")
    again = prepare(new)
    assert (again.path, again.fresh, again.branch) == (str(path), False, "card/T1")
    assert (path / "half-done.txt").read_text() == "mine"
    assert git(path, "status", "--porcelain") == "?? half-done.txt"
    assert git(new, "rev-parse", "main") == again.start_commit
    # Nothing of another card is taken for it, nor what points at a repository that lives.
    assert prepare(new, "T3").path == f"{new}.worktrees/T3"
    other = Path(f"{new}.worktrees/T2") if both else other
    (other / ".git").write_text(f"gitdir: {new}/.git\n")
    with pytest.raises(Refused, match="occupied" if both else "is checked out at"):
        prepare(new, "T2")
    (path / "half-done.txt").unlink()
    assert remove(new).gone and not path.exists()


@pytest.mark.parametrize("has_worktree", [True, False])
def test_work_that_came_too_late_is_left_for_that_of_the_clone_that_was_first(
    repo: Path, has_worktree: bool
) -> None:
    made = prepare(repo)
    late = advance(Path(made.path), "late.txt")
    git(repo, "branch", "theirs", "main")
    git(repo, "worktree", "add", "-q", str(repo.parent / "theirs"), "theirs")
    first = advance(repo.parent / "theirs", "first.txt")
    if not has_worktree:
        git(repo, "worktree", "remove", "-f", "-f", made.path)
    assert prepare(repo, known=True, latest=first).start_commit == late  # it is not set aside
    if not has_worktree:
        git(repo, "worktree", "remove", "-f", "-f", made.path)
    late_refs.keep(place_of(repo), [LateWork(CardId("T1"), RunId("01run"), late)])
    again = prepare(repo, known=True, latest=first)
    assert again.start_commit == first == git(repo, "rev-parse", "card/T1")
    assert sorted(os.listdir(again.path)) == [".git", "README.md", "first.txt", "src"]
    assert git(Path(again.path), "status", "--porcelain") == ""
