"""What holds cards back, who must see to it, and when a board cannot go on by itself."""

import pytest

from gitkanban.core.held import all_held, deadlock, needs_person, why
from gitkanban.core.model import Board, Run
from gitkanban.core.schedule import schedule
from tests.boards import DEMO, NOW, board, observed

BUSY = """
    T0 blocked @messages-owner reason=needs-input why=which_port?
    T1 todo <- T0 @backend-hermes-pool
    T2 todo <- T1 @backend-hermes-pool
    R1 review @frontend-hermes-pool
    R2 todo <- R1 @messages-owner
    B1 backlog @messages-owner
    N1 todo @-
    G1 running @messages-owner
    G2 todo @messages-owner
    S1 todo @backend-hermes-pool
    D1 done @messages-owner
"""


def test_every_card_that_is_not_over_and_does_not_start_is_held_by_something() -> None:
    given = board(BUSY, workers=DEMO)
    found = [
        f"{held.card} {held.code}: {held.text}" for held in all_held(given, observed()).values()
    ]
    assert found == [
        "B1 backlog: is not approved to run",
        "G1 running: runs in messages-hermes#1 on here",
        "G2 worker: worker messages-owner 1/1 held by G1",
        "N1 no-worker: nobody is assigned",
        "R1 review: is in review",
        "R2 parent-review: waits for R1, which is in review",
        "T0 blocked: is blocked: needs-input (which port?)",
        "T1 parent-blocked: waits for T0, which is blocked: needs-input (which port?)",
        "T2 parent-blocked: waits for T1, behind T0, which is blocked: needs-input (which port?)",
    ]


def test_why_says_for_one_card_what_is_said_for_all() -> None:
    given = board(BUSY, workers=DEMO)
    together = all_held(given, observed())
    for card in given.cards.values():
        assert why(given, observed(), card) == together.get(card.id)


def test_what_tick_says_and_what_why_says_is_one_thing() -> None:
    given = board(BUSY, workers=DEMO)
    together = all_held(given, observed())
    for held in schedule(given, observed()).held:
        assert together[held.card] == held


def test_how_long_a_card_is_blocked_is_said_where_it_is_known() -> None:
    given = board("T0 blocked reason=failed\nT1 todo <- T0")
    given = given._replace(runs={"T0": (Run("r1", "T0", ended=NOW - 7300),)})
    held = why(given, observed(), given.cards["T1"])
    assert held and held.text == "waits for T0, which is blocked: failed since 2 h"
    assert held.frees == "a person: `gitkanban show T0`, then `gitkanban retry T0`"


def test_the_earliest_time_is_given_where_it_is_known() -> None:
    given = board(f"T1 todo not_before={NOW + 3600}\nT2 running\nT3 todo", workers="w lane")
    assert [(held.card, held.at) for held in all_held(given, observed()).values()] == [
        ("T1", NOW + 3600),
        ("T2", 0),
        ("T3", 0),
    ]


def test_a_chain_cannot_start_before_its_first_card() -> None:
    given = board(f"a not_before={NOW + 60}\nb <- a\nc <- b\nd running\ne <- d")
    assert [(held.card, held.at - NOW) for held in schedule(given, observed()).held if held.at] == [
        ("a", 60),
        ("b", 60),
        ("c", 60),
    ]


def test_a_long_ring_is_cut_in_the_middle() -> None:
    given = board("\n".join(f"c{n:02} <- c{(n + 1) % 20:02}" for n in range(20)))
    held = all_held(given, observed())["c07"]
    assert held.text == ("waits in a ring: c00 → c01 → c02 → c03 → c04 → c05 → c06 → … → c19 → c00")


def test_cards_that_need_a_person_come_in_the_order_of_what_waits_on_them() -> None:
    needed = needs_person(board(BUSY, workers=DEMO), observed())
    assert [(each.card, each.state, each.waiting) for each in needed] == [
        ("T0", "blocked", 2),
        ("R1", "review", 1),
        ("N1", "no-worker", 0),
    ]


NEEDED = [
    ("backlog that nothing waits on needs nobody", board("a backlog"), []),
    ("backlog that others wait on", board("a backlog\nb todo <- a"), [("a", "backlog", 1)]),
    ("dropped below others", board("a dropped\nb todo <- a"), [("a", "dropped", 1)]),
    ("dropped alone needs nobody", board("a dropped"), []),
    ("a parent that is not there", board("b todo <- a"), [("a", "missing", 1)]),
    ("a parent in the archive is done", board("b todo <- a", archived=["a"]), []),
    ("a parent that cannot be read", board("b <- a", broken=["a"]), [("a", "unreadable", 1)]),
    ("a ring counts once", board("a <- c\nb <- a\nc <- b\nd <- a"), [("a", "ring", 3)]),
    ("tick accepts it itself", board("a review", workers="w lane on_success=done"), []),
    ("more than there is", board("a needs gpu:1"), [("a", "never", 0)]),
    ("a paused worker's card", board("a", workers="w lane paused"), [("a", "paused", 0)]),
    ("cards that only wait their turn", board("a\nb\nc", workers="w lane"), []),
]


@pytest.mark.parametrize(("what", "given", "expected"), NEEDED, ids=[case[0] for case in NEEDED])
def test_who_needs_a_person(what: str, given: Board, expected: list[tuple[str, str, int]]) -> None:
    assert [(each.card, each.state, each.waiting) for each in needs_person(given)] == expected
    assert all(each.text and each.frees for each in needs_person(given))


STUCK = [
    ("nothing to do", board("a done"), ""),
    ("something starts", board("a\nb blocked\nc <- b"), ""),
    ("something runs", board("a running\nb <- a"), ""),
    ("time will help", board(f"a not_before={NOW + 9}"), ""),
    ("all wait in review", board("a review"), ""),
    (
        "a blocked card holds everything below it",
        board("a blocked reason=failed\nb <- a\nc <- b"),
        "nothing can go on: 2 cards wait on a, which is blocked: failed",
    ),
    (
        "a ring",
        board("a <- b\nb <- a"),
        "nothing can go on: 1 card waits on a, which waits in a ring",
    ),
    ("nobody to do it", board("a @-"), "nothing can start: a: nobody is assigned"),
]


@pytest.mark.parametrize(("what", "given", "expected"), STUCK, ids=[case[0] for case in STUCK])
def test_a_deadlock_is_named(what: str, given: Board, expected: str) -> None:
    said = deadlock(given, schedule(given, observed()))
    assert said.startswith(expected) and bool(said) == bool(expected)


@pytest.mark.parametrize(
    ("cards", "workers", "card", "frees"),
    [
        ("A running\nB running\nC todo", "w pool 2", "C", "the end of A or B"),
        ("A running\nB running\nC todo", "w pool 1", "C", "the ends of A and B"),
        ("A running\nB running\nD running\nC todo", "w pool 2", "C", "the ends of 2 of A, B, D"),
        (
            "A running needs build:2\nB running needs build:1\nC todo needs build:2",
            "w pool 3\ncapacity build 3",
            "C",
            "the end of A",
        ),
    ],
    ids=["one is enough", "all are needed", "two of three", "only the larger one"],
)
def test_as_many_ends_are_named_as_it_takes(
    cards: str, workers: str, card: str, frees: str
) -> None:
    given = board(cards, workers=workers)
    held = why(given, observed(), given.cards[card])
    assert held and held.frees == frees


def test_a_card_that_a_person_blocked_is_not_said_to_wait_since_its_last_run() -> None:
    given = board("T0 blocked reason=needs-input why=which_port?\nT1 todo <- T0")
    given = given._replace(runs={"T0": (Run("r1", "T0", ended=NOW - 7300, why="exit 1"),)})
    held = why(given, observed(), given.cards["T1"])
    assert held and "since" not in held.text


def test_of_a_missing_card_further_up_no_link_is_offered_that_is_not_there() -> None:
    given = board("Y0 todo <- GONE\nY1 todo <- Y0")
    near = why(given, observed(), given.cards["Y0"])
    far = why(given, observed(), given.cards["Y1"])
    assert near and "gitkanban unlink Y0 GONE" in near.frees
    assert far and far.frees == "a card GONE, or its children unlinked"
