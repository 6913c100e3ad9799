"""`logs`: what a session said and did, a line each; followed; and as it is."""

import json
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from gitkanban.board.formats import runfile
from gitkanban.board.repo.placefinder import find
from gitkanban.core.model import Run
from gitkanban.runs.records import folders
from gitkanban.runs.records.folders import Folder
from tests.cli.calls import call, ok
from tests.conftest import git

START = '{"type":"thread.started","thread_id":"x"}\n'
SAYS = '{"type":"item.completed","item":{"type":"agent_message","text":"%s"}}\n'


@pytest.fixture
def folder(board: Path) -> Folder:
    """The folder of a run of T0 by codex, with what it has printed so far."""
    made = folders.of(find(str(board)).private, "01run")
    made.write_spec({"card": "T0", "run": "01run", "runner": "codex", "slot": "b#1"})
    Path(made.file("stdout.log")).write_text(START + SAYS % "one \\u001b[31mred")
    return made


def test_a_stream_is_told_and_raw_is_what_was_printed(board: Path, folder: Folder) -> None:
    page = ok(board, "logs", "T0")
    head, said = page.splitlines()
    assert head.startswith("T0 define message-recall contract · b#1 · codex")
    assert said == "          text   one ␛[31mred"
    assert ok(board, "logs", "T0", "--raw").endswith(SAYS % "one \\u001b[31mred")
    files = json.loads(ok(board, "logs", "T0", "--json"))["files"]
    assert files["stdout.log"].startswith(START)
    assert call(board, "logs", "T0", "--raw", "--json").code == 2


def test_all_of_it_and_other_logs_under_their_names(board: Path, folder: Folder) -> None:
    Path(folder.file("verify.log")).write_text("2 failed\n")
    with open(folder.file("stdout.log"), "a") as file:
        file.write("".join(SAYS % f"n{number}" for number in range(300)))
    every = ok(board, "logs", "T0", "-n", "0").splitlines()
    assert len(every) == 1 + 301 + 2 and every[-2:] == ["── verify", "2 failed"]
    assert len(ok(board, "logs", "T0", "-n", "5").splitlines()) == 1 + 5 + 2


def test_it_is_followed_until_the_run_ends(board: Path, folder: Folder) -> None:
    followed = subprocess.Popen(
        [sys.executable, "-m", "gitkanban", "logs", "-f", "T0"],
        cwd=board, stdout=subprocess.PIPE, text=True, encoding="utf-8",
    )  # fmt: skip
    assert followed.stdout
    limit = threading.Timer(300, followed.kill)  # then the next line is empty, and the test fails
    limit.start()
    assert followed.stdout.readline().startswith("T0 define")
    assert "text   one" in followed.stdout.readline()
    with open(folder.file("stdout.log"), "a") as file:
        file.write((SAYS % "two")[:20])
        file.flush()
        time.sleep(0.3)  # half a line is not told
        file.write((SAYS % "two")[20:])
    line = followed.stdout.readline()
    assert line.endswith("text   two\n") and line[2] == ":"
    Path(folder.file("verify.log")).write_text("fine\n")
    assert followed.stdout.readline() == "── verify\n"
    assert followed.stdout.readline() == "fine\n"
    Path(folder.file("exit.json")).write_text('{"ended": 1, "how": "exited"}')
    assert followed.stdout.readline() == "── the run ended (exited)\n"
    assert followed.wait(300) == 0
    limit.cancel()
    followed.stdout.close()


def test_a_run_that_has_no_log_here_is_named_with_those_that_have(
    board: Path, folder: Folder
) -> None:
    assert ok(board, "logs", "T0", "--run", "01r").startswith("T0 define")
    done = call(board, "logs", "T0", "--run", "zz")
    assert (done.code, done.err) == (
        1, "Error: no log of run 'zz' of T0 on this machine\nHint: Known: 01run.\n"
    )  # fmt: skip


def test_the_logs_of_a_card_are_found_when_its_id_was_changed(board: Path, folder: Folder) -> None:
    record = runfile.render(Run("01run", "T0", worker="backend", outcome="succeeded"))
    (board / ".kanban/runs/T0").mkdir(parents=True)
    (board / ".kanban/runs/T0/01run.yaml").write_text(record)
    git(board, "add", "-A")
    git(board, "commit", "-qm", "its run")
    ok(board, "rename", "T0", "T9")
    assert ok(board, "logs", "T9").startswith("T9 define")
