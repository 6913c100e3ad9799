"""What is unseen or steers is made visible, over all of Unicode, in texts and in JSON."""

import json
import sys
import unicodedata
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitkanban.core.markdown import code_span, fenced
from gitkanban.core.visible import safe_json, shown, shown_lines


# Planes 4 to 13 have nothing yet, and 15 and 16 are for private use: their ends stand for them.
@cache
def every_character() -> list[str]:
    return [
        chr(code)
        for plane in range(0, sys.maxunicode + 1, 0x10000)
        for code in range(plane, plane + 0x10000)
        if plane < 0x40000 or plane == 0xE0000 or not 0x20 <= code - plane < 0xFFE0
    ]


UNSEEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}
ANYTHING = st.text(st.characters(exclude_categories=()), max_size=40)


def unseen(text: str) -> set[str]:
    return {char for char in text if unicodedata.category(char) in UNSEEN}


@pytest.mark.slow
def test_no_control_or_format_character_of_unicode_stays_in_a_line() -> None:
    assert [char for char in every_character() if unseen(shown(char))] == []
    assert unseen("".join(map(shown_lines, every_character()))) == {"\n", "\t"}


@pytest.mark.slow
def test_letters_signs_and_blanks_stay_as_they_are() -> None:
    kinds = ("L", "N", "P", "S", "Zs", "Mn", "Mc")
    changed = [
        char
        for char in every_character()
        if unicodedata.category(char).startswith(kinds) and shown(char) != char
    ]
    assert len(changed) < 300, "only what is drawn as nothing"
    assert not {unicodedata.category(char) for char in changed} - {"Mn", "Lo", "So"}


def test_fillers_tags_and_stray_variation_selectors_are_seen_and_those_of_emoji_stay() -> None:
    assert shown("a\u3164b\u2800c\u034fd") == "a\\u3164b\\u2800c\\u034fd"
    assert shown("ok\U000e0068\U000e0069") == "ok\\U000e0068\\U000e0069"
    assert shown("\u2764\ufe0f x\ufe0f\ufe0f\u2764\ufe0f\ufe0f") == (
        "\u2764\ufe0f x\\ufe0f\\ufe0f\u2764\ufe0f\\ufe0f"
    )


def test_json_keeps_no_unseen_character_and_its_meaning() -> None:
    for char in every_character():
        if unicodedata.category(char) in UNSEEN:
            text = safe_json(json.dumps(char, ensure_ascii=False))
            assert not unseen(text), ascii(char)
            assert json.loads(text) == char


@given(ANYTHING)
def test_shown_twice_is_shown_once(text: str) -> None:
    assert shown(shown(text)) == shown(text)


@given(st.text("`~ a\n\r\t<\u2028", max_size=30))
def test_nothing_ends_a_code_span_or_a_fence_before_its_end(text: str) -> None:
    span = code_span(text)
    if span != "*nothing*":
        ticks = len(span) - len(span.lstrip("`"))
        assert span.endswith("`" * ticks)
        assert "`" * ticks not in span[ticks:-ticks]
        assert "\n" not in span
    block = fenced(text)
    if block:
        fence = block.partition("text\n")[0]
        inside = block.removeprefix(f"{fence}text\n").removesuffix(f"\n{fence}\n")
        assert fence not in inside
