"""The value of the page: what every face says, what of it has room,
and nothing that is not text.
"""

import json

from gitkanban.core.agents.transcript import Entry
from gitkanban.core.model import Note, Run
from gitkanban.core.names import CardId, RunId
from gitkanban.views.page import value as page
from gitkanban.views.page.value import CardExtras, CardPatch, json_text, make_visible, page_value
from tests.support.boards import NOW, board
from tests.views.page.contents import HOSTILE, content_of


def rows_of(value: dict) -> dict[str, dict]:
    return {row[0]: dict(zip(value["keys"], row, strict=True)) for row in value["cards"]}


def test_cards_are_those_of_the_situation_in_its_order() -> None:
    content = content_of(board("A done", "B review <- A !2", "C todo <- B", "D backlog"))
    value = page_value(content)
    assert [row[0] for row in value["cards"]] == [card["id"] for card in content.status["cards"]]
    rows = rows_of(value)
    for card in content.status["cards"]:
        for key in ("title", "group", "state", "remark", "holds", "priority", "command"):
            assert rows[card["id"]][key] == card[key]
    assert rows["B"]["verbs"] == ["accept", "reject", "drop"]


def test_a_page_that_is_not_of_now_offers_nothing() -> None:
    value = page_value(content_of(board("B review", "X blocked"), of_now=False))
    assert all(not row["verbs"] and not row["command"] for row in rows_of(value).values())


def test_details_hold_what_was_asked_and_what_came_of_it() -> None:
    runs = (
        Run(
            "r1",
            CardId("A"),
            worker="w",
            started=NOW - 60,
            ended=NOW,
            outcome="failed",
            why="exited 1",
        ),
    )
    notes = (Note("n1", CardId("A"), "Ada", NOW, "reject", "Again."),)
    given = board("A blocked", runs={"A": runs}, notes={"A": notes})
    given = given._replace(
        cards={CardId("A"): given.cards[CardId("A")]._replace(body="Do it.", acceptance=("done",))}
    )
    entry = Entry("run", "pytest", NOW, True)
    extras = {CardId("A"): CardExtras(CardPatch("diff --git a b\n", 7), "You are", (entry,))}
    details = page_value(content_of(given, runs=runs, extras=extras))["details"]["A"]
    assert details == {
        "body": "Do it.",
        "acceptance": ["done"],
        "runs": [
            {"run": "r1", "started": NOW - 60, "ended": NOW, "outcome": "failed", "why": "exited 1"}
        ],
        "notes": [{"at": NOW, "by": "Ada", "kind": "reject", "text": "Again."}],
        "patch": "diff --git a b\n",
        "patch_cut": 7,
        "prompt": "You are",
        "log": [[NOW, "run", "pytest", True]],
    }


def test_an_unknown_cost_is_null_and_never_nothing() -> None:
    run = Run(RunId("r"), CardId("A"), worker="w", started=1, ended=2, outcome="succeeded")
    cost = page_value(content_of(board("A done"), runs=(run,)))["cost"]
    assert cost["total"]["cost_usd"] is None and cost["total"]["unknown_runs"] == 1
    assert [row["cost_usd"] for row in cost["workers"]] == [None]


def test_json_in_a_script_element_begins_no_tag_and_no_comment() -> None:
    for text in HOSTILE:
        given = make_visible({"text": [text], text: 1})
        written = json_text(given)
        assert not set("<\u2028\u2029\u202e\x00") & set(written)
        assert json.loads(written) == given
        written.encode("utf-8")


def test_what_has_no_room_is_counted_quiet_details_first(monkeypatch) -> None:
    lines = [f"D{number} done" for number in range(300)] + ["T todo", "R review"]
    given = board(*lines)
    cards = {name: card._replace(body="x" * 1000) for name, card in given.cards.items()}
    content = content_of(given._replace(cards=cards))
    whole = page_value(content)
    assert whole["left_out"] == {"runs": 0, "events": 0, "cards": 0, "details": 0}
    monkeypatch.setattr(page, "PAGE_MOST", 150_000)
    value = page_value(content)
    assert len(json_text(value).encode()) <= 150_000
    assert len(value["cards"]) == 302 and {"T", "R"} <= value["details"].keys()
    assert value["left_out"]["details"] == 302 - len(value["details"]) > 100
    monkeypatch.setattr(page, "PAGE_MOST", 20_000)
    value = page_value(content)
    assert len(json_text(value).encode()) <= 20_000
    assert rows_of(value).keys() >= {"T", "R"} and value["left_out"]["cards"] > 0
