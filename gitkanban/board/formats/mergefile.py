"""Three-way merge of the text of a card, field by field, on top of `gitkanban.core.merge`.

It runs no git and knows no board: the check of the merged board finds new cycles and unknown
parents.

Where git's own line merge is clean and means the same, its result is taken, so that both sides'
comments and layout stay. Otherwise ours is edited in place.
"""

from collections.abc import Sequence

from gitkanban.board.formats import cardfile, yamledit, yamltext
from gitkanban.board.formats.yamltext import Bad, Mapping, Scalar
from gitkanban.core import merge
from gitkanban.core.changes import Value
from gitkanban.core.model import STATUS_FIELDS, Card
from gitkanban.late import re
from gitkanban.typed import NamedTuple

WHOLE = "card"  # names a conflict that is not in one field


class MergedText(NamedTuple):
    """The merged text (None: the card is gone), the fields that conflict, and a line on each."""

    text: str | None
    conflicts: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()


def merge_card(
    base: str | None,
    ours: str | None,
    theirs: str | None,
    labels: tuple[str, str] = ("yours", "board"),
    *,
    strict: bool = False,
) -> MergedText:
    """Merge three versions of one card's file; None stands for no file.

    `strict` puts git's conflict markers around a field that conflicts, so that the text cannot be
    read as a card. Otherwise our value stays, and it can. A side that is not a card is merged by
    lines. No content makes this raise.
    """
    if ours == theirs or theirs == base:
        return MergedText(ours)
    if ours == base:
        return MergedText(theirs)
    if ours is None or theirs is None:
        return _merge_with_removed(ours, theirs, labels, strict)
    try:
        mine, other = _CardVersion(ours), _CardVersion(theirs)
        if not base or not base.strip():
            return _added_twice(mine, other, labels, strict)
        return _by_fields(_CardVersion(base), mine, other, labels, strict=strict)
    except Bad as bad:
        return _by_lines(base or "", ours, theirs, labels, strict=strict, why=bad.message)


class _CardVersion:
    """One version of the card: its text, its nodes and its values."""

    def __init__(self, text: str) -> None:
        self.text = text.removeprefix("\ufeff")
        self.root = yamltext.load(self.text, "card")
        self.card = _card_of_root(self.root)
        self.other = {
            key.text: yamltext.plain(value)
            for key, value in self.root.entries
            if key.text not in _KNOWN
        }

    @property
    def meaning(self) -> tuple[Card, dict[str, object]]:
        return self.card, self.other


_KNOWN = frozenset(cardfile.ORDER)


def _card_of_root(root: Mapping) -> Card:
    node = root.get("id")
    return cardfile.from_nodes(root, node.text if isinstance(node, Scalar) else "")


def _by_fields(
    base: _CardVersion,
    ours: _CardVersion,
    theirs: _CardVersion,
    labels: tuple[str, str],
    strict: bool,
) -> MergedText:
    if not base.card.id == ours.card.id == theirs.card.id:
        why = "the id differs"
        return _by_lines(base.text, ours.text, theirs.text, labels, strict=strict, why=why)
    card, conflicts = merge.card(base.card, ours.card, theirs.card)
    other, wrong = merge.mappings(base.other, ours.other, theirs.other)
    if not conflicts and not wrong:
        clean = merge.text(base.text, ours.text, theirs.text)
        if clean is not None and _has_meaning(clean, card, other):
            return MergedText(clean)
    fields: dict[str, Value] = {
        name: getattr(card, name)
        for name in cardfile.ORDER
        if getattr(card, name) != getattr(ours.card, name)
    }
    text = cardfile.edited(ours.text, fields)
    text = _with_others(text, ours, theirs, other)
    names = (*conflicts, *wrong)
    notices = tuple(_conflict_line(name, ours, theirs, labels) for name in names)
    for name in names if strict else ():
        text = _mark_field(text, name, base, ours, theirs=theirs, labels=labels)
    return MergedText(text, names, notices)


def _has_meaning(text: str, card: Card, other: dict[str, object]) -> bool:
    try:
        return _CardVersion(text).meaning == (card, other)
    except Bad:
        return False


def _with_others(
    text: str, ours: _CardVersion, theirs: _CardVersion, other: dict[str, object]
) -> str:
    """Return the text with the unknown keys that theirs changed, as theirs wrote them."""
    source = _splice_ready(theirs.text)
    spans = yamledit.top_spans(source, yamltext.load(source, "card"))
    for key in dict.fromkeys((*ours.other, *other)):
        if other.get(key) == ours.other.get(key):
            continue
        text = _splice_ready(text)
        mine = yamledit.top_spans(text, yamltext.load(text, "card"))
        if key not in other:
            text = yamledit.removed(text, mine[key])
            continue
        lines = yamledit.with_newline(source[slice(*spans[key])]).replace("\r\n", "\n")
        if key in mine:
            text = yamledit.replaced(text, mine[key], lines)
        else:
            names = list(spans)
            behind = next(
                (name for name in reversed(names[: names.index(key)]) if name in mine), ""
            )
            at = mine[behind].end if behind else len(text)
            text = yamledit.inserted(text, at, lines, glued=False)
    return text


def _splice_ready(text: str) -> str:
    try:
        yamledit.top_spans(text, yamltext.load(text, "card"))
    except yamledit.LayoutError:
        return yamledit.as_block(text)
    return text


def _conflict_line(
    name: str, ours: _CardVersion, theirs: _CardVersion, labels: tuple[str, str]
) -> str:
    values = [
        f"{_shown_value(name, side)} ({label})"
        for side, label in zip((ours, theirs), labels, strict=True)
    ]
    return f"{name}: {', '.join(values)}"


def _shown_value(name: str, side: _CardVersion) -> str:
    card = side.card
    if name == "status":
        return ": ".join(part for part in (card.status, card.reason or card.slot) if part)
    if name not in _KNOWN:
        return "changed" if name in side.other else "removed"
    value = getattr(card, name)
    if name == "body":
        return f"{len(value.splitlines())} lines"
    return repr(value) if isinstance(value, str) else str(dict(value) if name == "needs" else value)


# Conflict markers -----------------------------------------------------------------------------


def _conflict_markers(ours: str, theirs: str, labels: tuple[str, str]) -> str:
    first, second = (re.sub(r"[^\x20-\x7e]", "?", label) for label in labels)
    return f"<<<<<<< {first}\n{ours}=======\n{theirs}>>>>>>> {second}\n"


def _mark_field(
    text: str,
    name: str,
    base: _CardVersion,
    ours: _CardVersion,
    theirs: _CardVersion,
    labels: tuple[str, str],
) -> str:
    """Return the text with markers around one field, always at the start of the line.

    A line `<<<<<<<` there ends any block scalar, and then is a key without a colon, which is an
    error in every YAML parser.
    """
    names = STATUS_FIELDS if name == "status" else (name,)
    mine, other = (_lines_of(names, side) for side in (ours, theirs))
    span = _cut_fields(text, names)
    if span is None:
        return yamledit.with_newline(text) + "\n" + _conflict_markers(mine, other, labels)
    text, at = span
    if name == "body":
        body = _marked_body(base.card.body, ours.card.body, theirs.card.body, labels)
        if body is not None:
            return text[:at] + body + text[at:]
    return text[:at] + _conflict_markers(mine, other, labels) + text[at:]


def _lines_of(names: Sequence[str], side: _CardVersion) -> str:
    """Return some fields of one side, as that side wrote them."""
    source = _splice_ready(side.text)
    spans = yamledit.top_spans(source, yamltext.load(source, "card"))
    cut = [source[slice(*spans[name])] for name in names if name in spans]
    return "".join(yamledit.with_newline(lines).replace("\r\n", "\n") for lines in cut)


def _cut_fields(text: str, names: Sequence[str]) -> tuple[str, int] | None:
    """Return the text without some fields, and the offset of the first of them.

    The text may already have markers: fields are found by their lines.
    """
    spans = [(m.start(), m.end()) for name in names for m in [_field_lines(name, text)] if m]
    if not spans:
        return None
    at = min(spans)[0]
    for start, end in sorted(spans, reverse=True):
        text = text[:start] + text[end:]
    return text, at


def _field_lines(name: str, text: str) -> "re.Match[str] | None":
    """Return the lines of a top-level field: its key's, and the indented or listed ones below."""
    key = rf"""(?:{re.escape(name)}|"{re.escape(name)}"|'{re.escape(name)}')"""
    more = r"(?:(?:[ \t]*\r?\n)*(?:[ \t]+\S|-[ \t])[^\n]*(?:\n|\Z))*"
    return re.search(rf"^{key}[ \t]*:(?=\s|\Z)[^\n]*(?:\n|\Z){more}", text, re.MULTILINE)


def _marked_body(base: str, ours: str, theirs: str, labels: tuple[str, str]) -> str | None:
    """Return a body field with markers around conflicting lines; None: no literal block fits it."""
    for body in (base, ours, theirs):
        if not re.match(r"\|-?\n", yamltext.block(body) + "\n"):
            return None
    parts = (body.rstrip("\n").split("\n") for body in (base, ours, theirs))
    out = "body: |\n" if ours.endswith("\n") else "body: |-\n"
    for piece in merge.lines(*parts):
        if piece.conflict:
            out += _conflict_markers(_indent_lines(piece.ours), _indent_lines(piece.theirs), labels)
        else:
            out += _indent_lines(piece.lines)
    return out


def _indent_lines(lines: Sequence[str]) -> str:
    return "".join(f"  {line}\n" if line else "\n" for line in lines)


# What is not a merge of fields ------------------------------------------------------------------


def _merge_with_removed(
    ours: str | None, theirs: str | None, labels: tuple[str, str], strict: bool
) -> MergedText:
    lines = [
        f"{'deleted' if text is None else 'edited'} ({label})"
        for text, label in zip((ours, theirs), labels, strict=True)
    ]
    notices = (f"{WHOLE}: {', '.join(lines)}",)
    if not strict:
        return MergedText(ours, (WHOLE,), notices)
    return MergedText(_mark_whole(ours or "", theirs or "", labels), (WHOLE,), notices)


def _mark_whole(ours: str, theirs: str, labels: tuple[str, str]) -> str:
    return _conflict_markers(yamledit.with_newline(ours), yamledit.with_newline(theirs), labels)


def _added_twice(
    ours: _CardVersion, theirs: _CardVersion, labels: tuple[str, str], strict: bool
) -> MergedText:
    if ours.meaning == theirs.meaning:
        return MergedText(ours.text)
    notices = (f"{WHOLE}: two different cards have this id ({labels[0]}, {labels[1]})",)
    both = _mark_whole(ours.text, theirs.text, labels) if strict else ours.text
    return MergedText(both, (WHOLE,), notices)


def _by_lines(
    base: str, ours: str, theirs: str, labels: tuple[str, str], strict: bool, why: str
) -> MergedText:
    """Merge by lines as git does, for a side that is not a card; at worst the whole conflicts."""
    clean = merge.text(base, ours, theirs)
    if clean is not None:
        return MergedText(clean)
    notices = (f"{WHOLE}: both changed, and not by field: {why}",)
    return MergedText(_mark_whole(ours, theirs, labels) if strict else ours, (WHOLE,), notices)
