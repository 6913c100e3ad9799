"""From when a card may be tried again: its `not_before`, as far as a back-off can have set it."""

from gitkanban.core.model import Board, Card

BACKOFF_FIRST, BACKOFF_MOST = 10, 600  # seconds
# Seconds between a run's end and the next attempt, with room for clocks that differ. Earlier versions
# set as much after a limit.
LONGEST = 6 * BACKOFF_MOST


def due(board: Board, card: Card, now: int) -> int:
    """From when a card may start (epoch seconds; 0: at once).

    A clock that was wrong, or a slip of the hand, puts `not_before` days or years ahead. After a
    run one that no back-off can have set counts no longer than the longest from that run's end on,
    and not at all where that end itself lies far ahead. On a card that never ran it is a person's
    own date.
    """
    runs = board.runs_of(card.id)
    # The end is by the clock of whoever ran it, which may be hours behind; `not_before` is by ours.
    if card.not_before <= now + LONGEST or not runs:
        return card.not_before
    ended = runs[-1].ended
    if ended > now + LONGEST:
        return 0
    return min(card.not_before, ended + LONGEST)


def describe_excess(board: Board, card: Card, now: int) -> str:
    """What is said of a `not_before` that no back-off can have set; empty for any other."""
    if card.not_before > now and due(board, card, now) < card.not_before:
        return "its `not_before` is further ahead than the longest back-off, so it is ignored"
    return ""
