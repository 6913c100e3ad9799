"""The output of a session as lines for people: the time, the kind and the words of each entry."""

from collections.abc import Iterable

from gitkanban import clock
from gitkanban.core.agents.transcript import KIND_WIDTH, Entry
from gitkanban.views.text import Look, shown, wrapped

_COLOURS = {
    "DENIED": "red", "error": "red", "retry": "yellow", "edit": "yellow", "run": "cyan",
    "ended": "green", "think": "dim", "result": "dim",
}  # fmt: skip


def entry_lines(entries: Iterable[Entry], look: Look, wrap: bool) -> list[str]:
    """Return a line for each entry; `wrap` folds it to the width, else nothing is cut or broken."""
    return [line for entry in entries for line in _lines_of(entry, look, wrap)]


def _lines_of(entry: Entry, look: Look, wrap: bool) -> list[str]:
    if not entry.kind:
        return [shown(entry.text)]
    time = clock.local_time(entry.at) if entry.at else " " * 8
    colour = "red" if entry.failed else _COLOURS.get(entry.kind, "")
    mark = "✗ " if entry.failed and entry.kind == "result" else ""
    kind = "" if entry.kind == "result" else entry.kind
    head = f"{time}  {kind:<{KIND_WIDTH}} "
    text = f"{mark}{shown(entry.text)}"
    lines = wrapped(text, look.width, " " * len(head), " " * len(head)) if wrap else [head + text]
    first = look.paint(time, "dim") + "  " + look.paint(f"{kind:<{KIND_WIDTH}}", colour) + " "
    painted = [first + _body_text(lines[0][len(head) :], entry, look)]
    return painted + [
        " " * len(head) + _body_text(line[len(head) :], entry, look) for line in lines[1:]
    ]


def _body_text(text: str, entry: Entry, look: Look) -> str:
    quiet = entry.kind in ("think", "result")
    return look.paint(text, ("red" if entry.failed else "dim") if quiet else "")
