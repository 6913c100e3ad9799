"""A board's cards in two parts: the same mapping as in one, whatever is done to it."""

from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from gitkanban.core.model import TERMINAL, Card
from gitkanban.core.split_cards import SplitCards, copied, count_status, open_cards, twin_of

IDS = st.sampled_from(["a", "A", "b", "c", "d"])
STATUSES = st.sampled_from(["todo", "done", "dropped", "running"])
CARDS = st.dictionaries(IDS, STATUSES).map(
    lambda found: {name: Card(name, status=status) for name, status in found.items()}
)
STEPS = st.lists(st.tuples(IDS, st.none() | STATUSES), max_size=12)


class Listed:
    """Finished cards in a list."""

    def __init__(self, cards: list[Card]) -> None:
        self._cards = cards

    def __len__(self) -> int:
        return len(self._cards)

    def count(self, status: str) -> int:
        return sum(card.status == status for card in self._cards)

    def cards(self) -> Iterator[Card]:
        return iter(self._cards)

    def like(self, card_id: str) -> list[Card]:
        return [card for card in self._cards if card.id.lower() == card_id.lower()]


@given(CARDS, STEPS)
def test_it_is_the_mapping_that_a_dictionary_is(
    cards: dict[str, Card], steps: list[object]
) -> None:
    finished = [card for card in cards.values() if card.status in TERMINAL]
    unfinished = {name: card for name, card in cards.items() if card.status not in TERMINAL}
    first = SplitCards(unfinished, Listed(finished), {})
    split, plain = copied(first), dict(cards)
    for name, status in steps:  # type: ignore[misc]
        if status is None:
            assert (split.pop(name, None) is None) == (plain.pop(name, None) is None)
        else:
            split[name] = plain[name] = Card(name, status=status, title="newer")
        assert split == plain
        assert len(split) == len(plain)
        assert sorted(split) == sorted(plain)
        assert sorted(split.values()) == sorted(plain.values())
        assert dict(split.items()) == plain
        assert sorted(open_cards(split)) == sorted(open_cards(plain))
        for each in ("a", "A", "e"):
            assert split.get(each) == plain.get(each)
            assert bool(twin_of(split, each)) == bool(twin_of(plain, each))
        for each in ("todo", "done", "dropped"):
            assert count_status(split, each) == count_status(plain, each)
    assert first == cards, "the original stays as it is"
