"""The difference of two boards: the words that its pages share, and its JSON data.

The page for a terminal is `difftext`, that for GitHub `diffmarkdown`.
"""

from collections.abc import Iterator, Sequence

from gitkanban.clock import iso
from gitkanban.core.model import Card
from gitkanban.core.names import CardId
from gitkanban.core.review.diff import CardChange, Difference, FieldChange, Outlook
from gitkanban.typed import Any
from gitkanban.views.text import plural

SIGNS = {"added": "+", "removed": "-", "archived": "-", "changed": "~"}
PROSE = frozenset({"body", "why"})
SETS = frozenset({"parents", "acceptance", "needs"})


def counted(diff: Difference) -> str:
    """Return `2 cards added, 1 changed, config changed`, or say that nothing has changed."""
    kinds: list[str] = [change.kind for change in diff.cards]
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


def facts(card: Card) -> list[str]:
    """Return a card's main fields in short: status, worker, priority, needs."""
    parts = [card.status, card.worker or "no worker"]
    parts += [f"priority {card.priority}"] if card.priority else []
    return parts + [f"{name} {amount}" for name, amount in card.needs]


def value_text(name: str, value: Any) -> str:
    """Return a field's value as people write it."""
    if name == "not_before":
        return iso(value)
    if isinstance(value, tuple):
        return ", ".join(item_text(item) for item in value)
    return str(value)


def item_text(item: Any) -> str:
    """Return an item of a set as text; a need as `build 2`."""
    return " ".join(map(str, item)) if isinstance(item, tuple) else str(item)


def set_change(field: FieldChange) -> tuple[list[str], list[str]]:
    """Return (removed, added) items of a set; both are empty if only the order changed."""
    gone = [item_text(item) for item in field.before if item not in field.after]
    return gone, [item_text(item) for item in field.after if item not in field.before]


def outlook_lines(diff: Difference) -> Iterator[str]:
    """Yield a line for each consequence of the change."""
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
    """Return the cards of a cycle, the first one again at the end: `T1 → T2 → T1`."""
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
    """Return the data of `diff --format json`."""
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
