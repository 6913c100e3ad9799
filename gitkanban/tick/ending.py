"""Closes dead runs, stops sessions whose card has moved on, settles what the board has recorded.

What an end means is decided elsewhere. Every effect can be repeated: whatever a kill leaves undone
is done by the next tick, or by `gc`.
"""

from collections.abc import Iterable
from contextlib import suppress

from gitkanban import clock, failpoints
from gitkanban.board.repo import commits
from gitkanban.board.repo.checkouts import base_of
from gitkanban.board.repo.place import Place
from gitkanban.core.ids import card_ref
from gitkanban.core.model import DONE, Config
from gitkanban.core.names import CardId, Oid, RunId
from gitkanban.core.tick.facts import RunFacts
from gitkanban.errors import BoardBusy, GitkanbanError
from gitkanban.runs.records import folders, slots
from gitkanban.runs.records.folders import Folder
from gitkanban.runs.supervision.locks import Locks, card_lock
from gitkanban.tick.state import BoardLook, TickState


def close_dead_runs(state: TickState, look: BoardLook) -> bool:
    """Close runs that died without a record; return whether there is something new to look at."""
    news = False
    for facts in look.plan.reclaims:
        if facts.run not in state.given_up:
            state.given_up.add(facts.run)
            news |= _close_dead_run(state, look, facts)
    return news


def _close_dead_run(state: TickState, look: BoardLook, facts: RunFacts) -> bool:
    from gitkanban.runs import closing  # late: most ticks close nothing

    folder = folders.of(state.place.private, facts.run)
    card = look.plan.after.cards.get(facts.card)
    asked = card is None or card.run != facts.run or folder.has("stop")
    now, standstill = int(clock.now()), look.observed.standstill
    executor = state.executors.of(folder)
    try:
        done = closing.close(executor, folder, now, asked=asked, standstill=standstill)
    except OSError as error:  # not even that could be recorded
        state.report_error(f"run {facts.run} of {facts.card} cannot be closed: {error}")
        return False
    if done.failure:
        state.report_error(done.failure)
    if done.done and look.board.config is not None:
        _drop_unreadable(state, folder, look.board.config)
    return done.done


def _drop_unreadable(state: TickState, folder: Folder, config: Config) -> None:
    """Drop the worktree of a start that was cut off: git fails on it in the whole repository."""
    from gitkanban.runs.workspace import unreadable, worktrees  # late: most ticks close nothing

    end = folder.exit()
    lock = state.locks.take("worktrees") if end and end.how == "not-started" else None
    if lock is None:  # somebody makes one now; the card's next start drops it
        return
    with lock, suppress(BoardBusy, OSError):
        tops = [worktrees.folder_of(state.place, config.worktrees)]
        state.add(notices=tuple(unreadable.drop_empty(state.place, tops)))


def stop_sessions(state: TickState, look: BoardLook) -> None:
    """Ask sessions whose card has moved on to end."""
    for stop in look.plan.stops:
        folder = folders.of(state.place.private, stop.run)
        state.executors.of(folder).stop(folder, stop.why)


def settle(state: TickState, look: BoardLook) -> None:
    """Clean up after what the board now records: ended runs, and merges that somebody else made."""
    state.add(settled=look.plan.settled, notices=look.plan.notices)
    if look.plan.letters:
        remove_letters(state.place, look.plan.letters)
    if look.plan.late:
        from gitkanban.board.sharing import late_refs  # late: superseded runs are rare

        late_refs.keep(state.place, look.plan.late)
    failpoints.reach("settle.late-kept")
    settle_runs(state.place, look.plan.finished_runs, state.outcome.commit)
    if state.config is None:
        return
    for name in sorted(look.observed.merged.keys() - look.observed.accepted.keys()):
        card = look.plan.after.cards.get(name)
        if card and card.status == DONE:
            line = remove_merged_worktree(state.place, state.locks, state.config, name)
            state.add(notices=(line,) if line else ())


def settle_runs(place: Place, runs: Iterable[RunId], commit: Oid) -> None:
    """Remove the tokens of runs whose end `commit` has recorded, and mark their folders."""
    for run in runs:
        folder = folders.of(place.private, run)
        slot = folder.facts().one("slot")
        token = slots.read(place, slot) if slot else None
        if token and token.run == run:
            slots.remove(place, slot)
        failpoints.reach("settle.token-removed")
        folder.settle(commit)
        failpoints.reach("settle.settled")


def remove_letters(place: Place, letters: Iterable[tuple[RunId, tuple[str, ...]]]) -> None:
    """Remove letters, by run, that the board has taken in; any that stay are not applied twice."""
    from gitkanban.runs import mailbox  # late: most ticks take in no letter

    for run, names in letters:
        failpoints.reach("settle.letters")
        mailbox.remove(folders.of(place.private, run), names)


def remove_merged_worktree(place: Place, locks: Locks, config: Config, card: CardId) -> str:
    """Remove the worktree of a merged card if it is clean; return a notice, or an empty string."""
    from gitkanban.runs.workspace import removal  # late: most ticks remove nothing
    from gitkanban.runs.workspace.workspaces import Wish

    lock = locks.take(card_lock(card))
    if lock is None:
        return ""
    with lock:
        tip = commits.resolve(place.common, card_ref(card))
        wish = Wish(card, f"merged-{card}", base_of(place, config), worktrees=config.worktrees)
        try:
            done = removal.remove(place, locks, wish, landed=tip)
        except (GitkanbanError, OSError) as error:
            return f"the worktree of {card} stays: {error}"
    return f"{card} is merged; its worktree is removed" if done.gone else ""
