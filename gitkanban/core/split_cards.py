"""The cards of a large board, whose finished cards are looked up one at a time.

It is a mapping of ids to cards. Callers that need only open cards use `open_cards`, which reads no
finished ones (done or dropped). It does no I/O: the creator says where finished cards come from.
"""

from collections.abc import (
    Collection,
    ItemsView,
    Iterable,
    Iterator,
    Mapping,
    MutableMapping,
    ValuesView,
)

from gitkanban.core.model import TERMINAL, Card
from gitkanban.core.names import CardId
from gitkanban.typed import Protocol


class FinishedCards(Protocol):
    """A fixed set of finished cards; `SplitCards` keeps newer versions of some beside it."""

    def __len__(self) -> int: ...

    def count(self, status: str) -> int:
        """The number of cards with a status."""

    def cards(self) -> Iterator[Card]:
        """All the cards."""

    def like(self, card_id: CardId) -> list[Card]:
        """The cards whose ids equal this one, ignoring case."""

    def children_of(self, card_id: CardId) -> list[Card]:
        """The cards that name this one as a parent."""


class SplitCards(MutableMapping[CardId, Card]):
    """Open cards, finished ones, and later changes to these (None: no longer finished)."""

    def __init__(
        self,
        unfinished: dict[CardId, Card],
        finished: FinishedCards,
        changed: dict[CardId, Card | None],
    ) -> None:
        self.unfinished, self.finished, self.changed = unfinished, finished, changed
        self._looked_up: dict[CardId, Card | None] = {}

    def copy(self) -> "SplitCards":
        """Return a copy that changes independently."""
        return SplitCards(dict(self.unfinished), self.finished, dict(self.changed))

    def __getitem__(self, card_id: CardId) -> Card:
        card = self.unfinished.get(card_id)
        if card is None:
            card = (
                self.changed[card_id] if card_id in self.changed else self._find_finished(card_id)
            )
        if card is None:
            raise KeyError(card_id)
        return card

    def __setitem__(self, card_id: CardId, card: Card) -> None:
        self._drop_card(card_id)
        if card.status in TERMINAL:
            self.changed[card_id] = card
        else:
            self.unfinished[card_id] = card

    def __delitem__(self, card_id: CardId) -> None:
        if card_id not in self:
            raise KeyError(card_id)
        self._drop_card(card_id)

    def __iter__(self) -> Iterator[CardId]:
        return (card.id for card in self.every_card())

    def __len__(self) -> int:
        newer = sum(card is not None for card in self.changed.values())
        older = sum(self._find_finished(card) is not None for card in self.changed)
        return len(self.unfinished) + newer + len(self.finished) - older

    def count(self, status: str) -> int:
        """The number of cards with a status."""
        if status not in TERMINAL:
            return sum(card.status == status for card in self.unfinished.values())
        newer = self.changed.values()
        older = map(self._find_finished, self.changed)
        counted = sum(card is not None and card.status == status for card in newer)
        outdated = sum(card is not None and card.status == status for card in older)
        return counted + self.finished.count(status) - outdated

    def values(self) -> ValuesView[Card]:
        """The cards, open ones first."""
        return _Values(self)

    def items(self) -> ItemsView[CardId, Card]:
        """The cards with their ids, open ones first."""
        return _Items(self)

    def every_card(self) -> Iterator[Card]:
        """All cards, open ones first."""
        yield from self.unfinished.values()
        yield from (card for card in self.changed.values() if card is not None)
        yield from (card for card in self.finished.cards() if card.id not in self.changed)

    def _drop_card(self, card_id: CardId) -> None:
        self.unfinished.pop(card_id, None)
        self.changed.pop(card_id, None)
        if self._find_finished(card_id) is not None:
            self.changed[card_id] = None

    def _find_finished(self, card_id: CardId) -> Card | None:
        if card_id not in self._looked_up:
            cards = (card for card in self.finished.like(card_id) if card.id == card_id)
            self._looked_up[card_id] = next(cards, None)
        return self._looked_up[card_id]


class _Values(ValuesView[Card]):
    _mapping: SplitCards

    def __iter__(self) -> Iterator[Card]:
        return self._mapping.every_card()


class _Items(ItemsView[CardId, Card]):
    _mapping: SplitCards

    def __iter__(self) -> Iterator[tuple[CardId, Card]]:
        return ((card.id, card) for card in self._mapping.every_card())


def open_cards(cards: Mapping[CardId, Card]) -> Collection[Card]:
    """The cards that are neither done nor dropped."""
    if isinstance(cards, SplitCards):
        return cards.unfinished.values()
    return [card for card in cards.values() if card.status not in TERMINAL]


def children_of(cards: Mapping[CardId, Card], card_id: CardId) -> list[CardId]:
    """The cards that name this one as a parent, finished ones too, sorted."""
    near: Iterable[Card] = cards.values()
    if isinstance(cards, SplitCards):
        older = [
            card for card in cards.finished.children_of(card_id) if card.id not in cards.changed
        ]
        near = [*cards.unfinished.values(), *filter(None, cards.changed.values()), *older]
    return sorted(card.id for card in near if card_id in card.parents)


def count_status(cards: Mapping[CardId, Card], status: str) -> int:
    """The number of cards with a status."""
    if isinstance(cards, SplitCards):
        return cards.count(status)
    return sum(card.status == status for card in cards.values())


def copied(cards: Mapping[CardId, Card]) -> MutableMapping[CardId, Card]:
    """Return a copy of the cards that can be changed independently."""
    return cards.copy() if isinstance(cards, SplitCards) else dict(cards)


def twin_of(cards: Mapping[CardId, Card], card_id: CardId) -> CardId | None:
    """The id of a card that equals this one, ignoring case; None if there is none."""
    lower = card_id.lower()
    near: Iterable[CardId] = cards
    if isinstance(cards, SplitCards):
        finished = (card.id for card in cards.finished.like(card_id))
        near = [*cards.unfinished, *cards.changed, *finished]
    return next((each for each in near if each.lower() == lower and each in cards), None)
