"""Which work of a board's cards is not here: a fact about this clone, not about the board.

The work of a card in review is the commit that its run recorded. The work of a done card that
others wait for is its `merged` commit, which base must contain here too. Only git is asked, and not
at all where no run of another clone and no `merged` matters, or base has not moved since the last
look. The last look is cached; the cache may be lost.
"""

from collections.abc import Mapping

from gitkanban.board import store
from gitkanban.board.repo import cachefile, checkouts, commits, git
from gitkanban.board.repo.place import Place
from gitkanban.board.work import cardwork, landed
from gitkanban.core import graph
from gitkanban.core.ids import card_ref
from gitkanban.core.model import DONE, REVIEW, TODO, Board, Card, Run
from gitkanban.core.names import NO_OID, CardId, Oid
from gitkanban.core.split_cards import open_cards
from gitkanban.core.tick.facts import Elsewhere

_INSIDE_FORM = ("inside", 2)


def elsewhere(place: Place, board: Board, clone: str) -> dict[CardId, Elsewhere]:
    """Return the cards in review and done whose work is not here, with where it is.

    Of done cards only those count that a card in todo waits for. Raises GitFailed.
    """
    return _of_reviews(place, board, clone) | _of_parents(place, board)


def _of_reviews(place: Place, board: Board, clone: str) -> dict[CardId, Elsewhere]:
    suspects: dict[CardId, Run] = {}
    for card in open_cards(board.cards):
        done = cardwork.result_of(board.runs_of(card.id)) if card.status == REVIEW else None
        if done is None or cardwork.left_nothing(board.runs_of(card.id)):
            continue
        tip = checkouts.tip(place, card_ref(card.id))
        if tip != done.commit and not (tip and done.clone in ("", clone)):
            suspects[card.id] = done
    here = cardwork.present(place, (run.commit for run in suspects.values()))
    return {
        card: cardwork.where(place, run) for card, run in suspects.items() if run.commit not in here
    }


def _of_parents(place: Place, board: Board) -> dict[CardId, Elsewhere]:
    wanted = {
        parent: board.cards[parent].merged
        for card in open_cards(board.cards)
        if card.status == TODO
        for parent in card.parents
        if parent in board.cards and board.cards[parent].status == DONE
    }
    archived = graph.archived_parents(board)
    if archived:
        from gitkanban.board.content.archive import archived_cards  # late: it reads files

        filed = archived_cards(place, board, archived)
        wanted |= {name: card.merged for name, card in filed.items() if card.status == DONE}
    wanted = {parent: merged for parent, merged in wanted.items() if merged}
    return absent(place, board, wanted) if wanted else {}


def absent(place: Place, board: Board, wanted: Mapping[CardId, Oid]) -> dict[CardId, Elsewhere]:
    """Return which of these done cards (by their `merged`) lack their work in base, in any form."""
    base = checkouts.base_of(place, board.config) if board.config else ""
    ref = f"refs/heads/{base}"
    tip = checkouts.tip(place, ref) if base else NO_OID
    if not tip:
        return {}  # nothing can start without base, and the start reports that
    inside = _commits_inside(place, ref, tip, frozenset(wanted.values()))
    away = {}
    for card, merged in wanted.items():
        if merged not in inside:
            done = cardwork.result_of(store.history(place, board, card).runs_of(card))
            if not _landed_otherwise(place, card, (done.commit if done else NO_OID, merged), tip):
                away[card] = cardwork.where(place, done, merged)
    return away


def merged_of(place: Place, board: Board, card: Card) -> Oid:
    """Return the commit of base that has the work of a card called done; empty if base lacks it.

    The card's own `merged` stays if it is still true.
    """
    if card.merged and not absent(place, board, {card.id: card.merged}):
        return card.merged
    done = cardwork.result_of(store.history(place, board, card.id).runs_of(card.id))
    base = checkouts.base_of(place, board.config) if board.config else ""
    tip = checkouts.tip(place, f"refs/heads/{base}") if base else NO_OID
    if done is None or not done.commit or not tip:
        return NO_OID
    if commits.is_ancestor(place.common, done.commit, tip):
        return done.commit
    return tip if _landed_otherwise(place, card.id, (done.commit,), tip) else NO_OID


def _landed_otherwise(place: Place, card: CardId, ids: tuple[Oid, ...], tip: Oid) -> bool:
    """Return whether base has one of the commits, or its content: merged, squashed or rebased."""
    here = cardwork.present(place, filter(None, ids))
    return any(
        one in here
        and (
            commits.is_ancestor(place.common, one, tip)
            or card in landed.otherwise(place, {card: one}, tip)
        )
        for one in ids
    )


def _commits_inside(place: Place, ref: str, tip: Oid, wanted: frozenset[Oid]) -> frozenset[Oid]:
    """Return which of the commits are contained in `tip`, where `ref` is."""
    path = f"{place.private}/cache/inside"
    known: frozenset[Oid]
    before, looked, known = cachefile.load(path, _INSIDE_FORM) or ("", NO_OID, frozenset())
    if before != ref or (looked != tip and not commits.is_ancestor(place.common, looked, tip)):
        known = frozenset()
    inside = known & wanted
    if wanted - known:
        inside |= _contained_commits(place, tip, wanted - known)
    if (ref, tip, inside) != (before, looked, known):
        cachefile.save(path, _INSIDE_FORM, (ref, tip, inside))
    return inside


def _contained_commits(place: Place, tip: Oid, ids: frozenset[Oid]) -> frozenset[Oid]:
    here = cardwork.present(place, ids)
    if not here:
        return frozenset()
    asked = "".join(f"{one}\n" for one in (*sorted(here), f"^{tip}")).encode()
    outside = git.run(place.common, "rev-list", "--stdin", input=asked).lines
    return frozenset(here.difference(outside))
