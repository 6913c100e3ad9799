"""The simulator: what it answers for small boards, and what holds for any board."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitkanban.core import graph
from gitkanban.core.forecast.assessment import CHAIN, advice, assess
from gitkanban.core.forecast.simulate import Duration, Question, Simulated, duration, simulate
from gitkanban.core.model import DONE, REVIEW, RUNNING, TODO, Board
from gitkanban.core.tick import limits
from gitkanban.core.tick.facts import Observed
from gitkanban.core.tick.schedule import schedule
from tests.support.boards import DEMO, HERE, NOW, board, live, observed
from tests.support.examples import examples

SEED = """
    T0 todo @messages-owner
    T1 todo <- T0 @backend-hermes-pool
    T2 todo <- T0 @frontend-hermes-pool
    T3 todo <- T0 @backend-hermes-pool
    T4 todo <- T1 T2 T3 @messages-owner
"""


def picture(done: Simulated) -> list[str]:
    """`T1 backend-hermes#1 600-1200`, in seconds from now."""
    return [f"{bar.card} {bar.slot} {bar.start - NOW}-{bar.end - NOW}" for bar in done.bars]


def test_the_seed_takes_three_sessions_one_after_the_other() -> None:
    given = board(SEED, workers=DEMO)
    done = simulate(given, observed())
    assert picture(done) == [
        "T0 messages-hermes#1 0-600",
        "T1 backend-hermes#1 600-1200",
        "T2 frontend-hermes#1 600-1200",
        "T3 backend-hermes#2 600-1200",
        "T4 messages-hermes#1 1200-1800",
    ]
    judged = assess(given, observed(), Question(), done)
    assert (done.makespan, judged.bound, judged.binds) == (1800, 1800, CHAIN)
    assert judged.chain == ("T0", "T1", "T4")
    assert judged.utilisation == pytest.approx(
        {"messages-owner": 2 / 3, "backend-hermes-pool": 2 / 9, "frontend-hermes-pool": 1 / 6}
    )
    assert advice(given, observed(), Question(), done) == ()


CASES = [
    ("a pool of two", board("a\nb\nc", workers="w pool 2"), Question(), "a w#1 0-600\nb w#2 0-600\nc w#1 600-1200"),
    (
        "durations of workers",
        board("a @x\nb @y <- a"),
        Question({"x": Duration(10), "y": Duration(20)}),
        "a x#1 0-10\nb y#1 10-30",
    ),
    ("review takes its time", board("a\nb <- a"), Question(review=100), "a solo#1 0-600\nb solo#1 700-1300"),
    ("what is in review too", board("a review\nb <- a"), Question(review=100), "b solo#1 100-700"),
    ("a time", board(f"a not_before={NOW + 50}\nb"), Question(), "b solo#1 0-600\na solo#1 600-1200"),
    ("a time after the parents", board(f"a\nb <- a not_before={NOW + 900}"), Question(), "a solo#1 0-600\nb solo#1 900-1500"),
    ("what runs already", board("a running\nb\nc <- a @x", workers="w"), Question(), "a w#1 0-600\nb w#1 600-1200\nc x#1 600-1200"),
    ("starts a tick", board("a\nb\nc", workers="w pool 3\nstarts 2"), Question(), "a w#1 0-600\nb w#2 0-600\nc w#3 60-660"),
    ("until then", board("a\nb\nc"), Question(until=700), "a solo#1 0-600\nb solo#1 600-1200"),
    ("nothing", board("a done"), Question(), ""),
]  # fmt: skip


@pytest.mark.parametrize(
    ("what", "given", "question", "expected"), CASES, ids=[case[0] for case in CASES]
)
def test_small_boards(what: str, given: Board, question: Question, expected: str) -> None:
    assert picture(simulate(given, observed(), question)) == expected.splitlines()


def test_a_run_counts_from_when_it_started() -> None:
    given = board("a running run=r1\nb", workers="w")
    run = live("r1 of a @w in w#1")  # started a minute ago
    assert picture(simulate(given, observed(runs=(run,)))) == ["a w#1 -60-540", "b w#1 540-1140"]


def test_a_card_waits_for_its_own_earlier_run() -> None:
    given = board("a", workers="w pool 2")
    run = live("r1 of a @w in w#1")
    assert picture(simulate(given, observed(runs=(run,)))) == ["a w#1 -60-540", "a w#1 540-1140"]


def test_what_a_person_must_free_never_starts_and_says_why() -> None:
    given = board("a blocked reason=failed\nb <- a\nc <- b\nd @-\ne needs gpu:1\nf")
    done = simulate(given, observed())
    assert [bar.card for bar in done.bars] == ["f"]
    assert [(held.card, held.code) for held in done.never] == [
        ("b", "parent-blocked"),
        ("c", "parent-blocked"),
        ("d", "no-worker"),
        ("e", "never"),
    ]


def test_the_limit_to_raise_first_is_the_one_that_saves_most() -> None:
    given = board(
        "\n".join(f"x{n} @x\ny{n} @y" for n in range(4)), workers="x lane\ny pool 2\nhost 9"
    )
    done = simulate(given, observed())
    (first,) = advice(given, observed(), Question(), done)
    assert (first.key, first.limit, first.to) == ((limits.WORKER, "x"), 1, 2)
    assert (done.makespan, first.makespan) == (2400, 1200)
    assert assess(given, observed(), Question(), done).binds == (limits.WORKER, "x")


def test_a_spread_is_seeded_by_card_and_stays_within_its_bounds() -> None:
    question = Question({"w": Duration(100, 30)}, seed=7)
    taken = [duration(question, "w", f"c{n}") for n in range(200)]
    assert taken == [duration(question, "w", f"c{n}") for n in range(200)]
    assert min(taken) >= 70 and max(taken) <= 130 and len(set(taken)) > 30
    assert duration(question._replace(seed=8), "w", "c0") != taken[0]


@st.composite
def situations(draw: st.DrawFn) -> tuple[Board, Question]:
    """Boards of up to 14 cards on three workers under every kind of limit,
    and how long they take.
    """
    workers = [
        f"w0 pool {draw(st.integers(1, 3))} profile=p",
        f"w1 lane profile={draw(st.sampled_from(['p', 'q']))} weight={draw(st.integers(1, 3))}",
        f"w2 pool 2 {draw(st.sampled_from(['', 'reserve=1', 'memory=read-write memory_path=~/m']))}",
        f"capacity build {draw(st.integers(1, 2))}",
        f"host {draw(st.integers(1, 5))}",
        f"starts {draw(st.sampled_from([0, 0, 1]))}",
    ]
    lines = []
    count = draw(st.integers(1, 14))
    for at in range(count):
        parents = draw(st.sets(st.integers(0, at - 1), max_size=2)) if at else set()
        status = draw(st.sampled_from([TODO] * 9 + [RUNNING, DONE, REVIEW, "blocked"]))
        lines.append(
            f"c{at:02} {status} @w{draw(st.integers(0, 2))} !{draw(st.integers(0, 2))} "
            + (
                f"not_before={NOW + draw(st.integers(1, 900))} "
                if not draw(st.integers(0, 6))
                else ""
            )
            + ("<- " + " ".join(f"c{parent:02}" for parent in sorted(parents)) if parents else "")
            + (f" needs build:{draw(st.integers(1, 2))}" if draw(st.booleans()) else "")
        )
    times = {f"w{n}": Duration(draw(st.integers(1, 500)), 0) for n in range(3)}
    review = draw(st.sampled_from([0, 0, 77]))
    return board(*lines, workers="\n".join(workers)), Question(times, review=review)


@examples(150)
@given(situations())
def test_no_simulation_beats_its_lower_bound_or_breaks_an_order(
    situation: tuple[Board, Question],
) -> None:
    given, question = situation
    done = simulate(given, observed(), question)
    judged = assess(given, observed(), question, done)
    assert judged.bound <= done.makespan
    assert all(0 <= share <= 1 for share in judged.utilisation.values())
    ends = {bar.card: bar.end for bar in done.bars}
    for bar in done.bars:
        card = given.cards[bar.card]
        if not bar.ran:
            assert bar.start >= card.not_before
            for parent in card.parents:
                assert graph.is_done(given, parent) or bar.start >= ends.get(parent, NOW)
    todo = {card.id for card in given.cards.values() if card.status == TODO}
    ran = {bar.card for bar in done.bars if not bar.ran}
    assert ran | {held.card for held in done.never} == todo
    assert not ran & {held.card for held in done.never}


@examples(100)
@given(situations())
def test_each_round_starts_what_the_scheduler_would_start_then(
    situation: tuple[Board, Question],
) -> None:
    """The simulator keeps lines and room up to date; `schedule` builds them anew. Both agree."""
    given, question = situation
    done = simulate(given, observed(), question)
    served: dict[str, float] = {}
    since: dict[str, int] = {}
    for at in moments(given, done, question):
        then = projected(given, done, question, at)
        said = schedule(then, Observed(at, HERE, "clone", served=served, ready_since=since))
        served, since = dict(said.served), dict(said.ready_since)
        begun = sorted((bar.card, bar.slot) for bar in done.bars if bar.start == at and not bar.ran)
        assert sorted((start.card, start.slot) for start in said.starts) == begun


def moments(given: Board, done: Simulated, question: Question) -> list[int]:
    """When anything happens: a tick between them would find what the last one left."""
    accepted = {bar.card: bar.end + question.review for bar in done.bars}
    accepted |= {c.id: NOW + question.review for c in given.cards.values() if c.status == REVIEW}
    found = {NOW, *accepted.values(), *(bar.end for bar in done.bars)}
    for card in given.cards.values():
        free = max((accepted.get(parent, NOW) for parent in card.parents), default=NOW)
        if card.status == TODO and card.not_before > free and card.id in accepted:
            found.add(card.not_before)
    if given.config and given.config.max_starts_per_tick:
        last = max((bar.start for bar in done.bars), default=NOW)
        found |= set(range(NOW - NOW % 60, last + 1, 60))
    return sorted(moment for moment in found if moment >= NOW)


def projected(given: Board, done: Simulated, question: Question, at: int) -> Board:
    """The board as it would read at a moment of the simulation, before that moment's starts."""
    cards = dict(given.cards)
    for card in given.cards.values():
        if card.status == REVIEW and NOW + question.review <= at:
            cards[card.id] = card._replace(status=DONE)
    for bar in done.bars:
        card = cards[bar.card]
        if bar.end + question.review <= at:
            cards[bar.card] = card._replace(status=DONE)
        elif bar.end <= at:
            cards[bar.card] = card._replace(status=REVIEW)
        elif bar.start < at or bar.ran:
            running = {"status": RUNNING, "run": f"run-{card.id}", "slot": bar.slot, "host": HERE}
            cards[bar.card] = card._replace(**running)
    return given._replace(cards=cards)


def test_a_run_that_takes_longer_than_said_ends_in_a_moment() -> None:
    given = board("a running run=r1\nb", workers="w")
    seen = observed(runs=(live("r1 of a @w in w#1"),))
    assert picture(simulate(given, seen, Question({"w": Duration(30)}))) == [
        "a w#1 -60-1",
        "b w#1 1-31",
    ]


def test_ticks_come_at_full_minutes() -> None:
    given = board("a\nb", workers="w pool 3\nstarts 1")
    done = simulate(given, observed(NOW + 20))
    assert picture(done) == ["a w#1 20-620", "b w#2 60-660"]


def test_why_a_card_never_starts_is_what_stops_it_in_the_end() -> None:
    lines = f"a\nb <- a needs gpu:1\nc needs gpu:1 not_before={NOW + 60}\nd @x"
    done = simulate(board(lines, workers="solo\nx paused"), observed())
    found = [(held.card, held.code, held.text) for held in done.never]
    assert found == [
        ("b", "never", "needs gpu, which config.yaml does not have"),
        ("c", "never", "needs gpu, which config.yaml does not have"),
        ("d", "paused", "x is paused: by hand"),
    ]


def test_nobody_reviews_what_tick_accepts_itself() -> None:
    given, question = board("a\nb <- a", workers="w on_success=done"), Question(review=100)
    done = simulate(given, observed(), question)
    assert picture(done) == ["a w#1 0-600", "b w#1 600-1200"]
    assert assess(given, observed(), question, done).bound == 1200


def test_where_it_stopped_before_the_end_it_says_how_many_cards_are_left() -> None:
    given = board("a\nb\nc\nd needs gpu:1")
    stopped = simulate(given, observed(), Question(until=700))
    assert (len(stopped.bars), stopped.left, stopped.never) == (2, 2, ())
    ended = simulate(given, observed(), Question(until=7000))
    assert (len(ended.bars), ended.left, [held.card for held in ended.never]) == (3, 0, ["d"])


def test_it_begins_where_the_last_tick_left_off() -> None:
    given = board("a @x\nb @y\nc @y", workers="x\ny\nhost 1")
    tags = observed(served={"": 5.0, "x": 6.0})
    assert next(bar.card for bar in simulate(given, tags).bars) == "b"
    since = observed(ready_since={"c": NOW - 5})
    order = [bar.card for bar in simulate(given, since).bars]
    assert order.index("c") < order.index("b")


def test_a_standstill_is_taken_to_be_over() -> None:
    given = board("a\nb needs gpu:1")
    done = simulate(given, observed(standstill="a rebase"))
    assert [bar.card for bar in done.bars] == ["a"]
    assert [held.code for held in done.never] == ["never"]


def test_a_parent_named_twice_is_one() -> None:
    assert picture(simulate(board("a\nb <- a a"), observed()))[1] == "b solo#1 600-1200"


def test_nothing_is_reserved_for_a_paused_worker() -> None:
    given = board("a @x\nb @x", workers="x pool 2\nr reserve=1 paused\nhost 2")
    assert simulate(given, observed()).makespan == 600


def test_a_spread_goes_both_ways() -> None:
    taken = [duration(Question({"w": Duration(100, 30)}), "w", f"c{n}") for n in range(200)]
    assert min(taken) < 75 and max(taken) > 125


def test_every_card_that_waits_counts_and_nothing_takes_no_time() -> None:
    given = board("a\nb\nc")
    assert simulate(given, observed()).waited == {(limits.WORKER, "solo"): 1800}
    assert simulate(given, observed(), Question(until=700)).never == ()
    assert duration(Question(otherwise=Duration(0)), "w", "a") == 1
