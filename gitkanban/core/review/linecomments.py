"""Comments written into a diff: which belong to which line of which file.

A person edits the text of a diff. Every line that is not part of the diff is theirs, whatever it
begins with; lines that they removed mean nothing. It does not use git, and reads no files.
"""

from collections.abc import Iterator, Sequence

from gitkanban.late import difflib, re
from gitkanban.typed import NamedTuple

_HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
_ESCAPE = re.compile(rb'\\([abtnvfr"\\]|[0-7]{3})')
_ESCAPED = {
    bytes([sign]): bytes([code])
    for sign, code in zip(b'abtnvfr"\\', b'\a\b\t\n\v\f\r"\\', strict=True)
}
SCISSORS = "# ------------------------ >8 ------------------------"  # as in `git commit --verbose`


class LineComment(NamedTuple):
    """A comment on a line; on a file, if `line` is 0; on the whole change, if `path` is empty.

    Line numbers are those after the change; for a removed line, those before it.
    """

    path: str
    line: int
    removed: bool
    words: str


class DiffLine(NamedTuple):
    """What a line of a diff shows: a line of a file; with `line` 0, something about the file."""

    path: str
    line: int
    removed: bool


def read_comments(diff: str, edited: str) -> list[LineComment]:
    """Return the comments that were written into a diff, in its order.

    The editor may have changed line ends, and white space at the end of lines. A comment above the
    first line of a hunk is about that line; any other is about the line above it.
    """
    ours, theirs = _split_lines(diff), _split_lines(edited)
    if not any(line != line.rstrip() for line in theirs):  # some editors remove it
        ours = [line.rstrip() for line in ours]
    spots = list(locate_lines(_split_lines(diff)))
    comments = []
    for at, lines in _added_lines(ours, theirs):
        words = "\n".join(line.rstrip() for line in lines).strip("\n")
        if words.strip():
            comments.append(
                LineComment(*spots[at], words) if at >= 0 else LineComment("", 0, False, words)
            )
    return comments


def read_words(template: str, edited: str) -> str:
    """Return what a person wrote into a text that has a scissors line, and below it a diff.

    Text above the scissors comes first, as it is; then the comments in the diff, as
    `file:line: words`. If the scissors were removed, all lines that the template does not have
    count.
    """
    head, scissors, tail = edited.partition(SCISSORS)
    if not scissors:
        return comments_text(read_comments(template, edited))
    below = comments_text(read_comments(template.partition(SCISSORS)[2], tail))
    return "\n\n".join(filter(None, (head.strip(), below)))


def comments_text(comments: Sequence[LineComment]) -> str:
    """The comments as a note: `file:line: words`, with blank lines between if any is long."""
    parts = []
    for each in comments:
        where = f"{each.path}:{each.line}" if each.line else each.path
        mark = "(removed line) " if each.removed else ""
        parts.append(f"{where}: {mark}{each.words}" if where else each.words)
    gap = "\n\n" if any("\n" in part for part in parts) else "\n"
    return gap.join(parts)


def _split_lines(text: str) -> list[str]:
    """The lines as git counts them: form feeds and paragraph separators do not end one."""
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    return lines[:-1] if lines and not lines[-1] else lines


def locate_lines(diff: Sequence[str]) -> Iterator[DiffLine]:
    """What each line of a diff shows. A line in a hunk is never taken for a header."""
    path, old, new, olds, news = "", 0, 0, 0, 0
    spot = DiffLine("", 0, False)
    for line in diff:
        if olds > 0 or news > 0:
            sign = line[:1]
            if sign == "-":
                spot, old, olds = DiffLine(path, old, True), old + 1, olds - 1
            elif sign == "+":
                spot, new, news = DiffLine(path, new, False), new + 1, news - 1
            elif sign != "\\":  # `\ No newline at end of file` is about the line above it
                spot = DiffLine(path, new, False)
                old, new, olds, news = old + 1, new + 1, olds - 1, news - 1
        elif hunk := _HUNK.match(line):
            old, olds, new, news = (int(part or 1) for part in hunk.groups())
            removed = not news  # a hunk that only removes has no line of the new file
            spot = DiffLine(path, old if removed else new, removed)
        elif not line.startswith("\\"):
            path = _named_path(line, path)
            spot = DiffLine(path, 0, False)
        yield spot


def _named_path(line: str, before: str) -> str:
    """The file that a header names: by its new name, or by the old one if it was deleted."""
    for head, prefix in (("+++ ", "b/"), ("--- ", "a/"), ("rename to ", ""), ("copy to ", "")):
        if line.startswith(head):
            name = _unquote_name(line[len(head) :].removesuffix("\t"))
            return before if name == "/dev/null" else name.removeprefix(prefix)
    if line.startswith("diff --git "):
        return _path_of_pair(line.removeprefix("diff --git "))
    return before


def _path_of_pair(pair: str) -> str:
    """The file in `a/x b/x`, the only name in the diff of a changed mode or a binary file."""
    if pair.endswith('"'):
        quoted = re.findall(r'"(?:[^"\\]|\\.)*"', pair)
        return _unquote_name(quoted[-1]).removeprefix("b/")
    half = pair[len(pair) // 2 + 1 :]
    if pair[: len(pair) // 2].removeprefix("a/") == half.removeprefix("b/"):
        return half.removeprefix("b/")
    return pair.rpartition(" b/")[2]


def _unquote_name(name: str) -> str:
    """Undo git's quoting of a name that has quotes, backslashes or control characters."""
    if not (len(name) > 1 and name[0] == name[-1] == '"'):
        return name
    data = _ESCAPE.sub(
        lambda escape: _ESCAPED.get(escape[1]) or bytes([int(escape[1], 8) & 255]),
        name[1:-1].encode("utf-8", "surrogateescape"),
    )
    return data.decode("utf-8", "surrogateescape")


def _added_lines(ours: Sequence[str], theirs: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    """(Index of the line of ours above them, lines that are not ours); -1: above all of ours.

    Lines that replace some of ours belong to the first of these.
    """
    for start, end, first, last in _diff_lines(ours, theirs):
        if first < last:
            at = start if start < end else start - 1
            yield at, list(theirs[first:last])


def _diff_lines(
    ours: Sequence[str], theirs: Sequence[str], exact: bool = False
) -> Iterator[tuple[int, int, int, int]]:
    """The differences as in `difflib.SequenceMatcher`: (start, end) in ours, then in theirs.

    It compares by rare lines first, which is fast and finds the long matches; what is left in
    between is then compared line by line.
    """
    matcher = difflib.SequenceMatcher(None, ours, theirs, autojunk=not exact)
    for tag, start, end, first, last in matcher.get_opcodes():
        if tag == "replace" and not exact:
            for a, b, c, d in _diff_lines(ours[start:end], theirs[first:last], exact=True):
                yield start + a, start + b, first + c, first + d
        elif tag != "equal":
            yield start, end, first, last
