"""Text for a terminal."""

from gitkanban.views.text import table


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
