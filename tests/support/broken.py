"""Ways to break the program on purpose, one function each; the oracle must catch every one of them.

They are the mistakes that other systems of this kind make.
"""

import fcntl
import os
from typing import Any

from gitkanban.runs import collect, sessions
from gitkanban.runs.records import folders, slots, supervised
from gitkanban.runs.supervision import locks, processes
from gitkanban.tick import accepting, committing, ending, reserving, rounds, starting


def unlocked_at_hand_over() -> None:
    """Locks are freed with LOCK_UN after the hand-over: for every holder, the supervisor too."""
    real = locks.HeldLock.close

    def close(self: locks.HeldLock) -> None:
        if self.fd >= 0:
            fcntl.flock(self.fd, fcntl.LOCK_UN)
        real(self)

    locks.HeldLock.close = close  # type: ignore[method-assign]


def committed_after_the_spawn() -> None:
    """Sessions are started first, and the board is told afterwards."""

    def start_and_commit(state: Any, look: Any) -> bool:
        reserved = reserving.reserve_starts(state, look, list(look.plan.starts))
        failed = starting.start_sessions(state, look, reserved.every)
        changes = (*look.plan.changes, *reserved.claims)
        committed = committing.commit_board(state, look.board, changes, accepting.NO_MERGES.base)
        if committed:
            with committing.checkouts_following(state, committed, accepting.NO_MERGES.base):
                ending.settle(state, look)
        return failed

    rounds.commit_and_start = start_and_commit


def reclaimed_by_pid_file() -> None:
    """A run counts as dead when no process has the number in its pid file, whatever it locks."""
    real = locks.Locks.locked

    def locked(self: locks.Locks, names: Any, *more: Any) -> set[str]:
        found = set(real(self, names, *more))
        private = os.path.dirname(self.folder)
        for folder in folders.every(private):
            if not folder.has("exit.json") and not processes.look(slots.supervisor_pid(folder)):
                spec = folder.facts()
                found -= set(supervised.lock_names(spec.one("card"), spec.one("slot")))
        return found

    def take(
        self: locks.Locks, name: str, wait: float = 0.0, run: str = ""
    ) -> locks.HeldLock | None:
        """As if an old lock file could be put aside."""
        path = self.path(name)
        free = name.startswith(("card/", "slot/")) and name not in self.locked([name])
        if free and os.path.exists(path):
            os.unlink(path)
        return taken(self, name, wait, run)

    taken = locks.Locks.take
    locks.Locks.locked = locked  # type: ignore[method-assign]
    locks.Locks.take = take  # type: ignore[method-assign]
    sessions.Local._end_survivors = lambda *_: True  # type: ignore[method-assign]


def survivors_left_alive() -> None:
    """What outlives its supervisor is not looked for."""
    sessions.Local._end_survivors = lambda *_: True  # type: ignore[method-assign]


def work_thrown_away() -> None:
    """A dead run's workspace is made clean for the next one without a look at what is in it."""
    from gitkanban.board.repo import git

    def cleaned(folder: Any) -> None:
        git.run(folder.spec().one("workspace"), "clean", "-qfd")

    collect.collect = cleaned  # type: ignore[assignment]


def git_by_discovery() -> None:
    """Git finds the repository of a session's folder by itself."""
    from gitkanban.board.repo import git
    from gitkanban.runs.workspace import workspace_git

    def found(self: workspace_git.View, *args: str, env: Any = None, **how: Any) -> git.Done:
        own = {"GIT_INDEX_FILE": self.index, **(env or {})}
        return git.run(self.folder, *args, env=own, **how)

    workspace_git.View.git = found  # type: ignore[method-assign]


def commands_alone_trusted() -> None:
    """Trust looks at what is executed, and at nothing else that decides."""
    from gitkanban.core.trust import withheld

    withheld.changes = lambda *_: iter(())


def written_through_links() -> None:
    """Folders on the way to a file are not looked at."""
    from gitkanban import files

    def opened(path: str, below: str, make: bool = False) -> int:
        if make:
            os.makedirs(path, exist_ok=True)
        return os.open(path, os.O_RDONLY | os.O_DIRECTORY)

    files._open_folder = opened


def nothing_noticed() -> None:
    """What changed around the repository is not compared."""
    from gitkanban.runs import watching

    watching.notice = lambda *_: []
