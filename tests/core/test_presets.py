"""Presets are data: templates expand once, and agents' output is read without trusting it."""

import pytest

from gitkanban.core.presets import (
    CUSTOM,
    PLACEHOLDERS,
    PRESETS,
    Said,
    expand,
    preset_of,
    read_output,
    unknown_placeholders,
)

VALUES = {name: f"<{name}>" for name in (*PLACEHOLDERS, "last_message", "run_dir")}


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_every_preset_expands_and_carries_the_prompt_as_one_argument(name: str) -> None:
    argv = expand(PRESETS[name].start, VALUES)
    assert argv[0] == name
    assert argv.count("<prompt>") == 1
    assert not any("{" in word for word in argv)


def test_a_value_is_never_expanded_again() -> None:
    assert expand(["x", "{card}"], {**VALUES, "card": "{prompt}"}) == ["x", "{prompt}"]


def test_other_braces_are_plain_text() -> None:
    argv = ["--json={}", '{"a": 1}', "{Card}", "${HOME}"]
    assert expand(argv, VALUES) == argv
    assert [unknown_placeholders(word) for word in argv[:2]] == [[], []]
    assert unknown_placeholders("{promt}-{prompt}-{Card}") == ["promt", "Card"]


CLAUDE = """{"type":"system","subtype":"init","session_id":"s-1"}
not json
{"type":"result","is_error":%s,"result":"did it","total_cost_usd":0.25,"session_id":"s-1"}
"""


@pytest.mark.parametrize(
    ("runner", "stdout", "said"),
    [
        ("claude", CLAUDE % "false", Said("s-1", "did it", "", "0.25")),
        ("claude", CLAUDE % "true", Said("s-1", "did it", "did it", "0.25")),
        (
            "codex",
            '{"type":"thread.started","thread_id":"t-9"}\n'
            '{"type":"item.completed","item":{"type":"agent_message","text":"all done"}}\n',
            Said("t-9", "all done"),
        ),
        ("gemini", '{\n "response": "ok",\n "stats": {}\n}', Said("", "ok")),
        (
            "gemini",
            '{"error": {"message": "quota exceeded"}}',
            Said("", "", "quota exceeded", "", True),
        ),
        ("aider", "Applied edit\n\nlast words", Said("", "last words")),
        ("", "one\n\nAPI_KEY=abc", Said()),
        (
            "hermes",
            "thinking\n\nIt is done:\n- all of it\n\n"
            "Resume this session with:\n  hermes --resume s1\n\nSession: s1\nMessages: 4\n",
            Said("", "It is done:\n- all of it"),
        ),
        ("claude", "", Said()),
        ("claude", "[" * 100_000, Said()),
    ],
)
def test_output_is_read(runner: str, stdout: str, said: Said) -> None:
    assert read_output(preset_of(runner), stdout, "") == said


def test_a_rate_limit_is_seen_on_stderr_too_but_only_near_the_end() -> None:
    preset = PRESETS["claude"]
    assert read_output(preset, "", "API Error: 429 Too Many Requests").rate_limited
    assert not read_output(preset, "rate limit" + "." * 9000, "").rate_limited
    assert not read_output(CUSTOM, "rate limit", "").rate_limited
