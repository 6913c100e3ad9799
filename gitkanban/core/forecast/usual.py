"""The future of a board at its usual pace, with sessions as long as each worker's recent ones.

It is a guess from the past, not a promise.
"""

from collections.abc import Iterable

from gitkanban.core.forecast.estimate import session_lengths
from gitkanban.core.forecast.simulate import Question, Simulated, duration, simulate
from gitkanban.core.graph import longest_chain
from gitkanban.core.model import REVIEW, Board, Card, Run
from gitkanban.core.names import CardId
from gitkanban.core.situation.figures import cost_of
from gitkanban.core.split_cards import open_cards
from gitkanban.core.tick.facts import Observed
from gitkanban.typed import NamedTuple


class Forecast(NamedTuple):
    """A simulated future, what it assumes, and the longest chain of work left.

    `chain_seconds` is the time of the chain's sessions, `chain` its cards.
    """

    question: Question
    done: Simulated
    chain_seconds: int
    chain: tuple[CardId, ...]


def usual_forecast(board: Board, observed: Observed, runs: Iterable[Run]) -> Forecast | None:
    """Simulate the future at the usual pace of `runs`; None if the config cannot be read."""
    if board.config is None:
        return None
    usual = session_lengths(map(cost_of, runs))
    question = Question({name: usual[name] for name in usual if name in board.config.workers})
    return Forecast(question, simulate(board, observed, question), *chain_left(board, question))


def chain_left(board: Board, question: Question) -> tuple[int, tuple[CardId, ...]]:
    """The chain of open cards whose sessions take longest: (seconds, cards).

    Holds are ignored, and cards in review take no time. (0, ()) if no chain has two cards.
    """

    def takes(card: Card) -> float:
        return 0 if card.status == REVIEW else duration(question, card.worker, card.id)

    seconds, chain = longest_chain({card.id: card for card in open_cards(board.cards)}, takes)
    return (int(seconds), tuple(chain)) if len(chain) > 1 else (0, ())
