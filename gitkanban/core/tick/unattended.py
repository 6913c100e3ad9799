"""Which cards in review a tick accepts by itself, because their worker asks for no person."""

from collections.abc import Collection

from gitkanban.core.model import DONE, REVIEW, Board, Card
from gitkanban.core.names import CardId
from gitkanban.core.split_cards import open_cards


def accepts(board: Board, card: Card) -> bool:
    """Whether a tick and not a person accepts the card: its worker has `on_success: done`."""
    worker = board.worker_of(card)
    return worker is not None and worker.on_success == DONE


def to_accept(board: Board, elsewhere: Collection[CardId] = ()) -> tuple[CardId, ...]:
    """The cards in review that a tick accepts by itself, except those whose work is `elsewhere`."""
    reviews = [card for card in open_cards(board.cards) if card.status == REVIEW]
    return tuple(
        sorted(card.id for card in reviews if accepts(board, card) and card.id not in elsewhere)
    )
