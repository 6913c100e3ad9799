"""Words written into a diff: no line of the diff is ever taken for them,
and each finds its line.
"""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitkanban.core.review.linecomments import (
    SCISSORS,
    LineComment,
    locate_lines,
    read_comments,
    read_words,
)

DIFF = """\
diff --git a/src/app.py b/src/app.py
index 1111111..2222222 100644
--- a/src/app.py
+++ b/src/app.py
@@ -10,4 +10,5 @@ def main():
     one()
-    two()
+    two(2)
+    three()
\x20
     four()
@@ -40,2 +41 @@
     last()
-    gone()
\\ No newline at end of file
diff --git a/old name.txt b/new name.txt
similarity index 90%
rename from old name.txt
rename to new name.txt
--- a/old name.txt\t
+++ b/new name.txt\t
@@ -1 +1 @@
--- a line that looks like a header
+++ b/another
diff --git a/gone.txt b/gone.txt
deleted file mode 100644
--- a/gone.txt
+++ /dev/null
@@ -1,2 +0,0 @@
-a
-b
diff --git "a/tab\\there" "b/tab\\there"
old mode 100644
new mode 100755
diff --git a/pic ture.png b/pic ture.png
index 1111111..2222222 100644
Binary files a/pic ture.png and b/pic ture.png differ
"""
WORDS = "use a constant"


def under(line: str, *words: str, diff: str = DIFF) -> str:
    """The diff with words under its (only) line of that text."""
    lines = diff.split("\n")
    assert lines.count(line) == 1, line
    at = lines.index(line) + 1
    return "\n".join([*lines[:at], *words, *lines[at:]])


@pytest.mark.parametrize(
    ("line", "path", "number", "removed"),
    [
        ("     one()", "src/app.py", 10, False),
        ("-    two()", "src/app.py", 11, True),
        ("+    two(2)", "src/app.py", 11, False),
        ("+    three()", "src/app.py", 12, False),
        (" ", "src/app.py", 13, False),
        ("     four()", "src/app.py", 14, False),
        ("@@ -10,4 +10,5 @@ def main():", "src/app.py", 10, False),
        ("@@ -40,2 +41 @@", "src/app.py", 41, False),
        ("-    gone()", "src/app.py", 41, True),
        ("\\ No newline at end of file", "src/app.py", 41, True),
        ("+++ b/src/app.py", "src/app.py", 0, False),
        ("rename to new name.txt", "new name.txt", 0, False),
        ("--- a line that looks like a header", "new name.txt", 1, True),
        ("+++ b/another", "new name.txt", 1, False),
        ("@@ -1,2 +0,0 @@", "gone.txt", 1, True),
        ("-b", "gone.txt", 2, True),
        ("new mode 100755", "tab\there", 0, False),
        ("Binary files a/pic ture.png and b/pic ture.png differ", "pic ture.png", 0, False),
    ],
)
def test_words_are_about_the_line_above_them(
    line: str, path: str, number: int, removed: bool
) -> None:
    for words in (WORDS, "- a list", "+1", " indented", "@@", "# heading", "--- a/x"):
        found = read_comments(DIFF, under(line, words))
        assert found == [LineComment(path, number, removed, words)]
        crlf = under(line, words).replace("\n", "\r\n")  # an editor that writes such line ends
        assert read_comments(DIFF, crlf) == found
        assert read_comments(DIFF.replace("\n", "\r\n"), under(line, words)) == found


def test_several_paragraphs_are_one_comment_and_blank_lines_are_none() -> None:
    edited = under("+    three()", "", "first", "", "second  ", "")
    assert read_comments(DIFF, edited) == [LineComment("src/app.py", 12, False, "first\n\nsecond")]
    assert read_comments(DIFF, under("+    three()", "", "   ", "")) == []


def test_lines_of_the_diff_that_were_taken_out_or_changed() -> None:
    short = DIFF.replace("     four()\n", "").replace("-a\n", "")
    assert read_comments(DIFF, short) == []
    changed = DIFF.replace("+    three()", "+    three(3)")
    assert read_comments(DIFF, changed) == [LineComment("src/app.py", 12, False, "+    three(3)")]
    assert read_comments(DIFF, "") == []


def test_an_editor_that_takes_white_space_off_the_ends_says_nothing_by_it() -> None:
    stripped = "\n".join(line.rstrip() for line in under("     four()", WORDS).split("\n"))
    assert read_comments(DIFF, stripped) == [LineComment("src/app.py", 14, False, WORDS)]


def test_words_above_the_scissors_come_first_and_as_they_are() -> None:
    template = f"\n{SCISSORS}\n# Words above the line.\n{DIFF}"
    assert read_words(template, template) == ""
    edited = under("+    three()", "why three?", diff=template)
    edited = under("-b", "keep\nthis", diff=edited)
    assert read_words(template, f"# Heading\n\n  - a list\n{edited}") == (
        "# Heading\n\n  - a list\n\nsrc/app.py:12: why three?\n\n"
        "gone.txt:2: (removed line) keep\nthis"
    )
    assert read_words(template, edited.replace("keep\nthis\n", "")) == "src/app.py:12: why three?"
    below = under("# Words above the line.", "here", diff=template)
    assert read_words(template, below) == "here"
    assert read_words(template, f"mine\n{edited.replace(SCISSORS, '')}").startswith("mine\n\nsrc/")


def test_a_large_diff_with_many_equal_lines_is_read_at_once() -> None:
    lines = [f"+{'' if n % 3 else n // 7}" for n in range(20_000)]
    diff = f"diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -0,0 +1,{len(lines)} @@\n"
    diff += "".join(f"{line}\n" for line in lines)
    rows = diff.split("\n")
    edited = [*rows[:9_001], "here", *rows[9_001:15_000], "", "there", "", *rows[15_000:]]
    found = read_comments(diff, "\n".join(edited))
    assert [(each.line, each.words) for each in found] == [(8997, "here"), (14996, "there")]


TEXTS = st.lists(
    st.text(st.characters(codec="utf-8", exclude_characters="\n\r"), max_size=6)
    | st.sampled_from(["", " ", "-- a/x", "++ b/x", "@@ -1 +1 @@", "\\ no", "diff --git a/x b/x"]),
    max_size=8,
)


@st.composite
def diffs(draw: st.DrawFn) -> tuple[str, list[tuple[str, int, bool] | None]]:
    """A diff, and for each of its lines the place that it shows (None for headers)."""
    text, spots = "", list[tuple[str, int, bool] | None]()
    for number in range(draw(st.integers(1, 3))):
        path = f"file {number}.txt"
        text += f"diff --git a/{path} b/{path}\nindex 1..2 100644\n--- a/{path}\t\n+++ b/{path}\t\n"
        spots += [None] * 4
        old, new = draw(st.integers(1, 9)), draw(st.integers(1, 9))
        for _ in range(draw(st.integers(1, 2))):
            body = draw(TEXTS.filter(bool))
            signs = draw(st.lists(st.sampled_from("+- "), min_size=len(body), max_size=len(body)))
            olds, news = len(body) - signs.count("+"), len(body) - signs.count("-")
            text += f"@@ -{old},{olds} +{new},{news} @@ {draw(st.sampled_from(['', 'def f():']))}\n"
            spots.append(None)
            for sign, line in zip(signs, body, strict=True):
                text += f"{sign}{line}\n"
                spots.append((path, old, True) if sign == "-" else (path, new, False))
                old, new = old + (sign != "+"), new + (sign != "-")
                if draw(st.booleans()) and sign != " ":
                    text += "\\ No newline at end of file\n"
                    spots.append(spots[-1])
            old, new = old + 5, new + 5
    return text, spots


@given(diffs())
def test_every_line_of_a_hunk_is_placed_and_an_untouched_diff_says_nothing(
    made: tuple[str, list[tuple[str, int, bool] | None]],
) -> None:
    diff, spots = made
    assert read_comments(diff, diff) == []
    assert read_comments(diff, diff.replace("\n", "\r\n")) == []
    found = list(locate_lines(diff.split("\n")[:-1]))
    assert len(found) == len(spots)
    assert all(want is None or tuple(got) == want for got, want in zip(found, spots, strict=True))


@given(diffs(), st.data())
def test_words_that_are_no_line_of_the_diff_find_their_line(
    made: tuple[str, list[tuple[str, int, bool] | None]], data: st.DataObject
) -> None:
    diff, spots = made
    lines = diff.split("\n")
    places = [at for at, spot in enumerate(spots) if spot]
    at = data.draw(st.sampled_from(places))
    words = data.draw(st.sampled_from("+- @#x")) + "«these words»"
    edited = "\n".join([*lines[: at + 1], words, *lines[at + 1 :]])
    assert read_comments(diff, edited) == [LineComment(*(spots[at] or ("", 0, False)), words)]
    assert re.search("«these words»", read_words(diff, edited))
