"""The bytes of a board's file to its value; and files that could not be read back are not written.

Cards in the layout of `fmt` need no YAML parser.
"""

from functools import lru_cache

from gitkanban.board.content.boardfiles import kind_of
from gitkanban.core import sizes
from gitkanban.core.names import CardId
from gitkanban.errors import Refused
from gitkanban.typed import Any, NamedTuple

_ROOM = 64 << 10  # bytes of `sizes.FILE_MOST` reserved for what ticks add to a file later
AT_ONCE = ("card", "archived")  # kinds of files that most often need no parser


class Archived(NamedTuple):
    """The id and status of an archived card: all that a read of the board needs of it."""

    card: CardId
    status: str


@lru_cache(maxsize=16)
def parse_file(data: bytes, path: str) -> Any:
    """Return the value in a file that is a card, run, note or pause by its path. Raises Bad.

    A file that was just written is parsed twice: to check that it can be read, and for the cache.
    """
    return _parse_kind(kind_of(path), data, path)


def _parse_kind(kind: str, data: bytes, path: str) -> Any:
    value = parse_at_once(kind, data, path)
    return parse_yaml(kind, data, path) if value is None else value


def parse_at_once(kind: str, data: bytes, path: str) -> Any:
    """Return the value of a card in the layout of `fmt`; None for any other file."""
    if kind not in AT_ONCE:
        return None
    from gitkanban.board.formats import cardfast  # late: a warm read parses nothing

    card = cardfast.read(data, path.rpartition("/")[2].removesuffix(".yaml"))
    return Archived(card.id, card.status) if card and kind == "archived" else card


def parse_yaml(kind: str, data: bytes, path: str) -> Any:
    """Return the value in a file of that kind, by a YAML parser. Raises Bad."""
    if kind == "archived":
        card = parse_yaml("card", data, path)
        return Archived(card.id, card.status)
    # Late imports: a warm read parses nothing.
    from gitkanban.board.formats import cardfile, notefile, pausefile, runfile

    parsers = {"card": cardfile, "run": runfile, "note": notefile, "pause": pausefile}
    return parsers[kind].parse(data, path)


def refuse_unreadable(name: str, data: bytes) -> None:
    """Refuse to write a file that could not be read back; `name` is relative to the board's root.

    Raises Refused.
    """
    from gitkanban.board.formats.yamltext import Bad

    kind = kind_of(name)
    most = sizes.FILE_MOST - _ROOM
    if kind and len(data) > most:
        size, limit = len(data) / (1 << 20), most / (1 << 20)
        text = f"{name} would have {size:.2f} MiB, more than the {limit:.2f} MiB it may have"
        raise Refused(text, "Put the text into a file of the repository, and name that file.")
    try:
        if kind == "config":
            from gitkanban.board.formats import configfile

            wrong = configfile.parse(data, name)
            if wrong[0] is None:
                raise Bad(wrong[1][0])
        elif kind:
            parse_file(data, name)
    except Bad as bad:
        problem = bad.problem
        text = f"{name} could not be read any more: {problem.message}"
        raise Refused(text, problem.hint or "Nothing was changed.") from None
