"""The moves that people make, as changes: approve, done, block, retry, drop, reopen, reject.

It decides what a move means and refuses what is not allowed; it writes nothing. Accepting is a
merge first, and belongs to the tick.
"""

from gitkanban.core.changes import NOT_RUNNING, AddNote, Change, EditCard
from gitkanban.core.model import (
    BLOCK_REASONS,
    BLOCKED,
    DONE,
    NEEDS_INPUT,
    REVIEW,
    RUNNING,
    TODO,
    Board,
    Card,
    Note,
)
from gitkanban.core.names import NO_OID, CardId, Oid, RunId
from gitkanban.core.transitions import ATTACHABLE, check_verb
from gitkanban.errors import Refused, UsageError

# What a session may do to the board from inside its run; everything else is for people.
SESSION_OWN = frozenset({"done", "block", "note"})  # on its own card
SESSION_ANY = frozenset({"show", "add", "list", "status", "why"})

_FRESH = {"reason": "", "why": "", "not_before": 0, "merged": ""}


def move(
    board: Board, verb: str, card: Card, *, why: str = "", reason: str = "", merged: Oid = NO_OID
) -> list[Change]:
    """Return the changes that a person's verb makes to a card.

    `merged` is the commit by which base has the work of a done card; a card that is already done
    only gets this commit.

    Raises Refused if the transition table has no such move, or a child of a reopened card has
    started; UsageError if a reason is missing or unknown.
    """
    if verb == "done" and card.status == DONE and card.merged != merged:
        return [EditCard(card.id, {"merged": merged})]
    to = check_verb(verb, card.id, card.status).to
    if verb == "reopen":
        _no_child_started(board, card)
    fields: dict[str, object] = {"status": to, **_FRESH, **NOT_RUNNING, "merged": merged}
    if to == BLOCKED:
        fields |= {"reason": _block_reason(reason), "why": require_words(verb, why)}
    if to == TODO and verb != "approve":
        fields["attempts_after"] = _last_run(board, card)
    return [EditCard(card.id, _changed_fields(card, fields))]


def reject(board: Board, card: Card, note: Note) -> list[Change]:
    """Send a card back to todo, with the reviewer's words as a note for the next prompt.

    Raises UsageError without words, and Refused as `move` does.
    """
    require_words("reject", note.text)
    return [AddNote(note), *move(board, "reject", card)]


def retried(board: Board, card: Card, note: Note | None) -> list[Change]:
    """Let a blocked card run again, with the person's answer, if any, for the next prompt."""
    changes = move(board, "retry", card)
    return [AddNote(note), *changes] if note else changes


def taken_over(card: Card, person: str) -> EditCard:
    """Block a card while the named person works on it, so that nothing starts it meanwhile.

    Raises Refused as `check_attached` does.
    """
    start = check_attached(card)
    why = f"with {person}"
    fields: dict[str, object] = {"status": BLOCKED, "reason": NEEDS_INPUT, "why": why}
    if start == TODO:
        fields["not_before"] = 0
    return EditCard(card.id, _changed_fields(card, fields))


def check_attached(card: Card) -> str:
    """Return the card's status if a person can take it over. Raises Refused otherwise."""
    if card.status in ATTACHABLE:
        return card.status
    if card.status == RUNNING:
        raise Refused(f"{card.id} is running", f"`gitkanban stop {card.id}` ends its session.")
    raise Refused(f"{card.id} is {card.status}", f"Use `gitkanban reopen {card.id}` first.")


def base_has_work(card: Card, merged: Oid) -> EditCard:
    """Mark the card done: base has its work by the commit `merged` (empty if it left no work)."""
    return EditCard(card.id, _changed_fields(card, {"status": DONE, "merged": merged}))


def conflicted(card: Card, why: str) -> EditCard:
    """Block a card in review whose branch does not merge; a person must act."""
    return EditCard(card.id, {"status": BLOCKED, "reason": "conflict", "why": why})


def branch_closed(card: Card, why: str) -> EditCard:
    """Block a card in review whose branch was closed unmerged; a person must act."""
    return EditCard(card.id, {"status": BLOCKED, "reason": NEEDS_INPUT, "why": why})


def check_session(verb: str, card: CardId, own: str) -> None:
    """Raise Refused for a verb that a session may not use from inside its run."""
    if verb in SESSION_ANY or (verb in SESSION_OWN and card == own):
        return
    if verb in SESSION_OWN:
        raise Refused(
            f"`gitkanban {verb}` is for a session's own card only, which is {own}",
            "Say it in a note on your own card; a person will see it.",
        )
    raise Refused(
        f"`gitkanban {verb}` is not for sessions",
        f"From inside a run: note {own or 'CARD'}, done, block, show, add. The rest is for people.",
    )


def check_report(board: Board, card_id: CardId, run: RunId) -> Card:
    """Return the card if `run` is still its current run (fencing). Raises Refused otherwise."""
    card = board.cards.get(card_id)
    if card and card.status == RUNNING and card.run == run:
        return card
    now = "gone" if card is None else card.status + (f", run {card.run}" if card.run else "")
    raise Refused(
        f"run {run} is no longer the current run of {card_id} (it is {now})",
        "Stop here: nothing this run reports counts any more. Its commits are kept.",
    )


def started(
    card: Card, run: RunId, slot: str, clone: str, host: str, machine: str = ""
) -> EditCard:
    """Return the change by which a run takes the card."""
    fields = {"status": RUNNING, "run": run, "slot": slot, "clone": clone, "host": host}
    fields["machine"] = machine
    return EditCard(card.id, _changed_fields(card, {**fields, **_FRESH}))


def _no_child_started(board: Board, card: Card) -> None:
    begun = sorted(
        other.id
        for other in board.cards.values()
        if card.id in other.parents
        # A child that a person closed counts as started only if it has run.
        and (
            other.status in (RUNNING, REVIEW)
            or (other.status == "done" and board.runs_of(other.id))
        )
    )
    if begun:
        raise Refused(
            f"cannot reopen {card.id}: {', '.join(begun)} started from its result",
            "Add a new card for the correction, or force it with --force.",
        )


def reopened(board: Board, card: Card, force: bool) -> list[Change]:
    """Bring a done or dropped card back; with `force`, even if a child has started.

    `board` must hold the runs of the card and of its children. Raises Refused.
    """
    if not force:
        return move(board, "reopen", card)
    check_verb("reopen", card.id, card.status)
    return move(board._replace(cards={card.id: card}), "reopen", card)


def _block_reason(reason: str) -> str:
    if reason and reason not in BLOCK_REASONS:
        raise UsageError(
            f"{reason!r} is not a reason to block", f"One of: {', '.join(BLOCK_REASONS)}."
        )
    return reason or NEEDS_INPUT


def require_words(verb: str, text: str) -> str:
    """Return the words, stripped. Raises UsageError if there are none."""
    if not text.strip():
        raise UsageError(f"{verb} needs a reason", f'Say it: gitkanban {verb} ID --why "…".')
    return text.strip()


def _last_run(board: Board, card: Card) -> str:
    runs = board.runs_of(card.id)
    return runs[-1].run if runs else card.attempts_after


def _changed_fields(card: Card, fields: dict[str, object]) -> dict[str, object]:
    """Only the fields that differ, so that a move touches no other lines."""
    return {name: value for name, value in fields.items() if getattr(card, name) != value}
