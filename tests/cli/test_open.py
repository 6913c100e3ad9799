"""`open` and `path`: a card's worktree in an editor, in any command, or as a path;
and one that is gone.
"""

import json
import os
import shutil
from pathlib import Path

import pytest

from tests.cli.calls import call, ok, work_one_card
from tests.conftest import git

CONFIG = """\
version: 1
kanban:
  base: main
  workers:
    w:
      command: [sh, -c, "echo work > made; git add made; git commit -qm made"]
"""


@pytest.fixture
def repo(repo: Path, tmp_path: Path) -> Path:
    """A board with T1 in review, and T2 that has not been started."""
    work_one_card(repo, tmp_path / "config.yaml", CONFIG)
    ok(repo, "add", "second", "--id", "T2", "-w", "w", "--backlog")
    return repo


def tree(repo: Path) -> Path:
    return Path(f"{repo}.worktrees/T1")


def script(tmp_path: Path, text: str) -> str:
    path = tmp_path / "an editor"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return f"'{path}'"


def test_a_path_is_for_cd(repo: Path) -> None:
    assert ok(repo, "path", "T1") == f"{tree(repo)}\n"
    assert json.loads(ok(repo, "path", "T1", "--json")) == {"id": "T1", "path": str(tree(repo))}
    assert call(repo, "path", "T").code == 1  # two cards begin so
    assert call(repo, "path").code == 2


def test_the_editor_gets_the_folder(repo: Path, tmp_path: Path) -> None:
    line = script(tmp_path, f'printf "%s\\n" "$PWD" "$@" > {tmp_path}/got')
    ok(repo, "open", "T1", EDITOR=f"{line} --wait")
    assert (tmp_path / "got").read_text().split("\n") == [
        str(tree(repo)),
        "--wait",
        str(tree(repo)),
        "",
    ]


@pytest.mark.parametrize(
    ("named", "used"),
    [
        (("GIT_EDITOR", "core.editor", "VISUAL", "EDITOR"), "GIT_EDITOR"),
        (("core.editor", "VISUAL", "EDITOR"), "core.editor"),
        (("VISUAL", "EDITOR"), "VISUAL"),
        (("EDITOR",), "EDITOR"),
    ],
)
def test_the_editor_is_the_one_that_git_uses(
    repo: Path, tmp_path: Path, named: tuple[str, ...], used: str
) -> None:
    line = script(tmp_path, f'echo "$1" > {tmp_path}/got')
    env = {name: f"{line} {name}" for name in named if "." not in name} | {"TERM": "xterm"}
    if "core.editor" in named:
        git(repo, "config", "core.editor", f"{line} core.editor")
    ok(repo, "open", "T1", **env)
    assert (tmp_path / "got").read_text() == f"{used}\n"


def test_any_command_runs_there_with_its_own_exit_code(repo: Path, tmp_path: Path) -> None:
    done = call(repo, "open", "T1", "--in", f'pwd > {tmp_path}/got; test "$PWD" = "$(pwd)"; exit 7')
    assert done.code == 7 and (tmp_path / "got").read_text() == f"{tree(repo)}\n"


@pytest.mark.parametrize(
    ("editor", "said"),
    [
        ("", "no editor to open"),
        ("no-such-editor -w", "the editor no-such-editor cannot be run: No such file"),
        ("false", "the editor ended with 1: false"),
        ("exit 3;", "the editor ended with 3"),
        ("'", "the editor ended with"),
    ],
)
def test_an_editor_that_is_missing_or_fails_is_one_line(
    repo: Path, editor: str, said: str, capfd: pytest.CaptureFixture[str]
) -> None:
    done = call(repo, "open", "T1", EDITOR=editor)
    assert done.code in (1, 2) and done.err.startswith(f"Error: {said}")
    assert done.err.count("\n") == 2 and "Hint: Set EDITOR" in done.err
    assert editor == "'" or not capfd.readouterr().err


def test_one_that_is_gone_says_what_shows_its_work(repo: Path) -> None:
    git(repo, "worktree", "remove", "--force", str(tree(repo)))
    for verb in ("path", "open"):
        done = call(repo, verb, "T1", EDITOR="true")
        assert done.code == 1 and done.out == ""
        assert done.err == (
            "Error: the worktree of T1 is gone\nHint: `gitkanban show T1 --diff` shows its work. "
            "`gitkanban attach T1` makes the worktree again.\n"
        )
    assert "+work" in ok(repo, "show", "T1", "--diff")
    ok(repo, "accept", "T1")
    assert "attach" not in call(repo, "path", "T1").err
    ok(repo, "reopen", "T1")
    done = call(repo, "path", "T2")
    assert done.code == 1 and "T2 has no worktree yet" in done.err and "when it starts" in done.err


def test_a_link_in_its_place_is_not_followed(repo: Path) -> None:
    shutil.rmtree(tree(repo))
    tree(repo).symlink_to(Path(os.environ["HOME"]))
    done = call(repo, "path", "T1")
    assert done.code == 1 and "the worktree of T1 is gone" in done.err


def test_a_card_without_a_worktree_of_its_own_is_worked_in_the_checkout(repo: Path) -> None:
    ok(repo, "workers", "set", "w", "workspace_policy=shared")
    done = call(repo, "path", "T2")
    assert done.code == 1 and f"Its sessions work in {repo}." in done.err


def test_sessions_open_nothing(repo: Path) -> None:
    done = call(repo, "open", "T1", GITKANBAN_RUN="01run", GITKANBAN_CARD="T1")
    assert done.code == 1 and "not for sessions" in done.err


def test_a_new_card_that_is_refused_leaves_its_text(repo: Path, tmp_path: Path) -> None:
    line = script(tmp_path, 'echo words > "$1"')
    done = call(repo, "add", "third", "-p", "T9", "--edit", EDITOR=line)
    kept = repo / ".git" / "gitkanban" / "edits" / "new-card.md"
    assert done.code == 1 and f"go on with --body-file {kept}" in done.err
    assert kept.read_text() == "words\n"
    ok(repo, "add", "third", "--id", "T3", "--edit", EDITOR=line)
    assert json.loads(ok(repo, "show", "T3", "--json"))["body"] == "words\n"
    assert sorted(os.listdir(kept.parent)) == ["new-card.md", "new-card.md.base"]


def test_work_that_was_called_done_unmerged_can_be_merged_after_all(repo: Path) -> None:
    done = call(repo, "done", "T1")
    undo = git(repo, "rev-parse", "main")[:10]
    assert done.out == "T1 review → done\n"
    assert done.err == (
        f"T1: its work was not merged; to merge it: `gitkanban undo {undo}`, "
        "then `gitkanban accept T1`\n"
    )
    ok(repo, "undo", undo)
    ok(repo, "accept", "T1")
    assert (repo / "made").exists()
    assert call(repo, "done", "T2").err == ""  # there was none


def test_what_no_run_says_it_cost_is_null(repo: Path) -> None:
    total = json.loads(ok(repo, "cost", "--json"))["total"]
    assert total["runs"] == 1
    assert [total[key] for key in ("cost_usd", "tokens_in", "tokens_out")] == [None] * 3
    assert "unknown" in ok(repo, "cost") and "$0" not in ok(repo, "cost")
