"""What a page may ask to be done, as a command line of ours: a table, and a function of values.

A verb on a card names the commit of the board that its page showed. The command refuses if the card
has changed since, so that of two who decide at once the later one is refused. Words go to the
command's standard input, where other users of the machine cannot read them.
"""

from collections.abc import Callable, Mapping

from gitkanban.core.ids import check_id
from gitkanban.core.review.linecomments import LineComment, comments_text
from gitkanban.errors import UsageError
from gitkanban.late import re
from gitkanban.typed import Any, NamedTuple

_KEY = re.compile(r"[\w-]{8,64}\Z", re.ASCII)
_LONE_SURROGATE = re.compile(r"[\ud800-\udfff]")
_COMMIT = re.compile(r"[0-9a-f]{40,64}\Z")
_ARGUMENT_MOST = 20_000  # characters of an argument; a kernel allows some more
_LIST_MOST = 200
WORDS_MOST = 500_000  # characters of what goes to standard input


class PageAct(NamedTuple):
    """An act: its own key, the card it is on (empty: none), the command line, and its input."""

    key: str
    card: str
    argv: tuple[str, ...]
    words: str = ""


class Asked:
    """What a page sent. Each method raises UsageError for a value that is not as it must be."""

    def __init__(self, row: Mapping[str, Any]) -> None:
        self._row = row

    def text(self, name: str, most: int = _ARGUMENT_MOST) -> str:
        """Return a text without white space around it; empty if it is missing."""
        value = self._row.get(name, "")
        if not isinstance(value, str) or "\0" in value or _LONE_SURROGATE.search(value):
            raise UsageError(f"{name} is not a text")
        if len(value) > most:
            raise UsageError(f"{name} has {len(value)} characters, more than {most}")
        return value.strip()

    def texts(self, name: str) -> list[str]:
        """Return a list of texts."""
        values = self._row.get(name, [])
        if not isinstance(values, list) or len(values) > _LIST_MOST:
            raise UsageError(f"{name} is not a list of at most {_LIST_MOST} texts")
        return [Asked({name: value}).text(name) for value in values]

    def has(self, name: str) -> bool:
        """Return whether it was given."""
        return name in self._row

    def rows(self, name: str) -> list["Asked"]:
        """Return a list of mappings."""
        values = self._row.get(name, [])
        if not isinstance(values, list) or not all(isinstance(each, dict) for each in values):
            raise UsageError(f"{name} is not a list of mappings")
        return [Asked(each) for each in values]

    def flag(self, name: str) -> bool:
        """Return a truth value; False if it is missing."""
        return self._row.get(name, False) is True

    def number(self, name: str) -> int:
        """Return a number; 0 if it is missing."""
        value = self._row.get(name, 0)
        if type(value) is not int or not -(10**9) < value < 10**9:
            raise UsageError(f"{name} is not a number")
        return value


def read_act(row: object) -> PageAct:
    """Return the act that a page asks for. Raises UsageError."""
    if not isinstance(row, dict):
        raise UsageError("an act is a mapping")
    asked = Asked(row)
    key, verb = asked.text("key"), asked.text("verb")
    if not _KEY.match(key):
        raise UsageError("an act has a key of its own")
    if verb in _ON_CARD:
        card = check_id(asked.text("card"))
        argv, words = _ON_CARD[verb](asked)
        return PageAct(key, card, (*argv, "--", card), words)
    if verb in _ON_BOARD:
        argv, words = _ON_BOARD[verb](asked)
        return PageAct(key, "", argv, words)
    raise UsageError(f"there is no act {verb[:40]!r} here")


VerbLine = tuple[tuple[str, ...], str]  # the words of a command line, and its input


def _since_option(asked: Asked) -> str:
    commit = asked.text("commit")
    if not _COMMIT.match(commit):
        raise UsageError("an act on a card names the commit of the board that was shown")
    return f"--unchanged-since={commit}"


def _read_words(asked: Asked) -> str:
    """Return the words of a person, and below them their comments on lines of the diff."""
    comments = [
        LineComment(
            each.text("path"), each.number("line"), each.flag("removed"), each.text("words")
        )
        for each in asked.rows("comments")
    ]
    spoken = comments_text([each for each in comments if each.words])
    return "\n\n".join(filter(None, (asked.text("words", WORDS_MOST), spoken)))


def _without_words(verb: str) -> Callable[[Asked], VerbLine]:
    return lambda asked: ((verb, _since_option(asked)), "")


def _with_why(verb: str) -> Callable[[Asked], VerbLine]:
    def line(asked: Asked) -> VerbLine:
        why = asked.text("words")
        return (verb, _since_option(asked), *([f"--why={why}"] if why else [])), ""

    return line


def _with_words(verb: str) -> Callable[[Asked], VerbLine]:
    return lambda asked: ((verb, _since_option(asked), "--file=-"), _read_words(asked))


def _retry_line(asked: Asked) -> VerbLine:
    words = _read_words(asked)
    return ("retry", _since_option(asked), "--file=-" if words else "--no-edit"), words


def _note_line(asked: Asked) -> VerbLine:
    return ("note", "--file=-"), asked.text("words", WORDS_MOST)


def _edit_line(asked: Asked) -> VerbLine:
    options = [f"--{name}={asked.text(name)}" for name in ("title", "worker") if asked.has(name)]
    options += _list_options(asked, empty=True)
    if asked.has("priority"):
        options.append(f"--priority={asked.number('priority')}")
    if asked.has("body"):
        options.append("--body-file=-")
    if not options:
        raise UsageError("nothing of it was changed")
    return ("edit", _since_option(asked), *options), asked.text("body", WORDS_MOST)


def _add_line(asked: Asked) -> VerbLine:
    options = [f"--worker={asked.text('worker')}"] if asked.text("worker") else []
    options += _list_options(asked, empty=False)
    options += [f"--priority={asked.number('priority')}"] if asked.number("priority") else []
    options += ["--backlog"] if asked.flag("backlog") else []
    title, body = asked.text("title"), asked.text("body", WORDS_MOST)
    return ("add", *options, *(["--body-file=-"] if body else []), "--", title), body


def _list_options(asked: Asked, empty: bool) -> list[str]:
    """Return options for fields that are lists; with `empty`, an empty list empties its field."""
    options = []
    for name, option in (("parents", "parent"), ("labels", "label"), ("acceptance", "acceptance")):
        texts = [text for text in asked.texts(name) if text]
        if asked.has(name) and (texts or empty):
            options += [f"--{option}={text}" for text in texts or [""]]
    return options


def _of_worker(verb: str) -> Callable[[Asked], VerbLine]:
    def line(asked: Asked) -> VerbLine:
        why, worker = asked.text("words"), asked.text("worker")
        options = [f"--why={why}"] if why and verb == "pause" else []
        return (verb, *options, *(["--", worker] if worker else ["--all"])), ""

    return line


_ON_CARD: Mapping[str, Callable[[Asked], VerbLine]] = {
    "accept": _without_words("accept"),
    "reject": _with_words("reject"),
    "answer": _with_words("retry"),
    "retry": _retry_line,
    "approve": _without_words("approve"),
    "stop": _with_why("stop"),
    "drop": _with_why("drop"),
    "edit": _edit_line,
    "note": _note_line,
}
_ON_BOARD: Mapping[str, Callable[[Asked], VerbLine]] = {
    "add": _add_line,
    "pause": _of_worker("pause"),
    "resume": _of_worker("resume"),
}
