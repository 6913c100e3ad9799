"""A model server on the loopback interface that says what a scenario says, in four protocols.

It speaks Anthropic messages, OpenAI chat completions and responses, and Gemini, streamed or not,
and knows nothing of language: how far a conversation has come is the number of tool results since
the last words of a person, and that number chooses what is said next. How a real service words an
error is imitated.
"""

import json
import re
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

from tests.agents import protocols
from tests.agents.protocols import Say
from tests.support.serving import begin_serving

# What agents call the tool that runs a shell command, with the argument that holds the command.
SHELLS = {
    "Bash": "command",
    "bash": "command",
    "terminal": "command",
    "run_shell_command": "command",
    "exec_command": "cmd",
    "shell_command": "command",
    "shell": "command",
}


class Scenario(NamedTuple):
    """What the model does: run these shell commands, one a turn, then say the last words."""

    name: str
    commands: tuple[str, ...] = ()
    words: str = "Wrote it down."
    edit: str = ""  # for agents without a shell: the text that makes them write a file
    status: int = 200  # of the answers that fail
    failures: int = 0  # so many answers fail; -1: all do
    error: str = ""
    kind: str = ""  # how the service calls the error
    reset: int = 0  # seconds until a limit is over, as a header says; 0: none says it
    silent: bool = False  # it never answers
    cost: tuple[int, int] = (1000, 50)  # tokens in and out, of each answer


class ModelServer:
    """Serves one scenario until it is closed; `requests` holds what was asked, oldest first."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.requests: list[tuple[str, dict[str, Any]]] = []
        self.failed = 0
        self.lock = threading.Lock()
        self.closing = threading.Event()
        owner = self

        class Handler(_Handler):
            server_of = owner

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.thread = begin_serving(self.http)

    @property
    def url(self) -> str:
        """Where it listens, without a path."""
        return f"http://127.0.0.1:{self.http.server_port}"

    def close(self) -> None:
        """Stop listening."""
        self.closing.set()
        self.http.shutdown()
        self.http.server_close()

    def __enter__(self) -> "ModelServer":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def fails_now(self) -> bool:
        """Whether this answer is one of those that fail."""
        scenario = self.scenario
        with self.lock:
            if scenario.failures >= 0 and self.failed >= scenario.failures:
                return False
            self.failed += 1
            return True

    def answer(self, dialect: protocols.Dialect, body: dict[str, Any]) -> Say:
        """What the model says next in this conversation."""
        scenario = self.scenario
        shell = next((name for name in dialect.tools(body) if name in SHELLS), "")
        if not shell:
            return Say(scenario.edit or scenario.words)
        done = dialect.results(body)
        if done >= len(scenario.commands):
            return Say(scenario.words)
        command: object = _as_prompted(scenario.commands[done], body)
        if shell == "shell":
            command = ["bash", "-c", command]
        arguments = {SHELLS[shell]: command}
        if shell in ("bash", "Bash", "run_shell_command"):
            arguments["description"] = "work on the card"
        return Say("", shell, arguments)


def _as_prompted(command: str, body: dict[str, Any]) -> str:
    """The command with gitkanban called as the prompt says:
    an agent's shell may have its own PATH.
    """
    found = re.search(r"- finished: (\S*gitkanban) done", json.dumps(body, ensure_ascii=False))
    return re.sub(r"^gitkanban\b", found[1], command) if found else command


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_of: ModelServer

    def log_message(self, *_: object) -> None:
        """Nothing on stderr."""

    def do_GET(self) -> None:
        """Lists of models."""
        names = ["test-model", "gpt-test", "claude-test", "gemini-test"]
        self._send_json(
            200, {"object": "list", "data": [{"id": n, "object": "model"} for n in names]}
        )

    def do_HEAD(self) -> None:
        """Whether anybody is there."""
        self._send_json(200, {})

    def do_POST(self) -> None:
        """One answer of the model."""
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers.get("Content-Encoding"):
            return self._send_json(415, {"error": "send it plain"})
        body = json.loads(raw or b"{}")
        owner, path = self.server_of, self.path
        owner.requests.append((path, body))
        dialect = protocols.dialect_of(path)
        if dialect is None:
            return self._send_json(200, {})
        if "count" in path.rpartition("/")[2].lower():
            return self._send_json(200, {"input_tokens": 1000, "totalTokens": 1000})
        if owner.scenario.silent:
            owner.closing.wait(600)
            return None
        if owner.scenario.failures and owner.fails_now():
            return self._send_failure(dialect)
        said = owner.answer(dialect, body)
        if dialect.streams(path, body):
            return self._send_events(dialect.events(said, owner.scenario.cost))
        return self._send_json(200, dialect.whole(said, owner.scenario.cost))

    def _send_failure(self, dialect: protocols.Dialect) -> None:
        scenario = self.server_of.scenario
        extra = {}
        if scenario.reset:
            at = int(time.time()) + scenario.reset
            extra = {
                "Retry-After": str(scenario.reset),
                "anthropic-ratelimit-unified-status": "rejected",
                "anthropic-ratelimit-unified-reset": str(at),
                "anthropic-ratelimit-unified-representative-claim": "five_hour",
            }
        body = dialect.failure(scenario.status, scenario.kind, scenario.error, scenario.reset)
        self._send_json(scenario.status, body, extra)

    def _send_json(self, status: int, value: object, extra: dict[str, str] | None = None) -> None:
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        for name, text in (extra or {}).items():
            self.send_header(name, text)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def _send_events(self, events: Iterator[tuple[str, object]]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        for name, value in events:
            text = value if isinstance(value, str) else json.dumps(value)
            head = f"event: {name}\n" if name else ""
            self.wfile.write(f"{head}data: {text}\n\n".encode())
        self.close_connection = True
