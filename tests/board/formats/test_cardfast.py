"""The fast reading of laid-out cards: never another answer than the parser's."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitkanban.board.formats import cardfast, cardfile, cardparts
from gitkanban.board.formats.yamltext import Bad
from gitkanban.core.model import Card
from tests.board.cards import cards
from tests.support.examples import examples

PLAIN = Card(
    "T1",
    title="define the contract (v2)",
    worker="backend",
    status="blocked",
    priority=-3,
    parents=("T0", "T00"),
    needs=(("gpu", 2),),
    acceptance=("the tests pass", "it's documented: yes"),
    run="01m85s4en7jc4150gpb9",
    slot="backend-hermes#2",
    clone="abc",
    host="h1",
    machine="m0a1b2c3d",
    not_before=1_900_000_000,
    reason="failed",
    why="verify: pytest -q exited 1",
    attempts_after="01m85s4en7jc4150gpb8",
    merged="0123456789abcdef" * 2 + "01234567",
    labels=("core", "ui/forms"),
    model="large v2",
    effort="it's high",
    body="First.\n\n  Indented.\nLast é.\n",
)
PIECES = st.sampled_from(
    ["\n", "\n\n", " ", "  ", "\t", ":", ": ", " #", "#", "'", '"', "- ", "---\n", "...\n", "&a ",
     "*a", "!t ", "{", "}", "[", "]", ",", "|", ">", "|2-", "+", "null", "~", "\x85", "\u2028",
     "\ufeff", "\x00", "\r\n", "é", "😀", "body: x\n", "x: 1\n", "  - T0\n", "run: ''\n", "%", "0",
     "why: no\n", "status: done\n", "  gpu: 1\n",
     "model: x\n", "labels: []\n", "effort: null\n"]
) | st.text(max_size=3)  # fmt: skip


@pytest.fixture(autouse=True)
def by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cards are taken apart without the pattern, however many a test has."""
    monkeypatch.setattr(cardfast, "_BY_HAND_MOST", 1 << 40)


def expect_the_same(text: str, stem: str) -> Card | None:
    data = text.encode("utf-8", "surrogatepass")
    match = cardfast._compile_layout().fullmatch(text)
    assert cardparts.take_apart(text) == (match.groups() if match else None)
    fast = cardfast.read(data, stem)
    if fast is not None:
        assert fast == cardfile.parse(data, f".kanban/cards/{stem}.yaml")
    return fast


@pytest.mark.parametrize(
    "card",
    [
        PLAIN,
        Card("T1"),
        Card("null", title="null", body="null"),
        Card("T1", title="it's", worker="''", acceptance=("null", "a #b", "1.10"), body="no end"),
        Card("T1", status="done", body="x\n\ny"),
    ],
)
def test_a_card_as_fmt_lays_it_out_needs_no_parser(card: Card) -> None:
    assert expect_the_same(cardfile.render(card), card.id) == card


@given(cards())
def test_any_card_laid_out_reads_as_the_parser_reads_it(card: Card) -> None:
    expect_the_same(cardfile.render(card), card.id)


@pytest.mark.slow
@examples(1500)
@given(
    st.just(PLAIN) | st.just(Card("T1", title="x", body="one\n\ntwo\n")) | cards("T1"),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 6), PIECES), min_size=1, max_size=3),
)
def test_a_mutated_card_reads_as_the_parser_reads_it_or_is_left_to_it(
    card: Card, mutations: list[tuple[float, int, str]]
) -> None:
    text = cardfile.render(card)
    for where, cut, piece in mutations:
        at = int(where * len(text))
        text = text[:at] + piece + text[at + cut :]
    try:
        expect_the_same(text, "T1")
    except Bad as bad:
        raise AssertionError(f"the parser refuses it: {bad.problem}") from bad


@pytest.mark.parametrize(
    "change",
    [
        ("title: ", "title: &a "),
        ("title: ", "title: - "),
        ("worker: backend", "worker: backend # mine"),
        ("status: blocked", "status: Blocked"),
        ("gpu: 2", "gpu: 2\n  gpu: 1"),
        ("  - T0\n", "  - T0/../x\n"),
        ("priority: -3", "priority: 12345678901234567890"),
        ("why: ", "why: x\nwhy: "),
        ("body: |", "body: |+"),
        ("body: |", "body: >"),
        ("  Indented", "  \tIndented"),
        ("Last", "\x85Last"),
        ("id: T1", "id: T2"),
        ("  - core", "  - two words"),
        ("model: ", "model: &a "),
        ("effort: ", "effort: x\neffort: "),
    ],
)
def test_what_is_not_plainly_laid_out_is_left_to_the_parser(change: tuple[str, str]) -> None:
    text = cardfile.render(PLAIN)
    assert change[0] in text
    assert cardfast.read(text.replace(*change, 1).encode(), "T1") is None


@pytest.mark.parametrize("most", [0, 1 << 40])
def test_many_cards_are_read_as_one_is(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cardfast, "_BY_HAND_MOST", most)
    assert cardfast.read(cardfile.render(PLAIN).encode(), PLAIN.id) == PLAIN


@pytest.mark.parametrize(("count", "pattern"), [(2, False), (3, True)])
def test_of_many_cards_that_come_none_is_taken_apart_by_hand(
    count: int, pattern: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cardfast, "_BY_HAND_MOST", 2)
    monkeypatch.setattr(cardfast, "_by_hand", 0)
    monkeypatch.setattr(cardparts, "take_apart", lambda _: None)
    cardfast.expect_cards(count)
    card = cardfast.read(cardfile.render(PLAIN).encode(), PLAIN.id)
    assert card == (PLAIN if pattern else None)


@pytest.mark.parametrize(
    "change",
    [
        ("parents:\n", "parents: \n"),
        ("needs:\n", "needs: \n"),
        ("\nneeds", "\n\nneeds"),
        ("status: blocked\n", "status: blocked\n\n"),
        ("priority: -3", "priority: --3"),
        ("priority: -3", "priority: \u0663"),
        ("status: blocked", "status: bl\u00e9"),
        ("body: |\n", "body: |\n\n"),
        ("body: |\n", "body: |\n   \n"),
        ("body: |\n", "body: x\n\nbody: |\n"),
        ("body: |\n", "body: 'x\n"),
        ("title: ", "title: '"),
        ("title: ", "title:  "),
        ("effort: ", "model: x\n\neffort: "),
        ("labels:", "model: x\n\nlabels:"),
    ],
)
def test_by_hand_or_by_the_pattern_a_card_is_taken_apart_alike(change: tuple[str, str]) -> None:
    text = cardfile.render(PLAIN)
    assert change[0] in text
    changed = text.replace(*change, 1)
    match = cardfast._compile_layout().fullmatch(changed)
    assert cardparts.take_apart(changed) == (match.groups() if match else None)


def test_every_sign_is_odd_to_both_or_to_neither() -> None:
    """So is each that is not printable: whether a text is printable is asked first."""
    for code in (*range(0x3100), *range(0xD000, 0x11000)):
        sign = chr(code)
        pattern = sign == "\n" or re.fullmatch(cardfast._CHAR, sign) is not None
        assert cardparts._has_odd_signs(f"a{sign}\n") is not pattern, hex(code)


@given(cards(), cards())
@examples(60)
def test_a_laid_out_card_is_edited_as_the_parser_would_edit_it(old: Card, new: Card) -> None:
    fields = {key: getattr(new, key) for key in cardfile.ORDER if key != "id"}
    text = cardfile.render(old)
    fast = cardfile._edit_laid_out(text, fields)
    if fast is None:
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cardfile, "_edit_laid_out", lambda *_: None)
        slow = cardfile.edited(text, fields)
    path = f".kanban/cards/{old.id}.yaml"
    assert cardfile.parse(fast.encode(), path) == cardfile.parse(slow.encode(), path)
    assert fast == cardfile.render(cardfile.parse(fast.encode(), path))
