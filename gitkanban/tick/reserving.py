"""Seats for granted cards: the locks taken and the tokens written before the board says `running`.

Who gets one is the scheduler's to say. A seat that does not come to a start is given back; what is
not given back would look alive for as long as this process is.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from gitkanban import clock
from gitkanban.board.repo.place import Place
from gitkanban.core.changes import EditCard
from gitkanban.core.model import Card, Config, Worker
from gitkanban.core.moves import started
from gitkanban.core.tick.facts import Observed
from gitkanban.core.tick.room import split_slot
from gitkanban.core.tick.schedule import Start
from gitkanban.errors import Refused
from gitkanban.runs import leases
from gitkanban.runs.records.slots import Lease
from gitkanban.runs.supervision.locks import Held, Locks


class Seat(NamedTuple):
    """A start that may come about: card, worker and lease, and the kernel locks that we hold."""

    card: Card
    worker: Worker
    lease: Lease
    held: list[Held]

    @property
    def claim(self) -> EditCard:
        """The change by which the board says that its card runs."""
        lease = self.lease
        return started(self.card, lease.run, lease.slot, lease.clone, lease.host)


class Reserved(NamedTuple):
    """The seats, the cards that got none, and why where that is worth telling."""

    seats: list[Seat]
    without: list[str]
    errors: list[str]


def reserve(
    place: Place,
    locks: Locks,
    config: Config,
    cards: Mapping[str, Card],
    seen: Observed,
    starts: Iterable[Start],
) -> Reserved:
    """Take the locks of every start and write its token; who is in the way stays out."""
    found = Reserved([], [], [])
    for start in starts:
        card, worker = cards[start.card], config.workers[start.worker]
        profile, number = split_slot(start.slot)
        run = clock.sortable_id()
        lease = Lease(profile, number, card.id, run, seen.host, seen.clone, 0, seen.now)
        try:
            held = leases.take(locks, card.id, start.slot, leases.shared_locks(worker))
        except Refused as error:  # the locks cannot even be made
            held = None
            found.errors.append(f"{card.id} cannot be started: {error}")
        if held is None:
            found.without.append(card.id)
            continue
        try:
            leases.reserve(place, config, worker, card, lease)
        except OSError as error:
            leases.cancel(place, lease, held)
            found.without.append(card.id)
            found.errors.append(f"{card.id} cannot be started: {error}")
        else:
            found.seats.append(Seat(card, worker, lease, held))
    return found


def give_back(place: Place, seats: Sequence[Seat]) -> None:
    """Take reservations back whose commit did not come about: nothing was started."""
    for seat in seats:
        leases.cancel(place, seat.lease, seat.held)


def leave(seats: Sequence[Seat]) -> None:
    """Close our descriptors of every lock: supervisors have theirs, and nobody else needs one."""
    for seat in seats:
        leases.release(seat.held)
