"""Cards by the names that people type, and the errors for unknown names."""

from collections.abc import Iterable

from gitkanban.core.ids import did_you_mean, fault, resolve
from gitkanban.core.model import Board, Card
from gitkanban.errors import BadData, NotFound


def card_of(board: Board, text: str) -> Card:
    """Return the card that an id or prefix names. Raises NotFound, BadData if quarantined."""
    bad = next((problem for problem in board.problems if problem.card == text), None)
    if bad and text not in board.cards:
        raise BadData(f"card {text} cannot be read: {bad.located}", bad.hint)
    if text in board.archived and text not in board.cards:
        raise NotFound(f"card {text} is done and archived", "`gitkanban show` still shows it.")
    return board.cards[resolve(board.cards, text)]


def not_known(what: str, name: str, known: Iterable[str]) -> NotFound:
    """The error for an unknown worker, profile or capacity; it suggests names that are close."""
    return NotFound(f"no {what} {name!r}", did_you_mean(name, known))


def no_worker(name: str, known: Iterable[str]) -> NotFound:
    """The error for an unknown worker of a card; it suggests close names and how to add one."""
    names = list(known)
    near = did_you_mean(name, names) if names else ""
    line = f"gitkanban workers add {'NAME' if fault(name) else name}"
    hint = f"{near} Or make it: {line}." if near else f"Make it: {line}."
    return NotFound(f"no worker {name!r}", hint)
