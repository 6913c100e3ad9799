"""Reading the board at its tip, and changing it: one commit by compare-and-swap, or nothing.

No index and no working tree is touched here; the checkouts follow afterwards (`following`).
"""

import time
from collections.abc import Callable, Iterable, Sequence

from gitkanban import clock, failpoints
from gitkanban.board.content import board_cache
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
from gitkanban.core.ids import KNOWN_REF
from gitkanban.core.model import Board
from gitkanban.core.names import NO_OID, CardId, Oid
from gitkanban.errors import BoardBusy, BoardMoved, GitFailed, NoBoard
from gitkanban.typed import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from gitkanban.board.content.writing import NewTree
    from gitkanban.board.following.follow_board import Step
    from gitkanban.board.work.integrate import BaseAhead

ATTEMPTS = 100
QUEUE_PATIENCE = 2.0  # seconds to wait for our turn to write

Decide = Callable[[Board], Sequence[Change]]
Claim = Callable[[Oid], bool]
Message = Callable[[Board, Sequence[Change]], str]


class Committed(NamedTuple):
    """What a change did. `commit` is empty when there was nothing to change."""

    before: Board
    after: Board
    commit: Oid
    changes: tuple[Change, ...] = ()
    notices: tuple[str, ...] = ()
    step: "Step | None" = None  # for the checkouts that follow


def read(place: Place, rev: str = "") -> Board:
    """Return the board at the branch's tip, or at a revision, in whatever folder it was there.

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
    prefix = placefinder.board_in(place.common, done.oid)
    if prefix is None:
        hint = place.rev_hint(asked) or "`gitkanban log` lists the board's commits."
        raise NoBoard(f"{asked} holds no board", hint)
    from gitkanban.board.content import reading  # late, as most reads are warm

    return reading.board_at(place._replace(prefix=prefix), done.oid)


def _at_tip(place: Place) -> Board:
    tip = checkouts.tip(place, place.start or place.ref)
    if not tip:
        raise NoBoard(
            f"the board's branch {place.branch} does not exist",
            f"If it was deleted: git branch {place.branch} {KNOWN_REF}",
        )
    last = board_cache.load(place)
    board = last if last and last.commit == tip else None
    if board is None:
        board = _changed_since(place, last, tip) or _read_whole(place, tip)
        if not place.aside:
            board_cache.save(place, board)
    git.set_limit(board.config.git_timeout if board.config else 0)
    signing.set_policy(board.config.sign if board.config else signing.AUTO)
    return board


def _read_whole(place: Place, commit: Oid) -> Board:
    from gitkanban.board.content import reading  # late, as most reads are warm

    if place.aside:
        return reading.board_at(place, commit)
    return reading.board_at(place, commit, gather=lambda read: board_cache.gather(place, read))


def _changed_since(place: Place, before: Board | None, commit: Oid) -> Board | None:
    from gitkanban.board.content.board_since import board_since  # late, as most reads are warm

    return board_since(place, before, commit) if before else None


def history(place: Place, board: Board, card: CardId) -> Board:
    """Return the board with all runs and notes of one card; `read` omits those of quiet cards."""
    if card in board.complete:
        return board
    return histories(place, board, (card,))


def histories(place: Place, board: Board, cards: Iterable[CardId]) -> Board:
    """Return the board with all runs and notes of these cards, read together. Raises GitFailed."""
    wanted = frozenset(cards) - board.complete
    if not wanted:
        return board
    from gitkanban.board.content.histories import histories_of  # late, as most are on the board

    return histories_of(place, board, wanted)


def archived(place: Place, board: Board, card: CardId) -> Board:
    """Return the board with an archived card among its cards; unchanged if there is none."""
    if card not in board.archived:
        return board
    from gitkanban.board.content.archive import archived_cards

    old = archived_cards(place, board, (card,)).get(card)
    return board._replace(cards={card: old, **board.cards}) if old else board


def card_text(place: Place, board: Board, card: CardId) -> str:
    """Return the text of a card's file at the board's commit."""
    return text_of(place, board, f"cards/{card}.yaml")


def text_of(place: Place, board: Board, name: str) -> str:
    """Return the text of a board file at the board's commit. Raises GitFailed for none."""
    data = blobs.content(place, f"{board.commit}:{place.path(name)}")
    if data is None:
        raise GitFailed(f"no file {place.path(name)} at {board.commit[:10]}")
    return data.decode("utf-8", "surrogateescape")


def commit(
    place: Place, decide: Decide, *, message: Message, attempts: int = ATTEMPTS
) -> Committed:
    """Commit the changes that `decide` returns for the board; ask it again if the branch moved.

    Raises BoardBusy while the board must not be written, BoardMoved when the branch moved at every
    attempt, and whatever `decide` raises; nothing is written then.
    """
    from gitkanban.board.following import restoring

    notices: list[str] = []
    for attempt in range(attempts):
        # One after the other: else seven of eight writers would work in vain.
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
        "Something keeps committing to it; try again.",
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

    Base moves to the merges in `onto` in the same transaction. Checkouts stay as they are until
    `bring_checkouts_along`. `claim` gets the commit before the branch moves to it, and may refuse
    it: the result is None then too. Raises BoardBusy, GitFailed, Refused, NotFound, OSError;
    nothing is written then.
    """
    return _commit_on(place, board, tuple(changes), message, claim=claim, onto=onto)


def bring_checkouts_along(
    place: Place, done: Committed, onto: "BaseAhead | None" = None
) -> Committed:
    """Bring the checkouts of board and base along; return the commit with the notices."""
    from gitkanban.board.following import follow_board

    if not done.commit:
        return done
    notices = (*(onto.bring() if onto else ()), *follow_board.follow(place, done.step))
    failpoints.reach("commit.followed")
    return done._replace(notices=(*done.notices, *notices))


# Long: it has the steps in the one order in which a kill between two of them is harmless.
def _commit_on(
    place: Place,
    board: Board,
    changes: tuple[Change, ...],
    message: Message,
    claim: Claim | None = None,
    onto: "BaseAhead | None" = None,
    checked: bool = False,
) -> Committed | None:
    """Make the commit and move the branch to it; None if the branch has moved before.

    `checked`: refuse files that could not be read back. That is for what people wrote; a tick adds
    little to files that can be read, and one card must not stop it.
    """
    if not changes:
        return Committed(board, board, NO_OID)
    # Late: most ticks change nothing.
    from gitkanban.board.content import board_after
    from gitkanban.board.content.writing import NewTree
    from gitkanban.board.following import follow_board, restoring

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
        return Committed(board, board, NO_OID, changes)
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
    new: Oid,
    why: str,
    onto: "BaseAhead | None",
) -> bool:
    """Move the board's branch to the commit, and base with it; False if one has moved before.

    The pending move of their checkouts is noted first, so that somebody completes it after a kill.
    """
    from gitkanban.board.following import follow_board

    follow_board.begin(place, board.commit)
    also = [(onto.ref, onto.old, onto.tip)] if onto and onto.ref != place.ref else []
    if onto:
        onto.begin()

    def rewrite_lost() -> bool:
        return (onto is not None and onto.rewrite_lost()) | draft.rewrite_lost()

    move = (NO_OID if place.start else board.commit, new)
    if _swap_refs(place, rewrite_lost, move, why, also=also):
        return True
    if onto:
        from gitkanban.board.following import follow_base  # late: most commits move no base

        follow_base.forget(onto.checkouts, onto.tip)
    return False


def _swap_refs(
    place: Place,
    rewrite_lost: Callable[[], bool],
    move: tuple[Oid, Oid],
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
