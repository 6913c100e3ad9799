"""A change of prose word by word.

It knows no layout: views put marks around the pieces.
"""

from collections.abc import Iterator, Sequence

from gitkanban.late import difflib, re
from gitkanban.typed import Final, Literal, NamedTuple

SAME: Final = "same"
OLD: Final = "old"
NEW: Final = "new"
_MANY = 4000  # words; longer texts are compared by lines


class TextPiece(NamedTuple):
    """A stretch of text: unchanged, removed or added."""

    kind: Literal["same", "old", "new"]
    text: str


def word_diff(before: str, after: str) -> list[TextPiece]:
    """Compare two texts. The pieces without NEW add up to `before`, without OLD to `after`."""
    split = re.compile(r"\n|[^\S\n]+|\w+|[^\w\s]")
    old, new = split.findall(before), split.findall(after)
    if max(len(old), len(new)) > _MANY:
        old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    pieces: list[TextPiece] = []
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=len(old) + len(new) > _MANY)
    for kind, a, b, c, d in _join_over_blanks(matcher.get_opcodes(), old):
        if kind == "equal":
            pieces.append(TextPiece(SAME, "".join(old[a:b])))
            continue
        if a < b:
            pieces.append(TextPiece(OLD, "".join(old[a:b])))
        if c < d:
            pieces.append(TextPiece(NEW, "".join(new[c:d])))
    return pieces


Opcode = tuple[str, int, int, int, int]


def _join_over_blanks(opcodes: Sequence[Opcode], old: list[str]) -> Iterator[Opcode]:
    """Join changes with only blanks between them, because they read better as one."""
    last: Opcode | None = None
    for number, (kind, a, b, c, d) in enumerate(opcodes):
        blank = kind == "equal" and not "".join(old[a:b]).strip() and "\n" not in old[a:b]
        if kind == "equal" and not (blank and last and number + 1 < len(opcodes)):
            if last:
                yield last
                last = None
            yield kind, a, b, c, d
        elif last:
            last = ("replace", last[1], b, last[3], d)
        else:
            last = ("replace", a, b, c, d)
    if last:
        yield last


def changed_lines(pieces: Sequence[TextPiece], context: int = 1) -> list[list[TextPiece] | None]:
    """The changed lines with `context` lines around them; None stands for omitted lines."""
    lines: list[list[TextPiece]] = [[]]
    for piece in pieces:
        for number, part in enumerate(piece.text.split("\n")):
            if number:
                lines.append([])
                if piece.kind != SAME:
                    lines[-2].append(TextPiece(piece.kind, ""))  # the newline itself changed
            if part:
                lines[-1].append(TextPiece(piece.kind, part))
    if not lines[-1]:
        lines.pop()
    touched = [n for n, line in enumerate(lines) if any(p.kind != SAME for p in line)]
    shown = {n for at in touched for n in range(at - context, at + context + 1)}
    by_line: list[list[TextPiece] | None] = []
    for number, line in enumerate(lines):
        if number in shown:
            by_line.append([piece for piece in line if piece.text])
        elif not by_line or by_line[-1] is not None:
            by_line.append(None)
    return by_line
