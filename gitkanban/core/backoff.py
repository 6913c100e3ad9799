"""When a card may be tried again: its `not_before`, unless no back-off can have set it."""

from gitkanban.core.model import Board, Card

BACKOFF_FIRST, BACKOFF_MOST = 10, 600  # seconds
# Seconds from a run's end to the next attempt, at most, allowing for clocks that differ. Earlier
# versions waited that long after a limit.
LONGEST = 6 * BACKOFF_MOST


def due(board: Board, card: Card, now: int) -> int:
    """The time from which a card may start, in epoch seconds; 0: at once.

    A wrong clock or a typing mistake can put `not_before` days or years ahead. If the card has run,
    a value that no back-off can have set is cut to LONGEST after the end of its last run, and
    ignored if that end itself lies far ahead. If the card has never run, a person chose the date,
    and it counts as it is.
    """
    runs = board.runs_of(card.id)
    # The run's end is by its host's clock, which may be hours behind; `not_before` is by ours.
    if card.not_before <= now + LONGEST or not runs:
        return card.not_before
    ended = runs[-1].ended
    if ended > now + LONGEST:
        return 0
    return min(card.not_before, ended + LONGEST)


def describe_excess(board: Board, card: Card, now: int) -> str:
    """A remark on a `not_before` that no back-off can have set; empty for any other."""
    if card.not_before > now and due(board, card, now) < card.not_before:
        return "its `not_before` is further ahead than the longest back-off, so it is ignored"
    return ""
