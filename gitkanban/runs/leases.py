"""Leases of runs about to start: taking kernel locks, writing folder and token, and undoing it.

Who gets a slot is decided before. A supervisor keeps the locks taken here to its end; a lock is
released only by closing its descriptor.
"""

from collections.abc import Iterable

from gitkanban import failpoints
from gitkanban.board.repo.place import Place
from gitkanban.core.model import SHARED, Card, Config, Worker
from gitkanban.core.names import CardId
from gitkanban.core.tick.facts import Exit
from gitkanban.runs import briefing
from gitkanban.runs.briefing import Reservation
from gitkanban.runs.memory import proposals
from gitkanban.runs.records import folders, slots, supervised
from gitkanban.runs.records.folders import Folder, card_of
from gitkanban.runs.records.slots import Lease
from gitkanban.runs.supervision import spec
from gitkanban.runs.supervision.locks import HeldLock, Locks
from gitkanban.runs.workspace import worktrees


def shared_locks(worker: Worker) -> list[str]:
    """Return locks that exclude runs across slots: for the shared checkout, and for one memory."""
    names = ["shared"] if worker.workspace_policy == SHARED else []
    if worker.memory_env and worker.memory_policy == "read-write":
        names.append(proposals.lock_name(worker.profile))
    return names


def take_of_run(locks: Locks, folder: Folder, facts: spec.Spec) -> list[HeldLock] | None:
    """Take the locks of a run to be closed, by its spec; None when it is alive, or being closed."""
    return take(locks, card_of(facts), facts.one("slot"), run=folder.run)


def take(
    locks: Locks, card: CardId, slot: str, also: Iterable[str] = (), run: str = ""
) -> list[HeldLock] | None:
    """Take the locks of a run about to start; None when somebody else has one of them.

    `run` is one to be closed instead, see `Locks.take`. `also` are its worker's `shared_locks`,
    which the supervisor keeps to its end like the others.
    Raises Refused when a lock file cannot be created.
    """
    locked: list[HeldLock] = []
    whole = False
    try:
        for name in (*supervised.lock_names(card, slot), *also):
            got = locks.take(name, run=run)
            if got is None:
                return None
            locked.append(got)
            failpoints.reach("lease.locked")
        whole = True
        return locked
    finally:
        if not whole:
            release(locked)


def release(locked: Iterable[HeldLock]) -> None:
    """Close our descriptors of the locks; a supervisor that inherited them keeps them."""
    for lock in locked:
        lock.close()


def reserve(
    place: Place, locks: Locks, *, config: Config, card: Card, worker: Worker, lease: Lease
) -> Reservation | None:
    """Take the locks of a run, write its folder and token; None when somebody else has a lock.

    Raises Refused when a lock file cannot be created, OSError when a file cannot be written;
    nothing is left behind then.
    """
    locked = take(locks, card.id, lease.slot, shared_locks(worker))
    if locked is None:
        return None
    reservation = Reservation(card, worker, lease, locked)
    try:
        write(place, config, reservation)
    except OSError:
        cancel(place, reservation)
        raise
    return reservation


def write(place: Place, config: Config, reservation: Reservation) -> Folder:
    """Write the run folder and the lease token of a run that is about to be committed.

    Raises OSError.
    """
    folder = folders.of(place.private, reservation.lease.run)
    folder.write_spec(briefing.facts(place, config, reservation))
    failpoints.reach("lease.folder-written")
    slots.write(place, reservation.lease)
    failpoints.reach("lease.token-written")
    return folder


def cancel(place: Place, reservation: Reservation) -> None:
    """Undo a reservation: its commit was not made, and nothing was started."""
    import shutil

    folder = folders.of(place.private, reservation.lease.run)
    shutil.rmtree(folder.path, ignore_errors=True)
    failpoints.reach("cancel.folder-removed")
    slots.remove(place, reservation.lease.slot)
    failpoints.reach("cancel.token-removed")
    release(reservation.locks)


def leave_claimed(place: Place, reservation: Reservation) -> None:
    """Undo a reservation but for its folder: the remote may have taken its claim."""
    slots.remove(place, reservation.lease.slot)
    release(reservation.locks)


def not_started(place: Place, reservation: Reservation, why: str, now: float) -> None:
    """Record that a committed run could not be started, and free its slot."""
    run, slot = reservation.lease.run, reservation.lease.slot
    folder = folders.of(place.private, run)
    folder.write_exit(Exit(int(now), "not-started", error=" ".join(why.split())))
    failpoints.reach("not-started.recorded")
    worktrees.unlock_run(place.common, run)
    slots.remove(place, slot)
    release(reservation.locks)
