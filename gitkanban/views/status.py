"""The board at a glance: profile lines such as `backend-hermes 2/3 running`, then the cards.

It takes the data of `status --json` and gives text; it imports nothing heavy (see `text`).
"""

from gitkanban.views.text import age, coloured, columns, plural, seconds, shown

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` alone costs half of what `status` may
    from typing import Any

CARD_KEYS = (
    "id", "title", "worker", "status", "ready", "parents", "priority", "run", "slot", "host",
    "not_before", "reason", "why", "held", "holds", "needs_person",
)  # fmt: skip
LISTED_MOST = 30  # above that, done and dropped cards are counted, not listed
_ORDER = ("blocked", "review", "running", "ready", "waiting", "backlog", "done", "dropped")
_COLOURS = {
    "blocked": "red",
    "review": "yellow",
    "running": "green",
    "ready": "blue",
    "done": "dim",
    "dropped": "dim",
    "backlog": "dim",
}


def status_text(
    data: "dict[str, Any]", now: float, total: int = 100, colour: bool = False, all_: bool = False
) -> str:
    """The whole page: at most `total` columns wide, in ANSI colours when asked."""
    parts = [
        _head_line(data),
        *_profile_lines(data, colour),
        "",
        *_card_lines(data, now, total, colour, all_),
        *_remark_lines(data, colour),
    ]
    return "\n".join(parts) + "\n"


def word_of(card: "dict[str, Any]") -> str:
    """The status as people say it: a todo card is `ready` or `waiting`."""
    if card["status"] == "todo":
        return "ready" if card["ready"] else "waiting"
    return str(card["status"])


def _head_line(data: "dict[str, Any]") -> str:
    board = data["board"]
    return f"board {board['branch']} at {board['commit'][:10]}"


def _profile_lines(data: "dict[str, Any]", colour: bool) -> list[str]:
    rows = []
    for name, profile in sorted(data["profiles"].items()):
        taken = [slot for slot in data["slots"] if slot["profile"] == name]
        seats = "  ".join(f"#{slot['number']} {slot['card']}" for slot in taken)
        rows.append([name, f"{profile['running']}/{profile['limit']} running", seats])
    lines = columns(rows, 200, 2)
    return [
        coloured(line, "green", colour and row[1][0] != "0")
        for line, row in zip(lines, rows, strict=True)
    ]


def _card_lines(
    data: "dict[str, Any]", now: float, total: int, colour: bool, all_: bool
) -> list[str]:
    cards, counts = data["cards"], dict(data["left_out"])
    if not cards and not any(counts.values()):
        return ['No cards yet. Add one: gitkanban add "what to do" --worker NAME']
    listed = cards
    if not all_ and len(cards) > LISTED_MOST:
        listed = [card for card in cards if card["status"] not in counts]
        for word in counts:
            counts[word] += sum(card["status"] == word for card in cards)
    lines = card_lines(in_order(listed), now, total, colour)
    lines += [f"+ {count} {word} (--all lists them)" for word, count in counts.items() if count]
    return lines


def in_order(cards: "list[dict[str, Any]]") -> "list[dict[str, Any]]":
    """Those that need a person first, by how much waits on them; the finished ones last."""

    def place(card: "dict[str, Any]") -> "tuple[bool, int, int]":
        status = _ORDER.index(word_of(card))
        if card["needs_person"]:
            return False, -card["holds"], status
        return True, status, -card["holds"]

    return sorted(cards, key=place)


def card_lines(
    cards: "list[dict[str, Any]]", now: float, total: int = 100, colour: bool = False
) -> list[str]:
    """Cards as aligned lines under a head."""
    rows = [["ID", "STATUS", "WORKER", "TITLE", ""]]
    rows += [
        [card["id"], word_of(card), card["worker"], shown(card["title"]), _card_remark(card, now)]
        for card in cards
    ]
    lines = columns(rows, total, 3)
    out = [coloured(lines[0], "dim", colour)]
    for line, card in zip(lines[1:], cards, strict=True):
        out.append(coloured(line, _COLOURS.get(word_of(card), ""), colour))
    return out


def _card_remark(card: "dict[str, Any]", now: float) -> str:
    if card["status"] == "running":
        since = f" for {age(now - seconds(card['started']))}" if card["started"] else ""
        return f"{card['slot']}{since}"
    count = card["holds"] if card["needs_person"] else 0
    waits = f"{plural(count, 'card')} wait{'s' if count == 1 else ''}" if count else ""
    said = shown(str(card["held"]))
    if card["status"] == "blocked":
        said = shown(": ".join(part for part in (card["reason"], card["why"]) if part))
    return "; ".join(part for part in (waits, said) if part)


def _pause_words(name: str, why: str) -> str:
    who = "every worker" if name == "*" else name
    return f"paused: {shown(who)}" + (f": {shown(why)}" if why else "")


def _remark_lines(data: "dict[str, Any]", colour: bool) -> list[str]:
    lines = [
        coloured(f"{head}: {shown(data[key])}", tint, colour)
        for key, head, tint in (
            ("deadlock", "deadlock", "red"),
            ("waits_for_you", "waits for you", "yellow"),
        )
        if data[key]
    ]
    lines += [_pause_words(name, why) for name, why in sorted(data["paused"].items())]
    lines += [f"note: {shown(text)}" for text in data["notes"]]
    problems = data["problems"]
    if problems:
        lines.append(f"{plural(len(problems), 'problem')}:")
    for problem in problems:
        where = f"{problem['file']}:{problem['line']}:{problem['column']}"
        lines.append(coloured(f"  {shown(where)}: {shown(problem['message'])}", "red", colour))
        if problem["hint"]:
            lines.append(f"    {shown(problem['hint'])}")
    return ["", *lines] if lines else []
