"""What a board says of the other clones that work on it."""

from gitkanban import clock
from gitkanban.core.clones import CloneAccount, other_clones
from gitkanban.core.ids import time_of_id
from gitkanban.core.model import Run
from gitkanban.core.situation.account import situation
from gitkanban.core.situation.moment import put_in_words
from tests.support.boards import CLONE, NOW, board, observed


def run_begun(at: float) -> str:
    """An id as a run gets it at a time."""
    millis, digits = int(at * 1000), ""
    for _ in range(10):
        digits, millis = clock._BASE32[millis & 31] + digits, millis >> 5
    return digits + "0" * 10


BOARD = board(
    "T1 running",
    f"T2 running clone=c2 host=h2 run={run_begun(NOW - 900)}",
    f"T3 running clone=c2 host=h2 run={run_begun(NOW - 600)}",
    "T4 running clone=c3 host=h1 run=odd",
    "T5 todo",
    workers="lane pool 9",
)


def test_the_time_of_an_id_is_that_of_its_making() -> None:
    assert time_of_id(run_begun(NOW)) == NOW
    assert abs((time_of_id(clock.sortable_id()) or 0) - clock.now()) < 60
    assert time_of_id("T1") is None


def listed(found: dict[str, CloneAccount]) -> list[str]:
    """Clones as `c2 on h2: T2 T3, heard 600 s ago`."""
    return [
        f"{each.clone} on {each.host}: {' '.join(each.running)}, "
        + (f"heard {NOW - each.at} s ago" if each.at else "never heard")
        for each in found.values()
    ]


def test_clones_that_run_cards_are_listed_with_what_was_last_heard_of_them() -> None:
    assert listed(other_clones(BOARD, CLONE)) == [
        "c3 on h1: T4, never heard",
        "c2 on h2: T2 T3, heard 600 s ago",
    ]
    assert other_clones(board("T1 running", "T2 todo"), CLONE) == {}


def test_the_end_of_a_run_is_a_sign_of_life_too() -> None:
    ended = tuple(
        Run(f"r-{clone}", "T5", clone=clone, host="h2", started=1, ended=NOW - 60)
        for clone in ("c2", "c4")
    )
    found = other_clones(BOARD._replace(runs={"T5": ended}), CLONE)
    assert listed(found) == ["c3 on h1: T4, never heard", "c2 on h2: T2 T3, heard 60 s ago"]


def test_a_card_of_another_clone_says_where_it_runs_and_when_that_was_heard_of() -> None:
    remarks = {view.id: view.remark for view in situation(BOARD, observed()).cards}
    assert remarks["T1"] == "lane#1"
    assert remarks["T2"] == "lane#2 on h2, last heard of 10 min ago"
    assert remarks["T4"] == "lane#4 on h1"


def test_a_cached_row_says_it_by_the_time_at_which_it_is_shown() -> None:
    view = next(
        each for each in situation(BOARD, observed(), to_cache=True).cards if each.id == "T2"
    )
    row = {"hold": view.hold, "remark": view.remark}
    put_in_words(row, NOW + 7200)
    assert row["remark"] == "lane#2 on h2, last heard of 2 h ago"
