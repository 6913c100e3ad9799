"""What runs cost: amounts as agents and strangers write them, sums, budgets and their words."""

import pytest

from gitkanban.core.agents.cost import (
    DOLLAR,
    Spent,
    add_up,
    dollars,
    group,
    parse_amount,
    spent_words,
)
from gitkanban.core.model import Board, Card, Config, Run, Worker
from gitkanban.core.tick.budget import Ledger, crossed, near_lines
from gitkanban.core.tick.facts import Observed

DAY = 86400
NOW = 20_000 * DAY + 3600


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("0", 0),
        ("5", 5 * DOLLAR),
        ("0.5", 500_000),
        ("1.234567", 1_234_567),
        ("0.0000009", 0),
        ("1000000", 1_000_000 * DOLLAR),
        ("1000000.01", None),
        ("9999999", None),
        ("", None),
        ("-1", None),
        ("nan", None),
        ("inf", None),
        ("1e9", None),
        ("$5", None),
        ("5 ", None),
        ("٥", None),
        ("1,5", None),
    ],
)
def test_an_amount_is_plain_digits_up_to_a_million(text: str, amount: int | None) -> None:
    assert parse_amount(text) == amount


def run(
    name: str, cost: str = "", *, card: str = "T1", worker: str = "coder", ago: int = 0,
    outcome: str = "succeeded", tokens: int | None = None,
) -> Run:  # fmt: skip
    return Run(
        name, card, f"p-{worker}#1", worker=worker, ended=NOW - ago, outcome=outcome,
        cost_usd=cost, tokens_in=tokens, tokens_out=tokens,
    )  # fmt: skip


RUNS = (
    run("r1", "1.50", tokens=100),
    run("r2", "", card="T2"),
    run("r3", "2.25", card="T2", worker="other", ago=DAY),
    run("r4", "-3", ago=DAY),
    run("r5", outcome="not-started"),
)


def test_what_is_unknown_is_counted_as_that_and_what_never_began_not_at_all() -> None:
    assert add_up(RUNS) == Spent(4, 3_750_000, 2, 100, 100, 3)


@pytest.mark.parametrize(
    ("by", "rows"),
    [
        ("card", [("T2", 2_250_000, 1), ("T1", 1_500_000, 1)]),
        ("worker", [("other", 2_250_000, 0), ("coder", 1_500_000, 2)]),
        ("profile", [("p-other", 2_250_000, 0), ("p-coder", 1_500_000, 2)]),
        ("day", [("2024-10-03", 2_250_000, 1), ("2024-10-04", 1_500_000, 1)]),
    ],
)
def test_runs_are_added_up_by_what_is_asked(by: str, rows: list[tuple[str, int, int]]) -> None:
    assert [(name, spent.amount, spent.unknown) for name, spent in group(RUNS, by)] == rows


@pytest.mark.parametrize(
    ("spent", "words"),
    [
        (Spent(), "$0.00"),
        (Spent(1, 4_200_000), "$4.20"),
        (Spent(2, 4_200_000, 1), "$4.20 and 1 run of unknown cost"),
        (Spent(3, 4_200_000, 2), "$4.20 and 2 runs of unknown cost"),
        (Spent(2, 0, 2), "unknown"),
    ],
)
def test_unknown_costs_are_called_unknown(spent: Spent, words: str) -> None:
    assert spent_words(spent) == words


@pytest.mark.parametrize(
    ("amount", "words"), [(0, "$0.00"), (4_200, "$0.0042"), (100_000, "$0.10"), (5, "$0.000005")]
)
def test_small_amounts_keep_their_digits(amount: int, words: str) -> None:
    assert dollars(amount) == words


def board(*runs: Run, after: str = "", **budgets: int) -> Board:
    names = ("card", "day")
    worker = Worker(
        "coder", "p", command=("agent",),
        **{f"budget_{name}": budgets.get(name, 0) * DOLLAR for name in names},
    )  # fmt: skip
    other = Worker("other", "q", command=("agent",))
    config = Config(
        workers={"coder": worker, "other": other},
        **{f"budget_{name}": budgets.get(f"board_{name}", 0) * DOLLAR for name in names},
    )
    by_card: dict[str, tuple[Run, ...]] = {}
    for each in runs:
        by_card[each.card] = (*by_card.get(each.card, ()), each)
    cards = {name: Card(name, "t", "coder", attempts_after=after) for name in ("T1", "T2")}
    return Board("main", "", config, cards, by_card)


SEEN = Observed(NOW, "here", "here")


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (board(*RUNS, card=2), ""),
        (board(*RUNS, run("r6", "0.5"), card=2),
         "T1 has spent $2.00 and 1 run of unknown cost of $2.00"),
        (board(*RUNS, run("r6", "0.5"), after="r1", card=2), ""),
        (board(*RUNS, run("r6", "0.5"), board_card=2),
         "T1 has spent $2.00 and 1 run of unknown cost of $2.00"),
        (board(*RUNS, run("r6", "0.5"), board_card=2, card=3), ""),
        (board(*RUNS, day=2), ""),
        (board(*RUNS, run("r6", "0.5", card="T2"), day=2),
         "coder has spent $2.00 and 1 run of unknown cost of $2.00 today"),
        (board(*RUNS, board_day=1),
         "the board has spent $1.50 and 1 run of unknown cost of $1.00 today"),
    ],
)  # fmt: skip
def test_a_budget_that_is_spent_holds_the_card_and_names_itself(given: Board, text: str) -> None:
    assert given.config is not None
    use = Ledger(given, SEEN).over(given.cards["T1"], given.config.workers["coder"])
    assert (use.text if use else "") == text


def test_runs_of_done_cards_count_once_whether_the_board_has_them_or_not() -> None:
    given = board(run("r1", "1", card="T1"), day=3)
    seen = SEEN._replace(runs_today=(run("r1", "1"), run("r0", "1", card="gone")))
    assert Ledger(given, seen).days()[0].spent.amount == 2 * DOLLAR


def test_a_person_is_told_once_when_most_of_a_budget_is_spent() -> None:
    before = board(RUNS[1], day=2, card=9)
    after = board(RUNS[1], run("r1", "1.6"), day=2, card=9)
    lines = crossed(before, after, SEEN, ["T1"])
    assert lines == ("coder has spent $1.60 and 1 run of unknown cost of $2.00 today",)
    assert crossed(after, after, SEEN, ["T1"]) == ()
    assert near_lines(after, SEEN) == list(lines)
