"""The board as columns by who must move next: you, a session, the next tick, another card.

It takes the data of `status --json`. As many columns stand side by side as the width has room for;
cards of other groups are counted below.
"""

from collections.abc import Callable, Sequence
from itertools import zip_longest

from gitkanban.core.situation.rows import NEEDS_YOU, NEXT, WAITING
from gitkanban.late import re
from gitkanban.typed import Any, NamedTuple
from gitkanban.views.signs import after_words, age_of, money, remark, sign
from gitkanban.views.status import cause_lines
from gitkanban.views.text import Look, clipped, padded, shown, width, wrapped

CARDS_MOST = 10  # in one column
_COLUMN_LEAST = 20  # terminal columns that one of our columns needs

_IN_FILES = re.compile(r" in \d+ files?")  # the part of a size that a narrow column leaves out

CardRow = dict[str, Any]


class BoardColumn(NamedTuple):
    """A column: its heading, and the groups whose cards it shows."""

    head: str
    groups: tuple[str, ...]


_YOU, _RUNNING = BoardColumn("NEEDS YOU", (NEEDS_YOU,)), BoardColumn("RUNNING", ("running",))
_DONE = BoardColumn("DONE", ("done",))
# (least width of the terminal, the columns that then stand side by side)
_LAYOUTS = (
    (
        6 * _COLUMN_LEAST,
        (
            *(_YOU, _RUNNING, BoardColumn("NEXT", (NEXT,)), BoardColumn("WAITING", (WAITING,))),
            *(BoardColumn("BACKLOG", ("backlog",)), _DONE),
        ),
    ),
    (4 * _COLUMN_LEAST, (_YOU, _RUNNING, BoardColumn("NEXT · WAITING", (NEXT, WAITING)), _DONE)),
    (2 * _COLUMN_LEAST, (_YOU, _RUNNING)),
    (0, (_YOU,)),
)


class CellLine(NamedTuple):
    """A line of a cell: the plain text, which is measured, and the text that is drawn."""

    text: str
    drawn: str


def board_text(
    data: dict[str, Any], now: float, look: Look, by: str = "", all_: bool = False
) -> str:
    """Return the page. `by` (`worker` or `label`) splits it into lanes; `all_` shows every card."""
    columns = next(columns for least, columns in _LAYOUTS if look.width >= least)
    size = (look.width - len(columns) + 1) // len(columns)
    lines = [line for cause in data["causes"] for line in cause_lines(cause, look)]
    lines += [""] if lines else []
    room = size - 1 if len(columns) > 1 else size  # a space before the rule
    heads = [_head_of(column, data, room, look) for column in columns]
    rule = look.paint("┼".join(["─" * size] * len(columns)), "dim")
    lines += [_side_by_side(heads, size, look), rule]
    for lane, cards in _lanes_of(data["cards"], by):
        if by:
            lines.append(_lane_head(shown(lane), look))
        cells = [
            _column_lines(column, cards, room, now, look=look, all_=all_) for column in columns
        ]
        rows = zip_longest(*cells, fillvalue=CellLine("", ""))
        lines += [_side_by_side(row, size, look) for row in rows]
    below = _counts_below(data, columns)
    lines += wrapped(below, look.width) if below else []
    return look.page(lines)


def _lanes_of(cards: Sequence[CardRow], by: str) -> list[tuple[str, list[CardRow]]]:
    """Return (name, cards) of each lane.

    A card with several labels is in the lane of each; cards without any come last.
    """
    if not by:
        return [("", list(cards))]
    named: dict[str, list[CardRow]] = {}
    for card in cards:
        names = [card["worker"]] if by == "worker" else card.get("labels", ())
        for name in names or [""]:
            named.setdefault(name, []).append(card)
    lanes = sorted(named.items(), key=lambda lane: (not lane[0], lane[0]))
    return [(name or f"no {by}", each) for name, each in lanes]


def _lane_head(name: str, look: Look) -> str:
    head = clipped(f"── {name} ", look.width)
    return look.paint(head, "bold") + look.paint("─" * (look.width - width(head)), "dim")


def _head_of(column: BoardColumn, data: dict[str, Any], size: int, look: Look) -> CellLine:
    counts = [sum(c["group"] == group for c in data["cards"]) for group in column.groups]
    words = [
        f"{word} {count}" for word, count in zip(column.head.split(" · "), counts, strict=True)
    ]
    if column is _RUNNING and data["host"]["limit"]:
        words = [f"RUNNING {data['host']['running']}/{data['host']['limit']}"]
    if column is _DONE and data["cost_usd"]["all"]:
        words.append(money(data["cost_usd"]["all"]))
    text = clipped(" · ".join(words), size)
    return CellLine(text, look.paint(text, "bold"))


def _column_lines(
    column: BoardColumn, cards: list[CardRow], size: int, now: float, look: Look, all_: bool
) -> list[CellLine]:
    mine = [card for group in column.groups for card in cards if card["group"] == group]
    most = len(mine) if all_ else CARDS_MOST
    lines: list[CellLine] = []
    for card in mine[:most]:
        if lines and column is not _DONE:
            lines.append(CellLine("", ""))
        lines += cell_lines(card, size, now, look)
    if len(mine) > most:
        lines.append(_plain_line(f"{len(mine) - most} more: -a", size, look))
    return lines


def cell_lines(card: CardRow, size: int, now: float, look: Look) -> list[CellLine]:
    """Return a card's lines: its sign, id and mark, its title, and what matters in its group."""
    group = card["group"]
    right = {
        NEEDS_YOU: _corner_mark(card),
        "running": age_of(card, now),
        "done": age_of(card, now),
    }.get(group, _corner_mark(card))
    name = clipped(card["id"], max(4, size - 3 - width(right)))
    gap = " " * max(1, size - 2 - width(name) - width(right))
    first = f"? {name}{gap if right else ''}{right}"
    drawn = f"{sign(look, card['state'])} {name}{gap}{look.paint(right, 'dim')}".rstrip()
    lines = [CellLine(first, drawn)]
    titles = wrapped(shown(card["title"]), size)
    most = 1 if group == "done" else 2
    if len(titles) > most:
        titles = [*titles[: most - 1], clipped(" ".join(titles[most - 1 :]), size)]
    lines += [CellLine(text, text) for text in titles]
    return lines + [
        _plain_line(text, size, look) for text in _DETAILS.get(group, _no_detail)(card, size)
    ]


def _corner_mark(card: CardRow) -> str:
    if card["group"] == NEEDS_YOU and card["state"] == "failed":
        return f"{card['tries']}/{card['tries_most']}"
    return f"▸{card['holds']}" if card["holds"] else ""


def _detail_of_yours(card: CardRow, size: int) -> list[str]:
    text = remark(card)
    if not text:
        return []
    if card["state"] == "question":
        lines = wrapped(f"“{text}”", size)
        return lines if len(lines) < 3 else [lines[0], clipped(" ".join(lines[1:]), size)]
    text = text.replace(" · ", "  ")
    return [text if width(text) <= size else _IN_FILES.sub("", text)]


def _detail_of_running(card: CardRow, size: int) -> list[str]:
    tries = f"try {card['tries']}/{card['tries_most']}" if card["tries"] > 1 else ""
    right = "  ".join(filter(None, (tries, money(card["cost_usd"]))))
    left = clipped(remark(card), max(4, size - width(right) - 1))
    return [left + " " * (size - width(left) - width(right)) + right if right else left]


def _detail_of_waiting(card: CardRow, _size: int) -> list[str]:
    if not card["after"]:
        return [remark(card)]
    return [
        shown(
            " ".join(after_words({**card, "after": [(n, "") for n, _ in card["after"]]}, 2).split())
        )
    ]


def _no_detail(card: CardRow, _size: int) -> list[str]:
    text = remark(card)
    return [text] if card["group"] == NEXT and text != "with the next tick" else []


_DETAILS: dict[str, Callable[[CardRow, int], list[str]]] = {
    NEEDS_YOU: _detail_of_yours,
    "running": _detail_of_running,
    WAITING: _detail_of_waiting,
}


def _plain_line(text: str, size: int, look: Look) -> CellLine:
    cut = clipped(text, size)
    return CellLine(cut, look.paint(cut, "dim"))


def _side_by_side(cells: Sequence[CellLine], size: int, look: Look) -> str:
    padded_cells = [cell.drawn + padded("", size - width(cell.text)) for cell in cells]
    return look.paint("│", "dim").join(padded_cells).rstrip()


def _counts_below(data: dict[str, Any], columns: Sequence[BoardColumn]) -> str:
    """Return how many cards are in groups that have no column here, in words."""
    drawn = {group for column in columns for group in column.groups}
    counts = {
        group: sum(card["group"] == group for card in data["cards"])
        for group in ("running", NEXT, WAITING, "backlog", "done", "dropped")
        if group not in drawn
    }
    return ", ".join(f"{group} {count}" for group, count in counts.items() if count)
