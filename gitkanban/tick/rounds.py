"""The tick: read, observe, reconcile, schedule, accept, commit, start; round by round.

What to do is for `core.tick.plan` to decide, and how each step is done is in the module of its
name. A tick that is killed at any line leaves a difference between what is recorded and what is
observed, which the next one repairs; there is no other recovery code.
"""

import os
from collections.abc import Iterable

from gitkanban import failpoints
from gitkanban.board.repo import signing
from gitkanban.board.repo.place import Place
from gitkanban.core.tick.outcome import Outcome, Started
from gitkanban.errors import BoardBusy
from gitkanban.runs.records import again, machines, ticked
from gitkanban.runs.supervision import processes
from gitkanban.runs.supervision.locks import HeldLock, Locks
from gitkanban.tick import (
    accepting,
    committing,
    ending,
    foretelling,
    observing,
    reserving,
    sharing,
    starting,
)
from gitkanban.tick.accepting import Merges
from gitkanban.tick.state import BoardLook, FailedStart, StartProgress, TickState

ROUNDS_MOST = 100  # looks at the board in one tick; the next tick goes on from there


def show_no_progress(
    starts: Iterable[Started | FailedStart], _total: int, _what: str
) -> Iterable[Started | FailedStart]:
    """Hand the starts on as they come."""
    return starts


def tick(
    place: Place,
    dry_run: bool = False,
    progress: StartProgress = show_no_progress,
    remote: str = "",
) -> Outcome:
    """Do one tick, and another pass for every tick that came by in the meantime.

    Called from inside a session it only leaves a mark. `progress` is handed the starts while they
    come about, and hands them on. Raises GitkanbanError where nothing can be done at all; what
    fails for one card is in the outcome's errors. With a `remote`, other clones tick the same board:
    it is synced first, and what starts is pushed there before it does.
    """
    locks = Locks(place.private)
    if dry_run:
        return foretelling.foretell(place, locks)
    if os.environ.get(processes.MARKER) or processes.session_above()[1]:
        again.ask_again(place.private)
        return Outcome(contended=True)
    outcome = Outcome()
    for _ in range(ROUNDS_MOST):
        lock = _take_tick_lock(place, locks)
        if lock is None:
            return outcome._replace(contended=True)
        state = TickState(place, locks, progress, remote)
        with lock:
            _tick_locked(state)
        failpoints.reach("tick.unlocked")
        with signing.unattended():
            sharing.share(state)
        _notify_where_asked(state)
        outcome = outcome.then(state.outcome)
        if not again.was_asked(place.private):
            break
    return outcome


def _notify_where_asked(state: TickState) -> None:
    if state.config and state.config.notify:
        from gitkanban.tick import notifying  # late: few boards ask for it

        notifying.notify(state)


def _take_tick_lock(place: Place, locks: Locks) -> HeldLock | None:
    """The tick lock; None if another tick is at work, which will make another pass for us."""
    lock = locks.take("tick")
    if lock is None:
        again.ask_again(place.private)
        failpoints.reach("tick.marked")
        # Its holder may have looked for marks just before we left ours.
        lock = locks.take("tick")
    return lock


def _tick_locked(state: TickState) -> None:
    """Make passes until a look at the board asks for nothing more. Call it with the tick lock held."""
    failpoints.reach("tick.locked")
    again.clear(state.place.private)
    state.add(notices=tuple(machines.enter(state.place)))
    ticked.note(state.place.private, state.remote.name if state.remote else "")
    failpoints.reach("tick.mark-cleared")
    with signing.unattended():
        observing.notice_tampering(state)
        observing.catch_up(state)
        for _ in range(ROUNDS_MOST):
            if state.remote:
                state.remote.catch_up()
            if not run_round(state):
                break


def run_round(state: TickState) -> bool:
    """One look at the board and what follows from it; whether to look again."""
    observing.notice_tampering(state)  # of runs that were closed only now
    board = observing.read_board(state)
    observed = observing.observe_board(state, board)
    look = BoardLook.planned(board, observed)  # reconcile, schedule
    failpoints.reach("tick.planned")
    observing.report_look(state, look)
    if ending.close_dead_runs(state, look):
        return True
    ending.stop_sessions(state, look)
    if observed.standstill:
        return False
    try:
        merges, look = accepting.accept_unattended(state, look)
        return commit_and_start(state, look, merges)
    except BoardBusy as busy:
        state.add(standstill=busy.message)
        return False


def commit_and_start(state: TickState, look: BoardLook, merges: Merges) -> bool:
    """Settle, accept and start in one commit; whether there is something new to look at.

    With a remote it is two: what has happened is ours to say, and base and board say it here
    before a start asks the remote. So a remote never says `done` of work that base lacks, and
    one that is out of reach stops no settlement.
    """
    proposals = observing.cards_for_proposals(state, look)
    settles_first = state.remote is not None and bool(look.plan.changes or proposals)
    starts = [] if settles_first else reserving.planned_starts(state, look)
    with reserving.reserve_starts(state, look, starts) as reserved:
        changes = (*look.plan.changes, *proposals, *reserved.claims)
        observing.remember_agents(state, look)
        committed = committing.commit_board(
            state, look.board, changes, merges.base, claims=bool(reserved.every)
        )
        if not committed:
            return True
        reserved.committed = True
        state.started += len(reserved.every)
        accepting.report_accepted(state, merges)
        with committing.checkouts_following(state, committed, merges.base):
            ending.settle(state, look)
            failpoints.reach("tick.remember")
            observing.remember(state, look)
            failpoints.reach("tick.launch")
            failed = starting.start_sessions(state, look, reserved.every)
    reserving.report_holds(state, look, reserved.every)
    return failed or settles_first or len(reserved.every) < len(starts) or bool(proposals)
