"""Reading the board at its tip, and changing it: one commit by compare-and-swap, or nothing.

No index and no working tree is touched here; the checkouts follow afterwards (`follow`).
"""

import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from gitkanban import clock
from gitkanban.board import follow, git, reading, standstill
from gitkanban.board import place as places
from gitkanban.board.place import Place
from gitkanban.board.writing import Draft
from gitkanban.core.changes import Change, applied
from gitkanban.core.model import Board
from gitkanban.errors import BoardBusy, BoardMoved, GitFailed, NoBoard

ATTEMPTS = 100
LOCK_PATIENCE = 5.0  # seconds that a live ref lock is waited for
INDEX_PATIENCE = 2.0  # seconds that a live index.lock is waited for
SEEN = "refs/gitkanban/seen"

Decide = Callable[[Board], Sequence[Change]]
Message = Callable[[Board, Sequence[Change]], str]


class Committed(NamedTuple):
    """What a change did. `commit` is empty when there was nothing to change."""

    before: Board
    after: Board
    commit: str
    changes: tuple[Change, ...] = ()
    told: tuple[str, ...] = ()


def read(place: Place, rev: str = "") -> Board:
    """The board at the branch's tip, or at a revision. Raises NoBoard when there is none."""
    asked = rev or place.start or place.ref
    done = git.run(
        place.common, "rev-parse", "--verify", "--quiet", f"{asked}^{{commit}}", check=False
    )
    if done.code:
        raise NoBoard(
            f"no board at {rev or place.branch}",
            "`git branch` lists what there is; see also `git reflog`.",
        )
    return reading.board_at(place, done.text)


def history(place: Place, board: Board, card: str) -> Board:
    """The board with all runs and notes of one card; `read` leaves out those of quiet cards."""
    return reading.history_of(place, board, card)


def card_text(place: Place, board: Board, card: str) -> str:
    """The text of a card's file at the board's commit."""
    path = place.path(f"cards/{card}.yaml")
    return git.run(place.common, "cat-file", "blob", f"{board.commit}:{path}").out.decode(
        "utf-8", "surrogateescape"
    )


def commit(
    place: Place, decide: Decide, *, message: Message, attempts: int = ATTEMPTS
) -> Committed:
    """Commit what `decide` wants of the board as it is; decided again whenever the branch moved.

    Raises BoardBusy while the board must not be written, BoardMoved when it never held still, and
    whatever `decide` raises; nothing is written then.
    """
    for attempt in range(attempts):
        board = read(place)
        changes = tuple(decide(board))
        done = commit_once(place, board, changes, message)
        if done:
            return done
        time.sleep(min(0.2, 0.005 * 2 ** min(attempt, 6)) * clock.jitter())
    raise BoardMoved(
        f"branch {place.branch} moved under each of {attempts} attempts",
        "Something commits to it all the time; try again.",
    )


def commit_once(
    place: Place, board: Board, changes: Sequence[Change], message: Message
) -> Committed | None:
    """Commit the changes on exactly this board; None when the branch has moved since it was read.

    Raises BoardBusy, GitFailed, Refused, NotFound, OSError; nothing is written then.
    """
    changes = tuple(changes)
    if not changes:
        return Committed(board, board, "")
    why = why_not(place)
    if why:
        raise BoardBusy(f"the board is not written: {why}", "Finish or abort that first.")
    draft = Draft(place, board.commit)
    draft.apply(changes)
    made = draft.commit(message(board, changes), [board.commit])
    if not made:
        return Committed(board, board, "", changes)
    follow.begin(place, board.commit)
    if not swap(place, "" if place.start else board.commit, made, message(board, changes)):
        return None
    places.pin(place) if not place.start else None
    told = follow.follow(place)
    after = applied(board, changes)._replace(commit=made)
    return Committed(board, after, made, changes, tuple(told))


def why_not(place: Place) -> str:
    """Why nothing may be committed to the board now; empty: it may."""
    return standstill.reason(place, INDEX_PATIENCE)


def swap(place: Place, old: str, new: str, why: str, *, seen: bool = True) -> bool:
    """Move the branch, and what we have seen of it, from `old` (empty: it is new) to `new`.

    False when the branch was not at `old`. Raises BoardBusy, GitFailed.
    """
    orders = f"start\nupdate {place.ref} {new} {old or '0' * 40}\n"
    orders += f"update {SEEN} {new}\n" if seen else ""
    orders += "prepare\ncommit\n"
    until = time.monotonic() + LOCK_PATIENCE
    while True:
        done = git.run(
            place.common, "-c", "core.fsync=all", "update-ref", "-m", why.partition("\n")[0],
            "--create-reflog", "--stdin", input=orders.encode(), check=False,
        )  # fmt: skip
        if not done.code:
            return True
        said = done.err.decode("utf-8", "replace")
        if "but expected" in said or "reference already exists" in said:
            return False
        if "unable to resolve" in said or "reference is missing" in said:
            return False
        if "File exists" not in said and "Unable to create" not in said:
            raise GitFailed(f"the board cannot be committed: {done.said}")
        if time.monotonic() > until:
            raise BoardBusy(
                f"branch {place.branch} is locked by another git",
                "If none is running, `gitkanban doctor` says which lock file is stale.",
            )
        time.sleep(0.02 * (1 + clock.jitter()))
