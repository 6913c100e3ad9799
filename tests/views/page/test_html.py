"""The HTML file: a policy that allows nothing but its own parts,
and no text that becomes markup.
"""

import base64
import json
import re
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path

from gitkanban.core.names import CardId
from gitkanban.views import page as package
from gitkanban.views.page.html import page_html
from gitkanban.views.page.value import page_value
from tests.support.boards import board
from tests.views.page.contents import HOSTILE, content_of

ASSETS = Path(package.__file__).parent / "assets"


class Parts(HTMLParser):
    """The tags of a page, and what is in its scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.raw: list[tuple[str, dict[str, str | None], str]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        tag, attrs = self.tags[-1] if self.tags else ("", {})
        if self.cdata_elem and self.raw and self.raw[-1][1] is attrs:  # it comes in pieces
            data = self.raw.pop()[2] + data
        if self.cdata_elem:
            self.raw.append((tag, attrs, data))


def hostile_page() -> str:
    given = board(*(f"C{number} blocked" for number in range(len(HOSTILE))))
    cards = {
        CardId(f"C{number}"): given.cards[CardId(f"C{number}")]._replace(
            title=text, body=text, why=text, acceptance=(text,)
        )
        for number, text in enumerate(HOSTILE)
    }
    return page_html(page_value(content_of(given._replace(cards=cards, branch=HOSTILE[0]))))


def test_the_policy_names_each_part_by_its_hash_and_allows_nothing_else() -> None:
    parts = Parts(page_html(page_value(content_of(board("A todo")))))
    policy = next(a["content"] for _, a in parts.tags if a.get("http-equiv"))
    assert policy is not None and policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy and "http" not in policy
    for tag, attrs, text in parts.raw:
        if attrs.get("type") == "application/json":
            continue
        found = base64.b64encode(sha256(text.encode()).digest()).decode()
        kind = re.search(rf"{tag}-src ([^;]*)", policy)
        assert kind and f"'sha256-{found}'" in kind[1]
    assert len(parts.raw) == 4  # style, data, library, script


def test_hostile_texts_add_no_tag_and_reach_the_data_whole() -> None:
    plain = Parts(page_html(page_value(content_of(board("A blocked")))))
    hostile = Parts(hostile_page())
    names = [tag for tag, _ in plain.tags]
    added = len(HOSTILE) - 1  # each a line of what needs somebody, where script is off
    assert sorted(tag for tag, _ in hostile.tags) == sorted([*names, *["li", "b"] * added])
    assert len(hostile.raw) == len(plain.raw)
    data = json.loads(next(text for _, a, text in hostile.raw if a.get("type")))
    titles = {row[0]: row[1] for row in data["cards"]}
    assert titles["C0"] == HOSTILE[0] and titles["C1"] == HOSTILE[1]


def test_the_page_names_no_address_and_its_scripts_write_no_markup() -> None:
    own = [path for path in ASSETS.iterdir() if path.suffix in (".js", ".css", ".j2")]
    assert len(own) > 5
    for path in own:
        text = path.read_text()
        assert "\r" not in text, path.name
        assert path.suffix == ".j2" or not re.search("</(script|style)", text, re.I), path.name
        if path.name == "dagre.min.js":
            continue
        assert not re.search(
            r"innerHTML|outerHTML|insertAdjacent|document\.write|\beval\b|new Function|\.style\b"
            r"|DOMParser|createContextualFragment|srcdoc|javascript:|@import|url\((?!#)",
            text,
        ), path.name
        addresses = set(re.findall(r"https?://[^\"' )]+", text))
        assert addresses <= {"http://www.w3.org/2000/svg"}, path.name
    text = page_html(page_value(content_of(board("A todo"))))
    assert "sourceMappingURL" not in text
    assert "Copyright (c) 2012-2014 Chris Pettitt" in text
