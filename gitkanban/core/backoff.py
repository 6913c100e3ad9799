"""When a card may be tried again: its `not_before`, unless no back-off can have set it."""

from gitkanban.core.model import Board, Card, Run

BACKOFF_FIRST, BACKOFF_MOST = 10, 600  # seconds
# Seconds from a run's end to the next attempt, at most, allowing for clocks that differ.
LONGEST = 6 * BACKOFF_MOST


def due(board: Board, card: Card, now: int) -> int:
    """The time from which a card may start, in epoch seconds; 0: at once.

    A date that a person chose counts as it is. What the end of a run has set may come from a wrong
    clock: if no back-off can have set it, it is cut to LONGEST after that end, and ignored if the
    end itself lies far ahead.
    """
    run = _run_that_set(board, card)
    # The run's end is by its host's clock, which may be hours behind; `not_before` is by ours.
    if card.not_before <= now + LONGEST or run is None:
        return card.not_before
    if run.ended > now + LONGEST:
        return 0
    return min(card.not_before, run.ended + LONGEST)


def first_sight(board: Board, card: Card, now: int) -> int:
    """The time to which a tick sets a wait that a clock ahead of its own has set; 0: it stays.

    That clock tells how long the card was to wait. It is counted from now, when the wait is first
    seen here.
    """
    run = _run_that_set(board, card)
    if run is None or card.not_before <= now + BACKOFF_MOST:
        return 0
    return now + max(BACKOFF_FIRST, min(BACKOFF_MOST, card.not_before - run.ended))


def _run_that_set(board: Board, card: Card) -> Run | None:
    """The run whose end has set the card's `not_before`; None: a person did, or nobody."""
    runs = board.runs_of(card.id) if card.not_before else ()
    return next((run for run in reversed(runs) if run.not_before == card.not_before), None)


def describe_excess(board: Board, card: Card, now: int) -> str:
    """A remark on a `not_before` that no back-off can have set; empty for any other."""
    if card.not_before > now and due(board, card, now) < card.not_before:
        return "its `not_before` is further ahead than the longest back-off, so it is ignored"
    return ""
