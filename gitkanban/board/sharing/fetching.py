"""What is shared fetched from the remote: board, base, and branches of cards.

No branch of ours moves.
"""

from collections.abc import Iterable

from gitkanban import failpoints
from gitkanban.board import store
from gitkanban.board.repo import checkouts, remotes
from gitkanban.board.sharing.link import Link
from gitkanban.board.work import cardwork
from gitkanban.core.ids import CARD_BRANCHES, CARD_REFS
from gitkanban.core.model import Board
from gitkanban.core.names import NO_OID, CardId, Oid
from gitkanban.core.tick.travel import extendable


def fetch(link: Link) -> Oid:
    """Fetch what is shared, and return the remote's tip of the board; empty if it has none.

    With it come the branches of open cards whose last work is not here, or on which people may
    have built. Raises Offline.
    """
    branches = [link.place.branch, *filter(None, [link.base])]
    wanted = {f"refs/heads/{name}": f"refs/remotes/{link.remote}/{name}" for name in branches}
    there = remotes.fetch(link.place, link.remote, wanted, _card_patterns(link))
    failpoints.reach("sync.fetched")
    return link.tip_there(link.place.branch) if link.place.ref in there else NO_OID


def fetch_cards(link: Link, status: str = "") -> None:
    """Fetch the branches of open cards (of one status) whose last work is not here.

    Raises Offline.
    """
    board = _board_at_work(link)
    missing = cardwork.missing(link.place, board) if board else []
    cards = [card for card in missing if board and status in ("", board.cards[card].status)]
    if cards:
        fetch_branches(link, cards)


def fetch_branches(link: Link, cards: Iterable[CardId]) -> None:
    """Fetch the branches of these cards. Raises Offline."""
    remotes.fetch(link.place, link.remote, {}, _patterns_of(link, cards))


def _card_patterns(link: Link) -> list[str]:
    board = _board_at_work(link)
    if board is None:
        return []
    cards = {*cardwork.missing(link.place, board), *extendable(board)}
    return _patterns_of(link, sorted(cards))


def _patterns_of(link: Link, cards: Iterable[CardId]) -> list[str]:
    # With a star: a branch that is not there is no fault.
    return [
        f"+{CARD_REFS}{card}*:refs/remotes/{link.remote}/{CARD_BRANCHES}{card}*" for card in cards
    ]


def _board_at_work(link: Link) -> Board | None:
    """Return the board here if the work of its cards travels; else, and without one, None."""
    if not link.work or not checkouts.tip(link.place, link.place.ref):
        return None
    return store.read(link.place)
