"""A card exactly in the layout of `fmt`, read by one pattern instead of a YAML parser.

A board of ten thousand cards is parsed in a tenth of a second this way. Whatever is not plainly
in that layout, or has anything that YAML could read in two ways, is left to `cardfile.parse`:
None means "ask the parser", never "this is not a card".
"""

from collections.abc import Callable
from functools import cache

from gitkanban import clock
from gitkanban.board.formats import cardparts
from gitkanban.core import ids, model, sizes
from gitkanban.core.model import Card
from gitkanban.late import re
from gitkanban.typed import Any

_ODD = "\n" + "".join(cardparts.ODD_SPANS)
_CHAR = f"[^{_ODD}]"
# A plain scalar begins with a character that begins nothing else; `: ` and ` #` end it (7.3.3).
_PLAIN = rf"[A-Za-z0-9_/(\u00c0-\u02af](?:[^{_ODD} :]++| ++(?=[^ #\n])|:(?=[^ \n]))*+"
_SCALAR = rf"(?:{_PLAIN}|'(?:[^{_ODD}']++|'')*+')"
_ITEMS = rf"\[\]\n|\n(?:  - {_SCALAR}\n)++"
_BLOCK = rf"\|-?\n(?:  (?! ){_CHAR}++\n)(?:  (?! *\n){_CHAR}++\n|\n)*+"
_LAYOUT = (
    rf"id: ({_SCALAR})\n"
    rf"\ntitle: ({_SCALAR})\n"
    rf"\nworker: ({_SCALAR})\n"
    rf"\nstatus: ([a-z]+)\n"
    rf"((?:[a-z_]+: {_SCALAR}\n)*)"
    rf"\npriority: (-?[0-9]{{1,15}})\n"
    rf"\nparents:(?: |(?=\n))({_ITEMS})"
    rf"\nneeds:(?: |(?=\n))(\{{\}}\n|\n(?:  [A-Za-z0-9_.-]+: [0-9]{{1,15}}\n)+)"
    rf"(?:\nlabels:(?: |(?=\n))({_ITEMS}))?"
    rf"(?:\nmodel: ({_SCALAR})\n)?"
    rf"(?:\neffort: ({_SCALAR})\n)?"
    rf"\nacceptance:(?: |(?=\n))({_ITEMS})"
    rf"\nbody: ({_SCALAR}\n|{_BLOCK})"
)
_NO_ITEMS = "[]\n"
# The optional fields below `status:`, in the order of `Card`, and what they are without one.
_GROUP_FIELDS = {
    key: Card._field_defaults[key] for key in model.STATUS_FIELDS if key != "status"
}  # fmt: skip
_NO_STATUS_GROUP = tuple(_GROUP_FIELDS.values())
# To import `re` and compile the pattern takes as long as it saves on about so many cards: 12 ms, at
# 10 to 15 µs a card of 250 to 2,000 signs (CPython 3.11).
_BY_HAND_MOST = 800
_NULLS = frozenset({"null", "Null", "NULL"})  # plain, these stand for nothing


def read(data: bytes, stem: str) -> Card | None:
    """Return the card in a file named `stem`.yaml, or None if the file needs the parser."""
    try:
        parts = _take_apart(data.decode("utf-8"))
    except UnicodeDecodeError:
        return None
    if parts is None:
        return None
    (card_id, title, worker, status, group, priority, parents, needs, labels, model_name, effort,
     acceptance, body) = parts  # fmt: skip
    if _read_item(card_id) != stem or ids.fault(stem) or status not in model.STATUSES:
        return None
    status_group = _read_status_group(group) if group else _NO_STATUS_GROUP
    parent_ids = _read_items(parents) if parents != _NO_ITEMS else ()
    amounts = _read_needs(needs)
    if status_group is None or amounts is None or (parent_ids and any(map(ids.fault, parent_ids))):
        return None
    label_words = _read_items(labels) if labels and labels != _NO_ITEMS else ()
    if len(parent_ids) > sizes.PARENTS_MOST or (
        label_words and not all(map(ids.is_label, label_words))
    ):
        return None
    # By position: this takes a third of the time that names take, and boards have many cards.
    return tuple.__new__(Card, (
        stem,
        _read_scalar(title),
        _read_scalar(worker),
        status,
        int(priority),
        tuple(sorted(parent_ids)) if len(parent_ids) > 1 else parent_ids,
        amounts,
        _read_items(acceptance) if acceptance != _NO_ITEMS else (),
        *status_group,
        _read_block(body) if body[0] == "|" else _read_scalar(body[:-1]),
        _read_scalar(model_name) if model_name else "",
        _read_scalar(effort) if effort else "",
        tuple(sorted(label_words)) if label_words else (),
    ))  # fmt: skip


_by_hand = 0  # cards that this process has taken apart without the pattern


def expect_cards(count: int) -> None:
    """Say how many cards come next: where they are many, the pattern takes all of them apart."""
    global _by_hand
    if _by_hand + count > _BY_HAND_MOST:
        _by_hand = _BY_HAND_MOST


def _take_apart(text: str) -> cardparts.Parts | None:
    """Return the groups of the pattern, without it while this process has read few cards."""
    global _by_hand
    if _by_hand < _BY_HAND_MOST:
        _by_hand += 1
        return cardparts.take_apart(text)
    match = _compile_layout().fullmatch(text)
    return match.groups() if match else None


@cache
def _compile_layout() -> "re.Pattern[str]":
    """Return the pattern; compiling it takes longer than many commands do as a whole."""
    return re.compile(_LAYOUT, re.DOTALL)


def _read_scalar(source: str) -> str:
    if source[:1] == "'":
        return source[1:-1].replace("''", "'")
    return "" if source in _NULLS else source


def _read_items(source: str) -> tuple[str, ...]:
    """Return the items of a list, without duplicates."""
    return tuple(dict.fromkeys([_read_item(line[4:]) for line in source.split("\n")[1:-1]]))


def _read_item(source: str) -> str:
    """Return a scalar that cannot be empty: `null` is a word like any other here."""
    return source if source in _NULLS else _read_scalar(source)


def _read_needs(source: str) -> tuple[tuple[str, int], ...] | None:
    """Return sorted (capacity, amount) pairs; None if a capacity is given twice."""
    if source == "{}\n":
        return ()
    pairs = [line[2:].split(": ") for line in source.split("\n")[1:-1]]
    amounts = {name: int(amount) for name, amount in pairs}
    return tuple(sorted(amounts.items())) if len(amounts) == len(pairs) else None


def _read_block(source: str) -> str:
    """Return the text of a literal block, ending in one newline for `|`, in none for `|-`."""
    header, _, lines = source.partition("\n")
    text = f"\n{lines}".replace("\n  ", "\n")[1:].rstrip("\n")
    return text if header == "|-" else f"{text}\n"


def _read_status_group(source: str) -> tuple[Any, ...] | None:
    """Return the fields of `_GROUP_FIELDS`; None if one of them needs the parser."""
    values: dict[str, Any] = {}
    for line in source.split("\n")[:-1]:
        key, _, written = line.partition(": ")
        text = _read_scalar(written)
        check = _CHECKS.get(key)
        if check is None or key in values or not text or not check(text):
            return None
        values[key] = text
    if "not_before" in values:
        try:
            values["not_before"] = clock.parse(values["not_before"])
        except (ValueError, OverflowError):
            return None
    return tuple([values.get(key, none) for key, none in _GROUP_FIELDS.items()])


_SLOT = re.compile(r"[A-Za-z0-9_-]{1,64}#[1-9][0-9]{0,5}")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
_COMMIT = re.compile(r"[0-9a-f]{40}")
# Each looks its pattern up when it is called: to name a method of a pattern would compile it.
_CHECKS: dict[str, Callable[[str], object]] = {
    "run": lambda text: not ids.fault(text),
    "slot": lambda text: _SLOT.fullmatch(text),
    "clone": bool,
    "host": bool,
    "machine": bool,
    "not_before": lambda text: _TIME.fullmatch(text),
    "reason": model.BLOCK_REASONS.__contains__,
    "why": bool,
    "attempts_after": bool,
    "merged": lambda text: _COMMIT.fullmatch(text),
}
