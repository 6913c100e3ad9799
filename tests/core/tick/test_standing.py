"""What holds cards back, who must see to it, and when a board cannot go on by itself."""

import pytest

from gitkanban.core.model import Board, Run
from gitkanban.core.tick.facts import NoProgram
from gitkanban.core.tick.holds import Hold
from gitkanban.core.tick.schedule import schedule
from gitkanban.core.tick.standing import Needed, standing
from gitkanban.core.time_words import worded
from tests.support.boards import DEMO, NOW, board, live, observed

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


def all_held(given: Board, **facts: object) -> dict[str, Hold]:
    """What holds each card back."""
    return dict(standing(given, observed(**facts)).holds)


def needs_person(given: Board, **facts: object) -> tuple[Needed, ...]:
    """Who must be seen to."""
    return standing(given, observed(**facts)).needed


def test_every_card_that_is_not_over_and_does_not_start_is_held_by_something() -> None:
    given = board(BUSY, workers=DEMO)
    found = [f"{held.card} {held.code}: {held.text}" for held in all_held(given).values()]
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


def test_what_tick_says_and_what_why_says_is_one_thing() -> None:
    given = board(BUSY, workers=DEMO)
    together = all_held(given)
    for held in schedule(given, observed()).holds:
        assert together[held.card] == held


def test_how_long_a_card_is_blocked_is_said_where_it_is_known() -> None:
    given = board("T0 blocked reason=failed\nT1 todo <- T0")
    given = given._replace(runs={"T0": (Run("r1", "T0", ended=NOW - 7300),)})
    held = all_held(given)["T1"]
    assert held.text == "waits for T0, which has been blocked for 2 h: failed"
    assert held.frees == "a person: `gitkanban show T0`, then `gitkanban retry T0`"


def test_the_earliest_time_is_given_where_it_is_known() -> None:
    given = board(f"T1 todo not_before={NOW + 3600}\nT2 running\nT3 todo", workers="w lane")
    assert [(held.card, held.at) for held in all_held(given).values()] == [
        ("T1", NOW + 3600),
        ("T2", 0),
        ("T3", 0),
    ]


def test_a_chain_cannot_start_before_its_first_card() -> None:
    given = board(f"a not_before={NOW + 60}\nb <- a\nc <- b\nd running\ne <- d")
    assert [
        (held.card, held.at - NOW) for held in schedule(given, observed()).holds if held.at
    ] == [
        ("a", 60),
        ("b", 60),
        ("c", 60),
    ]


def test_a_long_ring_is_cut_in_the_middle() -> None:
    given = board("\n".join(f"c{n:02} <- c{(n + 1) % 20:02}" for n in range(20)))
    held = all_held(given)["c07"]
    assert held.text == (
        "waits in a cycle: c00 → c01 → c02 → c03 → c04 → c05 → c06 → … → c19 → c00"
    )


def test_cards_that_need_a_person_come_in_the_order_of_what_waits_on_them() -> None:
    needed = needs_person(board(BUSY, workers=DEMO))
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


REST = [
    ("nothing to do", board("a done"), ""),
    ("something starts", board("a\nb blocked\nc <- b"), ""),
    ("something runs", board("a running\nb <- a"), ""),
    ("time will help", board(f"a not_before={NOW + 9}"), ""),
    ("all wait in review", board("a review"), ""),
    ("tick accepts", board("a review\nb <- a", workers="w lane on_success=done"), ""),
    ("somebody has paused it", board("a", workers="w lane paused"), ""),
    ("paused, and what waits behind it", board("a\nb <- a", workers="w lane paused"), ""),
    (
        "a blocked card holds everything below it",
        board("a blocked reason=failed\nb <- a\nc <- b"),
        "you: 2 cards wait on a, which is blocked: failed",
    ),
    ("a review", board("a review\nb <- a"), "you: 1 card waits on a, which is in review"),
    ("nobody to do it", board("a @-"), "you: a: nobody is assigned"),
    (
        "nobody to do what others wait for",
        board("a @-\nb <- a @w"),
        "you: 1 card waits on a, which cannot start: nobody is assigned",
    ),
    (
        "a ring",
        board("a <- b\nb <- a"),
        "deadlock: nothing can go on: 1 card waits on a, which waits in a cycle: a → b → a",
    ),
    (
        "a missing parent",
        board("a <- gone"),
        "deadlock: nothing can go on: 1 card waits on gone, which does not exist",
    ),
    (
        "more than there is",
        board("a needs gpu:1\nb <- a"),
        "deadlock: nothing can go on: 1 card waits on a, which cannot start: "
        "needs gpu, which config.yaml does not have",
    ),
    (
        "no such worker",
        board("a @-")._replace(config=None),
        "deadlock: nothing can start: a: config.yaml cannot be read",
    ),
    (
        "what most wait on decides",
        board("a review\nb <- a\nx <- y\ny <- x\nz <- x"),
        "deadlock: nothing can go on: 2 cards wait on x, which waits in a cycle: x → y → x",
    ),
]


@pytest.mark.parametrize(("what", "given", "expected"), REST, ids=[case[0] for case in REST])
def test_a_board_that_does_not_go_on_by_itself_says_why(
    what: str, given: Board, expected: str
) -> None:
    found = standing(given, observed())
    said = f"deadlock: {found.deadlock}" if found.deadlock else ""
    said += f"you: {found.waits_for_you}" if found.waits_for_you else ""
    assert said == expected


def test_what_stops_a_board_from_outside_is_no_deadlock() -> None:
    given = board("a\nb <- a", workers="w lane")
    for facts in (
        {"untrusted": {"w": "its command changed"}},
        {"standstill": "a rebase is in progress"},
        {"busy_slots": frozenset({"w#1"})},
        {"runs": (live("r1 of gone @w in w#1"),)},
    ):
        found = standing(given, observed(**facts))
        assert not found.scheduled.starts
        assert (found.deadlock, found.waits_for_you) == ("", "")


def test_a_program_that_is_missing_is_for_a_person_to_install() -> None:
    given = board("a\nb <- a", workers="w lane")
    found = standing(given, observed(missing={"w": NoProgram("npm", "not on PATH", "setup")}))
    text = "cannot run npm for setup: not on PATH"
    (needed,) = found.needed
    assert (needed.card, needed.state, needed.text) == ("a", "no-program", text)
    assert found.deadlock == f"nothing can go on: 1 card waits on a, which cannot start: {text}"
    assert not found.scheduled.starts


def test_behind_a_todo_card_that_cannot_start_its_reason_is_named() -> None:
    given = board(
        "N0 @-\nN1 <- N0 @w\nN2 <- N1 @w\nQ0 @q\nQ1 <- Q0 @w\nG0 needs gpu:1 @w\nG1 <- G0 @w\n"
        "U0 @u\nU1 <- U0 @w",
        workers="w lane\nq lane paused\nu lane",
    )
    held = all_held(given, untrusted={"u": "its command changed"})
    assert [(held[name].code, held[name].text, held[name].frees) for name in held if "0" not in name] == [
        (
            "parent-stuck",
            "waits for G0, which cannot start: needs gpu, which config.yaml does not have",
            "`capacities: gpu`",
        ),
        (
            "parent-stuck",
            "waits for N0, which cannot start: nobody is assigned",
            "`gitkanban edit N0 --worker NAME`",
        ),
        (
            "parent-stuck",
            "waits for N1, behind N0, which cannot start: nobody is assigned",
            "`gitkanban edit N0 --worker NAME`",
        ),
        (
            "parent-stuck",
            "waits for Q0, which cannot start: q is paused: by hand",
            "`gitkanban resume q`",
        ),
        (
            "parent-stuck",
            "waits for U0, which cannot start: u is not trusted: its command changed",
            "`gitkanban trust`",
        ),
    ]  # fmt: skip


def test_a_card_that_tick_accepts_needs_nobody_until_tick_could_not() -> None:
    given = board("A review @w\nB <- A @w", workers="w lane on_success=done")
    held = all_held(given)
    assert (held["A"].frees, held["B"].code) == ("the next tick", "parents")
    assert held["B"].text == "waits for A (review)"
    assert needs_person(given) == ()
    refused = {"A": "uncommitted work is in the way: x"}
    held = all_held(given, refused=refused)
    why = "is in review; tick could not accept it: uncommitted work is in the way: x"
    assert held["A"].text == why
    assert (held["B"].code, held["B"].text) == ("parent-review", f"waits for A, which {why}")
    assert held["A"].frees == held["B"].frees == "the end of that; each tick tries again"
    assert [each.card for each in needs_person(given, refused=refused)] == ["A"]
    found = standing(given, observed(refused=refused))
    assert found.waits_for_you == f"1 card waits on A, which {why}"


def test_a_ring_is_opened_by_a_command_that_can_be_given() -> None:
    held = all_held(board("X0 <- X1\nX1 <- X0\nX2 <- X1\nS <- S"))
    assert {held[name].frees for name in ("X0", "X1", "X2")} == {
        "`gitkanban unlink X0 X1`, or another of its links"
    }
    assert held["S"].frees == "`gitkanban unlink S S`"


def test_a_dropped_parent_is_unlinked_where_there_is_a_link() -> None:
    held = all_held(board("D dropped\nA <- D\nB <- A"))
    assert held["A"].frees == "`gitkanban reopen D`, or `gitkanban unlink A D`"
    assert held["B"].frees == "`gitkanban reopen D`, or its children unlinked"


def test_times_in_words_that_are_kept_are_reported_when_they_are_shown() -> None:
    given = board(f"A blocked reason=failed\nB <- A\nC not_before={NOW + 700}")
    given = given._replace(runs={"A": (Run("r1", "A", ended=NOW),)})
    held = standing(given, observed(), to_cache=True).holds
    for later in (0, 1, 65, 650, 699):
        then = all_held(given, now=NOW + later)
        for card in "ABC":
            assert worded(held[card].text, NOW + later) == then[card].text
    assert then["B"].text == "waits for A, which has been blocked for 11 min: failed"
    assert then["C"].text == "not before 16:11:40 UTC, in 1 s"
    assert (
        worded("odd \x1e text \x1e of a person \x1e", NOW) == "odd \x1e text \x1e of a person \x1e"
    )


def test_of_a_worker_and_its_order_only_what_waits_for_the_same_is_ahead() -> None:
    given = board(
        "R running needs a:1\nS running needs b:1\n"
        "c !9 needs a:1\nd needs b:1\ne needs b:1\nf needs b:1",
        workers="w pool 9\ncapacity a 1\ncapacity b 1",
    )
    held = all_held(given)
    assert "fair order" not in held["c"].text + held["d"].text
    assert held["e"].text == "capacity b 1/1 held by S; fair order: 1 of its worker's ahead"
    assert held["e"].frees == "the end of S, once the card ahead has started"
    assert held["f"].frees == "the end of S, once the 2 cards ahead have started"


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
        (
            "A running @v\nC todo @w",
            "v\nw\nr reserve=1\nhost 2",
            "C",
            "a session's end on this host",
        ),
        (
            "C todo @w",
            "w\nr pool 2 reserve=2\nhost 2",
            "C",
            "a smaller `reserve` of r, or a larger max_concurrency",
        ),
        (
            "A running @r\nC todo @w",
            "w\nr pool 2 reserve=2\nhost 2",
            "C",
            "a smaller `reserve` of r, or a larger max_concurrency",
        ),
    ],
    ids=[
        "one is enough",
        "all are needed",
        "two of three",
        "only the larger one",
        "a reserve beside a session",
        "a reserve of all there is",
        "a reserve of all there is, in use",
    ],
)
def test_as_many_ends_are_named_as_it_takes(
    cards: str, workers: str, card: str, frees: str
) -> None:
    given = board(cards, workers=workers)
    held = all_held(given)[card]
    assert held.frees == frees


def test_a_card_that_a_person_blocked_is_not_said_to_wait_since_its_last_run() -> None:
    given = board("T0 blocked reason=needs-input why=which_port?\nT1 todo <- T0")
    given = given._replace(runs={"T0": (Run("r1", "T0", ended=NOW - 7300, why="exit 1"),)})
    held = all_held(given)["T1"]
    assert "since" not in held.text


def test_of_a_missing_card_further_up_no_link_is_offered_that_is_not_there() -> None:
    given = board("Y0 todo <- GONE\nY1 todo <- Y0")
    near = all_held(given)["Y0"]
    far = all_held(given)["Y1"]
    assert "gitkanban unlink Y0 GONE" in near.frees
    assert far.frees == "a card GONE, or its children unlinked"


@pytest.mark.parametrize(
    ("cards", "waits"),
    [
        ("A blocked @w reason=needs-input\nB todo <- A @w\nV todo @v", "1 card waits on A"),
        ("V todo @v\nW todo <- V @w", ""),
        ("V todo @v", ""),
    ],
    ids=["a blocked one beside a paused one", "only what a paused one holds up", "only paused"],
)
def test_a_pause_says_nothing_of_the_other_cards(cards: str, waits: str) -> None:
    found = standing(board(cards, workers="w lane\nv lane paused"), observed())
    assert found.deadlock == ""
    assert found.waits_for_you.startswith(waits) and bool(found.waits_for_you) == bool(waits)
