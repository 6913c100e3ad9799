"""The tick: read, observe, reconcile, schedule, accept, commit, start; round by round.

`core.tick.plan` decides what to do; each step is done by the module of its name. A tick that is
killed at any line leaves a difference between what is recorded and what is observed, which the next
one repairs; there is no other recovery code.
"""

import os
from collections.abc import Iterable
from contextlib import suppress

from gitkanban import failpoints
from gitkanban.board.repo import signing
from gitkanban.board.repo.place import Place
from gitkanban.core.tick.outcome import Outcome, Started
from gitkanban.core.tick.travel import last_work
from gitkanban.errors import BoardBusy
from gitkanban.runs.records import again, machines, ticked
from gitkanban.runs.supervision import processes
from gitkanban.runs.supervision.locks import HeldLock, Locks
from gitkanban.tick import accepting, committing, ending, observing, reserving, sharing
from gitkanban.tick.state import BoardLook, FailedStart, StartProgress, TickState

ROUNDS_MOST = 100  # looks at the board in one tick; the next tick goes on from there


def show_no_progress(
    starts: Iterable[Started | FailedStart], _total: int, _what: str
) -> Iterable[Started | FailedStart]:
    """Return the starts unchanged: they are passed on as they come, and nothing is shown."""
    return starts


def tick(
    place: Place,
    dry_run: bool = False,
    progress: StartProgress = show_no_progress,
    remote: str = "",
) -> Outcome:
    """Do one tick, and another pass if another tick was asked for in the meantime.

    Called from inside a session, it only leaves a mark that asks for one. `progress` receives the
    starts as they come and passes them on. With a `remote`, other clones tick the same board: it is
    synced first, and each start is pushed there before it begins. Raises GitkanbanError if nothing
    can be done at all; what fails for one card is in the outcome's errors.
    """
    locks = Locks(place.private)
    if dry_run:
        from gitkanban.tick import foretelling

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
        if not _tick_with_remote(state):
            sharing.report_remote(state)
            return outcome.then(state.outcome)._replace(contended=True)
        with signing.unattended():
            sharing.share(state)
        _notify_where_asked(state)
        _call_standby_where_needed(state)
        outcome = outcome.then(state.outcome)
        if not again.was_asked(place.private):
            break
    return outcome


def _tick_with_remote(state: TickState) -> bool:
    """Ask the remote, and tick again for as long as that brings something new to look at.

    Nobody waits for a network while the remote is asked: the tick lock is free. False if another
    tick took it in the meantime, which goes on from there.
    """
    for _ in range(ROUNDS_MOST):
        with signing.unattended():
            if state.remote is None or not state.remote.ask():
                break
        lock = _take_tick_lock(state.place, state.locks)
        if lock is None:
            return False
        with lock:
            _tick_locked(state)
        failpoints.reach("tick.unlocked")
    return True


def _notify_where_asked(state: TickState) -> None:
    if state.config and state.config.notify:
        from gitkanban.tick import notifying  # late: few boards ask for it

        notifying.notify(state)


def _call_standby_where_needed(state: TickState) -> None:
    if state.config and state.config.executors:
        from gitkanban.tick import calling  # late: few boards have a batch system

        with suppress(OSError):  # the next tick tries again
            calling.call_standby(state.place, state.words)


def _take_tick_lock(place: Place, locks: Locks) -> HeldLock | None:
    """Take the tick lock; None if another tick is at work, which will make another pass for us."""
    lock = locks.take("tick")
    if lock is None:
        again.ask_again(place.private)
        failpoints.reach("tick.marked")
        # Its holder may have looked for marks just before we left ours.
        lock = locks.take("tick")
    return lock


def _tick_locked(state: TickState) -> None:
    """Do rounds until a look at the board asks for nothing more. The tick lock must be held."""
    failpoints.reach("tick.locked")
    again.clear(state.place.private)
    state.look_at_runs()
    state.add(notices=tuple(machines.enter(state.place, state.runs)))
    ticked.note(state.place.private, state.remote.name if state.remote else "")
    failpoints.reach("tick.mark-cleared")
    with signing.unattended():
        observing.notice_tampering(state)
        observing.catch_up(state)
        for _ in range(ROUNDS_MOST):
            if not run_round(state):
                break
            state.look_at_runs()
            observing.notice_tampering(state)  # of runs that were closed only now


def run_round(state: TickState) -> bool:
    """Look at the board once and act on it; return whether to look again."""
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
        return commit_and_start(state, look)
    except BoardBusy as busy:
        state.add(standstill=busy.message)
        return False


def commit_and_start(state: TickState, look: BoardLook) -> bool:
    """Settle, accept and start in one commit; return whether there is something new to look at.

    With a remote it is two commits. What has happened is recorded here first, whatever the network
    does. Starts and accepts are then asked of the remote, in one push of the board with base: so it
    never says `done` of work that base lacks there, and no two clones accept onto bases of their
    own.
    """
    proposals = observing.cards_for_proposals(state, look)
    settles_first = state.remote is not None and bool(look.plan.changes or proposals)
    asks = not settles_first and _may_ask(state, look)
    merges = accepting.NO_MERGES
    if asks:
        merges, look = accepting.accept_unattended(state, look)
    starts = reserving.planned_starts(state, look) if asks else []
    with reserving.reserve_starts(state, look, starts) as reserved:
        changes = (*look.plan.changes, *proposals, *reserved.claims)
        observing.remember_agents(state, look)
        if state.remote:
            reserved.claim()
        committed = committing.commit_board(state, look.board, changes, merges.base, claims=asks)
        if not committed:
            reserved.uncertain = state.remote is not None and state.remote.uncertain
            return True
        reserved.committed = True
        if state.remote:
            reserved.confirm()
        state.started += len(reserved.every)
        accepting.report_accepted(state, merges)
        with committing.checkouts_following(state, committed, merges.base):
            ending.settle(state, look)
            failpoints.reach("tick.remember")
            observing.remember(state, look)
            failpoints.reach("tick.launch")
            failed = _start_sessions(state, look, reserved)
    reserving.report_holds(state, look, reserved.every)
    return failed or settles_first or len(reserved.every) < len(starts) or bool(proposals)


def _start_sessions(state: TickState, look: BoardLook, reserved: reserving.Reservations) -> bool:
    """Start what was committed; return whether any start failed, which the next round settles."""
    if not reserved.every:
        return False
    from gitkanban.tick import starting  # late: most ticks start nothing

    return starting.start_sessions(state, look, reserved.every)


def _may_ask(state: TickState, look: BoardLook) -> bool:
    """Return whether this round may start and accept: always, unless a remote must allow it."""
    if state.remote is None:
        return True
    starts = {start.card for start in look.plan.starts} - state.given_up
    if not starts and not {*look.plan.accepts} - state.given_up:
        return False
    again = any(last_work(look.board.runs_of(card)) for card in starts)
    return state.remote.may_claim(again)
