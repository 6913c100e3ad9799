"""What earlier ticks did, read from the board's commits, as the outcome of one tick.

Most runs are settled by the tick at their session's end, which prints to nobody; the next tick with
an audience reports them. Only what is on the board is reported, not what was merely observed.
"""

from collections.abc import Collection, Iterable, Iterator

from gitkanban.core.ids import branch_of
from gitkanban.core.model import BLOCKED, CONFLICT, DONE, REVIEW, RUNNING, Card, Pause, Run
from gitkanban.core.names import WorkerName
from gitkanban.core.tick.outcome import Accepted, Outcome, Started
from gitkanban.core.tick.reconcile import Settled
from gitkanban.typed import NamedTuple

BY_TICK = "tick"  # the author of the pause of a worker whose cards fail alike


class BoardStep(NamedTuple):
    """What one commit did to a board: new run records, cards before and after, new pauses."""

    runs: tuple[Run, ...] = ()
    cards: tuple[tuple[Card | None, Card | None], ...] = ()
    pauses: tuple[Pause, ...] = ()


def outcome_since(
    steps: Iterable[BoardStep], clone: str, accepting: Collection[WorkerName]
) -> Outcome:
    """The outcome of a clone's ticks in these steps, oldest first.

    `accepting` are the workers whose cards ticks accept; people accepted all others.
    """
    steps = list(steps)
    settled = [each for step in steps for each in _settled_in(step, clone)]
    ended = {each.run for each in settled}
    started = [each for step in steps for each in _started_in(step, clone)]
    return Outcome(
        settled=tuple(settled),
        accepted=tuple(each for step in steps for each in _accepted_in(step, clone, accepting)),
        started=tuple(each for each in started if each.run not in ended),
        notices=tuple(
            f"worker {pause.worker} is paused: {pause.why}"
            for step in steps
            for pause in step.pauses
            if pause.by == BY_TICK
        ),
    )


def _settled_in(step: BoardStep, clone: str) -> Iterator[Settled]:
    moved = {after.id: (before, after) for before, after in step.cards if before and after}
    for run in step.runs:
        if run.clone != clone:
            continue
        before, after = moved.get(run.card, (None, None))
        to = after.status if before and after and before.run == run.run else ""
        # The same commit accepted it, which is a separate entry.
        to = REVIEW if to == DONE and run.outcome == "succeeded" else to
        yield Settled(run.card, run.run, run.outcome, to, why=run.why)


def _started_in(step: BoardStep, clone: str) -> Iterator[Started]:
    for before, after in step.cards:
        starts = after and after.status == RUNNING and (before is None or before.run != after.run)
        if after and starts and after.clone == clone:
            yield Started(after.id, after.run, after.slot, "", branch=branch_of(after.id), pid=0)


def _accepted_in(
    step: BoardStep, clone: str, accepting: Collection[WorkerName]
) -> Iterator[Accepted]:
    for before, after in step.cards:
        if before is None or after is None or after.worker not in accepting:
            continue
        if before.status not in (RUNNING, REVIEW) or before.clone not in ("", clone):
            continue
        if after.status == DONE:
            yield Accepted(after.id, DONE, after.merged, (), merged=after.merged)
        elif after.status == BLOCKED and after.reason == CONFLICT:
            yield Accepted(after.id, BLOCKED, after.why)


def with_earlier(own: Outcome, earlier: Outcome) -> Outcome:
    """Add what was done earlier to the outcome of a tick, whose own entries take precedence."""
    runs = {each.run for each in own.settled} | {each.run for each in own.started}
    cards = {(each.card, each.to) for each in own.accepted}
    return own._replace(
        settled=(*(each for each in earlier.settled if each.run not in runs), *own.settled),
        accepted=(
            *(each for each in earlier.accepted if (each.card, each.to) not in cards),
            *own.accepted,
        ),
        started=(
            *(each for each in earlier.started if each.run not in runs),
            *own.started,
        ),
        notices=tuple(dict.fromkeys((*earlier.notices, *own.notices))),
    )
