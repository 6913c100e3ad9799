"""The server over real HTTP: what it answers, what it refuses, and how it ends."""

import os
import signal
import socket
import stat
import sys
import time
import webbrowser
from pathlib import Path

import pytest

from tests.cli.calls import call, ok
from tests.conftest import git
from tests.web.served import DEADLINE, Served, served


def test_the_shell_has_nothing_of_the_board_and_may_be_framed_and_stored_by_nobody(
    board: Path,
) -> None:
    with served(board) as server:
        shell = server.ask("GET", "/", headers={"Host": f"localhost:{server.port}"})
    assert shell.status == 200 and "T1" not in shell.text and server.token not in shell.text
    assert shell.headers["cache-control"] == "no-store"
    assert shell.headers["x-frame-options"] == "DENY"
    policy = shell.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; ") and "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy and "access-control-allow-origin" not in shell.headers


def test_nothing_is_read_without_the_token_or_under_another_name(board: Path) -> None:
    with served(board) as server:
        for changed, status in (
            ({"X-Gitkanban-Token": "x"}, 401),
            ({"Host": f"evil.example:{server.port}"}, 421),
            ({"Origin": "http://evil.example"}, 403),
        ):
            answer = server.ask("GET", "/live", headers={**server.own, **changed})
            assert answer.status == status and answer.json["message"]
            assert not {name for name in answer.headers if name.startswith("access-control")}
        asked_first = server.ask("OPTIONS", "/live", headers=server.own)
        assert asked_first.status == 405


SELDOM = "from gitkanban.web import liveboard; liveboard._READ_EVERY = 3600.0"


def test_a_change_arrives_though_it_is_long_until_all_is_read_again(board: Path) -> None:
    with served(board, first=SELDOM) as server, server.stream() as wait_for:
        first = wait_for("board")
        assert {row[0] for row in first["cards"]} >= {"T1", "T2"}
        ok(board, "note", "T1", "seen live?")
        notes = wait_for("board")["details"]["T1"]["notes"]
    assert [note["text"] for note in notes] == ["seen live?"]


def test_who_comes_back_is_told_only_what_is_new(board: Path) -> None:
    with served(board) as server:
        with server.stream() as wait_for:
            version = wait_for("version")
        with server.stream(f"since={version}") as wait_for:
            ok(board, "edit", "T1", "--title", "another title")
            rows = wait_for("board")["cards"]
    assert "another title" in [row[1] for row in rows]


def test_a_deleted_branch_is_reported_and_its_return_is_seen(board: Path) -> None:
    tip = git(board, "rev-parse", "HEAD")
    with served(board) as server, server.stream() as wait_for:
        wait_for("board")
        git(board, "update-ref", "-d", "refs/heads/main")
        assert wait_for("trouble")["message"]
        git(board, "update-ref", "refs/heads/main", tip)
        while wait_for("trouble"):  # in other words, if it was read again meanwhile
            pass


@pytest.mark.parametrize("given", ["empty", "bad", "cycle"])
def test_odd_boards_are_served(board: Path, given: str) -> None:
    cards = board / ".kanban" / "cards"
    if given == "bad":
        for path in cards.iterdir():
            path.write_text("title: [")
    elif given == "cycle":
        text = (cards / "T1.yaml").read_text()
        (cards / "T1.yaml").write_text(text.replace("- T0", "- T4"))
    else:
        for path in cards.iterdir():
            path.unlink()
    git(board, "add", "-A")
    git(board, "commit", "-qm", "odd")
    with served(board) as server, server.stream() as wait_for:
        value = wait_for("board")
    if given == "empty":
        assert value["cards"] == []
    elif given == "bad":
        assert len(value["problems"]) == len(list(cards.iterdir()))
    else:
        assert value["deadlock"] and len(value["cards"]) == 5


def test_a_port_that_is_taken_is_one_line(board: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = call(board, "web", "--port", str(port))
    assert done.code == 1 and not done.out
    assert done.err.splitlines() == [
        f"Error: cannot listen on port {port}: address already in use",
        "Hint: Name another port, or leave --port out: then any free one is taken.",
    ]


def test_without_a_browser_it_serves_nothing(board: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_browser() -> None:
        raise webbrowser.Error("none")

    monkeypatch.setattr(webbrowser, "get", no_browser)
    done = call(board, "web", "--open", TMPDIR=str(board.parent))
    assert done.code == 1 and not done.out
    assert done.err.splitlines() == [
        "Error: there is no browser here to open it",
        "Hint: Leave --open out; `gitkanban web` prints the address to open.",
    ]
    assert not list(board.parent.glob("gitkanban-web-*"))


def test_open_gives_the_browser_a_private_file_that_is_removed_once_it_has_led_there(
    board: Path, tmp_path: Path
) -> None:
    told = tmp_path / "told"
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\nprintf "%s" "$1" > {told}.part && mv {told}.part {told}\n')
    browser.chmod(0o755)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    with served(board, "--open", BROWSER=f"{browser} %s", TMPDIR=str(temporary)) as server:
        end = time.monotonic() + DEADLINE
        while not told.exists():
            assert time.monotonic() < end, "the browser was not called"
            time.sleep(0.01)
        path = Path(told.read_text().removeprefix("file://"))
        assert server.token not in told.read_text() and server.address in path.read_text()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        with server.stream() as wait_for:
            wait_for("board")
            assert os.listdir(temporary) == []


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 0), (signal.SIGTERM, 143)])
def test_a_signal_ends_it_at_once_with_open_streams(board: Path, number: int, code: int) -> None:
    with served(board) as server, server.stream() as wait_for:
        wait_for("board")
        ended = server.end(number)  # which waits for so long only
    assert (ended[0], ended[2]) == (code, "")


def test_a_session_may_not_serve_the_board(board: Path) -> None:
    done = call(board, "web", GITKANBAN_RUN="r1", GITKANBAN_CARD="T1")
    assert done.code == 1 and "not for sessions" in done.err


def test_other_protocols_are_closed(board: Path) -> None:
    with served(board) as server:
        for words in (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"SSH-2.0-x\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
                      b"GET /live HTTP/1.1\r\n\r\n", b"A" * 200_000):  # fmt: skip
            assert b" 200 " not in server.raw(words)
        assert server.ask("GET", "/").status == 200


def wait_for_room(server: Served) -> None:
    """Ask until there is an answer."""
    end = time.monotonic() + DEADLINE
    while True:
        try:
            assert server.ask("GET", "/").status == 200
            return
        except (ConnectionError, OSError):
            assert time.monotonic() < end


HASTY = """
from gitkanban.web import answering, listening
answering.BODY_SECONDS, listening.HEAD_SECONDS = 2.0, 2.0
"""


def test_a_client_that_takes_for_ever_is_left(board: Path) -> None:
    with served(board, first=HASTY) as server:
        for words in (
            b"",
            b"GET / HTTP/1.1\r\nHost: 127.0",
            b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HT",
        ):
            answer = server.raw(words)  # which ends when the server closes
            assert b" 200 " not in answer
        head = "".join(f"{name}: {value}\r\n" for name, value in server.own.items())
        answer = server.raw(
            f"POST /act HTTP/1.1\r\n{head}Content-Type: application/json\r\nContent-Length: 9\r\n\r\n{{".encode()
        )
        assert answer.startswith(b"HTTP/1.1 408 ")
        with server.stream() as wait_for:  # a stream may be silent for longer
            wait_for("board")
            ok(board, "note", "T1", "after a while")
            assert wait_for("board")


LITTLE = """
import socket
from gitkanban.web import answering, listening
answering.SEND_MOST = answering.ALIVE_EACH = listening.HEAD_SECONDS = 2.0
listening.CONNECTIONS_MOST = 1
class Narrow(socket.socket):
    def listen(self, *most):
        self.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        super().listen(*most)
socket.socket = Narrow
"""


@pytest.mark.parametrize("path", ["/", "/live"])
def test_a_client_that_takes_nothing_gives_its_place_back(board: Path, path: str) -> None:
    (board / "long.md").write_text("word " * 12_000)
    for _ in range(4):  # more than what sockets and uvicorn keep for a client
        ok(board, "add", "long", "--body-file", "long.md")
    with served(board, first=LITTLE) as server, socket.socket() as stuck:
        stuck.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        stuck.settimeout(DEADLINE)
        stuck.connect(("127.0.0.1", server.port))
        head = "".join(f"{name}: {value}\r\n" for name, value in server.own.items())
        stuck.sendall(f"GET {path} HTTP/1.1\r\n{head}\r\n".encode())
        wait_for_room(server)  # there is one place, and it is taken
        parts = []
        while part := stuck.recv(65536):
            parts.append(part)
    taken = b"".join(parts)
    assert taken.startswith(b"HTTP/1.1 200 ") and not taken.endswith((b"</html>", b"\r\n0\r\n\r\n"))


PATIENT = "from gitkanban.web import listening; listening.HEAD_SECONDS = 600.0"


def test_more_connections_than_there_is_room_for_are_closed(board: Path) -> None:
    with served(board, first=PATIENT) as server:
        idle = [socket.create_connection(("127.0.0.1", server.port), DEADLINE) for _ in range(80)]
        try:
            closed = 0
            for each in idle[64:]:
                try:
                    closed += each.recv(1) == b""
                except ConnectionResetError:
                    closed += 1
            assert closed == 16
        finally:
            for each in idle:
                each.close()
        wait_for_room(server)  # until it has noticed that they have gone


def test_without_the_library_one_line_says_what_to_install(
    board: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.startswith("gitkanban.web")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    done = call(board, "web")
    assert done.code == 1 and not done.out
    assert done.err.splitlines()[0] == "Error: web needs uvicorn, which is not installed"
    assert "gitkanban[web]" in done.err.splitlines()[1]


def test_read_only_refuses_whatever_acts(board: Path) -> None:
    before = git(board, "rev-parse", "HEAD")
    with served(board, "--read-only") as server:
        answer = server.ask("POST", "/act", {"verb": "note", "card": "T1", "words": "x"})
        with server.stream() as wait_for:
            assert wait_for("acts") is False
    assert answer.status == 403 and "read-only" in answer.json["message"]
    assert git(board, "rev-parse", "HEAD") == before
