"""`diff` as people call it: what is compared, and pages that stay bounded."""

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from gitkanban.core.review.diff import difference
from gitkanban.views.diffmarkdown import MARK, MOST, diff_markdown
from tests.cli.calls import call, ok
from tests.conftest import git
from tests.support.boards import NOW
from tests.support.boards import board as board_of
from tests.support.examples import examples


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


WORD = "octocat"  # what a card's author would have rendered as markup
PIECES = (
    f"@{WORD}", f"# {WORD}", "\n", "\n\n", "\n \t\n", "\r", "\r\n", "\f", "\v", "\x85", "\u2028",
    "\u2029", "\u200b", "\xa0\n", "`", "```\n", "~~~~~\n", "</pre>", "</details>\n\n", "<!--", "|", "\\",
    f"[{WORD}](http://evil.example)", f"![{WORD}](http://evil.example/t.png)", f"<{WORD}>", "  ", "> ",
    f"<img alt={WORD}>", "- ", "    ", "$$", f"&lt;{WORD}",
)  # fmt: skip
TEXTS = st.lists(st.sampled_from(PIECES), min_size=1, max_size=8).map("".join)


def rendered(tokens: Sequence[Token]) -> Iterator[tuple[str, str]]:
    """(kind, content) of every leaf of a parsed page."""
    for token in tokens:
        if token.children is not None:
            yield from rendered(token.children)
        else:
            yield token.type, token.content


@examples(150)
@given(TEXTS, TEXTS)
def test_nothing_in_a_card_leaves_its_block_as_a_markdown_parser_reads_the_page(
    text: str, other: str
) -> None:
    made = board_of("T1 @-", "T2 <- T1 @-", "T3")
    card = made.cards["T1"]._replace(
        title=text, body=other, acceptance=(text,), worker=text, needs=((other, 1),)
    )
    changed = made.cards["T2"]._replace(body=text, why=other, status="blocked", title=other)
    after = made._replace(cards={**made.cards, "T1": card, "T2": changed})
    before = board_of("T2 @- body=x")
    page = diff_markdown(difference(before, after, NOW), text, other)
    leaves = list(rendered(MarkdownIt("commonmark").enable("table").parse(page)))
    free = [
        content for kind, content in leaves if kind not in ("code_inline", "html_block", "fence")
    ]
    assert not [content for content in free if WORD in content]
    assert "What follows" in "".join(free), "no block runs on to the end of the page"
    assert [content.split("\n")[0] for kind, content in leaves if kind == "fence"] == [
        "flowchart LR"
    ]
    markup = "".join(content for kind, content in leaves if kind == "html_block")
    tags = set(re.findall(r"<(/?[^ >]*)", markup.replace(MARK, "")))
    assert {tag.strip("/") for tag in tags} <= {"details", "summary", "code", "pre", "ins", "del"}
    assert WORD not in re.sub(r"<pre>.*?</pre>", "", markup, flags=re.S)


def test_ids_of_a_chain_are_no_links_and_no_mentions() -> None:
    """GitHub links `www.example.org` and `GH-12` wherever they stand outside of code."""
    made = board_of("www.evil.example", "GH-12 <- www.evil.example")
    page = diff_markdown(difference(board_of(), made, NOW), "a", "b")
    bare = re.sub(r"```.*?```|`[^`]*`", "", page, flags=re.S)
    assert "www." not in bare and "GH-" not in bare


def test_a_title_without_an_end_is_cut_in_a_moment() -> None:
    made = board_of("T1")
    cards = {"T1": made.cards["T1"]._replace(title="x" * 900_000 + "\u0301" * 90_000)}
    page = diff_markdown(difference(board_of(), made._replace(cards=cards), NOW), "a", "b")
    assert len(page) < 2_000
