"""The screen once for real: in tmux, by keys, and what becomes of it when its terminal is lost."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gitkanban.runs.supervision import processes
from tests.conftest import git
from tests.runs.places import DEADLINE, until

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")

PROGRAMS = {
    "editor": 'sed -i.old \'s/in review/edited by hand/\' "$1"; rm -f "$1.old"',
    "shell": "echo a shell in $(basename $PWD); read line",
}
Tmux = Callable[..., str]


@pytest.fixture
def tmux(states: Path, tmp_path: Path) -> Iterator[Tmux]:
    """Runs a tmux command on a server of our own, whose one session shows the screen."""
    inherited = {name: os.environ[name] for name in os.environ if name not in ("COLUMNS", "LINES")}
    env = {**inherited, "TMUX_TMPDIR": str(tmp_path), "TERM": "screen-256color"}

    def run(*argv: str) -> str:
        command = ["tmux", "-L", "ui", "-f", "/dev/null", *argv]
        done = subprocess.run(
            command, env=env, capture_output=True, text=True, check=False, timeout=DEADLINE
        )
        return done.stdout

    for name, does in PROGRAMS.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{does}\n")
        (tmp_path / name).chmod(0o755)
    program = f"EDITOR={tmp_path}/editor SHELL={tmp_path}/shell {sys.executable} -m gitkanban ui"
    script = f"echo $$ > {tmp_path}/pid; {program}; echo left with $?; cat"
    run("new-session", "-d", "-x", "80", "-y", "24", "-s", "s", "-c", str(states), script)
    yield run
    run("kill-server")


def await_text(tmux: Tmux, *parts: str) -> str:
    return until(
        lambda: (text := tmux("capture-pane", "-p")) and all(p in text for p in parts) and text,
        f"{parts} in {tmux('capture-pane', '-p')}",
    )


def test_by_keys_in_tmux(tmux: Tmux) -> None:
    await_text(tmux, "NEEDS YOU 3", "1 card  2 work")
    tmux("send-keys", "/")
    # A line of its own; the keys at the foot begin with a slash too.
    until(lambda: " /" in map(str.rstrip, tmux("capture-pane", "-p").splitlines()), "a field")
    tmux("send-keys", "later", "Enter")
    await_text(tmux, "BACKLOG 1", "p approve")
    tmux("send-keys", "p")
    await_text(tmux, "B1 backlog → todo")
    tmux("resize-window", "-x", "60", "-y", "20")
    until(lambda: "2 work" not in tmux("capture-pane", "-p"), "one pane")
    tmux("send-keys", "q")
    await_text(tmux, "left with 0")


def program_of(tmp_path: Path) -> int:
    """The pid of the program in the session."""
    shell = (tmp_path / "pid").read_text().strip()
    children = Path(f"/proc/{shell}/task/{shell}/children")
    if not children.exists():
        pytest.skip("no /proc to find the program by")
    return int(children.read_text().split()[0])


def test_after_it_was_suspended_all_of_it_is_drawn(tmux: Tmux, tmp_path: Path) -> None:
    whole = ("NEEDS YOU 3", "1 card  2 work", "? keys")
    await_text(tmux, *whole)
    program = program_of(tmp_path)
    tmux("send-keys", "C-z")
    state = Path(f"/proc/{program}/stat")
    until(lambda: "NEEDS YOU" not in tmux("capture-pane", "-p"), "the screen to be left")
    until(lambda: state.read_text().rpartition(")")[2].split()[0] == "T", "it to stop")
    os.kill(program, signal.SIGCONT)
    await_text(tmux, *whole)


@pytest.mark.parametrize("lent", [False, True], ids=["shown", "lent to a shell"])
def test_a_lost_terminal_ends_it(tmux: Tmux, states: Path, tmp_path: Path, lent: bool) -> None:
    await_text(tmux, "NEEDS YOU 3", "R1 · review")
    program = program_of(tmp_path)
    if lent:
        git(states, "worktree", "add", "-q", f"{states}.worktrees/R1", "card/R1")
        tmux("send-keys", "o")
        await_text(tmux, "a shell in R1")
    tmux("kill-session")
    until(lambda: processes.look(program) is None, "the end of the program")


def test_what_needs_the_terminal_gets_it_and_the_screen_comes_back(
    tmux: Tmux, states: Path
) -> None:
    git(states, "worktree", "add", "-q", f"{states}.worktrees/R1", "card/R1")
    await_text(tmux, "NEEDS YOU 3", "R1 · review")
    tmux("send-keys", "e")
    await_text(tmux, "R1 changed: title", "edited by hand")
    tmux("send-keys", "o")
    await_text(tmux, "a shell in R1")
    tmux("send-keys", "Enter")
    await_text(tmux, "NEEDS YOU 3", "R1 · review")
    tmux("send-keys", "s")  # it refuses, and says why where people can read it
    await_text(tmux, "Error: nothing of coder is run here", "enter comes back to the board")
    tmux("send-keys", "Enter")
    await_text(tmux, "NEEDS YOU 3", "attach R1 was left")
