"""One card with its runs and notes, as JSON data and as a page of text."""

from collections.abc import Mapping, Sequence
from typing import Any

from gitkanban.clock import iso
from gitkanban.core.agents.cost import run_words
from gitkanban.core.agents.prompt import Handoff
from gitkanban.core.cutting import cut, cut_lines
from gitkanban.core.model import Board, Card, Note, Run
from gitkanban.views.text import age, plural, shown, shown_lines

# What is shown of a card beside its own fields, as every view of it has it.
_OF_VIEW = (
    "ready", "held", "holds", "needs_person", "group", "state", "remark", "since", "after", "tries",
    "tries_most", "last", "cost_usd", "command",
)  # fmt: skip
SUMMARY_MOST = 600  # characters of a parent's summary on the page
LINES_MOST = 12, 40  # lines of a parent's summary, and of a run's
PATHS_MOST = 10


def card_data(
    board: Board,
    card: Card,
    view: Mapping[str, Any],
    places: dict[str, str],
    received: Sequence[Handoff] = (),
) -> dict[str, Any]:
    """The data of `show ID --json`; `places` holds branch and workspace, empty if there is none.

    `view` is the card's row of `status --json`, `received` what its parents left to it.
    """
    return {
        "id": card.id,
        "title": card.title,
        "worker": card.worker,
        "status": card.status,
        **{name: view[name] for name in _OF_VIEW},
        "priority": card.priority,
        "parents": list(card.parents),
        "children": sorted(c.id for c in board.cards.values() if card.id in c.parents),
        "needs": dict(card.needs),
        "model": card.model,
        "effort": card.effort,
        "acceptance": list(card.acceptance),
        "run": card.run,
        "slot": card.slot,
        "clone": card.clone,
        "host": card.host,
        "not_before": iso(card.not_before),
        "reason": card.reason,
        "why": card.why,
        "merged": card.merged,
        "body": card.body,
        **places,
        "received": [_received_data(each) for each in received],
        "runs": [run_data(run) for run in board.runs_of(card.id)],
        "notes": [note_data(note) for note in board.notes_of(card.id)],
    }


def _received_data(handoff: Handoff) -> dict[str, Any]:
    data = dict(handoff._asdict())
    return {**data, "paths": list(handoff.paths), "commits": list(handoff.commits)}


def run_data(run: Run) -> dict[str, Any]:
    """An ended run; times are ISO, an absent exit code is null."""
    data: dict[str, Any] = dict(run._asdict())
    return {**data, "started": iso(run.started), "ended": iso(run.ended)}


def note_data(note: Note) -> dict[str, Any]:
    """A note; its time is ISO."""
    return {**note._asdict(), "at": iso(note.at)}


def card_text(
    board: Board,
    card: Card,
    held: str,
    places: dict[str, str],
    now: float,
    log: Sequence[str] = (),
    received: Sequence[Handoff] = (),
) -> str:
    """The page that `show` prints; `log` are the last lines of the last run, if it failed."""
    lines = [f"{card.id}  {shown(card.title)}", ""]
    status = card.status + (f" ({held})" if held else "")
    facts = [
        ("status", status),
        ("worker", card.worker or "nobody yet"),
        ("priority", str(card.priority) if card.priority else ""),
        ("parents", "  ".join(f"{p} ({_parent_status(board, p)})" for p in card.parents)),
        ("needs", "  ".join(f"{name} {amount}" for name, amount in card.needs)),
        ("model", card.model),
        ("effort", card.effort),
        ("run", f"{card.run} in {card.slot} on {card.host}" if card.run else ""),
        ("reason", ": ".join(part for part in (card.reason, card.why) if part)),
        ("not before", iso(card.not_before) if card.not_before > now else ""),
        ("merged", card.merged[:10]),
        *places.items(),
    ]
    lines += [f"{name + ':':<12}{shown(text)}" for name, text in facts if text]
    if card.acceptance:
        lines += ["", "done when:", *(f"  - {shown(line)}" for line in card.acceptance)]
    if card.body.strip():
        lines += ["", *("  " + line for line in shown_lines(card.body.strip()).split("\n"))]
    lines += _received_lines(received)
    if board.runs_of(card.id):
        lines += ["", f"{plural(len(board.runs_of(card.id)), 'run')}:"]
        lines += [line for run in board.runs_of(card.id) for line in _run_lines(run)]
    if log:
        lines += ["", "the log ends:", *("  | " + shown(line) for line in log)]
    if board.notes_of(card.id):
        lines += ["", "notes:"]
        lines += [line for note in board.notes_of(card.id) for line in _note_lines(note, now)]
    return "\n".join(lines) + "\n"


def _received_lines(received: Sequence[Handoff]) -> list[str]:
    """What its next session gets from its parents, shortened; `show --prompt` has it whole."""
    lines = []
    for each in received:
        if not (each.summary or each.commit):
            continue
        some, rest = each.paths[:PATHS_MOST], len(each.paths) - PATHS_MOST
        changed = ", ".join(some) + (f" [cut: {rest} more]" if rest > 0 else "")
        commit = f", commit {each.commit[:10]}" if each.commit else ""
        lines.append(shown(f"  {each.card}{commit}" + (f", changed {changed}" if some else "")))
        lines += _indent_lines(cut(each.summary.strip(), SUMMARY_MOST), LINES_MOST[0])
    return ["", "received:", *lines] if lines else []


def _parent_status(board: Board, card_id: str) -> str:
    known = board.cards.get(card_id)
    if known:
        return known.status
    return "done, archived" if card_id in board.archived else "missing"


def _run_lines(run: Run) -> list[str]:
    took = age(run.ended - run.started) if run.started else "never began"
    commit = f", commit {run.commit[:10]}" if run.commit else ""
    cost = f", {run_words(run)}" if run_words(run) else ""
    said = f"{run.run}  {run.outcome} ({run.why}), {took}{cost}, {run.slot}{commit}"
    lines = [f"  {shown(said)}"]
    if run.salvage:
        lines.append(shown(f"      kept: git show {run.salvage}"))
    return lines + _indent_lines(run.summary, LINES_MOST[1])


def _indent_lines(text: str, most: int) -> list[str]:
    return ["      " + line for line in shown_lines(cut_lines(text, most)).split("\n") if line]


def _note_lines(note: Note, now: float) -> list[str]:
    kind = f" ({note.kind})" if note.kind != "note" else ""
    head = f"  {note.by}, {age(now - note.at)} ago{kind}"
    return [shown(head), *("      " + line for line in shown_lines(note.text.strip()).split("\n"))]
