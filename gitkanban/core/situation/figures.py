"""Figures from outside the board: costs, and how much work in review changes.

All of them are optional: what is unknown is not shown.
"""

from collections.abc import Iterable, Mapping

from gitkanban.core.agents.cost import DOLLAR, parse_amount
from gitkanban.core.model import Run
from gitkanban.core.names import CardId, RunId
from gitkanban.core.tick.verdict import SUCCEEDED
from gitkanban.typed import NamedTuple


class RunCost(NamedTuple):
    """What one ended run cost; `ended` is in epoch seconds, `cost_usd` a decimal number or empty.

    `clone` is where it ran; `took` is how many seconds it took if it succeeded, else 0.
    """

    card: CardId
    ended: int = 0
    cost_usd: str = ""
    clone: str = ""
    worker: str = ""
    took: int = 0


def cost_of(run: Run) -> RunCost:
    """The cost and the duration of a run, from its record."""
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
    """What is known besides the board."""

    costs: Mapping[RunId, RunCost] = {}  # by run
    sizes: Mapping[str, WorkSize] = {}  # by card in review
    verified: frozenset[str] = frozenset()  # cards whose last run passed its verify in this clone
    finished: Mapping[CardId, int] = {}  # when cards were done or dropped, epoch seconds


NO_FIGURES = Figures()


def total_cost(costs: Iterable[str]) -> str:
    """The sum of costs, as a decimal number; empty if there are none. Invalid ones are left out."""
    known = [amount for text in costs if (amount := parse_amount(text)) is not None]
    return f"{sum(known) / DOLLAR:.6f}".rstrip("0").rstrip(".") if known else ""
