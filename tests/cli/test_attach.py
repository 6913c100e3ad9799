"""A person takes a card over: nothing starts it meanwhile, and what it is afterwards is theirs to say."""

import json
import os
import select
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gitkanban.board.repo.place import find
from gitkanban.runs.supervision.locks import Locks
from tests.cli.calls import call, ok
from tests.conftest import git
from tests.support.arena import Arena, until

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
DEADLINE = 60.0


@pytest.fixture
def repo(repo: Path, tmp_path: Path) -> Path:
    """A board with T1, todo, whose worker is allowed."""
    (tmp_path / "agent").mkdir()
    (tmp_path / "config.yaml").write_text(CONFIG % (tmp_path / "agent"))
    ok(repo, "init", "--config", str(tmp_path / "config.yaml"))
    ok(repo, "add", "first", "--id", "T1", "--worker", "w")
    ok(repo, "trust", "--yes")
    return repo


class Terminal:
    """`gitkanban` at a terminal of its own."""

    def __init__(self, cwd: Path, *words: str, shell: str = "exit 0", **env: str) -> None:
        self.script = cwd.parent / f"shell{len(list(cwd.parent.glob('shell*')))}"
        self.script.write_text(f"#!/bin/sh\n{shell}\n")
        self.script.chmod(0o755)
        self.text = ""
        self.pid, self.fd = os.forkpty()
        if self.pid == 0:
            os.chdir(cwd)
            root = str(Path(__file__).parents[2])
            more = {"SHELL": str(self.script), "PYTHONPATH": root, "TERM": "dumb", **env}
            argv = [sys.executable, "-m", "gitkanban", *words]
            os.execve(sys.executable, argv, {**os.environ, **more})

    def wait_for(self, words: str) -> None:
        """Read until the terminal shows the words."""
        end = time.monotonic() + DEADLINE
        while words not in self.text:
            assert time.monotonic() < end and self._read(), f"no {words!r} in {self.text!r}"

    def _read(self) -> bool:
        if not select.select([self.fd], [], [], DEADLINE)[0]:
            return False
        try:
            data = os.read(self.fd, 4096)
        except OSError:  # it has ended
            return False
        self.text += data.decode("utf-8", "replace").replace("\r\n", "\n")
        return bool(data)

    def answer(self, prompt: str, line: str) -> None:
        """Type a line once the prompt is there; `line` may be a control character alone."""
        self.wait_for(prompt)
        self.text = self.text.partition(prompt)[2]
        os.write(self.fd, line.encode())

    def end(self) -> int:
        """Its exit code; one that does not end is killed."""
        while self._read():
            pass
        return self._reap()

    def press(self, key: str) -> int:
        """Press a key, as often as it takes to end it; its exit code.

        Python looks for signals before it reads a line, not while: a ^C between the two is lost.
        """
        end = time.monotonic() + DEADLINE
        while time.monotonic() < end:
            os.write(self.fd, key.encode())
            while select.select([self.fd], [], [], 1)[0]:
                if not self._read():
                    return self._reap()
        return self._reap()

    def _reap(self) -> int:
        """The exit code of what has closed its terminal."""
        end = time.monotonic() + DEADLINE
        while not (ended := os.waitpid(self.pid, os.WNOHANG))[0]:
            if time.monotonic() > end:
                self.kill()
                raise AssertionError(f"does not end: {self.text!r}")
            time.sleep(0.01)
        return os.waitstatus_to_exitcode(ended[1])

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)


def card(repo: Path, name: str = "T1") -> dict[str, str]:
    found: dict[str, str] = json.loads(ok(repo, "show", name, "--json"))
    return found


def state(repo: Path) -> tuple[str, str, str]:
    found = card(repo)
    return found["status"], found["reason"], found["why"]


def test_it_is_theirs_before_the_shell_opens_and_no_tick_starts_it(repo: Path) -> None:
    shell = "env > $HOME/env; pwd > $HOME/pwd; touch $HOME/open; read line"
    seat = Terminal(repo, "attach", "T1", shell=shell, FOREIGN="x", EDITOR="vi")
    home = Path(os.environ["HOME"])
    until(lambda: (home / "open").exists(), "the shell")
    assert state(repo) == ("blocked", "needs-input", "with Ada")
    assert Locks(find(str(repo)).private).locked(["card/T1"]) == {"card/T1"}
    ok(repo, "retry", "T1")  # a person elsewhere, who does not know
    assert "started" not in ok(repo, "tick")
    again = Terminal(repo, "attach", "T1")
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


def test_killed_in_the_middle_it_stays_theirs(repo: Path) -> None:
    seat = Terminal(repo, "attach", "T1", shell="touch $HOME/open; exec sleep 60")
    until(lambda: (Path(os.environ["HOME"]) / "open").exists(), "the shell")
    seat.kill()
    assert state(repo) == ("blocked", "needs-input", "with Ada")
    assert "started" not in ok(repo, "tick")
    doctor = call(repo, "doctor")
    assert "T1" not in doctor.out, doctor.out
    seat = Terminal(repo, "attach", "T1")
    seat.answer("What is it now?", "todo\n")
    seat.answer("Words for its next session", "take the short way\n")
    assert seat.end() == 0
    assert card(repo)["status"] == "todo"
    assert card(repo)["notes"][-1]["text"] == "take the short way"  # type: ignore[index]
    os.close(seat.fd)


def test_done_is_a_merge_of_what_is_committed(repo: Path) -> None:
    seat = Terminal(
        repo, "attach", "T1",
        shell='if [ -e mine ]; then git add mine; git commit -qm mine; else echo x > mine; fi',
    )  # fmt: skip
    seat.answer("What is it now?", "done\n")
    seat.answer("Open it again?", "y\n")
    assert "its worktree has changes that are not committed" not in seat.text
    seat.answer("What is it now?", "done\n")
    assert seat.end() == 0, seat.text
    assert card(repo)["status"] == "done" and (repo / "mine").read_text() == "x\n"


def test_a_conflict_leaves_it_blocked(repo: Path) -> None:
    shell = "echo mine > README.md; git commit -qam mine"
    seat = Terminal(repo, "attach", "T1", shell=shell)
    seat.wait_for("What is it now?")
    (repo / "README.md").write_text("theirs\n")
    git(repo, "commit", "-qam", "theirs")
    seat.answer("What is it now?", "done\n")
    assert seat.end() == 1 and "README.md" in seat.text
    assert state(repo)[:2] == ("blocked", "conflict")


@pytest.mark.parametrize("key", ["\x03", "\x04"], ids=["^C", "^D"])
def test_without_an_answer_it_stays_theirs(repo: Path, key: str) -> None:
    seat = Terminal(repo, "attach", "T1")
    seat.wait_for("[mine]: ")
    assert seat.press(key) == 0
    assert state(repo) == ("blocked", "needs-input", "with Ada")


def test_what_still_runs_is_named(repo: Path) -> None:
    seat = Terminal(repo, "attach", "T1", shell="setsid sleep 30 & echo $! > $HOME/pid")
    seat.answer("What is it now?", "mine\n")
    pid = int((Path(os.environ["HOME"]) / "pid").read_text())
    assert seat.end() == 0
    os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("status", ["done", "dropped"])
def test_what_is_over_is_not_opened(repo: Path, status: str) -> None:
    ok(repo, {"done": "done", "dropped": "drop"}[status], "T1")
    seat = Terminal(repo, "attach", "T1")
    assert seat.end() == 1 and f"T1 is {status}" in seat.text and "reopen" in seat.text


def test_nothing_of_an_untrusted_worker_is_opened(repo: Path) -> None:
    ok(repo, "workers", "set", "w", "command=sh -c evil")
    seat = Terminal(repo, "attach", "T1", shell="touch $HOME/open")
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
    repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
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
    assert card(repo)["status"] == "review", card(repo)
    seat = Terminal(repo, "attach", "T1")
    seat.answer("What is it now?", "done\n")
    assert seat.end() == 0, seat.text
    args = (Path(os.environ["HOME"]) / "args").read_text().split()
    assert args == ["--resume", session, "--model", "opus"]
    assert card(repo)["status"] == "done"


@pytest.fixture
def arena(make: Callable[..., Arena]) -> Iterator[Arena]:
    config = """\
version: 1
kanban:
  base: main
  workers:
    w:
      command: [{python}, -I, -S, {agent}, {log}, w]
"""
    found = make({"T1": "@w"}, config=config)
    found.words("T1", "wait:go commit")
    found.tick()
    until(lambda: found.logged("waits"), "the session")
    yield found


@pytest.mark.parametrize("answer", ["y", "n"])
def test_while_it_runs_its_log_is_followed_and_it_can_be_stopped(arena: Arena, answer: str) -> None:
    seat = Terminal(arena.repo, "attach", "T1")
    seat.answer("^C leaves its log", "\x03")
    seat.answer("Stop the session of T1?", f"{answer}\n")
    assert seat.end() == 0
    (folder,) = arena.folders()
    assert folder.has("stop") == (answer == "y")
