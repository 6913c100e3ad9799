"""The situation of a board: groups of cards in order, one line for each card; and root causes.

All views show it: status, list, board, show, why, and their JSON. It decides nothing: `standing`
says what holds a card back, and `moment` adds what depends on the current time.
"""

from collections.abc import Collection, Mapping
from functools import cached_property

from gitkanban.core import graph
from gitkanban.core.clones import CloneAccount, other_clones
from gitkanban.core.cutting import one_line
from gitkanban.core.model import (
    BACKLOG,
    BLOCKED,
    CONFLICT,
    DONE,
    DROPPED,
    NEEDS_INPUT,
    REVIEW,
    RUNNING,
    TODO,
    Board,
    Card,
    Run,
)
from gitkanban.core.names import CardId, RunId, WorkerName
from gitkanban.core.situation import rows
from gitkanban.core.situation.causes import ROOTS, Cause, command_in, root_causes
from gitkanban.core.situation.figures import NO_FIGURES, Figures, cost_of, total_cost
from gitkanban.core.split_cards import count_status, open_cards
from gitkanban.core.tick.budget import day_begins
from gitkanban.core.tick.facts import Observed
from gitkanban.core.tick.holds import PARENTS, STANDSTILL, Hold, some
from gitkanban.core.tick.standing import Needed, Standing, standing, standing_of
from gitkanban.core.tick.verdict import SUCCEEDED, attempts
from gitkanban.core.time_words import ago, marked_ago
from gitkanban.late import shlex
from gitkanban.typed import NamedTuple


class CardView(NamedTuple):
    """A card as people see it, in the order of `rows.CARD_KEYS`; times in epoch seconds, 0: none.

    `since` is when its state began. `after` are the parents it waits for, with their states.
    `tries` counts its tries, including a running one, of at most `tries_most`. `last` is how the
    last try ended, unless it succeeded. `command` is the one that answers it.
    """

    id: CardId
    title: str
    worker: WorkerName
    status: str
    ready: bool
    parents: tuple[CardId, ...]
    priority: int
    run: RunId
    slot: str
    host: str
    not_before: int
    reason: str
    why: str
    hold: str
    holds: int
    needs_person: bool
    group: str
    state: str
    remark: str
    since: int
    after: tuple[tuple[CardId, str], ...]
    tries: int
    tries_most: int
    last: str
    cost_usd: str
    command: str
    labels: tuple[str, ...]


class Situation(NamedTuple):
    """A board as people see it: its cards by group and in order, root causes, and totals.

    `done` of `total` cards are done, not counting dropped and archived ones.
    """

    standing: Standing
    cards: tuple[CardView, ...]
    causes: tuple[Cause, ...]
    done: int
    total: int
    cost_today: str
    cost_all: str


def situation(
    board: Board,
    observed: Observed,
    figures: Figures = NO_FIGURES,
    to_cache: bool = False,
    only: Collection[Card] | None = None,
    standings: Standing | None = None,
) -> Situation:
    """Compute what people see of a board, or of `only` some of its cards.

    With `to_cache`, times in texts stay marks for `moment.put_in_words`. `standings` is what
    `standing` returned for the same, if it has been asked already.
    """
    standings = standings or standing(board, observed, to_cache)
    views = _CardViews(board, observed, figures, standings, to_cache=to_cache)
    wanted = board.cards.values() if only is None else only
    cards = [views.view_of(card) for card in wanted]
    if len(cards) > 1:
        cards.sort(key=views.sort_key)
    costs = views.costs.values()
    return Situation(
        standings,
        tuple(cards),
        root_causes(board, observed, standings),
        count_status(board.cards, DONE),
        total=len(board.cards) - count_status(board.cards, DROPPED),
        cost_today=total_cost(
            each.cost_usd for each in costs if each.ended >= day_begins(observed.now)
        ),
        cost_all=total_cost(each.cost_usd for each in costs),
    )


class CardAccount(NamedTuple):
    """Some cards as people see them, and no more of the standing than concerns them."""

    standing: Standing
    cards: tuple[CardView, ...]


def account_of(
    board: Board, observed: Observed, figures: Figures, cards: Collection[Card]
) -> CardAccount:
    """Compute what people see of some cards, and nothing that only concerns others."""
    standings = standing_of(board, observed, cards)
    views = _CardViews(board, observed, figures, standings, to_cache=False)
    return CardAccount(standings, tuple(views.view_of(card) for card in cards))


def ending_words(run: Run, verify: tuple[str, ...] = ()) -> str:
    """How a run ended in one line: `verify: pytest -q exited with 1`; empty if it succeeded."""
    if run.outcome == SUCCEEDED:
        return ""
    if run.outcome == "verify-failed" and verify and run.why.startswith("verify "):
        return f"verify: {shlex.join(verify)} {run.why.removeprefix('verify ')}"
    return run.why or run.outcome


class _CardViews:
    """Words the cards of one board at one moment; what several share is computed once."""

    def __init__(
        self,
        board: Board,
        observed: Observed,
        figures: Figures,
        standings: Standing,
        to_cache: bool,
    ) -> None:
        self._board, self._observed, self._figures = board, observed, figures
        self._standings, self._to_cache = standings, to_cache
        self._needed = {each.card: each for each in standings.needed}
        self._runs = {run.run: run for run in observed.runs}
        self._starts = {start.card for start in standings.scheduled.starts}
        known = {run.run: cost_of(run) for runs in board.runs.values() for run in runs}
        self.costs = {**known, **figures.costs}
        self._costs: dict[str, list[str]] = {}
        self._ended: dict[str, int] = {}
        for each in self.costs.values():
            self._costs.setdefault(each.card, []).append(each.cost_usd)
            self._ended[each.card] = max(each.ended, self._ended.get(each.card, 0))

    def view_of(self, card: Card) -> CardView:
        """Return one card as people see it."""
        observed, standings = self._observed, self._standings
        needed, hold = self._needed.get(card.id), standings.holds.get(card.id)
        group = self._group_in(card, needed, hold)
        state = _state_in(card, group)
        worker = self._board.worker_of(card)
        runs = self._board.runs_of(card.id)
        last = ending_words(runs[-1], worker.verify if worker else ()) if runs else ""
        costs = self._costs.get(card.id)
        remark = standings.remark_on(card, observed)
        return CardView(
            id=card.id,
            title=card.title,
            worker=card.worker,
            status=card.status,
            ready=graph.ready(self._board, card, observed.now, observed.elsewhere),
            parents=card.parents,
            priority=card.priority,
            run=card.run,
            slot=card.slot,
            host=card.host,
            not_before=card.not_before,
            reason=card.reason,
            why=card.why,
            hold=remark,
            holds=0 if card.status == DONE else standings.waiting.get(card.id, 0),
            needs_person=needed is not None,
            group=group,
            state=state,
            remark=self._remark_of(card, group, hold, last=last, remark=remark),
            since=self._since_when(card, group),
            after=self._parents_waited(card),
            tries=attempts(runs, card.attempts_after) + (card.status in (RUNNING, REVIEW)),
            tries_most=worker.max_attempts if worker else 0,
            last=last,
            cost_usd=total_cost(costs) if costs else "",
            command=self._command_for(card, state, needed, hold),
            labels=card.labels,
        )

    def _group_in(self, card: Card, needed: Needed | None, hold: Hold | None) -> str:
        if card.status == RUNNING:
            return RUNNING
        if card.status == TODO:
            return self._group_of_todo(needed, hold)
        if needed:
            return rows.NEEDS_YOU
        return rows.NEXT if card.status == REVIEW else card.status

    def _group_of_todo(self, needed: Needed | None, hold: Hold | None) -> str:
        if hold is None:
            return rows.NEXT
        if hold.code in ROOTS and hold.code != STANDSTILL:
            return rows.WAITING
        if needed:
            return rows.NEEDS_YOU
        return rows.NEXT if hold.is_ready else rows.WAITING

    def _parents_waited(self, card: Card) -> tuple[tuple[CardId, str], ...]:
        if card.status != TODO:
            return ()
        waits = graph.unfinished(self._board, card)
        return tuple((name, self._state_of(name)) for name in waits)

    def _state_of(self, name: CardId) -> str:
        """The state of a parent, as its child's row shows it."""
        card = self._board.cards.get(name)
        if card is None:
            return graph.state(self._board, name)
        group = self._group_in(card, self._needed.get(name), self._standings.holds.get(name))
        return _state_in(card, group)

    def _remark_of(self, card: Card, group: str, hold: Hold | None, last: str, remark: str) -> str:
        """The card's one line: what it asks, what was done, where it runs, or what it waits for.

        `remark` is the one of its standing.
        """
        if card.status == BLOCKED:
            runs = self._board.runs_of(card.id)
            return last if runs and runs[-1].why == card.why and last else one_line(card.why)
        if card.status == REVIEW:
            return (
                remark.removeprefix("is in review; ") if remark else self._work_words(card, group)
            )
        if card.status == RUNNING:
            facts = self._runs.get(card.run)
            if facts and facts.executor:
                from gitkanban.core.tick.jobs import run_words  # late: few boards have executors

                return f"{card.slot or '?'} {run_words(facts)}"
            return f"{card.slot or '?'}{self._elsewhere_words(card)}"
        if card.status != TODO:
            return ""
        if group == rows.WAITING and hold and (hold.code == PARENTS or "parent-" in hold.code):
            return f"after {some(list(graph.unfinished(self._board, card)))}"
        text = ROOTS.get(hold.code, hold.text) if hold else "with the next tick"
        return f"{text} (last: {last})" if last else text

    @cached_property
    def _clones_by_id(self) -> Mapping[str, CloneAccount]:
        return other_clones(self._board, self._observed.clone)

    def _elsewhere_words(self, card: Card) -> str:
        """Where a card of another clone runs, and when that clone was last heard of."""
        clone = self._clones_by_id.get(card.clone)
        if clone is None:
            return ""
        heard, now = clone.at, self._observed.now
        when = (marked_ago(heard) if self._to_cache else ago(heard, now)) if heard else ""
        return f" on {card.host or 'another host'}" + (f", last heard of {when}" if when else "")

    def _work_words(self, card: Card, group: str) -> str:
        """How much the work of a card in review changes, and whether verify passed."""
        size = self._figures.sizes.get(card.id)
        parts = ["the next tick accepts it"] if group == rows.NEXT else []
        if size:
            files = "1 file" if size.files == 1 else f"{size.files} files"
            parts.append(f"+{size.added} −{size.removed} in {files}")
        if card.id in self._figures.verified:
            parts.append("verify ✓")
        return " · ".join(parts)

    def _since_when(self, card: Card, group: str) -> int:
        if group == rows.NEXT and card.status == TODO:
            return self._observed.ready_since.get(card.id, 0)
        if card.status in (DONE, DROPPED):
            return self._figures.finished.get(card.id) or self._ended.get(card.id, 0)
        if card.status not in (BLOCKED, REVIEW):
            return 0
        runs = self._board.runs_of(card.id)
        if not runs or (card.status == BLOCKED and runs[-1].why != card.why):
            return 0  # somebody has blocked it after its last run
        return runs[-1].ended

    def _command_for(self, card: Card, state: str, needed: Needed | None, hold: Hold | None) -> str:
        """The one command that answers the card; empty if nobody has to."""
        if needed is None:
            return ""
        runs = self._board.runs_of(card.id)
        here = bool(runs) and runs[-1].run in self._observed.known_runs
        if card.id in self._observed.elsewhere or card.status in (TODO, BACKLOG, DROPPED):
            command = command_in(needed.frees or (hold.frees if hold else ""))
            return command or f"gitkanban why {card.id}"
        return {
            rows.QUESTION: f'gitkanban retry {card.id} --why "…"',
            rows.REVIEW: f"gitkanban review {card.id}",
            rows.FAILED: f"gitkanban {'logs' if here else 'show'} {card.id}",
        }.get(state, f"gitkanban retry {card.id}")

    def sort_key(self, view: CardView) -> tuple[object, ...]:
        """The sort key of a card: its group first.

        Within their group, cards that need somebody are sorted by how many cards they hold up, then
        the longest waiting first. Finished cards come latest first, all others after their parents.
        """
        group = rows.GROUPS.index(view.group)
        if view.group == rows.NEEDS_YOU:
            return group, -view.holds, view.since or self._observed.now, view.id
        if view.group in (DONE, DROPPED):
            return group, -view.since, 0, view.id
        return group, self._graph_levels.get(view.id, 0), 0, view.id

    @cached_property
    def _graph_levels(self) -> dict[CardId, int]:
        return _levels_of(self._board)


def _state_in(card: Card, group: str) -> str:
    if group != rows.NEEDS_YOU:
        return group
    if card.status == BLOCKED:
        states = {"": rows.QUESTION, NEEDS_INPUT: rows.QUESTION, CONFLICT: rows.CONFLICT}
        return states.get(card.reason, rows.FAILED)
    return rows.REVIEW if card.status == REVIEW else rows.STUCK


def _levels_of(board: Board) -> dict[CardId, int]:
    """The length of the longest chain of open cards before each open card."""
    cards = {card.id: card for card in open_cards(board.cards)}
    levels: dict[CardId, int] = {}
    for group in graph.components(cards):
        parents = {parent for name in group for parent in cards[name].parents if parent in levels}
        level = 1 + max(map(levels.__getitem__, parents)) if parents else 0
        levels.update(dict.fromkeys(group, level))
    return levels
