"""Figures that are not on the board itself, as far as this machine knows them.

They are the costs of runs, the size of work in review and whether its verify passed, and since when
cards are done or dropped.
"""

from collections.abc import Collection

from gitkanban.board.content import finish_times, run_costs
from gitkanban.board.repo.place import Place
from gitkanban.core.model import REVIEW, Board, Card
from gitkanban.core.names import CardId
from gitkanban.core.situation.figures import Figures, WorkSize
from gitkanban.core.split_cards import open_cards
from gitkanban.runs.records import folders


def gather(
    place: Place,
    board: Board,
    only: Collection[Card] | None = None,
    changed: tuple[str, Collection[CardId]] = ("", ()),
) -> Figures:
    """Return the figures of a board; most come from caches.

    `only` limits them to what some of its cards need. `changed` is as for `finish_times.read`.
    """
    sizes, verified = _look_at_reviews(place, board)
    costs = run_costs.read(place, board)
    return Figures(costs, sizes, verified, finish_times.read(place, board, only, changed))


def _look_at_reviews(place: Place, board: Board) -> tuple[dict[str, WorkSize], frozenset[CardId]]:
    """Return the sizes of the work in review, and the cards whose verify has passed."""
    waiting = [card.id for card in open_cards(board.cards) if card.status == REVIEW]
    if not waiting:
        return {}, frozenset()
    from gitkanban.board.work import worksize  # late: many boards have no card in review

    verified = frozenset(card for card in waiting if _is_verified(place, board, card))
    return worksize.measure(place, board), verified


def _is_verified(place: Place, board: Board, card: CardId) -> bool:
    from gitkanban.board.work import cardwork

    done = cardwork.result_of(board.runs_of(card))
    end = folders.of(place.private, done.run).exit() if done else None
    verify = end.step("verify") if end else None
    return verify is not None and verify.exit == 0
