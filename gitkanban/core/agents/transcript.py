"""An agent's output for people: a line for each thing, whatever the format of the stream.

It reads line by line, so that a stream can be followed. Unknown events of a known agent are left
out; lines of an unknown agent are shown as they are. It does not say whether the run succeeded.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime

from gitkanban.core.agents.events import (
    as_mapping,
    as_mappings,
    as_number,
    message_of,
    parse_event,
)
from gitkanban.late import json, shlex
from gitkanban.typed import Any, NamedTuple

TEXT_MOST = 2000  # characters shown of one entry
KIND_WIDTH = 6
_RESULT_MOST = 160

_KINDS = {
    **dict.fromkeys(("bash", "shell", "run_shell_command", "command_execution"), "run"),
    **dict.fromkeys(
        ("edit", "multiedit", "write", "notebookedit", "write_file", "replace", "apply_patch"),
        "edit",
    ),
    **dict.fromkeys(("read", "read_file", "read_many_files"), "read"),
    **dict.fromkeys(
        ("grep", "glob", "search_file_content", "websearch", "google_web_search"), "find"
    ),
}
# The argument that says most about a call: the first of these that it has.
_SUBJECTS = (
    "command", "file_path", "filePath", "path", "absolute_path", "notebook_path", "pattern", "query",
    "url", "prompt", "description",
)  # fmt: skip


class Entry(NamedTuple):
    """One thing that a session did or said. `at` is in epoch seconds; 0: unknown.

    `kind` is start, text, think, run, edit, read, find, tool, result, DENIED, retry, error, ended,
    or empty for a line that is shown as it is.
    """

    kind: str
    text: str
    at: int = 0
    failed: bool = False


def entries(runner: str, lines: Iterable[str], workspace: str = "") -> Iterator[Entry]:
    """The entries in the lines of a session's stdout, as of a `Transcriber`."""
    transcriber = Transcriber(runner, workspace)
    for line in lines:
        yield from transcriber.feed(line)
    yield from transcriber.finish()


def plain_line(entry: Entry) -> str:
    """An entry as one line without a time, for prompts and tails: `run    pytest -q`."""
    if not entry.kind:
        return entry.text
    failed = "failed: " if entry.failed and entry.kind == "result" else ""
    return f"{entry.kind:<{KIND_WIDTH}} {failed}{entry.text}"


class Transcriber:
    """Reads one stream. Without a preset, or if it prints no stream, lines stay as they are.

    `runner` names the preset, empty for none. Files below `workspace`, the folder in which the
    session works, are named from there.
    """

    def __init__(self, runner: str, workspace: str = "") -> None:
        self._runner = runner
        self._top = f"{workspace}/" if workspace else ""
        self._calls: dict[str, str] = {}  # id -> what was called
        self._answer = ""  # what has arrived of an answer that comes in parts
        self._at = 0

    def feed(self, line: str) -> Iterator[Entry]:
        """The entries in one complete line."""
        line = line.rstrip("\r\n")
        event = parse_event(line)
        if event is not None and self._runner not in _TRANSCRIBERS:
            self._runner = _known_agent(event) or self._runner
        transcribe = _TRANSCRIBERS.get(self._runner)
        if transcribe is None or event is None:
            yield from self.finish()
            if transcribe and line.startswith("{"):
                yield Entry("", f"[a line that is cut: {line[:60]}…]")
            elif line.strip():
                yield Entry("", line)
            return
        self._at = _time_of(event)
        for entry in transcribe(self, event):
            text = " ".join(entry.text.split())[:TEXT_MOST]
            if text:
                yield entry._replace(text=text, at=entry.at or self._at)

    def finish(self) -> Iterator[Entry]:
        """The entries that are left when the stream ends."""
        answer, self._answer = self._answer, ""
        if answer.strip():
            yield Entry("text", " ".join(answer.split())[:TEXT_MOST], self._at)

    def call(self, name: str, given: object, call_id: object = "") -> Entry:
        """The entry of a tool call; it remembers the call by its id."""
        values = given if isinstance(given, dict) else {}
        kind = _KINDS.get(name.lower(), "tool")
        about = next((v for key in _SUBJECTS if isinstance(v := values.get(key), str) and v), "")
        if kind != "run":
            about = about.removeprefix(self._top)
        text = about or (json.dumps(values, ensure_ascii=False) if values else "")
        if kind == "edit":
            text += _edit_size(values)
        if kind == "run":
            text = _without_shell(text)
        text = f"{name} {text}" if kind == "tool" else text or name
        if isinstance(call_id, str):
            self._calls[call_id] = text
        return Entry(kind, text)

    def called(self, call_id: object) -> str:
        """The text of the call with an id; empty if it is unknown."""
        return self._calls.get(call_id, "") if isinstance(call_id, str) else ""

    def add_part(self, text: str) -> None:
        """Add a part of an answer that comes in parts."""
        self._answer += text


def _result_entries(output: object, failed: bool, code: object = None) -> Iterator[Entry]:
    """The entry of a call's end; none if it succeeded without output."""
    text = _flat_text(output).strip()
    lines = [line for line in text.splitlines() if line.strip()]
    first = (lines[-1] if failed else lines[0])[:_RESULT_MOST] if lines else ""
    more = f" (+{len(lines) - 1} lines)" if len(lines) > 1 else ""
    exit_words = f"exit {code}" if failed and isinstance(code, int) else ""
    words = ": ".join(filter(None, (exit_words, first + more if first else "")))
    if words or failed:
        yield Entry("result", words or "failed", failed=failed)


def _flat_text(value: object) -> str:
    """The text in an output: the output itself, or the text of its parts."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "\n".join(filter(None, map(_flat_text, value)))
    if isinstance(value, dict):
        return _flat_text(value.get("text") or value.get("content") or value.get("output") or "")
    return ""


def _edit_size(given: Mapping[str, Any]) -> str:
    """` +3 −1` for an edit with old and new text, ` +41` for a file that is written."""
    new = given.get("new_string", given.get("content", given.get("newString")))
    old = given.get("old_string", given.get("oldString", ""))
    if not isinstance(new, str) or not isinstance(old, str):
        return ""
    added, removed = len(new.splitlines()), len(old.splitlines())
    return f" +{added}" + (f" −{removed}" if removed else "")


def _without_shell(command: str) -> str:
    """`pytest -q` of `/bin/bash -lc 'pytest -q'`."""
    try:
        words = shlex.split(command)
    except ValueError:
        return command
    if len(words) == 3 and words[1] in ("-c", "-lc") and words[0].endswith("sh"):
        return words[2]
    return command


def _time_of(event: Mapping[str, Any]) -> int:
    """The time of an event (ISO, or milliseconds) in epoch seconds; 0 if it does not say."""
    stamp = event.get("timestamp") or as_mapping(event.get("message")).get("timestamp")
    if isinstance(stamp, bool) or stamp is None:
        return 0
    if isinstance(stamp, int | float):
        return int(stamp / 1000) if 0 < stamp < 1e14 else 0
    try:
        return int(datetime.fromisoformat(str(stamp)).timestamp())
    except (ValueError, OverflowError):
        return 0


def _cost_words(value: object) -> str:
    cost = as_number(value)
    return "" if cost is None else f"${cost:.2f}"


# -- one transcriber for each agent


def _transcribe_claude(transcriber: Transcriber, event: Mapping[str, Any]) -> Iterator[Entry]:
    match event.get("type"), event.get("subtype"):
        case "system", "init":
            yield Entry("start", str(event.get("model") or ""))
        case "system", "permission_denied":
            what = transcriber.called(event.get("tool_use_id")) or str(event.get("tool_name") or "")
            yield Entry("DENIED", what, failed=True)
        case "system", "api_retry":
            status = event.get("error_status") or event.get("error") or ""
            yield Entry("retry", f"the service answers {status}; try {event.get('attempt')}")
        case "assistant", _:
            for part in as_mappings(as_mapping(event.get("message")).get("content")):
                yield from _transcribe_claude_part(transcriber, part)
        case "user", _:
            for part in as_mappings(as_mapping(event.get("message")).get("content")):
                if part.get("type") == "tool_result":
                    yield from _result_entries(part.get("content"), part.get("is_error") is True)
        case "result", _:
            yield _claude_end(event)


def _transcribe_claude_part(transcriber: Transcriber, part: Mapping[str, Any]) -> Iterator[Entry]:
    match part.get("type"):
        case "text":
            yield Entry("text", _flat_text(part))
        case "thinking":
            yield Entry("think", _flat_text(part.get("thinking")))
        case "tool_use":
            yield transcriber.call(str(part.get("name")), part.get("input"), part.get("id"))


def _claude_end(event: Mapping[str, Any]) -> Entry:
    failed = event.get("is_error") is True
    took = event.get("duration_ms")
    parts = [
        str(event.get("result") or event.get("subtype") or "failed") if failed else "",
        f"{took // 1000}s" if isinstance(took, int) else "",
        _cost_words(event.get("total_cost_usd")),
    ]
    return Entry("ended", "  ".join(filter(None, parts)) or "the end", failed=failed)


def _transcribe_codex(transcriber: Transcriber, event: Mapping[str, Any]) -> Iterator[Entry]:
    item = as_mapping(event.get("item"))
    match event.get("type"), item.get("type"):
        case "item.started", "command_execution":
            yield transcriber.call("shell", item, item.get("id"))
        case "item.completed", "command_execution":
            code = item.get("exit_code")
            yield from _result_entries(item.get("aggregated_output"), bool(code), code)
        case "item.completed", "agent_message":
            yield Entry("text", _flat_text(item))
        case "item.completed", "reasoning":
            yield Entry("think", _flat_text(item))
        case "item.completed", "file_change":
            paths = [str(change.get("path")) for change in as_mappings(item.get("changes"))]
            yield Entry("edit", ", ".join(paths), failed=item.get("status") == "failed")
        case "item.completed", "error":
            yield Entry("retry", message_of(item))
        case "item.completed", ("mcp_tool_call" | "web_search") as kind:
            yield transcriber.call(str(item.get("tool") or kind), item.get("arguments") or item)
        case "error", _:
            yield Entry("retry", message_of(event))
        case "turn.failed", _:
            yield Entry("ended", message_of(event.get("error")) or "its turn failed", failed=True)
        case "turn.completed", _:
            usage = as_mapping(event.get("usage"))
            yield Entry("ended", f"{usage.get('output_tokens', '?')} tokens written")


def _transcribe_gemini(transcriber: Transcriber, event: Mapping[str, Any]) -> Iterator[Entry]:
    kind = event.get("type")
    if kind == "message" and event.get("role") == "assistant":
        if not event.get("delta"):
            yield from transcriber.finish()
        transcriber.add_part(_flat_text(event.get("content")))
        return
    yield from transcriber.finish()
    match kind:
        case "init":
            yield Entry("start", str(event.get("model") or ""))
        case "tool_use":
            yield transcriber.call(
                str(event.get("tool_name")), event.get("parameters"), event.get("tool_id")
            )
        case "tool_result":
            failed = event.get("status") != "success"
            output = event.get("output") or message_of(event.get("error"))
            yield from _result_entries(output, failed)
        case "error":
            yield Entry("error", message_of(event), failed=True)
        case "result":
            failed = event.get("status") != "success"
            words = message_of(event.get("error")) if failed else "done"
            yield Entry("ended", words or "failed", failed=failed)


def _transcribe_opencode(transcriber: Transcriber, event: Mapping[str, Any]) -> Iterator[Entry]:
    part = as_mapping(event.get("part"))
    match event.get("type"):
        case "text":
            yield Entry("text", _flat_text(part))
        case "reasoning":
            yield Entry("think", _flat_text(part))
        case "tool_use":
            state = as_mapping(part.get("state"))
            yield transcriber.call(str(part.get("tool")), state.get("input"), part.get("callID"))
            code = as_mapping(state.get("metadata")).get("exit")
            failed = state.get("status") == "error" or bool(code)
            yield from _result_entries(state.get("error") or state.get("output"), failed, code)
        case "error":
            yield Entry("error", message_of(event.get("error")), failed=True)
        case "step_finish" if part.get("reason") == "stop":
            yield Entry("ended", _cost_words(part.get("cost")) or "done")


def _transcribe_pi(transcriber: Transcriber, event: Mapping[str, Any]) -> Iterator[Entry]:
    message = as_mapping(event.get("message"))
    match event.get("type"):
        case "message_end" if message.get("role") == "assistant":
            for part in as_mappings(message.get("content")):
                if part.get("type") == "text":
                    yield Entry("text", _flat_text(part))
                elif part.get("type") == "thinking":
                    yield Entry("think", _flat_text(part.get("thinking")))
                elif part.get("type") == "toolCall":
                    yield transcriber.call(
                        str(part.get("name")), part.get("arguments"), part.get("id")
                    )
            if message.get("stopReason") in ("error", "aborted"):
                yield Entry("error", message_of(message.get("errorMessage")), failed=True)
        case "tool_execution_end":
            yield from _result_entries(event.get("result"), event.get("isError") is True)


_TRANSCRIBERS: Mapping[str, Callable[[Transcriber, Mapping[str, Any]], Iterator[Entry]]] = {
    "claude": _transcribe_claude,
    "codex": _transcribe_codex,
    "gemini": _transcribe_gemini,
    "opencode": _transcribe_opencode,
    "pi": _transcribe_pi,
}


def _known_agent(event: Mapping[str, Any]) -> str:
    """The agent whose stream begins with such an event; empty if it is unknown."""
    match event.get("type"), event.get("subtype"):
        case "system", "init":
            return "claude"
        case "thread.started", _:
            return "codex"
        case "init", _ if "session_id" in event:
            return "gemini"
        case "session", _ if "version" in event:
            return "pi"
        case "step_start", _ if "sessionID" in event:
            return "opencode"
    return ""
