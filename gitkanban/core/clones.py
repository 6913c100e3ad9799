"""The clones that work on a board, as far as the board itself names them: where each is, what it
runs, and when it was last heard of.

A clone is heard of when one of its runs begins or ends. One that ticks and starts nothing is not.
"""

from collections.abc import Iterable

from gitkanban.core.ids import time_of_id
from gitkanban.core.model import RUNNING, Board
from gitkanban.core.names import CardId
from gitkanban.core.split_cards import open_cards
from gitkanban.core.time_words import ago
from gitkanban.typed import NamedTuple


class CloneAccount(NamedTuple):
    """What a board says of one clone."""

    clone: str
    host: str = ""  # its last one
    at: int = 0  # when it was last heard of, epoch seconds of its own clock; 0: unknown
    sign: str = ""  # by what: `T4 began`
    running: tuple[CardId, ...] = ()


def clones_of(board: Board) -> dict[str, CloneAccount]:
    """The clones that a board names."""
    accounts: dict[str, CloneAccount] = {}
    for clone, host, at, sign in sorted(_signs_of_life(board), key=lambda row: row[2]):
        known = accounts.get(clone, CloneAccount(clone))
        accounts[clone] = known._replace(host=host or known.host, at=at, sign=sign)
    for card in sorted(open_cards(board.cards)):
        if card.status == RUNNING and card.clone in accounts:
            known = accounts[card.clone]
            accounts[card.clone] = known._replace(running=(*known.running, card.id))
    return accounts


def other_clones(board: Board, own: str) -> dict[str, CloneAccount]:
    """Those of them that run cards now, but for our own."""
    cards = open_cards(board.cards)
    if not any(card.status == RUNNING and card.clone not in ("", own) for card in cards):
        return {}  # and no run needs to be looked at
    return {name: each for name, each in clones_of(board).items() if each.running and name != own}


def _signs_of_life(board: Board) -> Iterable[tuple[str, str, int, str]]:
    """(clone, host, when, what) of each run that the board knows."""
    for card in open_cards(board.cards):
        if card.status == RUNNING and card.clone:
            yield card.clone, card.host, int(time_of_id(card.run) or 0), f"{card.id} began"
    for runs in board.runs.values():
        for run in runs:
            if run.clone and run.started:  # else somebody else has written it
                yield run.clone, run.host, run.ended, f"{run.card} ended"


def last_heard(account: CloneAccount, now: int) -> str:
    """`last heard of 3 h ago (T4 began)`."""
    if not account.at:
        return "never heard of" if not account.running else "last heard of at an unknown time"
    return f"last heard of {ago(account.at, now)} ({account.sign})"
