"""What travels to a remote with the board: which refs go into a push, and which are left out when
the remote does not take them.

The board never says `done` there before base has the work there: both go in one push, or neither.
The branch of a card goes with the record of the run that left it. Pure: `board.sharing` does it.
"""

from collections.abc import Collection, Mapping

from gitkanban.core.ids import card_ref
from gitkanban.core.model import BLOCKED, DONE, REVIEW, RUNNING, TERMINAL, TODO, Board, Card, Run
from gitkanban.core.names import NO_OID, CardId, Oid, RunId
from gitkanban.typed import NamedTuple

FRESH = 30  # seconds after an answer of the remote in which a start is pushed without a fetch
WAIT_MOST = 3.0  # seconds that a tick yields to other hosts before it tries again


class CardTip(NamedTuple):
    """A commit that a run left, for the branch of its card."""

    card: CardId
    run: RunId
    commit: Oid


class Load(NamedTuple):
    """What one push brings to a remote, all of it or nothing."""

    board: Oid  # the commit for the board's branch; empty: the branch stays as it is
    base: Oid = NO_OID  # the commit for base; empty: base stays as it is
    cards: tuple[CardTip, ...] = ()


class RefRefusal(NamedTuple):
    """Why a remote does not take one ref; `stale`: the ref has other commits there."""

    stale: bool
    why: str


def cards_due(
    board: Board, clone: str, there: Mapping[CardId, Oid], fenced: Collection[RunId] = ()
) -> tuple[CardTip, ...]:
    """The branches that the remote lacks, of open cards whose last work this clone has recorded.

    `there` has the tips of cards' branches at the remote as far as known, `fenced` the runs whose
    work it has refused there.
    """
    tips = []
    for card, run in open_work(board):
        if run.clone != clone or run.run in fenced:
            continue
        others = card.status == RUNNING and card.clone != clone
        if there.get(card.id) != run.commit and not others:
            tips.append(CardTip(card.id, run.run, run.commit))
    return tuple(tips)


def extendable(board: Board) -> list[CardId]:
    """The cards to whose branches at the remote people may add, between two attempts."""
    return [card.id for card, _ in open_work(board) if card.status in (TODO, REVIEW, BLOCKED)]


def open_work(board: Board) -> list[tuple[Card, Run]]:
    """The open cards with commits on their branches, sorted, each with the run that left them.

    It costs by cards that have run, which are few of those that are open.
    """
    left = ((card, last_work(runs)) for card, runs in sorted(board.runs.items()))
    worked = ((board.cards.get(card), run) for card, run in left if run)
    return [(card, run) for card, run in worked if card and card.status not in TERMINAL]


def last_work(runs: Collection[Run]) -> Run | None:
    """The last run that left commits on the branch of its card."""
    left = [run for run in runs if run.commit and run.commit != run.start_commit]
    return left[-1] if left else None


def carries_work(board: Board, ahead: Collection[Oid]) -> bool:
    """Whether one of these commits of base is the work of a card that the board calls done."""
    return bool(ahead) and any(
        card.merged in ahead for card in board.cards.values() if card.status == DONE
    )


def lighten(
    load: Load, refused: Mapping[str, RefRefusal], board_ref: str, base_ref: str
) -> Load | None:
    """What to push instead of a load of which these refs were refused; None: nothing helps.

    A branch that has other commits there is
    left out if it is a card's; that of board or base must be fetched first. Of a remote that
    refuses for reasons of its own, base is suspected first: it is often protected.
    """
    stale = {ref for ref, refusal in refused.items() if refusal.stale}
    if board_ref in stale or base_ref in stale:
        return None
    if stale:
        return load._replace(cards=tuple(c for c in load.cards if card_ref(c.card) not in stale))
    if base_ref in refused and load.base:
        return load._replace(base=NO_OID)
    cards = tuple(c for c in load.cards if card_ref(c.card) not in refused)
    return load._replace(cards=cards) if cards != load.cards else None


def wait_to_yield(lost: int, won: bool, took: float, random: float) -> float:
    """How many seconds a host leaves to the others after it was not the first to push.

    `lost` is how often in a row, `won` whether it was first earlier in this tick, `took` the
    seconds of its last attempt, as long as a round of others takes; `random` lies in 0..1. Who
    has won yields one whole round more.
    """
    if not lost:
        return 0.0
    return min(WAIT_MOST, took * (random + (1.0 if won else 0.0)))
