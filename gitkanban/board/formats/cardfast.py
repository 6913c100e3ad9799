"""A card exactly in the layout of `fmt`, read by one pattern instead of a YAML parser.

A board of ten thousand cards is parsed in a tenth of a second this way. Whatever is not plainly
in that layout, or has anything that YAML could read in two ways, is left to `cardfile.parse`:
None means "ask the parser", never "this is not a card".
"""

from collections.abc import Callable
from functools import cache

from gitkanban import clock
from gitkanban.core import ids, model, sizes
from gitkanban.core.model import Card
from gitkanban.core.names import CardId, WorkerName
from gitkanban.late import re
from gitkanban.typed import Any

# No line break, control or unassigned-by-YAML character, and no tab: YAML 1.2, 5.1 and 5.4.
_ODD = "\x00-\x1f\x7f-\xa0\u2028\u2029\ufeff\ufffe\uffff"
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
_NULLS = frozenset({"null", "Null", "NULL"})  # plain, these stand for nothing


def read(data: bytes, stem: str) -> Card | None:
    """Return the card in a file named `stem`.yaml, or None if the file needs the parser."""
    try:
        match = _compile_layout().fullmatch(data.decode("utf-8"))
    except UnicodeDecodeError:
        return None
    if match is None or _read_item(match[1]) != stem or ids.fault(stem):
        return None
    _, title, worker, status, group, priority, parents, needs, *rest = match.groups()
    labels, model_name, effort, acceptance, body = rest
    if status not in model.STATUSES:
        return None
    group_values = _read_status_group(group) if group else {}
    parent_ids = _read_items(parents)
    amounts = _read_needs(needs)
    if group_values is None or amounts is None or any(map(ids.fault, parent_ids)):
        return None
    label_words = _read_items(labels) if labels else ()
    if len(parent_ids) > sizes.PARENTS_MOST or not all(map(ids.is_label, label_words)):
        return None
    return Card(
        CardId(stem),
        _read_scalar(title),
        WorkerName(_read_scalar(worker)),
        status,
        priority=int(priority),
        parents=tuple(sorted(map(CardId, parent_ids))),
        needs=amounts,
        acceptance=_read_items(acceptance),
        model=_read_scalar(model_name) if model_name else "",
        effort=_read_scalar(effort) if effort else "",
        labels=tuple(sorted(label_words)),
        body=_read_block(body) if body[0] == "|" else _read_scalar(body[:-1]),
        **group_values,
    )


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
    if source == "[]\n":
        return ()
    return tuple(dict.fromkeys(_read_item(line[4:]) for line in source.split("\n")[1:-1]))


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
    text = "\n".join(line[2:] for line in lines.split("\n")).rstrip("\n")
    return text if header == "|-" else f"{text}\n"


def _read_status_group(source: str) -> dict[str, Any] | None:
    """Return the optional fields below `status:`; None if one of them needs the parser."""
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
    return values


_CHECKS: dict[str, Callable[[str], object]] = {
    "run": lambda text: not ids.fault(text),
    "slot": re.compile(r"[A-Za-z0-9_-]{1,64}#[1-9][0-9]{0,5}").fullmatch,
    "clone": bool,
    "host": bool,
    "not_before": re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z").fullmatch,
    "reason": model.BLOCK_REASONS.__contains__,
    "why": bool,
    "attempts_after": bool,
    "merged": re.compile(r"[0-9a-f]{40}").fullmatch,
}
