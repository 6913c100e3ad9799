"""Closes runs that are over: collects their work, and records an end that nobody else has recorded.

One way for every executor. How a run without an exit record ended, and that nothing of it can run
any more, is the executor's to say.
"""

import os

from gitkanban import failpoints
from gitkanban.board.repo import checkouts
from gitkanban.board.repo.place import Place
from gitkanban.core.names import NO_OID
from gitkanban.core.tick.facts import Exit, Work
from gitkanban.runs import collect, leases
from gitkanban.runs.records import slots
from gitkanban.runs.records.folders import Folder
from gitkanban.runs.supervision import spec
from gitkanban.runs.supervision.locks import Locks
from gitkanban.runs.workspace import worktrees


class Recovering:
    """What the executors of a clone have in common."""

    def __init__(self, place: Place, locks: Locks) -> None:
        self.place = place
        self.locks = locks

    def _end_run(self, folder: Folder, now: float) -> Exit | None:
        """End what is left of a run without an exit record, and say how it ended.

        None when it is alive after all, or when that cannot be known. Call it with the locks of the
        run. Raises GitkanbanError, OSError.
        """
        raise NotImplementedError

    def finish(self, folder: Folder, now: float) -> bool:
        """End what is left of a dead run, collect its work, and write its exit record.

        For a run that ended but was not collected, only the rest is done. False when it lives after
        all, or some process of it could not be ended. Raises GitFailed, BoardBusy, OSError; it can
        be called again.
        """
        its_spec = folder.spec()
        locks = leases.take_of_run(self.locks, folder, its_spec)
        if locks is None:
            return False
        try:
            if its_spec.one("moved_from"):
                worktrees.repair(its_spec.one("moved_from"), its_spec)
            if folder.has("exit.json"):
                if folder.uncollected(its_spec):
                    collect.collect(folder)
                if its_spec.one("moved_from"):  # its supervisor could not unlock it
                    worktrees.unlock_run(self.place.common, folder.run)
                return True
            failpoints.reach("recover.locked")
            end = self._end_run(folder, now)
            if end is None:
                return False
            failpoints.reach("recover.ended")
            try:
                collect.collect(folder)
            finally:
                # The tick may have died before it recorded which workspace it had locked.
                worktrees.unlock_run(self.place.common, folder.run)
            failpoints.reach("recover.collected")
            folder.write_exit(end)
            failpoints.reach("recover.recorded")
            slots.remove(self.place, its_spec.one("slot"))
            return True
        finally:
            leases.release(locks)

    def give_up(self, folder: Folder, now: float, reason: str) -> bool:
        """End what is left of a dead run and record it as lost; its folder is left as it is.

        False when it is alive after all, or part of it could not be ended. Raises OSError.
        """
        its_spec = folder.spec()
        locks = leases.take_of_run(self.locks, folder, its_spec)
        if locks is None:
            return False
        try:
            end = None if folder.has("exit.json") else self._end_run(folder, now)
            if end is None and not folder.has("exit.json"):
                return False
            worktrees.unlock_run(self.place.common, folder.run)
            if not folder.has("work.json"):
                folder.write_work(_uncollected_work(its_spec))
            folder.give_up(reason)
            failpoints.reach("give-up.recorded")
            if end:
                folder.write_exit(end)
            slots.remove(self.place, its_spec.one("slot"))
            return True
        finally:
            leases.release(locks)


def _uncollected_work(its_spec: spec.Spec) -> Work:
    """Return what is known of the work of a run that could not be collected."""
    branch, workspace = its_spec.one("branch"), its_spec.one("workspace")
    tip = checkouts.tip_in(its_spec.one("common"), f"refs/heads/{branch}") if branch else NO_OID
    left = bool(branch) and os.path.lexists(workspace)
    whole = len(tip) == 40 and not set(tip) - set("0123456789abcdef")  # the ref may be damaged
    return Work(
        tip if whole else NO_OID,
        notices=(f"what it left in {workspace} was not collected",) if left else (),
    )
