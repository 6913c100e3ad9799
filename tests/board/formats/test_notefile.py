"""Notes: front matter and text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitkanban.board.formats import notefile
from gitkanban.board.formats.yamltext import Bad
from gitkanban.core.model import Note
from tests.board.cards import NAMES, WORDS

PATH = "notes/T1/01jd.md"
TEXT = """\
---
by: Ada
at: 2025-11-23T22:00:00Z
kind: reject
run: 01jc
---

Not yet.

---
More.
"""
NOTE = Note("01jd", "T1", "Ada", 1763935200, "reject", "Not yet.\n\n---\nMore.", "01jc")


def test_the_layout_of_a_note() -> None:
    assert notefile.render(NOTE) == TEXT
    assert notefile.parse(TEXT.encode(), PATH) == NOTE


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("just words\n", Note("01jd", "T1", text="just words")),
        ("---\n---\nwords\n", Note("01jd", "T1", text="words")),
        ("---\nby: x\n---", Note("01jd", "T1", "x")),
        ("--- not a front\nby: x\n", Note("01jd", "T1", text="--- not a front\nby: x")),
        ("---\r\nby: x\r\n---\r\n\r\nwords\r\n", Note("01jd", "T1", "x", text="words")),
        ("\ufeff---\nby: x\nmine: 1\n---\nwords", Note("01jd", "T1", "x", text="words")),
    ],
)
def test_a_note_by_hand(text: str, note: Note) -> None:
    assert notefile.parse(text.encode(), PATH) == note


TEXTS = st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from(
    ["---", "---\n", "\n---\na: b\n---\n", "\n\n", "\r\n", "\ufeff", "x\r", "\0\x1b[2J"]
)


@given(NAMES, NAMES, WORDS, st.just(0) | st.integers(1, 4_000_000_000), WORDS, TEXTS, WORDS)
def test_every_note_reads_back(
    name: str, card: str, by: str, at: int, kind: str, text: str, run: str
) -> None:
    note = Note(name, card, by, at, kind or "note", text, run)
    read = notefile.parse(notefile.render(note).encode(), f"notes/{card}/{name}.md")
    assert read == note


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"---\nby: [\n---\n", r"notes/T1/01jd\.md:\d: not valid YAML|:3:1: not valid YAML"),
        (b"---\nby: x\nat: soon\n---\n", r":3:5: 'soon' is not a time"),
        (b"---\nby: x\nby: y\n---\n", r":3:1: the key 'by' is there twice"),
        (b"\xff", r":1:1: not UTF-8"),
        (b"x" * (5 << 20), r"5\.0 MiB"),
    ],
)
def test_a_bad_note_is_refused_with_its_place(data: bytes, said: str) -> None:
    with pytest.raises(Bad, match=said):
        notefile.parse(data, PATH)
