"""`gitkanban fmt`: a card written by hand in the canonical layout, comments and words kept.

Fields, quoting and comments stay; only order, spacing and the layout of lists and of the body
change.
"""

from gitkanban.board.formats import cardfile, yamledit, yamltext
from gitkanban.board.formats.cardfile import ORDER, STATUS_GROUP
from gitkanban.board.formats.yamltext import Bad, Mapping, Node, Scalar
from gitkanban.late import re
from gitkanban.typed import NamedTuple


class _Part(NamedTuple):
    """One field: the comments above it, and its lines."""

    key: str
    above: str
    lines: str


def formatted(text: str) -> str:
    """Return the text of a card in the canonical layout, comments kept. Raises Bad for no card.

    Text that cannot be formatted without changing its meaning is returned as it is.
    """
    source = re.sub("\r\n?", "\n", text.removeprefix("\ufeff"))
    try:
        spans = yamledit.top_spans(source, yamltext.load(source, "card"))
    except yamledit.LayoutError:
        source = yamledit.as_block(source)
        spans = yamledit.top_spans(source, yamltext.load(source, "card"))
    root = yamltext.load(source, "card")
    before = _meaning_of(root)
    head, parts, tail = _split_parts(source, root, spans)
    out = _assemble_card(head, _order_parts(_add_missing_fields(parts)), tail)
    try:
        after = _meaning_of(yamltext.load(out, "card"))
    except Bad:
        return text
    return out if after == before else text


def _meaning_of(root: Mapping) -> object:
    name = root.get("id")
    card = cardfile.from_nodes(root, name.text if isinstance(name, Scalar) else "")
    known = frozenset(ORDER)
    return card, {k.text: yamltext.plain(v) for k, v in root.entries if k.text not in known}


def _split_parts(
    source: str, root: Mapping, spans: dict[str, yamledit.Span]
) -> tuple[str, list[_Part], str]:
    """Return the text above the first field, the fields, and the text below the last one."""
    parts: list[_Part] = []
    at, head = 0, ""
    for key, node in root.entries:
        span = spans[key.text]
        above = source[at : span.start]
        if not parts:
            above = re.sub(r"\A---[ \t]*\n", "", above)
            head, gap, above = above.rpartition("\n\n")
            head = (head + gap).strip("\n")
        parts.append(_Part(key.text, _tidy_comments(above), _field_lines(source, key, node, span)))
        at = span.end
    tail = re.sub(r"^\.\.\.[ \t]*\n?", "", source[at:], flags=re.MULTILINE)
    return head, parts, _tidy_comments(tail).strip("\n")


def _tidy_comments(text: str) -> str:
    """Return comment lines without blank lines around them, but one that sets them apart below."""
    lines = [line.rstrip() for line in text.split("\n")]
    joined = "\n".join(lines).strip("\n")
    if not joined:
        return ""
    apart = len(lines) >= 2 and not lines[-2] and not lines[-1]
    return joined + ("\n\n" if apart else "\n")


def _field_lines(source: str, key: Scalar, node: Node, span: yamledit.Span) -> str:
    raw = yamledit.with_newline(source[slice(*span)])
    if key.text in ("parents", "acceptance", "needs", "labels") and not isinstance(node, Scalar):
        return _list_lines(source, key.text, node, span, raw=raw)
    if key.text == "body" and isinstance(node, Scalar) and node.style not in ("|", ">"):
        behind = source[node.end : span.end].strip()
        return (behind + "\n" if behind else "") + cardfile.field("body", node.text)
    if isinstance(node, Scalar) and node.style in ("|", ">"):
        return raw
    return "\n".join(line.rstrip() for line in raw.split("\n"))


def _list_lines(source: str, key: str, node: Node, span: yamledit.Span, raw: str) -> str:
    """Return a list one item a line, indented by two, sets sorted; items keep their comments."""
    assert not isinstance(node, Scalar)
    items: list[tuple[str, Node, Node]] = (
        [(k.text, k, v) for k, v in node.entries]
        if isinstance(node, Mapping)
        else [(n.text, n, n) for n in node.items if isinstance(n, Scalar)]
    )
    if not items or any("\n" in source[first.start : last.end] for _, first, last in items):
        return raw  # empty, or with items of several lines: leave it as it is
    first = items[0][1]
    opening = source[span.start : first.start]
    comment = re.search(r"#.*", opening.split("\n")[0])
    above = "".join(f"  {c.strip()}\n" for c in re.findall(r"^\s*#.*", opening, re.M))
    rows: list[tuple[str, str]] = []
    for number, (name, begin, end) in enumerate(items):
        limit = items[number + 1][1].start if number + 1 < len(items) else span.end
        behind = re.findall(r"#[^\n]*", source[end.end : limit])
        same_line = source[end.end : limit].split("\n")[0]
        inline = f"  {behind.pop(0).rstrip()}" if behind and "#" in same_line else ""
        dash = "" if isinstance(node, Mapping) else "- "
        written = source[begin.start : end.end]
        rows.append((name, f"{above}  {dash}{written}{inline}\n"))
        above = "".join(f"  {line.rstrip()}\n" for line in behind)
    if key != "acceptance":
        rows.sort(key=lambda row: row[0])
    head = f"{key}:" + (f"  {comment.group().rstrip()}" if comment else "")
    return head + "\n" + "".join(row for _, row in rows) + above


def _add_missing_fields(parts: list[_Part]) -> list[_Part]:
    """Add the fields that are always written and are missing."""
    there = {part.key for part in parts}
    missing = [key for key in ORDER if key in cardfile.ALWAYS and key not in there]
    return [
        *parts,
        *(_Part(key, "", cardfile.field(key, getattr(cardfile.BLANK, key))) for key in missing),
    ]


def _order_parts(parts: list[_Part]) -> list[_Part]:
    """Put known keys in their order, each unknown key after the known one that it followed."""
    ranks, rank = [], -1
    for part in parts:
        if part.key in ORDER:
            rank = ORDER.index(part.key)
            ranks.append((rank, 0))
        else:
            inside = rank if ORDER[rank] not in STATUS_GROUP else ORDER.index(STATUS_GROUP[-1])
            ranks.append((inside, 1))
    numbered = sorted(range(len(parts)), key=lambda number: (ranks[number], number))
    return [parts[number] for number in numbered]


def _assemble_card(head: str, parts: list[_Part], tail: str) -> str:
    out = head + "\n" if head else ""
    for number, part in enumerate(parts):
        before = parts[number - 1] if number else None
        glued = (
            before is not None
            and part.key in STATUS_GROUP[1:]
            and before.key in STATUS_GROUP
            and not part.above.endswith("\n\n")
        )
        if out and not glued:
            out += "\n"
        out += part.above + part.lines
    return out + (f"\n{tail}\n" if tail else "")
