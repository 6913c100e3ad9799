"""What a situation counts beside the board: costs, and how much work in review changes.

All of it is optional: what is not known is not shown.
"""

from collections.abc import Iterable, Mapping

from gitkanban.core.agents.cost import DOLLAR, parse_amount
from gitkanban.core.model import Run
from gitkanban.core.names import CardId, RunId
from gitkanban.core.tick.verdict import SUCCEEDED
from gitkanban.typed import NamedTuple


class RunCost(NamedTuple):
    """What one ended run cost; `ended` in epoch seconds, `cost_usd` a decimal number or empty.

    `clone` is the one that it ran in, `took` the seconds that it took if it succeeded, else 0.
    """

    card: CardId
    ended: int = 0
    cost_usd: str = ""
    clone: str = ""
    worker: str = ""
    took: int = 0


def cost_of(run: Run) -> RunCost:
    """What its record says that a run cost, and how long it took."""
    took = run.ended - run.started if run.outcome == SUCCEEDED and run.started else 0
    return RunCost(
        run.card, run.ended, run.cost_usd, run.clone, worker=run.worker, took=max(0, took)
    )


class WorkSize(NamedTuple):
    """How much a card's work changes: lines added and removed, in how many files."""

    added: int
    removed: int
    files: int


class Figures(NamedTuple):
    """What is known beside the board."""

    costs: Mapping[RunId, RunCost] = {}  # by run
    sizes: Mapping[str, WorkSize] = {}  # by card in review
    verified: frozenset[str] = frozenset()  # cards whose last run passed its verify, as seen here
    finished: Mapping[CardId, int] = {}  # since when cards are done or dropped, epoch seconds


NO_FIGURES = Figures()


def total_cost(costs: Iterable[str]) -> str:
    """The sum of decimal numbers, as one; empty if none is given. What is not a cost is left out."""
    known = [amount for text in costs if (amount := parse_amount(text)) is not None]
    return f"{sum(known) / DOLLAR:.6f}".rstrip("0").rstrip(".") if known else ""
