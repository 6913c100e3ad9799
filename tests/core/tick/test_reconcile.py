"""Recorded against observed, as a table of differences and what they come to."""

import pytest

from gitkanban.core.changes import AddNote, EditCard, EndRun, SetPause, applied
from gitkanban.core.model import Board, Run
from gitkanban.core.tick.facts import Elsewhere, Exit, Landing, Report, RunFacts, StepEnd, Work
from gitkanban.core.tick.reconcile import SUMMARY_MOST, Reconciled, reconcile
from gitkanban.core.tick.superseded import LateWork
from gitkanban.core.tick.unattended import to_accept
from gitkanban.core.transitions import TICK, allowed
from tests.support.boards import CLONE, NOW, board, observed

OK = Exit(NOW, "exited", (StepEnd("session", 0),))
BAD = Exit(NOW, "exited", (StepEnd("session", 3),))
STOPPED = Exit(NOW, "stop", (StepEnd("session", None, 15),))
WORK = Work(tip="c2", session_commits=1)


def facts(card: str = "T1", run: str = "r5", **more: object) -> RunFacts:
    base = RunFacts(run, card, "solo", "solo", "solo#1", NOW - 60, "c1", work=WORK)
    return base._replace(**more)  # type: ignore[arg-type]


def running(status: str = "running", run: str = "r5", **more: object) -> Board:
    return board(f"T1 {status} run={run} clone={CLONE} slot=solo#1", **more)


def after(state: Board, *runs: RunFacts, **more: object) -> Reconciled:
    """What is asked for; every move in it is one that tick may make."""
    found = reconcile(state, observed(runs=runs, **more))
    now = state
    for change in found.changes:
        then = applied(now, [change])
        for name, card in then.cards.items():
            before = now.cards[name].status
            assert allowed(before, card.status, TICK), (name, before, card.status)
        now = then
    return found


def test_a_live_run_of_its_card_is_left_alone() -> None:
    assert after(running(), facts(phase="live")) == Reconciled()


def test_a_run_that_succeeded_is_recorded_and_its_card_goes_to_review() -> None:
    found = after(running(), facts(exit=OK, report=Report("done", summary="all of it")))
    [record, move] = found.changes
    assert isinstance(record, EndRun)
    assert record.run == Run(
        "r5", "T1", "solo#1", "here", CLONE, "solo", NOW - 60, NOW, "succeeded", 0, 0,
        "c2", "c1", why="1 new commit", summary="all of it",
    )  # fmt: skip
    card = applied(running(), found.changes).cards["T1"]
    assert (card.status, card.run, card.slot, card.clone, card.host) == ("review", "", "", "", "")
    assert found.finished_runs == ("r5",)
    assert isinstance(move, EditCard)


def test_of_what_a_session_says_no_more_than_is_bearable_goes_onto_the_board() -> None:
    said = Report("done", summary="x" * (SUMMARY_MOST + 5))
    [record, _] = after(running(), facts(exit=OK, report=said)).changes
    assert isinstance(record, EndRun)
    assert record.run.summary.endswith("x\n[cut: 5 more characters]\n")


def test_a_failed_run_delays_its_card_then_blocks_it() -> None:
    card = applied(running(), after(running(), facts(exit=BAD)).changes).cards["T1"]
    assert (card.status, card.not_before) == ("todo", NOW + 10)
    again = running(runs={"T1": (Run("r4", "T1", outcome="failed"),)})
    card = applied(again, after(again, facts(exit=BAD)).changes).cards["T1"]
    assert (card.status, card.reason, card.not_before) == ("blocked", "failed", 0)
    assert "exited with 3" in card.why


@pytest.mark.parametrize(
    ("state", "why"),
    [
        (running("dropped"), "its card was moved to dropped"),
        (running("blocked"), "its card was moved to blocked"),
        (running(run="r6"), "its card is now worked on by run r6"),
        (board("T2 todo"), "its card was deleted"),
    ],
)
def test_a_live_run_whose_card_moved_on_is_stopped(state: Board, why: str) -> None:
    found = after(state, facts(phase="live"), busy_slots=frozenset({"solo#1"}))
    assert [(stop.run, stop.why) for stop in found.stops] == [("r5", why)]
    assert not any(isinstance(change, EndRun) for change in found.changes)


def test_the_result_of_a_superseded_run_is_recorded_and_moves_nothing() -> None:
    for end, outcome in ((OK, "succeeded"), (STOPPED, "cancelled")):
        found = after(running("dropped"), facts(exit=end))
        assert [type(change) for change in found.changes] == [EndRun]
        assert [(s.outcome, s.to) for s in found.settled] == [(outcome, "")]


def test_a_dead_run_without_a_record_is_reclaimed_first_and_changes_nothing_yet() -> None:
    found = after(running(), facts())
    assert [each.run for each in found.reclaims] == ["r5"]
    assert found.changes == ()


def test_a_recorded_run_is_not_recorded_twice_and_a_card_left_running_yields_to_it() -> None:
    record = Run("r5", "T1", outcome="succeeded", clone=CLONE, commit="c2")
    done = running("done", runs={"T1": (record,)})
    assert after(done, facts(exit=OK)) == Reconciled(finished_runs=("r5",))
    stale = running(runs={"T1": (record,)})
    for runs in ((facts(exit=OK),), ()):
        found = after(stale, *runs, commits_here=frozenset({"c2"}))
        assert applied(stale, found.changes).cards["T1"].status == "review"
        assert not any(isinstance(change, EndRun) for change in found.changes)


@pytest.mark.parametrize(
    ("record", "card_clone", "here", "to"),
    [
        (Run("r5", "T1", outcome="succeeded", clone=CLONE, commit="c2"), CLONE, {"c2"}, "review"),
        (Run("r5", "T1", outcome="succeeded", clone=CLONE), CLONE, set(), "review"),
        (Run("r5", "T1", outcome="succeeded", clone=CLONE, commit="c2"), CLONE, set(), "todo"),
        (Run("r5", "T1", outcome="succeeded", clone="other", commit="c2"), CLONE, {"c2"}, "todo"),
        (Run("r5", "T1", outcome="succeeded", commit="c2"), CLONE, {"c2"}, "todo"),
        (Run("r5", "T1", outcome="succeeded", clone=CLONE, commit="c2"), "", {"c2"}, "todo"),
    ],
)
def test_a_record_moves_a_card_only_where_the_run_began_and_its_commit_is(
    record: Run, card_clone: str, here: set[str], to: str
) -> None:
    stale = running(runs={"T1": (record,)})
    stale = stale._replace(cards={"T1": stale.cards["T1"]._replace(clone=card_clone)})
    found = after(stale, commits_here=frozenset(here))
    assert applied(stale, found.changes).cards["T1"].status == to


def test_a_running_card_whose_run_folder_is_gone_is_settled_as_lost() -> None:
    card = applied(running(), after(running()).changes).cards["T1"]
    assert (card.status, card.run) == ("todo", "")
    assert after(running(), busy_slots=frozenset({"solo#1"})).changes == ()


def test_another_clones_running_card_is_never_touched() -> None:
    theirs = board("T1 running run=r5 clone=other slot=solo#1")
    assert after(theirs) == Reconciled()


def test_running_without_a_run_goes_back_to_todo_without_a_record() -> None:
    odd = running()
    odd = odd._replace(cards={"T1": odd.cards["T1"]._replace(run="", clone="", slot="")})
    found = after(odd)
    assert applied(odd, found.changes).cards["T1"].status == "todo"
    assert not any(isinstance(change, EndRun) for change in found.changes)


def test_three_cards_that_crash_alike_pause_their_worker_and_cost_no_attempt() -> None:
    cards = [f"T{n} running run=r{n} clone={CLONE} slot=solo#{n}" for n in range(1, 4)]
    state = board(*cards)
    crashes = [facts(f"T{n}", f"r{n}", exit=BAD) for n in range(1, 4)]
    found = after(state, *crashes)
    [pause] = [change.pause for change in found.changes if isinstance(change, SetPause)]
    assert pause.worker == "solo"
    assert "T1, T2, T3" in pause.why
    assert found.notices
    for n in range(1, 4):
        card = applied(state, found.changes).cards[f"T{n}"]
        assert (card.status, card.attempts_after) == ("todo", f"r{n}")
    two = after(state, *crashes[:2], facts("T3", "r3", exit=OK))
    assert not any(isinstance(change, SetPause) for change in two.changes)


@pytest.mark.parametrize(("good", "paused"), [(9, True), (10, False)])
def test_cards_that_crash_alike_pause_their_worker_only_if_they_are_most_of_those_that_ended(
    good: int, paused: bool
) -> None:
    names = [f"T{n}" for n in range(10 + good)]
    state = board(*(f"{name} running run=r{name} clone={CLONE} slot=solo#1" for name in names))
    ends = [BAD] * 10 + [OK] * good
    found = after(
        state, *(facts(name, f"r{name}", exit=end) for name, end in zip(names, ends, strict=True))
    )
    pauses = [change.pause.why for change in found.changes if isinstance(change, SetPause)]
    words = "10 cards ended alike (T0, T1, T2, T3, T4 and 5 more): failed, the session exited with"
    assert [why.startswith(words) for why in pauses] == [True] * paused


def test_a_card_in_review_whose_work_is_in_base_is_done() -> None:
    state = board("T1 review", "T2 review")
    found = after(state, merged={"T2": "c" * 40, "T9": "d" * 40})
    moved = applied(state, found.changes).cards
    assert (moved["T1"].status, moved["T1"].merged) == ("review", "")
    assert (moved["T2"].status, moved["T2"].merged) == ("done", "c" * 40)


def test_tick_accepts_by_itself_only_where_the_worker_says_so() -> None:
    state = board(
        "T1 review @a", "T2 review @b", "T3 todo @a", workers="a lane on_success=done\nb lane"
    )
    assert to_accept(state) == ("T1",)
    assert to_accept(state, {"T1": Elsewhere("c" * 40)}) == ()


@pytest.mark.parametrize(
    ("conflict", "status", "reason"),
    [("", "done", ""), ("both changed app.py", "blocked", "conflict")],
)
def test_a_run_whose_branch_was_merged_at_once_moves_its_card_in_one_step(
    conflict: str, status: str, reason: str
) -> None:
    found = after(
        running(), facts(exit=OK), accepted={"T1": Landing("a" * 40, conflict), "T9": Landing()}
    )
    card = applied(running(), found.changes).cards["T1"]
    assert (card.status, card.reason, card.why, card.run) == (status, reason, conflict, "")
    assert card.merged == ("" if conflict else "a" * 40)
    assert len([each for each in found.changes if isinstance(each, EditCard)]) == 1


@pytest.mark.parametrize("status", ["review", "dropped"])
def test_a_merge_moves_a_card_only_out_of_review(status: str) -> None:
    state = board(f"T1 {status}")
    card = applied(state, after(state, accepted={"T1": Landing("a" * 40)}).changes).cards["T1"]
    assert card.status == ("done" if status == "review" else status)


def given_up(**more: object) -> Board:
    """The board after a person gave up the run of T1, which may run again."""
    lost = Run("r5", "T1", "solo#1", "here", CLONE, "solo", ended=NOW, outcome="lost")
    return board("T1 todo", **more)._replace(runs={"T1": (lost,)})


def test_a_run_that_was_given_up_and_ends_after_all_leaves_a_note_with_its_commit() -> None:
    found = after(given_up(), facts(exit=OK))
    [note] = found.changes
    assert isinstance(note, AddNote)
    assert (note.note.id, note.note.card) == ("r5", "T1")
    assert note.note.text.startswith(
        "Run r5 was given up, and has ended after all. It left commit c2,"
    )
    assert found.late == (LateWork("T1", "r5", "c2"),)
    assert found.finished_runs == ("r5",)
    # The same end noted before, as after a kill between commit and settling.
    again = after(applied(given_up(), found.changes), facts(exit=OK))
    assert (again.changes, again.late) == ((), found.late)


def test_a_run_that_was_given_up_and_left_nothing_needs_no_note() -> None:
    found = after(given_up(), facts(exit=OK, work=Work(tip="c1")))
    assert found == Reconciled(finished_runs=("r5",))


def test_a_run_that_was_given_up_is_collected_before_it_is_judged() -> None:
    found = after(given_up(), facts(exit=OK, collected=False))
    assert [each.run for each in found.reclaims] == ["r5"]
    assert found.finished_runs == ()
