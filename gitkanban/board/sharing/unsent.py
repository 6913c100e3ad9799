"""What the remote lacks, as far as known here: the board, base, and branches of cards.

Nobody is asked, and nothing is sent.
"""

from gitkanban.board import store
from gitkanban.board.repo import checkouts, commits, git
from gitkanban.board.repo.clone import clone_id
from gitkanban.board.sharing.link import Link
from gitkanban.core.ids import CARD_BRANCHES, card_ref
from gitkanban.core.model import Board
from gitkanban.core.names import NO_OID, CardId, Oid, RunId
from gitkanban.core.tick.superseded import LATE_REFS
from gitkanban.core.tick.travel import CardTip, Load, cards_due, carries_work


def load_of(link: Link) -> Load:
    """Return what the remote lacks, as far as known."""
    place = link.place
    ours = checkouts.tip(place, place.ref)
    board = ours if ours != link.tip_there(place.branch) else NO_OID
    if not link.work or not ours:
        return Load(board)
    now = store.read(place)
    return Load(board, base_due(link, now), card_tips(link, now))


def card_tips(link: Link, board: Board) -> tuple[CardTip, ...]:
    """Return the branches of cards that the remote lacks, as far as known."""
    if not link.work:
        return ()
    clone = clone_id(link.place)
    if not cards_due(board, clone, {}):
        return ()
    prefix = f"refs/remotes/{link.remote}/{CARD_BRANCHES}"
    listed = git.run(
        link.place.common, "for-each-ref", "--format=%(objectname) %(refname)", prefix, LATE_REFS
    ).lines
    tips = {ref: tip for tip, _, ref in (line.partition(" ") for line in listed)}
    there = {CardId(ref.removeprefix(prefix)): Oid(tip) for ref, tip in tips.items()}
    fenced = [RunId(ref.removeprefix(LATE_REFS)) for ref in tips]
    due = cards_due(board, clone, there, fenced)
    common = link.place.common
    return tuple(
        tip
        for tip in due
        if card_ref(tip.card) not in link.closed
        # Somebody has built on it there.
        and not (tip.card in there and commits.is_ancestor(common, tip.commit, there[tip.card]))
    )


def base_due(link: Link, board: Board) -> Oid:
    """Return base's commit if it has work that the board calls done and the remote lacks.

    So the board cannot go alone: where the remote's base has moved on as well, the push is refused
    until that was fetched.
    """
    ours, theirs = checkouts.tip(link.place, link.base_ref), link.tip_there(link.base)
    if not link.base or link.base_ref in link.closed or not ours or ours == theirs:
        return NO_OID
    return ours if carries_work(board, commits_between(link, theirs, ours)) else NO_OID


def commits_between(link: Link, older: Oid, newer: Oid) -> frozenset[Oid]:
    """Return the commits that `newer` contains and `older` does not; all if there is no `older`."""
    without = (f"^{older}",) if older else ()
    return frozenset(map(Oid, git.run(link.place.common, "rev-list", newer, *without).lines))
