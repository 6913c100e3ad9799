"""When a card could start, judging by how long sessions have taken so far.

It assumes that people act at once: a review is accepted now. There is no estimate for a card that
waits for one that only a person can free, or for a worker that has not finished anything yet.
"""

from collections.abc import Iterable, Mapping
from statistics import median

from gitkanban.core.forecast.simulate import Bar, Duration, Question, simulate
from gitkanban.core.graph import unfinished
from gitkanban.core.model import REVIEW, RUNNING, TODO, Board, Card
from gitkanban.core.names import CardId
from gitkanban.core.situation.figures import RunCost
from gitkanban.core.tick.facts import Observed
from gitkanban.typed import NamedTuple

RUNS_MOST = 20  # the number of a worker's latest runs that count


class Estimate(NamedTuple):
    """The time `start` (epoch seconds) at which a card could start.

    That is at the end of `card`, whose worker's sessions take `takes` seconds.
    """

    start: int
    card: CardId
    takes: int


def estimate_start(
    board: Board, observed: Observed, card: Card, runs: Iterable[RunCost]
) -> Estimate | None:
    """Estimate when a card in todo could start; None if that is now, or unknown."""
    takes = session_lengths(runs)
    before = _list_before(board, card, takes) if card.status == TODO and takes else None
    if before is None:
        return None
    question = Question(takes, until_start=card.id)
    bars = simulate(board, observed, question).bars
    mine = next((bar for bar in bars if bar.card == card.id and not bar.ran), None)
    if mine is None or mine.start <= observed.now:
        return None
    last = _last_before(bars, mine, card)
    late = {
        bar.card for bar in bars if bar.ran and bar.end <= observed.now + 1
    }  # overdue: their end is unknown
    if last is None or last.worker not in takes or late & {*before, last.card}:
        return None
    return Estimate(mine.start, CardId(last.card), takes[last.worker].mean)


def session_lengths(runs: Iterable[RunCost]) -> dict[str, Duration]:
    """Map each worker to the usual length of its sessions that succeeded."""
    ended: dict[str, list[tuple[int, int]]] = {}
    for run in runs:
        if run.took > 0 and run.worker:
            ended.setdefault(run.worker, []).append((run.ended, run.took))
    return {
        worker: Duration(round(median(took for _, took in sorted(each)[-RUNS_MOST:])))
        for worker, each in ended.items()
    }


def _list_before(board: Board, card: Card, takes: Mapping[str, Duration]) -> set[CardId] | None:
    """All cards that a card waits for.

    None if one of them does not go on by itself, or takes an unknown time.
    """
    front, reached = [card], set[CardId]()
    while front:
        for name in unfinished(board, front.pop()):
            parent = board.cards.get(name)
            if parent is None or parent.status not in (TODO, RUNNING, REVIEW):
                return None
            if parent.status != REVIEW and parent.worker not in takes:
                return None
            if name not in reached:
                reached.add(name)
                front.append(parent)
    return reached


def _last_before(bars: Iterable[Bar], mine: Bar, card: Card) -> Bar | None:
    """The session at whose end the card starts: a parent's, else the one that makes room for it."""
    ended = [bar for bar in bars if bar.end <= mine.start and bar is not mine]
    parents = [bar for bar in ended if bar.card in card.parents and bar.end == mine.start]
    same = [bar for bar in ended if bar.end == mine.start]
    return max(
        parents or same, key=lambda bar: (bar.profile == mine.profile, bar.card), default=None
    )
