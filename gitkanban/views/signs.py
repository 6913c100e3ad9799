"""The sign and the colour of every state, and the cells that cards are shown with.

It imports nothing heavy, because `status` must start fast.
"""

from gitkanban.core.time_words import short_span
from gitkanban.views.text import Look, clipped, padded, seconds, shown, width

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitkanban.typed import Any

_SIGNS = {
    "question": ("?", "red"),
    "failed": ("✗", "red"),
    "conflict": ("✗", "red"),
    "stuck": ("✗", "red"),
    "missing": ("✗", "red"),
    "unreadable": ("✗", "red"),
    "review": ("◆", "yellow"),
    "running": ("●", "green"),
    "next": ("○", "cyan"),
    "waiting": ("·", "dim"),
    "done": ("✓", "dim"),
    "dropped": ("–", "dim"),
}


def sign(look: Look, state: str) -> str:
    """Return the sign of a state, in its colour; it takes one column."""
    drawn, colour = _SIGNS.get(state, (" ", ""))
    return look.paint(drawn, colour)


def after_words(card: "dict[str, Any]", most: int = 5) -> str:
    """`after CO-2 ◆ CO-3 ?`: the parents that a card waits for, with the signs of their states."""
    waits = card["after"]
    named = [f"{name} {_SIGNS.get(state, (' ', ''))[0]}".rstrip() for name, state in waits[:most]]
    more = [f"+{len(waits) - most}"] if len(waits) > most else []
    return " ".join(["after", *named, *more])


def remark(card: "dict[str, Any]") -> str:
    """Return a card's remark, its parents with their signs."""
    if card["group"] == "waiting" and card["remark"].startswith("after "):
        return shown(after_words(card))
    return shown(card["remark"])


def age_of(card: "dict[str, Any]", now: float) -> str:
    """Return for how long a card has been in its state; empty if that is unknown."""
    return short_span(now - seconds(card["since"])) if card["since"] else ""


def money(cost: str) -> str:
    """`$0.04`; empty for an unknown cost."""
    if not cost:
        return ""
    number = float(cost)
    return f"${number:.2f}" if number >= 0.01 or not number else f"${number:.1g}"


def tried(card: "dict[str, Any]") -> str:
    """`try 2 of 3` of a card that was tried before; empty at the first try."""
    if card["tries"] < 2 and not (card["tries"] and card["last"] and card["group"] != "running"):
        return ""
    most = f" of {card['tries_most']}" if card["tries_most"] else ""
    return f"{'tried' if card['group'] == 'needs-you' else 'try'} {card['tries']}{most}"


def table(
    look: Look, rows: "Sequence[tuple[str, str, str, list[str]]]", flexible: int = -1
) -> "list[str]":
    """Return cards as aligned lines; a row is (state, id, title, cells), with equally many cells.

    If a line is too long, the flexible cell is cut first, then the title, down to 40 % of the
    width; what still does not fit is left out.
    """
    if not rows:
        return []
    rows = [(state, name, shown(text), given) for state, name, text, given in rows]
    ids = min(max(width(row[1]) for row in rows), max(8, look.width * 2 // 5))
    cells = [max(width(row[3][at]) for row in rows) for at in range(len(rows[0][3]))]
    title = max(width(row[2]) for row in rows)
    floor = min(title, look.width * 2 // 5)

    def over() -> int:
        return ids + 5 + title + sum(size + 2 for size in cells if size) - look.width

    if cells and over() > 0:
        soft = min(
            cells[flexible], look.width // 3
        )  # what it keeps as long as the title has its part
        cells[flexible] = max(soft, cells[flexible] - over())
    if over() > 0:
        title = max(floor, title - over())
    if cells and over() > 0:
        cells[flexible] = max(8, cells[flexible] - over())
    for at in (flexible, *range(len(cells) - 1, -1, -1)):
        if cells and over() > 0:
            cells[at] = 0
    title = max(2, title - max(0, over()))
    ids -= max(0, over())
    lines = []
    for state, name, text, given in rows:
        line = padded(clipped(text, title), title)
        rest = "".join(
            "  " + padded(clipped(cell, size), size)
            for cell, size in zip(given, cells, strict=True)
            if size
        ).rstrip()
        lines.append(
            f" {sign(look, state)} {padded(clipped(name, ids), ids)}  "
            + (line + look.paint(rest, "dim") if rest else line.rstrip())
        )
    return lines
