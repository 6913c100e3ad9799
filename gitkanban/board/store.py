"""Reading the board at its tip, and changing it: one commit by compare-and-swap, or nothing.

No index and no working tree is touched here; the checkouts follow afterwards (`following`).
"""

import time
from collections.abc import Callable, Sequence

from gitkanban import clock, failpoints
from gitkanban.board.content import board_cache, reading
from gitkanban.board.repo import (
    blobs,
    checkouts,
    git,
    placefinder,
    placewriter,
    refs,
    signing,
)
from gitkanban.board.repo.place import Place
from gitkanban.board.repo.turn import Turn
from gitkanban.core.changes import Change, applied
from gitkanban.core.model import Board
from gitkanban.core.names import CardId
from gitkanban.errors import BoardBusy, BoardMoved, GitFailed, NoBoard
from gitkanban.typed import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from gitkanban.board.content.writing import NewTree
    from gitkanban.board.following.follow_board import Step
    from gitkanban.board.work.integrate import BaseAhead

ATTEMPTS = 100
QUEUE_PATIENCE = 2.0  # seconds that our turn to write is waited for

Decide = Callable[[Board], Sequence[Change]]
Claim = Callable[[str], bool]
Message = Callable[[Board, Sequence[Change]], str]


class Committed(NamedTuple):
    """What a change did. `commit` is empty when there was nothing to change."""

    before: Board
    after: Board
    commit: str
    changes: tuple[Change, ...] = ()
    notices: tuple[str, ...] = ()
    step: "Step | None" = None  # for the checkouts that follow


def read(place: Place, rev: str = "") -> Board:
    """The board at the branch's tip, or at a revision, wherever it lay there.

    Raises NoBoard when there is none.
    """
    if not rev:
        return _at_tip(place)
    asked = rev
    done = git.run(
        place.common, "rev-parse", "--verify", "--quiet", f"{asked}^{{commit}}", check=False
    )
    if done.code:
        raise NoBoard(
            f"no board at {rev}", "`git branch` lists what there is; see also `git reflog`."
        )
    prefix = placefinder.board_in(place.common, done.text)
    if prefix is None:
        hint = place.rev_hint(asked) or "`gitkanban log` lists the board's commits."
        raise NoBoard(f"{asked} holds no board", hint)
    return reading.board_at(place._replace(prefix=prefix), done.text)


def _at_tip(place: Place) -> Board:
    tip = checkouts.tip(place, place.start or place.ref)
    if not tip:
        raise NoBoard(
            f"the board's branch {place.branch} does not exist",
            f"If it was deleted: git branch {place.branch} {refs.SEEN_REF}",
        )
    board = board_cache.load(place, tip)
    if board is None:
        board = reading.board_at(place, tip)
        if not place.aside:
            board_cache.save(place, board)
    git.set_limit(board.config.git_timeout if board.config else 0)
    signing.set_policy(board.config.sign if board.config else signing.AUTO)
    return board


def history(place: Place, board: Board, card: CardId) -> Board:
    """The board with all runs and notes of one card; `read` leaves out those of quiet cards."""
    return reading.history_of(place, board, card)


def archived(place: Place, board: Board, card: CardId) -> Board:
    """The board with a card of the archive among its cards; as it is when the card is not there."""
    old = reading.archived_card(place, board, card) if card in board.archived else None
    return board._replace(cards={card: old, **board.cards}) if old else board


def card_text(place: Place, board: Board, card: CardId) -> str:
    """The text of a card's file at the board's commit."""
    return text_of(place, board, f"cards/{card}.yaml")


def text_of(place: Place, board: Board, name: str) -> str:
    """The text of one of the board's files at its commit. Raises GitFailed when it has none."""
    data = blobs.content(place, f"{board.commit}:{place.path(name)}")
    if data is None:
        raise GitFailed(f"no file {place.path(name)} at {board.commit[:10]}")
    return data.decode("utf-8", "surrogateescape")


def commit(
    place: Place, decide: Decide, *, message: Message, attempts: int = ATTEMPTS
) -> Committed:
    """Commit what `decide` wants of the board as it is; decided again whenever the branch moved.

    Raises BoardBusy while the board must not be written, BoardMoved when it never held still, and
    whatever `decide` raises; nothing is written then.
    """
    from gitkanban.board.following import restoring

    notices: list[str] = []
    for attempt in range(attempts):
        # One after the other, or of eight writers seven would work in vain.
        with Turn(place, "write", QUEUE_PATIENCE):
            notices += restoring.restore(place)
            board = read(place)
            changes = tuple(decide(board))
            done = _commit_on(place, board, changes, message, checked=True)
        if done:
            return bring_checkouts_along(place, done._replace(notices=(*notices, *done.notices)))
        time.sleep(min(0.2, 0.005 * 2 ** min(attempt, 6)) * clock.jitter())
    raise BoardMoved(
        f"branch {place.branch} moved under each of {attempts} attempts",
        "Something commits to it all the time; try again.",
    )


def commit_once(
    place: Place,
    board: Board,
    changes: Sequence[Change],
    message: Message,
    claim: Claim | None = None,
    onto: "BaseAhead | None" = None,
) -> Committed | None:
    """Commit the changes on exactly this board; None if the branch has moved since it was read.

    What was merged `onto` base becomes so with the same move of refs. No checkout is brought along:
    `bring_checkouts_along` does that. `claim` is handed the commit before the branch moves to it,
    and may refuse: None then too. Raises BoardBusy, GitFailed, Refused, NotFound, OSError; nothing
    is written then.
    """
    return _commit_on(place, board, tuple(changes), message, claim=claim, onto=onto)


def bring_checkouts_along(
    place: Place, done: Committed, onto: "BaseAhead | None" = None
) -> Committed:
    """The commit, once checkouts of the branch have been brought along to it, and those of base."""
    from gitkanban.board.following import follow_board

    if not done.commit:
        return done
    notices = (*(onto.bring() if onto else ()), *follow_board.follow(place, done.step))
    failpoints.reach("commit.followed")
    return done._replace(notices=(*done.notices, *notices))


# Long: each step stands once, in the order in which a kill between two of them is harmless.
def _commit_on(
    place: Place,
    board: Board,
    changes: tuple[Change, ...],
    message: Message,
    claim: Claim | None = None,
    onto: "BaseAhead | None" = None,
    checked: bool = False,
) -> Committed | None:
    """The commit made and the branch moved to it; None if that has moved before.

    What a person wrote is `checked` to be readable. A tick's is not: it adds little to files that
    are, and one card must not stop it.
    """
    from gitkanban.board.content import board_after
    from gitkanban.board.content.writing import NewTree
    from gitkanban.board.following import follow_board, restoring

    if not changes:
        return Committed(board, board, "")
    why = refs.why_not(place)
    if why:
        raise BoardBusy(f"the board is not written: {why}", "Finish or abort that first.")
    restoring.restore(place)
    if not place.start and checkouts.tip(place, place.ref) != board.commit:
        return None
    same_branch = onto is not None and onto.ref == place.ref
    if onto and same_branch and onto.old != board.commit:
        return None
    parent = onto.tip if onto and same_branch else board.commit
    with NewTree(place, parent) as draft:
        draft.apply(changes)
        if checked:
            draft.refuse_unreadable()
        new = draft.commit(message(board, changes), [parent])
        files = draft.written_files()
    if not new:
        return Committed(board, board, "", changes)
    failpoints.reach("commit.decided")
    if claim and not claim(new):
        return None
    if not _move_branches(place, board, draft, new, why=message(board, changes), onto=onto):
        return None
    failpoints.reach("commit.branch-moved")
    placewriter.pin(place)
    after = applied(board, changes)._replace(commit=new)
    if not place.aside and not (onto and onto.proposed):
        exact = board_after.after(board, after, changes, draft.written)
        if exact is not None:
            board_cache.save(place, exact)
    step = None if onto or place.start else follow_board.Step(board.commit, new, files)
    return Committed(board, after, new, changes, notices=signing.take_notices(), step=step)


def _move_branches(
    place: Place,
    board: Board,
    draft: "NewTree",
    new: str,
    why: str,
    onto: "BaseAhead | None",
) -> bool:
    """Move the board's branch to the commit, and base with it; False if one has moved before.

    Checkouts of either are brought along whatever happens after this, by whom.
    """
    from gitkanban.board.following import follow_base, follow_board

    follow_board.begin(place, board.commit)
    also = [(onto.ref, onto.old, onto.tip)] if onto and onto.ref != place.ref else []
    if onto:
        onto.begin()

    def rewrite_lost() -> bool:
        return (onto is not None and onto.rewrite_lost()) | draft.rewrite_lost()

    move = ("" if place.start else board.commit, new)
    if _swap_refs(place, rewrite_lost, move, why, also=also):
        return True
    if onto:
        follow_base.forget(onto.checkouts, onto.tip)
    return False


def _swap_refs(
    place: Place,
    rewrite_lost: Callable[[], bool],
    move: tuple[str, str],
    why: str,
    also: Sequence[refs.Move],
) -> bool:
    """Compare-and-swap to commits whose objects are there before and after it."""
    try:
        moved = refs.swap(place, *move, why, also=also)
    except GitFailed:
        if not rewrite_lost():
            raise
        moved = refs.swap(place, *move, why, also=also)
    if moved:
        rewrite_lost()
    return moved
