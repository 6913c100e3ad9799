"""The board compared with what was observed: the changes that make it true again.

Runs that ended are settled, live runs whose card moved on are stopped, and dead runs without a
record are listed for reclaiming. Pure: the tick has the effects. There is no other recovery code.
"""

from collections.abc import Iterable, Mapping, Sequence

from gitkanban.core.backoff import first_sight
from gitkanban.core.changes import (
    NOT_RUNNING,
    AddNote,
    Change,
    EditCard,
    EndRun,
    SetPause,
    applied,
)
from gitkanban.core.cutting import cut
from gitkanban.core.model import (
    BLOCKED,
    REVIEW,
    RUNNING,
    TODO,
    Board,
    Card,
    Pause,
    Run,
    RunOutcome,
    Status,
)
from gitkanban.core.moves import base_has_work, conflicted
from gitkanban.core.names import CardId, RunId, WorkerName
from gitkanban.core.split_cards import open_cards
from gitkanban.core.tick import agent_state
from gitkanban.core.tick.absence import absence_words
from gitkanban.core.tick.facts import AgentState, Landing, Observed, RunFacts
from gitkanban.core.tick.letters import open_letters
from gitkanban.core.tick.superseded import (
    ENDED_LATE,
    LateWork,
    is_given_up,
    late_note,
    late_work,
)
from gitkanban.core.tick.unattended import to_accept
from gitkanban.core.tick.verdict import COUNTED, Verdict, counting, destination, verdict
from gitkanban.typed import Literal, NamedTuple

SUMMARY_MOST = 20_000  # characters of a session's summary that go onto the board
# This many cards of a worker that fail alike in one tick pause the worker, if they are more than
# half of its cards that ended: where a hundred end in one tick, some fail alike by chance.
ALIKE = 3
NAMED_MOST = 5  # cards that such a pause names


class Settled(NamedTuple):
    """A run whose end goes onto the board; `to` is empty if the card had moved on without it."""

    card: CardId
    run: RunId
    outcome: RunOutcome | Literal[""]
    to: Status | Literal[""]
    why: str


class Stop(NamedTuple):
    """A live run that must end, because its card has moved on."""

    run: RunId
    card: CardId
    why: str


class Reconciled(NamedTuple):
    """What reconciling asks for: changes to the board, and effects on runs."""

    changes: tuple[Change, ...] = ()
    settled: tuple[Settled, ...] = ()
    stops: tuple[Stop, ...] = ()
    reclaims: tuple[
        RunFacts, ...
    ] = ()  # dead without a record, or not collected: do that first, then look again
    finished_runs: tuple[
        RunId, ...
    ] = ()  # runs with nothing more to do once the changes are committed
    notices: tuple[str, ...] = ()
    letters: tuple[tuple[RunId, tuple[str, ...]], ...] = ()  # (run, files finished with)
    agents: AgentState = AgentState()  # what is known of agents after these ends
    late: tuple[LateWork, ...] = ()  # of runs that were given up: to be kept


class _Sorted(NamedTuple):
    """The observed runs by what must be done about them, each list in run order."""

    ended: list[tuple[RunFacts, Verdict, bool]]  # with its verdict, and whether its card still runs
    stops: list[Stop]
    reclaims: list[RunFacts]
    finished: list[RunId]
    late: list[LateWork]


# Long: it collects changes to one board, step by step, and fills in every field of the result.
def reconcile(board: Board, observed: Observed) -> Reconciled:
    """Compare the board with what was observed. Equal inputs give equal results, in run order."""
    ended, stops, reclaims, finished_runs, late = _sort_runs(board, observed)
    agents = agent_state.learn(
        observed.agents, [(facts, judged.outcome) for facts, judged, _ in ended], observed.now
    )
    ended = [
        (facts, agent_state.spare(agents, facts, judged), current)
        for facts, judged, current in ended
    ]
    pauses, forgiven = _crashes_alike(ended, observed.now)
    changes, letters, refused = _open_all(board, observed)
    settled: list[Settled] = []
    for facts, judged, current in ended:
        settled.append(_settled_entry(facts, judged, current))
        changes += _settle_run(
            board, observed, facts, judged, current=current, forgiven=facts.run in forgiven
        )
        finished_runs.append(facts.run)
    for card in _orphan_cards(board, observed):
        changes += _settle_orphan(board, observed, card)
        settled.append(_orphan_settled(board, observed, card))
    for card_id in sorted(observed.merged):
        merged = board.cards.get(card_id)
        if merged and merged.status == REVIEW:
            changes.append(base_has_work(merged, observed.merged[card_id]))
    changes += _late_notes(board, late, observed.now)
    changes += _cut_waits(board, observed.now)
    changes = _with_landings(board, changes, observed.accepted)
    changes += [SetPause(pause) for pause in pauses]
    return Reconciled(
        tuple(changes),
        tuple(settled),
        tuple(stops),
        tuple(reclaims),
        finished_runs=tuple(finished_runs),
        notices=(
            *(f"worker {pause.worker} is paused: {pause.why}" for pause in pauses),
            *agent_state.notices(observed.agents, agents, observed.now),
            *_absence_lines(board, observed),
            *refused,
        ),
        letters=letters,
        agents=agents,
        late=tuple(late),
    )


def _late_notes(board: Board, late: Iterable[LateWork], now: int) -> list[Change]:
    return [
        AddNote(late_note(work, ENDED_LATE, now))
        for work in late
        if work.card in board.cards and all(n.id != work.run for n in board.notes_of(work.card))
    ]


def _sort_runs(board: Board, observed: Observed) -> _Sorted:
    sorted_runs = _Sorted(ended=[], stops=[], reclaims=[], finished=[], late=[])
    for facts in sorted(observed.runs):
        card = board.cards.get(facts.card)
        current = card is not None and card.status == RUNNING and card.run == facts.run
        record = next((run for run in board.runs_of(facts.card) if run.run == facts.run), None)
        over = facts.exit is not None and facts.collected
        if facts.alive:
            if not current:
                sorted_runs.stops.append(Stop(facts.run, facts.card, _why_stop(card)))
        elif record and not current and (over or not is_given_up(record)):
            sorted_runs.finished.append(facts.run)
            left = late_work(facts.run, facts.card, facts.work.tip, facts.start_commit)
            sorted_runs.late.extend([left] if left and is_given_up(record) else ())
        elif not over:
            sorted_runs.reclaims.append(facts)
        else:
            sorted_runs.ended.append((facts, _judge_run(board, facts, current), current))
    return sorted_runs


def _open_all(
    board: Board, observed: Observed
) -> tuple[list[Change], tuple[tuple[RunId, tuple[str, ...]], ...], list[str]]:
    """Open the letters of all sessions: (changes, letters finished with, notices)."""
    changes: list[Change] = []
    done: list[tuple[RunId, tuple[str, ...]]] = []
    notices: list[str] = []
    after = board
    for facts in sorted(observed.runs):
        if facts.letters or facts.bad_letters:
            opened = open_letters(after, facts, observed.now)
            after = applied(after, opened.changes)
            changes += opened.changes
            done.append((facts.run, opened.used))
            notices += opened.notices
    return changes, tuple(done), notices


def _why_stop(card: Card | None) -> str:
    if card is None:
        return "its card was deleted"
    if card.status == RUNNING:
        return f"its card is now worked on by run {card.run}"
    return f"its card was moved to {card.status}"


def _judge_run(board: Board, facts: RunFacts, current: bool) -> Verdict:
    card = board.cards.get(facts.card)
    earlier = counting(board.runs_of(facts.card), card.attempts_after if card else "")
    judged = verdict(facts, [run for run in earlier if run.run != facts.run])
    if not current and judged.outcome == "stopped":
        return judged._replace(outcome="cancelled")
    return judged


def _settled_entry(facts: RunFacts, judged: Verdict, current: bool) -> Settled:
    return Settled(
        facts.card, facts.run, judged.outcome, judged.to if current else "", why=judged.why
    )


def _settle_run(
    board: Board,
    observed: Observed,
    facts: RunFacts,
    judged: Verdict,
    current: bool,
    forgiven: bool,
) -> list[Change]:
    waits_until = 0
    moves: list[Change] = []
    if current:
        move = _move_card(observed, facts.card, facts.run, judged, forgiven=forgiven)
        waits_until = int(move.fields.get("not_before", 0))
        moves = [move]
    if any(run.run == facts.run for run in board.runs_of(facts.card)):
        return moves
    return [EndRun(_run_record(observed, facts, judged)._replace(not_before=waits_until)), *moves]


def _cut_waits(board: Board, now: int) -> list[Change]:
    """Cut each wait that a clock ahead of ours has set to what was meant, from now on.

    Only a tick does it, and only once for each: the time is then ours.
    """
    cards = (card for card in open_cards(board.cards) if card.status == TODO)
    cut_to = {card.id: first_sight(board, card, now) for card in cards if card.not_before > now}
    return [EditCard(card, {"not_before": at}) for card, at in sorted(cut_to.items()) if at]


def _move_card(
    observed: Observed, card: CardId, run: RunId, judged: Verdict, forgiven: bool = False
) -> EditCard:
    fields: dict[str, object] = {"status": judged.to, **NOT_RUNNING}
    if forgiven:  # the worker is at fault, not this card
        fields |= {"status": TODO, "attempts_after": run}
    elif judged.to == BLOCKED:
        fields |= {"reason": judged.reason, "why": judged.why}
    elif judged.delay:
        fields["not_before"] = observed.now + judged.delay
    return EditCard(card, fields)


def _run_record(observed: Observed, facts: RunFacts, judged: Verdict) -> Run:
    assert facts.exit is not None
    session = facts.exit.step("session")
    notices = facts.report.summary if facts.report and facts.report.summary else facts.summary
    return Run(
        run=facts.run,
        card=facts.card,
        slot=facts.slot,
        host=observed.host,
        clone=observed.clone,
        worker=facts.worker,
        started=facts.started,
        ended=facts.exit.ended,
        outcome=judged.outcome,
        exit=session.exit if session else None,
        signal=session.signal if session else 0,
        commit=facts.work.tip,
        start_commit=facts.start_commit,
        session=facts.session,
        salvage=facts.work.salvage,
        cost_usd=facts.cost_usd,
        tokens_in=facts.tokens_in,
        tokens_out=facts.tokens_out,
        why="; ".join((judged.why, *facts.work.notices, *_tampering_words(facts))),
        summary=cut(notices, SUMMARY_MOST),
    )


def _tampering_words(facts: RunFacts) -> tuple[str, ...]:
    return (f"noticed while it ran: {', '.join(facts.tampering)}",) if facts.tampering else ()


def _crashes_alike(
    ended: Iterable[tuple[RunFacts, Verdict, bool]], now: int
) -> tuple[list[Pause], frozenset[str]]:
    """The workers to pause, and the runs that do not count as attempts of their cards."""
    alike: dict[tuple[WorkerName, str, str], list[RunFacts]] = {}
    ends: dict[WorkerName, int] = {}
    for facts, judged, current in ended:
        ends[facts.worker] = ends.get(facts.worker, 0) + current
        if current and judged.outcome in COUNTED:
            alike.setdefault((facts.worker, judged.outcome, judged.why), []).append(facts)
    pauses: dict[WorkerName, Pause] = {}
    forgiven: set[str] = set()
    for (worker, outcome, why), runs in sorted(alike.items()):
        if len({facts.card for facts in runs}) < ALIKE or 2 * len(runs) <= ends[worker]:
            continue
        cards = ", ".join(facts.card for facts in runs[:NAMED_MOST])
        if len(runs) > NAMED_MOST:
            cards += f" and {len(runs) - NAMED_MOST} more"
        text = f"{len(runs)} cards ended alike ({cards}): {outcome}, {why}"
        pauses[worker] = Pause(worker, text, "tick", now)
        forgiven.update(facts.run for facts in runs)
    return list(pauses.values()), frozenset(forgiven)


def _orphan_cards(board: Board, observed: Observed) -> list[Card]:
    """Cards that are `running` in this clone or without a run, with nothing of the run here."""
    observed_runs = {facts.run for facts in observed.runs}
    return sorted(
        card
        for card in open_cards(board.cards)
        if card.status == RUNNING
        and card.clone in ("", observed.clone)
        and card.run not in observed_runs
        and card.slot not in observed.busy_slots
    )


def _orphan_run(board: Board, card: Card) -> Run | None:
    return next((run for run in board.runs_of(card.id) if run.run == card.run), None)


def _deciding_run(board: Board, observed: Observed, card: Card) -> Run | None:
    """The record of the card's run if it may move the card, else None.

    It may if the run began in this clone, and its commit, if it left one, is here. Any other record
    is only history, because a pull request can write one with any content.
    """
    run = _orphan_run(board, card)
    if run is None or run.clone != observed.clone or card.clone != observed.clone:
        return None
    return run if not run.commit or run.commit in observed.commits_here else None


def _orphan_verdict(board: Board, observed: Observed, card: Card) -> Verdict:
    earlier = [
        r for r in counting(board.runs_of(card.id), card.attempts_after) if r.run != card.run
    ]
    worker = board.worker_of(card)
    most = worker.max_attempts if worker else 2
    if not card.run:
        return Verdict("lost", "it was running without a run", TODO)
    known = _deciding_run(board, observed, card)
    return destination(known or _lost_run(card, 0, ""), most, earlier)


def _lost_run(card: Card, now: int, host: str) -> Run:
    why = "its run folder is gone"
    return Run(
        card.run,
        card.id,
        card.slot,
        host,
        clone=card.clone,
        worker=card.worker,
        ended=now,
        outcome="lost",
        why=why,
    )


def _settle_orphan(board: Board, observed: Observed, card: Card) -> list[Change]:
    judged = _orphan_verdict(board, observed, card)
    move = _move_card(observed, card.id, card.run, judged)
    if not card.run or _orphan_run(board, card):
        return [move]
    return [EndRun(_lost_run(card, observed.now, observed.host)), move]


def _orphan_settled(board: Board, observed: Observed, card: Card) -> Settled:
    judged = _orphan_verdict(board, observed, card)
    return Settled(card.id, card.run, judged.outcome, judged.to, why=judged.why)


def _with_landings(
    board: Board, changes: Sequence[Change], results: Mapping[CardId, Landing]
) -> list[Change]:
    """Add the results of merges to the changes; a card that is settled as well moves only once."""
    after = applied(board, changes).cards
    moves = {
        card: landed(after[card], landing).fields
        for card, landing in sorted(results.items())
        if card in after and after[card].status == REVIEW
    }
    moved: list[Change] = []
    for change in changes:
        if isinstance(change, EditCard) and change.card in moves:
            change = EditCard(change.card, {**change.fields, **moves.pop(change.card)})
        moved.append(change)
    return [*moved, *(EditCard(card, fields) for card, fields in moves.items())]


def _absence_lines(board: Board, observed: Observed) -> list[str]:
    """One line for each card that the tick would accept if this clone had its work."""
    cards = to_accept(board, ())
    away = [card for card in cards if card in observed.elsewhere]
    return [
        f"{card} is not accepted here: {absence_words(observed.elsewhere[card])}" for card in away
    ]


def landed(card: Card, landing: Landing) -> EditCard:
    """The move of a card in review after its merge."""
    if landing.conflict:
        return conflicted(card, landing.conflict)
    return base_has_work(card, landing.merged)
