"""Starts the standby of runs that a batch system has: nobody there can ring for one.

The standby looks for the records of their ends, and asks the batch system now and then. Only a tick
that leaves such runs behind calls it, and only if none listens yet.
"""

import os

from gitkanban import flock
from gitkanban.board.repo.place import Place
from gitkanban.core.tick.standby_states import BATCH
from gitkanban.runs import briefing, sessions
from gitkanban.runs.records import folders
from gitkanban.runs.supervision import bell, boundedlog


def call_standby(place: Place, words: tuple[str, ...]) -> None:
    """Start a standby if runs of a batch system are unsettled and none listens. Raises OSError.

    `words` are the options of its ticks.
    """
    own = briefing.own_environment()
    kind = briefing.kind_of(words, [f"{name}={value}" for name, value in own.items()])
    if flock.is_locked(bell.paths(place.private, kind)[1]):
        return
    batch = [each for each in folders.unsettled(place.private) if each.facts().one("engine")]
    if not batch:
        return
    log = boundedlog.open_log(batch[-1].file("standby.log"))
    null = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
    try:
        argv = [*briefing.OURS, "gitkanban.standby", batch[-1].path, *words, BATCH]
        actions = [(os.POSIX_SPAWN_DUP2, fd, at) for at, fd in enumerate((null, log, log))]
        sessions.adopt(os.posix_spawn(argv[0], argv, own, file_actions=actions, setsid=True))
    finally:
        os.close(null)
        os.close(log)
