"""What holds cards back, as JSON data and as text."""

from collections.abc import Sequence
from typing import Any

from gitkanban.clock import iso
from gitkanban.core.held import Needed
from gitkanban.core.model import Board, Card
from gitkanban.core.reasons import Held, moment, span
from gitkanban.views.text import plural, seconds, shown


def why_data(
    board: Board, card: Card, held: Held | None, persons: Sequence[Needed]
) -> dict[str, Any]:
    """One card: what holds it (an empty code: nothing), what frees it, when at the earliest.

    `needs_person` says that it goes on only when somebody acts on this very card; `waiting` counts
    the cards that wait on it then.
    """
    needed = next((each for each in persons if each.card == card.id), None)
    return {
        "card": card.id,
        "title": card.title,
        "status": card.status,
        "code": held.code if held else "",
        "text": held.text if held else _free(card),
        "frees": held.frees if held else "",
        "at": iso(held.at) if held else "",
        "needs_person": needed is not None,
        "waiting": needed.waiting if needed else 0,
    }


def _free(card: Card) -> str:
    if card.status == "todo":
        return "nothing holds it: the next tick starts it"
    return f"is {card.status}"


def why_text(
    rows: Sequence[dict[str, Any]], missing: Sequence[Needed], stuck: str, now: int
) -> str:
    """A line for each card and one for what frees it; `missing` are ids without a card."""
    lines = [shown(f"Deadlock: {stuck}"), ""] if stuck else []
    for row in rows:
        lines.append(shown(f"{row['card']}  {row['text']}"))
        if row["waiting"]:
            lines.append(f"    {_cards(row['waiting'])} on it")
        if row["frees"]:
            lines.append(shown(f"    freed by {row['frees']}"))
        if row["at"]:
            at = seconds(row["at"])
            lines.append(f"    at the earliest {moment(at, now)}, in {span(at - now)}")
    for each in missing:
        lines.append(shown(f"{each.card}  {each.text}; {_cards(each.waiting)} on it"))
        lines.append(shown(f"    freed by {each.frees}"))
    return "\n".join(lines or ["no card is open"]) + "\n"


def _cards(count: int) -> str:
    return f"{plural(count, 'card')} wait{'s' if count == 1 else ''}"
