"""What takes room now: running cards, live runs that no card names, and slots that are locked.

It only lists them; `room` counts what they take.
"""

from gitkanban.core.model import RUNNING, SHARED, WORKTREE, Board, Card, Slot, Worker
from gitkanban.core.names import NO_CARD, NOBODY, CardId, ProfileName, WorkerName
from gitkanban.core.split_cards import open_cards
from gitkanban.core.tick.facts import Observed, RunFacts
from gitkanban.core.tick.limits import (
    MEMORY,
    PROFILE,
    SHARED_CHECKOUT,
    Ask,
    asks_of,
    needs_of,
)
from gitkanban.typed import NamedTuple


class Occupant(NamedTuple):
    """A run that takes room, whoever started it.

    `here` means that it runs on this machine, and not on an executor.
    """

    card: CardId  # NO_CARD: unknown
    worker: WorkerName
    profile: ProfileName
    number: int
    asks: tuple[Ask, ...]
    here: bool

    @property
    def label(self) -> str:
        """The run's card, or its slot if only that is known."""
        return self.card or f"slot {Slot(self.profile, self.number)}"


def occupants(board: Board, observed: Observed) -> list[Occupant]:
    """All that takes room now.

    First the running cards of the board, then live runs whose card is no longer running, then slots
    whose lock is held by an unknown process.
    """
    occupied: list[Occupant] = []
    running: set[str] = set()
    facts = {run.run: run for run in observed.runs}
    for card in sorted(open_cards(board.cards)):
        if card.status == RUNNING:
            running.add(card.run)
            # A run of this clone takes what it took when it began, whatever was edited later.
            own = facts.get(card.run)
            occupied.append(_of_run(board, own) if own else _occupant_of(board, observed, card))
    for run in sorted(observed.runs, key=lambda facts: facts.run):
        if run.run not in running and (run.alive or run.exit is None):
            occupied.append(_of_run(board, run))
    slots = {str(Slot(one.profile, one.number)) for one in occupied}
    for slot in sorted(observed.busy_slots - slots):
        profile, number = Slot.parse(slot)
        occupied.append(
            Occupant(NO_CARD, NOBODY, profile, number, asks=(Ask(PROFILE, profile),), here=True)
        )
    return occupied


def _of_run(board: Board, run: RunFacts) -> Occupant:
    profile, number = Slot.parse(run.slot)
    worker = Worker(
        run.worker, run.profile or profile, workspace_policy=SHARED if run.shared else WORKTREE
    )
    now = _worker_or(board, run.worker, worker)._replace(executor=run.executor)
    asks = asks_of(now, run.needs)
    if run.shared and Ask(SHARED_CHECKOUT, "") not in asks:
        asks = (*asks, Ask(SHARED_CHECKOUT, ""))
    asks = _of_profile(asks, worker.profile)
    here = not run.executor
    return Occupant(run.card, run.worker, worker.profile, number, asks=asks, here=here)


def _occupant_of(board: Board, observed: Observed, card: Card) -> Occupant:
    worker = board.worker_of(card)
    profile, number = Slot.parse(card.slot)
    if worker is None:
        worker = Worker(card.worker, profile)
    profile = profile or worker.profile
    asks = _of_profile(asks_of(worker, needs_of(card, worker)), profile)
    here = _is_here(card, worker, observed)
    return Occupant(card.id, card.worker, profile, number, asks=asks, here=here)


def _is_here(card: Card, worker: Worker, observed: Observed) -> bool:
    """Whether a running card counts against this machine's own limit.

    Names of hosts repeat among containers, and change. They decide only where no key says it: a
    version that wrote none began the run, or the system has nothing to make one of.
    """
    if card.machine:
        return card.machine == observed.machine
    return card.host == observed.host and not worker.executor


def _worker_or(board: Board, name: WorkerName, otherwise: Worker) -> Worker:
    return (board.config.workers.get(name) if board.config else None) or otherwise


def _of_profile(asks: tuple[Ask, ...], profile: ProfileName) -> tuple[Ask, ...]:
    """A run counts against the profile it started under, whatever the config says now."""
    return tuple(
        ask._replace(name=profile) if ask.kind in (PROFILE, MEMORY) else ask for ask in asks
    )
