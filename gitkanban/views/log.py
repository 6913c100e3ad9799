"""The story of a board for people: one line an event, by day, with who did it."""

from collections.abc import Sequence

from gitkanban import clock
from gitkanban.clock import iso
from gitkanban.typed import Any
from gitkanban.views.signs import sign
from gitkanban.views.text import Look, clipped, columns, padded, shown, width

_STATES = {"todo": "waiting", "blocked": "failed"}


def log_lines(events: Sequence[Any], now: float, look: Look) -> list[str]:
    """Return events in their order, grouped by day in local time, cut to the width."""
    lines, day = [], ""
    cards = max((width(shown(event.card)) for event in events), default=0)
    actors = min(16, max((width(shown(event.actor)) for event in events), default=0))
    cards = min(cards, 20, max(4, look.width // 3))
    room = look.width - 14 - cards - actors
    if room < look.width * 2 // 5:  # what happened comes before who did it
        actors, room = 0, look.width - 12 - cards
    room = max(4, room)
    texts = min(room, max((width(shown(event.text)) for event in events), default=0))
    for event in events:
        date = clock.local_day(event.at)
        if date != day:
            day = date
            lines.append(look.paint(_day_words(date, now), "bold"))
        name = padded(clipped(shown(event.card), cards), cards)
        text = padded(clipped(shown(event.text), texts), texts)
        mark = sign(look, _STATES.get(event.status, event.status))
        actor = look.paint(clipped(shown(event.actor), actors), "dim")
        time = clock.local_time(event.at)[:5]
        lines.append(f" {time}  {name}  {mark} {text}  {actor}".rstrip())
    return lines


def plain_lines(events: Sequence[Any]) -> list[str]:
    """Return the same for a pipe: with the whole date and the commit, and nothing cut."""
    rows = [
        [iso(each.at)[:16].replace("T", " "), each.commit[:10], each.card, each.text, each.actor]
        for each in events
    ]
    return columns(rows, 1 << 30, 3)


def _day_words(date: str, now: float) -> str:
    names = {clock.local_day(now): "today", clock.local_day(now - 86400): "yesterday"}
    return names.get(date, date)
