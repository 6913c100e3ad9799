"""The difference of two boards as text for a terminal and as JSON data.

For markdown see `diffmarkdown`.
"""

from collections.abc import Iterator, Sequence

from gitkanban.clock import iso
from gitkanban.core.model import Card
from gitkanban.core.names import CardId
from gitkanban.core.review.diff import CardChange, Difference, FieldChange, Outlook
from gitkanban.core.review.worddiff import NEW, OLD, TextPiece, changed_lines, word_diff
from gitkanban.typed import Any
from gitkanban.views.text import clipped, coloured, plural, shown

SIGNS = {"added": "+", "removed": "-", "archived": "-", "changed": "~"}
_COLOURS = {"added": "green", "removed": "red", "archived": "dim", "changed": "yellow"}
PROSE = frozenset({"body", "why"})
SETS = frozenset({"parents", "acceptance", "needs"})


def diff_text(diff: Difference, a: str, b: str, colour: bool = False) -> str:
    """The whole page; it begins with what is compared."""
    head = [coloured(f"{shown(a)} → {shown(b)}: {counted(diff)}", "bold", colour)]
    if diff.empty:
        return head[0] + "\n"
    for change in diff.cards:
        head += ["", *_card_lines(change, colour)]
    parts = [
        head,
        _setting_lines(diff, colour),
        list(_other_lines(diff)),
        list(_outlook_section(diff)),
    ]
    titles = ["", "config", "", "then"]
    out: list[str] = []
    for title, lines in zip(titles, parts, strict=True):
        if not lines:
            continue
        if out:
            out.append("")
        if title:
            out.append(coloured(title, "bold", colour))
        out += lines
    return "".join(f"{line}\n" for line in out)


def counted(diff: Difference) -> str:
    """`2 cards added, 1 changed, config changed`, or that nothing has changed."""
    kinds = [change.kind for change in diff.cards]
    parts: list[str] = []
    for kind in SIGNS:
        count = kinds.count(kind)
        if count:
            parts.append(f"{count} {kind}" if parts else f"{plural(count, 'card')} {kind}")
    for name, count in (("run", _total_count(diff.runs)), ("note", _total_count(diff.notes))):
        if count:
            parts.append(plural(count, name))
    if diff.settings:
        parts.append("config changed")
    if diff.broken:
        parts.append(f"{plural(len(diff.broken), 'file')} unreadable")
    if not parts and not diff.empty:
        parts.append("workers paused or resumed, or files repaired")
    return ", ".join(parts) or "no difference"


def _total_count(counts: Sequence[tuple[str, int]]) -> int:
    return sum(count for _, count in counts)


def _card_lines(change: CardChange, colour: bool) -> list[str]:
    card = change.card
    head = f"{SIGNS[change.kind]} {change.id}  {clipped(shown(card.title), 80)}"
    if change.kind != "changed":
        head += f"  ({', '.join(facts(card))})" if change.after else f"  ({change.kind})"
    lines = [coloured(head, _COLOURS[change.kind], colour)]
    if change.kind == "added":
        lines += [f"    waits for {', '.join(card.parents)}"] if card.parents else []
        lines += [f"    done when: {shown(line)}" for line in card.acceptance]
        body = card.body.strip().splitlines()
        lines += [f"    | {clipped(shown(line), 90)}" for line in body[:5]]
        lines += [f"    | … {plural(len(body) - 5, 'more line')}"] if len(body) > 5 else []
    for field in change.fields:
        lines += [f"    {line}" for line in _field_lines(field, colour)]
    return lines


def facts(card: Card) -> list[str]:
    """What a card is, in short: status, worker, priority, needs."""
    parts = [card.status, card.worker or "no worker"]
    parts += [f"priority {card.priority}"] if card.priority else []
    return parts + [f"{name} {amount}" for name, amount in card.needs]


def _field_lines(field: FieldChange, colour: bool) -> list[str]:
    if field.name in PROSE and "\n" in f"{field.before}{field.after}":
        return [f"{field.name}:", *(f"  {line}" for line in _prose_lines(field, colour))]
    if field.name in SETS:
        return [f"{field.name}: {'  '.join(_set_words(field, colour))}"]
    before, after = (value_text(field.name, value) for value in (field.before, field.after))
    return [f"{field.name}: {shown(before) or 'nothing'} → {shown(after) or 'nothing'}"]


def value_text(name: str, value: Any) -> str:
    """A field's value as people write it."""
    if name == "not_before":
        return iso(value)
    if isinstance(value, tuple):
        return ", ".join(item_text(item) for item in value)
    return str(value)


def item_text(item: Any) -> str:
    """An item of a set: a text, or a need as `build 2`."""
    return " ".join(map(str, item)) if isinstance(item, tuple) else str(item)


def set_change(field: FieldChange) -> tuple[list[str], list[str]]:
    """What left a set, and what came into it; both empty when only the order changed."""
    gone = [item_text(item) for item in field.before if item not in field.after]
    return gone, [item_text(item) for item in field.after if item not in field.before]


def _set_words(field: FieldChange, colour: bool) -> Iterator[str]:
    gone, new = set_change(field)
    if not gone and not new:
        yield "another order"
    for text in gone:
        yield coloured(f"- {shown(text)}", "red", colour)
    for text in new:
        yield coloured(f"+ {shown(text)}", "green", colour)


def _prose_lines(field: FieldChange, colour: bool) -> Iterator[str]:
    for line in changed_lines(word_diff(str(field.before), str(field.after))):
        yield "…" if line is None else "".join(_mark_piece(piece, colour) for piece in line)


def _mark_piece(piece: TextPiece, colour: bool) -> str:
    text = shown(piece.text)
    if piece.kind == OLD:
        return coloured(f"[-{text}-]", "red", colour)
    return coloured(f"{{+{text}+}}", "green", colour) if piece.kind == NEW else text


def _setting_lines(diff: Difference, colour: bool) -> list[str]:
    lines = []
    for setting in diff.settings:
        before, after = (shown(text) or "nothing" for text in (setting.before, setting.after))
        mark = coloured("  (is executed)", "red", colour) if setting.executes else ""
        lines.append(f"  {setting.path}: {before} → {after}{mark}")
    return lines


def _other_lines(diff: Difference) -> Iterator[str]:
    for name, counts in (("run", diff.runs), ("note", diff.notes)):
        if counts:
            words = ", ".join(f"{plural(count, name)} of {card}" for card, count in counts)
            yield f"recorded: {words}"
    yield from (f"paused: {name}" for name in diff.paused)
    yield from (f"resumed: {name}" for name in diff.resumed)
    yield from (f"can no longer be read: {shown(name)}" for name in diff.broken)
    yield from (f"can be read again: {shown(name)}" for name in diff.mended)


def _outlook_section(diff: Difference) -> Iterator[str]:
    yield from (f"  {line}" for line in outlook_lines(diff))


def outlook_lines(diff: Difference) -> Iterator[str]:
    """What follows from the change, a line each."""
    yield from (f"a new cycle: {ring_text(ring)}; none of them can start" for ring in diff.rings)
    if diff.ready:
        yield f"ready: {', '.join(diff.ready)}"
    if diff.freed:
        yield f"no longer waits for anything: {', '.join(diff.freed)}"
    for waiting in diff.waits:
        yield f"{waiting.card} waits for {', '.join(waiting.parents)}"
    yield f"longest chain: {_before_and_after(chain_text(diff.before), chain_text(diff.after))}"
    yield f"a tick would start: {_before_and_after(starts_text(diff.before), starts_text(diff.after))}"


def ring_text(ring: Sequence[str]) -> str:
    """A cycle as its cards, the first one again at the end."""
    return " → ".join([*ring, ring[0]])


def _before_and_after(before: str, after: str) -> str:
    return f"{before}; now {after}" if before != after else f"{after}, as before"


def chain_text(outlook: Outlook) -> str:
    """`3 cards (T0 → T1 → T4)`; a long one is cut in the middle."""
    chain: list[str] = list(outlook.chain)
    if len(chain) > 8:
        chain = [*chain[:4], "…", *chain[-3:]]
    names = f" ({' → '.join(chain)})" if chain else ""
    return plural(len(outlook.chain), "card") + names


def starts_text(outlook: Outlook) -> str:
    """`2 sessions (backend-hermes: T1, T3)`."""
    words = "; ".join(
        f"{profile}: {_first_cards(cards)}" for profile, cards in outlook.starts.items()
    )
    count = sum(map(len, outlook.starts.values()))
    return plural(count, "session") + (f" ({words})" if words else "")


def _first_cards(cards: Sequence[CardId]) -> str:
    return ", ".join(cards[:8]) + (f" and {len(cards) - 8} more" if len(cards) > 8 else "")


def diff_data(diff: Difference, a: str, b: str) -> dict[str, Any]:
    """The data of `diff --format json`."""
    return {
        "a": a,
        "b": b,
        "cards": [_card_data(change) for change in diff.cards],
        "config": [dict(setting._asdict()) for setting in diff.settings],
        "commands": [dict(setting._asdict()) for setting in diff.settings if setting.executes],
        "runs": dict(diff.runs),
        "notes": dict(diff.notes),
        "paused": list(diff.paused),
        "resumed": list(diff.resumed),
        "broken": list(diff.broken),
        "mended": list(diff.mended),
        "ready": list(diff.ready),
        "waits": [{"card": each.card, "parents": list(each.parents)} for each in diff.waits],
        "cycles": [list(ring) for ring in diff.rings],
        "chain": {"before": list(diff.before.chain), "after": list(diff.after.chain)},
        "starts": {"before": _starts_data(diff.before), "after": _starts_data(diff.after)},
    }


def _starts_data(outlook: Outlook) -> dict[str, list[str]]:
    return {profile: list(cards) for profile, cards in outlook.starts.items()}


def _card_data(change: CardChange) -> dict[str, Any]:
    data: dict[str, Any] = {
        "id": change.id,
        "kind": change.kind,
        "title": change.card.title,
        "status": change.card.status,
        "worker": change.card.worker,
    }
    data["fields"] = {
        field.name: {
            "before": _json_value(field, field.before),
            "after": _json_value(field, field.after),
        }
        for field in change.fields
    }
    return data


def _json_value(field: FieldChange, value: Any) -> Any:
    if field.name == "needs":
        return dict(value)
    if field.name == "not_before":
        return iso(value)
    return list(value) if isinstance(value, tuple) else value
