"""A plan is several cards in one file; everything wrong with it is told with its position."""

import pytest

from gitkanban.board.formats.planfile import parse_plan
from gitkanban.board.formats.yamltext import Bad
from gitkanban.core.model import BACKLOG, Card

PLAN = """\
# the plan
- id: T0
  title: define message-recall contract
  worker: messages-owner
- title: "implement: backend"
  parents: [T0, '1.10']
  status: backlog
  priority: 2
  needs: {build: 1}
  acceptance:
    - recall works
  body: |
    at length
"""


def test_a_plan_gives_its_cards_in_order() -> None:
    assert parse_plan(PLAN.encode(), "plan.yaml") == [
        Card("T0", "define message-recall contract", "messages-owner"),
        Card("", "implement: backend", "", BACKLOG, 2, ("1.10", "T0"), (("build", 1),),
             ("recall works",), body="at length\n"),
    ]  # fmt: skip


def test_a_mapping_with_cards_is_a_plan_too() -> None:
    assert parse_plan(b"cards:\n  - title: one\n  - {title: two, id: 1e3}\n", "p") == [
        Card("", "one"),
        Card("1e3", "two"),
    ]


def test_an_id_that_reads_null_is_an_id() -> None:
    assert parse_plan(b"- {id: null, title: x}\n- {id: , title: x}\n", "p") == [
        Card("null", "x"),
        Card("", "x"),
    ]


@pytest.mark.parametrize(
    ("text", "where", "said"),
    [
        ("", "1:1", "empty"),
        ("words\n", "1:1", "a plan is a list of cards, found 'words'"),
        ("[]\n", "1:1", "no cards"),
        ("title: x\n", "1:1", "unknown key 'title' in a plan"),
        ("cards: {a: 1}\n", "1:8", "a plan is a list of cards"),
        ("- words\n", "1:3", "a card has keys and values"),
        ("- id: T1\n", "1:3", "no title"),
        ("- title: x\n- title: ''\n", "2:10", "no title"),
        ("- title: x\n  status: running\n", "2:11", "a new card cannot be running"),
        ("- title: x\n  status: tudo\n", "2:11", "'tudo' is not a status"),
        ("- title: x\n  run: 01jd\n", "2:3", "run is not for a new card"),
        ("- title: x\n  parent: [a]\n", "2:3", "unknown key 'parent' in a card"),
        ("- title: x\n  parents: a\n", "2:12", "parents must be a list"),
        ("- title: x\n  id: ../x\n", "2:7", "cannot be the id"),
        ("- title: x\n  title: y\n", "2:3", "there twice"),
        ("- {id: a, title: x}\n- {id: a, title: y}\n", "2:8", "'a' is there twice, first in line 1"),
        ("- title: x\n   id: y\n", "2:6", "not valid YAML"),
        ("- title: !!str x\n", "1:10", "tag"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_reported_with_its_place(text: str, where: str, said: str) -> None:
    with pytest.raises(Bad) as raised:
        parse_plan(text.encode(), "plan.yaml")
    problem = raised.value.problem
    assert (problem.file, f"{problem.line}:{problem.column}") == ("plan.yaml", where)
    assert said in problem.message
