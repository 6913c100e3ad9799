import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitkanban import late

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


def outcome(run: Callable[[str], Any], text: str) -> tuple[str, str]:
    try:
        return "value", repr(run(text))
    except Exception as error:
        return type(error).__name__, str(error)


@given(VALUES, st.data())
def test_json_is_read_as_json_reads_it(value: object, data: st.DataObject) -> None:
    text = json.dumps(
        value, ensure_ascii=data.draw(st.booleans()), indent=data.draw(st.none() | st.just(1))
    )
    at = data.draw(st.integers(0, len(text)))
    broken = (
        text[:at] + data.draw(st.text(max_size=2)) + text[data.draw(st.integers(at, len(text))) :]
    )
    for each in (text, f" {text}\n", broken):
        assert outcome(late.json.loads, each) == outcome(json.loads, each)


@pytest.mark.parametrize(
    "text", ["", "[1,]", "[1] x", "\ufeff[1]", "{'a': 1}", "nul", "-Infinity", "NaN", '"\n"']
)
def test_odd_json_gets_the_words_of_json(text: str) -> None:
    assert outcome(late.json.loads, text) == outcome(json.loads, text)


def test_a_pattern_is_one_of_re_with_its_flags() -> None:
    pattern = late.re.compile(r"^b.$", late.re.M | late.re.I | late.re.S)
    assert pattern.findall("a\nB1") == re.compile(r"^b.$", re.M | re.I | re.S).findall("a\nB1")
    assert pattern.pattern == r"^b.$"
    assert late.re.escape(".") == r"\."


def test_sha1_is_that_of_git() -> None:
    assert late.sha1(b"blob 0\0").hexdigest() == "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"
