"""The moves of people and sessions: what the table allows, and what is refused with which words."""

import re

import pytest

from gitkanban.core.changes import AddNote, applied
from gitkanban.core.model import BACKLOG, RUNNING, STATUSES, TODO, Card, Note, Run
from gitkanban.core.moves import (
    check_report,
    check_session,
    move,
    reject,
    reopened,
    retried,
    started,
)
from gitkanban.core.transitions import TABLE, VERBS, allowed, check_verb
from gitkanban.errors import Refused, UsageError
from tests.support.boards import board


def test_every_verb_makes_a_move_that_the_table_allows_people() -> None:
    for verb in VERBS.values():
        for source in verb.sources:
            if verb.name not in ("accept",):
                assert allowed(source, verb.to, "person"), (verb.name, source)


def test_only_tick_starts_a_run_and_every_status_can_be_left() -> None:
    assert [start for start, end in TABLE if end == RUNNING] == [TODO]
    assert not allowed(TODO, RUNNING, "person")
    assert {start for start, _ in TABLE} == set(STATUSES)


@pytest.mark.parametrize("verb", sorted(VERBS))
@pytest.mark.parametrize("status", STATUSES)
def test_a_verb_off_the_table_is_refused_with_a_hint(verb: str, status: str) -> None:
    if status in VERBS[verb].sources:
        assert check_verb(verb, "T1", status).to == VERBS[verb].to
        return
    with pytest.raises(Refused) as caught:
        check_verb(verb, "T1", status)
    assert re.match(f"T1 is (already )?{status}", caught.value.message)
    assert caught.value.hint


def moved(card: Card, verb: str, **more: str) -> Card:
    state = board("X todo")._replace(cards={card.id: card}, runs={card.id: (Run("r7", card.id),)})
    return applied(state, move(state, verb, card, **more)).cards[card.id]


def test_a_move_clears_what_belonged_to_the_old_status() -> None:
    card = Card("T1", status="blocked", reason="failed", why="exit 3", not_before=99)
    after = moved(card, "retry")
    assert (after.reason, after.why, after.not_before, after.attempts_after) == ("", "", 0, "r7")
    running = Card("T1", status=RUNNING, run="r9", slot="p#1", clone="c", host="h", machine="m")
    after = moved(running, "drop")
    gone = (after.run, after.slot, after.clone, after.host, after.machine)
    assert (after.status, *gone) == ("dropped", *[""] * 5)


def test_approving_forgives_nothing_because_nothing_was_tried() -> None:
    assert moved(Card("T1", status=BACKLOG), "approve").attempts_after == ""


def test_blocking_wants_words_and_a_known_reason() -> None:
    assert moved(Card("T1"), "block", why="which port?").reason == "needs-input"
    with pytest.raises(UsageError, match="needs a reason"):
        moved(Card("T1"), "block", why="  ")
    with pytest.raises(UsageError, match="not a reason to block"):
        moved(Card("T1"), "block", why="x", reason="mood")


def test_words_of_a_rejection_and_of_an_answer_become_notes() -> None:
    state = board("T1 review", "T2 blocked")
    for changes, status in (
        (reject(state, state.cards["T1"], Note("n", "T1", text="not yet")), "T1"),
        (retried(state, state.cards["T2"], Note("n", "T2", text="port 80")), "T2"),
    ):
        assert isinstance(changes[0], AddNote)
        assert applied(state, changes).cards[status].status == TODO
    assert len(retried(state, state.cards["T2"], None)) == 1


def test_reopening_is_refused_while_a_child_has_started_unless_forced() -> None:
    state = board("T1 done", "T2 review <- T1", "T3 todo <- T1", "T4 done <- T1")
    with pytest.raises(Refused, match="T2 started from its result"):
        move(state, "reopen", state.cards["T1"])
    forced = applied(state, reopened(state, state.cards["T1"], force=True))
    assert forced.cards["T1"].status == TODO
    run = {"T4": (Run("r1", "T4"),)}
    with pytest.raises(Refused, match="T2, T4 started from its result"):
        move(state._replace(runs=run), "reopen", state.cards["T1"])
    assert reopened(board("T1 done", "T3 todo <- T1"), Card("T1", status="done"), force=False)


@pytest.mark.parametrize(
    ("verb", "card", "fine"),
    [
        ("done", "T1", True), ("block", "T1", True), ("note", "T1", True), ("show", "T2", True),
        ("add", "", True), ("done", "T2", False), ("note", "T2", False), ("accept", "T1", False),
        ("trust", "", False), ("approve", "T1", False), ("drop", "T1", False), ("tick", "", False),
    ],
)  # fmt: skip
def test_what_a_session_may_do(verb: str, card: str, fine: bool) -> None:
    if fine:
        check_session(verb, card, "T1")
    else:
        with pytest.raises(Refused):
            check_session(verb, card, "T1")


def test_a_report_of_a_superseded_run_is_fenced() -> None:
    state = board("T1 running run=r5", "T2 review")
    assert check_report(state, "T1", "r5").id == "T1"
    for card, run in (("T1", "r4"), ("T2", "r5"), ("T9", "r5")):
        with pytest.raises(Refused, match="no longer the current run"):
            check_report(state, card, run)


def test_starting_writes_what_fences_the_run_and_nothing_else() -> None:
    edit = started(Card("T1", not_before=5), "r1", "p#1", "c", "h")
    assert edit.fields == {
        "status": "running", "run": "r1", "slot": "p#1", "clone": "c", "host": "h", "not_before": 0,
    }  # fmt: skip
