"""A person takes a card over: nothing starts it meanwhile,
and what it is afterwards is theirs to say.
"""

import json
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from gitkanban.board.repo.placefinder import find
from gitkanban.runs.supervision.locks import Locks
from tests.cli.calls import call, ok
from tests.conftest import git
from tests.support.arena import REVIEWED, Arena, until
from tests.support.terminal import Terminal

CONFIG = """\
version: 1
kanban:
  base: main
  workers:
    w:
      command: [sh, -c, "echo work > made; git add made; git commit -qm made"]
      max_attempts: 9
      memory_home: {env: AGENT_HOME, path: %s, memory: [notes]}
"""
Attach = Callable[..., Terminal]


@pytest.fixture
def repo(repo: Path, tmp_path: Path) -> Path:
    """A board with T1, todo, whose worker is allowed."""
    (tmp_path / "agent").mkdir()
    (tmp_path / "config.yaml").write_text(CONFIG % (tmp_path / "agent"))
    ok(repo, "init", "--config", str(tmp_path / "config.yaml"))
    ok(repo, "add", "first", "--id", "T1", "--worker", "w")
    ok(repo, "trust", "--yes")
    return repo


@pytest.fixture
def attach() -> Iterator[Callable[..., Terminal]]:
    """Runs `attach T1` in a repository, at a terminal, with a shell that does something."""
    with ExitStack() as open_ones:

        def begin(repo: Path, shell: str = "exit 0", **env: str) -> Terminal:
            script = repo.parent / f"shell{len(list(repo.parent.glob('shell*')))}"
            script.write_text(f"#!/bin/sh\n{shell}\n")
            script.chmod(0o755)
            terminal = Terminal(repo, "attach", "T1", SHELL=str(script), TERM="dumb", **env)
            return open_ones.enter_context(terminal)

        yield begin


def card(repo: Path, name: str = "T1") -> dict[str, str]:
    found: dict[str, str] = json.loads(ok(repo, "show", name, "--json"))
    return found


def state(repo: Path) -> tuple[str, str, str]:
    found = card(repo)
    return found["status"], found["reason"], found["why"]


def test_it_is_theirs_before_the_shell_opens_and_no_tick_starts_it(
    attach: Attach, repo: Path
) -> None:
    shell = "env > $HOME/env; pwd > $HOME/pwd; touch $HOME/open; read line"
    seat = attach(repo, shell=shell, FOREIGN="x", EDITOR="vi")
    home = Path(os.environ["HOME"])
    until(lambda: (home / "open").exists(), "the shell")
    assert state(repo) == ("blocked", "needs-input", "with Ada")
    assert Locks(find(str(repo)).private).locked(["card/T1"]) == {"card/T1"}
    ok(repo, "retry", "T1")  # a person elsewhere, who does not know
    assert "started" not in ok(repo, "tick")
    again = attach(repo)
    assert again.end() == 1 and "somebody is attached to it" in again.text
    ok(repo, "block", "T1", "--why", "with Ada")
    env = dict(line.partition("=")[::2] for line in (home / "env").read_text().splitlines())
    assert env["GITKANBAN_CARD"] == "T1" and env["GITKANBAN_MAIN"] == str(repo)
    assert env["GITKANBAN_ATTACHED"] and env["EDITOR"] == "vi"
    assert env["AGENT_HOME"] == str(repo.parent / "agent")
    assert not {"GITKANBAN_RUN", "GITKANBAN_MAILBOX", "FOREIGN"} & env.keys()
    assert (home / "pwd").read_text().strip() == f"{repo}.worktrees/T1"
    seat.answer("leave it to say what it is now", "\n")
    seat.answer("What is it now?", "mine\n")
    assert seat.end() == 0
    assert state(repo) == ("blocked", "needs-input", "with Ada")
    assert "locked" not in git(repo, "worktree", "list", "--porcelain")
    assert not Locks(find(str(repo)).private).locked(["card/T1"])


def test_killed_in_the_middle_it_stays_theirs(attach: Attach, repo: Path) -> None:
    seat = attach(repo, shell="touch $HOME/open; exec sleep 60")
    until(lambda: (Path(os.environ["HOME"]) / "open").exists(), "the shell")
    seat.end(signal.SIGKILL)
    assert state(repo) == ("blocked", "needs-input", "with Ada")
    assert "started" not in ok(repo, "tick")
    doctor = call(repo, "doctor")
    assert "T1" not in doctor.out, doctor.out
    seat = attach(repo)
    seat.answer("What is it now?", "todo\n")
    seat.answer("Words for its next session", "take the short way\n")
    assert seat.end() == 0
    assert card(repo)["status"] == "todo"
    assert card(repo)["notes"][-1]["text"] == "take the short way"  # type: ignore[index]


def test_done_is_a_merge_of_what_is_committed(attach: Attach, repo: Path) -> None:
    seat = attach(repo, shell='if [ -e mine ]; then git add mine; git commit -qm mine; else echo x > mine; fi',
    )  # fmt: skip
    seat.answer("What is it now?", "done\n")
    seat.answer("Open it again?", "y\n")
    assert "its worktree has changes that are not committed" not in seat.text
    seat.answer("What is it now?", "done\n")
    assert seat.end() == 0, seat.text
    assert card(repo)["status"] == "done" and (repo / "mine").read_text() == "x\n"


def test_a_conflict_leaves_it_blocked(attach: Attach, repo: Path) -> None:
    shell = "echo mine > README.md; git commit -qam mine"
    seat = attach(repo, shell=shell)
    seat.until(r"What is it now\?")
    (repo / "README.md").write_text("theirs\n")
    git(repo, "commit", "-qam", "theirs")
    seat.type("done\n")
    assert seat.end() == 1 and "README.md" in seat.text
    assert state(repo)[:2] == ("blocked", "conflict")


@pytest.mark.parametrize("key", ["\x03", "\x04"], ids=["^C", "^D"])
def test_without_an_answer_it_stays_theirs(attach: Attach, repo: Path, key: str) -> None:
    seat = attach(repo)
    seat.answer("[mine]: ", key)
    # A ^C between the prompt and the read is noted at the next one;
    # so it is in every Python program.
    assert seat.end(key=key) == 0
    assert state(repo) == ("blocked", "needs-input", "with Ada")


def test_what_still_runs_is_named(attach: Attach, repo: Path) -> None:
    seat = attach(repo, shell="setsid sleep 1000 & echo $! > $HOME/pid")
    seat.answer("What is it now?", "mine\n")
    pid = int((Path(os.environ["HOME"]) / "pid").read_text())
    assert seat.end() == 0
    os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("status", ["done", "dropped"])
def test_what_is_over_is_not_opened(attach: Attach, repo: Path, status: str) -> None:
    ok(repo, {"done": "done", "dropped": "drop"}[status], "T1")
    seat = attach(repo)
    assert seat.end() == 1 and f"T1 is {status}" in seat.text and "reopen" in seat.text


def test_nothing_of_an_untrusted_worker_is_opened(attach: Attach, repo: Path) -> None:
    ok(repo, "workers", "set", "w", "command=sh -c evil")
    seat = attach(repo, shell="touch $HOME/open")
    assert seat.end() == 1 and "gitkanban trust" in seat.text
    assert not (Path(os.environ["HOME"]) / "open").exists() and card(repo)["status"] == "todo"


def test_it_wants_a_terminal_and_a_person(repo: Path) -> None:
    assert call(repo, "attach", "T1").code == 2
    inside = call(repo, "attach", "T1", GITKANBAN_RUN="01run", GITKANBAN_CARD="T1")
    assert inside.code == 1 and "not for sessions" in inside.err


PRETEND = """\
#!/bin/sh
printf '%s\\n' "$@" > $HOME/args
printf '{"type":"result","subtype":"success","session_id":"%s","result":"done it"}\\n' $SESSION
echo work > made
"""


def test_the_agent_s_own_conversation_goes_on(
    attach: Attach, repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "bin/claude"
    program.parent.mkdir()
    session = "0d6dbbf6-3b43-4b0a-93f9-e6e1a3e1b1f5"
    program.write_text(PRETEND.replace("$SESSION", session))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    ok(repo, "workers", "set", "w", "runner=claude", "command=", "model=opus", "args=--verbose")
    ok(repo, "trust", "--yes")
    ok(repo, "tick", "--wait")
    until(lambda: card(repo)["status"] == "review", "T1 in review")
    seat = attach(repo)
    seat.answer("What is it now?", "done\n")
    assert seat.end() == 0, seat.text
    args = (Path(os.environ["HOME"]) / "args").read_text().split()
    assert args == ["--resume", session, "--model", "opus"]
    assert card(repo)["status"] == "done"


@pytest.fixture
def arena(make: Callable[..., Arena]) -> Iterator[Arena]:
    found = make({"T1": "@lane"}, config=REVIEWED)
    found.words("T1", "wait:go commit")
    found.tick()
    until(lambda: found.logged("waits"), "the session")
    yield found


@pytest.mark.parametrize("answer", ["y", "n"])
def test_while_it_runs_its_log_is_followed_and_it_can_be_stopped(
    attach: Attach, arena: Arena, answer: str
) -> None:
    seat = attach(arena.repo)
    seat.answer("^C leaves its log", "\x03")
    seat.answer("Stop the session of T1?", f"{answer}\n")
    assert seat.end() == 0
    (folder,) = arena.folders()
    assert folder.has("stop") == (answer == "y")
