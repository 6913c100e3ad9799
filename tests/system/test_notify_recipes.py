"""The recipes of docs/notify.md, run as they stand there,
with the programs that they call faked.
"""

import json
import os
import re
import socket
import subprocess
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from gitkanban.core.notify.digest import Digest
from gitkanban.core.notify.news import NewsItem
from tests.support.serving import begin_serving

PAGE = Path(__file__).parents[2] / "docs" / "notify.md"
RECIPES = dict(re.findall(r"^### ([\w-]+)\n\n```python\n(.*?)^```", PAGE.read_text(), re.M | re.S))
NEWS = Digest(
    "shop", "main", "c0ffee", "here", 1_800_000_000,
    (
        NewsItem("1", "question", "CO-3 asks: <Stripe> & “Adyen”?", "gitkanban retry CO-3", "CO-3",
                 "結帳頁面", ("w",), 3),
        NewsItem("2", "paused", "w is paused", "gitkanban resume w", "", "", ("w",)),
    ),
).data("2027-01-15T08:00:00Z")  # fmt: skip
FAKE = """\
#!/usr/bin/env python3
import json, os, sys
with open(os.environ["FAKE_LOG"], "w") as file:
    json.dump({"argv": sys.argv[1:], "stdin": sys.stdin.read(), "env": dict(os.environ)}, file)
sys.exit(int(os.environ.get("FAKE_EXIT", "0")))
"""


class Answered(HTTPServer):
    """A service on this machine that keeps what it was sent, and answers with `code`."""

    sent: dict[str, object]
    code = 200


class Handler(BaseHTTPRequestHandler):
    server: Answered

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.sent = {"path": self.path, "body": json.loads(body)}
        self.send_response(self.server.code)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def service() -> Iterator[Answered]:
    server = Answered(("127.0.0.1", 0), Handler)
    thread = begin_serving(server)
    yield server
    server.shutdown()
    server.server_close()
    thread.join(10)


def recipe(name: str, tmp_path: Path, **env: str) -> tuple[int, str]:
    """Run a recipe as a notifier; its exit code and what it said on stderr."""
    script = tmp_path / name
    script.write_text(RECIPES[name])
    script.chmod(0o755)
    done = subprocess.run(
        [str(script)],
        input=json.dumps(NEWS, ensure_ascii=False),
        env={"PATH": f"{tmp_path}/bin:{os.environ['PATH']}", "HOME": str(tmp_path), **env},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    return done.returncode, done.stderr


def faked(name: str, program: str, tmp_path: Path, **env: str) -> tuple[int, dict[str, object]]:
    """Run a recipe whose program is a fake; its exit code, and what the program was given."""
    (tmp_path / "bin").mkdir()
    fake = tmp_path / "bin" / program
    fake.write_text(FAKE)
    fake.chmod(0o755)
    code, _ = recipe(name, tmp_path, FAKE_LOG=str(tmp_path / "given"), **env)
    return code, json.loads((tmp_path / "given").read_text())


def with_address(name: str, tmp_path: Path, address: str) -> None:
    folder = tmp_path / ".config" / "gitkanban"
    folder.mkdir(parents=True)
    (folder / name).write_text(f"{address}\n")


def test_the_page_has_a_recipe_for_each() -> None:
    assert set(RECIPES) == {"notify-send", "ntfy", "Slack", "mail", "apprise"}


def test_notify_send_gets_title_and_text_and_finds_the_desktop(tmp_path: Path) -> None:
    code, given = faked("notify-send", "notify-send", tmp_path)
    assert code == 0
    assert given["argv"] == ["-a", "gitkanban", "--", NEWS["title"], NEWS["text"]]
    env = given["env"]
    assert isinstance(env, dict)
    assert env["DBUS_SESSION_BUS_ADDRESS"] == f"unix:path=/run/user/{os.getuid()}/bus"


def test_mail_gets_the_title_as_its_subject_and_the_text_as_its_body(tmp_path: Path) -> None:
    code, given = faked("mail", "mail", tmp_path)
    assert (code, given["argv"]) == (0, ["-s", NEWS["title"], "me@example.org"])
    assert given["stdin"] == f"{NEWS['text']}\n\nhere, 2027-01-15T08:00:00Z\n"


def test_apprise_gets_title_and_body(tmp_path: Path) -> None:
    code, given = faked("apprise", "apprise", tmp_path)
    assert (code, given["argv"]) == (0, ["--title", NEWS["title"], "--body", NEWS["text"]])


@pytest.mark.parametrize("name", ["notify-send", "mail", "apprise"])
def test_a_program_that_fails_fails_the_recipe(name: str, tmp_path: Path) -> None:
    assert faked(name, name, tmp_path, FAKE_EXIT="1")[0] == 1


def test_ntfy_gets_the_message_for_its_topic(tmp_path: Path, service: Answered) -> None:
    with_address("ntfy", tmp_path, f"http://127.0.0.1:{service.server_port}/my-topic")
    assert recipe("ntfy", tmp_path)[0] == 0
    assert service.sent == {
        "path": "/",
        "body": {"topic": "my-topic", "title": NEWS["title"], "message": NEWS["text"],
                 "priority": 4},
    }  # fmt: skip


def test_slack_gets_a_text_in_which_nothing_is_markup(tmp_path: Path, service: Answered) -> None:
    with_address("slack", tmp_path, f"http://127.0.0.1:{service.server_port}/services/T/B/x")
    assert recipe("Slack", tmp_path)[0] == 0
    assert service.sent["path"] == "/services/T/B/x"
    body = service.sent["body"]
    assert isinstance(body, dict) and "&lt;Stripe&gt; &amp; “Adyen”?" in body["text"]
    assert "<" not in body["text"] and "結帳頁面" in body["text"]


@pytest.mark.parametrize("name", ["ntfy", "Slack"])
def test_no_network_is_tried_again_and_a_refusal_is_not(
    name: str, tmp_path: Path, service: Answered
) -> None:
    service.code = 403
    with_address(name.lower(), tmp_path, f"http://127.0.0.1:{service.server_port}/x")
    code, said = recipe(name, tmp_path)
    assert code == 1 and "403" in said
    service.shutdown()
    service.server_close()
    with socket.socket() as silent:  # its port stays ours, and nobody listens there
        silent.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        silent.bind(("127.0.0.1", service.server_port))
        code, said = recipe(name, tmp_path)
    assert code == 75 and "refused" in said
