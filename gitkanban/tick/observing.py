"""What a tick looks at before it decides: the board, the facts beside it, and what others changed.

What is in everybody's way is reported here; what holds back a single card is in the plan.
"""

from collections.abc import Collection, Iterable, Sequence

from gitkanban import clock
from gitkanban.board import store
from gitkanban.board.following import follow_base, follow_board
from gitkanban.board.following.restoring import restore
from gitkanban.board.repo import refs
from gitkanban.board.repo.checkouts import base_of
from gitkanban.core.changes import Change
from gitkanban.core.model import Board
from gitkanban.core.names import WorkerName
from gitkanban.core.split_cards import open_cards
from gitkanban.core.tick.facts import Observed
from gitkanban.core.tick.holds import NO_PROGRAM, UNTRUSTED, missing_words
from gitkanban.errors import BoardBusy
from gitkanban.runs import agent_setup, watching
from gitkanban.runs.observe import observe
from gitkanban.runs.records import agent_state, folders, last_tick, reached
from gitkanban.tick.state import BoardLook, TickState


def notice_tampering(state: TickState) -> None:
    """Report what changed during ended runs in what they shared with everybody.

    Call it before any of that is used.
    """
    ended = watching.waiting(state.runs)
    if not ended:
        return
    board = store.read(state.place)
    base = base_of(state.place, board.config) if board.config else ""
    try:
        notices = watching.notice(state.place, board, base, ended, now=int(clock.now()))
        state.add(notices=tuple(notices))
    except OSError as error:
        state.report_error(f"what changed during runs cannot be recorded: {error}")


def catch_up(state: TickState) -> None:
    """Restore what the board branch lost, and bring along the checkouts that were left behind."""
    try:
        state.runs = folders.remove_unborn(state.runs)
        _settle_claims(state)
        notices = (
            *refs.remove_stale_locks(state.place),
            *restore(state.place),
            *follow_base.complete(state.place),
            *follow_board.follow(state.place),
        )
    except BoardBusy:  # the round reports why
        return
    state.add(notices=notices)


def _settle_claims(state: TickState) -> None:
    """Remove what is left of starts that a remote was asked for and has not taken."""
    claimed = [each for each in state.runs if each.shows(folders.CLAIM)]
    if not claimed:
        return
    answered = clock.now()
    if state.remote:
        answered = reached.recall(state.place.private, state.remote.name).at
    cards = open_cards(store.read(state.place).cards)
    current = {card.run for card in cards if card.run}
    for folder in folders.settle_claims(claimed, current, answered):
        state.runs.remove(folder)
        state.add(notices=(f"run {folder.run} never began: the remote did not take its claim",))


def read_board(state: TickState) -> Board:
    """Read the board at its branch's tip, and note its config in `state`."""
    board = store.read(state.place)
    state.config = board.config
    return board


def observe_board(state: TickState, board: Board) -> Observed:
    """Return the facts that a plan for this board needs."""
    observed = observe(
        state.place,
        board,
        int(clock.now()),
        state.locks,
        executors=state.executors,
        runs=state.runs,
    )
    return observed._replace(started=state.started)


def report_look(state: TickState, look: BoardLook) -> None:
    """Add what is known before anything is done to the outcome."""
    state.add(
        stopped=look.plan.stops,
        holds=look.plan.holds,
        untrusted=untrusted_workers(look),
        standstill=look.observed.standstill,
        errors=lines_in_the_way(look),
        notices=_lines_before_first_start(state, look),
    )


def _lines_before_first_start(state: TickState, look: BoardLook) -> tuple[str, ...]:
    """Before the first run in this clone, return what the agents about to start seem to lack."""
    workers = {start.worker for start in look.plan.starts}
    if look.observed.known_runs or not workers:
        return ()
    unready = agent_setup.list_unready(state.place, look.board.config)
    return tuple(f"{worker}: {lack}" for worker, lack in unready if worker in workers)


def untrusted_workers(look: BoardLook) -> dict[WorkerName, str]:
    """Return {worker whose cards wait for trust: why}."""
    untrusted = look.observed.untrusted
    return {name: untrusted[name] for name in _workers_stopped(look, UNTRUSTED, untrusted)}


def lines_in_the_way(look: BoardLook) -> tuple[str, ...]:
    """Return a line for each fault of the configuration, and for each worker with missing programs.

    A bad card is left out: it concerns no other card, and `status` shows it.
    """
    problems = (
        each.located + (f" ({each.hint})" if each.hint else "")
        for each in look.board.problems
        if not each.card and each.file.endswith("config.yaml")
    )
    hint = "install it, or put its folder on PATH and `gitkanban trust`"
    missing = (
        f"nothing starts for {worker}: {missing_words(look.observed.missing[worker])} ({hint})"
        for worker in _workers_stopped(look, NO_PROGRAM, look.observed.missing)
    )
    return (*problems, *missing)


def _workers_stopped(
    look: BoardLook, code: str, suspects: Collection[WorkerName]
) -> Iterable[WorkerName]:
    """Return those of the suspects whose cards are held back for this reason, sorted."""
    if not suspects:
        return ()  # the holds need not be put into words
    cards = (each.card for each in look.plan.holds if each.code == code)
    return sorted({look.plan.after.cards[card].worker for card in cards})


def remember(state: TickState, look: BoardLook) -> None:
    """Leave to the next tick since when cards are ready, and who was served.

    A failed write is reported and stops no start.
    """
    try:
        last_tick.note_schedule(state.place.private, look.plan.ready_since, look.plan.served)
    except OSError as error:
        state.report_error(f"the cache for the next tick cannot be written: {error}")


def remember_agents(state: TickState, look: BoardLook) -> None:
    """Save what the ends of runs showed about agents.

    Call it before the board records those ends: a kill in between must not send the next card where
    this one failed.
    """
    try:
        agent_state.remember(state.place, look.plan.agents)
    except OSError as error:
        state.report_error(f"what was learned about agents cannot be saved: {error}")


def cards_for_proposals(state: TickState, look: BoardLook) -> Sequence[Change]:
    """Return changes that add cards for memory proposals, if enough proposals wait."""
    board = look.plan.after
    workers = board.config.workers.values() if board.config else ()
    if not any(worker.consolidate_to for worker in workers):
        return ()
    from gitkanban.runs.memory import consolidation  # late: few boards ask for it

    try:
        return consolidation.due(state.place, state.locks, board)
    except OSError as error:
        state.report_error(f"memory proposals cannot be read: {error}")
        return ()
