"""Calls the command line in this process, in a folder, and gives what it printed."""

import io
import json
import os
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NamedTuple
from unittest import mock

from gitkanban.cli.app import run

EXAMPLE = Path(__file__).parent.parent.parent / ".kanban-example"


class Called(NamedTuple):
    """Exit code and both outputs of a command."""

    code: int
    out: str
    err: str


def call(cwd: Path, *argv: str, stdin: str = "", **env: str) -> Called:
    """Run `gitkanban argv` in a folder, with more environment variables."""
    out, err = io.StringIO(), io.StringIO()
    with (
        chdir(cwd),
        mock.patch.dict(os.environ, env),
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


def work_one_card(repo: Path, config: Path, text: str) -> None:
    """Begin a board with this config.yaml (written to `config`), and work T1 until it is in review."""
    config.write_text(text)
    ok(repo, "init", "--config", str(config))
    ok(repo, "add", "first", "--id", "T1", "-w", "w")
    ok(repo, "trust", "--yes")
    ok(repo, "tick", "--wait")
    assert json.loads(ok(repo, "show", "T1", "--json"))["status"] == "review"
