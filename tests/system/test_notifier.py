"""News with real processes: a notifier that hangs, fails, floods, reads nothing or is not there."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from gitkanban.board import init, store
from gitkanban.board.repo.place import Place
from gitkanban.core.changes import Change, EditCard
from gitkanban.core.model import BLOCKED, NEEDS_INPUT, TODO
from gitkanban.core.notify.digest import Digest
from gitkanban.core.notify.news import NewsItem
from gitkanban.core.tick.outcome import Outcome
from gitkanban.runs import notifier, trust
from gitkanban.runs.records import news_ledger
from gitkanban.runs.records.news_ledger import NotifierCall
from gitkanban.tick.rounds import tick
from gitkanban.views.message import commit_message
from tests.conftest import git
from tests.support.arena import until
from tests.support.command_lines import command_lines

CONFIG = """\
version: 1
kanban:
  base: main
  notify: [{notify}]
  notify_every: {every}
  workers:
    w: {{command: ["true"]}}
"""
ASKS = "id: {}\n\ntitle: a card\n\nworker: w\n\nstatus: blocked\n\nreason: needs-input\n\nwhy: which?\n"


class Told:
    """A board whose notifier writes what it was given into `log`, a line a call."""

    def __init__(self, repo: Path, top: Path, script: str = "", every: str = "0") -> None:
        self.log, self.program = top / "log", top / "notifier"
        keep = f'tr -d "\\n" >>{self.log}; echo >>{self.log}'
        self.program.write_text(f"#!/bin/sh\n{script or keep}\n")
        self.program.chmod(0o755)
        text = CONFIG.format(notify=self.program, every=every)
        files = {"cards/T1.yaml": ASKS.format("T1")}
        self.place: Place = init.create(str(repo), config=text, files=files)
        self.allow()

    def allow(self) -> None:
        config = store.read(self.place).config
        assert config
        trust.record(self.place, config)

    def tick(self) -> Outcome:
        """A tick, whose sender is waited for."""
        done = tick(self.place)
        self.wait()
        return done

    def wait(self) -> None:
        until(lambda: not self.senders(), "the sender to end")

    def kill_senders(self) -> None:
        """Kill who sends; one may end by itself meanwhile."""
        for pid in self.senders():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def senders(self) -> list[int]:
        """Pids of live senders of this clone."""
        return [
            pid
            for pid, words in command_lines()
            if b"gitkanban.runs.notifier" in words and self.place.private.encode() in words
        ]

    def pass_time(self, seconds: int) -> None:
        """Have the last digest be sent that much earlier."""
        with news_ledger.changing(self.place.private):
            ledger, call = news_ledger.read(self.place.private)
            earlier = ledger._replace(sent=ledger.sent - seconds)
            news_ledger.write(self.place.private, earlier, call)

    def calls(self) -> list[dict[str, Any]]:
        """What the notifier was given, a call each."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [json.loads(line) for line in lines]

    def words(self) -> list[list[str]]:
        return [[item["words"] for item in call["items"]] for call in self.calls()]

    def change(self, *changes: Change) -> None:
        store.commit(self.place, lambda _: changes, message=commit_message)

    def ask(self, why: str) -> None:
        fields = {"status": BLOCKED, "reason": NEEDS_INPUT, "why": why}
        self.change(EditCard("T1", fields))


@pytest.fixture
def make_told(repo: Path, tmp_path: Path) -> Iterator[Callable[..., Told]]:
    made: list[Told] = []

    def make(script: str = "", every: str = "0") -> Told:
        made.append(Told(repo, tmp_path, script, every))
        return made[-1]

    yield make
    for each in made:
        each.kill_senders()


def test_what_needs_a_person_is_told_once_by_a_process_of_its_own(
    make_told: Callable[..., Told],
) -> None:
    told = make_told()
    told.tick()
    (call,) = told.calls()
    assert (call["version"], call["test"], call["board"]["repository"]) == (1, False, "repo")
    assert call["host"] == os.uname().nodename and call["title"] == "repo: T1 asks: which?"
    assert call["items"] == [
        {"event": "question", "card": "T1", "title": "a card", "words": "T1 asks: which?",
         "command": 'gitkanban retry T1 --why "…"', "workers": ["w"], "holds": 0}
    ]  # fmt: skip
    told.tick()
    told.tick()
    assert len(told.calls()) == 1
    told.ask("and which other?")
    told.tick()
    assert told.words() == [["T1 asks: which?"], ["T1 asks: and which other?"]]
    attempt = news_ledger.last_attempt(told.place.private)
    assert attempt and (attempt.how, attempt.items) == ("sent", 1)


def test_it_is_told_once_also_by_eight_ticks_at_once(make_told: Callable[..., Told]) -> None:
    told = make_told()
    argv = [sys.executable, "-m", "gitkanban", "tick"]
    ticks = [
        subprocess.Popen(argv, cwd=told.place.main, stdout=subprocess.DEVNULL) for _ in "12345678"
    ]
    for each in ticks:
        each.wait(300)
    told.tick()
    assert told.words() == [["T1 asks: which?"]]


def test_a_sender_that_is_killed_tells_nothing_twice(make_told: Callable[..., Told]) -> None:
    told = make_told("cat >/dev/null; echo $$ >>$0.log; exec sleep 300")
    tick(told.place)
    log = Path(f"{told.program}.log")
    until(lambda: has_line(log), "the notifier to be called")
    told.kill_senders()
    told.tick()
    (pid,) = log.read_text().split()
    os.kill(int(pid), signal.SIGKILL)


def has_line(path: Path) -> bool:
    """Whether a whole line was written to a file."""
    return path.exists() and path.read_text().endswith("\n")


def test_news_within_the_time_go_together_when_it_is_over(make_told: Callable[..., Told]) -> None:
    told = make_told(every="9m")
    told.tick()
    assert len(told.calls()) == 1
    told.ask("second")
    tick(told.place)
    told.ask("third")
    tick(told.place)
    assert len(told.calls()) == 1 and told.senders(), "one waits"
    told.pass_time(9 * 60)
    until(lambda: len(told.calls()) == 2, "the second digest, without another tick")
    assert told.words()[1] == ["T1 asks: third"], "what is over is not told"


def test_what_is_later_than_a_sender_waits_is_left_to_a_tick(
    make_told: Callable[..., Told],
) -> None:
    told = make_told(every="2h")
    told.tick()
    told.ask("second")
    tick(told.place)
    assert told.senders() == [] and len(told.calls()) == 1
    told.pass_time(7200)
    told.tick()
    assert told.words()[1] == ["T1 asks: second"]


def test_a_notifier_that_is_not_allowed_is_not_called_and_everything_else_goes_on(
    make_told: Callable[..., Told],
) -> None:
    told = make_told()
    main = Path(told.place.main)
    path = main / ".kanban" / "config.yaml"
    path.write_text(path.read_text().replace(f"[{told.program}]", f"[{told.program}, --more]"))
    (main / ".kanban" / "cards" / "T2.yaml").write_text(
        "id: T2\n\ntitle: another\n\nworker: w\n\nstatus: todo\n"
    )
    git(main, "add", "-A")
    git(main, "commit", "-qm", "another notifier, and a card")
    done = told.tick()
    assert [each.card for each in done.started] == ["T2"] and told.calls() == []
    assert not done.notices
    words = f"kanban.notify changed from {told.program} to {told.program} --more"
    found = news_ledger.take_report(told.place.private)
    assert found == f"nobody is notified: {words}; see `gitkanban trust`"
    tick(told.place)
    assert news_ledger.take_report(told.place.private) == "", "it is said once"
    told.allow()
    until(lambda: tick(told.place) and told.calls(), "the news")
    assert "T1 asks: which?" in told.words()[0]


def test_a_tick_that_everything_ends_with_waits_until_its_news_are_out(
    make_told: Callable[..., Told], monkeypatch: pytest.MonkeyPatch
) -> None:
    told = make_told("cat >/dev/null; sleep 1; echo told >$0.log")
    argv = [sys.executable, "-m", "gitkanban", "tick", "--wait"]
    subprocess.run(argv, cwd=told.place.main, check=True, timeout=300)
    assert Path(f"{told.program}.log").exists()
    monkeypatch.delattr("time.sleep")  # nothing is left to wait for
    notifier.wait_until_sent(told.place.private, lambda: False)


@pytest.mark.parametrize(("may_be_starting", "most"), [(False, 5), (True, 30)])
def test_news_that_nobody_begins_to_send_is_waited_for_only_a_moment(
    make_told: Callable[..., Told],
    monkeypatch: pytest.MonkeyPatch,
    may_be_starting: bool,
    most: float,
) -> None:
    told = make_told("exit 75")  # try again, which is left to a later tick
    told.tick()
    assert notifier.is_due(told.place.private)
    slept: list[float] = []
    clock = SimpleNamespace(monotonic=lambda: sum(slept), sleep=slept.append)
    monkeypatch.setattr(notifier, "time", clock)
    notifier.wait_until_sent(told.place.private, lambda: may_be_starting)
    assert most < sum(slept) < most + 1


@pytest.mark.parametrize(
    ("script", "how", "words"),
    [
        ("exit 3", "failed", "the notifier notifier exited with 3"),
        ("echo no route >&2; exit 1", "failed", "the notifier notifier exited with 1: no route"),
        ("kill -9 $$", "failed", "the notifier notifier was ended by signal 9"),
        ("exec <&-; exit 0", "sent", ""),
        ("yes | head -c 30000000; exit 0", "sent", ""),
        ("yes | head -c 30000000 >&2; exit 2", "failed", "the notifier notifier exited with 2: y"),
        ("echo later; exit 75", "again", "the notifier notifier exited with 75: later"),
    ],
    ids=["fails", "says why", "is killed", "reads nothing", "floods", "floods and fails", "asks again"],
)  # fmt: skip
def test_how_a_notifier_ends_is_noted_and_said_once(
    make_told: Callable[..., Told], script: str, how: str, words: str
) -> None:
    told = make_told(script)
    done = told.tick()
    assert not done.errors and not done.notices
    attempt = news_ledger.last_attempt(told.place.private)
    assert attempt and (attempt.how, attempt.words) == (how, words)
    assert len(attempt.output) <= 2000
    assert news_ledger.take_report(told.place.private) == words
    assert news_ledger.take_report(told.place.private) == ""


def test_one_that_hangs_holds_up_no_tick_and_is_ended(
    make_told: Callable[..., Told], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    told = make_told(f"echo $$ >>{tmp_path}/pids; sleep 1000 & wait")
    tick(told.place)
    until(lambda: has_line(tmp_path / "pids"), "the notifier to be called")
    (sender,) = told.senders()
    # A tick that waited for it would not end: it ends nothing, and nothing else ends the wait.
    os.kill(sender, signal.SIGSTOP)
    monkeypatch.setattr(notifier, "LIMIT", 3600.0)
    assert tick(told.place).errors == ()
    told.kill_senders()
    os.killpg(int((tmp_path / "pids").read_text()), signal.SIGKILL)
    monkeypatch.setattr(notifier, "LIMIT", 0.3)
    _, call = news_ledger.read(told.place.private)
    attempt = notifier.send(call, some_digest())
    words = "the notifier notifier had not ended after 0.3 seconds, and was ended"
    assert (attempt.how, attempt.words) == ("late", words)


def test_one_that_is_missing_is_tried_again_until_it_is_there_and_said_once(
    make_told: Callable[..., Told],
) -> None:
    told = make_told()
    away = told.program.rename(told.program.with_suffix(".away"))
    told.tick()
    words = "the notifier notifier cannot be run: no such file"
    assert news_ledger.take_report(told.place.private) == words
    told.tick()
    assert news_ledger.take_report(told.place.private) == "", "the same failure is not said again"
    away.rename(told.program)
    told.tick()
    assert told.words() == [["T1 asks: which?"]]


def test_one_that_asks_for_another_try_gets_it_with_the_next_digest(
    make_told: Callable[..., Told], tmp_path: Path
) -> None:
    log = tmp_path / "log"
    told = make_told(f'tr -d "\\n" >>{log}; echo >>{log}; [ -e {tmp_path}/net ] || exit 75')
    told.tick()
    told.tick()
    assert told.words() == [["T1 asks: which?"]] * 2
    (tmp_path / "net").touch()
    told.tick()
    told.tick()
    assert told.words() == [["T1 asks: which?"]] * 3


def test_it_gets_the_ticks_environment_without_gits_and_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("GIT_DIR", "GITKANBAN_RUN", "ITS_OWN"):
        monkeypatch.setenv(name, "x")
    call = NotifierCall(("sh", "-c", f"env >{tmp_path}/env"), "/usr/bin:/bin", str(tmp_path))
    assert notifier.send(call, some_digest()).how == "sent"
    env = (tmp_path / "env").read_text()
    assert "ITS_OWN=x" in env and "PATH=/usr/bin:/bin" in env
    assert "GIT_DIR" not in env and "GITKANBAN_RUN" not in env


def some_digest() -> Digest:
    return Digest("shop", "main", "c0", "here", 1, (NewsItem("k", "paused", "w is paused"),))


def test_two_clones_that_share_a_board_tell_each_piece_of_news_once(
    repo: Path, tmp_path: Path
) -> None:
    """No run has ended: nobody would tell what is no clone's,
    so the first clone has one behind it.
    """
    told = Told(repo, tmp_path)
    git(repo, "branch", "-m", "main")
    remote, second = tmp_path / "remote.git", tmp_path / "second"
    told.change(EditCard("T1", {"status": TODO, "reason": "", "why": ""}))
    git(tmp_path, "init", "-q", "--bare", str(remote))
    git(repo, "remote", "add", "origin", str(remote))
    git(repo, "push", "-q", "origin", "main")
    git(tmp_path, "clone", "-q", str(remote), str(second))
    from gitkanban.board.repo import placefinder

    other = placefinder.find(str(second))
    config = store.read(other).config
    assert config
    trust.record(other, config)
    assert tick(told.place, remote="origin").started
    for _ in range(200):
        ends = [tick(each, remote="origin") for each in (told.place, other)]
        if not any(each.contended for each in ends) and told.calls():
            break
        time.sleep(0.05)
    for _ in "123":
        for each in (other, told.place):
            tick(each, remote="origin")
    until(lambda: not news_ledger.is_sending(other.private), "the other's sender")
    told.wait()
    words = [word for call in told.words() for word in call]
    assert len(words) == len(set(words)) and words, words
