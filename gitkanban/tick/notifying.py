"""News after a tick: records what is new, and starts a sender if anything waits.

`core.notify` decides what is news. A separate process sends it (`runs.notifier`), so no tick waits
for a notifier. Called once the tick lock is free, and only where `kanban.notify` is set.
"""

import os

from gitkanban import clock
from gitkanban.board import store
from gitkanban.board.repo.clone import clone_id, host
from gitkanban.board.repo.place import Place
from gitkanban.core.model import Board, Config
from gitkanban.core.notify.ledger import take_in
from gitkanban.core.notify.news import News, find_news
from gitkanban.core.situation.account import situation
from gitkanban.errors import GitkanbanError
from gitkanban.runs import briefing, figures, notifier, sessions, trust
from gitkanban.runs.observe import glance
from gitkanban.runs.records import news_ledger
from gitkanban.runs.records.news_ledger import NotifierCall
from gitkanban.runs.supervision.locks import Locks
from gitkanban.tick.state import TickState


def notify(state: TickState) -> None:
    """Record what is new and have it sent. A failure is reported as a notice and stops nothing."""
    try:
        board = store.read(state.place)
        if board.config is None or not board.config.notify:
            return
        why = trust.withheld(state.place, board.config).notifying
        if why:
            words = f"nobody is notified: {why}; see `gitkanban trust`"
            news_ledger.report_once(state.place.private, words)
            return
        note_news(state.place, board, alone=state.remote is None)
        if notifier.is_due(state.place.private):
            start_sender(state.place.private)
    except (GitkanbanError, OSError) as error:
        state.add(notices=(f"warning: nobody is notified: {error}",))


def note_news(place: Place, board: Board, alone: bool) -> None:
    """Add what is new to the ledger; `alone` means that no remote shares the board.

    Raises GitkanbanError, OSError.
    """
    config = board.config
    assert config is not None
    news, now = look_for_news(place, board), int(clock.now())
    with news_ledger.changing(place.private):
        ledger, _ = news_ledger.read(place.private)
        ledger = take_in(ledger, news, now, clone_id(place), alone=alone)
        news_ledger.write(place.private, ledger, call_of(place, board, config))


def look_for_news(place: Place, board: Board) -> News:
    """Return all news that the board could give now. Raises GitkanbanError, OSError."""
    observed = glance(place, board, int(clock.now()), Locks(place.private))
    known = figures.gather(place, board)
    return find_news(board, observed, situation(board, observed, known, to_cache=True), known.costs)


def call_of(place: Place, board: Board, config: Config) -> NotifierCall:
    """Return how to call the notifier now; its program is looked up on the trusted PATH."""
    path = trust.search_path(place)
    return NotifierCall(
        argv=(*(trust.program(name, path) for name in config.notify[:1]), *config.notify[1:]),
        path=path,
        cwd=place.main or place.common,
        every=config.notify_every,
        repository=os.path.basename(place.main or place.common).removesuffix(".git"),
        branch=board.branch,
        commit=board.commit,
        host=host(),
    )


def start_sender(private: str) -> None:
    """Start a process that sends what waits, unless one is already sending. Raises OSError."""
    if news_ledger.is_sending(private):
        return
    null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    try:
        pid = os.posix_spawn(
            briefing.OURS[0],
            [*briefing.OURS, "gitkanban.runs.notifier", private],
            os.environ | briefing.own_environment(),
            file_actions=[(os.POSIX_SPAWN_DUP2, null, place) for place in (0, 1, 2)],
        )
    finally:
        os.close(null)
    sessions.adopt(pid)
    sessions.reap()
