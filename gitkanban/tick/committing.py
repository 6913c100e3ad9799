"""The one commit of a round, and the checkouts that follow it.

Base moves with the board, in the same update of refs. What is committed is decided elsewhere.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from gitkanban import failpoints
from gitkanban.board import store
from gitkanban.board.store import Committed
from gitkanban.core.changes import Change
from gitkanban.core.model import Board
from gitkanban.core.names import NO_OID, Oid
from gitkanban.tick.state import TickState
from gitkanban.typed import TYPE_CHECKING
from gitkanban.views.message import commit_message

if TYPE_CHECKING:
    from gitkanban.board.work.integrate import BaseAhead


def commit_board(
    state: TickState,
    board: Board,
    changes: Sequence[Change],
    base: "BaseAhead | None" = None,
    claims: bool = False,
) -> Committed | None:
    """Commit on exactly this board; None if the branch has moved since it was read.

    `base` is what was merged ahead of it. A commit that `claims` starts or accepts is pushed to the
    remote first, if there is one; None if the remote does not take it.
    """
    failpoints.reach("tick.commit")
    remote = state.remote

    def claim_there(commit: Oid) -> bool:
        return remote is None or remote.claim(commit, board, base.tip if base else NO_OID)

    claim = claim_there if claims and remote else None
    done = store.commit_once(state.place, board, changes, commit_message, claim=claim, onto=base)
    failpoints.reach("tick.committed")
    if done:
        state.add(commit=done.commit or state.outcome.commit, notices=done.notices)
    return done


@contextmanager
def checkouts_following(
    state: TickState, done: Committed | None, base: "BaseAhead | None" = None
) -> Iterator[None]:
    """Bring checkouts along to a commit while the body runs, so that starts do not wait for it."""
    if not done or not done.commit:
        yield
        return
    from concurrent.futures import ThreadPoolExecutor  # late: most ticks have nothing to commit

    with ThreadPoolExecutor(1) as pool:
        followed = pool.submit(
            store.bring_checkouts_along, state.place, done._replace(notices=()), base
        )
        try:
            yield
        finally:
            state.add(notices=followed.result().notices)
