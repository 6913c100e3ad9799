"""What holds each card of a board back, and which cards go on only when a person acts.

The words are those of `reasons` and the limits those of `schedule`, so that tick, status and why
never disagree. It decides nothing and asks nobody.
"""

from collections.abc import Mapping
from typing import NamedTuple

from gitkanban.core import graph, room
from gitkanban.core.facts import Observed
from gitkanban.core.model import BACKLOG, BLOCKED, DROPPED, REVIEW, RUNNING, TODO, Board, Card
from gitkanban.core.reasons import (
    CONFIG,
    NO_COMMAND,
    NO_WORKER,
    NOT_BEFORE,
    PAUSED,
    RING,
    UNKNOWN_WORKER,
    UNTRUSTED,
    Held,
    Reasons,
    mend,
)
from gitkanban.core.schedule import Scheduled, schedule

# Reasons of a todo card that pass only when somebody changes the card, the config or the trust.
PERSONS = frozenset(
    {CONFIG, NO_COMMAND, NO_WORKER, PAUSED, RING, UNKNOWN_WORKER, UNTRUSTED, room.NEVER}
)


class Needed(NamedTuple):
    """A card (or the id of one that is not there) that a person must see to.

    `state` is its status, or the code of what is wrong with it; `waiting` counts the cards,
    neither done nor dropped, that wait on it, also through others.
    """

    card: str
    state: str
    text: str
    frees: str
    waiting: int


def all_held(board: Board, observed: Observed) -> dict[str, Held]:
    """What holds each card back, by id; done and dropped cards, and those that would start, have
    no entry. For a running card it says where it runs."""
    reasons = Reasons(board, observed)
    found = {each.card: each for each in schedule(board, observed).held}
    for card in board.cards.values():
        if card.status in (BACKLOG, BLOCKED, REVIEW, RUNNING):
            found[card.id] = _of_status(card, reasons)
    return dict(sorted(found.items()))


def why(board: Board, observed: Observed, card: Card) -> Held | None:
    """The first thing that holds a card back; None: nothing does, or it is done or dropped."""
    if card.status == TODO:
        held = schedule(board, observed).held
        return next((each for each in held if each.card == card.id), None)
    if card.status in (BACKLOG, BLOCKED, REVIEW, RUNNING):
        return _of_status(card, Reasons(board, observed))
    return None


def _of_status(card: Card, reasons: Reasons) -> Held:
    if card.status == RUNNING:
        return Held(card.id, RUNNING, reasons.status(card), "the end of its session")
    if card.status == BACKLOG:
        return Held(card.id, BACKLOG, "is not approved to run", f"`gitkanban approve {card.id}`")
    return Held(card.id, card.status, reasons.status(card), _way_out(card.id, card.status))


def _way_out(card: str, state: str) -> str:
    return mend(graph.Root(card, state), card)


def needs_person(board: Board, observed: Observed | None = None) -> tuple[Needed, ...]:
    """The cards that need a person, those that most cards wait on first, then by id.

    Blocked ones, those in review (unless tick accepts them), and todo ones that can never start as
    they are; dropped, missing and unreadable ones, and backlog, only where something waits on them.
    A ring counts once, under its smallest id. Without `observed` nothing is known of trust or
    running sessions, and no durations are given.
    """
    seen = observed or Observed(0, "", "")
    counts = graph.downstream_counts(board)
    reasons = Reasons(board, seen)
    found = [
        *_by_status(board, counts, reasons),
        *_not_there(board, counts),
        *_cannot_start(board, seen, counts),
    ]
    return tuple(sorted(found, key=lambda each: (-each.waiting, each.card)))


def _by_status(board: Board, counts: Mapping[str, int], reasons: Reasons) -> list[Needed]:
    found = []
    for card in board.cards.values():
        waiting = counts.get(card.id, 0)
        if card.status == REVIEW:
            worker = board.worker_of(card)
            needed = worker is None or worker.on_success == REVIEW
        else:
            needed = card.status == BLOCKED or (card.status in (BACKLOG, DROPPED) and waiting > 0)
        if needed:
            text, way = reasons.status(card), _way_out(card.id, card.status)
            if card.status == DROPPED:
                way = f"`gitkanban reopen {card.id}`, or unlink it"
            found.append(Needed(card.id, card.status, text, way, waiting))
    return found


def _not_there(board: Board, counts: Mapping[str, int]) -> list[Needed]:
    """Ids that somebody waits on and that have no card."""
    missing = [name for name in counts if name not in board.cards and name not in board.archived]
    words = {graph.MISSING: "does not exist", graph.BROKEN: "cannot be read"}
    found = []
    for name in missing:
        state = graph.state(board, name)
        way = f"a card {name} that can be read, or its children unlinked"
        found.append(Needed(name, state, words[state], way, counts[name]))
    return found


def _cannot_start(board: Board, seen: Observed, counts: Mapping[str, int]) -> list[Needed]:
    held = {each.card: each for each in schedule(board, seen).held if each.code in PERSONS}
    if any(each.code == RING for each in held.values()):
        first = {ring[0] for ring in graph.rings(board)}
        held = {name: each for name, each in held.items() if each.code != RING or name in first}
    return [
        Needed(name, each.code, each.text, each.frees, counts.get(name, 0))
        for name, each in held.items()
    ]


def deadlock(board: Board, scheduled: Scheduled) -> str:
    """Why nothing will ever go on by itself, in one line; empty while something runs or may.

    Only todo cards count: a board on which everything is done, or waits in review, is not stuck.
    """
    held = scheduled.held
    if scheduled.starts or not held:
        return ""
    if any(card.status == RUNNING for card in board.cards.values()):
        return ""
    if any(each.code in (NOT_BEFORE, room.STARTS) for each in held):
        return ""
    needed = [each for each in needs_person(board) if each.waiting]
    if not needed:
        return f"nothing can start: {held[0].card}: {held[0].text}"
    first = needed[0]
    cards = "1 card waits" if first.waiting == 1 else f"{first.waiting} cards wait"
    link = ": " if first.state in PERSONS - {RING} else ", which "
    return f"nothing can go on: {cards} on {first.card}{link}{first.text}"
