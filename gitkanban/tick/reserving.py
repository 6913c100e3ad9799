"""Reservations for planned starts: locks taken and tokens written before the board says `running`.

The scheduler decides who gets one. A reservation that leads to no start is cancelled: if it were
left, it would look alive for as long as this process lives.
"""

from collections.abc import Sequence

from gitkanban import clock
from gitkanban.board.repo.base import check_base
from gitkanban.board.repo.checkouts import base_of
from gitkanban.board.repo.place import Place
from gitkanban.core.agents.presets import with_choices
from gitkanban.core.changes import EditCard
from gitkanban.core.model import Config, Slot
from gitkanban.core.moves import started
from gitkanban.core.names import RunId
from gitkanban.core.tick.plan import holds_after
from gitkanban.core.tick.schedule import Start
from gitkanban.errors import Refused
from gitkanban.runs.records import folders
from gitkanban.runs.records.slots import Lease
from gitkanban.tick.state import BoardLook, TickState
from gitkanban.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from gitkanban.runs.briefing import Reservation


class Reservations:
    """The reservations of one round, as a context manager.

    At its end they are cancelled, or, if `committed`, their locks are released.
    """

    def __init__(self, place: Place, every: "Sequence[Reservation]", machine: str) -> None:
        self.every = every
        self._machine = machine  # the key of this one
        self.committed = False
        self.uncertain = (
            False  # the remote may have taken their claims, but the board here lacks them
        )
        self._place = place

    @property
    def claims(self) -> list[EditCard]:
        """The changes that make the board say `running` of their cards."""
        return [
            started(
                card,
                lease.run,
                lease.slot,
                lease.clone,
                host=lease.host,
                machine=worker.executor or self._machine,
            )
            for card, worker, lease, _ in self.every
        ]

    def claim(self) -> None:
        """Note in their folders that they are asked of a remote. Raises OSError."""
        for each in self.every:
            folders.of(self._place.private, each.lease.run).claim()

    def confirm(self) -> None:
        """Note in their folders that the board names them."""
        for each in self.every:
            folders.of(self._place.private, each.lease.run).claimed()

    def __enter__(self) -> "Reservations":
        return self

    def __exit__(self, *_: object) -> None:
        if not self.every:
            return
        from gitkanban.runs import leases  # late: most ticks start nothing

        for each in self.every:
            if self.committed:  # the supervisors have the locks now
                leases.release(each.locks)
            elif self.uncertain:
                leases.leave_claimed(self._place, each)
            else:
                leases.cancel(self._place, each)


def planned_starts(state: TickState, look: BoardLook) -> list[Start]:
    """Return the planned starts; none while base cannot be used."""
    starts = [start for start in look.plan.starts if start.card not in state.given_up]
    try:
        if starts and look.board.config:
            check_base(state.place, base_of(state.place, look.board.config))
    except Refused as error:
        state.report_error(f"nothing starts: {error}")
        return []
    return starts


def reserve_starts(state: TickState, look: BoardLook, starts: Sequence[Start]) -> Reservations:
    """Reserve each start; a card whose reservation fails is not tried again in this tick."""
    reserved: list[Reservation] = []
    config = look.board.config
    for start in starts:
        done = _reserve_start(state, look, config, start) if config else None
        if done:
            reserved.append(done)
        else:
            state.given_up.add(start.card)
    return Reservations(state.place, reserved, look.observed.machine)


def _reserve_start(
    state: TickState, look: BoardLook, config: Config, start: Start
) -> "Reservation | None":
    """Return the reservation; None if a lock is taken, or after an error, which is reported."""
    from gitkanban.runs import leases  # late: most ticks start nothing

    profile, number = Slot.parse(start.slot)
    observed = look.observed
    lease = Lease(
        profile, number, start.card, RunId(clock.sortable_id()), host=observed.host, clone=observed.clone, pid=0,
        started=observed.now,
    )  # fmt: skip
    card = look.plan.after.cards[start.card]
    worker = with_choices(config.workers[start.worker], card)
    try:
        return leases.reserve(
            state.place, state.locks, config=config, card=card, worker=worker, lease=lease
        )
    except (Refused, OSError) as error:
        state.report_error(f"{card.id} cannot be started: {error}")
        return None


def report_holds(state: TickState, look: BoardLook, started: "Sequence[Reservation]") -> None:
    """Report what holds back the cards that were not started, now that `started` run."""
    if started:
        state.add(holds=holds_after(look.plan, look.observed, {each.card.id for each in started}))
