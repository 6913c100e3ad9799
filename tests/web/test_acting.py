"""Acts over real HTTP: each verb's commit, refusals word for word, and nothing done twice."""

import http.client
import json
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gitkanban.runs.supervision import processes
from tests.cli.calls import call, ok, work_one_card
from tests.conftest import git
from tests.support.arena import until
from tests.web.served import DEADLINE, Served, served

CONFIG = """\
version: 1
kanban:
  base: main
  workers:
    w: {mode: lane, command: [sh, -c, "echo x >> work.txt"], commits: supervisor}
"""


def tip(repo: Path) -> str:
    return git(repo, "rev-parse", "HEAD")


def status(repo: Path, card: str) -> str:
    return str(json.loads(ok(repo, "show", card, "--json"))["status"])


def act(server: Served, verb: str, card: str = "", **more: Any) -> dict[str, Any]:
    """Ask for an act; how it ended."""
    row = {"key": os.urandom(8).hex(), "verb": verb, "card": card, **more}
    answer = server.ask("POST", "/act", row)
    assert answer.status == 200, answer
    return dict(answer.json)


@pytest.fixture
def in_review(repo: Path, tmp_path: Path) -> Path:
    work_one_card(repo, tmp_path / "config.yaml", CONFIG)
    return repo


@pytest.fixture
def server(in_review: Path) -> Iterator[Served]:
    with served(in_review) as server:
        yield server


def test_each_verb_does_what_the_command_of_its_name_does(server: Served, in_review: Path) -> None:
    repo = in_review
    assert act(server, "note", "T1", words="hm")["text"] == "noted on T1"
    rejected = act(server, "reject", "T1", commit=tip(repo), words="Nearly.", comments=[
        {"path": "work.txt", "line": 1, "removed": False, "words": "y, not x"}])  # fmt: skip
    assert rejected["done"] and rejected["text"].startswith("T1 review → todo")
    notes = json.loads(ok(repo, "show", "T1", "--json"))["notes"]
    texts = [note["text"].strip() for note in notes]
    assert texts == ["hm", "Nearly.\n\nwork.txt:1: y, not x"]
    ok(repo, "tick", "--wait")
    accepted = act(server, "accept", "T1", commit=tip(repo))
    assert accepted["done"] and accepted["text"].startswith("T1 done (")
    assert status(repo, "T1") == "done"

    added = act(
        server, "add", title="<b>second</b>", body="do it", worker="w", backlog=True, labels=["api"]
    )
    name = added["text"].split()[0]
    assert added["done"] and status(repo, name) == "backlog"
    assert act(server, "edit", name, commit=tip(repo), title="third", priority=3, labels=[])["done"]
    card = json.loads(ok(repo, "show", name, "--json"))
    assert (card["title"], card["priority"], card["labels"]) == ("third", 3, [])
    assert act(server, "pause", worker="w", words="lunch")["done"]
    assert "lunch" in ok(repo, "status", "--json")
    assert act(server, "resume", worker="w")["done"]
    assert act(server, "approve", name, commit=tip(repo))["done"]
    assert status(repo, name) in ("todo", "running", "review")
    ok(repo, "tick", "--wait")
    ok(repo, "block", name, "--why", "Which?")
    assert act(server, "answer", name, commit=tip(repo), words="This.")["done"]
    # What was answered has started a session, whose end may move the board meanwhile.
    until(lambda: act(server, "drop", name, commit=tip(repo), words="no")["done"], "the drop")
    assert status(repo, name) == "dropped"


def test_a_refusal_is_that_of_the_command_word_for_word(server: Served, in_review: Path) -> None:
    before = tip(in_review)
    for argv, asked in (
        (("approve", "T1"), act(server, "approve", "T1", commit=before)),
        (("reject", "T1"), act(server, "reject", "T1", commit=before)),
        (("accept", "T9"), act(server, "accept", "T9", commit=before)),
        (("add", "x", "-w", "nobody"), act(server, "add", title="x", worker="nobody")),
    ):
        refused = call(in_review, *argv)
        assert refused.code
        lines = [asked["text"], *([f"Hint: {asked['hint']}"] if asked["hint"] else [])]
        assert lines == refused.err.splitlines() and not asked["done"]
    assert tip(in_review) == before


def test_of_two_tabs_the_later_one_is_refused(server: Served, in_review: Path) -> None:
    shown = tip(in_review)
    assert act(server, "reject", "T1", commit=shown, words="again")["done"]
    ok(in_review, "tick", "--wait")
    late = act(server, "accept", "T1", commit=shown)
    assert not late["done"] and "T1 has changed since" in late["text"] and late["hint"]
    assert status(in_review, "T1") == "review"


def test_acts_at_once_and_a_tick_do_a_thing_once(server: Served, in_review: Path) -> None:
    shown = tip(in_review)
    results: list[dict[str, Any]] = []
    tabs = [
        threading.Thread(target=lambda: results.append(act(server, "accept", "T1", commit=shown)))
        for _ in range(4)
    ]
    for tab in tabs:
        tab.start()
    ok(in_review, "tick")
    for tab in tabs:
        tab.join(DEADLINE)
    assert [result["done"] for result in results].count(True) == 1
    assert all(result["text"].startswith("Error: ") for result in results if not result["done"])
    subjects = git(in_review, "log", "--format=%s").split("\n")
    assert subjects.count("kanban: T1 review → done") == 1


def test_the_same_act_sent_again_is_done_once(server: Served, in_review: Path) -> None:
    row = {
        "key": "a-key-of-its-own",
        "verb": "add",
        "title": "once",
        "worker": "w",
        "backlog": True,
    }
    first, again = (server.ask("POST", "/act", row).json for _ in range(2))
    assert first == again and first["done"]
    cards = json.loads(ok(in_review, "list", "--json"))
    assert [card["title"] for card in cards].count("once") == 1


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"", 400), (b"{", 400), (b"\xff", 400), (b"[" * 100_000, 400), (b"[]", 400), (b"null", 400), (b'{"verb":"accept"}', 400)],
)  # fmt: skip
def test_what_is_no_act_does_nothing(
    server: Served, in_review: Path, body: bytes, status: int
) -> None:
    before = tip(in_review)
    sent = {**server.own, "Content-Type": "application/json"}
    answer = server.ask("POST", "/act", body, headers=sent)
    assert answer.status == status and answer.json["message"] and tip(in_review) == before


def test_a_hundred_megabytes_are_refused_before_they_are_read(server: Served) -> None:
    sent = "".join(f"{name}: {value}\r\n" for name, value in server.own.items())
    head = f"POST /act HTTP/1.1\r\n{sent}Content-Type: application/json\r\n"
    assert server.raw(f"{head}Content-Length: 100000000\r\n\r\n{{".encode()).startswith(
        b"HTTP/1.1 413 "
    )
    pieces = b"".join(b"10000\r\n" + b"x" * 65536 + b"\r\n" for _ in range(20))
    answer = server.raw(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode() + pieces)
    assert answer.startswith(b"HTTP/1.1 413 ") or answer == b""
    assert server.ask("GET", "/").status == 200


@pytest.mark.parametrize("point", ["accept.begun", "commit.decided", "commit.branch-moved"])
def test_an_accept_that_is_killed_leaves_a_board_that_is_whole(in_review: Path, point: str) -> None:
    with served(in_review, GITKANBAN_FAILPOINT=f"{point}:kill") as server:
        ended = act(server, "accept", "T1", commit=tip(in_review))
        assert ended == {"done": False, "text": "Error: accept T1 ended with -9", "hint": ""}
        with server.stream() as wait_for:
            wait_for("board")
    if status(in_review, "T1") == "review":
        ok(in_review, "accept", "T1")
    assert status(in_review, "T1") == "done"
    assert git(in_review, "log", "--format=%s").split("\n").count("kanban: T1 review → done") == 1
    ok(in_review, "tick")  # the next command brings the checkout along
    assert git(in_review, "status", "--porcelain") == "" and call(in_review, "check").code == 0


def test_an_act_goes_on_when_the_server_is_killed(in_review: Path, tmp_path: Path) -> None:
    struck = tmp_path / "struck"
    stop = {"GITKANBAN_FAILPOINT": "accept.begun:stop", "GITKANBAN_FAILPOINT_ONCE": str(struck)}
    row = {"key": "k" * 8, "verb": "accept", "card": "T1", "commit": tip(in_review)}
    with served(in_review, **stop) as server:
        asking = threading.Thread(target=lambda: _ask_and_lose(server, row))
        asking.start()
        # One that goes on before it has stopped would stop for ever.
        until(
            lambda: struck.exists() and _stopped_accepts(in_review),
            "an accept that has begun to stand still",
        )
        server.end(signal.SIGKILL)
        asking.join(DEADLINE)
    for pid in _stopped_accepts(in_review):
        os.kill(pid, signal.SIGCONT)
    until(lambda: status(in_review, "T1") == "done", "the accept to end")


def _stopped_accepts(repo: Path) -> list[int]:
    """Stopped processes that accept in that folder."""
    rows = ((int(path.name), path) for path in Path("/proc").iterdir() if path.name.isdecimal())
    found = []
    for pid, path in rows:
        try:
            words = (path / "cmdline").read_bytes().split(b"\0")
            if b"accept" in words and os.readlink(path / "cwd") == str(repo):
                seen = processes.look(pid)
                found += [pid] if seen and seen.state == "T" else []
        except OSError:
            continue
    return found


def _ask_and_lose(server: Served, row: dict[str, Any]) -> None:
    try:
        server.ask("POST", "/act", row)
    except (OSError, http.client.HTTPException):
        return
