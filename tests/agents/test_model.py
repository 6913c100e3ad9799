"""The model server alone: how far a conversation has come decides what it says next."""

import json
import urllib.error
import urllib.request
from typing import Any

import pytest

from tests.agents.model import ModelServer, Scenario

OK = Scenario("ok", ("echo one", "echo two"), "Wrote it down.")
TOOL = {"name": "bash", "parameters": {}}
ASKED = {
    "/v1/messages": (
        {"tools": [TOOL], "messages": [{"role": "user", "content": "do it"}]},
        {"role": "user", "content": [{"type": "tool_result", "content": "one"}]},
        "messages",
    ),
    "/v1/chat/completions": (
        {"tools": [{"function": TOOL}], "messages": [{"role": "user", "content": "do it"}]},
        {"role": "tool", "content": "one"},
        "messages",
    ),
    "/v1/responses": (
        {"tools": [TOOL], "input": [{"role": "user", "content": "do it"}]},
        {"type": "function_call_output", "output": "one"},
        "input",
    ),
    "/v1beta/models/gemini-test:generateContent": (
        {
            "tools": [{"functionDeclarations": [TOOL]}],
            "contents": [{"role": "user", "parts": [{"text": "do it"}]}],
        },
        {"role": "user", "parts": [{"functionResponse": {}}]},
        "contents",
    ),
}


def ask(server: ModelServer, path: str, body: Any) -> str:
    """The answer's text. Raises HTTPError."""
    data = json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(server.url + path, data), timeout=60) as got:
        return str(got.read().decode())


@pytest.mark.parametrize("path", ASKED)
def test_each_protocol_is_led_through_the_scenario(path: str) -> None:
    body, result, key = ASKED[path]
    with ModelServer(OK) as server:
        assert "echo one" in ask(server, path, body)
        assert "echo two" in ask(server, path, {**body, key: [*body[key], result]})
        assert "Wrote it down." in ask(server, path, {**body, key: [*body[key], result, result]})


@pytest.mark.parametrize("path", ASKED)
def test_so_many_answers_fail_and_the_next_does_not(path: str) -> None:
    body = ASKED[path][0]
    limited = OK._replace(status=429, failures=2, kind="rate_limit", error="slow down", reset=60)
    with ModelServer(limited) as server:
        for _ in range(2):
            with pytest.raises(urllib.error.HTTPError) as caught:
                ask(server, path, body)
            assert caught.value.code == 429
            assert caught.value.headers["Retry-After"] == "60"
            assert "slow down" in caught.value.read().decode()
        assert "echo one" in ask(server, path, body)
