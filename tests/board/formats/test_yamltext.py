"""YAML in and out: what is refused, with its place; what is kept as it was written."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gitkanban.board.formats import yamltext
from gitkanban.board.formats.yamltext import Bad, Mapping, Scalar

BOMB = "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\n"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"a: [", r"cards/T1\.yaml:2:1: not valid YAML"),
        (b"a: 1\nb: 'x\nc: d\n", r":4:1: not valid YAML"),
        (b"a: b: c\n", r":1:5: not valid YAML: mapping values are not allowed"),
        (b"a: 1\nb: 2\na: 3\n", r":3:1: the key 'a' is there twice, first in line 1"),
        (b"x:\n  a: 1\n  a: 3\n", r":3:3: the key 'a' is there twice"),
        (b"a: !!python/object:os.system ls\n", r":1:4: the tag .* is refused"),
        (b"a: !x {b: c}\n", r":1:4: the tag '!x' is refused"),
        (b"a: !!str 1\n", r":1:4: the tag"),
        (b"a: ! 1\n", r":1:4: the tag '!' is refused"),
        (BOMB.encode(), r":1:4: anchors and aliases are refused"),
        (b"a: *b\n", r":1:4: anchors and aliases are refused|not valid YAML"),
        (b"a: " + b"[" * 30 + b"]" * 30, r"nested more than 20 levels"),
        (b"a: 1\n---\nb: 2\n", r":2:1: a second YAML document"),
        (b"", r":1:1: the file is empty"),
        (b"# nothing\n", r"the file is empty"),
        (b"- a\n", r":1:1: expected keys and values, found a list"),
        (b"hello\n", r":1:1: expected keys and values, found 'hello'"),
        (b"? [a]\n: b\n", r":1:3: a key must be a word"),
        (b"a: 1\nb: \xff\xfe\n", r":2:4: not UTF-8"),
        (b"a: 1\nb: x\0y\n", r":2:5: control character U\+0000"),
        (b"a: \x1b[31mred\n", r":1:4: control character U\+001B"),
        (b"a: x\n" * (1 << 18), r"cards/T1\.yaml: 1\.2 MiB, more than the 1 MiB"),
        (b"a: " + b"x" * (5 << 20), r"cards/T1\.yaml: 5\.0 MiB"),
        (b"<<<<<<< yours\na: 1\n=======\na: 2\n>>>>>>> board\n", r":1:1: an unresolved merge"),
    ],
)
def test_bad_yaml_is_refused_with_its_place(data: bytes, said: str) -> None:
    with pytest.raises(Bad, match=said) as caught:
        yamltext.load(yamltext.decoded(data, "cards/T1.yaml"), "cards/T1.yaml")
    assert caught.value.problem.file == "cards/T1.yaml"
    assert "\n" not in caught.value.message


def test_words_stay_as_they_are_written() -> None:
    text = "a: 1.10\nb: 1e3\nc: 12e4567\nd: 0x1F\ne: yes\nf: 2026-11-23\ng: 007\nh: '7'\n"
    root = yamltext.load(text, "f")
    read = [value.text for _, value in root.entries if isinstance(value, Scalar)]
    assert read == ["1.10", "1e3", "12e4567", "0x1F", "yes", "2026-11-23", "007", "7"]


def test_escapes_are_data() -> None:
    root = yamltext.load('a: "\\e[31mred\\0"\n', "f")
    assert root.entries[0][1].text == "\x1b[31mred\0"  # type: ignore[union-attr]  # a scalar


def test_a_byte_order_mark_is_not_text() -> None:
    assert yamltext.decoded(b"\xef\xbb\xbfa: 1\n", "f") == "a: 1\n"


def test_without_the_compiled_parser_the_same_is_read_and_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = "id: T1\n\nparents:\n  - 1.10\n  - 'x' # why\n\nbody: |\n  é😀\n\nn: {a: 1, b: [c]}\n"
    compiled = yamltext.load(text, "f")
    monkeypatch.setitem(__import__("sys").modules, "_ruamel_yaml", None)
    assert _plain(yamltext.load(text, "f")) == _plain(compiled)
    for bad in ("a: [", "a: 1\na: 2\n", BOMB, "a: !!str 1\n", "a: \0\n", "a: 1\n---\nb: 1\n"):
        with pytest.raises(Bad):
            yamltext.load(bad, "f")


def _plain(node: yamltext.Node) -> object:
    if isinstance(node, Scalar):
        return (node.text, node.style, node.start, node.line, node.column)
    if isinstance(node, Mapping):
        return [(_plain(key), _plain(value)) for key, value in node.entries]
    return [_plain(item) for item in node.items]


ANY = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
TRICKY = st.text(
    st.sampled_from(" \t\n\r#:-'\"|>[]{},&*!?%@`ab0\x00\x1b\x85\u2028\ufeff…"), max_size=12
)


@example("0?")  # libyaml reads `[0?]` as a key
@given(ANY | TRICKY)
def test_every_text_reads_back_from_a_scalar(text: str) -> None:
    for style in ("", "'", '"'):
        written = yamltext.scalar(text, style)
        assert "\n" not in written
        root = yamltext.load(f"a: {written}\nb:\n  - {written}\n", "f")
        assert root.entries[0][1].text == text  # type: ignore[union-attr]  # a scalar
    root = yamltext.load(f"a: [{yamltext.item(text)}, x]\n", "f")
    assert root.entries[0][1].items[0].text == text  # type: ignore[union-attr]  # a list


@given(ANY | TRICKY)
def test_every_text_reads_back_from_a_block(text: str) -> None:
    root = yamltext.load(f"a: {yamltext.block(text)}\n", "f")
    assert root.entries[0][1].text == text  # type: ignore[union-attr]  # a scalar


@given(ANY | TRICKY)
def test_other_yaml_readers_see_the_same_text(text: str) -> None:
    from ruamel.yaml import YAML

    yaml = YAML(typ="safe", pure=True)
    assert yaml.load(f"a: {yamltext.scalar(text)}\n") == {"a": text}
    assert yaml.load(f"a: {yamltext.block(text)}\n") == {"a": text}


def test_only_what_could_be_taken_for_something_else_is_quoted() -> None:
    plain = ("implement backend API/repository", "T1", "a-b", "backend-hermes#2", "x: y"[:1])
    assert all(yamltext.scalar(text) == text for text in plain)
    for text in ("yes", "1.10", "1e3", "null", "", "a: b", "a #b", "2026-11-23", "- a", "x:", "~"):
        assert re.fullmatch("'.*'", yamltext.scalar(text)), text


SIGNS = st.sampled_from(
    ["a", "Z", "0", "-", "+", ".", "_", "/", "(", ":", " ", "#", "'", '"', "e", "x", "\n", "\t", "\x7f",
     "\xe9", "\u017f", "null", "True", "false", "yes", "NO", "on", "off", "y", "n", "2026-1-", "0x1f", ".inf", "1e5", "[", "..."]
)  # fmt: skip


@given(st.lists(SIGNS, max_size=5).map("".join), st.sampled_from(["", "'", '"']))
def test_a_simple_text_is_written_as_the_patterns_would_have_it(text: str, style: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(yamltext, "_is_simple", lambda _: False)
        by_pattern = yamltext.scalar(text, style)
    assert yamltext.scalar(text, style) == by_pattern
