"""A real server of a board, in a process of its own, and requests to it."""

import http.client
import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

DEADLINE = 120.0  # seconds for anything to happen on a busy machine


class Answered(NamedTuple):
    """An answer: its status, headers by name in lower case, and body."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


_START = "import sys; from gitkanban.cli.app import run; sys.exit(run(sys.argv[1:]))"


class Served:
    """A server that listens. `argv` are options of `gitkanban web`; `first` is run before it."""

    def __init__(self, repo: Path, *argv: str, first: str = "", **env: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", f"{first}\n{_START}", "web", *argv],
            cwd=repo, env={**os.environ, **env}, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            start_new_session=True,
        )  # fmt: skip
        assert self.process.stdout
        ready, _, _ = select.select([self.process.stdout], [], [], DEADLINE)
        line = self.process.stdout.readline().decode().strip() if ready else ""
        found = re.fullmatch(r"http://127\.0\.0\.1:(\d+)/#token=([\w-]+)", line)
        if not found:
            self.process.kill()
            raise AssertionError(line + self.process.communicate(timeout=DEADLINE)[1].decode())
        self.address, self.port, self.token = line, int(found[1]), found[2]
        self.own = {
            "Host": f"127.0.0.1:{self.port}",
            "Origin": f"http://127.0.0.1:{self.port}",
            "X-Gitkanban-Token": self.token,
        }

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=DEADLINE)

    def ask(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> Answered:
        """Send a request with exactly these headers (ours by default); give the whole answer."""
        sent = dict(self.own if headers is None else headers)
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        if data is not None and headers is None:
            sent["Content-Type"] = "application/json"
        connection = self.connect()
        try:
            connection.putrequest(method, path, skip_host="Host" in sent, skip_accept_encoding=True)
            for name, value in sent.items():
                connection.putheader(name, value)
            if data is not None:
                connection.putheader("Content-Length", str(len(data)))
            connection.endheaders(data)
            answer = connection.getresponse()
            found = {name.lower(): value for name, value in answer.getheaders()}
            return Answered(answer.status, found, answer.read().decode())
        finally:
            connection.close()

    @contextmanager
    def stream(self, query: str = "") -> Iterator[Callable[[str], Any]]:
        """Listen; what is given waits for the next message that has a key, and gives its value."""
        connection = self.connect()
        connection.request("GET", f"/live?{query}", headers=self.own)
        answer = connection.getresponse()
        assert answer.status == 200, answer.read()

        def wait_for(key: str) -> Any:
            end = time.monotonic() + DEADLINE
            while time.monotonic() < end:
                line = answer.fp.readline()  # ends with the connection's timeout
                assert line, "the stream has ended"
                if line.startswith(b"data: "):
                    message = json.loads(line[6:])
                    if key in message:
                        return message[key]
            raise AssertionError(f"no {key} came")

        try:
            yield wait_for
        finally:
            answer.close()
            connection.close()

    def raw(self, data: bytes) -> bytes:
        """Send bytes as they are; what comes back until the server closes."""
        with socket.create_connection(("127.0.0.1", self.port), DEADLINE) as plain:
            parts = []
            # It may close before it has read everything; what it answered first is still there.
            with suppress(ConnectionResetError, BrokenPipeError):
                plain.sendall(data)
            with suppress(ConnectionResetError):
                while part := plain.recv(65536):
                    parts.append(part)
            return b"".join(parts)

    def end(self, number: int = signal.SIGINT) -> tuple[int, str, str]:
        """End it by a signal; its exit code, and what it printed since."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        out, err = self.process.communicate(timeout=DEADLINE)
        return self.process.returncode, out.decode(), err.decode()


@contextmanager
def served(repo: Path, *argv: str, first: str = "", **env: str) -> Iterator[Served]:
    """Serve the board of a repository meanwhile."""
    server = Served(repo, *argv, first=first, **env)
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.process.kill()
            server.process.communicate(timeout=DEADLINE)
