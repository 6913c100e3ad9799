"""The runs of today, for budgets: of a board only those of cards in work are read with it."""

from gitkanban.board.content import reading
from gitkanban.board.repo.place import Place
from gitkanban.core.model import Board, Run
from gitkanban.core.tick.budget import day_begins, has_day


def runs_today(place: Place, board: Board, now: int) -> tuple[Run, ...]:
    """The recorded runs that ended today (UTC), of whatever card; none where no budget asks."""
    if board.config is None or not has_day(board.config):
        return ()
    return reading.runs_since(place, board, day_begins(now))
