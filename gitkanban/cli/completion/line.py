"""A command line as a shell splits it, and what its last word may be. It reads nothing."""

import os

from gitkanban.cli.completion.grammar import COMMANDS, SYNONYMS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gitkanban.cli.completion.grammar import Option, Takes

_PROGRAMS = ("gitkanban", "git-kanban", "kanban")
_HELP: "Option" = (("-h", "--help"), None, False, "Show this message and exit.")
_VERSION: "Option" = (("-V", "--version"), None, False, "Show the version and exit.")


class Cursor:
    """What the word at the cursor may be.

    `kind` is a kind of value (see `candidates`), a tuple of words, or None if nothing is known;
    `options` are those that may stand there. `lead` is the part of the word before the value, such
    as `--worker=`, and `value` is what has been typed of the value. `verb` and its arguments,
    `given`, come before it. `board` is the branch that `--branch` names, or empty.
    """

    def __init__(self, word: str) -> None:
        self.verb = ""
        self.given: list[str] = []
        self.kind: Takes = None
        self.options: tuple[Option, ...] = ()
        self.lead = ""
        self.value = word
        self.board = ""


def split_line(line: str) -> "tuple[list[str], str, str]":
    """Return the words before the cursor, the word at it without quotes, and that word as typed.

    An open quote extends to the end of the line; nothing is expanded.
    """
    words: list[str] = []
    word, quote, start, is_escaped = "", "", -1, False
    for at, sign in enumerate(line):
        if start < 0:
            if sign in " \t\n":
                continue
            start = at
        if is_escaped:
            word, is_escaped = word + sign, False
        elif sign == "\\" and quote != "'":
            is_escaped = True
        elif quote:
            word, quote = (word, "") if sign == quote else (word + sign, quote)
        elif sign in "'\"":
            quote = sign
        elif sign in " \t\n":
            words.append(word)
            word, start = "", -1
        else:
            word += sign
    return words, word, line[start:] if start >= 0 else ""


def at_cursor(words: "list[str]", word: str) -> Cursor:
    """Return what may stand at the cursor; `words` begins with the program, as in `git kanban`."""
    start = next((n for n, each in enumerate(words) if os.path.basename(each) in _PROGRAMS), 0)
    rest = words[start + 1 :]
    asked = Cursor(word)
    if not rest:
        asked.kind = "verb"
        if word.startswith("-"):
            asked.options = (_HELP, _VERSION)
    elif rest == ["help"]:
        asked.kind = "verb"
    else:
        asked.verb = SYNONYMS.get(rest[0], rest[0])
        if asked.verb in COMMANDS:
            _find_place(asked, rest[1:])
    return asked


def _find_place(asked: Cursor, words: "list[str]") -> None:
    """Fill in whether the word is an option, the value of one, or the n-th argument of the verb."""
    arguments, options = COMMANDS[asked.verb]
    options = (*options, _HELP)
    by_name = {name: option for option in options for name in option[0]}
    pending, is_over = _read_words(asked, words, by_name)
    if pending:
        asked.kind = pending[1]
        return
    if asked.value.startswith("-") and not is_over:
        name, equals, value = asked.value.partition("=")
        if equals and name in by_name:
            takes = by_name[name][1]
            asked.kind = takes[1:] if _is_optional(takes) and isinstance(takes, str) else takes
            asked.lead, asked.value = f"{name}=", value
        elif not equals:
            asked.options = _free_options(options, words)
        return
    number = min(len(asked.given), len(arguments) - 1)
    if arguments and (number == len(asked.given) or arguments[-1][1]):
        asked.kind = arguments[number][0]
    elif not is_over:
        asked.options = _free_options(options, words)


def _read_words(
    asked: Cursor, words: "list[str]", by_name: "dict[str, Option]"
) -> "tuple[Option | None, bool]":
    """Return the option whose value is at the cursor, and whether `--` has ended the options.

    Fills in `given` and `board`.
    """
    pending: Option | None = None
    is_over = False
    for word in words:
        if pending:
            if "--branch" in pending[0]:
                asked.board = word
            pending = None
        elif is_over or word == "-" or not word.startswith("-"):
            asked.given.append(word)
        elif word == "--":
            is_over = True
        else:
            is_long = word.startswith("--")
            name, equals, value = word.partition("=") if is_long else (word[:2], word[2:], word[2:])
            option = by_name.get(name)
            if option is None or option[1] is None:
                continue
            if equals and "--branch" in option[0]:
                asked.board = value
            elif not equals and not _is_optional(option[1]):
                pending = option
    return pending, is_over


def _free_options(options: "tuple[Option, ...]", words: "list[str]") -> "tuple[Option, ...]":
    """Leave out the options that are on the line already and may be given only once."""
    there = {word.partition("=")[0] for word in words}
    return tuple(option for option in options if option[2] or there.isdisjoint(option[0]))


def _is_optional(takes: "Takes") -> bool:
    """Return whether an option's value can only follow `=`."""
    return isinstance(takes, str) and takes.startswith("=")
