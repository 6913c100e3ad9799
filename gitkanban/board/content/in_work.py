"""Which cards' runs and notes are read with a board; those of the others are read on demand."""

from collections.abc import Iterable

from gitkanban.core.model import BACKLOG, DONE, DROPPED, Card
from gitkanban.core.names import CardId

QUIET = frozenset({BACKLOG, DONE, DROPPED})  # their runs and notes are read on demand


def cards_in_work(cards: Iterable[Card]) -> frozenset[CardId]:
    """Return the cards whose runs and notes are read with the board."""
    return frozenset(
        card.id
        for card in cards
        if card.status not in QUIET or (card.status == BACKLOG and card.attempts_after)
    )
