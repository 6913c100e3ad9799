"""What git cannot read is a sentence and exit 1, never a bug report;
a bug can always be reported.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gitkanban.cli.commands import status
from tests.cli.calls import call, ok
from tests.conftest import git

READING = ("status", "list", "show T1", "check", "log", "tick --dry-run", "fmt --check")
WRITING = ("note T1 x", "add y", "edit T1 --priority 3", "tick", "pause --all", "fmt")


def all_answers(board: Path, commands: tuple[str, ...]) -> dict[str, int]:
    """The exit code of each command, with caches taken away before it."""
    found = {}
    for command in commands:
        shutil.rmtree(board / ".git" / "gitkanban" / "cache", ignore_errors=True)
        done = call(board, *command.split(" "))
        assert "Traceback" not in done.err and "a bug in gitkanban" not in done.err, done
        assert done.code in (0, 1), (command, done)
        if done.code:
            assert "Error: " in done.err or ": error: " in done.out, (command, done)
        found[command] = done.code
    return found


def damage(board: Path, spec: str) -> None:
    oid = git(board, "rev-parse", spec)
    path = board / ".git" / "objects" / oid[:2] / oid[2:]
    path.chmod(0o644)
    path.write_text("garbage")


@pytest.mark.parametrize(
    "spec", ["HEAD", "HEAD^{tree}", "HEAD:.kanban/cards", "HEAD:.kanban/cards/T1.yaml", "HEAD~1"]
)
def test_a_damaged_object_is_a_sentence(board: Path, spec: str) -> None:
    ok(board, "note", "T1", "so that there is something of ours")
    damage(board, spec)
    found = all_answers(board, (*READING, *WRITING))
    if spec == "HEAD:.kanban/cards":
        assert set(found.values()) == {1}


def test_half_a_board_is_not_taken_for_a_whole_one(board: Path) -> None:
    oid = git(board, "rev-parse", "HEAD:.kanban/cards")
    (board / ".git" / "objects" / oid[:2] / oid[2:]).unlink()
    done = call(board, "list")
    assert done.code == 1 and "cannot be read" in done.err and "git fsck" in done.err


@pytest.mark.parametrize(
    ("ref", "content"),
    [
        ("refs/gitkanban/seen", "HEAD^{tree}"),
        ("refs/gitkanban/seen", "junk"),
        ("refs/heads/main", "junk"),
        ("refs/heads/main", "1" * 40),
        ("HEAD", "ref: refs/heads/nowhere"),
        ("HEAD", "junk"),
        ("refs/heads/card/T1", "HEAD^{tree}"),
    ],
)
def test_an_odd_ref_is_no_bug(board: Path, ref: str, content: str) -> None:
    ok(board, "note", "T1", "n")
    if content.startswith("HEAD"):
        content = git(board, "rev-parse", content)
    path = board / ".git" / ref
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{content}\n")
    all_answers(board, (*READING, *WRITING))


def test_a_working_tree_that_is_gone_is_no_bug(board: Path) -> None:
    git(board, "config", "core.worktree", "/nonexistent")
    all_answers(board, (*READING, *WRITING))


@pytest.mark.parametrize(
    "name", ["notes/T0/x.png", "notes/T0/sub/x.md", "notes/x", "runs/T0/x", "cards/sub/T9.yaml"]
)
def test_a_stray_file_stops_nothing(board: Path, name: str) -> None:
    path = board / ".kanban" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\xff\x00")
    git(board, "add", "-A")
    git(board, "commit", "-qm", "stray")
    all_answers(board, ("check", "tick --dry-run", "tick"))
    commands = ("status", "show T0", "show T1 --prompt", "note T0 x", "log T0")
    assert set(all_answers(board, commands).values()) == {0}


@pytest.mark.parametrize("name", ["cards", "notes", "runs", "paused", "archive", "prompt.md"])
@pytest.mark.parametrize("kind", ["file", "link", "folder"])
def test_one_thing_where_another_should_be_is_no_bug(board: Path, name: str, kind: str) -> None:
    path = board / ".kanban" / name
    if path.is_dir():
        shutil.rmtree(path)
    if kind == "folder":
        path.mkdir()
        (path / "x").write_text("x")
    elif kind == "link":
        path.symlink_to("../README.md")
    else:
        path.write_text("x")
    git(board, "add", "-A")
    git(board, "commit", "-qm", "odd")
    all_answers(board, ("status", "check", "tick --dry-run", "tick", "add y", "pause --all"))


def test_names_that_are_not_utf8_are_taken_as_they_are(board: Path) -> None:
    latin = "J\udcf6rg"  # the byte of ISO 8859-1, as Python holds it
    git(board, "config", "user.name", latin)
    (board / os.fsdecode(b".kanban/cards/\xf6.yaml")).write_text("x")
    git(board, "add", "-A")
    git(board, "commit", "-qm", "w\udcf6rd")
    all_answers(board, (*READING, *WRITING, "undo HEAD", "diff HEAD~1"))


def test_an_unborn_branch_and_a_detached_head_are_no_bugs(tmp_path: Path, board: Path) -> None:
    git(tmp_path, "init", "-q", "unborn")
    assert set(all_answers(tmp_path / "unborn", (*READING, *WRITING, "init")).values()) == {1}
    git(board, "checkout", "-q", "--detach")
    git(board, "branch", "-D", "main")
    all_answers(board, (*READING, *WRITING))


def _raise(message: str) -> Callable[..., None]:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError(message)

    return broken


@pytest.mark.parametrize("where", ["", "/nonexistent"])
def test_a_bug_can_always_be_reported(
    board: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    import tempfile

    monkeypatch.setattr(status.status_command, "callback", _raise("odd \udcff \x1b[31m text"))
    if where:
        monkeypatch.setattr(tempfile, "_candidate_tempdir_list", lambda: [where])
        monkeypatch.setattr(tempfile, "tempdir", None)
    done = call(board, "status")
    assert done.code == 3 and "a bug in gitkanban: ZeroDivisionError" in done.err
    assert "\x1b[31m" not in done.err
    if where:
        assert "please report it with these lines" in done.err and "Traceback" in done.err
    else:
        report = Path(done.err.partition("report it with ")[2].partition(" (read")[0])
        assert "odd \\udcff" in report.read_text()
        report.unlink()


def test_a_read_only_repository_without_an_id_can_be_read(board: Path) -> None:
    """As root nothing is read-only, so the file system says so in our place."""
    script = """
import errno, os, sys
from gitkanban import files
from gitkanban.cli.app import run
def refuse(*_, **__):
    raise OSError(errno.EROFS, os.strerror(errno.EROFS), "x")
files.replace = files.create = files.make_folder = files.touch = refuse
sys.exit(run(sys.argv[1:]))
"""
    for command in ("list", "show T1", "check", "log", "tick --dry-run", "why T1", "memory list"):
        done = subprocess.run(
            [sys.executable, "-c", script, *command.split(" ")],
            cwd=board, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode in (0, 1) and "read-only" not in done.stderr, (command, done)
