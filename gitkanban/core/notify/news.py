"""What is news in a situation, with the command that answers it and the clone that sends it.

Everything comes from the account of a board (`core.situation`). `ledger` knows what was sent
before. Times stay marks for `time_words.worded`, because a text may wait for a while.
"""

from collections.abc import Iterator, Mapping

from gitkanban.core.model import BACKLOG, DROPPED, RUNNING, TODO, Board
from gitkanban.core.names import NO_RUN, RunId, WorkerName
from gitkanban.core.situation import rows
from gitkanban.core.situation.account import CardView, Situation
from gitkanban.core.situation.causes import ROOTS, Cause
from gitkanban.core.situation.figures import RunCost
from gitkanban.core.tick.agent_state import asks_person, quota_words
from gitkanban.core.tick.budget import day_begins
from gitkanban.core.tick.facts import Observed
from gitkanban.core.tick.holds import (
    BUDGET_DAY,
    EVERYBODY,
    FOR_PEOPLE,
    PAUSED,
    QUOTA,
    STANDSTILL,
)
from gitkanban.core.time_words import marked
from gitkanban.typed import Literal, NamedTuple

# About a card: question, review, failed, conflict, stuck. About workers: held, paused, limit. About
# the board: idle, deadlock, done. About nothing: test.
NewsEvent = Literal[
    "question", "review", "failed", "conflict", "stuck",
    "held", "paused", "limit", "idle", "deadlock", "done", "test",
]  # fmt: skip
OF_CARDS: tuple[NewsEvent, ...] = ("question", "review", "failed", "conflict", "stuck")

_VERBS: Mapping[str, str] = {
    rows.QUESTION: "asks",
    rows.REVIEW: "is ready for review",
    rows.FAILED: "failed for good",
    rows.CONFLICT: "conflicts with base",
}


class NewsItem(NamedTuple):
    """One thing that people should know. Equal keys mean the same thing, however it is worded.

    `clone` is the clone that sends it; empty: any clone could, and `sender_of` chooses one.
    """

    key: str
    event: NewsEvent
    words: str
    command: str = ""  # that answers it; empty: nobody has to
    card: str = ""
    title: str = ""
    workers: tuple[WorkerName, ...] = ()
    holds: int = 0  # cards that wait for it
    clone: str = ""


class News(NamedTuple):
    """All current news of a board.

    `lingering` are keys of what is no news now, but has not ended either. `first` is the clone of
    the board's oldest run, which sends the news that belongs to no clone.
    """

    items: tuple[NewsItem, ...]
    lingering: frozenset[str] = frozenset()
    first: str = ""


class _LastRun(NamedTuple):
    """The board's run that ended last."""

    ended: int = 0
    run: RunId = NO_RUN
    clone: str = ""


def find_news(
    board: Board, observed: Observed, account: Situation, costs: Mapping[RunId, RunCost]
) -> News:
    """Find the current news of a board.

    `account` must have been computed with `to_cache`; `costs` are those of all runs.
    """
    ends = {run.run: (run.ended, run.clone) for runs in board.runs.values() for run in runs}
    ends |= {run: (each.ended, each.clone) for run, each in costs.items()}
    last = max((_LastRun(at, run, clone) for run, (at, clone) in ends.items()), default=_LastRun())
    items = (
        *_news_of_cards(board, account),
        *_news_of_causes(observed, account),
        *_news_of_pauses(board, account),
        *_news_of_limits(observed, account),
        *_news_of_rest(account, last),
    )
    lingering = frozenset(_limit_key(profile) for profile in observed.agents.quotas)
    return News(items, lingering, ends[min(ends)][1] if ends else "")


def sender_of(item: NewsItem, news: News, clone: str, alone: bool) -> str:
    """The clone that sends a piece of news, as `clone` sees it; empty: none yet.

    `alone`: no other clone ticks. The answer follows from the board, so two clones that notice the
    same thing never both send it.
    """
    return item.clone or (clone if alone else news.first)


def _news_of_cards(board: Board, account: Situation) -> Iterator[NewsItem]:
    texts = {each.card: each.text for each in account.standing.needed}
    for view in account.cards:
        if view.group != rows.NEEDS_YOU:
            continue
        runs = board.runs_of(view.id)
        yield NewsItem(
            # A key for each try, question or failure: a card that comes back is news.
            key=f"{view.state} {view.id} {view.since} {view.why}",
            event=_event_of(view),
            words=_card_words(view, texts.get(view.id, "")),
            command=view.command,
            card=view.id,
            title=view.title,
            workers=(view.worker,) if view.worker else (),
            holds=view.holds,
            clone=runs[-1].clone if runs else "",
        )


def _event_of(view: CardView) -> NewsEvent:
    return next((event for event in OF_CARDS if event == view.state), "stuck")


def _card_words(view: CardView, text: str) -> str:
    """`T1 asks: which one?`"""
    verb = _VERBS.get(view.state)
    if verb is None:
        if view.status not in (BACKLOG, DROPPED):
            return f"{view.id}: {text}"
        where = "is dropped" if view.status == DROPPED else "is in the backlog"
        return f"{view.id} {where}, and {_wait_words(view.holds)} for it"
    tries = f" (tried {view.tries} times)" if view.state == rows.FAILED and view.tries > 1 else ""
    return f"{view.id} {verb}{tries}{f': {view.remark}' if view.remark else ''}"


def _news_of_causes(observed: Observed, account: Situation) -> Iterator[NewsItem]:
    """Root causes that only a person can end; not standstills: there, somebody is using git."""
    for cause in account.causes:
        if cause.code in (PAUSED, QUOTA, BUDGET_DAY, STANDSTILL):
            continue
        here = cause.code in FOR_PEOPLE and cause.code not in _OF_THE_BOARD
        who = f"{', '.join(cause.subjects)}: " if cause.subjects else ""
        yield NewsItem(
            key=f"held {cause.code} {' '.join(cause.subjects)}",
            event="held",
            words=f"{who}{cause.text}{_holds_words(cause)}",
            command=cause.command,
            card="" if cause.code in ROOTS else " ".join(cause.subjects),
            workers=tuple(map(WorkerName, cause.subjects)) if cause.code in ROOTS else (),
            holds=cause.holds,
            clone=observed.clone if here else "",
        )


# Causes that are the same for every clone; the others belong to this machine.
_OF_THE_BOARD = frozenset({"config", "no-command", "unknown-worker"})


def _wait_words(count: int) -> str:
    return "1 card waits" if count == 1 else f"{count} cards wait"


def _holds_words(cause: Cause) -> str:
    return f"; holds {'1 card' if cause.holds == 1 else f'{cause.holds} cards'}" * bool(cause.holds)


def _news_of_pauses(board: Board, account: Situation) -> Iterator[NewsItem]:
    holds = {name: each.holds for each in account.causes if each.code == PAUSED
             for name in each.subjects}  # fmt: skip
    for name, pause in sorted(board.paused.items()):
        everybody = name == EVERYBODY
        who = "every worker" if everybody else name
        yield NewsItem(
            key=f"paused {name} {pause.at}",
            event="paused",
            words=f"{who} is paused{f': {pause.why}' if pause.why else ''}",
            command=f"gitkanban resume {'--all' if everybody else name}",
            workers=() if everybody else (name,),
            holds=max(holds.values(), default=0) if everybody else holds.get(name, 0),
        )


def _limit_key(name: str) -> str:
    return f"limit {name}"


def _news_of_limits(observed: Observed, account: Situation) -> Iterator[NewsItem]:
    """Quotas and budgets that hold cards back until a known time."""
    by_text = {each.text: each for each in account.causes if each.code == QUOTA}
    for profile, quota in sorted(observed.agents.quotas.items()):
        cause = by_text.get(quota_words(profile, quota, marked))
        if cause and not asks_person(quota):
            words = f"{cause.text}{_holds_words(cause)}"
            yield NewsItem(
                _limit_key(profile), "limit", words, holds=cause.holds, clone=observed.clone
            )
    spent = [each for each in account.causes if each.code == BUDGET_DAY]
    if spent:
        words = "; ".join(each.text for each in spent)
        key = _limit_key(f"{BUDGET_DAY} {day_begins(observed.now)}")
        yield NewsItem(key, "limit", words, holds=sum(each.holds for each in spent))


def _news_of_rest(account: Situation, last: _LastRun) -> Iterator[NewsItem]:
    """The news that nothing goes on, once after each time that something ran."""
    standing = account.standing
    event: NewsEvent = "idle"
    if standing.deadlock:
        event, words = "deadlock", standing.deadlock
    elif standing.waits_for_you:
        words = f"nothing runs: {standing.waits_for_you}"
    elif not last.ended or any(_goes_on(view) for view in account.cards):
        return
    elif account.done == account.total:
        event, words = "done", "all cards are done" if account.done > 1 else "the card is done"
    else:
        words = f"nothing runs: {_rest_words(account)}"
    yield NewsItem(f"{event} {last.run}", event, words, clone=last.clone)


def _goes_on(view: CardView) -> bool:
    return view.status in (TODO, RUNNING) or view.group == rows.NEXT


def _rest_words(account: Situation) -> str:
    yours = sum(view.group == rows.NEEDS_YOU for view in account.cards)
    if yours:
        return "1 card needs you" if yours == 1 else f"{yours} cards need you"
    return f"{account.done} of {account.total} cards are done, the others are in the backlog"
