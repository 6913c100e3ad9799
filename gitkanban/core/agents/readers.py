"""What a session reports in its output: one reader for each preset, which trusts nothing.

A reader returns what the session said about itself; the verdict decides whether the run succeeded.
The model's own prose never counts as an error, a limit or a missing login: only the event that ends
a turn does.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone

from gitkanban.core.agents.events import (
    as_list,
    as_mapping,
    as_mappings,
    as_number,
    as_text,
    json_events,
    message_of,
    parse_json,
)
from gitkanban.late import re
from gitkanban.typed import Any, NamedTuple

_SESSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}\Z", re.ASCII)
_ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[@-_]")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_SUMMARY_MOST, _ERROR_MOST, _DENIED_MOST = 20_000, 300, 20
_COST_MOST = 1_000_000.0  # USD; more than that in one session is a mistake, not a cost
_TOKENS_MOST = 1 << 48

# Parts of error texts, in lower case, all of them observed: services word them as they like.
_LIMITS = (
    "rate limit", "rate_limit", "ratelimit", "usage limit", "session limit", "weekly limit",
    "too many requests", "overloaded", "resource_exhausted", "quota exceeded", "exceeded your",
    "http 429", "status 429", "error: 429", "insufficient_quota",
)  # fmt: skip
_LOGINS = (
    "invalid x-api-key", "invalid api key", "incorrect api key", "api key not valid",
    "unauthenticated", "unauthorized", "authenticat", "not logged in", "/login", "log in",
    "invalid_api_key",
)  # fmt: skip
# The same for a model or a profile that the service, or the agent itself, does not know.
_SETTINGS = (
    "model_not_found", "model not found", "issue with the selected model", "unknown model",
    "does not exist or you do not have access", "is not found for api version",
    "credit balance is too low", "payment required",
)  # fmt: skip
_NO_PROFILE = re.compile(r"profile '?[\w.-]+'? (does not exist|not found)")


class SessionOutput(NamedTuple):
    """What a session left to read, as text. Lines may be missing from the middle of `stdout`."""

    stdout: str
    stderr: str = ""
    last_message: str = ""  # content of the file with the agent's last message
    usage: str = ""  # content of the file with the agent's usage
    whole: bool = True  # nothing is missing from stdout, so that sums over it are right
    failed: bool = False  # it did not exit with 0 by itself; stderr may say why


class Reading(NamedTuple):
    """What a session said about itself; what it did not say is empty or None, never 0."""

    session: str = ""  # the agent's own id of the conversation
    summary: str = ""  # its last message
    error: str = ""  # what ended its last turn, in its own words
    cost_usd: str = ""  # a decimal number
    tokens_in: int | None = None
    tokens_out: int | None = None
    limited: bool = False  # the service asked us to come back later
    limited_until: int = 0  # seconds since the epoch; 0: unknown
    # The service rejected the login or the settings; a person must act.
    misconfigured: bool = False
    denied: tuple[str, ...] = ()  # tools that it was not allowed to use


def read(runner: str, output: SessionOutput, now: int, utc_offset: int = 0) -> Reading:
    """Read the output of a session of the named preset.

    Without a preset nothing is read: what a custom command prints is no message, and may contain
    secrets. `now` is when the session ended, in epoch seconds. `utc_offset` is this machine's, in
    seconds, for times of day without a zone.
    """
    reader = _READERS.get(runner)
    if reader is None:
        return Reading()
    reading = reader(output)
    words = reading.error or (_last_line(output.stderr) if output.failed else "")
    error = _on_one_line(words, _ERROR_MOST)
    lower = error.lower()
    limited = reading.limited or any(sign in lower for sign in _LIMITS)
    until = reading.limited_until or (_reset_time(error, now, utc_offset) if limited else 0)
    return reading._replace(
        session=reading.session if is_session_id(reading.session) else "",
        summary=clean(reading.summary)[:_SUMMARY_MOST],
        error=error,
        limited=limited,
        limited_until=until if until > now else 0,
        misconfigured=not limited and _asks_for_a_person(lower),
        denied=tuple(_on_one_line(each, 200) for each in reading.denied[:_DENIED_MOST]),
    )


def is_session_id(text: str) -> bool:
    """Whether a text is safe to pass to an agent as the id of a conversation."""
    return _SESSION.match(text) is not None


def _asks_for_a_person(error: str) -> bool:
    """Whether an error, in lower case, is about logins or settings, and would affect every card."""
    if re.search(r"\b401\b", error) or any(sign in error for sign in _LOGINS):
        return True
    return any(sign in error for sign in _SETTINGS) or bool(_NO_PROFILE.search(error))


def clean(text: str) -> str:
    """The text without terminal escapes and control characters, except newlines and tabs."""
    return _CONTROLS.sub("", _ESCAPES.sub("", text)).strip()


def _on_one_line(text: str, most: int) -> str:
    return " ".join(clean(text).split())[:most]


def _last_line(text: str) -> str:
    """The last line that says something, skipping stack traces."""
    lines = [line.strip() for line in clean(text).splitlines()]
    return next((line for line in reversed(lines) if re.match(r"(?!at )[A-Za-z\[]", line)), "")


# -- sums


def _sum_tokens(*values: object) -> int | None:
    """The sum of the values that are counts; None if none is."""
    numbers = [number for value in values if (number := as_number(value)) is not None]
    total = sum(numbers)
    return int(total) if numbers and total <= _TOKENS_MOST else None


def _sum_costs(*values: object) -> str:
    """The sum of the values as a decimal number; empty if there are none, or one is not a cost."""
    numbers = [as_number(value) for value in values]
    total = sum(number or 0.0 for number in numbers)
    if not numbers or None in numbers or total > _COST_MOST:
        return ""
    return f"{total:.6f}".rstrip("0").rstrip(".")


# -- one reader for each agent


def _read_claude(output: SessionOutput) -> Reading:
    reading, answer = Reading(), ""
    for event in json_events(output.stdout):
        kind = event.get("type")
        reading = reading._replace(session=as_text(event.get("session_id")) or reading.session)
        if kind == "assistant" and not event.get("parent_tool_use_id"):
            content = as_list(as_mapping(event.get("message")).get("content"))
            parts = [as_text(as_mapping(part).get("text")) for part in content]
            answer = "\n".join(filter(None, parts)) or answer
        elif kind == "rate_limit_event":
            reading = _with_claude_limit(reading, as_mapping(event.get("rate_limit_info")))
        elif kind == "result":
            reading = _with_claude_result(reading, event)
    return reading if reading.summary or reading.error else reading._replace(summary=answer)


def _with_claude_limit(reading: Reading, info: Mapping[str, Any]) -> Reading:
    """Add a limit to the reading; only `status: rejected` is one, all others are information."""
    if info.get("status") != "rejected":
        return reading
    return reading._replace(limited=True, limited_until=int(as_number(info.get("resetsAt")) or 0))


def _with_claude_result(reading: Reading, event: Mapping[str, Any]) -> Reading:
    result, failed = as_text(event.get("result")), event.get("is_error") is True
    errors = [as_text(each) for each in as_list(event.get("errors"))]
    words = result or "; ".join(filter(None, errors)) or as_text(event.get("subtype"))
    usage = as_mapping(event.get("usage"))
    denials = as_mappings(event.get("permission_denials"))
    return reading._replace(
        summary="" if failed else result,
        error=(words or "the agent says that it failed") if failed else "",
        limited=reading.limited and failed,  # a limit that it overcame does not count
        cost_usd=_sum_costs(event.get("total_cost_usd")),
        tokens_in=_sum_tokens(
            usage.get("input_tokens"),
            usage.get("cache_read_input_tokens"),
            usage.get("cache_creation_input_tokens"),
        ),
        tokens_out=_sum_tokens(usage.get("output_tokens")),
        denied=tuple(_denial_line(each) for each in denials),
    )


def _denial_line(denial: Mapping[str, Any]) -> str:
    given = as_mapping(denial.get("tool_input"))
    what = given.get("command") or given.get("file_path") or given.get("url") or ""
    return f"{as_text(denial.get('tool_name'))}: {as_text(what)}".strip(": ")


def _read_codex(output: SessionOutput) -> Reading:
    reading = Reading()
    for event in json_events(output.stdout):
        item = as_mapping(event.get("item"))
        match event.get("type"):
            case "thread.started":
                reading = reading._replace(session=as_text(event.get("thread_id")))
            case "item.completed" if item.get("type") == "agent_message":
                reading = reading._replace(summary=as_text(item.get("text")), error="")
            case "error":  # it tries again; the error counts unless an answer follows
                reading = reading._replace(error=_codex_words(event.get("message")))
            case "turn.failed":
                words = _codex_words(event.get("error"))
                reading = reading._replace(error=words or "its turn failed")
            case "turn.completed":
                usage = as_mapping(event.get("usage"))
                reading = reading._replace(
                    error="",
                    tokens_in=_sum_tokens(usage.get("input_tokens")),
                    tokens_out=_sum_tokens(usage.get("output_tokens")),
                )
    return reading._replace(summary=output.last_message or reading.summary)


def _codex_words(error: object) -> str:
    """The message of an error; an error of the service has JSON within its text."""
    words = message_of(error)
    return message_of(parse_json(words)) or words


def _read_gemini(output: SessionOutput) -> Reading:
    reading, ended = Reading(), False
    for event in json_events(output.stdout):
        match event.get("type"):
            case "init":
                reading = reading._replace(session=as_text(event.get("session_id")))
            case "message" if event.get("role") == "assistant":
                before = reading.summary if event.get("delta") and not ended else ""
                reading = reading._replace(summary=before + as_text(event.get("content")))
                ended = False
            case "tool_use":
                ended = True
            case "result":
                reading = _with_gemini_result(reading, event)
    return reading


def _with_gemini_result(reading: Reading, event: Mapping[str, Any]) -> Reading:
    stats, failed = as_mapping(event.get("stats")), event.get("status") != "success"
    words = _codex_words(event.get("error")) or "the agent says that it failed"
    return reading._replace(
        error=words if failed else "",
        tokens_in=_sum_tokens(stats.get("input_tokens")),
        tokens_out=_sum_tokens(stats.get("output_tokens")),
    )


def _read_opencode(output: SessionOutput) -> Reading:
    reading = Reading()
    steps = []
    for event in json_events(output.stdout):
        part = as_mapping(event.get("part"))
        reading = reading._replace(session=as_text(event.get("sessionID")) or reading.session)
        match event.get("type"):
            case "text":
                reading = reading._replace(summary=as_text(part.get("text")), error="")
            case "step_finish":
                steps.append(part)
                reading = reading._replace(error="")
            case "error":
                words = message_of(event.get("error"))
                reading = reading._replace(error=words or "the agent says that it failed")
    return _with_sums(reading, output, steps, cost="cost", tokens="tokens")


def _with_sums(
    reading: Reading, output: SessionOutput, parts: list[Mapping[str, Any]], cost: str, tokens: str
) -> Reading:
    """Add the sums over all parts to the reading, unless parts may be missing."""
    if not output.whole or not parts:
        return reading
    counts = [as_mapping(part.get(tokens)) for part in parts]
    return reading._replace(
        cost_usd=_sum_costs(*(part.get(cost) for part in parts)),
        tokens_in=_sum_tokens(*(count.get("input") for count in counts)),
        tokens_out=_sum_tokens(*(count.get("output") for count in counts)),
    )


def _read_pi(output: SessionOutput) -> Reading:
    reading = Reading()
    answers: list[Mapping[str, Any]] = []
    for event in json_events(output.stdout):
        message = as_mapping(event.get("message"))
        if event.get("type") == "session":
            reading = reading._replace(session=as_text(event.get("id")))
        elif event.get("type") == "message_end" and message.get("role") == "assistant":
            usage = as_mapping(message.get("usage"))
            answers.append({"cost": as_mapping(usage.get("cost")).get("total"), "usage": usage})
            reading = _with_pi_answer(reading, message)
    return _with_sums(reading, output, answers, cost="cost", tokens="usage")


def _with_pi_answer(reading: Reading, message: Mapping[str, Any]) -> Reading:
    content = as_mappings(message.get("content"))
    text = "\n".join(as_text(part.get("text")) for part in content if part.get("type") == "text")
    failed = message.get("stopReason") in ("error", "aborted")
    words = as_text(message.get("errorMessage")) or "the agent says that it failed"
    return reading._replace(summary=text or reading.summary, error=words if failed else "")


_LITELLM = re.compile(r"^litellm\.\w+Error: (.*(?:\n.+){0,3})", re.MULTILINE)
_SENT = re.compile(
    r"^Tokens: ([\d.]+)(k?) sent, (?:.*? )?([\d.]+)(k?) received\.(.*)$", re.MULTILINE
)
_AIDER_COST = re.compile(r"\$([\d.]+) session")


def _read_aider(output: SessionOutput) -> Reading:
    """Read text for people: the error is the last one that no answer follows."""
    text = clean(output.stdout)
    answers = list(_SENT.finditer(text))
    last = answers[-1] if answers else None
    errors = [each for each in _LITELLM.finditer(text) if not last or each.start() > last.end()]
    if errors:
        # The rest is litellm's general explanation of such errors, which mentions overload, too.
        return Reading(error=errors[-1][1].partition("\nThe API provider")[0])
    if last is None:
        return Reading()
    costs = _AIDER_COST.findall(last[5])
    single = len(answers) == 1 and output.whole
    return Reading(
        summary=text[: last.start()].strip().rpartition("\n\n")[2],
        cost_usd=_sum_costs(float(costs[-1])) if costs and costs[-1].count(".") < 2 else "",
        tokens_in=_aider_count(last[1], last[2]) if single else None,
        tokens_out=_aider_count(last[3], last[4]) if single else None,
    )


def _aider_count(number: str, thousand: str) -> int | None:
    try:
        return _sum_tokens(float(number) * (1000 if thousand else 1))
    except ValueError:
        return None


def _read_hermes(output: SessionOutput) -> Reading:
    """Read a new session: it prints only its last message; all else is in its usage file."""
    usage = as_mapping(parse_json(output.usage))
    if not usage:
        return _read_hermes_chat(output)
    failed = usage.get("failed") is True
    text = output.stdout.strip()
    words = as_text(usage.get("failure")) or text or "the agent says that it failed"
    known = usage.get("cost_status") not in (None, "unknown")
    return Reading(
        session=as_text(usage.get("session_id")),
        summary="" if failed else text,
        error=words if failed else "",
        cost_usd=_sum_costs(usage.get("estimated_cost_usd")) if known else "",
        tokens_in=_sum_tokens(usage.get("input_tokens"), usage.get("cache_read_tokens")),
        tokens_out=_sum_tokens(usage.get("output_tokens")),
    )


_HERMES_SESSION = re.compile(r"^session_id: (\S+)$", re.MULTILINE)
_HERMES_ERROR = re.compile(r"^(?:Error: .*|Session not found: .*)$", re.MULTILINE)


def _read_hermes_chat(output: SessionOutput) -> Reading:
    """Read a resumed session: it prints warnings, its last message, and its id on stderr."""
    errors = clean(output.stderr)
    lines = [
        line for line in clean(output.stdout).splitlines() if not line.lstrip().startswith("⚠")
    ]
    text = "\n".join(lines).strip()
    named, failed = _HERMES_SESSION.search(errors), _HERMES_ERROR.search(errors)
    words = failed[0] if failed else text.rpartition("\n")[2]
    return Reading(
        session=named[1] if named else "",
        summary="" if output.failed else text,
        error=words if output.failed else "",
    )


_READERS: Mapping[str, Callable[[SessionOutput], Reading]] = {
    "claude": _read_claude,
    "codex": _read_codex,
    "gemini": _read_gemini,
    "opencode": _read_opencode,
    "pi": _read_pi,
    "aider": _read_aider,
    "hermes": _read_hermes,
}


def names_sessions(runner: str) -> bool:
    """Whether the preset's agent prints the id of its session before it does anything."""
    return runner in _READERS and runner != "aider"


# -- the end of a limit, from the words of the error

_IN = re.compile(r"(?:in|after|retry.after:?) (?:(\d{1,3})h ?)?(?:(\d{1,5})m(?:in\w*)? ?)?(?:(\d{1,7})(?:\.\d+)? ?s(?:ec\w*)?)?\b")  # fmt: skip
_AT = re.compile(r"resets? (?:at )?(\d{1,2})(?::(\d{2}))? ?([ap]m)?(?: \(([^)]+)\))?", re.I)
_EPOCH = re.compile(r"\|(\d{10})\b|resetsAt\W+(\d{10})\b")


def _reset_time(error: str, now: int, utc_offset: int) -> int:
    """The time at which the limit ends, in seconds since the epoch; 0 if the error does not say."""
    epoch = _EPOCH.search(error)
    if epoch:
        return int(epoch[1] or epoch[2])
    at = _AT.search(error)
    if at:
        return _time_of_day(at, now, utc_offset)
    for match in _IN.finditer(error.lower()):
        hours, minutes, seconds = (int(part or 0) for part in match.groups())
        if hours or minutes or seconds:
            return now + hours * 3600 + minutes * 60 + seconds
    return 0


def _time_of_day(at: "re.Match[str]", now: int, utc_offset: int) -> int:
    """The next occurrence of a time of day: local, or UTC if the error says so."""
    hour, minute, half = int(at[1]), int(at[2] or 0), (at[3] or "").lower()
    if half:
        hour = hour % 12 + (12 if half == "pm" else 0)
    if hour > 23 or minute > 59:
        return 0
    offset = 0 if (at[4] or "").upper() in ("UTC", "GMT") else utc_offset
    here = datetime.fromtimestamp(now, timezone(timedelta(seconds=offset)))
    then = here.replace(hour=hour, minute=minute, second=0)
    return int((then if then > here else then + timedelta(days=1)).timestamp())
