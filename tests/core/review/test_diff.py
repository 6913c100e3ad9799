"""Differences of boards written as lines."""

from hypothesis import given
from hypothesis import strategies as st

from gitkanban.core.model import Board, Note, Pause, Problem, Run
from gitkanban.core.review.diff import Difference, Waiting, difference
from tests.support.boards import DEMO, NOW, board

PLAN = [
    "T0 @messages-owner",
    "T1 <- T0 @backend-hermes-pool",
    "T2 <- T0 @frontend-hermes-pool",
    "T3 <- T0 @backend-hermes-pool",
    "T4 <- T1 T2 T3 @messages-owner",
]


def diff(before: list[str], after: list[str], **more: object) -> Difference:
    return difference(
        board(*before, workers=DEMO), board(*after, workers=DEMO, **more), NOW
    )  # fmt: skip


def kinds(found: Difference) -> dict[str, str]:
    return {change.id: change.kind for change in found.cards}


def test_a_plan_is_cards_added_and_what_follows() -> None:
    found = diff([], PLAN)
    assert kinds(found) == dict.fromkeys(["T0", "T1", "T2", "T3", "T4"], "added")
    assert found.ready == ("T0",)
    assert found.waits[-1] == Waiting("T4", ("T1", "T2", "T3"))
    assert (found.before.chain, found.after.chain) == ((), ("T0", "T1", "T4"))
    assert found.before.starts == {}
    assert found.after.starts == {"messages-hermes": ("T0",)}


def test_a_finished_parent_frees_its_children_within_the_limits() -> None:
    found = diff(PLAN, ["T0 done @messages-owner", *PLAN[1:]])
    assert kinds(found) == {"T0": "changed"}
    assert found.ready == ("T1", "T2", "T3") and found.waits == ()
    assert found.after.starts == {"backend-hermes": ("T1", "T3"), "frontend-hermes": ("T2",)}
    assert [len(side.chain) for side in (found.before, found.after)] == [3, 2]


def test_running_cards_take_room_in_what_a_tick_would_start() -> None:
    found = diff([], ["A running @messages-owner", "B @messages-owner"])
    assert found.after.starts == {} and found.ready == ("B",)


def test_fields_are_reported_one_by_one() -> None:
    found = diff(["T1 !1", "T2"], ["T1 !2 <- T2 title=other", "T2"])
    change = found.cards[0]
    assert {f.name: (f.before, f.after) for f in change.fields} == {
        "title": ("card T1", "other"),
        "priority": (1, 2),
        "parents": ((), ("T2",)),
    }
    assert found.waits == (Waiting("T1", ("T2",)),)
    assert found.links == (("T2", "T1"),) and found.cut == ()


def test_cut_links_removed_and_archived_cards() -> None:
    found = diff(["T1", "T2 done", "T3 <- T1"], ["T3"], archived=["T2"])
    assert kinds(found) == {"T1": "removed", "T2": "archived", "T3": "changed"}
    assert found.cut == (("T1", "T3"),) and found.ready == ("T3",)


def test_a_backlog_card_that_waits_no_more_is_reported() -> None:
    assert diff(["A", "B backlog <- A"], ["A done", "B backlog <- A"]).freed == ("B",)


def test_config_changes_are_reported_and_commands_marked() -> None:
    old = board("T1", workers="w pool 2\ncapacity build 1")
    new = board("T1", workers="w pool 3 verify=make,test\nx lane\nhost 3")
    found = {s.path: (s.before, s.after, s.executes) for s in difference(old, new, NOW).settings}
    assert found == {
        "max_concurrency": ("6", "3", False),
        "workers.w.max_concurrency": ("2", "3", False),
        "workers.w.verify": ("", "make test", True),
        "workers.x.mode": ("", "lane", False),
        "workers.x.runner": ("", "hermes", True),
        "capacities.build": ("1", "", False),
    }


def test_what_is_recorded_paused_and_broken() -> None:
    old = board("T1", paused={"a": Pause("a")})
    new = board(
        "T1",
        runs={"T1": (Run("r", "T1"),)},
        notes={"T1": (Note("n", "T1"), Note("m", "T1"))},
        paused={"b": Pause("b")},
        problems=(Problem("cards/T9.yaml", 1, 1, "odd"),),
    )
    found = difference(old, new, NOW)
    assert (found.runs, found.notes) == ((("T1", 1),), (("T1", 2),))
    assert (found.paused, found.resumed, found.broken) == (("b",), ("a",), ("cards/T9.yaml",))
    assert not found.empty and not found.cards


LINES = st.lists(
    st.sampled_from(["T0", "T1 done", "T1 <- T0", "T2 <- T1 T0", "T3 <- T3", "T2 running", "T4 !3"]),
    unique_by=lambda line: line.split()[0],
)  # fmt: skip


@given(LINES, LINES)
def test_a_difference_is_empty_exactly_for_equal_boards(one: list[str], other: list[str]) -> None:
    def made(lines: list[str]) -> Board:
        return board(*lines, workers="solo pool 2")

    before, after = made(one), made(other)
    found = difference(before, after, NOW)
    assert found.empty == (before.cards == after.cards)
    names = {change.id for change in found.cards}
    assert names == {n for n in {*before.cards, *after.cards}
                     if before.cards.get(n) != after.cards.get(n)}  # fmt: skip
