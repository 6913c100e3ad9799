"""What is known of each agent's command line, as data, and how its output is read.

Nothing is run here. The facts were tried with the versions named in each preset's `tried`.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from gitkanban.core.model import Worker

PLACEHOLDERS = (
    "prompt",
    "prompt_file",
    "profile",
    "card",
    "run",
    "workspace",
    "session",
    "branch",
)
_PRIVATE = ("last_message", "run_dir")  # presets only: files in the run folder
_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")


class Preset(NamedTuple):
    """One agent. `start` and `resume` are argv templates."""

    name: str
    tried: str
    start: tuple[str, ...]
    resume: tuple[str, ...] = ()
    commits: str = "session"  # supervisor: its sandbox cannot commit in a linked worktree
    env: tuple[tuple[str, str], ...] = ()
    read_only_memory: tuple[tuple[str, str], ...] = ()  # its own switch: variables that throw it
    droppings: tuple[str, ...] = ()  # its own files, never work
    rate_limit: tuple[str, ...] = ()  # lower-case signatures in the end of its output
    session_keys: tuple[str, ...] = ()  # JSON keys that carry the session id
    message_keys: tuple[str, ...] = ()  # JSON keys of the last message
    error_keys: tuple[str, ...] = ()  # JSON keys that, when true or filled, say it failed
    cost_keys: tuple[str, ...] = ()
    footer: str = ""  # pattern of what it prints below its last message
    transcript: str = ""  # folder (under the run folder) where it writes while working


_COMMON_LIMITS = (
    "rate limit",
    "rate_limit",
    "usage limit",
    "too many requests",
    "overloaded_error",
)

PRESETS: Mapping[str, Preset] = {
    preset.name: preset
    for preset in (
        Preset(
            name="hermes",
            tried="0.19",
            start=(
                "hermes", "-p", "{profile}", "--cli", "--accept-hooks", "chat", "-q", "{prompt}",
            ),
            footer=r"\n *Resume this session with:\n",
        ),
        Preset(
            name="claude",
            tried="2.1",
            start=(
                "claude", "-p", "{prompt}", "--session-id", "{session}",
                "--output-format", "stream-json", "--verbose", "--permission-mode", "acceptEdits",
            ),
            resume=("claude", "-p", "{prompt}", "--resume", "{session}"),
            commits="supervisor",
            env=(("CLAUDE_CODE_MAX_RETRIES", "1"),),
            read_only_memory=(("CLAUDE_CODE_DISABLE_AUTO_MEMORY", "1"),),
            rate_limit=_COMMON_LIMITS,
            session_keys=("session_id",),
            message_keys=("result",),
            error_keys=("is_error",),
            cost_keys=("total_cost_usd",),
        ),
        Preset(
            name="codex",
            tried="0.169",
            start=("codex", "exec", "--json", "-o", "{last_message}", "{prompt}"),
            resume=("codex", "exec", "resume", "{session}", "{prompt}"),
            commits="supervisor",
            rate_limit=_COMMON_LIMITS,
            session_keys=("thread_id",),
            message_keys=("text", "last_agent_message"),
        ),
        Preset(
            name="gemini",
            tried="0.61",
            start=(
                "gemini", "-p", "{prompt}", "--yolo", "--skip-trust",
                "--session-id", "{session}", "-o", "json",
            ),
            resume=("gemini", "-p", "{prompt}", "--resume", "{session}"),
            rate_limit=(*_COMMON_LIMITS, "resource_exhausted", "quota exceeded"),
            message_keys=("response",),
            error_keys=("error",),
        ),
        Preset(
            name="opencode",
            tried="1.18",
            start=("opencode", "run", "--format", "json", "{prompt}"),
            resume=("opencode", "run", "-s", "{session}", "{prompt}"),
            rate_limit=_COMMON_LIMITS,
            session_keys=("sessionID", "session_id"),
            message_keys=("text",),
        ),
        Preset(
            name="pi",
            tried="0.61",
            start=("pi", "-p", "--mode", "json", "--session-dir", "{run_dir}/pi", "{prompt}"),
            rate_limit=_COMMON_LIMITS,
            message_keys=("text",),
            error_keys=("errorMessage",),
            transcript="pi",
        ),
        Preset(
            name="aider",
            tried="0.86",
            start=("aider", "--message", "{prompt}", "--yes-always", "--no-check-update"),
            droppings=(".aider*",),
            rate_limit=_COMMON_LIMITS,
        ),
    )
}  # fmt: skip

CUSTOM = Preset(name="command", tried="", start=())


def preset_of(runner: str) -> Preset:
    """The named preset; for a worker with a `command:` of its own, one that knows nothing."""
    return PRESETS.get(runner, CUSTOM)


def commits_of(worker: Worker) -> str:
    """Who commits what a session of the worker leaves: the worker says, else its preset."""
    return worker.commits or preset_of(worker.runner).commits


def unknown_placeholders(word: str) -> list[str]:
    """What stands in braces in a word of a template and is no placeholder, in order.

    Only what could be meant as one: `{}` and `{"a": 1}` are text.
    """
    found = re.findall(r"\{([A-Za-z_][A-Za-z0-9_ -]*)\}", word)
    return [name for name in found if name not in PLACEHOLDERS]


def expand(argv: Sequence[str], values: Mapping[str, str]) -> list[str]:
    """The argv with every known placeholder replaced, once: values are never expanded again.

    Raises KeyError for a placeholder that `values` does not have.
    """
    known = {*PLACEHOLDERS, *_PRIVATE}

    def replaced(match: re.Match[str]) -> str:
        return values[match[1]] if match[1] in known else match[0]

    return [_PLACEHOLDER.sub(replaced, word) for word in argv]


class Said(NamedTuple):
    """What an agent's output says of the session."""

    session: str = ""
    summary: str = ""
    error: str = ""
    cost_usd: str = ""
    rate_limited: bool = False


def read_output(preset: Preset, stdout: str, stderr: str) -> Said:
    """Read session id, last message, error, cost and a rate limit out of an agent's output.

    `stdout` is its first and last lines (the middle may be cut out), `stderr` its last ones. Lines
    that are not JSON are passed over; for an agent that prints text the last paragraph is the
    summary. What a command of one's own prints is nobody's message, and may hold secrets: nothing
    is taken from it.
    """
    if preset is CUSTOM:
        return Said()
    said = Said(rate_limited=_limited(preset, stdout, stderr))
    if not preset.message_keys:
        text = re.split(preset.footer, stdout)[0] if preset.footer else stdout
        return said._replace(summary=_last_paragraph(text))
    for event in _events(stdout):
        said = _read_event(preset, said, event)
    return said


def _limited(preset: Preset, stdout: str, stderr: str) -> bool:
    end = (stdout[-4000:] + "\n" + stderr[-4000:]).lower()
    return any(signature in end for signature in preset.rate_limit)


def _events(stdout: str) -> list[dict[str, Any]]:
    whole = _json(stdout)
    if isinstance(whole, dict):
        return [whole]
    found = (_json(line) for line in stdout.splitlines() if line.lstrip().startswith("{"))
    return [event for event in found if isinstance(event, dict)]


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _read_event(preset: Preset, said: Said, event: dict[str, Any]) -> Said:
    # Agents nest one level: {"type": "item.completed", "item": {"text": …}}, {"part": {"text": …}}.
    layers = [event, *(value for value in event.values() if isinstance(value, dict))]

    def first(keys: tuple[str, ...]) -> object:
        return next((layer[key] for layer in layers for key in keys if layer.get(key)), None)

    session, message = first(preset.session_keys), first(preset.message_keys)
    cost, error = first(preset.cost_keys), first(preset.error_keys)
    if isinstance(session, str):
        said = said._replace(session=session)
    if isinstance(message, str):
        said = said._replace(summary=message.strip())
    if cost is not None:
        said = said._replace(cost_usd=str(cost))
    if error:
        said = said._replace(error=_one_line(said.summary if error is True else error))
    return said


def _one_line(value: object) -> str:
    if isinstance(value, dict):
        value = value.get("message", value)
    return " ".join(str(value).split())[:200] or "the agent says that it failed"


def _last_paragraph(text: str) -> str:
    parts = [part.strip() for part in text.strip().split("\n\n")]
    return parts[-1][-2000:] if parts else ""
