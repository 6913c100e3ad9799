"""The graph of cards: a table of small graphs, and chains of ten thousand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitkanban.core import graph
from gitkanban.core.model import Board, Card, Config
from tests.support.boards import NOW, board

LONG = 10_000


def chain(length: int) -> dict[str, Card]:
    """c0 <- c1 <- c2 …"""
    ids = [f"c{at:05}" for at in range(length)]
    pairs = zip(ids, [None, *ids], strict=False)
    return {id: Card(id, parents=(parent,) if parent else ()) for id, parent in pairs}


RINGS = [
    ("T1 todo <- T0\nT0 todo", []),
    ("T0 todo <- T0", [["T0"]]),
    ("T1 todo <- T2\nT2 todo <- T1", [["T1", "T2"]]),
    ("b todo <- c\nc todo <- a\na todo <- b", [["a", "b", "c"]]),
    ("a todo <- b\nb todo <- a\nc todo <- d\nd todo <- c a", [["a", "b"], ["c", "d"]]),
    ("a todo <- b c\nb todo <- a\nc todo <- a", [["a", "b"]]),
    ("a todo <- gone\nb todo <- a", []),
]


@pytest.mark.parametrize(("lines", "rings"), RINGS)
def test_every_ring_is_named_once_in_order_from_its_smallest_id(
    lines: str, rings: list[list[str]]
) -> None:
    assert graph.cycles(board(lines).cards) == rings


READY = [
    ("T1 todo", True),
    ("T1 backlog", False),
    ("T1 todo <- T0\nT0 done", True),
    ("T1 todo <- T0\nT0 review", False),
    ("T1 todo <- T0\nT0 dropped", False),
    ("T1 todo <- T0", False),
    ("T1 todo <- old", True),
    ("T1 todo <- bad", False),
    (f"T1 todo not_before={NOW}", True),
    (f"T1 todo not_before={NOW + 1}", False),
    ("T1 todo <- old\nold todo", False),  # a card in cards/ counts before one in the archive
]


@pytest.mark.parametrize(("lines", "expected"), READY)
def test_ready(lines: str, expected: bool) -> None:
    known = board(lines, archived=["old"], broken=["bad"])
    assert graph.ready(known, known.cards["T1"], NOW) is expected


ROOTS = [
    ("T1 todo <- T0\nT0 running", ("T0", "running")),
    ("T1 todo <- T0\nT0 todo", ("T0", "todo")),
    ("T1 todo <- T0 Tb\nT0 todo <- Tb\nTb blocked", ("Tb", "blocked")),
    ("T1 todo <- T0\nT0 todo <- gone", ("gone", "missing")),
    ("T1 todo <- T0\nT0 todo <- bad", ("bad", "unreadable")),
    ("T1 todo <- Tr Td\nTr review\nTd dropped", ("Td", "dropped")),
    ("T1 todo <- T0 Tb\nTb blocked\nT0 todo <- T2\nT2 todo <- T0", ("T0", "ring")),
    ("T1 todo <- T1", ("T1", "ring")),
]


@pytest.mark.parametrize(("lines", "root"), ROOTS)
def test_the_root_of_waiting_is_the_most_hopeless_end(lines: str, root: tuple[str, str]) -> None:
    known = board(lines, broken=["bad"])
    assert graph.roots(known)["T1"] == root


def test_what_more_is_known_of_an_end_decides_which_is_most_hopeless() -> None:
    known = board("T1 todo <- Ta Tb Tr\nTa todo\nTb backlog\nTr review")
    assert graph.roots(known)["T1"] == ("Tb", "backlog")
    assert graph.roots(known, {"Ta": graph.STUCK})["T1"] == ("Ta", "stuck")
    ends = board("T1 todo <- Ta Tr\nTa running\nTr review")
    assert graph.roots(ends, {"Tr": graph.MOVING})["T1"] == ("Tr", "moving")


def test_a_chain_of_ten_thousand_is_walked_without_recursion() -> None:
    cards = chain(LONG)
    known = Board("main", "", Config(), cards)
    assert graph.cycles(cards) == []
    assert graph.downstream_counts(known)["c00000"] == LONG - 1
    assert graph.downstream_counts(known)["c00000"] == LONG - 1
    assert graph.roots(known)["c09999"] == ("c00000", "todo")
    weight, longest = graph.longest_chain(cards)
    assert (weight, longest) == (LONG, list(cards))


def test_a_ring_of_ten_thousand_is_one_ring() -> None:
    cards = chain(LONG)
    cards["c00000"] = Card("c00000", parents=("c09999",))
    (ring,) = graph.cycles(cards)
    assert len(ring) == LONG and ring[:2] == ["c00000", "c09999"]


def test_dropped_and_done_cards_do_not_wait() -> None:
    known = board("T0 todo\nT1 dropped <- T0\nT2 done <- T0\nT3 todo <- T0\nT4 backlog <- T3")
    assert graph.downstream_counts(known)["T0"] == 2


def test_the_longest_chain_is_weighed() -> None:
    cards = board("a todo\nb todo <- a\nc todo <- b\nlong todo\nend todo <- long c").cards
    assert graph.longest_chain(cards) == (4, ["a", "b", "c", "end"])
    weighed = graph.longest_chain(cards, lambda card: 10 if card.id == "long" else 1)
    assert weighed == (11, ["long", "end"])


@st.composite
def graphs(draw: st.DrawFn) -> dict[str, Card]:
    """Any graph of up to eight cards, rings and missing parents included."""
    ids = [f"c{at}" for at in range(draw(st.integers(1, 8)))]
    parents = st.lists(st.sampled_from([*ids, "gone"]), max_size=3, unique=True)
    order = draw(st.permutations(ids))
    return {id: Card(id, parents=tuple(draw(parents))) for id in order}


def reach(cards: dict[str, Card], start: str) -> set[str]:
    """All that `start` waits for: the plain definition, as an oracle."""
    seen: set[str] = set()
    front = list(cards[start].parents)
    while front:
        card = front.pop()
        if card not in seen:
            seen.add(card)
            front += cards[card].parents if card in cards else ()
    return seen


@given(graphs())
def test_rings_and_counts_agree_with_the_plain_definition(cards: dict[str, Card]) -> None:
    reached = {id: reach(cards, id) for id in cards}
    on_ring = {id for id in cards if id in reached[id]}
    rings = graph.cycles(cards)
    for ring in rings:
        assert all(b in cards[a].parents for a, b in zip(ring, [*ring[1:], ring[0]], strict=True))
        assert ring[0] == min(r for r in on_ring if r in reached[ring[0]] and ring[0] in reached[r])
    together = {
        frozenset(o for o in on_ring if o in reached[id] and id in reached[o]) for id in on_ring
    }
    assert len(rings) == len(together)
    counts = graph.downstream_counts(Board("main", "", Config(), cards))
    for id in [*cards, "gone"]:
        waiting = sum(id in reached[other] for other in cards if other != id)
        assert counts.get(id, 0) == waiting
