"""The future of a board at its usual pace: sessions take what their worker's last ones took.

A guess from what there was, and no promise.
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
    """A simulated future, what it assumes, and the longest chain of work left: how many seconds of
    sessions it takes, and its cards."""

    question: Question
    done: Simulated
    chain_seconds: int
    chain: tuple[CardId, ...]


def usual_forecast(board: Board, observed: Observed, runs: Iterable[Run]) -> Forecast | None:
    """What would come if all went as it usually does; `runs` are those there were. None where the
    config cannot be read."""
    if board.config is None:
        return None
    usual = session_lengths(map(cost_of, runs))
    question = Question({name: usual[name] for name in usual if name in board.config.workers})
    return Forecast(question, simulate(board, observed, question), *chain_left(board, question))


def chain_left(board: Board, question: Question) -> tuple[int, tuple[CardId, ...]]:
    """The chain of open cards that needs most seconds of sessions, whatever holds them back; cards
    in review need none. One card is no chain."""

    def takes(card: Card) -> float:
        return 0 if card.status == REVIEW else duration(question, card.worker, card.id)

    seconds, chain = longest_chain({card.id: card for card in open_cards(board.cards)}, takes)
    return (int(seconds), tuple(chain)) if len(chain) > 1 else (0, ())
