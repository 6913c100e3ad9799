"""Text for a terminal."""

from unicodedata import category, east_asian_width

from gitkanban.views.text import table, width


def test_marks_take_no_column_and_wide_characters_two() -> None:
    for char in map(chr, range(0x20, 0x3100)):
        if char != "\ufe0f":
            own = 2 if east_asian_width(char) in "WF" else 1
            assert width(char) == (0 if category(char) in ("Mn", "Me") else own), hex(ord(char))


def test_a_table_is_as_wide_as_it_must_be_and_numbers_stand_right() -> None:
    rows: list[list[str | int]] = [["läufer", 1, ""], ["b", 12, "x"]]
    assert table(["name", "n", "why"], rows).split("\n") == [
        "name     n  why",
        "------  --  ---",
        "läufer   1",
        "b       12  x",
    ]


def test_an_empty_table_is_its_heads() -> None:
    assert table(["name", "n"], []) == "name  n\n----  -"
