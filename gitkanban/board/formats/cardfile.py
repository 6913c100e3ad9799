"""`cards/<id>.yaml` to a card and back: parsing, the canonical layout, edits in place.

It does not look at other cards: the check of the whole board finds unknown parents and workers.

The canonical layout lets plain git merge what two branches changed: a blank line between fields,
lists one item a line, sets sorted. The fields that a transition writes together (`status` and
what goes with it) form one paragraph; they are one fact, and never merge by halves. Fields that are
not `OPTIONAL` are always written, empty if need be. Otherwise git would report a conflict where one
branch adds a field and another changes the field below it.
"""

from collections.abc import Mapping

from gitkanban import clock
from gitkanban.board.formats import cardfast, cardkeys, yamledit, yamltext
from gitkanban.board.formats.yamltext import Bad, Node, Scalar, Sequence, block, refuse, scalar
from gitkanban.core import ids, model, sizes
from gitkanban.core.changes import Value
from gitkanban.core.model import Card, Problem
from gitkanban.core.names import NO_CARD
from gitkanban.late import re
from gitkanban.typed import Any

STATUS_GROUP = model.STATUS_FIELDS  # the fields of the status paragraph, in order
ORDER = tuple(key.name for key in cardkeys.KEYS)
OPTIONAL = frozenset(key.name for key in cardkeys.KEYS if key.optional)
ALWAYS = frozenset(ORDER) - OPTIONAL
BLANK = Card(NO_CARD)
_SLOT = re.compile(r"(?P<profile>.+)#(?P<number>[1-9][0-9]{0,5})\Z")


def parse(data: bytes, path: str) -> Card:
    """Return the card in a file. `path` is named in problems, and its stem must be the card's id.

    Raises Bad; never returns half a card. Unknown keys are ignored.
    """
    root = yamltext.load(yamltext.decoded(data, path), path)
    return from_nodes(root, path.rpartition("/")[2].removesuffix(".yaml"), path)


def from_nodes(root: yamltext.Mapping, stem: str, path: str = "card") -> Card:
    """Return the card in a parsed document; its id must be `stem`. Raises Bad."""
    values: dict[str, Any] = {}  # each reader returns its field's type
    for key, node in root.entries:
        read = _READERS.get(key.text)
        if read is not None:
            values[key.text] = read(path, key.text, node)
    if "id" not in values:
        raise Bad(Problem(path, 1, 1, "there is no id", hint=f"Add the line `id: {stem}`."))
    if values["id"] != stem:
        node = next(value for key, value in root.entries if key.text == "id")
        hint = f"Write `id: {stem}`, or give the file the card's name."
        refuse(path, node, f"the id is {values['id']!r}, the file is named {stem!r}", hint)
    return Card(**values)


def _text_value(path: str, key: str, node: Node) -> str:
    if not isinstance(node, Scalar):
        hint = f"Write {key}: and words; quote them where they hold brackets."
        refuse(path, node, f"{key} must be text, not {yamltext.described(node)}", hint)
    return "" if node.absent else node.text


def _prose_value(path: str, key: str, node: Node) -> str:
    return _trim_blank_lines(_text_value(path, key, node))


def _trim_blank_lines(text: str) -> str:
    """Return a text without blank lines at its end: in a file they would look like layout."""
    core = text.rstrip("\n")
    return f"{core}\n" if core and text.endswith("\n") else core


def _name_value(path: str, key: str, node: Node) -> str:
    text = node.text if isinstance(node, Scalar) and node.text else _text_value(path, key, node)
    wrong = ids.fault(text) if text or key == "id" else ""
    if wrong:
        refuse(path, node, f"{text[:40]!r} cannot be the {key}: {wrong}")
    return text


def _slot_value(path: str, key: str, node: Node) -> str:
    text = _text_value(path, key, node)
    match = _SLOT.match(text)
    if text and (not match or ids.fault(match["profile"])):
        refuse(path, node, f"{text[:40]!r} is not a slot", "A slot reads `profile#1`.")
    return text


def _commit_value(path: str, key: str, node: Node) -> str:
    text = _text_value(path, key, node)
    if text and not re.fullmatch("[0-9a-f]{40}", text):
        refuse(path, node, f"{text[:40]!r} is not a commit", "Write all 40 digits of its id.")
    return text


def _status_value(path: str, key: str, node: Node) -> str:
    text = _text_value(path, key, node)
    return _one_of(path, key, node, text, known=model.STATUSES) if text else model.TODO


def _reason_value(path: str, key: str, node: Node) -> str:
    text = _text_value(path, key, node)
    return _one_of(path, key, node, text, known=model.BLOCK_REASONS) if text else ""


def _one_of(path: str, key: str, node: Node, text: str, known: tuple[str, ...]) -> str:
    if text not in known:
        refuse(path, node, f"{text[:40]!r} is not a {key}", ids.did_you_mean(text, known))
    return text


def _number_value(path: str, key: str, node: Node) -> int:
    if isinstance(node, Scalar) and node.absent:
        return 0
    if not isinstance(node, Scalar) or not re.fullmatch(r"[-+]?[0-9]{1,15}", node.text, re.ASCII):
        hint = "Write it in digits, at most 15."
        refuse(path, node, f"{key} must be a whole number, not {yamltext.described(node)}", hint)
    return int(node.text)


def _time_value(path: str, key: str, node: Node) -> int:
    text = _text_value(path, key, node)
    if not text:
        return 0
    try:
        return int(text) if text.isdecimal() and len(text) < 12 else clock.parse(text)
    except (ValueError, OverflowError):
        refuse(path, node, f"{text[:40]!r} is not a time", "Write it as 2026-11-23T22:00:00Z.")


def _item_values(path: str, key: str, node: Node) -> tuple[str, ...]:
    if isinstance(node, Scalar) and node.absent:
        return ()
    if not isinstance(node, Sequence):
        hint = f"Write {key}: and one `- item` a line below."
        refuse(path, node, f"{key} must be a list, not {yamltext.described(node)}", hint)
    texts: list[str] = []
    for entry in node.items:
        if not isinstance(entry, Scalar) or (not entry.text and not entry.style):
            refuse(path, entry, f"an item of {key} must be text, not {yamltext.described(entry)}")
        texts.append(entry.text)
    return tuple(dict.fromkeys(texts))


def _label_values(path: str, key: str, node: Node) -> tuple[str, ...]:
    labels = _item_values(path, key, node)
    wrong = next((each for each in labels if not ids.is_label(each)), None)
    if wrong is not None:
        refuse(path, node, f"{wrong[:70]!r} cannot be a label: {ids.LABEL_RULE}")
    return tuple(sorted(labels))


def _parent_values(path: str, key: str, node: Node) -> tuple[str, ...]:
    parents = _item_values(path, key, node)
    if len(parents) > sizes.PARENTS_MOST:
        hint = "Let some of them wait for the others, or for a card that gathers them."
        what = f"{len(parents)} parents, more than the {sizes.PARENTS_MOST} a card may have"
        refuse(path, node, what, hint)
    for text in parents:
        wrong = ids.fault(text)
        if wrong:
            assert isinstance(node, Sequence)
            at = next(n for n in node.items if isinstance(n, Scalar) and n.text == text)
            refuse(path, at, f"{text[:40]!r} cannot be a card id: {wrong}")
    return tuple(sorted(parents))


def _needs_value(path: str, _key: str, node: Node) -> tuple[tuple[str, int], ...]:
    if isinstance(node, Scalar) and node.absent:
        return ()
    if not isinstance(node, yamltext.Mapping):
        hint = "Write needs: and one `capacity: 1` a line below."
        refuse(path, node, f"needs must be a mapping, not {yamltext.described(node)}", hint)
    needs = []
    for name, value in node.entries:
        amount = _number_value(path, f"needs.{name.text}", value)
        if amount < 0 or (isinstance(value, Scalar) and value.absent):
            refuse(path, value, f"needs.{name.text} must be at least 1, or 0 for none")
        needs.append((name.text, amount))
    return tuple(sorted(needs))


_READERS_BY_KIND = {
    cardkeys.NAME: _name_value, cardkeys.TEXT: _text_value, cardkeys.PROSE: _prose_value,
    cardkeys.NUMBER: _number_value, cardkeys.TIME: _time_value, cardkeys.SLOT: _slot_value,
    cardkeys.COMMIT: _commit_value, cardkeys.ITEMS: _item_values, cardkeys.LABELS: _label_values,
    cardkeys.PARENTS: _parent_values, cardkeys.COUNTS: _needs_value, model.STATUSES: _status_value,
    model.BLOCK_REASONS: _reason_value,
}  # fmt: skip
_READERS = {key.name: _READERS_BY_KIND[key.kind] for key in cardkeys.KEYS}


# Writing ------------------------------------------------------------------------------------


def render(card: Card) -> str:
    """Return the canonical text of a card."""
    text = ""
    for key in ORDER:
        value = _normal_value(key, getattr(card, key))
        if key in ALWAYS or value != getattr(BLANK, key):
            glued = key in STATUS_GROUP[1:]
            text += ("" if glued or not text else "\n") + field(key, value)
    return text


def field(key: str, value: Value) -> str:
    """Return the canonical lines of one field, with a newline at the end."""
    if isinstance(value, tuple):
        if not value:
            return f"{key}: []\n" if key != "needs" else "needs: {}\n"
        dash = "" if key == "needs" else "- "
        return f"{key}:\n" + "".join(f"  {dash}{line}\n" for _, line in _written_items(key, value))
    if key == "body" or (key == "why" and isinstance(value, str) and "\n" in value):
        return f"{key}: {block(str(value))}\n"
    return f"{key}: {_write_value(key, value)}\n"


def _write_value(key: str, value: Value, style: str = "") -> str:
    if key == "not_before" and isinstance(value, int):
        return clock.iso(value) or "0"
    return scalar(value, style) if isinstance(value, str) else str(value)


def _written_items(key: str, value: tuple[Any, ...]) -> list[tuple[object, str]]:
    """Return (identity, YAML) of every item, see `yamledit.relisted`."""
    if key == "needs":
        return [((name, str(n)), f"{scalar(name)}: {n}") for name, n in sorted(value)]
    return [(entry, scalar(entry)) for entry in value]


def edited(text: str, fields: Mapping[str, Value]) -> str:
    """Return the text with new values for some fields, every other line as it was.

    A field at its default is removed, unless it is always written. Raises Bad when the text is not
    a card, or would not be one with these values.
    """
    fields = {key: _normal_value(key, fields[key]) for key in sorted(fields, key=ORDER.index)}
    laid_out = _edit_laid_out(text, fields)
    if laid_out is not None:
        return laid_out
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    before = text.removeprefix("\ufeff")
    after = before
    for key in fields:
        after = _edited_field(after, key, fields[key])
    if after != before and not _is_edit(before, after, fields):
        raise Bad(
            Problem("card", 0, 0, "cannot be edited in place", hint="Format it: `gitkanban fmt`.")
        )
    return mark + after


def _edit_laid_out(text: str, fields: Mapping[str, Value]) -> str | None:
    """Do what `edited` does for a card exactly as `render` writes it; None for any other.

    This needs no YAML parser, and imports none.
    """
    card = _read_fast(text)
    if card is None or render(card) != text:
        return None
    wanted = card._replace(**fields)
    after = render(wanted)
    return after if _read_fast(after) == wanted else None


def _read_fast(text: str) -> Card | None:
    stem = text.partition("\n")[0].removeprefix("id: ")
    return cardfast.read(text.encode("utf-8", "surrogateescape"), stem)


def _is_edit(before: str, after: str, fields: Mapping[str, Value]) -> bool:
    """Return whether the edit changed what was asked and nothing else."""
    old = yamltext.load(before, "card")
    name = old.get("id")
    stem = name.text if isinstance(name, Scalar) else ""
    wanted = from_nodes(old, stem)._replace(**fields)
    new = from_nodes(yamltext.load(after, "card"), str(fields.get("id", stem)))
    return new == wanted


def _normal_value(key: str, value: Value) -> Value:
    """Return the value as it will be read back: sets sorted, no duplicates, no lone surrogates."""
    if key == "needs" and isinstance(value, tuple):
        return tuple(sorted(value))
    if isinstance(value, tuple):
        items = tuple(dict.fromkeys(_without_surrogates(str(item)) for item in value))
        return tuple(sorted(items)) if key in ("parents", "labels") else items
    if isinstance(value, str):
        return _without_surrogates(_trim_blank_lines(value) if key in ("why", "body") else value)
    return value


def _without_surrogates(text: str) -> str:
    return text if text.isascii() else re.sub("[\ud800-\udfff]", "\ufffd", text)


def _edited_field(text: str, key: str, value: Value) -> str:
    root = yamltext.load(text, "card")
    node = root.get(key)
    default = getattr(BLANK, key)
    if node is not None and _READERS[key]("card", key, node) == value:
        return text
    if node is None and value == default:
        return text
    try:
        spans = yamledit.top_spans(text, root)
    except yamledit.LayoutError:
        text = yamledit.as_block(text)
        root = yamltext.load(text, "card")
        node, spans = root.get(key), yamledit.top_spans(text, root)
    if node is None:
        return _with_field(text, spans, key, value)
    if value == default and key not in ALWAYS:
        return yamledit.removed(text, spans[key])
    if isinstance(node, Scalar) and not isinstance(value, tuple) and key != "body":
        style = node.style if node.style in ("'", '"') and node.text else ""
        done = yamledit.value_replaced(text, node, _write_value(key, value, style))
        if done is not None and "\n" not in str(value):
            return done
    if isinstance(value, tuple) and value:
        done = yamledit.relisted(text, spans[key], node, _written_items(key, value))
        if done is not None:
            return done
    return yamledit.replaced(text, spans[key], field(key, value))


def _with_field(text: str, spans: dict[str, yamledit.Span], key: str, value: Value) -> str:
    before = yamledit.place_after(ORDER, spans, key)
    if not before:
        first = min(spans.values(), default=yamledit.Span(len(text), len(text)))
        return yamledit.inserted(text, first.start, field(key, value), glued=False)
    glued = key in STATUS_GROUP[1:] and before in STATUS_GROUP
    return yamledit.inserted(text, spans[before].end, field(key, value), glued=glued)
