"""Ignored files of the main checkout that base names are there when a session begins,
and only they.
"""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from gitkanban import files
from gitkanban.runs.workspace import including, removal
from gitkanban.runs.workspace.workspaces import Wish
from tests.conftest import git
from tests.runs.places import Bench, Running


@pytest.fixture
def bench(repo: Path) -> Iterator[Bench]:
    found = Bench(repo)
    yield found
    found.close()


def put(repo: Path, **more: str) -> None:
    """Commit rules, and leave ignored files beside them: `name=content`, `_` for a dot."""
    ignored = ".env*\ndeps/\n*.secret\n"
    for name, text in {
        "_gitignore": ignored,
        "_env": "KEY=1\n",
        "_worktreeinclude": ".env\n",
        **more,
    }.items():
        path = repo / name.replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    git(repo, "add", ".gitignore", ".worktreeinclude")
    git(repo, "commit", "-qm", "what worktrees need")


def ended(bench: Bench, *words: str, **more: object) -> Running:
    running = bench.start(*words, **more)  # type: ignore[arg-type]
    running.end()
    return running


def there(running: Running) -> list[str]:
    """The ignored files of a worktree."""
    words = ("ls-files", "--others", "--ignored", "--exclude-standard")
    return git(Path(running.workspace.path), *words).splitlines()


def log(running: Running) -> str:
    return Path(running.folder.file("include.log")).read_text()


def test_what_base_names_is_there_before_setup_with_its_permissions(bench: Bench) -> None:
    put(bench.repo, **{"_env_local": "KEY=2\n", "x.secret": "s"})
    (bench.repo / ".env").chmod(0o600)
    running = ended(bench, "commit:a", setup=("cp", ".env", "copied.secret"))
    path = Path(running.workspace.path)
    assert there(running) == [".env", "copied.secret"]
    assert (path / ".env").read_text() == (path / "copied.secret").read_text() == "KEY=1\n"
    assert (path / ".env").stat().st_mode & 0o777 == 0o600
    assert (path / ".env").stat().st_mtime_ns == (bench.repo / ".env").stat().st_mtime_ns
    assert running.folder.work().session_commits == 1


def test_nothing_is_asked_of_git_where_base_names_nothing(bench: Bench) -> None:
    (bench.repo / ".worktreeinclude").write_text(".env\n")  # not committed: a person's draft
    running = ended(bench, "commit:a")
    assert not running.folder.spec().get("include") and not running.folder.has("include.log")


def test_the_card_s_branch_does_not_say_what_is_copied(bench: Bench) -> None:
    put(bench.repo, **{"x.secret": "s"})
    first = ended(bench, "write:.worktreeinclude", "git:commit -qam more")
    Path(first.workspace.path, ".worktreeinclude").write_text("*.secret\n")
    git(Path(first.workspace.path), "commit", "-qam", "all of it")
    again = ended(bench, "commit:b", number=2)
    assert there(again) == [".env"]


def test_whole_folders_and_negations_as_in_a_gitignore(bench: Bench) -> None:
    put(bench.repo, _worktreeinclude="deps/\n!deps/big\n.env*\n", _env_local="2")
    for name in ("deps/a/b.js", "deps/big", "deps/with space\nand more"):
        (bench.repo / name).parent.mkdir(parents=True, exist_ok=True)
        (bench.repo / name).write_text(name)
    running = ended(bench, "commit:a")
    path = Path(running.workspace.path)
    assert (path / "deps/a/b.js").read_text() == "deps/a/b.js"
    assert (path / "deps/with space\nand more").exists() and (path / ".env.local").exists()


def test_files_that_git_does_not_ignore_are_never_copied(bench: Bench) -> None:
    put(bench.repo, _worktreeinclude="*\n")
    (bench.repo / "draft.txt").write_text("mine")
    assert there(ended(bench, "commit:a")) == [".env"]
    assert not Path(f"{bench.repo}.worktrees/T1/draft.txt").exists()


def test_no_link_is_followed_on_either_side(bench: Bench, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "key.secret").write_text("of another repository")
    put(bench.repo, _worktreeinclude="*.secret\ndeps/\n", **{"deps/a": "a"})
    (bench.repo / "link.secret").symlink_to(outside / "key.secret")
    (bench.repo / "folder.secret").symlink_to(outside)
    (bench.repo / "deps" / "out").symlink_to(outside)
    os.mkfifo(bench.repo / "pipe.secret")
    running = ended(bench, "commit:a")
    assert there(running) == ["deps/a"]
    path = Path(running.workspace.path)
    # The worktree's folder is a link to somewhere else by now.
    (path / "deps/a").unlink()
    (path / "deps").rmdir()
    (path / "deps").symlink_to(outside)
    admin = running.workspace.admin
    notices = including.include(bench.place.common, str(bench.repo), "main", str(path), admin)
    assert os.listdir(outside) == ["key.secret"]
    assert any("deps/a" in line for line in notices)


def test_a_file_swapped_for_a_link_at_the_last_moment_is_not_followed(tmp_path: Path) -> None:
    for name in ("main", "work", "outside"):
        (tmp_path / name).mkdir()
    (tmp_path / "outside" / "a").write_text("theirs")
    (tmp_path / "main" / "deps").symlink_to(tmp_path / "outside")
    (tmp_path / "main" / "b").symlink_to(tmp_path / "outside" / "a")
    main, work = str(tmp_path / "main"), str(tmp_path / "work")
    for name in ("deps/a", "b"):
        with pytest.raises(files.InTheWay):
            files.clone(f"{main}/{name}", f"{work}/{name}", below=main, to_below=work)
    assert os.listdir(work) == []


def test_what_the_worktree_would_not_ignore_is_left_out_and_said(bench: Bench) -> None:
    put(bench.repo)
    (bench.repo / ".gitignore").write_text(".env\nx.secret\n")
    git(bench.repo, "commit", "-qam", "less")
    running = ended(bench, "commit:a")
    assert there(running) == [".env"]
    git(Path(running.workspace.path), "rm", "-q", ".gitignore")
    git(Path(running.workspace.path), "commit", "-qm", "ignore nothing")
    again = ended(bench, "commit:b", number=2)
    assert "left out: .env is not ignored in the worktree" in log(again)


def test_it_is_no_work_even_when_the_session_stops_ignoring_it(bench: Bench) -> None:
    put(bench.repo)
    running = ended(bench, "git:rm -q .gitignore", "write:b.txt", commits="supervisor")
    work = running.folder.work()
    assert work.leftover_paths == (".gitignore", "b.txt")
    assert ".env" not in git(bench.repo, "ls-tree", "--name-only", "card/T1")


def test_it_keeps_no_worktree_from_being_removed_and_is_put_there_again(bench: Bench) -> None:
    put(bench.repo, _gitignore="")
    (bench.repo / ".git/info/exclude").write_text(".env\n")
    running = ended(bench, "commit:a")
    git(bench.repo, "merge", "-q", "card/T1")
    (bench.repo / ".git/info/exclude").write_text("")
    assert git(Path(running.workspace.path), "status", "--porcelain") == "?? .env"
    removed = removal.remove(bench.place, bench.locks, Wish("T1", "01run", "main"))
    assert removed.gone, removed.notices
    assert including.included(bench.place.common, running.workspace.admin) == {}
    (bench.repo / ".git/info/exclude").write_text(".env\n")
    assert there(ended(bench, "commit:b", number=2)) == [".env"]


def test_what_nobody_changed_follows_the_main_checkout_and_what_was_changed_stays(
    bench: Bench,
) -> None:
    put(bench.repo, _worktreeinclude=".env*\n", _env_a="1", _env_b="1")
    first = ended(bench, "write:.env.b", "commit:a")
    for name in (".env", ".env.a", ".env.b"):
        (bench.repo / name).write_text("new")
    again = ended(bench, "commit:b", number=2)
    path = Path(again.workspace.path)
    assert (path / ".env").read_text() == (path / ".env.a").read_text() == "new"
    assert (path / ".env.b").read_text() == "1.env.b\n"
    assert first.workspace.path == again.workspace.path


def test_a_file_that_the_branch_has_is_not_overwritten(bench: Bench) -> None:
    put(bench.repo)
    first = ended(bench, "commit:a")
    Path(first.workspace.path, ".env").write_text("of the branch")
    git(Path(first.workspace.path), "add", "-f", ".env")
    git(Path(first.workspace.path), "commit", "-qm", "mine")
    again = ended(bench, "commit:b", number=2)
    assert Path(again.workspace.path, ".env").read_text() == "of the branch"


def test_a_full_disk_is_a_start_that_did_not_come_about(bench: Bench) -> None:
    put(bench.repo)
    room = Path(bench.place.private, "included")
    room.parent.mkdir(parents=True, exist_ok=True)
    room.write_text("in the way")
    running = bench.start("commit:a")
    end = running.end()
    assert [(step.name, step.exit) for step in end.steps] == [("include", 1)]
    assert ".worktreeinclude: " in log(running)


def test_copies_share_their_blocks_where_the_disk_can(tmp_path: Path) -> None:
    source, to = tmp_path / "a", tmp_path / "b" / "c"
    source.write_bytes(os.urandom(3 << 20))
    files.clone(str(source), str(to), below=str(tmp_path), to_below=str(tmp_path))
    assert to.read_bytes() == source.read_bytes()
    assert os.listdir(to.parent) == ["c"]
    shared = subprocess.run(["stat", "-f", "-c", "%T", tmp_path], capture_output=True, text=True)
    assert shared.returncode == 0


def test_where_the_disk_cannot_the_bytes_are_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> int:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "copy_file_range", refuse, raising=False)
    test_copies_share_their_blocks_where_the_disk_can(tmp_path)


def test_a_list_that_somebody_wrote_nonsense_into_is_passed_over(bench: Bench) -> None:
    put(bench.repo)
    running = ended(bench, "commit:a")
    path = Path(bench.place.private, "included", "T1")
    path.write_bytes(b"x y .env\0-1 2\0\xff\0 " + path.read_bytes())
    assert set(including.included(bench.place.common, running.workspace.admin)) <= {".env"}
