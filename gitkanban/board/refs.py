"""The board's branch moved by compare-and-swap, through git's own reference transactions.

It writes no objects, and touches no index and no working tree.
"""

import time

from gitkanban import clock
from gitkanban.board import git, standstill
from gitkanban.board.place import Place
from gitkanban.errors import BoardBusy, GitFailed

LOCK_PATIENCE = 5.0  # seconds that a live ref lock is waited for
INDEX_PATIENCE = 2.0  # seconds that a live index.lock is waited for
SEEN = "refs/gitkanban/seen"


def why_not(place: Place) -> str:
    """Why nothing may be committed to the board now; empty: it may."""
    return standstill.reason(place, INDEX_PATIENCE)


def swap(place: Place, old: str, new: str, why: str, *, seen: bool = True) -> bool:
    """Move the branch, and what we have seen of it, from `old` (empty: it is new) to `new`.

    False when the branch was not at `old`. Raises BoardBusy, GitFailed.
    """
    # `seen` goes first: between the two it is ahead, which reads as lost and finds the branch moved.
    orders = f"start\nupdate {SEEN} {new}\n" if seen and not place.aside else "start\n"
    orders += f"update {place.ref} {new} {old or '0' * 40}\nprepare\ncommit\n"
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
