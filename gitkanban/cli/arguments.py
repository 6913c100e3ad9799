"""Reads plain command lines without click: known options with plain values, each once,
and arguments.

`read_plain` gives what click would, or None if there is any doubt: an unknown word, `--help`, an
empty word, a value that begins with a dash, anything missing, wrong or too much. None means that
click reads the line, and reports what is wrong with it. A property test over all commands proves
that both agree (tests/cli/test_arguments.py).

A new command needs nothing but its declarations (`declare`). `read_plain` runs and prints nothing,
so completion and others that read a command line without running it can call it, too.
"""

from collections.abc import Sequence

from gitkanban.cli.declare import Declaration, DeclaredCommand, ValueKind
from gitkanban.typed import Any

# Attributes that do not affect which values are valid.
_SILENT = frozenset({"help", "metavar", "hidden", "expose_value"})
_OF_OPTIONS = _SILENT | {"default", "type", "is_flag", "multiple", "required"}
_OF_ARGUMENTS = _SILENT | {"default", "required", "nargs"}
# An option with these gets its default here if it is not given; if it is, click reads the line.
_WHEN_ABSENT = _OF_OPTIONS | {"flag_value", "callback", "is_eager"}


def read_plain(command: DeclaredCommand, words: Sequence[str]) -> dict[str, Any] | None:
    """Return the values for a command's parameters; None if click must read the words."""
    options = [each for each in command.declared if each.is_option]
    if any(set(each.attributes) - _WHEN_ABSENT for each in options):
        return None
    by_word = {word: each for each in options for word in each.words if word.startswith("-")}
    given: dict[str, Any] = {}
    free: list[str] = []
    rest = iter(words)
    for word in rest:
        if not word.startswith("-"):
            free.append(word)
            continue
        name, equals, value = word.partition("=")
        declared = by_word.get(name)
        if declared is None or set(declared.attributes) - _OF_OPTIONS:
            return None
        if declared.attributes.get("is_flag"):
            if equals or declared.name in given:
                return None
            given[declared.name] = True
            continue
        if equals and not name.startswith("--"):
            return None  # `-p=1` is the value `=1`
        if not _take_value(declared, value if equals else next(rest, ""), given):
            return None
    arguments = [each for each in command.declared if not each.is_option]
    if "" in free or not _fill_arguments(arguments, free, given):
        return None
    return _add_defaults(options, given)


def _take_value(declared: Declaration, text: str, given: dict[str, Any]) -> bool:
    """Add an option's value to `given`; False if it is not plain."""
    value = _convert_text(declared.attributes.get("type"), text)
    if value is None:
        return False
    if declared.attributes.get("multiple"):
        given[declared.name] = (*given.get(declared.name, ()), value)
        return True
    is_first = declared.name not in given
    given[declared.name] = value
    return is_first


def _convert_text(kind: object, text: str) -> str | int | None:
    """Return the value that a text stands for; None if it is not plain."""
    if not text or text.startswith("-"):
        return None
    if kind is None or kind is str:
        return text
    if kind is int:
        return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
    if isinstance(kind, ValueKind) and kind.name == "Choice":
        return text if text in kind.words[0] else None
    return None


def _fill_arguments(
    declared: Sequence[Declaration], free: Sequence[str], given: dict[str, Any]
) -> bool:
    """Assign the words that are not options to arguments, in order; False if they do not fit."""
    at = 0
    for number, each in enumerate(declared):
        attributes = each.attributes
        if set(attributes) - _OF_ARGUMENTS:
            return False
        required = attributes.get("required", attributes.get("nargs") != -1)
        if attributes.get("nargs", 1) == -1 and number == len(declared) - 1:
            given[each.name] = tuple(free[at:])
            at = max(at, len(free))
        elif "nargs" in attributes:
            return False
        elif at < len(free):
            given[each.name] = free[at]
            at += 1
        else:
            given[each.name] = attributes.get("default")
            required = required and "default" not in attributes
        if required and not given[each.name]:
            return False
    return at == len(free)


def _add_defaults(options: Sequence[Declaration], given: dict[str, Any]) -> dict[str, Any] | None:
    """Add the defaults of options that were not given; None if a required option is missing."""
    for each in options:
        attributes = each.attributes
        if each.name not in given:
            if attributes.get("required"):
                return None
            none: Any = () if attributes.get("multiple") else None
            none = False if attributes.get("is_flag") else none
            given[each.name] = attributes.get("default", none)
        if not attributes.get("expose_value", True):
            del given[each.name]
    return given
