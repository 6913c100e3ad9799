"""The graph of cards: rings, what a card waits for, what waits for it, the longest chain.

It knows nothing of limits. Every function is linear in cards and links unless it says otherwise,
and iterative: a chain may have ten thousand cards.
"""

from collections.abc import Callable, Collection, Iterable, Mapping

from gitkanban.core.backoff import due
from gitkanban.core.model import DONE, DROPPED, TODO, Board, Card
from gitkanban.core.names import NO_CARD, CardId
from gitkanban.core.split_cards import open_cards
from gitkanban.typed import NamedTuple

MISSING = "missing"  # no such card
BROKEN = "unreadable"  # its file is quarantined
RING = "ring"  # it waits for itself, through others or directly
STUCK = "stuck"  # it is todo, and cannot start before a person acts
MOVING = "moving"  # it is in review, and a tick accepts it


def cycles(cards: Mapping[CardId, Card]) -> list[list[CardId]]:
    """Every ring of cards that wait for each other, each once, starting at its smallest id.

    Each card waits for the next one in its list, and the last for the first. Of rings that share
    cards only one is given: the shortest through their smallest id.
    """
    rings = []
    for group in components(cards):
        start = min(group)
        if len(group) > 1 or start in cards[start].parents:
            rings.append(_way_round(cards, start, frozenset(group)))
    return sorted(rings)


def _way_round(
    cards: Mapping[CardId, Card], start: CardId, group: Collection[CardId]
) -> list[CardId]:
    """The shortest path from `start` along parents back to itself (breadth first)."""
    came_from: dict[CardId, CardId] = {}
    front = [start]
    while front:
        following = []
        for card in front:
            for parent in sorted(cards[card].parents):
                if parent == start:
                    path = [card]
                    while path[-1] != start:
                        path.append(came_from[path[-1]])
                    return path[::-1]
                if parent in group and parent not in came_from:
                    came_from[parent] = card
                    following.append(parent)
        front = following
    raise AssertionError("a strongly connected group has a way round")


def components(cards: Mapping[CardId, Card]) -> list[list[CardId]]:
    """Groups of cards that wait for each other, parents' groups first (Tarjan 1972, iterative).

    A card outside any ring is a group of its own. Parents that are not in `cards` are left out.
    """
    index: dict[CardId, int] = {}
    low: dict[CardId, int] = {}
    on_stack: set[CardId] = set()
    stack: list[CardId] = []
    groups: list[list[CardId]] = []
    for root in sorted(cards):
        if root in index:
            continue
        index[root] = low[root] = len(index)
        if cards.keys().isdisjoint(cards[root].parents):
            groups.append([root])  # as most cards are: no walk is needed
            continue
        stack.append(root)
        on_stack.add(root)
        work = [(root, iter(cards[root].parents))]
        while work:
            card, parents = work[-1]
            for parent in parents:
                if parent not in cards:
                    continue
                if parent not in index:
                    index[parent] = low[parent] = len(index)
                    stack.append(parent)
                    on_stack.add(parent)
                    work.append((parent, iter(cards[parent].parents)))
                    break
                if parent in on_stack:
                    low[card] = min(low[card], index[parent])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[card])
                if low[card] == index[card]:
                    group = [stack.pop()]
                    while group[-1] != card:
                        group.append(stack.pop())
                    on_stack.difference_update(group)
                    groups.append(group)
    return groups


def children(cards: Iterable[Card]) -> dict[CardId, list[CardId]]:
    """The cards that name each card as a parent, sorted; ids that nobody names are left out."""
    kids: dict[CardId, list[CardId]] = {}
    for card in cards:
        for parent in set(card.parents):
            kids.setdefault(parent, []).append(card.id)
    return {card: sorted(waiting) for card, waiting in kids.items()}


def is_done(board: Board, card_id: CardId) -> bool:
    """Whether a card frees its children: it is done or archived. A dropped card never does."""
    card = board.cards.get(card_id)
    return card.status == DONE if card else card_id in board.archived


def unfinished(board: Board, card: Card) -> tuple[CardId, ...]:
    """The parents that are not done, including missing and unreadable ones."""
    if not card.parents:
        return ()
    return tuple([parent for parent in card.parents if not is_done(board, parent)])


def ready(board: Board, card: Card, now: int, elsewhere: Collection[CardId] = ()) -> bool:
    """Whether a card may start, as far as the card itself and its parents are concerned.

    `elsewhere` are cards that are done, but whose work is not in this clone's base.
    """
    return (
        card.status == TODO
        and due(board, card, now) <= now
        and not unfinished(board, card)
        and not any(parent in elsewhere for parent in card.parents)
    )


def archived_parents(board: Board) -> frozenset[CardId]:
    """The archived cards that are parents of a card in todo."""
    if not board.archived:
        return frozenset()
    parents = (p for card in open_cards(board.cards) if card.status == TODO for p in card.parents)
    return frozenset(p for p in parents if p in board.archived and p not in board.cards)


def state(board: Board, card_id: CardId) -> str:
    """A parent as its children see it: its status, `done` from the archive, MISSING or BROKEN."""
    card = board.cards.get(card_id)
    if card:
        return card.status
    if card_id in board.archived:
        return DONE
    return BROKEN if any(problem.card == card_id for problem in board.problems) else MISSING


class Root(NamedTuple):
    """The card at which a chain of waiting cards ends.

    Its `state` is that of the function `state`, RING, or the one that `roots` got in `known`.
    """

    card: CardId
    state: str


# What blocks a chain for longest comes first: what no session can fix, then what no tick can.
_HOPELESS = (
    *(RING, MISSING, BROKEN, DROPPED, "blocked", STUCK, "backlog", "review"),
    *(MOVING, "running", TODO),
)
_RANK = {name: rank for rank, name in enumerate(_HOPELESS)}


def roots(board: Board, known: Mapping[CardId, str] = {}) -> dict[CardId, Root]:
    """For each card that waits for parents, the end of its most hopeless chain of parents.

    That is a card that a person must act on if there is one, else one that runs or may run.
    `known` maps cards to STUCK or MOVING, which the board's graph alone does not show.
    """
    waiting = _waiting_cards(board)
    ends_of: dict[CardId, Root] = {}
    for group in components(waiting):
        if len(group) > 1 or group[0] in waiting[group[0]].parents:
            ring = Root(min(group), RING)
            ends_of.update(dict.fromkeys(group, ring))
            continue
        ends = [
            ends_of.get(parent) or Root(parent, known.get(parent) or state(board, parent))
            for parent in unfinished(board, waiting[group[0]])
        ]
        ends_of[group[0]] = min(ends, key=lambda root: _RANK.get(root.state, 0))
    return ends_of


def sole_ends(board: Board) -> frozenset[CardId]:
    """The cards that are, in the end, the only thing that some waiting card waits for."""
    waiting = _waiting_cards(board)
    ends: dict[CardId, CardId] = {}  # waiting card -> the only end of its chains; empty: several
    for group in components(waiting):
        if len(group) > 1 or group[0] in waiting[group[0]].parents:
            ends.update(dict.fromkeys(group, NO_CARD))
            continue
        below_it = {ends.get(parent, parent) for parent in unfinished(board, waiting[group[0]])}
        ends[group[0]] = below_it.pop() if len(below_it) == 1 else NO_CARD
    return frozenset(ends.values()) - {NO_CARD}


def rings(board: Board) -> list[list[CardId]]:
    """The rings among waiting cards, as `cycles` gives them; other rings hold nothing back."""
    return cycles(_waiting_cards(board))


def _waiting_cards(board: Board) -> dict[CardId, Card]:
    return {
        card.id: card
        for card in open_cards(board.cards)
        if card.status == TODO and unfinished(board, card)
    }


def below(kids: Mapping[CardId, list[CardId]], card: CardId) -> set[CardId]:
    """Every descendant of a card, without the card itself; `kids` is what `children` gives."""
    reached: set[CardId] = set()
    front = [card]
    while front:
        for child in kids.get(front.pop(), ()):
            if child not in reached:
                reached.add(child)
                front.append(child)
    reached.discard(card)
    return reached


def downstream_counts(board: Board) -> dict[CardId, int]:
    """How many open cards wait for each id, directly or through other cards.

    Every id that a card waits for has an entry, even if no such card exists.

    The sets are bits of one integer per card. Time and space are cards squared over 64: for 10,000
    cards in one chain, 13 MB for a moment.
    """
    cards = {card.id: card for card in open_cards(board.cards)}
    kids = children(cards.values())
    bit = {card: 1 << at for at, card in enumerate(cards)}
    mask: dict[CardId, int] = {}
    for group in reversed(components(cards)):
        below_group = 0
        for card in group:
            for child in kids.get(card, ()):
                below_group |= mask.get(child, 0) | bit[child]
        for card in group:
            mask[card] = below_group
    outside = [parent for parent in kids if parent not in cards]
    for parent in outside:
        below_parent = 0
        for child in kids[parent]:
            below_parent |= mask[child] | bit[child]
        mask[parent] = below_parent
    return {
        card: (mask[card] & ~bit.get(card, 0)).bit_count() for card in sorted(mask) if mask[card]
    }


def longest_chain(
    cards: Mapping[CardId, Card], length: Callable[[Card], float] = lambda _: 1
) -> tuple[float, list[CardId]]:
    """Return the weight of the heaviest chain from parent to child, and its cards, without rings.

    `length` is the weight of a card, say in seconds. Parents that are not in `cards` weigh nothing.
    Of equal chains, the one through the smallest ids is given.
    """
    weight: dict[CardId, float] = {}
    before: dict[CardId, CardId] = {}
    for group in components(cards):
        card = cards[group[0]]
        if len(group) > 1 or card.id in card.parents:
            continue
        behind = max(
            ((weight[parent], parent) for parent in sorted(card.parents) if parent in weight),
            key=lambda pair: pair[0],
            default=(0.0, NO_CARD),
        )
        weight[card.id] = behind[0] + length(card)
        before[card.id] = behind[1]
    if not weight:
        return 0, []
    last = min(weight, key=lambda card: (-weight[card], card))
    chain = [last]
    while before[chain[-1]]:
        chain.append(before[chain[-1]])
    return weight[last], chain[::-1]
