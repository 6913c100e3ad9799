"""The board's branch synced with a remote's: fetched, merged, pushed; and the work of its cards
with it.

Nothing is forced. Only the board's branch is pushed, the branches of cards, and base if it has
work that the board calls done. On a conflict both sides stay as they were, and the conflict is
named.
"""

import time

from gitkanban import clock
from gitkanban.board.repo import checkouts, commits
from gitkanban.board.sharing import fetching, pushing, taking_in, unsent
from gitkanban.board.sharing.link import Link
from gitkanban.board.sharing.pushing import Published
from gitkanban.core.model import TODO
from gitkanban.core.names import NO_OID, Oid
from gitkanban.core.tick.travel import Load
from gitkanban.errors import BoardMoved, Refused
from gitkanban.typed import NamedTuple

ATTEMPTS = 20


class Synced(NamedTuple):
    """The result of a sync: the branch's commit, and whether anything was fetched or pushed."""

    commit: Oid
    pulled: bool = False
    pushed: bool = False
    notices: tuple[str, ...] = ()
    base_fault: str = ""  # why base here does not contain base there
    published: Published = Published(True)


def sync(link: Link, cards: bool = False, ask_first: bool = True, send: bool = True) -> Synced:
    """Fetch, merge and push; try again a few times when somebody moves either side first.

    `cards` pushes all branches of cards. Without `ask_first` it pushes first and fetches only if
    that is refused; without `send` it only fetches. Raises Offline, Conflicting, BoardBusy,
    Refused, GitFailed, BoardMoved; the branch is then as it was, or has only taken in the remote's.
    """
    pulled, fault, notices = False, "", list[str]()
    place = link.place
    for attempt in range(ATTEMPTS):
        if attempt:
            time.sleep(min(1.0, 0.01 * 2 ** min(attempt, 7)) * clock.jitter())
        if attempt or ask_first:
            theirs = fetching.fetch(link)
            moved, fault, lines = taking_in.take_base(link)
            notices += lines
            pulled |= moved
            ours = checkouts.tip(place, place.ref)
            if theirs and not (ours and commits.is_ancestor(place.common, theirs, ours)):
                taken_in = taking_in.take_board(place, link.remote, ours, theirs)
                if taken_in is None:
                    continue
                notices += taken_in
                pulled = True
                if link.work:  # a card that came just now may start at once
                    fetching.fetch_cards(link, TODO)
        ours = checkouts.tip(place, place.ref)
        load = unsent.load_of(link) if send else Load(NO_OID)
        if load.base and fault:
            raise Refused(
                f"the board is not pushed, for it has work that base lacks there: {fault}"
            )
        done = pushing.publish(link, load)
        if done.done:
            if cards:
                pushing.push_all_cards(link)
            return Synced(
                ours, pulled, bool(load.board), tuple(notices), base_fault=fault, published=done
            )
    raise BoardMoved(
        f"{place.branch} moved, here or in {link.remote}, under each of {ATTEMPTS} attempts to "
        "sync it",
        "Try again in a moment.",
    )
