"""Leases of runs-to-be: the kernel locks taken, folder and token written, and all of it taken back.

Who gets a slot is decided before. What is taken here a supervisor keeps to its end; a lock is let
go by closing its descriptor alone.
"""

from collections.abc import Iterable

from gitkanban import failpoints
from gitkanban.board.repo.place import Place
from gitkanban.core.model import SHARED, Card, Config, Worker
from gitkanban.core.tick.facts import Exit
from gitkanban.runs import briefing
from gitkanban.runs.memory import proposals
from gitkanban.runs.records import folders, slots
from gitkanban.runs.records.folders import Folder
from gitkanban.runs.records.slots import Lease
from gitkanban.runs.supervision.locks import Held, Locks
from gitkanban.runs.workspace import worktrees


def lock_names(card: str, slot: str) -> tuple[str, str]:
    """The kernel locks that a run's supervisor holds for its whole life."""
    return f"card/{card}", slots.lock_name(slot)


def shared_locks(worker: Worker) -> list[str]:
    """Locks that runs of several slots exclude each other by: the shared checkout, one memory."""
    names = ["shared"] if worker.workspace_policy == SHARED else []
    if worker.memory_env and worker.memory_policy == "read-write":
        names.append(proposals.lock_name(worker.profile))
    return names


def take(locks: Locks, card: str, slot: str, also: Iterable[str] = ()) -> list[Held] | None:
    """Take the locks of a run-to-be, None when one is held by somebody.

    `also` are its worker's `shared_locks`; like the others the supervisor keeps them to its end.
    Raises Refused when a lock cannot be made.
    """
    held: list[Held] = []
    whole = False
    try:
        for name in (*lock_names(card, slot), *also):
            got = locks.take(name)
            if got is None:
                return None
            held.append(got)
            failpoints.reach("lease.locked")
        whole = True
        return held
    finally:
        if not whole:
            release(held)


def release(held: Iterable[Held]) -> None:
    """Close our descriptors of the locks; a supervisor that inherited them keeps them."""
    for lock in held:
        lock.close()


def reserve(place: Place, config: Config, worker: Worker, card: Card, lease: Lease) -> Folder:
    """Write the run folder and the lease token of a run that is about to be committed.

    Call it with both locks held. Raises OSError.
    """
    folder = folders.of(place.private, lease.run)
    folder.write_spec(briefing.facts(place, config, worker, card, lease))
    failpoints.reach("lease.folder-written")
    slots.write(place, lease)
    failpoints.reach("lease.token-written")
    return folder


def cancel(place: Place, lease: Lease, held: Iterable[Held]) -> None:
    """Take a reservation back: the commit did not come about, nothing was started."""
    import shutil

    shutil.rmtree(folders.of(place.private, lease.run).path, ignore_errors=True)
    failpoints.reach("cancel.folder-removed")
    slots.remove(place, lease.slot)
    failpoints.reach("cancel.token-removed")
    release(held)


def not_started(place: Place, lease: Lease, why: str, held: Iterable[Held], now: float) -> None:
    """Record that a committed run could not be started, and free its slot."""
    folder = folders.of(place.private, lease.run)
    folder.write_exit(Exit(int(now), "not-started", error=" ".join(why.split())))
    failpoints.reach("not-started.recorded")
    worktrees.unlock_run(place.common, lease.run)
    slots.remove(place, lease.slot)
    release(held)
