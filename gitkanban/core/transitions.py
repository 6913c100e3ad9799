"""The life of a card: which move leads from which status to which, and who may make it.

Nobody may make a move that is not in this table. It refuses people's verbs and edits, it flags
changes that a branch brings, and tests compare what ticks do with it.
"""

from gitkanban.core.model import (
    BACKLOG,
    BLOCKED,
    DONE,
    DROPPED,
    REVIEW,
    RUNNING,
    STATUSES,
    TERMINAL,
    TODO,
)
from gitkanban.core.names import CardId
from gitkanban.errors import Refused
from gitkanban.typed import NamedTuple

PERSON = "person"
TICK = "tick"

# (from, to) -> who may. Only a tick may enter `running`, because only it can take a slot.
TABLE: dict[tuple[str, str], frozenset[str]] = {
    (start, end): frozenset(who.split())
    for start, end, who in (
        (BACKLOG, TODO, "person"),
        (BACKLOG, BLOCKED, "person"),
        (BACKLOG, DONE, "person"),
        (BACKLOG, DROPPED, "person"),
        (TODO, BACKLOG, "person"),
        (TODO, RUNNING, "tick"),
        (TODO, DONE, "person"),
        (TODO, BLOCKED, "person"),
        (TODO, DROPPED, "person"),
        (RUNNING, TODO, "tick"),
        (RUNNING, REVIEW, "tick"),
        (RUNNING, DONE, "person tick"),
        (RUNNING, BLOCKED, "person tick"),
        (RUNNING, DROPPED, "person"),
        (REVIEW, DONE, "person tick"),
        (REVIEW, TODO, "person"),
        (REVIEW, BLOCKED, "person tick"),
        (REVIEW, DROPPED, "person"),
        (BLOCKED, TODO, "person"),
        (BLOCKED, BACKLOG, "person"),
        (BLOCKED, DONE, "person"),
        (BLOCKED, DROPPED, "person"),
        (DONE, TODO, "person"),
        (DROPPED, TODO, "person"),
        (DROPPED, BACKLOG, "person"),
    )
}


class Verb(NamedTuple):
    """A verb by which a person moves a card."""

    name: str
    to: str
    sources: tuple[str, ...]  # statuses it applies to
    does: str


VERBS: dict[str, Verb] = {
    verb.name: verb
    for verb in (
        Verb("approve", TODO, (BACKLOG,), "let a backlog card run"),
        Verb("done", DONE, (BACKLOG, TODO, RUNNING, REVIEW, BLOCKED), "call it done without a run"),
        Verb("block", BLOCKED, (BACKLOG, TODO, RUNNING, REVIEW), "stop it until a person acts"),
        Verb("retry", TODO, (BLOCKED, TODO), "let it run again, with attempts counted from zero"),
        Verb("drop", DROPPED, (BACKLOG, TODO, RUNNING, REVIEW, BLOCKED), "give it up"),
        Verb("reopen", TODO, (DONE, DROPPED), "bring it back"),
        Verb("accept", DONE, (REVIEW,), "merge its branch into base"),
        Verb("reject", TODO, (REVIEW,), "send it back with words"),
    )
}

_OPEN = tuple(status for status in STATUSES if status not in TERMINAL)
ATTACHABLE = (BACKLOG, TODO, REVIEW, BLOCKED)  # a person may take such a card over
# The statuses of the cards that the shell completes after a verb. A verb that is not listed applies
# to every card.
OFFERED: dict[str, tuple[str, ...]] = {
    **{verb.name: verb.sources for verb in VERBS.values()},
    "retry": (BLOCKED,),  # a todo card may be retried, too, but runs again by itself
    "review": (REVIEW,),
    "stop": (RUNNING,),
    "reclaim": (RUNNING,),
    "open": (RUNNING, REVIEW, BLOCKED),  # those that have a worktree
    "path": (RUNNING, REVIEW, BLOCKED),
    "attach": ATTACHABLE,
    "why": _OPEN,
    "link": _OPEN,
    "unlink": _OPEN,
    "logs": tuple(status for status in STATUSES if status != BACKLOG),
}


def offered(verb: str) -> tuple[str, ...]:
    """The statuses of the cards that the shell completes after a verb."""
    return OFFERED.get(verb, tuple(STATUSES))


# What to try instead, by (verb, status the card has).
_INSTEAD = {
    ("approve", TODO): "It may already run; `gitkanban status` shows what it waits for.",
    ("approve", REVIEW): "Use `gitkanban accept {id}` to merge its work.",
    ("approve", BLOCKED): "Use `gitkanban retry {id}`.",
    ("approve", DONE): "Use `gitkanban reopen {id}`.",
    ("approve", DROPPED): "Use `gitkanban reopen {id}`.",
    ("retry", RUNNING): "It is running; `gitkanban stop {id}` ends the session first.",
    ("retry", REVIEW): "Use `gitkanban reject {id} --why TEXT` to send it back.",
    ("retry", BACKLOG): "Use `gitkanban approve {id}`.",
    ("retry", DONE): "Use `gitkanban reopen {id}`.",
    ("retry", DROPPED): "Use `gitkanban reopen {id}`.",
    ("reopen", BLOCKED): "Use `gitkanban retry {id}`.",
    ("reopen", REVIEW): "Use `gitkanban reject {id} --why TEXT`.",
    ("accept", BLOCKED): "Use `gitkanban retry {id}`, or `gitkanban done {id}` if its work is in.",
    ("accept", RUNNING): "Wait for the run to end; `gitkanban logs -f {id}` follows it.",
    ("accept", TODO): "It has no work in review; `gitkanban done {id}` closes it as it is.",
    ("accept", BACKLOG): "It has no work in review; `gitkanban approve {id}` lets it run.",
    ("reject", DONE): "Use `gitkanban reopen {id}`.",
    ("done", DROPPED): "Use `gitkanban reopen {id}` first.",
}


def allowed(start: str, end: str, who: str) -> bool:
    """Whether `who` (person or tick) may make this move; no move at all is always allowed."""
    return start == end or who in TABLE.get((start, end), ())


def check_verb(verb: str, card_id: CardId, status: str) -> Verb:
    """Return the verb if it applies to a card of that status.

    Raises Refused, with a hint on what to do instead.
    """
    known = VERBS[verb]
    if status in known.sources:
        return known
    if status == known.to:
        raise Refused(f"{card_id} is already {status}", _verb_hint(verb, card_id, status))
    raise Refused(f"{card_id} is {status}; cannot {verb} it", _verb_hint(verb, card_id, status))


def _verb_hint(verb: str, card_id: CardId, status: str) -> str:
    instead = _INSTEAD.get((verb, status))
    if instead:
        return instead.format(id=card_id)
    sources = ", ".join(VERBS[verb].sources)
    return f"`{verb}` is for cards in {sources}."
