"""Letters of sessions: what they ask for, once, within bounds, and on their own card only."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitkanban.core.changes import AddCard, AddNote, EndRun, applied
from gitkanban.core.model import BACKLOG, RUNNING, Board, Card, Config, Note, Run, Worker
from gitkanban.core.tick.facts import Letter, Report, RunFacts
from gitkanban.core.tick.letters import (
    CARDS_MOST,
    NOTES_MOST,
    SIZE_MOST,
    TEXT_MOST,
    Opened,
    open_letters,
    parse_letter,
    report_in,
    written,
)
from gitkanban.errors import BadData

NAME, ID = f"{'0' * 20}.json", "0" * 20
BOARD = Board(
    "main", "", Config(workers={"coder": Worker("coder", "coder")}),
    {"T0": Card("T0", "one", "coder", RUNNING, run="R"), "T1": Card("T1", "two")},
)  # fmt: skip


def asked(*letters: Letter, board: Board = BOARD, **facts: Any) -> Opened:
    known = {"run": "R", "card": "T0", "worker": "coder", "profile": "coder", "slot": "", **facts}
    return open_letters(board, RunFacts(started=0, letters=letters, **known), 7)


@pytest.mark.parametrize(
    "letter",
    [
        Letter(ID, "done", "T0", report=Report("done", True, "all there")),
        Letter(ID, "block", "", report=Report("block", reason="needs-input", why="which port?")),
        Letter(ID, "note", "T0", "a remark\nof two lines"),
        Letter(ID, "memory", "T0", "remember"),
        Letter(ID, "add", "T0", cards=(
            Card("N", "more", "coder", BACKLOG, 3, ("T0",), (("db", 1),), ("holds",), body="x\n"),
        )),
    ],
)  # fmt: skip
def test_a_letter_is_read_as_it_was_written(letter: Letter) -> None:
    assert parse_letter(NAME, written(letter)) == letter


def test_notes_and_backlog_cards_go_onto_the_board_once() -> None:
    note = Letter(ID, "note", "T0", "a remark")
    more = Letter("1" * 20, "add", "T0", cards=(Card("N", "more", status=BACKLOG),))
    done = Letter("2" * 20, "done", "T0", report=Report("done"))
    found = asked(note, more, done)
    assert found.changes == (
        AddNote(Note(ID, "T0", "session of T0", 7, "note", "a remark", "R")),
        AddCard(Card("N", "more", status=BACKLOG)),
    )
    assert found.used == (f"{ID}.json", f"{'1' * 20}.json")  # a report stays until the end
    again = asked(note, more, board=applied(BOARD, found.changes))
    assert (again.changes, again.used, again.notices) == ((), found.used, ())


@pytest.mark.parametrize("run", ["other", ""])
def test_a_superseded_run_is_not_heard(run: str) -> None:
    assert asked(Letter(ID, "note", "T0", "x"), run=run) == Opened()


@pytest.mark.parametrize(
    ("letter", "why"),
    [
        (Letter(ID, "note", "T1", "x"), "it is about T1, another card"),
        (Letter(ID, "done", "T1", report=Report("done")), "it is about T1, another card"),
        (Letter(ID, "add", "T0", cards=(Card("T1", "x", status=BACKLOG), Card("M", "x"))), "already exists"),
        (Letter(ID, "add", "T0", cards=(Card("../x", "x"),)), "../x"),
        (Letter(ID, "add", "T0", cards=(Card("N", "x", "ghost"),)), "no worker 'ghost'"),
        (Letter(ID, "add", "T0", cards=(Card("N", "x", parents=("gone",)),)), "no card 'gone'"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_refused_and_done_with(letter: Letter, why: str) -> None:
    found = asked(letter)
    assert (found.changes, found.used) == ((), (f"{ID}.json",))
    assert why in found.notices[0]
    assert report_in((letter,), "T0") is None


def test_a_run_leaves_so_many_notes_and_no_more() -> None:
    notes = tuple(Note(f"{n:020}", "T0", run="R") for n in range(NOTES_MOST))
    full = BOARD._replace(notes={"T0": notes})
    found = asked(*(Letter(f"z{n:019}", "note", "T0", "x") for n in range(9)), board=full)
    assert found.changes == ()
    assert found.notices == (
        "T0: what its session asked for is refused: "
        f"it has already left {NOTES_MOST} notes (and 8 more)",
    )


def test_the_last_report_counts() -> None:
    first, last = Report("done"), Report("block", why="wait")
    letters = [Letter(ID, r.kind, "T0", report=r) for r in (first, last)]
    assert report_in(letters, "T0") == last


@pytest.mark.parametrize(
    "value",
    [
        None, [], "x", {}, {"kind": "accept"}, {"kind": ["note"]}, {"kind": "note"},
        {"kind": "note", "text": " "}, {"kind": "note", "text": 1},
        {"kind": "note", "text": "x" * (TEXT_MOST + 1)}, {"kind": "note", "text": "x", "card": {"a": 1}},
        {"kind": "note", "text": "x", "card": "a\nb"}, {"kind": "note", "text": "\ud800"},
        {"kind": "block", "reason": "because"}, {"kind": "add", "cards": {"a": 1}},
        {"kind": "add", "cards": ["x"]}, {"kind": "add", "cards": [{"title": "a\nb"}]},
        {"kind": "add", "cards": [{"title": "x"}] * (CARDS_MOST + 1)},
        {"kind": "add", "cards": [{"title": "x", "priority": 10**20}]},
        {"kind": "add", "cards": [{"title": "x", "priority": True}]},
        {"kind": "add", "cards": [{"title": "x", "needs": [["a", -1]]}]},
        {"kind": "add", "cards": [{"title": "x", "parents": "T0"}]},
    ],
)  # fmt: skip
def test_what_is_no_letter_is_bad(value: object) -> None:
    with pytest.raises(BadData):
        parse_letter(NAME, json.dumps(value).encode())


def test_too_long_or_too_deep_a_letter_is_bad() -> None:
    for data in (b" " * (SIZE_MOST + 1), b"[" * SIZE_MOST, b"\xff", b""):
        with pytest.raises(BadData):
            parse_letter(NAME, data)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["kind", "card", "cards", "title", "needs", "text", "id", "parents"]),
        inner | st.sampled_from(["add", "note", "done", "block", "T0"]), max_size=5,
    ),
)  # fmt: skip


@given(JSON)
def test_no_letter_breaks_the_tick(value: object) -> None:
    try:
        letter = parse_letter(NAME, json.dumps(value).encode())
    except BadData:
        return
    applied(BOARD, asked(letter).changes)


def test_notes_and_records_of_runs_copy_no_cards() -> None:
    note = Note(ID, "T0", "session of T0", 1, text="a note")
    noted = applied(BOARD, [AddNote(note), EndRun(Run("R", "T0", "coder#1", "h"))])
    assert noted.cards is BOARD.cards
    assert (noted.notes_of("T0"), BOARD.notes_of("T0")) == ((note,), ())
    assert applied(BOARD, []) is BOARD
