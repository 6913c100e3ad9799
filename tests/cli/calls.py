"""Calls the command line in this process, in a folder, and gives what it printed."""

import io
import json
import os
import shutil
import time
from contextlib import chdir, nullcontext, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NamedTuple
from unittest import mock

from gitkanban.cli.app import run
from gitkanban.tick.standby import LOOK
from tests.conftest import git
from tests.support.command_lines import command_lines

EXAMPLE = Path(__file__).parent.parent.parent / ".kanban-example"


class Called(NamedTuple):
    """Exit code and both outputs of a command."""

    code: int
    out: str
    err: str


def call(cwd: Path, *argv: str, stdin: str = "", **env: str) -> Called:
    """Run `gitkanban argv` in a folder, with more environment variables."""
    out, err = io.StringIO(), io.StringIO()
    # To undo the patch empties the environment for a moment, which other threads may look at.
    patched = mock.patch.dict(os.environ, env) if env else nullcontext()
    with (
        chdir(cwd),
        patched,
        mock.patch("sys.stdin", io.StringIO(stdin)),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        code = run(argv)
    return Called(code, out.getvalue(), err.getvalue())


def ok(cwd: Path, *argv: str, stdin: str = "", **env: str) -> str:
    """Like `call`, for a command that must succeed; what it printed on stdout."""
    done = call(cwd, *argv, stdin=stdin, **env)
    assert done.code == 0, done
    return done.out


class _World(NamedTuple):
    """A repository with its worktrees as they were, and the home that was theirs."""

    copy: Path
    repo: Path
    home: str


_worlds: dict[str, _World] = {}  # by the text of the config


def work_one_card(repo: Path, config: Path, text: str) -> None:
    """Begin a board with this config.yaml (written to `config`), and work T1 until it is in review.

    It is worked once for each text; who comes later has a copy of how that ended.
    """
    config.write_text(text)
    if text in _worlds:
        _copy_world(_worlds[text], repo)
    else:
        _work_first_card(repo, config)
        copy = repo.parent.parent / f"worked-{len(_worlds)}"
        for folder in ("repo", "repo.worktrees"):
            shutil.copytree(repo.parent / folder, copy / folder, symlinks=True, ignore=_find_pipes)
        _worlds[text] = _World(copy, repo, os.environ["HOME"])
    assert json.loads(ok(repo, "show", "T1", "--json"))["status"] == "review"


def _work_first_card(repo: Path, config: Path) -> None:
    ok(repo, "init", "--config", str(config))
    ok(repo, "add", "first", "--id", "T1", "-w", "w")
    ok(repo, "trust", "--yes")
    ok(repo, "tick", "--wait")
    await_rest(repo)


def await_rest(repo: Path) -> None:
    """Wait until no process was called with the repository's path: nobody writes there any more.

    What stands by looks for runs that live once a minute: one that took a run for alive while
    another tick settled it leaves after that.
    """
    end = time.monotonic() + 3 * LOOK
    while any(f"{repo}/".encode() in b" ".join(words) for _, words in command_lines()):
        assert time.monotonic() < end, "what stands by for a tick goes on"
        time.sleep(0.02)


def _copy_world(world: _World, repo: Path) -> None:
    shutil.rmtree(repo)
    for folder in ("repo", "repo.worktrees"):
        shutil.copytree(world.copy / folder, repo.parent / folder, symlinks=True)
    names = {f"{world.repo.parent}/": f"{repo.parent}/", world.home: os.environ["HOME"]}
    common = repo / ".git"
    inside = (*common.glob("worktrees/*/gitdir"), *common.joinpath("gitkanban").rglob("*"))
    for path in (*repo.parent.glob("repo.worktrees/*/.git"), *inside):
        if path.is_file():
            text = old = path.read_bytes()
            for name, new in names.items():
                text = text.replace(name.encode(), new.encode())
            if text != old:
                path.write_bytes(text)
    for tree in (repo, repo.parent / "repo.worktrees" / "T1"):
        git(tree, "update-index", "-q", "--refresh")


def _find_pipes(folder: str, names: list[str]) -> list[str]:
    return [name for name in names if Path(folder, name).is_fifo()]
