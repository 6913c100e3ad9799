"""What earlier ticks of this clone did but never printed, such as those between two cron mails.

It reads the board's commits; what they mean is decided in `core.tick.since`.
"""

from gitkanban.board import store
from gitkanban.board.repo import checkouts
from gitkanban.board.repo.clone import clone_id
from gitkanban.board.repo.place import Place
from gitkanban.core.model import DONE, SHARED, Board
from gitkanban.core.names import Oid, WorkerName
from gitkanban.core.tick.outcome import Outcome, Started
from gitkanban.errors import GitkanbanError
from gitkanban.runs.records import printed


def add_earlier(place: Place, outcome: Outcome) -> tuple[Outcome, Oid]:
    """Return the outcome with what was done before it, and the commit to note once it is printed.

    If nothing was printed before, or the history since then cannot be read, nothing is added.
    """
    tip, before = checkouts.tip(place, place.ref), printed.last(place.private)
    if not before or before == tip:
        return outcome, tip
    # Late: most ticks find that nothing was done since the last one.
    from gitkanban.board.review.steps import steps_between
    from gitkanban.core.tick.since import outcome_since, with_earlier

    try:
        board = store.read(place)
        workers = board.config.workers.values() if board.config else ()
        accepting = {WorkerName(worker.name) for worker in workers if worker.on_success == DONE}
        steps = steps_between(place, before, tip)
    except GitkanbanError:
        return outcome, tip
    earlier = outcome_since(steps, clone_id(place), accepting)
    started = tuple(_with_workspace(place, board, each) for each in earlier.started)
    return with_earlier(outcome, earlier._replace(started=started)), tip


def _with_workspace(place: Place, board: Board, started: Started) -> Started:
    card = board.cards.get(started.card)
    worker = board.worker_of(card) if card else None
    if worker and worker.workspace_policy == SHARED:
        return started._replace(workspace=place.main)
    from gitkanban.runs.workspace import worktrees

    folder = board.config.worktrees if board.config else ""
    return started._replace(workspace=worktrees.current_path(place, started.card, folder))
