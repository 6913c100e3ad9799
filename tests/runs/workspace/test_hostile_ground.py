"""What a session does to its folder runs nothing of it, reaches nothing else, and loses nothing."""

import os
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest

from gitkanban.board.repo import git as ours
from gitkanban.core.tick.facts import Work
from gitkanban.runs import collect
from gitkanban.runs.workspace import cleanliness, ghosts, removal, workspaces
from gitkanban.runs.workspace.workspaces import Wish
from tests.conftest import git
from tests.runs.places import Bench, Running
from tests.runs.plain_user import plain_user
from tests.runs.test_collect import ended, files

# Programs of a session's own, by every setting by which git would run them on our behalf.
PROGRAMS = """
[core]
    repositoryformatversion = 0
    fsmonitor = "touch {sign}; false"
    hooksPath = {hooks}
    pager = touch {sign}
    editor = touch {sign}
[filter "evil"]
    clean = touch {sign}; cat
    smudge = touch {sign}; cat
    required = true
[diff "evil"]
    textconv = touch {sign}; cat
    command = touch {sign}
[include]
    path = {hooks}/more
"""


def played(bench: Bench, script: str, **fields: object) -> tuple[Running, Work]:
    return ended(bench, override={"session": ["sh", "-ec", script]}, **fields)


def config(tmp_path: Path) -> tuple[str, Path]:
    """A configuration of a session's own, and the file that shows that it counted."""
    sign, hooks = tmp_path / "pwned", tmp_path / "hooks"
    hooks.mkdir()
    for name in ("post-index-change", "reference-transaction", "post-checkout"):
        (hooks / name).write_text(f"#!/bin/sh\ntouch {sign}\n")
        (hooks / name).chmod(0o755)
    (hooks / "more").write_text(f'[core]\n\tfsmonitor = "touch {sign}; false"\n')
    return PROGRAMS.format(sign=sign, hooks=hooks), sign


def next_start(bench: Bench) -> workspaces.Workspace:
    wish = Wish("T1", "02run", "main", known=True)
    return workspaces.prepare(bench.place, bench.locks, wish)


REPLACED = {
    "a git file that leads elsewhere": (
        "mkdir -p g/objects g/refs; echo 'ref: refs/heads/card/T1' >g/HEAD; cp {config} g/config;"
        "echo 'gitdir: g' >.git; echo x >new.txt"
    ),
    "a git file that leads to the main checkout": "echo 'gitdir: {repo}/.git' >.git; echo x >new.txt",
    "a repository in place of it": (
        "rm .git; git init -q; cp {config} .git/config; echo x >new.txt"
    ),
    "no git file": "rm .git; echo x >new.txt",
    "a link in place of it": "rm .git; ln -s {repo}/.git .git; echo x >new.txt",
    "a pipe in place of it": "rm .git; mkfifo .git; echo x >new.txt",
    "settings of the worktree": (
        "git config extensions.worktreeConfig true; cp {config} {admin}/config.worktree;"
        "echo '* filter=evil diff=evil' >.gitattributes; echo x >new.txt"
    ),
    "another common directory": (
        "git init -q g; cp {config} g/.git/config; echo $PWD/g/.git >{admin}/commondir; echo x >new.txt"
    ),
    "the index of the main checkout": (
        "rm {admin}/index; ln -s {repo}/.git/index {admin}/index; echo x >new.txt"
    ),
    "its git directory removed": "rm -rf {admin}; echo x >new.txt",
    "its git directory a link to the repository's": (
        "rm -rf {admin}; ln -s .. {admin}; echo x >new.txt"
    ),
    "its git directory a link to a copy": (
        "mv {admin} {config}.admin; ln -s {config}.admin {admin}; echo x >new.txt"
    ),
}


@pytest.mark.parametrize("what", REPLACED)
def test_a_replaced_git_file_runs_nothing_and_its_files_are_kept(
    bench: Bench, tmp_path: Path, what: str
) -> None:
    text, sign = config(tmp_path)
    (tmp_path / "config").write_text(text)
    (bench.repo / "staged").write_text("a person's")
    git(bench.repo, "add", "staged")
    script = REPLACED[what].format(
        config=tmp_path / "config", repo=bench.repo, admin=bench.repo / ".git/worktrees/T1"
    )
    _, work = played(bench, script)
    assert git(bench.repo, "show", f"{work.tip}:new.txt") == "x"
    assert "new.txt" in work.leftover_paths
    made = next_start(bench)
    assert git(Path(made.path), "rev-parse", "--abbrev-ref", "HEAD") == "card/T1"
    assert Path(made.path, "new.txt").read_text() == "x\n"
    assert not sign.exists(), "a program of the session's ran"
    assert git(bench.repo, "diff", "--cached", "--name-status") == "A\tstaged"


def test_a_link_in_place_of_the_workspace_is_not_followed(bench: Bench, tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "private").write_text("not for a branch")
    script = (
        f"echo a >a.txt; git add a.txt; git commit -qm a; w=$PWD; cp .git {theirs}/.git;"
        f"cd /; rm -rf $w; ln -s {theirs} $w"
    )
    running, work = played(bench, script)
    assert work.notices[0] == "its workspace was replaced by a link"
    assert work.session_commits == 1
    assert "private" not in files(bench, "card/T1")
    assert not os.path.lexists(running.workspace.path), "moved aside"
    made = next_start(bench)
    assert Path(made.path, "a.txt").exists()
    assert (theirs / "private").exists()


def test_a_pipe_in_place_of_head_is_not_waited_for(bench: Bench) -> None:
    _, work = played(bench, "echo x >new.txt; rm {0}/HEAD; mkfifo {0}/HEAD".format(
        bench.repo / ".git/worktrees/T1"
    ))  # fmt: skip
    assert git(bench.repo, "show", f"{work.tip}:new.txt") == "x"


def test_no_git_of_ours_discovers_a_repository_from_a_workspace(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every call about a workspace names the git directory; none is run from inside."""
    running = bench.start("write:new.txt", "git:checkout -q --detach")
    running.end()
    seen: list[tuple[str, bool]] = []
    real = ours.run

    def watched(cwd: str, *args: str, **options: object) -> ours.Done:
        env = options.get("env") or {}
        seen.append((os.path.realpath(cwd), "GIT_DIR" in env))  # type: ignore[operator]
        return real(cwd, *args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(ours, "run", watched)
    collect.collect(running.folder)
    cleanliness.describe_unclean(
        bench.place.common, running.workspace.path, running.workspace.admin
    )
    next_start(bench)
    removal.remove(bench.place, bench.locks, Wish("T1", "03run", "main"))
    inside = os.path.realpath(running.workspace.path)
    assert any(explicit for _, explicit in seen)
    assert not [cwd for cwd, _ in seen if cwd == inside or cwd.startswith(f"{inside}/")]


# -- repositories inside


@pytest.mark.parametrize("how", ["committed", "left", "without a commit", "in another", "ignored"])
def test_a_repository_of_the_session_s_is_taken_as_its_files(bench: Bench, how: str) -> None:
    commit = "git add .; git commit -qm nested"
    script = {
        "committed": f"git init -q t; cd t; echo n >n.rs; {commit}; cd ..; git add t; git commit -qm t",
        "left": f"git init -q t; cd t; echo n >n.rs; {commit}; cd ..; echo x >x; git add x; git commit -qm x",
        "without a commit": "git init -q t; echo n >t/n.rs",
        "in another": f"git init -q t; cd t; git init -q u; cd u; echo n >n.rs; {commit}; cd ..; {commit}",
        "ignored": f"echo 'ig/' >.gitignore; mkdir ig; cd ig; git init -q t; cd t; echo n >n.rs; {commit}",
    }[how]
    running, work = played(bench, script)
    assert not work.missed
    assert "160000" not in git(bench.repo, "ls-tree", "-r", work.tip)
    git(bench.repo, "merge", "-q", "card/T1")
    done = removal.remove(bench.place, bench.locks, Wish("T1", "03run", "main"))
    if how == "ignored":
        assert (done.gone, done.notices) == (
            False, (f"{running.workspace.path} has work in ig/t that is nowhere else: kept",),
        )  # fmt: skip
        return
    name = "t/u/n.rs" if how == "in another" else "t/n.rs"
    assert git(bench.repo, "show", f"main:{name}") == "n"
    if how in ("committed", "left"):
        assert done.gone, done.notices
        kept = git(bench.repo, "for-each-ref", "--format=%(subject)", "refs/gitkanban/salvage/")
        assert kept == "nested"
        assert git(bench.repo, "fsck", "--connectivity-only", "--no-dangling") == ""


@pytest.mark.timeout(300)
@pytest.mark.parametrize("odd", ["mkfifo", "ln -s /dev/zero"])
def test_a_repository_inside_that_cannot_be_read_stays_and_stops_nothing(
    bench: Bench, odd: str
) -> None:
    commit = "cd t; echo n >n.rs; git add .; git commit -qm nested; cd .."
    running, work = played(bench, f"git init -q t; {commit}; {odd} t/.git/packed-refs; echo x >x")
    assert files(bench, work.tip) >= {"x", "t/n.rs"}
    assert "the commits of the repository in t/ cannot be read" in work.notices
    git(bench.repo, "merge", "-q", "card/T1")
    assert not removal.remove(bench.place, bench.locks, Wish("T1", "03run", "main")).gone
    assert os.path.lexists(f"{running.workspace.path}/t/.git")


def test_a_link_to_nothing_makes_the_run_incomplete(bench: Bench) -> None:
    _, work = played(
        bench,
        "git init -q t; cd t; echo n >n.rs; git add .; git commit -qm n; cd ..;"
        "git add t; git commit -qm t; rm -rf t",
    )
    assert work.missed == ("t",)


def test_what_git_cannot_take_makes_the_run_incomplete(bench: Bench) -> None:
    _, work = played(bench, "echo x >'git~1'; mkdir d; echo y >'d/git~1'; echo z >open.txt")
    assert work.missed == ("d/git~1", "git~1")
    assert work.leftover_paths == ("open.txt",)


@pytest.mark.skipif(not os.geteuid(), reason="git run by root reads everything")
def test_what_cannot_be_read_makes_the_run_incomplete(bench: Bench) -> None:
    running = bench.start("exit:0")
    running.end()
    where = Path(running.workspace.path)
    for name in ("open.txt", "shut.txt", "cellar/b.txt", "ignored/c.txt"):
        (where / name).parent.mkdir(exist_ok=True)
        (where / name).write_text(name)
    (where / ".gitignore").write_text("ignored/\n")
    for name in ("shut.txt", "cellar", "ignored"):
        (where / name).chmod(0)
    work = collect.collect(running.folder)
    for name in ("cellar", "ignored"):
        (where / name).chmod(0o700)
    assert work.missed == ("cellar", "shut.txt")
    assert work.leftover_paths == (".gitignore", "open.txt")


def test_a_session_s_own_sparse_checkout_hides_none_of_its_work(bench: Bench) -> None:
    script = "git sparse-checkout set docs; mkdir src lib; echo 2 >src/app.py; echo n >lib/new.py"
    _, work = played(bench, script)
    assert not work.missed
    assert work.leftover_paths == ("lib/new.py", "src/app.py")
    assert "README.md" in files(bench, work.tip), "what was left out of the checkout is not deleted"


# -- what a worktree holds that is nowhere else


def remove(bench: Bench) -> removal.Removed:
    return removal.remove(bench.place, bench.locks, Wish("T1", "03run", "main"))


HIDDEN = {
    "a mark in the index": "git update-index --assume-unchanged README.md; echo x >README.md",
    "another mark in the index": "git update-index --skip-worktree README.md; echo x >README.md",
    "a setting": "git config status.showUntrackedFiles no; echo x >new.txt",
    "a hidden submodule's files": (
        "{module} git config submodule.lib.ignore all; git config diff.ignoreSubmodules all;"
        "echo x >lib/new.txt"
    ),
    "a hidden submodule's commit": (
        "{module} git config submodule.lib.ignore all; cd lib; echo x >new.txt; git add .;"
        "git commit -qm x; git checkout -q HEAD~"
    ),
    "a module store without a checkout": (
        "{module} cd lib; echo x >new.txt; git add .; git commit -qm x; cd ..; git rm -qrf lib"
    ),
    "a stash inside": (
        "echo ig >.gitignore; {commit} git clone -q {repo} ig; cd ig; echo x >README.md;"
        "git stash -q"
    ),
    "a bare repository below an ignored folder": (
        "echo ig >.gitignore; {commit} git clone -q --bare {repo} ig/b.git; cd ig/b.git;"
        "git update-ref refs/heads/x $(git commit-tree -m x HEAD^{{tree}})"
    ),
    "a detached worktree of one inside": (
        "echo ig >.gitignore; {commit} git clone -q {repo} ig/a; cd ig/a; git worktree add -q"
        " --detach ../b; cd ../b; echo x >x; git add .; git commit -qm x"
    ),
}


@pytest.mark.parametrize("what", HIDDEN)
def test_what_is_hidden_from_git_status_keeps_a_worktree(
    bench: Bench, tmp_path: Path, what: str
) -> None:
    lib = tmp_path / "lib"
    git(bench.repo, "clone", "-q", ".", str(lib))
    where = Path(next_start(bench).path)
    commit = f"git add .; git commit -qm x; git -C {bench.repo} merge -q card/T1;"
    module = f"git -c protocol.file.allow=always submodule --quiet add {lib} lib; {commit}"
    words = HIDDEN[what].format(module=module, commit=commit, repo=bench.repo)
    done = subprocess.run(["sh", "-ec", words], cwd=where, check=False, capture_output=True)
    assert not done.returncode, done.stderr
    git(bench.repo, "merge", "-q", "--no-edit", "card/T1")
    before = remove(bench)
    assert not before.gone
    assert where.exists()


def test_clean_repositories_inside_keep_no_worktree(bench: Bench, tmp_path: Path) -> None:
    lib = tmp_path / "lib"
    git(bench.repo, "clone", "-q", ".", str(lib))
    where = Path(next_start(bench).path)
    (where / ".gitignore").write_text("ig\n")
    git(where, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(lib), "lib")
    git(where, "add", ".")
    git(where, "commit", "-qm", "x")
    git(bench.repo, "merge", "-q", "card/T1")
    git(where, "clone", "-q", str(lib), "ig/clone")
    assert remove(bench).notices == ()
    assert not where.exists()


@pytest.mark.parametrize("changed", [False, True])
def test_files_of_setup_keep_no_worktree_until_somebody_changes_them(
    bench: Bench, tmp_path: Path, changed: bool
) -> None:
    setup = ("sh", "-c", f"echo 1 >.env; ln -s {tmp_path} deps; git clone -q {bench.repo} vendor")
    running, work = played(bench, "echo x >x; git add x; git commit -qm x", setup=setup)
    assert (work.leftover_paths, work.missed) == ((), ())
    where = Path(running.workspace.path)
    git(bench.repo, "merge", "-q", "card/T1")
    if changed:
        (where / ".env").write_text("2")
    assert remove(bench).gone is not changed
    assert where.exists() is changed


def test_a_read_only_folder_goes_whole(bench: Bench) -> None:
    where = Path(next_start(bench).path)
    (where / "mod/cache").mkdir(parents=True)
    (where / "mod/cache/file").write_text("x")
    (where / "mod/.gitignore").write_text("*\n")
    (where / "mod/cache").chmod(0o555)
    (where / "mod").chmod(0o555)
    with plain_user():
        assert remove(bench).notices == ()
    assert os.listdir(where.parent) == []
    assert "T1" not in git(bench.repo, "worktree", "list")


def test_a_link_in_place_of_a_worktree_that_goes_is_not_followed(
    bench: Bench, tmp_path: Path
) -> None:
    where = Path(next_start(bench).path)
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs/file").write_text("x")
    (tmp_path / "theirs/.git").write_text((where / ".git").read_text())
    where.rename(tmp_path / "moved")
    where.symlink_to(tmp_path / "theirs")
    assert remove(bench).notices == (f"{where} has something else in its place: kept",)
    assert removal.take_whole(bench.place, str(where)) == []
    assert not os.path.lexists(where)
    assert (tmp_path / "theirs/file").exists()
    assert "T1" not in git(bench.repo, "worktree", "list")


def test_files_of_somebody_else_keep_it_whole_and_registered(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = Path(next_start(bench).path)
    (where / "cache").mkdir()
    (where / "cache/file").write_text("x")
    (where / "cache/.gitignore").write_text("*\n")
    (where / "cache").chmod(0o555)
    for folder in (where, where / "src"):
        folder.chmod(0o777)
    monkeypatch.setattr(os, "geteuid", lambda: 4711)
    monkeypatch.setattr(os, "getegid", lambda: 4711)
    monkeypatch.setattr(os, "getgroups", list)
    done = remove(bench)
    assert done.notices == (f"{where} has files of another user in cache: kept",)
    assert (where / "README.md").exists()
    assert str(where) in git(bench.repo, "worktree", "list")


def test_a_removal_that_was_killed_is_finished_by_gc(bench: Bench) -> None:
    where = Path(next_start(bench).path)
    trash = where.with_name(".gitkanban-trash-T1")
    where.rename(trash)
    assert removal.empty_trash(str(where.parent)) == []
    assert not trash.exists()


# -- work that is in base already


def test_a_session_that_merged_its_work_itself_is_reported(bench: Bench) -> None:
    script = f"echo x >x; git add x; git commit -qm x; git -C {bench.repo} merge -q card/T1"
    _, work = played(bench, script)
    assert (work.session_commits, work.merged) == (0, 1)
    assert work.notices == ("it merged its work into main itself, without review",)


def test_taking_in_what_base_has_is_no_work(bench: Bench) -> None:
    running = bench.start("exit:0")
    running.end()
    (bench.repo / "x").write_text("x")
    git(bench.repo, "add", "x")
    git(bench.repo, "commit", "-qm", "somebody else's")
    git(Path(running.workspace.path), "merge", "-q", "main")
    work = collect.collect(running.folder)
    assert (work.session_commits, work.merged) == (0, 0)


def test_nothing_is_removed_or_written_behind_a_link_in_its_git_directory(
    bench: Bench, tmp_path: Path
) -> None:
    theirs, admin = tmp_path / "theirs", bench.repo / ".git" / "worktrees" / "T1"
    (theirs / "bisect").mkdir(parents=True)
    script = (
        f"git checkout -q --detach; rm -rf {admin}/refs {admin}/info; ln -s {theirs} {admin}/refs;"
        f"ln -s {theirs} {admin}/info; echo x >new.txt"
    )
    played(bench, script)
    next_start(bench)
    (admin / "HEAD").write_text(git(bench.repo, "rev-parse", "main") + "\n")
    next_start(bench)
    (admin / "index").unlink()
    with suppress(OSError):
        workspaces.prepare(
            bench.place, bench.locks, Wish("T1", "03run", "main", known=True, without_board=True)
        )
    assert [each.name for each in theirs.iterdir()] == ["bisect"]


def test_the_index_of_a_worktree_that_is_gone_may_be_a_link(bench: Bench) -> None:
    (bench.repo / "staged").write_text("a person's")
    git(bench.repo, "add", "staged")
    before = (bench.repo / ".git" / "index").read_bytes()
    admin = bench.repo / ".git" / "worktrees" / "T1"
    running, _ = played(bench, "echo x >new.txt")
    (admin / "index").unlink()
    (admin / "index").symlink_to(bench.repo / ".git" / "index")
    shutil.rmtree(running.workspace.path)
    notices = ghosts.forget(bench.place, bench.locks, "T1", running.workspace.path)
    assert not any("staged" in line for line in notices)
    assert (bench.repo / ".git" / "index").read_bytes() == before
