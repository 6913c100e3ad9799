"""Root causes: what holds cards back that is a worker's, a profile's or the board's.

Each is reported once, with the cards that it holds. A cause that passes by itself is one, too.
"""

from collections.abc import Iterable, Mapping

from gitkanban.core import graph
from gitkanban.core.model import TODO, Board
from gitkanban.core.names import NOBODY, CardId, WorkerName
from gitkanban.core.split_cards import open_cards
from gitkanban.core.tick.facts import Observed
from gitkanban.core.tick.holds import (
    BUDGET_DAY,
    CONFIG,
    EVERYBODY,
    MISCONFIGURED,
    NO_COMMAND,
    NO_PROGRAM,
    PAUSED,
    QUOTA,
    QUOTA_ASKS,
    STANDSTILL,
    UNKNOWN_WORKER,
    UNTRUSTED,
)
from gitkanban.core.tick.standing import Standing
from gitkanban.typed import NamedTuple

# The holds that are root causes. The words are for the line of a card that has one; the card's
# `hold` has the whole text.
ROOTS = {
    CONFIG: "config.yaml has a mistake",
    NO_COMMAND: "its worker has no command",
    NO_PROGRAM: "its agent cannot be run",
    PAUSED: "paused",
    STANDSTILL: "standstill",
    UNKNOWN_WORKER: "no such worker",
    UNTRUSTED: "not trusted",
    MISCONFIGURED: "its agent cannot work",
    QUOTA: "its quota is used up",
    QUOTA_ASKS: "its quota is used up",
    BUDGET_DAY: "the day's budget is spent",
}

_WHOLE = (BUDGET_DAY, CONFIG, QUOTA, QUOTA_ASKS, STANDSTILL)  # the text names their subject already


class Cause(NamedTuple):
    """A root cause that holds cards back: reported once, with the number of these cards."""

    code: str
    subjects: tuple[str, ...]  # workers, or ids; empty: the whole board
    text: str
    command: str = ""
    holds: int = 0


def root_causes(board: Board, observed: Observed, standings: Standing) -> tuple[Cause, ...]:
    """The root causes, the one that holds most cards first."""
    groups: dict[tuple[str, str, str], dict[str, set[CardId]]] = {}
    for card in open_cards(board.cards):
        why = standings.holds.get(card.id)
        if card.status == TODO and why and why.code in ROOTS:
            subject = NOBODY if why.code in _WHOLE else card.worker
            key = why.code, _without_subject(why.text, subject), command_in(why.frees)
            groups.setdefault(key, {}).setdefault(subject, set()).add(card.id)
    if observed.standstill:
        key = STANDSTILL, observed.standstill, ""
        groups.setdefault(key, {}).setdefault("", set())
    kids = graph.children(open_cards(board.cards))
    causes = [
        Cause(
            code,
            tuple(sorted(filter(None, by_worker))),
            f"nothing is committed or started: {text}" if code == STANDSTILL else text,
            command,
            holds=_count_waiting(kids, [name for names in by_worker.values() for name in names]),
        )
        for (code, text, command), by_worker in groups.items()
    ]
    causes += [
        Cause(each.state, (each.card,), each.text, f"gitkanban why {each.card}", holds=each.waiting)
        for each in standings.needed
        if each.card not in board.cards
    ]
    paused = {name for each in causes for name in each.subjects if each.code == PAUSED}
    causes += [
        Cause(
            PAUSED,
            () if name == EVERYBODY else (name,),
            f"paused{f': {pause.why}' if pause.why else ''}",
            f"gitkanban resume {'--all' if name == EVERYBODY else name}",
        )
        for name, pause in sorted(board.paused.items())
        if name not in paused and not (name == EVERYBODY and paused)
    ]
    return tuple(sorted(causes, key=lambda each: (-each.holds, each)))


def _without_subject(text: str, worker: WorkerName) -> str:
    """The text without the worker's name, so that equal causes of several workers become one."""
    for head in (f"{worker} is ", "every worker is ", f"{worker}: ", f"{worker} "):
        if worker and text.startswith(head):
            return text.removeprefix(head)
    return text


def command_in(frees: str) -> str:
    """The first command that a text names, empty for none."""
    rest = frees.partition("`gitkanban ")[2]
    command, closed, _ = rest.partition("`")
    return f"gitkanban {command}" if closed and command else ""


def _count_waiting(kids: Mapping[CardId, list[CardId]], first: Iterable[CardId]) -> int:
    """Count these cards and all that wait for any of them, each once."""
    reached = set(first)
    front = list(reached)
    while front:
        for child in kids.get(front.pop(), ()):
            if child not in reached:
                reached.add(child)
                front.append(child)
    return len(reached)
