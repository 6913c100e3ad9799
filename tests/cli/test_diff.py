"""`diff` as people call it: what is compared, and pages that stay bounded."""

import json
import re
from pathlib import Path

import pytest

from gitkanban.core.diff import difference
from gitkanban.views.diffmarkdown import MOST, diff_markdown
from tests.boards import NOW
from tests.boards import board as board_of
from tests.cli.calls import call, ok
from tests.conftest import git


def ids(repo: Path, *argv: str) -> list[str]:
    return [card["id"] for card in json.loads(ok(repo, "diff", "--json", *argv))["cards"]]


def test_what_is_compared(board: Path) -> None:
    ok(board, "add", "planned", "--id", "P", "-b", "plan")
    ok(board, "add", "meanwhile", "--id", "M")
    assert ids(board, "-b", "plan") == ["P"]
    assert ids(board, "main...plan") == ids(board, "...plan") == ["P"]
    assert ids(board, "main", "plan") == ids(board, "main..plan") == ["M", "P"]
    assert ids(board, "main~1") == ["M"]  # a revision against what is at hand
    assert ids(board) == []
    path = board / ".kanban" / "cards" / "T1.yaml"
    path.write_text(path.read_text().replace("priority: 2", "priority: 9"))
    assert ids(board) == ["T1"]
    git(board, "checkout", "-qb", "work")
    git(board, "commit", "-qam", "a change on a branch of the code")
    assert ids(board) == ["T1"] and ids(board / "src") == ["T1"]
    assert git(board, "status", "--short") == ""


def test_a_new_layout_is_no_difference(board: Path) -> None:
    path = board / ".kanban" / "cards" / "T1.yaml"
    path.write_text("# hello\n" + path.read_text().replace("\n\n", "\n"))
    assert ok(board, "diff") == "main → draft: no difference\n"


def test_usage_errors(board: Path) -> None:
    assert call(board, "diff", "-b", "plan", "main").code == 2
    assert "no revision 'plan'" in call(board, "diff", "-b", "plan").err


def test_markdown_of_a_big_change_is_bounded(board: Path) -> None:
    lines = [f"c{n} <- c{n - 1} c{n // 2}" for number in range(600) if (n := number + 1)]
    made = board_of("c0", *lines, workers="solo pool 9")
    cards = {name: card._replace(body="|\n" * 50 + "x" * 999) for name, card in made.cards.items()}
    page = diff_markdown(difference(board_of(), made._replace(cards=cards), NOW), "a", "b")
    assert len(page) < MOST + 200
    graph = page.partition("```mermaid\n")[2].partition("```")[0]
    assert len(graph.splitlines()) < 60 + 200 + 10 and "The graph shows 60 of 601 cards." in page


HOSTILE = [
    "</pre><script>x</script>",
    "@everybody `@somebody` ``` @you",
    '"]; click n0 "http://example.org"',
    "| a | b |\\",
    "<!-- -->\x1b[31m\u202e[link](http://example.org)",
    "```\n### not a heading\n```",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_text_of_cards_is_never_markup(text: str) -> None:
    made = board_of("T1 @-", "T2 <- T1 @-")
    hostile = {
        "T1": made.cards["T1"]._replace(title=text, body=text, acceptance=(text,), worker=text),
        "T2": made.cards["T2"]._replace(body=text, why=text, status="blocked"),
    }
    old = board_of("T2 @- body=x")
    page = diff_markdown(difference(old, made._replace(cards=hostile), NOW), text, "b")
    assert "\x1b" not in page and "\u202e" not in page
    graph = page.partition("```mermaid\n")[2].partition("\n```")[0]
    for line in graph.splitlines()[1:]:
        if "[" in line:
            assert re.fullmatch(
                r'  n\d+\["[^"`<>@|;\[\]]*(#\d+;[^"`<>@|;\[\]]*)*"\](:::\w+)?', line
            )
    bare = page.replace(graph, "")
    bare = re.sub(r"<pre>.*?</pre>", "", bare, flags=re.S)
    bare = re.sub(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", "", bare)
    for word in ("@", "<script", "###  not", "http:", "\n### not"):
        assert word not in bare
    inside = "".join(re.findall(r"<pre>(.*?)</pre>", page, flags=re.S))
    assert "<script" not in inside and "</pre" not in inside
