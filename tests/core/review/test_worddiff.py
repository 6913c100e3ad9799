"""A word diff loses nothing of either text, and is cut to the lines that changed."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitkanban.core.review.worddiff import NEW, OLD, SAME, changed_lines, word_diff


def marked(before: str, after: str) -> str:
    signs = {SAME: "{}", OLD: "[-{}-]", NEW: "{{+{}+}}"}
    return "".join(signs[piece.kind].format(piece.text) for piece in word_diff(before, after))


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("one two three", "one 2 three", "one [-two-]{+2+} three"),
        ("a b c d", "a x y d", "a [-b c-]{+x y+} d"),
        ("end.", "end, now.", "end{+, now+}."),
        ("", "new", "{+new+}"),
        ("same", "same", "same"),
        ("a\nb", "a\nc\nb", "a\n{+c\n+}b"),
    ],
)
def test_words(before: str, after: str, expected: str) -> None:
    assert marked(before, after) == expected


TEXT = st.text(st.sampled_from("ab .,\n\té中"), max_size=60)


@given(TEXT, TEXT)
def test_both_texts_can_be_read_out_of_the_pieces(before: str, after: str) -> None:
    pieces = word_diff(before, after)
    assert "".join(p.text for p in pieces if p.kind != NEW) == before
    assert "".join(p.text for p in pieces if p.kind != OLD) == after


@given(TEXT, TEXT)
def test_lines_without_a_change_near_are_left_out(before: str, after: str) -> None:
    lines = changed_lines(word_diff(before, after))
    assert all(a is not None or b is not None for a, b in pairwise(lines))
    kept = "".join(piece.text for line in lines if line for piece in line if piece.kind == NEW)
    new = "".join(piece.text for piece in word_diff(before, after) if piece.kind == NEW)
    assert kept == new.replace("\n", "")


def test_only_changed_lines_and_their_neighbours_are_shown() -> None:
    text = "\n".join(str(number) for number in range(20))
    lines = changed_lines(word_diff(text, text.replace("10", "ten")))
    shown = ["".join(piece.text for piece in line) if line else "…" for line in lines]
    assert shown == ["…", "9", "10ten", "11", "…"]


def test_long_texts_are_compared_by_lines() -> None:
    text = "".join(f"word {number}\n" for number in range(3000))
    pieces = word_diff(text, text.replace("word 1500\n", "other\n"))
    assert [piece.text for piece in pieces if piece.kind == OLD] == ["word 1500\n"]
