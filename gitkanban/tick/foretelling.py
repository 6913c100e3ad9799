"""What a tick would do now, as far as that can be known without doing any of it (`--dry-run`)."""

from gitkanban import clock
from gitkanban.board import store
from gitkanban.board.repo.place import Place
from gitkanban.core.model import SHARED, Board
from gitkanban.core.names import NO_RUN
from gitkanban.core.tick.outcome import Outcome, Started
from gitkanban.core.tick.schedule import Start
from gitkanban.runs.observe import observe
from gitkanban.runs.records import machines
from gitkanban.runs.supervision.locks import Locks
from gitkanban.runs.workspace import worktrees
from gitkanban.tick.observing import lines_in_the_way, untrusted_workers
from gitkanban.tick.state import BoardLook


def foretell(place: Place, locks: Locks) -> Outcome:
    """Return the outcome that a tick would have, without doing any of it.

    Raises as `rounds.tick` does.
    """
    machines.refuse_elsewhere(place)
    board = store.read(place)
    look = BoardLook.planned(board, observe(place, board, int(clock.now()), locks))
    starts = tuple(
        Started(
            start.card, NO_RUN, start.slot, _workspace_path(place, board, start), branch="", pid=0
        )
        for start in look.plan.starts
    )
    return Outcome(
        settled=look.plan.settled,
        stopped=look.plan.stops,
        started=starts,
        holds=look.plan.holds,
        notices=(
            *look.plan.notices,
            *(f"would close run {facts.run} of {facts.card}" for facts in look.plan.reclaims),
            *(f"would accept {card}" for card in look.plan.accepts),
        ),
        untrusted=untrusted_workers(look),
        standstill=look.observed.standstill,
        errors=lines_in_the_way(look),
        dry_run=True,
    )


def _workspace_path(place: Place, board: Board, start: Start) -> str:
    worker = board.config.workers[start.worker] if board.config else None
    if worker is None or worker.workspace_policy == SHARED:
        return place.main
    return worktrees.current_path(place, start.card, board.config.worktrees if board.config else "")
