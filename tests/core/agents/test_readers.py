"""Readers: what real agents printed is read right, and what hostile ones print does no harm."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitkanban.core.agents.presets import PRESETS
from gitkanban.core.agents.readers import Reading, SessionOutput, read

STREAMS = Path(__file__).parents[2] / "agents" / "streams"
RECORDED = sorted(STREAMS.glob("*/*.json"))
NOW = 1_795_885_200  # 2026-11-28 17:00:00 UTC


def recorded(path: Path) -> tuple[str, Reading]:
    """The agent and the reading of a recorded stream."""
    found = json.loads(path.read_text())
    texts = [
        found.get(name, "") for name in ("stdout.log", "stderr.log", "last_message", "usage.json")
    ]
    failed = bool(found["exit"]) or found["how"] == "stall"
    return path.parent.name, read(path.parent.name, SessionOutput(*texts, failed=failed), NOW)


def streams(scenario: str) -> list[Any]:
    """The recorded streams of a scenario, of each agent that printed anything in it."""
    said = [p for p in RECORDED if p.stem == scenario and ".log" in p.read_text()]
    return [pytest.param(path, id=path.parent.name) for path in said]


def test_every_preset_has_recorded_streams() -> None:
    for scenario in ("ok", "no-login", "limited-until", "failing"):
        assert {path.parent.name for path in RECORDED if path.stem == scenario} == set(PRESETS)


@pytest.mark.parametrize("path", [*streams("ok"), *streams("failing-twice")])
def test_a_session_that_went_well_has_its_last_words_and_no_error(path: Path) -> None:
    agent, found = recorded(path)
    assert found.summary.endswith("Wrote it down.")
    assert (found.error, found.limited, found.misconfigured) == ("", False, False)
    assert bool(found.session) == (agent != "aider")
    assert found.tokens_in is not None


@pytest.mark.parametrize("path", streams("ok"))
def test_cost_is_what_the_agent_says_and_else_unknown(path: Path) -> None:
    agent, found = recorded(path)
    assert bool(found.cost_usd) == (agent in ("claude", "opencode", "pi"))


@pytest.mark.parametrize("path", streams("no-login"))
def test_a_missing_login_is_told_from_other_failures(path: Path) -> None:
    _, found = recorded(path)
    assert found.error
    assert (found.misconfigured, found.limited) == (True, False)


@pytest.mark.parametrize("path", [*streams("limited"), *streams("limited-until")])
def test_a_limit_is_one_and_no_missing_login(path: Path) -> None:
    agent, found = recorded(path)
    assert not found.misconfigured
    if not found.limited:  # told when to come back it waits without a word, and stalls
        assert (path.stem, found.error) == ("limited-until", "")
        assert agent in ("hermes", "opencode", "pi")


@pytest.mark.parametrize("path", streams("failing"))
def test_a_failing_service_is_neither(path: Path) -> None:
    _, found = recorded(path)
    assert "rror" in found.error or "500" in found.error
    assert (found.misconfigured, found.limited) == (False, False)


def lines(*events: object) -> str:
    return "".join(json.dumps(event) + "\n" for event in events)


def claude(**result: object) -> SessionOutput:
    return SessionOutput(lines({"type": "result", "session_id": "s-1", **result}))


def test_what_the_model_says_of_limits_and_logins_is_prose() -> None:
    words = "The API answers 429 Too Many Requests, or 401 unauthorized: rate limit, /login."
    found = read("claude", claude(is_error=False, result=words), NOW)
    assert found == Reading("s-1", words)
    item = {"type": "item.completed", "item": {"type": "agent_message", "text": words}}
    assert read("codex", SessionOutput(lines(item)), NOW) == Reading(summary=words)


def test_a_port_is_no_missing_login() -> None:
    failed = {"type": "turn.failed", "error": {"message": "500, url: http://127.0.0.1:44015/v1"}}
    assert not read("codex", SessionOutput(lines(failed)), NOW).misconfigured


def test_an_error_below_a_tool_call_is_none() -> None:
    events = [
        {"type": "item.completed", "item": {"type": "command_execution", "error": "401"}},
        {"type": "item.completed", "item": {"type": "error", "message": "rate limit"}},
        {"type": "turn.completed", "usage": {"input_tokens": 3}},
    ]
    assert read("codex", SessionOutput(lines(*events)), NOW) == Reading(tokens_in=3)


def test_claude_says_what_it_was_refused_and_only_a_rejected_limit_is_one() -> None:
    denials = [{"tool_name": "Bash", "tool_input": {"command": "curl\nx"}}, {"tool_name": "Web"}]
    found = read("claude", claude(result="x", permission_denials=denials), NOW)
    assert found.denied == ("Bash: curl x", "Web")
    for status, limited in (("allowed", False), ("allowed_warning", False), ("rejected", True)):
        info = {"status": status, "resetsAt": NOW + 60}
        event = {"type": "rate_limit_event", "rate_limit_info": info}
        end = {"type": "result", "is_error": True, "result": "stopped"}
        found = read("claude", SessionOutput(lines(event, end)), NOW)
        assert (found.limited, found.limited_until) == (limited, NOW + 60 if limited else 0)


@pytest.mark.parametrize(
    ("words", "seconds"),
    [
        ("You've hit your session limit · resets 5:30pm (UTC)", 1800),
        ("You've hit your session limit · resets 12:50am", 6 * 3600 + 50 * 60),  # UTC+1
        ("Claude usage limit reached|1795886000", 800),
        ("rate limit: try again in 20m", 1200),
        ("rate limit: try again in 1h30m", 5400),
        ("rate limit: try again in 12.5s", 12),
        ("Rate limit reached. Retry after 90 seconds", 90),
        ("rate limit, resets 99:99", 0),
        ("rate limit", 0),
        ("usage limit reached|1000000000", 0),  # long past
    ],
)
def test_a_limit_s_end_is_read_from_its_words(words: str, seconds: int) -> None:
    found = read("claude", claude(is_error=True, result=words), NOW, 3600)
    assert found.limited
    assert found.limited_until == (NOW + seconds if seconds else 0)


@pytest.mark.parametrize(
    "cost",
    [
        -1,
        float("nan"),
        float("inf"),
        1e300,
        pytest.param(10**400, id="10^400"),
        "0.1",
        True,
        None,
        [],
        {},
    ],
)
def test_a_cost_that_is_none_is_unknown(cost: object) -> None:
    assert read("claude", claude(result="x", total_cost_usd=cost), NOW).cost_usd == ""
    part = {"type": "step_finish", "part": {"cost": cost, "tokens": {"input": cost}}}
    found = read("opencode", SessionOutput(lines(part)), NOW)
    assert (found.cost_usd, found.tokens_in) == ("", None) or cost == 1e300


def test_a_sum_over_a_log_that_was_cut_is_unknown() -> None:
    text = lines({"type": "step_finish", "part": {"cost": 0.5, "tokens": {"input": 1}}})
    assert read("opencode", SessionOutput(text), NOW).cost_usd == "0.5"
    assert read("opencode", SessionOutput(text, whole=False), NOW).cost_usd == ""


@pytest.mark.parametrize("session", ["--evil", "a b", "../x", "x" * 129, "é", "a\n", ""])
def test_a_session_id_that_is_none_is_left_out(session: str) -> None:
    assert read("codex", SessionOutput(lines({"type": "thread.started", "thread_id": session})), NOW) == Reading()  # fmt: skip


def test_escapes_and_controls_stay_behind() -> None:
    words = "\x1b[31mred\x1b[0m \x1b]0;title\x07and\x00 \x9bplain\r\nline"
    assert read("claude", claude(result=words), NOW).summary == "red and plain\nline"


def test_the_last_words_on_stderr_are_the_reason_only_of_a_session_that_failed() -> None:
    output = SessionOutput("", "Error: not logged in\n    at main (x.js:1)\n")
    assert read("claude", output, NOW) == Reading()
    found = read("claude", output._replace(failed=True), NOW)
    assert (found.error, found.misconfigured) == ("Error: not logged in", True)


def test_nothing_is_taken_from_a_command_of_one_s_own() -> None:
    assert read("", SessionOutput("API_KEY=abc", "429 rate limit", failed=True), NOW) == Reading()


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["type", "item", "part", "message", "content", "usage", "cost", "error", "text",
                 "result", "stats", "tokens", "role", "rate_limit_info", "permission_denials"],
            ),
            inner | st.sampled_from(
                ["result", "text", "error", "session", "message_end", "assistant", "step_finish",
                 "turn.failed", "turn.completed", "item.completed", "message", "rate_limit_event"]
            ),
            max_size=5,
        )
    ),
    max_leaves=20,
)  # fmt: skip


@given(st.sampled_from(sorted(PRESETS)), st.lists(JSON, max_size=5), st.text(max_size=50))
def test_no_output_breaks_a_reader(agent: str, events: list[object], text: str) -> None:
    found = read(agent, SessionOutput(lines(*events) + text, text, text, text, failed=True), NOW)
    assert "\n" not in found.error


@pytest.mark.parametrize("agent", sorted(PRESETS))
def test_deep_and_long_output_is_read_in_time(agent: str) -> None:
    read(agent, SessionOutput('{"a":' * 100_000 + "\n" + "[" * 1_000_000, failed=True), NOW)
    read(agent, SessionOutput("litellm.XError: " * 50_000 + "\nTokens: " * 50_000), NOW)


@pytest.mark.parametrize(
    ("stdout", "stderr", "failed", "session", "summary", "error"),
    [
        ("  ⚠ no scanner\nWrote it\ndown.\n", "↻ Resumed session x\n\nsession_id: s_1\n", False,
         "s_1", "Wrote it\ndown.", ""),
        ("", "Error: HTTP 500: oh\n\nsession_id: s_1\n", True, "s_1", "", "Error: HTTP 500: oh"),
        ("some words\nHTTP 401: bad key", "session_id: s_1\n", True, "s_1", "", "HTTP 401: bad key"),
        ("session_id: s_9", "", False, "", "session_id: s_9", ""),
    ],
)  # fmt: skip
def test_a_hermes_that_goes_on_names_its_session_on_stderr(
    stdout: str, stderr: str, failed: bool, session: str, summary: str, error: str
) -> None:
    found = read("hermes", SessionOutput(stdout, stderr, failed=failed), NOW)
    assert (found.session, found.summary, found.error) == (session, summary, error)


@pytest.mark.parametrize(
    "words",
    [  # as the real programs say it, the service answering 404
        "Error: Profile 'nobody' does not exist. Create it with: hermes profile create nobody",
        "There's an issue with the selected model (x). It may not exist or you may not have access "
        "to it. Run --model to pick a different model.",
        "unexpected status 404 Not Found: The model `x` does not exist or you do not have access to "
        "it., url: http://127.0.0.1:35565/v1/responses",
        "404 The model `x` does not exist or you do not have access to it.",
    ],
)
def test_an_unknown_model_or_profile_is_a_thing_for_a_person(words: str) -> None:
    assert read("claude", claude(is_error=True, result=words), NOW).misconfigured
    assert not read("claude", claude(is_error=False, result=words), NOW).misconfigured
