"""Edits a YAML document in place: only the lines of the entries that change.

It cuts and inserts whole lines at the positions the parser gave, so comments, order, quoting and
odd but valid layout elsewhere stay byte for byte. A round trip through an object tree would
re-indent, re-wrap and re-space them. It does not check what the result means; callers do.
"""

from collections.abc import Collection, Hashable, Sequence

from gitkanban.board.formats import yamltext
from gitkanban.board.formats.yamltext import Mapping, Node, Scalar
from gitkanban.core.model import Problem
from gitkanban.late import re
from gitkanban.typed import NamedTuple


class LayoutError(Exception):
    """The document's layout does not allow replacing the lines of single entries."""


class Span(NamedTuple):
    """An entry's lines: the offsets of the first line's start and of the last line's end."""

    start: int
    end: int


_LINE = re.compile(r"[^\n]*\n?")


def newline(text: str) -> str:
    """The line ending the document uses."""
    first = text.find("\n")
    return "\r\n" if first > 0 and text[first - 1] == "\r" else "\n"


def line_start(text: str, at: int) -> int:
    """The offset at which the line of `at` begins."""
    return text.rfind("\n", 0, at) + 1


def line_end(text: str, at: int) -> int:
    """The offset behind the line of `at`, its newline included."""
    end = text.find("\n", at)
    return len(text) if end < 0 else end + 1


def top_spans(text: str, root: Mapping) -> dict[str, Span]:
    """The lines of every top-level entry. Raises LayoutError also when the root is indented."""
    if root.column:
        raise LayoutError
    return spans(text, root)


def spans(text: str, mapping: Mapping) -> dict[str, Span]:
    """The lines of every entry of a block mapping, comments above an entry not included.

    Raises LayoutError for a mapping in braces, or whose entries do not each start a line.
    """
    if mapping.flow or re.search("[\x85\u2028\u2029]|\r(?!\n)", text):
        raise LayoutError
    by_key: dict[str, Span] = {}
    starts = [key.start for key, _ in mapping.entries]
    for number, (key, value) in enumerate(mapping.entries):
        start = line_start(text, key.start)
        if text[start : key.start].strip(" ") or text[key.end : key.end + 1].strip(": "):
            raise LayoutError
        limit = starts[number + 1] if number + 1 < len(starts) else mapping.end
        by_key[key.text] = Span(
            start, _value_end(text, key, value, line_start(text, limit), hard=limit)
        )
    return by_key


def _value_end(text: str, key: Scalar, value: Node, limit: int, hard: int) -> int:
    """The offset behind the last line of a value that ends before `limit`."""
    if value.flow if not isinstance(value, Scalar) else value.style not in ("|", ">"):
        return line_end(text, max(key.end, value.end))
    limit = len(text) if hard >= len(text) else limit
    margin = re.compile(rf"[ \t]{{0,{key.column}}}#")
    end = after = line_end(text, key.end)
    while after < limit:
        line = text[after : line_end(text, after)]
        after += len(line)
        if line.strip() and not margin.match(line):
            end = after
    return end


def with_newline(text: str) -> str:
    """The document with its last line ended."""
    return text if not text or text.endswith("\n") else text + newline(text)


def replaced(text: str, span: Span, lines: str) -> str:
    """Return the document with an entry's lines replaced; `lines` ends in a plain newline."""
    return text[: span.start] + lines.replace("\n", newline(text)) + text[span.end :]


def inserted(text: str, at: int, lines: str, *, glued: bool) -> str:
    """Return the document with new lines at `at`, the start of a line, and blank lines around them.

    `glued` leaves out the blank lines.
    """
    end = newline(text)
    before, after = text[:at], text[at:]
    if before and not before.endswith("\n"):
        before += end
    lines = lines.replace("\n", end)
    if glued:
        return before + lines + after
    last = _LINE.findall(before)[-2:-1]
    if before and last and last[0].strip():
        lines = end + lines
    first = _LINE.match(after)
    if after and first and first.group().strip():
        lines += end
    return before + lines + after


def removed(text: str, span: Span) -> str:
    """Return the document without an entry and the blank line that set it apart."""
    before, after = text[: span.start], text[span.end :]
    if not after or not after.split("\n", 1)[0].strip():
        before = re.sub(r"(?<=\n)[ \t]*\r?\n\Z", "", before)
    return before + after


def value_replaced(text: str, value: Scalar, written: str) -> str | None:
    """Return the document with a one-line value replaced, its comment kept; None: not one line.

    `written` is YAML on one line.
    """
    if value.style in ("|", ">") or "\n" in text[value.start : value.end] or "\n" in written:
        return None
    gap = " " if value.start == value.end and text[value.start - 1 : value.start] == ":" else ""
    return text[: value.start] + gap + written + text[value.end :]


def relisted(
    text: str, span: Span, node: Node, wanted: Sequence[tuple[Hashable, str]]
) -> str | None:
    """Return the document with other items in a block list or mapping; kept items keep their lines.

    `wanted` is (identity, YAML of the item) in order. An item is identified by its text, an entry
    by (key, value). None: the node is not laid out one item a line.
    """
    parts = _parts_of(node)
    if not parts or not wanted or len({identity for identity, _, _ in parts}) != len(parts):
        return None
    lists = isinstance(node, yamltext.Sequence)
    chunks: dict[Hashable, str] = {}
    first = at = line_start(text, parts[0][1].start)
    for number, (identity, start, value) in enumerate(parts):
        line = text[line_start(text, start.start) : start.start]
        if line_start(text, start.start) < at or line.strip() != ("-" if lists else ""):
            return None
        limit = parts[number + 1][1].start if number + 1 < len(parts) else span.end
        plain = not isinstance(value, Scalar) or value.style in ("|", ">")
        end = line_start(text, limit) if plain else line_end(text, value.end)
        end = span.end if plain and number + 1 == len(parts) else end
        chunks[identity], at = text[at:end], end
    if first < span.start or text[span.start : first].count("\n") == 0:
        return None
    begin = text[first : parts[0][1].start]
    lines = [chunks.get(key) or begin + written + newline(text) for key, written in wanted]
    body = "".join(with_newline(line) for line in lines)
    return text[:first] + body + text[at:]


def _parts_of(node: Node) -> list[tuple[Hashable, Node, Node]]:
    """(identity, where it starts, its value) of every item of a block list or mapping."""
    if isinstance(node, Scalar) or node.flow:
        return []
    if isinstance(node, yamltext.Sequence):
        return [(x.text if isinstance(x, Scalar) else id(x), x, x) for x in node.items]
    return [
        ((key.text, value.text) if isinstance(value, Scalar) else (id(value),), key, value)
        for key, value in node.entries
    ]


def as_block(text: str) -> str:
    """The document rewritten so that its root's entries each start a line, comments kept.

    The one place that uses ruamel.yaml's round trip: for a document in braces, an indented root, or
    odd line breaks, where lines cannot be replaced. Raises Bad where that fails too.
    """
    from io import StringIO

    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 1 << 30
    yaml.indent(mapping=2, sequence=4, offset=2)
    text = re.sub("\r\n?|[\x85\u2028\u2029]", "\n", text)
    out = StringIO()
    try:
        root = yaml.load(text)
        root.fa.set_block_style()
        yaml.dump(root, out)
    except YAMLError as error:  # YAML 1.1 that is not 1.2
        reason = str(error).split("\n", 1)[0]
        raise yamltext.Bad(Problem("", 0, 0, f"cannot be formatted: {reason}")) from None
    lost = [c for c in re.findall(r"(?:^|\s)(#.*)", text) if c.strip() not in out.getvalue()]
    done = "".join(f"{comment.strip()}\n" for comment in lost) + out.getvalue()
    try:
        top_spans(done, yamltext.load(done, ""))
    except LayoutError:
        message = "laid out so that it cannot be edited in place"
        raise yamltext.Bad(Problem("", 0, 0, message, hint="Put each key on a line.")) from None
    return done


def place_after(order: Sequence[str], present: Collection[str], key: str) -> str:
    """Return the present key after which a new `key` belongs by `order`; empty: before all."""
    before = order[: order.index(key)]
    return next((name for name in reversed(before) if name in present), "")
