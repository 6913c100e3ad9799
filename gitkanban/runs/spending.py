"""The runs of today, for budgets. A board value has only the runs of cards in work."""

from gitkanban.board.repo.place import Place
from gitkanban.core.model import Board, Run
from gitkanban.core.tick.budget import day_begins, has_day


def runs_today(place: Place, board: Board, now: int) -> tuple[Run, ...]:
    """Return the runs of any card that ended today (UTC); none where no budget needs them."""
    if board.config is None or not has_day(board.config):
        return ()
    from gitkanban.board.content.histories import runs_since  # late: few boards have such a budget

    return runs_since(place, board, day_begins(now))
