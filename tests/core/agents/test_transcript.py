"""What agents printed, for people: the streams that were recorded, and what nobody foresaw."""

import json
from pathlib import Path

import pytest

from gitkanban.core.agents.transcript import Entry, entries, plain_line

STREAMS = Path(__file__).parents[2] / "agents" / "streams"


def told(agent: str, case: str, runner: str | None = None) -> list[Entry]:
    printed = json.loads((STREAMS / agent / f"{case}.json").read_text())["stdout.log"]
    return list(entries(agent if runner is None else runner, printed.splitlines()))


@pytest.mark.parametrize("agent", ["claude", "codex", "gemini", "opencode", "pi"])
def test_a_session_s_call_and_its_last_words_are_a_line_each(agent: str) -> None:
    found = told(agent, "ok")
    assert any(each.kind == "run" and each.text.startswith("echo hello > T0.md") for each in found)
    assert [each.text for each in found if each.kind == "text"][-1] == "Wrote it down."
    assert not any(each.failed and each.kind != "result" for each in found)
    assert not any("{" in each.text or "\n" in each.text for each in found)


@pytest.mark.parametrize("agent", ["claude", "codex", "gemini", "opencode", "pi"])
@pytest.mark.parametrize("case", ["failing", "limited", "no-login"])
def test_what_ended_a_session_is_told_as_a_failure(agent: str, case: str) -> None:
    found = told(agent, case)
    assert found and (found[-1].failed or any(each.failed for each in found)), found


@pytest.mark.parametrize("agent", ["claude", "codex", "gemini", "opencode", "pi"])
def test_a_stream_is_known_by_its_beginning_where_no_preset_is_named(agent: str) -> None:
    assert told(agent, "ok", runner="") == told(agent, "ok")


def test_a_denied_tool_is_told_with_what_it_was_to_do() -> None:
    (denied,) = (each for each in told("claude", "denied") if each.kind == "DENIED")
    assert denied == Entry("DENIED", "curl -s http://127.0.0.1:9/ -o x", denied.at, failed=True)


def test_an_edit_says_how_much_and_a_failed_call_how_it_ended() -> None:
    call = {"type": "assistant", "message": {"content": [{"type": "tool_use", "id": "1", "name":
        "Edit", "input": {"file_path": "a.py", "old_string": "x", "new_string": "y\nz"}}]}}  # fmt: skip
    end = {"type": "user", "message": {"content": [{"type": "tool_result", "tool_use_id": "1",
        "is_error": True, "content": [{"type": "text", "text": "one\ntwo"}]}]}}  # fmt: skip
    found = list(entries("claude", [json.dumps(call), json.dumps(end)]))
    assert [plain_line(each) for each in found] == [
        "edit   a.py +2 −1", "result failed: two (+1 lines)",
    ]  # fmt: skip


def test_a_file_is_named_from_the_folder_in_which_the_session_works() -> None:
    def call(name: str, **given: str) -> str:
        content = [{"type": "tool_use", "id": name, "name": name, "input": given}]
        return json.dumps({"type": "assistant", "message": {"content": content}})

    lines = [
        call("Read", file_path="/w/T1/src/a.py"), call("Grep", pattern="x"),
        call("Read", file_path="/w/T10/a.py"), call("Bash", command="ls /w/T1/src"),
    ]  # fmt: skip
    found = entries("claude", lines, workspace="/w/T1")
    assert [plain_line(each) for each in found] == [
        "read   src/a.py", "find   x", "read   /w/T10/a.py", "run    ls /w/T1/src"
    ]  # fmt: skip


@pytest.mark.parametrize("agent", ["claude", "codex", "gemini", "opencode", "pi", "aider", ""])
@pytest.mark.parametrize(
    "line",
    [
        '{"type":"assistant","message":{"cont',
        "{}",
        '{"type":null,"item":7,"part":[],"message":"x","timestamp":1e400}',
        '{"type":"assistant","message":{"content":[1,null,{"type":"tool_use","input":9,"id":{}}]}}',
        '{"type":"user","message":{"content":[{"type":"tool_result","content":{"a":1}}]}}',
        '{"type":"item.completed","item":{"type":"file_change","changes":7}}',
        '{"type":"tool_use","part":{"state":7},"parameters":[]}',
        '{"type":"message_end","message":{"role":"assistant","content":{"type":"text"}}}',
        "[" * 100_000,
        '{"a":' * 100_000,
        "\x1b[31mred\x00\ufffd",
        "",
    ],
    ids=range(12),
)
def test_whatever_is_printed_is_no_bug(agent: str, line: str) -> None:
    for each in entries(agent, [line]):
        assert isinstance(each.text, str) and "\n" not in each.text


def test_half_a_line_at_the_end_is_said_to_be_one() -> None:
    found = list(entries("claude", ['{"type":"system","subtype":"init"}', '{"type":"assis']))
    assert found[-1].text == '[a line that is cut: {"type":"assis…]'


def test_lines_of_a_command_of_one_s_own_stay_as_they_are() -> None:
    lines = ["plain", "{not json", '{"level":"info","msg":"x"}']
    assert [each.text for each in entries("", lines)] == lines
