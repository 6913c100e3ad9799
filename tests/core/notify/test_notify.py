"""News of a board: what is told, by which clone, in which words, and once."""

import json
import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from gitkanban.core.model import Board, Pause, Run
from gitkanban.core.notify.digest import ITEMS_MOST, Digest
from gitkanban.core.notify.ledger import (
    FORGET,
    NewsLedger,
    due_at,
    give_back,
    send_all,
    take_in,
)
from gitkanban.core.notify.news import News, NewsItem, find_news, sender_of
from gitkanban.core.situation.account import situation
from gitkanban.core.situation.figures import Figures, RunCost, WorkSize
from gitkanban.core.tick.facts import AgentState, NoProgram, Observed, Quota
from tests.support.boards import CLONE, NOW, board, observed


def ended(card: str, run: str = "r1", ago: int = 60, **more: object) -> Run:
    return Run(run, card, worker="w", ended=NOW - ago, clone=CLONE)._replace(**more)  # type: ignore[arg-type]


def having(made: Board, *runs: Run, **more: object) -> Board:
    by_card: dict[str, tuple[Run, ...]] = {}
    for run in runs:
        by_card[run.card] = (*by_card.get(run.card, ()), run)
    return made._replace(runs=by_card, **more)  # type: ignore[arg-type]


def news(
    made: Board,
    seen: Observed | None = None,
    sizes: Mapping[str, WorkSize] = {},
    costs: Mapping[str, RunCost] = {},
) -> News:
    seen = seen or observed()
    account = situation(made, seen, Figures(costs, sizes), to_cache=True)
    return find_news(made, seen, account, costs)


def told(found: News, at: int = NOW) -> list[tuple[str, str, str]]:
    """(event, words, command) of each, as they are sent."""
    data = Digest("shop", "main", "c0ffee", "here", at, found.items).data("")
    return [(each["event"], each["words"], each["command"]) for each in data["items"]]


def _in_order(each: tuple[str, str, str]) -> int:
    return ("question", "review", "failed", "conflict", "stuck").index(each[0])


def test_what_needs_a_person_is_told_with_the_command_that_answers_it() -> None:
    made = having(
        board(
            "CO-3 blocked reason=needs-input why=Stripe_or_Adyen?",
            "CO-2 review",
            "V1 blocked reason=failed why=verify_exited_with_1",
            "X1 blocked reason=conflict why=README.md",
            "T1 todo @-",
            "T2 running",
        ),
        ended("CO-3"), ended("CO-2", "r2"), ended("X1", "r5"),
        ended("V1", "r3", outcome="verify-failed", why="verify exited with 1"),
        ended("V1", "r4", outcome="verify-failed", why="verify exited with 1"),
    )  # fmt: skip
    assert sorted(told(news(made, sizes={"CO-2": WorkSize(12, 3, 2)})), key=_in_order) == [
        ("question", "CO-3 asks: Stripe or Adyen?", 'gitkanban retry CO-3 --why "…"'),
        ("review", "CO-2 is ready for review: +12 −3 in 2 files", "gitkanban review CO-2"),
        ("failed", "V1 failed for good (tried 2 times): verify exited with 1", "gitkanban show V1"),
        ("conflict", "X1 conflicts with base: README.md", "gitkanban retry X1"),
        ("stuck", "T1: nobody is assigned", "gitkanban edit T1 --worker NAME"),
    ]


def test_a_card_that_the_next_tick_accepts_or_tries_again_is_no_news() -> None:
    made = board("T1 review", "T2 running", "T3 todo", "T4 todo <- T2",
                 workers="w pool 3 on_success=done")  # fmt: skip
    assert told(news(made)) == []


@pytest.mark.parametrize(
    ("lines", "runs", "expected"),
    [
        pytest.param(["T1 done", "T2 done"], ["T1"], ("done", "all cards are done", ""), id="done"),
        pytest.param(["T1 done"], ["T1"], ("done", "the card is done", ""), id="one card"),
        pytest.param(["T1 done"], [], None, id="nothing ever ran"),
        pytest.param(["T1 done", "T2 running"], ["T1"], None, id="one runs"),
        pytest.param(["T1 done", "T2 todo"], ["T1"], None, id="one starts with the next tick"),
        pytest.param(
            ["T1 done", f"T2 todo not_before={NOW + 60}"], ["T1"], None, id="one waits for a time"
        ),
        pytest.param(
            ["T1 done", "T2 backlog"], ["T1"],
            ("idle", "nothing runs: 1 of 2 cards are done, the others are in the backlog", ""),
            id="only the backlog is left",
        ),
        pytest.param(
            ["T1 review", "T2 done"], ["T1"], ("idle", "nothing runs: 1 card needs you", ""),
            id="a review is left",
        ),
        pytest.param(
            ["T1 review", "T2 todo <- T1"], ["T1"],
            ("idle", "nothing runs: 1 card waits on T1, which has been in review for 1 min", ""),
            id="the rest waits for a review",
        ),
        pytest.param(
            ["T1 todo <- T2", "T2 todo <- T1"], [],
            ("deadlock",
             "nothing can go on: 1 card waits on T1, which waits in a cycle: T1 → T2 → T1", ""),
            id="a ring, before anything ran",
        ),
        pytest.param(
            ["T1 todo <- T2", "T2 todo <- T1", "T3 running"], [], None, id="a ring, and one runs"
        ),
    ],
)  # fmt: skip
def test_that_nothing_goes_on_is_told(
    lines: list[str], runs: list[str], expected: tuple[str, str, str] | None
) -> None:
    found = told(news(having(board(*lines), *map(ended, runs))))
    rest = [each for each in found if each[0] in ("idle", "done", "deadlock")]
    assert rest == ([expected] if expected else [])


def test_a_pause_a_quota_and_what_only_a_person_ends_are_told_with_what_they_hold() -> None:
    made = board(
        "A1 todo @a", "B1 todo @b", "B2 todo @b", "C1 todo @c", "D1 todo @a <- GONE",
        workers="a lane\nb lane\nc lane",
    )._replace(paused={"b": Pause("b", "lunch", "Ada", NOW)})  # fmt: skip
    quotas = AgentState({"a": Quota(NOW - 60, NOW + 1800, 1, "usage limit")})
    seen = observed(agents=quotas, missing={"c": NoProgram("claude", "not on PATH")})
    assert sorted(told(news(made, seen))) == [
        ("held", "GONE: does not exist; holds 1 card", "gitkanban why GONE"),
        ("held", "c: cannot run claude: not on PATH; holds 1 card", "gitkanban trust"),
        ("limit", "a: quota until 16:30 UTC, in 30 min (usage limit); holds 1 card", ""),
        ("paused", "b is paused: lunch", "gitkanban resume b"),
    ]


def test_a_standstill_is_somebody_at_work_and_no_news() -> None:
    found = told(news(board("T1 todo"), observed(standstill="a rebase is in progress")))
    assert found == []


def test_times_are_put_into_words_when_it_is_sent() -> None:
    made = having(board("T1 review", "T2 todo <- T1"), ended("T1"))
    assert "for 1 min" in str(told(news(made))) and "for 2 h" in str(told(news(made), NOW + 7200))


# -- once


def step(ledger: NewsLedger, found: News, now: int = NOW, alone: bool = True) -> NewsLedger:
    return take_in(ledger, found, now, CLONE, alone)


def keys(ledger: NewsLedger) -> list[str]:
    return [item.event for item in ledger.pending]


def test_each_is_told_once_however_often_one_looks() -> None:
    found = news(having(board("T1 review"), ended("T1")))
    ledger = step(NewsLedger(), found)
    assert keys(ledger) == ["review", "idle"]
    assert step(ledger, found) == ledger
    ledger = send_all(ledger, NOW)
    assert step(ledger, found, NOW + 99_999) == ledger


@pytest.mark.parametrize(
    ("before", "after", "again"),
    [
        pytest.param(ended("T1"), ended("T1"), [], id="the same try"),
        pytest.param(ended("T1"), ended("T1", "r2", 5), ["review", "idle"], id="another try"),
    ],
)
def test_a_card_that_comes_back_is_told_again_where_it_was_tried_again(
    before: Run, after: Run, again: list[str]
) -> None:
    ledger = send_all(step(NewsLedger(), news(having(board("T1 review"), before))), NOW)
    ledger = step(ledger, news(having(board("T1 running"), before)), NOW + 10)
    assert keys(ledger) == []
    assert keys(step(ledger, news(having(board("T1 review"), after)), NOW + 20)) == again


def test_what_was_over_before_it_was_told_is_not_told_and_can_come_again() -> None:
    review = news(having(board("T1 review"), ended("T1")))
    ledger = step(NewsLedger(), review)
    ledger = step(ledger, news(having(board("T1 running"), ended("T1"))), NOW + 1)
    assert ledger == NewsLedger()
    assert keys(step(ledger, review, NOW + 2)) == ["review", "idle"]


def test_what_comes_and_goes_is_told_once_an_hour() -> None:
    gone, fine = observed(missing={"w": NoProgram("x", "gone")}), observed()
    made = board("T1 todo @w")
    ledger = send_all(step(NewsLedger(), news(made, gone)), NOW)
    ledger = step(ledger, news(made, fine), NOW + 1)
    assert keys(step(ledger, news(made, gone), NOW + FORGET)) == []
    assert keys(step(ledger, news(made, gone), NOW + 1 + FORGET)) == ["held", "deadlock"]


def test_a_quota_that_is_set_again_and_again_is_told_once_until_the_service_answers() -> None:
    made = board("T1 todo @w")
    limited = observed(agents=AgentState({"w": Quota(NOW, NOW + 60)}))
    ledger = send_all(step(NewsLedger(), news(made, limited)), NOW)
    assert ledger.known
    for at in (NOW + 99, NOW + FORGET, NOW + 9 * FORGET):  # over, not answered, set again
        passed = limited._replace(now=at)
        ledger = step(ledger, news(made, passed), at)
        again = passed._replace(agents=AgentState({"w": Quota(at, at + 3600, 2)}))
        ledger = step(ledger, news(made, again), at)
        assert keys(ledger) == []
    ledger = step(ledger, news(made), NOW + 10 * FORGET)  # it has answered
    later = NOW + 12 * FORGET
    again = observed(later, agents=AgentState({"w": Quota(later, later + 60)}))
    assert keys(step(ledger, news(made, again), later)) == ["limit"]


@pytest.mark.parametrize(
    ("sent", "every", "expected"),
    [(0, 300, NOW), (NOW - 400, 300, NOW), (NOW - 100, 300, NOW + 200), (NOW - 1, 0, NOW),
     (NOW + 9999, 300, NOW + 0)],
    ids=["first", "long ago", "a moment ago", "no limit", "the clock was set back"],
)  # fmt: skip
def test_a_digest_waits_until_the_last_one_is_old_enough(
    sent: int, every: int, expected: int
) -> None:
    item = NewsItem("k", "paused", "x")
    at = due_at(NewsLedger({"k": 0}, (item,), sent), every, NOW)
    assert max(at, NOW) == expected
    assert due_at(NewsLedger({"k": 0}, (), sent), every, NOW) == 0


def test_what_could_not_be_sent_goes_with_the_next_digest_unless_it_is_over() -> None:
    first, gone, new = (NewsItem(key, "paused", key) for key in "abc")
    ledger = NewsLedger({"a": 0, "b": NOW, "c": 0}, (new,), NOW)
    assert give_back(ledger, (first, gone)).pending == (first, new)
    assert give_back(ledger._replace(pending=(first,)), (first,)).pending == (first,)


# -- by one clone


def owners(found: News, *clones: str) -> dict[str, list[str]]:
    return {item.event: [clone for clone in clones if sender_of(item, found, clone, False) == clone]
            for item in found.items}  # fmt: skip


def test_of_two_clones_one_tells_each_piece_of_news() -> None:
    made = having(
        board("A1 review", "B1 review", "N1 todo @-"),
        ended("A1", "r2", 60, clone="a"),
        ended("B1", "r3", 10, clone="b"),
        paused={"w": Pause("w")},
    )
    found = news(made, costs={"r1": RunCost("old", NOW - 999, "", "c")})
    assert owners(news(made), "a", "b") == {
        "review": ["b"], "stuck": ["a"], "paused": ["a"], "idle": ["b"],
    } | {"review": ["b"]}  # fmt: skip
    assert {item.card: item.clone for item in found.items if item.event == "review"} == {
        "A1": "a", "B1": "b",
    }  # fmt: skip
    assert found.first == "c", "the oldest run's, whoever ran since"


def test_a_quota_is_told_by_the_clone_that_has_it() -> None:
    seen = observed(agents=AgentState({"w": Quota(NOW, NOW + 60)}))
    (item,) = news(board("T1 todo @w"), seen).items
    assert item.clone == CLONE


def test_what_is_anothers_never_becomes_ours() -> None:
    """The other clone told that it idles; then a run of ours ends, and it is another idling."""
    theirs = having(board("A1 review"), ended("A1", clone="other"))
    ledger = step(NewsLedger(), news(theirs), alone=False)
    assert ledger.pending == () and len(ledger.known) == 2
    ours = having(board("A1 review", "B1 done"), ended("A1", clone="other"))
    found = news(ours, costs={"r9": RunCost("B1", NOW - 5, "", CLONE)})
    assert keys(step(ledger, found, alone=False)) == ["idle"]


def test_before_anything_ran_a_clone_that_shares_its_board_waits_and_one_alone_tells() -> None:
    found = news(board("T1 todo @-"))
    assert keys(step(NewsLedger(), found, alone=True)) == ["stuck", "idle"]
    ledger = step(NewsLedger(), found, alone=False)
    assert ledger == NewsLedger()
    made = having(board("T1 todo @-", "T2 running"), ended("T2"))
    assert keys(step(ledger, news(made), alone=False)) == ["stuck"], "a run of ours is the oldest"
    other = having(board("T1 todo @-", "T2 running"), ended("T2", clone="other"))
    ledger = step(ledger, news(other), alone=False)
    assert keys(ledger) == [] and len(ledger.known) == 1, "the other clone tells it"


# -- the message


def digest(*items: NewsItem) -> Digest:
    return Digest("shop", "main", "c0ffee", "here", NOW, items)


def card_news(number: int, words: str = "T asks: x", title: str = "a title") -> NewsItem:
    return NewsItem(str(number), "question", words, "gitkanban x", "T", title, ("w",), 2, "c")


def test_a_message_says_one_piece_of_news_in_its_title_and_counts_several() -> None:
    pause = NewsItem("p", "paused", "w is paused")
    assert digest(card_news(1)).title == "shop: T asks: x"
    assert digest(card_news(1), pause).title == "shop: 1 needs you · paused"
    many = digest(card_news(1), card_news(2), pause, pause._replace(event="idle"))
    assert many.title == "shop: 2 need you · paused · idle"
    assert digest(card_news(1), pause).text == "T asks: x\n  a title\n  gitkanban x\nw is paused"


def test_what_a_program_reads_has_one_shape() -> None:
    assert digest(card_news(1)).data("2026-01-01T00:00:00Z") == {
        "version": 1, "test": False, "title": "shop: T asks: x",
        "text": "T asks: x\n  a title\n  gitkanban x",
        "at": "2026-01-01T00:00:00Z", "host": "here",
        "board": {"repository": "shop", "branch": "main", "commit": "c0ffee"},
        "items": [{"event": "question", "card": "T", "title": "a title", "words": "T asks: x",
                   "command": "gitkanban x", "workers": ["w"], "holds": 2}],
        "more": 0,
    }  # fmt: skip


def test_a_message_has_an_end_and_nothing_unseen_in_it() -> None:
    long = card_news(1, "x" * 99_999, "\x1b[31m‮" + "y" * 999)
    made = digest(*(long._replace(key=str(n)) for n in range(5000)))
    data = made.data("")
    assert len(json.dumps(data)) < 100_000 and len(made.title) <= 120
    assert len(data["items"]) == ITEMS_MOST and data["more"] == 5000 - ITEMS_MOST
    assert "\x1b" not in made.text and "\u202e" not in made.text
    assert made.text.endswith(f"and {5000 - ITEMS_MOST} more: gitkanban status")


def test_the_page_of_json_shapes_names_every_key() -> None:
    page = (Path(__file__).parents[3] / "docs" / "json.md").read_text()
    section = page.partition("## What the notifier reads")[2].partition("\n## ")[0]
    data = digest(card_news(1)).data("")
    for key in (*data, *data["board"], *data["items"][0]):
        assert f'"{key}"' in section, key
    source = (Path(__file__).parents[3] / "gitkanban" / "core" / "notify" / "news.py").read_text()
    events = re.findall(
        r'"([a-z]+)"', source.partition("NewsEvent = Literal[")[2].partition("]")[0]
    )
    assert len(events) == 12 and [event for event in events if event not in section] == []
    told_page = (Path(__file__).parents[3] / "docs" / "notify.md").read_text()
    assert [event for event in events if f"| `{event}` |" not in told_page] == ["test"]
