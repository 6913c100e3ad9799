"""The state of a board: what holds each card back, who must act, whether it goes on by itself.

The words come from `holds` and the limits from `schedule`, so that tick, status and why never
disagree. It decides nothing.
"""

from collections.abc import Collection, Iterable, Mapping

from gitkanban.core import graph
from gitkanban.core.model import BACKLOG, BLOCKED, DROPPED, REVIEW, RUNNING, TODO, Board, Card
from gitkanban.core.names import CardId
from gitkanban.core.split_cards import open_cards
from gitkanban.core.tick import limits
from gitkanban.core.tick.facts import Observed
from gitkanban.core.tick.holds import (
    BUDGET,
    BUDGET_DAY,
    ENGINE,
    FOR_PEOPLE,
    MISCONFIGURED,
    NO_WORKER,
    NOT_BEFORE,
    NOT_HERE,
    PAUSED,
    QUOTA,
    QUOTA_ASKS,
    RING,
    STANDSTILL,
    STILL_RUNNING,
    UNTRUSTED,
    Hold,
    Reasons,
)
from gitkanban.core.tick.occupants import occupants
from gitkanban.core.tick.schedule import Scheduled, schedule
from gitkanban.typed import NamedTuple

# Holds that pass by themselves.
_PASSES = frozenset(
    {BUDGET_DAY, ENGINE, NOT_BEFORE, QUOTA, STILL_RUNNING, limits.STARTS, STANDSTILL}
)
# Stopped on purpose, or reported elsewhere: this says nothing about other cards.
_STOPPED = frozenset({PAUSED, UNTRUSTED})
# What people do in the normal course of work; anything else that needs a person is a mistake.
_USUAL = frozenset(
    {BLOCKED, REVIEW, BACKLOG, BUDGET, MISCONFIGURED, NO_WORKER, NOT_HERE, QUOTA_ASKS}
)


class Needed(NamedTuple):
    """A card (or the id of a missing one) that needs a person.

    `state` is its status, or the code of what is wrong with it; `waiting` counts the open cards
    that wait for it, directly or through others.
    """

    card: CardId
    state: str
    text: str
    frees: str
    waiting: int


class Standing(NamedTuple):
    """A board at one moment.

    `holds`: what holds each card back. Cards that would start, and done and dropped ones, have no
    entry; for a running card it says where it runs. `waiting`: how many open cards wait for each
    id. `needed`: what needs a person, sorted by how many cards wait for it, then by id. If nothing
    goes on by itself, `deadlock` or `waits_for_you` says why: the first if something is wrong with
    the board, the second in the normal course of work.
    """

    scheduled: Scheduled
    holds: Mapping[CardId, Hold]
    waiting: Mapping[CardId, int]
    needed: tuple[Needed, ...]
    deadlock: str = ""
    waits_for_you: str = ""

    def remark_on(self, card: Card, observed: Observed) -> str:
        """The remark beside a card's status: its hold, unless the card's own fields say it."""
        why = self.holds.get(card.id)
        beside = card.id in observed.refused or card.id in observed.elsewhere
        if why and (card.status == TODO or (card.status == REVIEW and beside)):
            return why.text
        return ""


def standing(board: Board, observed: Observed, to_cache: bool = False) -> Standing:
    """Compute the state of a board. With `to_cache`, times stay marks for `time_words.worded`."""
    reasons = Reasons(board, observed, to_cache)
    scheduled = schedule(board, observed, reasons)
    holds = {each.card: each for each in scheduled.holds}
    for card in open_cards(board.cards):
        if card.status in (BACKLOG, BLOCKED, REVIEW, RUNNING):
            holds[card.id] = _of_status(card, reasons)
    counts = graph.downstream_counts(board)
    result = Standing(
        scheduled,
        dict(sorted(holds.items())),
        counts,
        _cards_for_people(board, reasons, holds, counts),
    )
    return _at_rest(result) if _is_at_rest(board, observed, reasons, scheduled) else result


def standing_of(board: Board, observed: Observed, cards: Collection[Card]) -> Standing:
    """Compute of a large board only what concerns these cards and their parents.

    For them it says what `standing` does. Of others it has only the holds of todo cards, and
    whether the board can go on by itself is not asked.
    """
    reasons = Reasons(board, observed)
    scheduled = schedule(board, observed, reasons)
    holds = {each.card: each for each in scheduled.holds}
    names = dict.fromkeys(name for card in cards for name in (card.id, *card.parents))
    near = [board.cards[name] for name in names if name in board.cards]
    for card in near:
        if card.status in (BACKLOG, BLOCKED, REVIEW, RUNNING):
            holds[card.id] = _of_status(card, reasons)
    kids = graph.children(open_cards(board.cards))
    counts = {card.id: len(graph.below(kids, card.id)) for card in near}
    return Standing(
        scheduled,
        holds,
        counts,
        _sort_needed(_needed_of(board, reasons, holds, counts, cards=near)),
    )


def _of_status(card: Card, reasons: Reasons) -> Hold:
    text = "is not approved to run" if card.status == BACKLOG else reasons.status(card)
    return Hold(card.id, card.status, text, reasons.way_out(card))


def _cards_for_people(
    board: Board, reasons: Reasons, holds: Mapping[CardId, Hold], counts: Mapping[CardId, int]
) -> tuple[Needed, ...]:
    """The cards that need a person.

    A dropped, missing or unreadable card is one only if a card waits for it.
    """
    named = filter(None, map(board.cards.get, counts))
    cards = (*open_cards(board.cards), *(card for card in named if card.status == DROPPED))
    return _sort_needed(
        (*_not_there(board, counts), *_needed_of(board, reasons, holds, counts, cards=cards))
    )


def _sort_needed(needed: Iterable[Needed]) -> tuple[Needed, ...]:
    return tuple(sorted(needed, key=lambda each: (-each.waiting, each.card)))


def _needed_of(
    board: Board,
    reasons: Reasons,
    holds: Mapping[CardId, Hold],
    counts: Mapping[CardId, int],
    cards: Iterable[Card],
) -> Iterable[Needed]:
    """Yield those of these cards that need a person.

    Blocked cards, cards in review (unless a tick accepts them), and todo cards that can never start
    as they are. Dropped cards only if a card waits for them; backlog cards only if a card waits for
    nothing else. A ring counts once, under its smallest id.
    """
    alone = graph.sole_ends(board)
    rings = {ring[0] for ring in graph.rings(board)}
    for card in cards:
        waiting, why = counts.get(card.id, 0), holds.get(card.id)
        if card.status == TODO:
            if why and why.code in FOR_PEOPLE and (why.code != RING or card.id in rings):
                yield Needed(card.id, why.code, why.text, why.frees, waiting=waiting)
        elif (
            card.status == BLOCKED
            or (card.status == REVIEW and not reasons.moves(card))
            or (card.status == DROPPED and waiting)
            or (card.status == BACKLOG and card.id in alone)
        ):
            text, way_out = reasons.status(card), reasons.way_out(card)
            yield Needed(card.id, card.status, text, way_out, waiting=waiting)


def _not_there(board: Board, counts: Mapping[CardId, int]) -> list[Needed]:
    """The ids that cards wait for and that have no readable card."""
    missing = [name for name in counts if name not in board.cards and name not in board.archived]
    words = {graph.MISSING: "does not exist", graph.BROKEN: "cannot be read"}
    needed = []
    for name in missing:
        state = graph.state(board, name)
        way_out = f"a card {name} that can be read, or its children unlinked"
        needed.append(Needed(name, state, words[state], way_out, waiting=counts[name]))
    return needed


def _is_at_rest(board: Board, observed: Observed, reasons: Reasons, scheduled: Scheduled) -> bool:
    """Whether nothing will ever go on by itself, although there is work to do."""
    holds = [each for each in scheduled.holds if each.code not in _STOPPED]
    if scheduled.starts or not holds or any(each.code in _PASSES for each in holds):
        return False
    if any(card.status == REVIEW and reasons.moves(card) for card in open_cards(board.cards)):
        return False
    return not occupants(board, observed)


def _at_rest(result: Standing) -> Standing:
    """Say why nothing goes on: what most cards wait for, else the first card that cannot start."""
    needed = [each for each in result.needed if each.waiting and each.state not in _STOPPED]
    if not needed and any(each.waiting for each in result.needed):
        return result  # all that is left waits for something that was stopped on purpose
    if not needed:
        first = next(each for each in result.scheduled.holds if each.code not in _STOPPED)
        line = f"{first.card}: {first.text}"
        if first.code in _USUAL:
            return result._replace(waits_for_you=line)
        return result._replace(deadlock=f"nothing can start: {line}")
    top = needed[0]
    cards = "1 card waits" if top.waiting == 1 else f"{top.waiting} cards wait"
    link = "which cannot start: " if top.state in FOR_PEOPLE - {RING} else "which "
    line = f"{cards} on {top.card}, {link}{top.text}"
    if top.state in _USUAL:
        return result._replace(waits_for_you=line)
    return result._replace(deadlock=f"nothing can go on: {line}")
