"""The board at a glance: who needs you, what runs, what comes next; root causes above all.

It takes the data of `status --json` and gives text; it imports nothing heavy (see `text`).
"""

from gitkanban.core.situation.rows import GROUPS, NEEDS_YOU, QUIET
from gitkanban.core.time_words import short_span
from gitkanban.views.signs import age_of, money, remark, table, tried
from gitkanban.views.text import Look, clipped, plural, seconds, shown, width, wrapped

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` alone costs half of what `status` may
    from collections.abc import Iterable, Mapping

    from gitkanban.typed import Any

LISTED_MOST = {NEEDS_YOU: 20, "running": 20, "next": 10, "waiting": 10}
_BARS_MOST = 8  # slots that are drawn one by one


def status_text(data: "dict[str, Any]", now: float, look: Look, all_: bool = False) -> str:
    """Return the whole page, in the signs and colours of `look`; `all_` lists every card."""
    if not data["cards"] and not any(data["left_out"].values()):
        body = first_steps(look)
    else:
        body = [
            line for group in GROUPS for line in _group_lines(data, group, now, look, all_=all_)
        ]
        body = [*_calm_lines(data), *body, *_count_lines(data, look, all_)]
    parts = [
        *head_lines(data, now, look),
        *_cause_block(data, look),
        *body,
        *_remark_lines(data, look),
    ]
    return look.page(parts)


def tsv(cards: "Iterable[dict[str, Any]]") -> str:
    """Return cards for programs: a line for each card, of tab-separated fields, nothing cut.

    The fields: id, state, worker, priority, how many cards it holds up, since when (UTC), title,
    remark.
    """
    lines = []
    for card in cards:
        fields: tuple[str, ...] = (
            card["id"], card["state"], card["worker"], str(card["priority"]), str(card["holds"]),
            card["since"], card["title"], card["remark"],
        )  # fmt: skip
        text = "".join(fields)
        if not (text.isascii() and text.isprintable()):
            fields = tuple([" ".join(shown(field).split("\t")) for field in fields])
        lines.append("\t".join(fields))
    return "\n".join([*lines, ""]) if lines else ""


def list_text(cards: "list[dict[str, Any]]", now: float, look: Look) -> str:
    """Return cards as aligned lines, in the same form for all groups."""
    return look.page(
        table(
            look,
            [
                (
                    card["state"],
                    card["id"],
                    card["title"],
                    [card["worker"], age_of(card, now), remark(card)],
                )
                for card in cards
            ],
        )
    )


def head_lines(data: "dict[str, Any]", now: float, look: Look) -> list[str]:
    """Return the head: the board, how much needs you, runs and is done, the slots, a blank line."""
    board = data["board"]
    name = shown(board["repository"])
    left = f"{name}  {shown(board['branch'])}@{board['commit'][:7]}".strip()
    needs = sum(card["group"] == NEEDS_YOU for card in data["cards"])
    runs = sum(card["group"] == "running" for card in data["cards"])
    progress, cost = data["progress"], data["cost_usd"]
    parts = [(str(needs), " needs you" if needs == 1 else " need you")] if needs else []
    parts += [(str(runs), " running")] if runs else []
    if progress["total"]:
        parts.append((str(progress["done"]), f" of {progress['total']} done"))
    if cost["all"]:
        today = cost["today"] and cost["today"] != cost["all"]
        parts.append((money(cost["all"]), f" ({money(cost['today'])} today)" if today else ""))
    right = " · ".join(count + what for count, what in parts)
    painted = " · ".join(look.paint(count, "bold") + what for count, what in parts)
    gap = look.width - width(left) - width(right)
    if gap >= 2:
        lines = [left + " " * gap + painted if parts else left]
    else:
        lines = [clipped(left, look.width), *wrapped(right, look.width)]
    return [*lines, *_slot_lines(data, now, look), ""]


def _slot_lines(data: "dict[str, Any]", now: float, look: Look) -> list[str]:
    """Return the slots as bars, the host's total, capacities, and when the last tick was."""
    parts = [_taken_words(name, each) for name, each in sorted(data["profiles"].items())]
    parts += [_taken_words(name, each) for name, each in sorted(data["capacities"].items())]
    parts += [_taken_words(name, each) for name, each in sorted(data["executors"].items())]
    if data["host"]["limit"]:
        parts.append(f"host {data['host']['running']}/{data['host']['limit']}")
    ticked = f"ticked {short_span(now - seconds(data['ticked']))} ago" if data["ticked"] else ""
    lines, line = [], ""
    for part in [clipped(each, look.width) for each in [*parts, ticked]]:
        if line and width(line) + 3 + width(part) > look.width:
            lines.append(line)
            line = ""
        if part and part == ticked and line:
            part = " " * (look.width - width(line) - width(part) - 3) + part
        line = f"{line}   {part}" if line and part else line or part
    return [*lines, line] if line else lines


def _taken_words(name: str, each: "dict[str, int]") -> str:
    running, limit = each["running"], each["limit"]
    if not limit:  # an executor without one
        return f"{shown(name)} {running}"
    bars = "▮" * min(running, limit) + "▯" * (limit - running) if limit <= _BARS_MOST else ""
    return " ".join(filter(None, (shown(name), bars, f"{running}/{limit}")))


def _cause_block(data: "dict[str, Any]", look: Look) -> list[str]:
    lines = []
    for cause in data["causes"]:
        lines += cause_lines(cause, look)
    deadlock = unexplained_deadlock(data)
    if deadlock:
        lines += _marked_lines(look, f"deadlock: {deadlock}", "")
    return [*lines, ""] if lines else []


def unexplained_deadlock(data: "Mapping[str, Any]") -> str:
    """Return why nothing goes on; empty if it does, or if a root cause beside it says why."""
    explained = any(cause["text"] in data["deadlock"] for cause in data["causes"])
    return "" if explained else data["deadlock"]


def cause_lines(cause: "dict[str, Any]", look: Look) -> list[str]:
    """Return a root cause: what it concerns, why, how many cards it holds, and its command."""
    names = cause["subjects"]
    who = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    holds = f"; holds {plural(cause['holds'], 'card')}" if cause["holds"] else ""
    return _marked_lines(
        look, (f"{who}: " if who else "") + cause["text"] + holds, cause["command"]
    )


def _marked_lines(look: Look, text: str, command: str) -> list[str]:
    first, *rest = wrapped(shown(text), look.width, " ! ", "   ")
    lines = [f" {look.paint('!', 'red')} {first[3:]}", *rest]
    return lines + ([f"         {shown(command)}"[: look.width]] if command else [])


def _group_lines(
    data: "dict[str, Any]", group: str, now: float, look: Look, all_: bool
) -> list[str]:
    cards = [card for card in data["cards"] if card["group"] == group]
    if not cards or (group in QUIET and not all_):
        return []
    most = len(cards) if all_ else LISTED_MOST[group]
    rows = [
        (card["state"], card["id"], card["title"], _cells_of(card, now)) for card in cards[:most]
    ]
    lines = table(look, rows, 1 if group in ("next", "waiting") else 0)
    if group == NEEDS_YOU:
        lines = [
            line
            for card, first in zip(cards, lines, strict=False)
            for line in (first, *_answer_lines(card, look))
        ]
    if len(cards) > most:
        lines.append(clipped(f"   {len(cards) - most} more (-a lists them)", look.width))
    return [group.replace("-", " ").upper(), *lines]


def _cells_of(card: "dict[str, Any]", now: float) -> "list[str]":
    """Return the cells after a card's title; all cards of a group have the same number."""
    group, since = card["group"], age_of(card, now)
    if group == NEEDS_YOU:
        asked = f"asked {since}" if since and card["state"] == "question" else since
        return [asked, f"holds {card['holds']}" if card["holds"] else "", tried(card)]
    if group == "running":
        return [
            remark(card),
            since,
            " ".join(filter(None, (tried(card), money(card["cost_usd"])))),
        ]
    if group in QUIET:
        return [card["worker"], since, money(card["cost_usd"])]
    return [card["worker"], remark(card)]


def _answer_lines(card: "dict[str, Any]", look: Look) -> list[str]:
    """Return a card's remark and the command that answers it, on one line if both fit."""
    text, command = shown(card["remark"]), shown(card["command"])
    if card["state"] == "question" and text:
        text = f"“{text}”"
    if card["state"] == "review" and card["cost_usd"]:
        text = " · ".join(filter(None, (text, money(card["cost_usd"]))))
    indent = " " * 9 if look.width >= 40 else "   "
    room = look.width - len(indent)
    gap = 5 if card["state"] != "question" else room
    if text and command and width(text) + gap + width(command) <= room:
        return [indent + look.paint(text, "dim") + " " * gap + command]
    lines = [indent + look.paint(clipped(text, room), "dim")] if text else []
    return lines + ([indent + clipped(command, room)] if command else [])


def _calm_lines(data: "dict[str, Any]") -> list[str]:
    """Return a line that nothing needs you, and what comes next; nothing if something does."""
    if any(card["group"] == NEEDS_YOU for card in data["cards"]) or data["causes"]:
        return []
    coming = next((card for card in data["cards"] if card["group"] == "next"), None)
    if not coming:
        return ["Nothing needs you.", ""]
    return [f"Nothing needs you. Next: {coming['id']} {shown(coming['remark'])}.", ""]


def _count_lines(data: "dict[str, Any]", look: Look, all_: bool) -> list[str]:
    if all_:
        return []
    counts = {
        group: data["left_out"].get(group, 0) + sum(c["group"] == group for c in data["cards"])
        for group in QUIET
    }
    words = "   ".join(f"{group} {count}" for group, count in counts.items() if count)
    return [look.paint(clipped(f"{words}   (-a lists them)", look.width), "dim")] if words else []


def first_steps(look: Look) -> list[str]:
    """Return lines on what to do with an empty board."""
    steps = (
        ('gitkanban add "what to do" --worker NAME', "makes a card"),
        ("gitkanban tick", "starts what is ready"),
        ("gitkanban status", "shows what needs you"),
    )
    return [clipped(f" {command:<42} {does}", look.width) for command, does in steps]


def _remark_lines(data: "dict[str, Any]", look: Look) -> list[str]:
    lines = []
    for text in data["notes"]:
        lines += wrapped(f"note: {shown(text)}", look.width, "", "      ")
    problems = data["problems"]
    if problems:
        lines.append(f"{plural(len(problems), 'problem')}:")
    for problem in problems:
        where = f"{problem['file']}:{problem['line']}:{problem['column']}"
        lines += wrapped(f"{shown(where)}: {shown(problem['message'])}", look.width, "  ", "    ")
        if problem["hint"]:
            lines += wrapped(shown(problem["hint"]), look.width, "    ", "    ")
    return ["", *lines] if lines else []
