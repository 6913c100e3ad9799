"""A card in the layout of `fmt`, taken apart without a pattern.

To compile the pattern of `cardfast` takes longer than to write a card, so a process that reads few
cards does without it. Both give the same for every text.
"""

from gitkanban.typed import Any

Parts = tuple[Any, ...]
# The signs besides a line break that are no part of a laid-out card, first to last: controls, and
# what YAML 1.2 (5.1 and 5.4) does not print or could take for a line break. None is printable.
ODD_SPANS = (
    "\x00-\x09",
    "\x0b-\x1f",
    "\x7f-\xa0",
    "\u2028-\u2029",
    "\ufeff-\ufeff",
    "\ufffe-\uffff",
)
_ODD_SIGNS = frozenset(
    chr(code) for span in ODD_SPANS for code in range(ord(span[0]), ord(span[-1]) + 1)
)
_KEY_SIGNS = "abcdefghijklmnopqrstuvwxyz_"
_NAME_SIGNS = f"{_KEY_SIGNS}{_KEY_SIGNS.upper()}0123456789.-"
_SCALARS = ("id", "title", "worker")


def take_apart(text: str) -> Parts | None:
    """Return the parts of a card as the groups of `cardfast`'s pattern; None if it does not match.

    The parts are texts, or None for labels, model and effort that are not there.
    """
    head, _, body = text.partition("\n\nbody: ")
    fields = head.split("\n\n")
    if len(fields) < 8 or _has_odd_signs(text) or not _is_body(body):
        return None
    texts = [_field_text(field, key) for field, key in zip(fields, _SCALARS, strict=False)]
    status, newline, group = fields[3].removeprefix("status: ").partition("\n")
    priority = fields[4].removeprefix("priority: ")
    parents, needs = _list_text(fields[5], "parents"), _needs_text(fields[6])
    labels = _list_text(fields[7], "labels")
    later = fields[7 + (labels is not None) : -1]
    model_name = _field_text(later[0], "model") if later else None
    rest = later[model_name is not None :]
    effort = _field_text(rest[0], "effort") if rest else None
    acceptance = _list_text(fields[-1], "acceptance")
    right = (
        all(texts) and fields[3] == f"status: {status}{newline}{group}" and _is_word(status)
        and (not newline or all(map(_is_pair, group.split("\n"))))
        and fields[4] == f"priority: {priority}" and _is_number(priority.removeprefix("-"))
        and parents and needs and acceptance and rest[effort is not None :] == []
    )  # fmt: skip
    if not right:
        return None
    return (
        *texts, status, group + newline, priority, parents, needs, labels, model_name, effort,
        acceptance, body,
    )  # fmt: skip


def _has_odd_signs(text: str) -> bool:
    # Most cards are printable, which is known in a third of the time.
    return not text.replace("\n", "").isprintable() and not _ODD_SIGNS.isdisjoint(text)


def _field_text(field: str, key: str) -> str | None:
    """Return the scalar of a field `key`; None for any other."""
    text = field.removeprefix(f"{key}: ")
    return text if len(text) < len(field) and _is_scalar(text) else None


def _list_text(field: str, key: str) -> str | None:
    """Return the items of a field `key` as the pattern does; None for anything else."""
    opening, _, lines = field.partition("\n")
    if field == f"{key}: []":
        return "[]\n"
    if opening.removesuffix(" ") != f"{key}:" or not lines:
        return None
    items = lines.split("\n")
    right = all(item[:4] == "  - " and _is_scalar(item[4:]) for item in items)
    return f"\n{lines}\n" if right else None


def _needs_text(field: str) -> str | None:
    opening, _, lines = field.partition("\n")
    if field == "needs: {}":
        return "{}\n"
    if opening.removesuffix(" ") != "needs:" or not lines:
        return None
    for line in lines.split("\n"):
        name, _, amount = line[2:].partition(": ")
        if line[:2] != "  " or not _is_number(amount) or not name or name.strip(_NAME_SIGNS):
            return None
    return f"\n{lines}\n"


def _is_pair(line: str) -> bool:
    key, _, text = line.partition(": ")
    return bool(key) and not key.strip(_KEY_SIGNS) and _is_scalar(text)


def _is_word(text: str) -> bool:
    return text.isascii() and text.isalpha() and text.islower()


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 15


def _is_scalar(text: str) -> bool:
    """Return whether the pattern of scalars in `cardfast` matches a text without odd signs."""
    if text[:1] == "'":
        return len(text) > 1 and text[-1] == "'" and "'" not in text[1:-1].replace("''", "")
    first = text[:1]
    opens = first.isalnum() if first.isascii() else "\u00c0" <= first <= "\u02af"
    ends = text.endswith((" ", ":")) or ": " in text or " #" in text or "\n" in text
    return (opens or first in ("_", "/", "(")) and not ends


def _is_body(body: str) -> bool:
    """Return whether a text without odd signs is a scalar or a literal block, and its line ends."""
    lines = body.split("\n")
    if len(lines) < 2 or lines.pop():
        return False
    if lines[0] not in ("|", "|-"):
        return len(lines) == 1 and _is_scalar(lines[0])
    text = lines[1:]
    right = all(not line or (line[:2] == "  " and line[2:].strip(" ")) for line in text)
    return right and bool(text) and text[0][2:3] not in ("", " ")
