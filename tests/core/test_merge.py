"""Three-way merges of values: lines, sets, the status table, whole cards."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitkanban.core import merge
from gitkanban.core.model import STATUS_FIELDS, STATUSES, Card
from tests.board.cards import cards
from tests.support.examples import examples

LINES = st.lists(st.sampled_from("abc"), max_size=6)
SETS = st.sets(st.sampled_from("abcdef")).map(lambda s: tuple(sorted(s)))
CARD = cards("T1")


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "merged"),
    [
        ("a b c", "a B c", "a b c", "a B c"),
        ("a b c", "a b c d", "z a b c", "z a b c d"),
        ("a b c", "a c", "a b c d", "a c d"),
        ("a b c", "a B c", "a B c", "a B c"),
        ("a b c", "A b c", "a b C", "A b C"),
        ("a b c", "A b c", "a B c", "[A b|a B] c"),
        ("a b", "a x b", "a y b", "a [x|y] b"),
        ("", "x", "y", "[x|y]"),
        ("a", "", "a b", "[|a b]"),
    ],
)
def test_lines(base: str, ours: str, theirs: str, merged: str) -> None:
    pieces = merge.lines(base.split(), ours.split(), theirs.split())
    shown = [
        f"[{' '.join(p.ours)}|{' '.join(p.theirs)}]" if p.conflict else " ".join(p.lines)
        for p in pieces
    ]
    assert " ".join(part for part in shown if part) == merged


@given(LINES, LINES, LINES)
def test_lines_are_symmetric_and_keep_what_was_added(
    base: list[str], ours: list[str], theirs: list[str]
) -> None:
    one, two = merge.lines(base, ours, theirs), merge.lines(base, theirs, ours)
    assert [(p.lines, p.ours, p.theirs) for p in one] == [(p.lines, p.theirs, p.ours) for p in two]
    assert [line for p in merge.lines(base, ours, base) for line in p.lines] == ours
    assert [line for p in merge.lines(base, ours, ours) for line in p.lines] == ours
    mine = [line for p in one for line in p.lines + p.ours]
    for line in set(ours) - set(base):
        assert mine.count(line) >= ours.count(line)


def test_a_last_line_without_an_end_never_runs_into_another() -> None:
    assert merge.text("a\nb\n", "a\nb\nc", "z\na\nb\n") == "z\na\nb\nc"
    assert merge.text("a\nb", "a\nb\nc", "a\nb") == "a\nb\nc"


@given(SETS, SETS, SETS)
def test_sets(base: tuple[str, ...], ours: tuple[str, ...], theirs: tuple[str, ...]) -> None:
    b, o, t = set(base), set(ours), set(theirs)
    assert set(merge.sets(base, ours, theirs)) == (o & t) | (o - b) | (t - b)
    assert len(set(merge.sets(base, ours, theirs))) == len(merge.sets(base, ours, theirs))


def test_an_item_that_only_theirs_has_stands_behind_its_neighbour() -> None:
    assert merge.sets(("a", "b"), ("a", "b", "x"), ("a", "y", "b")) == ("a", "y", "b", "x")
    assert merge.sets(("a",), ("a", "x"), ("y", "a")) == ("y", "a", "x")


# base: one + other = what holds; ? where only a person can say
TABLE = """
backlog: todo + running = running
backlog: todo + done = done
backlog: todo + blocked = blocked
backlog: todo + dropped = ?
backlog: dropped + running = ?
backlog: dropped + blocked = dropped
todo: running + review = review
todo: running + done = done
todo: review + done = done
todo: running + blocked = blocked
todo: running + dropped = dropped
todo: review + dropped = dropped
todo: blocked + dropped = dropped
todo: review + blocked = ?
todo: done + blocked = ?
todo: done + dropped = ?
todo: backlog + running = ?
todo: backlog + blocked = blocked
running: todo + running = running
running: todo + review = review
running: todo + done = done
running: todo + blocked = blocked
running: todo + dropped = dropped
running: running + review = review
running: running + blocked = blocked
running: review + done = done
running: review + blocked = ?
running: done + blocked = ?
running: review + dropped = dropped
running: done + dropped = ?
review: done + todo = ?
review: done + running = ?
review: done + blocked = ?
review: done + dropped = ?
review: todo + running = running
review: todo + blocked = ?
review: todo + dropped = ?
review: blocked + dropped = dropped
blocked: todo + running = running
blocked: todo + done = done
blocked: todo + backlog = todo
blocked: todo + dropped = ?
blocked: blocked + todo = todo
blocked: done + dropped = ?
done: todo + running = running
done: todo + dropped = ?
dropped: todo + backlog = todo
dropped: todo + running = running
dropped: todo + blocked = ?
"""


@pytest.mark.parametrize("line", TABLE.strip().splitlines())
def test_the_status_that_holds_when_both_sides_changed_it(line: str) -> None:
    base, _, rest = line.partition(": ")
    pair, _, wanted = rest.partition(" = ")
    one, two = pair.split(" + ")
    for ours, theirs in ((one, two), (two, one)):
        assert (merge.winner(base, ours, theirs) or "?") == wanted


@pytest.mark.parametrize("base", STATUSES)
def test_a_status_that_holds_is_one_of_the_two_and_the_same_from_either_side(base: str) -> None:
    for ours in STATUSES:
        for theirs in STATUSES:
            if ours != theirs:
                held = merge.winner(base, ours, theirs)
                assert held in (ours, theirs, None)
                assert held == merge.winner(base, theirs, ours)


def _status(status: str, **more: str | int) -> Card:
    return Card("T1", "t", "w", status, **more)  # type: ignore[arg-type]  # by field


A, B = "a" * 40, "b" * 40  # commits of base
RUN_1 = _status("running", run="r1", slot="w#1", clone="c1", host="h1")
RUN_2 = _status("running", run="r2", slot="w#2", clone="c2", host="h2")


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "merged"),
    [
        (_status("todo"), RUN_1, _status("todo", not_before=5), RUN_1),
        (RUN_1, _status("review"), RUN_1, _status("review")),
        (RUN_1, RUN_2, _status("todo", not_before=9), RUN_2),
        (_status("todo"), RUN_1, RUN_2, None),
        (_status("todo"), RUN_1, RUN_1._replace(host="h9"), None),
        (_status("todo"), _status("todo", not_before=5), _status("todo", not_before=9),
         _status("todo", not_before=9)),
        (_status("todo"), RUN_1, _status("todo", attempts_after="r0"),
         RUN_1._replace(attempts_after="r0")),
        (_status("todo"), _status("blocked", reason="failed"),
         _status("blocked", reason="conflict"), None),
        (_status("blocked", reason="failed", why="a"), _status("blocked", reason="failed", why="b"),
         _status("todo", attempts_after="r1"), _status("todo", attempts_after="r1")),
        (_status("review"), _status("done", merged=A), _status("review"), _status("done", merged=A)),
        (_status("review"), _status("done", merged=A), _status("done", merged=B),
         _status("done", merged=A)),
        (_status("review"), _status("done", merged=A), _status("done"), _status("done", merged=A)),
        (_status("done", merged=A), _status("todo", attempts_after="r1"), _status("done"),
         _status("todo", attempts_after="r1")),
        (RUN_1, _status("blocked", reason="needs-input", why="q"), _status("todo", not_before=4),
         _status("blocked", reason="needs-input", why="q")),
    ],
)  # fmt: skip
def test_what_goes_with_a_status_travels_with_it(
    base: Card, ours: Card, theirs: Card, merged: Card | None
) -> None:
    for one, two in ((ours, theirs), (theirs, ours)):
        got = merge.card(base, one, two)
        assert got == ((merged, ()) if merged else (one, ("status",)))


@pytest.mark.slow
@given(CARD, CARD, CARD)
@examples(300)
def test_a_merge_means_the_same_from_either_side(base: Card, ours: Card, theirs: Card) -> None:
    one, two = merge.card(base, ours, theirs), merge.card(base, theirs, ours)
    assert one.conflicts == two.conflicts
    for name in Card._fields:
        group = "status" if name in STATUS_FIELDS else name
        if group in one.conflicts:
            continue
        a, b = getattr(one.card, name), getattr(two.card, name)
        assert (set(a) == set(b)) if name == "acceptance" else (a == b), name


@given(CARD, CARD)
def test_a_side_that_changed_nothing_yields(base: Card, changed: Card) -> None:
    assert merge.card(base, changed, base) == (changed, ())
    assert merge.card(base, base, changed) == (changed, ())
    assert merge.card(base, changed, changed) == (changed, ())


GROUPS = [
    *((name,) for name in Card._fields[1:] if name not in STATUS_FIELDS),
    STATUS_FIELDS,
]


@given(CARD, CARD, CARD, st.lists(st.booleans(), min_size=len(GROUPS), max_size=len(GROUPS)))
def test_edits_of_different_fields_add_up(
    base: Card, mine: Card, other: Card, to_ours: list[bool]
) -> None:
    ours, theirs, wanted = base, base, base
    for names, is_ours in zip(GROUPS, to_ours, strict=True):
        change = {name: getattr(mine if is_ours else other, name) for name in names}
        wanted = wanted._replace(**change)
        ours, theirs = (
            (ours._replace(**change), theirs) if is_ours else (ours, theirs._replace(**change))
        )
    assert merge.card(base, ours, theirs) == (wanted, ())
    assert merge.card(base, theirs, ours) == (wanted, ())
