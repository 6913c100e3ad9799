"""What in a change to a board people should not do, or reviewers should know.

It compares values; `rules` finds what is wrong with a board as it is.
"""

from collections.abc import Iterator

from gitkanban.core.agents.presets import PRESETS
from gitkanban.core.model import (
    REVIEW,
    RUN_FIELDS,
    RUNNING,
    STATUS_FIELDS,
    Board,
    Card,
    Note,
    Run,
    Worker,
)
from gitkanban.core.review.rules import ERROR, Finding, card_file, finding
from gitkanban.core.transitions import PERSON, allowed
from gitkanban.typed import Any


def change(base: Board, head: Board) -> list[Finding]:
    """What in the change from `base` to `head` people should not do, or should know."""
    findings: list[Finding] = []
    for name in sorted({*base.cards, *head.cards}):
        before, after = base.cards.get(name), head.cards.get(name)
        if after is None and before is not None:
            findings += _removed_card_findings(head, before)
        elif before is None and after is not None:
            findings += _new_card_findings(base, after)
        elif before and after:
            findings += _moved_card_findings(before, after)
            findings += _while_running(before, after)
    findings += _history_findings(base, head)
    return [*findings, *_executed_findings(base, head)]


def _new_card_findings(base: Board, card: Card) -> Iterator[Finding]:
    file = card_file(card.id)
    if any(problem.card == card.id for problem in base.problems) or card.id in base.archived:
        return
    if card.status in (RUNNING, REVIEW):
        yield finding(
            "status-by-hand",
            file,
            ("status",),
            f"a new card cannot be {card.status}",
            hint="Write status: todo, or backlog.",
        )
    elif any(getattr(card, name) for name in RUN_FIELDS):
        yield finding(
            "run-fields",
            file,
            ("run",),
            f"{card.id} is new and has fields of a run",
            hint=f"Take {', '.join(RUN_FIELDS[:-1])} and {RUN_FIELDS[-1]} out.",
        )


def _removed_card_findings(head: Board, card: Card) -> Iterator[Finding]:
    if card.id in head.archived or any(problem.card == card.id for problem in head.problems):
        return
    file = card_file(card.id)
    if card.status == RUNNING:
        yield finding(
            "card-removed",
            file,
            (),
            f"{card.id} is removed while it runs",
            hint="Its session would be stopped. Drop it instead: the history stays.",
            severity=ERROR,
        )
    else:
        yield finding(
            "card-removed",
            file,
            (),
            f"{card.id} is removed",
            hint="Set status: dropped instead, and its history stays.",
        )


def _moved_card_findings(before: Card, after: Card) -> Iterator[Finding]:
    file = card_file(after.id)
    if before.status != after.status:
        if not allowed(before.status, after.status, PERSON):
            hint = f"Leave status: {before.status}; only a tick makes that move."
            if after.status == RUNNING:
                hint = f"Leave status: {before.status}; a tick starts it when there is a slot."
            yield finding(
                "status-by-hand",
                file,
                ("status",),
                f"{after.id} {before.status} → {after.status} by hand",
                hint=hint,
            )
        elif before.status == RUNNING:
            yield finding(
                "running-changed",
                file,
                ("status",),
                f"{after.id} runs; {after.status} ends its session",
                hint="Its work so far is kept on its branch.",
            )
        return
    wrong = [name for name in RUN_FIELDS if getattr(before, name) != getattr(after, name)]
    if wrong:
        yield finding(
            "run-fields",
            file,
            (wrong[0],),
            f"{', '.join(wrong)} of {after.id} changed by hand",
            hint="Leave them as they were; only a run sets them.",
        )


def _while_running(before: Card, after: Card) -> Iterator[Finding]:
    if before.status != RUNNING or after.status != RUNNING:
        return
    names = [
        name
        for name in Card._fields
        if name not in (*STATUS_FIELDS, "priority")
        and getattr(before, name) != getattr(after, name)
    ]
    if names:
        yield finding(
            "running-changed",
            card_file(after.id),
            (names[0],),
            f"{after.id} runs, and its session does not see the new {', '.join(names)}",
            hint="A retry will. `gitkanban stop` ends the session now.",
        )


def _history_findings(base: Board, head: Board) -> Iterator[Finding]:
    for card in sorted({*base.runs, *head.runs}):
        if card in head.archived:
            continue
        before: dict[str, Run] = {run.run: run for run in base.runs_of(card)}
        after: dict[str, Run] = {run.run: run for run in head.runs_of(card)}
        for name in sorted({*before, *after}):
            if before.get(name) != after.get(name):
                done = _verb_for(before.get(name), after.get(name), "added by hand")
                yield finding(
                    "run-edited",
                    f"runs/{card}/{name}.yaml",
                    (),
                    f"the record of run {name} of {card} was {done}",
                    hint="Records of runs are evidence; restore it.",
                )
    for card in sorted(base.notes):
        if card in head.archived:
            continue
        noted: dict[str, Note] = {note.id: note for note in head.notes_of(card)}
        for note in base.notes_of(card):
            if noted.get(note.id) != note:
                done = _verb_for(note, noted.get(note.id), "")
                yield finding(
                    "note-edited",
                    f"notes/{card}/{note.id}.md",
                    (),
                    f"a note on {card} was {done}",
                    hint="Add another note instead.",
                )


def _verb_for(before: object, after: object, added: str) -> str:
    return "removed" if after is None else added if before is None else "changed"


# Fields of a worker that decide what is executed, and with access to what.
EXECUTED = (
    "runner",
    "command",
    "setup",
    "verify",
    "pass_env",
    "profile",
    "memory_env",
    "memory_path",
)


def _executed_findings(base: Board, head: Board) -> Iterator[Finding]:
    if head.config is None:
        return
    known = base.config.workers if base.config else {}
    for name, worker in sorted(head.config.workers.items()):
        old = known.get(name)
        for field in EXECUTED:
            was, now = (executed_words(side, field) for side in (old, worker))
            if was == now or (old is None and field == "profile"):
                continue
            preset = PRESETS.get(worker.runner)
            if field == "command" and preset and worker.command == preset.start:
                continue  # reported as a change of the runner
            key = "memory_home" if field.startswith("memory_") else field
            yield finding(
                "executes",
                "config.yaml",
                ("kanban", "workers", name, key),
                f"{name} {field}: {was or 'nothing'} → {now or 'nothing'}",
                hint="Read it as you read code: it runs where the board ticks.",
            )


def executed_words(worker: Worker | None, field: str) -> str:
    """A field of EXECUTED as text, with the words of a command quoted where necessary."""
    value: Any = getattr(worker, field) if worker and field in EXECUTED else ""
    return value if isinstance(value, str) else " ".join(map(_quote_word, value))


def _quote_word(word: str) -> str:
    return word if word and not set(word) & set(" \t\n'\"") else repr(word)
