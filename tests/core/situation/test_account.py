"""The situation of a board: groups, their order, a card's one line, root causes once."""

import dataclasses
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitkanban.core.model import Board, Card, Config, Pause, Run, Worker
from gitkanban.core.situation import rows
from gitkanban.core.situation.account import CardView, Situation, account_of, situation
from gitkanban.core.situation.figures import Figures, RunCost, WorkSize
from gitkanban.core.tick.facts import NoProgram, Observed
from tests.core.worlds import world
from tests.support.examples import examples

NOW = 1_800_000_000
CONFIG = Config(
    workers={
        "back": Worker(
            "back", "back", command=("true",), verify=("pytest", "-q"), max_concurrency=2
        ),
        "own": Worker("own", "own", command=("true",), on_success="done"),
    }
)


def board(*cards: Card, runs: tuple[Run, ...] = (), **more: object) -> Board:
    by_card: dict[str, tuple[Run, ...]] = {}
    for run in runs:
        by_card[run.card] = (*by_card.get(run.card, ()), run)
    made = Board("main", "c", CONFIG, {card.id: card for card in cards}, by_card)
    return made._replace(**more)  # type: ignore[arg-type]  # fields of Board


def seen(**more: object) -> Observed:
    return Observed(NOW, "h", "c")._replace(**more)  # type: ignore[arg-type]  # fields of Observed


def views(account: Situation) -> dict[str, CardView]:
    return {view.id: view for view in account.cards}


def test_a_row_has_the_fields_of_a_view() -> None:
    assert CardView._fields == rows.CARD_KEYS
    assert not dataclasses.is_dataclass(CardView)


def test_what_needs_you_comes_first_by_what_it_holds_and_how_long_it_has_waited() -> None:
    account = situation(
        board(
            Card("late", worker="back", status="review"),
            Card("long", worker="back", status="review"),
            Card("asks", worker="back", status="blocked", reason="needs-input", why="which?"),
            Card("kid", worker="back", parents=("asks",)),
            Card("runs", worker="back", status="running", run="r", slot="back#1"),
            Card("free", worker="back", parents=("over",)),
            Card("idea", worker="back", status="backlog"),
            Card("over", worker="back", status="done"),
            runs=(Run("1", "late", ended=NOW - 5, outcome="succeeded"),
                  Run("2", "long", ended=NOW - 500, outcome="succeeded")),
        ),
        seen(),
    )  # fmt: skip
    assert [(view.group, view.id) for view in account.cards] == [
        ("needs-you", "asks"), ("needs-you", "long"), ("needs-you", "late"), ("running", "runs"),
        ("next", "free"), ("waiting", "kid"), ("backlog", "idea"), ("done", "over"),
    ]  # fmt: skip
    asks = views(account)["asks"]
    assert (asks.state, asks.remark, asks.command) == (
        "question", "which?", 'gitkanban retry asks --why "…"',
    )  # fmt: skip
    assert views(account)["kid"].after == (("asks", "question"),)
    assert (account.done, account.total) == (1, 8)
    assert (views(account)["asks"].holds, views(account)["over"].holds) == (1, 0)


@pytest.mark.parametrize(
    ("other", "group"),
    [((), "needs-you"), (("free",), "backlog")],
    ids=["nothing else holds it", "something else does, too"],
)
def test_backlog_needs_you_only_where_something_waits_for_nothing_else(
    other: tuple[str, ...], group: str
) -> None:
    account = situation(
        board(
            Card("idea", worker="back", status="backlog"),
            Card("kid", worker="back", parents=("idea", *other)),
            Card("kid2", worker="back", parents=("kid",)),
            Card("free", worker="back"),
        ),
        seen(),
    )
    assert views(account)["idea"].group == group
    if group == "needs-you":
        assert views(account)["idea"].command == "gitkanban approve idea"


def test_a_root_cause_is_told_once_with_all_that_it_holds() -> None:
    account = situation(
        board(
            *(Card(f"a{n}", worker="back") for n in range(3)),
            Card("b", worker="own", parents=("a0", "a1")),
            Card("c", worker="own", parents=("GONE",)),
            paused={"own": Pause("own", "lunch")},
        ),
        seen(untrusted={"back": "new"}),
    )
    told = [(cause.subjects, cause.text, cause.command, cause.holds) for cause in account.causes]
    assert told == [
        (("back",), "not trusted: new", "gitkanban trust", 4),
        (("GONE",), "does not exist", "gitkanban why GONE", 1),
        (("own",), "paused: lunch", "gitkanban resume own", 0),
    ]
    assert views(account)["a0"].remark == "not trusted"
    assert {view.group for view in account.cards} == {"waiting"}


def test_workers_with_one_trouble_are_one_cause() -> None:
    gone = NoProgram("claude", "not on PATH")
    account = situation(
        board(Card("a", worker="back"), Card("b", worker="own")),
        seen(missing={"back": gone, "own": gone}),
    )
    (cause,) = account.causes
    assert cause.subjects == ("back", "own") and cause.holds == 2
    assert cause.text == "cannot run claude: not on PATH"


def test_a_try_that_failed_says_how_and_which_it_was() -> None:
    failed = Run("1", "a", ended=NOW - 9, outcome="verify-failed", why="verify exited with 1")
    account = situation(
        board(
            Card("a", worker="back", status="blocked", reason="failed", why="verify exited with 1"),
            Card("b", worker="back", status="running", run="2", slot="back#1"),
            runs=(failed, failed._replace(run="0", card="b")),
        ),
        seen(),
    )
    one, two = views(account)["a"], views(account)["b"]
    assert one.remark == one.last == "verify: pytest -q exited with 1"
    assert (one.state, one.tries, one.tries_most, one.since) == ("failed", 1, 2, NOW - 9)
    assert (two.tries, two.tries_most) == (2, 2)
    assert one.command == "gitkanban show a"
    here = situation(board(*[Card("a", worker="back", status="blocked", reason="failed",
        why="verify exited with 1")], runs=(failed,)), seen(known_runs=frozenset({"1"})))  # fmt: skip
    assert views(here)["a"].command == "gitkanban logs a"


def test_a_review_says_what_it_changes_and_costs_are_added_up() -> None:
    account = situation(
        board(
            Card("a", worker="back", status="review"),
            Card("b", worker="own", status="review"),
            runs=(Run("1", "a", ended=NOW, outcome="succeeded", cost_usd="0.04"),),
        ),
        seen(),
        Figures(
            {"0": RunCost("old", NOW - 99_999, "0.2"), "x": RunCost("a", NOW, "no cost")},
            {"a": WorkSize(12, 3, 2), "b": WorkSize(1, 0, 1)},
            frozenset({"a"}),
        ),
    )
    one, two = views(account)["a"], views(account)["b"]
    assert one.remark == "+12 −3 in 2 files · verify ✓"
    assert one.cost_usd == "0.04" and one.command == "gitkanban review a"
    assert two.group == "next" and two.remark == "the next tick accepts it · +1 −0 in 1 file"
    assert (account.cost_today, account.cost_all) == ("0.04", "0.24")


@given(st.integers(1, 12), st.integers(0), st.integers(1, 3))
@examples(400)
def test_some_cards_are_accounted_for_as_in_the_account_of_all(
    count: int, seed: int, some: int
) -> None:
    rng = Random(seed)
    given_board, observed = world(rng, count)
    whole = situation(given_board, observed)
    cards = rng.sample(sorted(given_board.cards.values()), min(some, count))
    part = account_of(given_board, observed, Figures(), cards)
    rows_of_all = views(whole)
    assert part.cards == tuple(rows_of_all[card.id] for card in cards)
    people = {each.card: each for each in whole.standing.needed}
    known = {each.card: each for each in part.standing.needed}
    for card in cards:
        assert part.standing.holds.get(card.id) == whole.standing.holds.get(card.id)
        assert part.standing.waiting.get(card.id, 0) == whole.standing.waiting.get(card.id, 0)
        assert known.get(card.id) == people.get(card.id)
