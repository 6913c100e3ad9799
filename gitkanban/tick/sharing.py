"""Pushes the branches of cards in review to the remote that `push` names, once the tick lock is
free, so that nobody waits for a network.

What other clones tick with has gone before (`remote`).
"""

from gitkanban import clock
from gitkanban.board import store
from gitkanban.board.repo.place import Place
from gitkanban.core.model import REVIEW, Board, Config
from gitkanban.core.moves import branch_closed
from gitkanban.core.split_cards import open_cards
from gitkanban.errors import GitkanbanError, Untrusted
from gitkanban.runs import trust
from gitkanban.tick.committing import checkouts_following, commit_board
from gitkanban.tick.state import TickState


def share(state: TickState) -> None:
    """Push what `push` asks for, and report what a remote has said."""
    _publish_where_asked(state)
    report_remote(state)


def report_remote(state: TickState) -> None:
    """Add what a remote has said to the outcome."""
    if state.remote:
        state.add(notices=tuple(state.remote.notices), errors=tuple(state.remote.errors))


def _publish_where_asked(state: TickState) -> None:
    """Push the branches of cards in review if `push` is set; block those that were closed there."""
    if state.config is None or not state.config.push:
        return
    lock = state.locks.take("publish")
    if lock is None:
        return  # an earlier tick is still publishing
    with lock:
        board = store.read(state.place)
        if board.config is not None and board.config.push:
            _publish_branches(state, board, board.config)


def _publish_branches(state: TickState, board: Board, config: Config) -> None:
    from gitkanban.runs.publishing import Publisher  # late: most boards push nothing

    publisher = Publisher(state.place, board, int(clock.now()))
    try:
        _check_pushing(state.place, board, config)
        publisher.run()
        why = f"its branch was closed on {config.push} without a merge"
        changes = [branch_closed(card, why) for card in publisher.closed]
        with checkouts_following(state, commit_board(state, board, changes)):
            pass
    except (GitkanbanError, OSError) as error:
        state.report_error(f"the branches of cards in review are not pushed: {error}")
    state.add(notices=tuple(publisher.notices))


def _check_pushing(place: Place, board: Board, config: Config) -> None:
    """Raise Untrusted if branches wait to be pushed and the owner has not allowed pushing."""
    waiting = any(card.status == REVIEW for card in open_cards(board.cards))
    why = trust.withheld(place, config).pushing if waiting else ""
    if why:
        raise Untrusted(f"{why}; see `gitkanban trust`")
