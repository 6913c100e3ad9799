"""The lines above the list: which board it is, its slots, and what is wrong with it."""

from gitkanban.core.situation.moment import cause_data
from gitkanban.typed import Any
from gitkanban.views.status import cause_lines, head_lines, unexplained_deadlock
from gitkanban.views.text import Look, plural


def head_of_board(data: dict[str, Any], now: float, look: Look, height: int) -> list[str]:
    """Return the head of `status`, shortened to three lines, or to one on a low terminal."""
    lines = look.page(head_lines(data, now, look)[:-1]).split("\n")[:-1]
    return lines[: 3 if height >= 20 else 1]


def worry_lines(data: dict[str, Any], look: Look, height: int) -> list[str]:
    """Return root causes, in at most a fifth of the terminal's height."""
    lines = [line for each in _list_worries(data) for line in cause_lines(each, look)]
    most = max(1, height // 5)
    if len(lines) > most:
        lines = [*lines[: most - 1], "   … `gitkanban status` has the rest"]
    return look.page(lines).split("\n")[:-1]


def _list_worries(data: dict[str, Any]) -> list[dict[str, Any]]:
    """Return root causes, then deadlock, problems and a note, in the same form."""
    unread, worries = data["problems"], list(data["causes"])
    deadlock = unexplained_deadlock(data)
    if deadlock:
        worries.append(cause_data("deadlock", (), f"deadlock: {deadlock}"))
    if unread:
        first = unread[0]
        text = f"{first['file']}:{first['line']}: {first['message']}"
        more = f" (and {plural(len(unread) - 1, 'more problem')})" if len(unread) > 1 else ""
        worries.append(cause_data("unread", (), text + more, "gitkanban check"))
    return worries + [cause_data("note", (), text) for text in data["notes"][:1]]
