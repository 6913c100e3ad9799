"""Waiting until the sessions of a clone have ended, for a tick that is a container's main process.

Each end is settled by the tick of its own supervisor, as ever; here one more follows when all is
quiet, for what those left to do. Nothing is stopped, whatever ends this.
"""

import os
import time
from collections.abc import Callable, Iterator

from gitkanban.board.repo.place import Place
from gitkanban.cli.here import tell
from gitkanban.core.tick.outcome import Outcome
from gitkanban.runs import sessions
from gitkanban.runs.records import folders, supervised
from gitkanban.runs.supervision.locks import Locks

LOOK = 0.5  # seconds between two looks at what lives


def tick_until_quiet(place: Place, tick_again: Callable[[], Outcome]) -> Iterator[Outcome]:
    """Wait for the sessions that live, then tick, until a tick leaves none that lives.

    Cards that wait for a time or for a person are not waited for, nor are runs that a tick could not
    settle though nobody else was at work on them.
    """
    locks = Locks(place.private)
    executor = sessions.Local(place, locks)
    unsettled: set[str] = set()
    try:
        while True:
            while _runs_in_hands(place, locks):
                _reap_children()
                time.sleep(LOOK)
            outcome = tick_again()
            if outcome.contended:  # the tick of a session's own end, which says what it did
                time.sleep(LOOK)
                continue
            yield outcome
            before, unsettled = unsettled, {each.run for each in _list_unsettled(place)}
            # One that a session's own end was collecting during our tick is settled by the next.
            if unsettled <= before and not _runs_in_hands(place, locks):
                return
    except KeyboardInterrupt:
        live = len(executor.alive(folders.every(place.private)))
        if live:
            what = (
                "1 session is still running" if live == 1 else f"{live} sessions are still running"
            )
            tell([f"{what}; `gitkanban stop --all` ends {'it' if live == 1 else 'them'}"])
        raise


def _list_unsettled(place: Place) -> list[folders.Folder]:
    """Runs that live, or whose end is not on the board yet."""
    return [each for each in folders.every(place.private) if not each.has("settled")]


def _runs_in_hands(place: Place, locks: Locks) -> bool:
    """Whether a run's locks are held: by its supervisor, or by who collects what it left."""
    facts = [each.facts() for each in _list_unsettled(place)]
    locked = supervised.locks_in_use(locks, facts)
    return any(supervised.is_supervised(each, locked) for each in facts)


def _reap_children() -> None:
    """Reap children that ended; the first process of a container inherits everybody's."""
    if os.getpid() != 1:
        sessions.reap()
        return
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return
