"""The results of a search as a page: each card once, with the matching lines below it."""

from collections.abc import Mapping, Sequence

from gitkanban.board.review.searching import Hit
from gitkanban.typed import Any
from gitkanban.views.signs import table
from gitkanban.views.text import Look, clipped, padded, shown, width


def search_page(
    hits: Sequence[Hit], cards: Mapping[str, dict[str, Any]], text: str, look: Look
) -> str:
    """Return the page. `cards` are the rows of `status`; a card not among them is archived."""
    hits_of: dict[str, list[Hit]] = {}
    for hit in hits:
        hits_of.setdefault(hit.card, []).append(hit)
    archived = {"state": "done", "title": "(archived)"}
    rows: list[tuple[str, str, str, list[str]]] = [
        (each["state"], card, each["title"], [])
        for card in hits_of
        for each in [cards.get(card, archived)]
    ]
    indent = " " * (5 + max(map(width, hits_of))) if look.width >= 60 else "   "
    places = max(width(hit.where) for hit in hits)
    lines = []
    for (_, card, title, _), head in zip(rows, table(look, rows), strict=True):
        lines.append(head)
        for hit in hits_of[card]:
            is_title = hit.where == "card" and hit.line in (title, f"title: {title}")
            if is_title and text.casefold() in head.casefold():
                continue  # the line above shows it already
            place = f"{indent}{padded(hit.where, places)}  "
            line = _excerpt_of(shown(hit.line), text, look.width - width(place))
            lines.append(place + look.paint(line, "dim"))
    return look.page(lines)


def _excerpt_of(line: str, text: str, room: int) -> str:
    """Return as much of a line as fits into `room` columns, cut so that the text stays in it."""
    at = line.casefold().find(text.casefold())
    if width(line[: at + len(text)]) > room > 0:
        line = "…" + line[max(0, at + len(text) - room // 2) :]
    return clipped(line, max(4, room))
