"""`workers add`: one worker more in config.yaml, every line of it kept; two at once both land."""

import difflib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gitkanban.board.formats import configfile
from tests.cli.calls import call, ok
from tests.conftest import git
from tests.support.terminal import ROOT

EVERYWHERE = """\
# the board of this shop
version: 1   # the format

# what runs
kanban:  # everything else
  base: main            # work goes here
  workers:   # who works

    # the careful one
    owner:   # a person reads all of it
      # its mode
      mode: lane   # one at a time
      command: [a, "{prompt}"]   # not claude
      # verify: [pytest]

    # the fast ones

    pool:
      command: ["b", '{prompt}']
      mode: pool
      max_concurrency: 3   # three
      # no more keys
    # another: {runner: claude}

  # shared things
  capacities: {build: 1}  # one machine
# the end
"""
SHAPES = {
    "comments": EVERYWHERE,
    "none": "version: 1\nkanban:\n  base: main\n",
    "empty": "version: 1\nkanban:\n  workers:\n    # nobody yet\n  base: main\n",
    "braces": "version: 1\nkanban: {base: main, workers: {owner: {command: [a]}}}\n",
    "a row": "version: 1\nkanban:\n  workers: {owner: {command: [a]}}   # one\n  base: main\n",
    "crlf": "version: 1\r\nkanban:\r\n  base: main\r\n  workers:\r\n    owner:\r\n      command: [a]\r\n",
    "no end": "version: 1\nkanban:\n  base: main\n  workers:\n    owner:\n      command: [a]",
    "bom": "\ufeffversion: 1\nkanban:\n  workers: {}\n  base: main\n",
}


@pytest.fixture
def repo(repo: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No agent is installed but codex."""
    folder = Path(os.environ["HOME"]) / "bin"
    folder.mkdir()
    (folder / "codex").write_text("#!/bin/sh\n")
    (folder / "codex").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return repo


def board(repo: Path, config: str) -> Path:
    (repo / ".kanban").mkdir()
    (repo / ".kanban" / "config.yaml").write_bytes(config.encode())
    git(repo, "add", "-A")
    git(repo, "commit", "-qm", "the board")
    return repo


def text(repo: Path) -> str:
    return subprocess.run(
        ["git", "cat-file", "blob", "main:.kanban/config.yaml"],
        cwd=repo, capture_output=True, check=True,
    ).stdout.decode()  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
def test_every_line_and_comment_stays_and_the_worker_is_there(repo: Path, shape: str) -> None:
    board(repo, SHAPES[shape])
    before, _ = configfile.parse(SHAPES[shape].encode(), "")
    ok(repo, "workers", "add", "tester", "--pool", "3", "--profile", "qa", "verify=pytest -q")
    after, problems = configfile.parse(text(repo).encode(), "")
    assert before and after and not problems
    new = after.workers["tester"]
    assert (new.mode, new.max_concurrency, new.runner) == ("pool", 3, "codex")
    assert (new.profile, new.verify) == ("qa", ("pytest", "-q"))
    others = {name: worker for name, worker in after.workers.items() if name != "tester"}
    assert after._replace(workers=others) == before
    if shape in ("comments", "crlf", "no end"):  # the lines, too
        lines = difflib.ndiff(SHAPES[shape].splitlines(), text(repo).splitlines())
        assert not [line for line in lines if line.startswith("- ")]
    assert [c for c in SHAPES[shape].split() if c not in text(repo) and c.startswith("#")] == []
    assert git(repo, "log", "-1", "--format=%s") == (
        "kanban: workers add tester profile=qa, mode=pool, max_concurrency=3, runner=codex, "
        "verify=pytest -q"
    )


def test_a_new_worker_stands_apart_where_the_others_do(repo: Path) -> None:
    board(repo, EVERYWHERE)
    ok(repo, "workers", "add", "tester", "--lane", "--runner", "claude")
    assert "      # no more keys\n\n    tester:\n      mode: lane\n      runner: claude\n" in text(
        repo
    )


def test_it_runs_once_it_is_trusted(repo: Path) -> None:
    ok(repo, "init", "--runner", "codex")
    done = call(repo, "workers", "add", "tester", "--json")
    data = json.loads(done.out)
    assert data["worker"] == "tester" and data["untrusted"]
    done = call(repo, "workers", "add", "second")
    assert done.out == "second added: mode=lane, runner=codex\n"
    assert "until `gitkanban trust`" in done.err
    ok(repo, "trust", "--yes")
    row = next(r for r in ok(repo, "workers").splitlines() if r.startswith("tester\t"))
    assert row.split("\t")[1:5] == ["tester", "lane", "0", "1"]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ("", 2, "workers add takes NAME"),
        ("a b", 2, "workers add takes NAME"),
        ("mode=pool", 2, "workers add takes NAME"),
        ("coder", 1, "there is already a worker coder"),
        ("Coder", 1, "differs from coder only in case"),
        ("../x", 2, "'../x'"),
        ("x --lane --pool 2", 2, "either --lane or --pool"),
        ("x --pool 0", 2, "--pool"),
        ("x --runner codx", 2, "no preset 'codx'"),
        ("x --runner codex runner=claude", 2, "runner is given twice"),
        ("x --pool 2 max_concurrency=3", 2, "max_concurrency is given twice"),
        ("x colour=red", 2, "a worker has no key 'colour'"),
        ("x mode=pool workspace_policy=shared max_concurrency=2", 1, "without a worktree"),
        ("x fallback=nobody", 1, "nobody"),
    ],
)
def test_what_cannot_be_added_is_one_line(repo: Path, words: str, code: int, said: str) -> None:
    ok(repo, "init", "--runner", "codex")
    tip = git(repo, "rev-parse", "main")
    done = call(repo, "workers", "add", *words.split())
    assert done.code == code and said in done.err and done.err.startswith("Error: "), done
    assert git(repo, "rev-parse", "main") == tip


def test_its_options_are_for_it_alone_and_people_alone_call_it(repo: Path) -> None:
    ok(repo, "init", "--runner", "codex")
    assert "--pool is for workers add" in call(repo, "workers", "--pool", "3").err
    assert (
        "--runner is for" in call(repo, "workers", "set", "coder", "weight=2", "--runner", "x").err
    )
    assert "workers add NAME" in call(repo, "workers", "new", "x").err
    inside = call(repo, "workers", "add", "x", GITKANBAN_RUN="01run", GITKANBAN_CARD="T1")
    assert inside.code == 1 and "not for sessions" in inside.err


def test_without_an_agent_it_asks_which(repo: Path) -> None:
    ok(repo, "init", "--runner", "codex")
    done = call(repo, "workers", "add", "x", PATH="/usr/bin:/bin")
    assert done.code == 2 and "no agent is on PATH" in done.err and "--runner" in done.err
    ok(repo, "workers", "add", "x", "command=sh -c true", PATH="/usr/bin:/bin")


def test_several_people_who_add_at_once_all_land(repo: Path) -> None:
    board(repo, EVERYWHERE)
    env = {**os.environ, "PYTHONPATH": ROOT}
    words = [sys.executable, "-m", "gitkanban", "workers", "add"]
    names = [f"w{n}" for n in range(6)]
    started = [
        subprocess.Popen([*words, name, "--runner", "codex"], cwd=repo, env=env) for name in names
    ]
    assert [process.wait(300) for process in started] == [0] * 6
    config, _ = configfile.parse(text(repo).encode(), "")
    assert config and set(config.workers) == {"owner", "pool", *names}
    assert len(git(repo, "log", "--format=%h", "--grep", "workers add").split()) == 6


def test_where_a_worker_is_missing_it_is_named(repo: Path) -> None:
    board(repo, "version: 1\nkanban:\n  base: main\n")
    done = call(repo, "add", "x", "--id", "T1")
    assert "nobody is assigned: gitkanban workers add NAME, then" in done.err
    done = call(repo, "add", "y", "-w", "tester")
    assert done.code == 1
    assert done.err.endswith("Hint: Make it: gitkanban workers add tester.\n")
    assert "`gitkanban workers add NAME`" in ok(repo, "why", "T1")
    ok(repo, "workers", "add", "tester")
    done = call(repo, "add", "y", "-w", "testr")
    assert "Did you mean 'tester'? Or make it: gitkanban workers add testr." in done.err
    card = repo / ".kanban" / "cards" / "T1.yaml"
    card.write_text(card.read_text().replace("worker: ''", "worker: nightly"))
    git(repo, "commit", "-qam", "by hand")
    assert "`gitkanban workers add nightly`" in ok(repo, "why", "T1")
    row = json.loads(ok(repo, "list", "--json"))[0]
    assert row["command"] == "gitkanban workers add nightly"


@pytest.mark.parametrize("text", ["sh -c 'echo \"a, b\"; true'", "[sh, -c, 'echo \"a, b\"; true']"])
def test_a_list_is_words_of_a_shell_or_stands_in_brackets_as_in_the_file(
    repo: Path, text: str
) -> None:
    ok(repo, "init", "--runner", "codex")
    ok(repo, "workers", "add", "x", f"command={text}")
    config, _ = configfile.parse((repo / ".kanban/config.yaml").read_bytes(), "config.yaml")
    assert config and config.workers["x"].command == ("sh", "-c", 'echo "a, b"; true')


@pytest.mark.parametrize("text", ["[]", "[a, [b]]", "[a, {b: c}]", "[a, 'b]", "[a]]"])
def test_brackets_around_no_list_of_words_are_refused(repo: Path, text: str) -> None:
    ok(repo, "init", "--runner", "codex")
    before = git(repo, "rev-parse", "HEAD")
    done = call(repo, "workers", "add", "x", f"command={text}")
    assert done.code == 2 and "Write [one, word, each]" in done.err
    assert git(repo, "rev-parse", "HEAD") == before
