"""Cards and workers by what a person called them; the error if there is none of that name."""

from collections.abc import Iterable

from gitkanban.core.ids import did_you_mean, fault, resolve
from gitkanban.core.model import Board, Card
from gitkanban.errors import BadData, NotFound


def card_of(board: Board, text: str) -> Card:
    """The card named by an id or a prefix. Raises NotFound, BadData for a quarantined one."""
    bad = next((problem for problem in board.problems if problem.card == text), None)
    if bad and text not in board.cards:
        raise BadData(f"card {text} cannot be read: {bad.located}", bad.hint)
    if text in board.archived and text not in board.cards:
        raise NotFound(f"card {text} is done and archived", "`gitkanban show` still shows it.")
    return board.cards[resolve(board.cards, text)]


def not_known(what: str, name: str, known: Iterable[str]) -> NotFound:
    """The error that there is no worker, profile or capacity of that name; close ones are named."""
    return NotFound(f"no {what} {name!r}", did_you_mean(name, known))


def no_worker(name: str, known: Iterable[str]) -> NotFound:
    """The error that there is no worker for a card; close ones are named, and how one is made."""
    names = list(known)
    near = did_you_mean(name, names) if names else ""
    line = f"gitkanban workers add {'NAME' if fault(name) else name}"
    hint = f"{near} Or make it: {line}." if near else f"Make it: {line}."
    return NotFound(f"no worker {name!r}", hint)
