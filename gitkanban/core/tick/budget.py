"""Budgets of boards and workers: what has been spent, and what they hold back.

A spent budget holds back starts and asks a person. It ends no session, and the future cost of
running sessions is not counted. Runs of unknown cost count as nothing, but are always mentioned.
"""

from collections.abc import Collection, Iterable

from gitkanban.core.agents.cost import Spent, add_up, day_of, dollars, spent_words
from gitkanban.core.model import Board, Card, Config, Run, Worker
from gitkanban.core.names import CardId
from gitkanban.core.tick.facts import Observed
from gitkanban.core.tick.verdict import counting
from gitkanban.typed import Literal, NamedTuple

_DAY = 86400
WARN_AT = 80  # percent of a budget


class Use(NamedTuple):
    """How much of one budget is spent. `whose`: the card, the worker, or `the board`."""

    kind: Literal["card", "day"]
    whose: str
    spent: Spent
    budget: int

    @property
    def is_over(self) -> bool:
        """Whether the budget is used up."""
        return self.spent.amount >= self.budget

    @property
    def is_near(self) -> bool:
        """Whether at least WARN_AT percent of the budget is spent, so that people should know."""
        return self.spent.amount * 100 >= self.budget * WARN_AT

    @property
    def text(self) -> str:
        """`coder has spent $34.10 of $40.00 today`."""
        today = " today" if self.kind == "day" else ""
        return f"{self.whose} has spent {spent_words(self.spent)} of {dollars(self.budget)}{today}"

    @property
    def frees(self) -> str:
        """What lets the card or the worker go on, in words."""
        if self.kind == "card":
            more = dollars(self.budget)
            return f"`gitkanban retry {self.whose}` (another {more}), or a larger budget.card"
        return "the end of the day (UTC), or a larger budget.day"


def has_day(config: Config) -> bool:
    """Whether there is any daily budget."""
    return bool(config.budget_day) or any(w.budget_day for w in config.workers.values())


def has_any(config: Config) -> bool:
    """Whether there is any budget."""
    workers = config.workers.values()
    return has_day(config) or bool(config.budget_card) or any(w.budget_card for w in workers)


def day_begins(now: int) -> int:
    """The start of the day (UTC) of a time, in epoch seconds."""
    return now // _DAY * _DAY


class Ledger:
    """The costs of a board's runs, added up once.

    Today's runs are those of the board together with the observed ones.
    """

    def __init__(self, board: Board, observed: Observed) -> None:
        self._board = board
        config = board.config
        workers = config.workers.values() if config else ()
        self._days = {worker.name: worker.budget_day for worker in workers if worker.budget_day}
        self._day = config.budget_day if config else 0
        self._card = config.budget_card if config else 0
        self._now = observed.now
        self._today = self._runs_today(observed) if self._day or self._days else ()
        self._uses: list[Use] | None = None

    def _runs_today(self, observed: Observed) -> tuple[Run, ...]:
        every = {run.run: run for runs in self._board.runs.values() for run in runs}
        every |= {run.run: run for run in observed.runs_today}
        today = day_of(self._now)
        return tuple(run for run in every.values() if day_of(run.ended) == today)

    def days(self) -> list[Use]:
        """The use of every daily budget: the board's, then the workers' by name."""
        if self._uses is None:
            self._uses = self._add_up_days()
        return self._uses

    def _add_up_days(self) -> list[Use]:
        days = [self._use_of_day("the board", self._today, self._day)] if self._day else []
        for name, budget in sorted(self._days.items()):
            days.append(self._use_of_day(name, self._of_worker(name), budget))
        return days

    def _of_worker(self, name: str) -> Iterable[Run]:
        return (run for run in self._today if run.worker == name)

    def _use_of_day(self, whose: str, runs: Iterable[Run], budget: int) -> Use:
        return Use("day", whose, add_up(runs), budget)

    def of_card(self, card: Card, worker: Worker | None) -> Use | None:
        """The use of the card's own budget; None if it has none.

        A person's retry, reject or reopen gives the card the full budget again.
        """
        budget = (worker.budget_card if worker else 0) or self._card
        if not budget:
            return None
        runs = counting(self._board.runs_of(card.id), card.attempts_after)
        return Use("card", card.id, add_up(runs), budget)

    def over(self, card: Card, worker: Worker | None) -> Use | None:
        """The first used-up budget that holds the card back if this worker takes it, or None."""
        own = self.of_card(card, worker)
        uses = [*([own] if own else []), *self.days()]
        names = ("the board", worker.name if worker else "")
        mine = (use for use in uses if use.kind == "card" or use.whose in names)
        return next((use for use in mine if use.is_over), None)

    def midnight(self) -> int:
        """The end of the day (UTC), in epoch seconds."""
        return day_begins(self._now) + _DAY


def near_lines(board: Board, observed: Observed) -> list[str]:
    """One line for each daily budget that is nearly or fully spent."""
    return [use.text for use in Ledger(board, observed).days() if use.is_near]


def crossed(
    before: Board, after: Board, observed: Observed, cards: Collection[CardId]
) -> tuple[str, ...]:
    """One line for each budget that became nearly spent when these cards' runs ended."""
    config = after.config
    if not cards or config is None or not has_any(config):
        return ()
    was, now = (_nearly_spent(board, observed, cards) for board in (before, after))
    return tuple(use.text for whose, use in now.items() if whose not in was)


def _nearly_spent(board: Board, observed: Observed, cards: Collection[CardId]) -> dict[str, Use]:
    ledger = Ledger(board, observed)
    known = (board.cards[card] for card in sorted(cards) if card in board.cards)
    own = (ledger.of_card(card, board.worker_of(card)) for card in known)
    return {use.whose: use for use in (*ledger.days(), *own) if use and use.is_near}
