"""Waits until the sessions of a clone have ended, for a tick that is a container's main process.

As always, each end is settled by the tick of its own supervisor. Once all is quiet, one more tick
does what those have left to do. Nothing is stopped, however the wait ends.
"""

import os
import time
from collections.abc import Callable, Iterator

from gitkanban.board.repo.place import Place
from gitkanban.cli.here import tell
from gitkanban.core.tick.outcome import Outcome
from gitkanban.runs import sessions
from gitkanban.runs.executors import Executors
from gitkanban.runs.records import folders, supervised
from gitkanban.runs.supervision.locks import Locks

LOOK = 0.5  # seconds between two looks at which sessions are alive
# Seconds between two ticks while only runs of batch systems are left: a tick alone asks those.
ASK = 10.0


def tick_until_quiet(place: Place, tick_again: Callable[[], Outcome]) -> Iterator[Outcome]:
    """Wait until no session is alive, then tick, until a tick leaves none alive; yield outcomes.

    It does not wait for cards that wait for a time or a person, nor for runs that a tick could not
    settle though nothing else was at work on them.
    """
    locks = Locks(place.private)
    unsettled: set[str] = set()
    while True:
        ask_at = time.monotonic() + ASK
        while hands := _runs_in_hands(place, locks):
            _reap_children()
            time.sleep(min(LOOK, ASK))
            if all(hands) and time.monotonic() > ask_at:
                break
        outcome = tick_again()
        if hands and not (outcome.settled or outcome.started or outcome.errors):
            continue
        if outcome.contended:  # the tick after a session's end, which reports what it did
            time.sleep(LOOK)
            continue
        yield outcome
        before, unsettled = unsettled, {each.run for each in _list_unsettled(place)}
        # A run that its supervisor was still collecting during our tick is settled by the next.
        if unsettled <= before and not _runs_in_hands(place, locks):
            return


def tell_running(place: Place) -> None:
    """Say how many sessions go on, if any does, to who has ended the wait."""
    live = len(Executors(place, Locks(place.private)).alive())
    if live:
        what = "1 session is still running" if live == 1 else f"{live} sessions are still running"
        tell([f"{what}; `gitkanban stop --all` ends {'it' if live == 1 else 'them'}"])


def _list_unsettled(place: Place) -> list[folders.Folder]:
    """Return the runs that are alive, or whose end is not on the board yet."""
    return folders.unsettled(place.private)


def _runs_in_hands(place: Place, locks: Locks) -> list[str]:
    """Return the executor of each run whose locks are taken; empty: it runs on this machine.

    Its supervisor has them, or what collects the run; or they stand for a job.
    """
    facts = [each.facts() for each in _list_unsettled(place)]
    locked = supervised.locks_in_use(locks, facts)
    return [each.one("executor") for each in facts if supervised.is_supervised(each, locked)]


def _reap_children() -> None:
    """Reap children that have ended; a container's first process inherits everybody's."""
    if os.getpid() != 1:
        sessions.reap()
        return
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return
