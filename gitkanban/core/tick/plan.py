"""The plan of a tick: reconcile, then schedule the board as it will be, as one value.

`tick --dry-run` prints it and stops; nothing here has an effect.
"""

from collections.abc import Collection, Iterable

from gitkanban.core.changes import Change, applied
from gitkanban.core.model import RUNNING, Board
from gitkanban.core.names import CardId, RunId, WorkerName
from gitkanban.core.tick.budget import crossed
from gitkanban.core.tick.facts import AgentState, Observed, RunFacts
from gitkanban.core.tick.holds import Holds
from gitkanban.core.tick.reconcile import Settled, Stop, reconcile
from gitkanban.core.tick.schedule import Hold, Start, schedule
from gitkanban.core.tick.superseded import LateWork
from gitkanban.core.tick.unattended import to_accept
from gitkanban.typed import NamedTuple


class Plan(NamedTuple):
    """What a tick intends, in the order in which it does it."""

    stops: tuple[Stop, ...]
    reclaims: tuple[RunFacts, ...]
    settled: tuple[Settled, ...]
    changes: tuple[Change, ...]  # those that settle runs; a start adds its own once it has a run id
    finished_runs: tuple[RunId, ...]
    accepts: tuple[CardId, ...]  # accepted before anything starts: their children are freed by it
    starts: tuple[Start, ...]
    holds: Collection[Hold]
    served: dict[WorkerName, float]
    ready_since: dict[CardId, int]
    notices: tuple[str, ...]
    letters: tuple[tuple[RunId, tuple[str, ...]], ...]  # of sessions: (run, files finished with)
    agents: AgentState  # what is known of agents after those ends
    late: tuple[LateWork, ...]  # of runs that were given up: to be kept
    after: Board  # the board with `changes` applied


def plan(board: Board, observed: Observed) -> Plan:
    """Decide what one tick should do with this board, given what was observed."""
    reconciled = reconcile(board, observed)
    after = applied(board, reconciled.changes)
    scheduled = schedule(after, observed._replace(agents=reconciled.agents))
    return Plan(
        reconciled.stops,
        reconciled.reclaims,
        reconciled.settled,
        reconciled.changes,
        finished_runs=reconciled.finished_runs,
        accepts=to_accept(after, observed.elsewhere),
        starts=scheduled.starts,
        holds=scheduled.holds,
        served=dict(scheduled.served),
        ready_since=dict(scheduled.ready_since),
        notices=(
            *reconciled.notices,
            *crossed(board, after, observed, {run.card for run in reconciled.settled}),
        ),
        letters=reconciled.letters,
        agents=reconciled.agents,
        late=reconciled.late,
        after=after,
    )


def holds_after(todo: Plan, observed: Observed, started: Collection[CardId]) -> Collection[Hold]:
    """What holds back the cards that a plan does not start, once the `started` ones run."""
    return Holds(len(todo.holds), lambda: _find_holds_after(todo, observed, started))


def _find_holds_after(
    todo: Plan, observed: Observed, started: Collection[CardId]
) -> Iterable[Hold]:
    cards = dict(todo.after.cards)
    workers = todo.after.config.workers if todo.after.config else {}
    for start in todo.starts:
        if start.card in started:
            cards[start.card] = cards[start.card]._replace(
                status=RUNNING,
                slot=start.slot,
                host=observed.host,
                machine=workers[start.worker].executor or observed.machine,
            )
    remembered = observed._replace(
        ready_since=todo.ready_since, served=todo.served, agents=todo.agents
    )
    then = schedule(todo.after._replace(cards=cards), remembered)
    then_holds = {each.card: each for each in then.holds}
    # A card without an entry is held by `max_starts_per_tick` until the next tick.
    return (then_holds.get(each.card, each) for each in todo.holds)
