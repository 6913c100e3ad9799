"""The value that one word stands for under a key of `config.yaml`, and the words for a wrong one.

`configfile` reads lists and sections.
"""

from gitkanban.board.formats import configkeys
from gitkanban.board.formats.configkeys import ConfigKey
from gitkanban.core import ids
from gitkanban.core.agents import cost
from gitkanban.errors import UsageError
from gitkanban.late import re

MOST = 999_999_999  # the largest number that any key takes
_DURATION = re.compile(r"(?:(\d{1,6})d)?(?:(\d{1,7})h)?(?:(\d{1,8})m)?(?:(\d{1,9})s?)?\Z", re.ASCII)


def short_name(key: ConfigKey) -> str:
    """Return a key as messages name it: its last word, or `budget.day`."""
    parts = key.path.split(".")
    return ".".join(parts[-2:] if "budget" in parts[:-1] else parts[-1:])


def wanted_words(key: ConfigKey) -> str:
    """Return what values a key takes, for messages: `true or false`."""
    if isinstance(key.kind, tuple):
        return " or ".join(key.kind)
    return {
        configkeys.COUNT: "a whole number from 1",
        configkeys.NATURAL: "a whole number from 0",
        configkeys.DURATION: "a duration such as 90s, 20m or 2h",
        configkeys.BOOL: "true or false",
        configkeys.COUNTS: "names with whole numbers",
        configkeys.MONEY: "US dollars, such as 5 or 0.50",
    }.get(key.kind, "text")


# What people who write a limit of 0 mean.
_INSTEAD_OF_0 = {
    "kanban.max_concurrency": "`gitkanban pause --all` lets nothing start.",
    "kanban.workers.*.max_concurrency": "`gitkanban pause NAME` lets it start nothing.",
}


def read_value(key: ConfigKey, text: str) -> str | int | bool:
    """Return the value that `text` stands for under a key of one word. Raises UsageError."""
    kind = key.kind
    wrong = f"{short_name(key)} must be {wanted_words(key)}, found {text[:40]!r}"
    if isinstance(kind, tuple):
        text = configkeys.FORMER_WORDS.get(key.path, {}).get(text, text)
        if text not in kind:
            raise UsageError(wrong, ids.did_you_mean(text, kind))
        return text
    if kind in (configkeys.COUNT, configkeys.NATURAL):
        number = whole_number(text)
        if number is not None and number > MOST:
            raise UsageError(wrong.replace(", found", f" to {MOST}, found", 1))
        if number is None or number < (kind == configkeys.COUNT):
            raise UsageError(wrong, _INSTEAD_OF_0.get(key.path, "") if number == 0 else "")
        return number
    if kind == configkeys.DURATION:
        return duration(text, wrong)
    if kind == configkeys.MONEY:
        amount = cost.parse_amount(text)
        if not amount:
            raise UsageError(wrong, "Leave it out for no budget." if amount == 0 else "")
        return amount
    if kind == configkeys.BOOL:
        if text.lower() not in ("true", "false"):
            raise UsageError(wrong)
        return text.lower() == "true"
    if kind == configkeys.NAME and ids.fault(text):
        raise UsageError(f"{text[:60]!r} cannot be a {short_name(key)}: {ids.fault(text)}")
    if kind in (configkeys.BRANCH, configkeys.REMOTE) and (why := ids.branch_fault(text)):
        hint = "Write the name of a remote of `git remote`." if kind == configkeys.REMOTE else ""
        raise UsageError(f"{text[:60]!r} cannot be the name of a {kind}: {why}", hint)
    return text


def whole_number(text: str) -> int | None:
    """Return the number that plain digits stand for; None for anything else, or too many digits."""
    return int(text) if re.fullmatch(r"[0-9]{1,99}", text, re.ASCII) else None


def duration(text: str, wrong: str = "") -> int:
    """Return the seconds of `2h`, `20m`, `90s`, `1h30m`, `7d` or `90`. Raises UsageError."""
    match = _DURATION.match(text.strip())
    if not text.strip() or not match:
        fault = wrong or f"{text[:40]!r} is not a duration"
        raise UsageError(fault, "Write it as 90s, 20m, 2h, 1h30m or 7d; a bare number is seconds.")
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return days * 86400 + hours * 3600 + minutes * 60 + seconds
