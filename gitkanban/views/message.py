"""Commit messages of the board: they read as history and carry trailers for machines.

kanban: T1 todo → running (backend-hermes#2)

Kanban-Card: T1
Kanban-Run: 01jd…
"""

from collections.abc import Sequence

from gitkanban.core.changes import Change, MessageLine, story
from gitkanban.core.model import Board
from gitkanban.views.text import clipped, shown

SUBJECT_MOST = 100


def commit_message(board: Board, changes: Sequence[Change], subject: str = "") -> str:
    """Return the message for changes to a board, with the board's suffix, such as `[skip ci]`."""
    suffix = shown(board.config.commit_suffix) if board.config else ""
    return from_lines(story(board, changes), suffix, subject)


def from_lines(lines: Sequence[MessageLine], suffix: str = "", subject: str = "") -> str:
    """Return the subject, the lines as a body if there are several, and the trailers."""
    first = clipped(f"kanban: {shown(subject)}", SUBJECT_MOST) if subject else _subject_line(lines)
    parts = [first + (f" {suffix}" if suffix else "")]
    if len(lines) > 1 or subject:
        parts.append("\n".join(_line_text(line) for line in lines))
    cards = dict.fromkeys(line.card for line in lines if line.card)
    runs = dict.fromkeys(line.run for line in lines if line.run)
    trailers = [f"Kanban-Card: {card}" for card in cards] + [f"Kanban-Run: {run}" for run in runs]
    if trailers:
        parts.append("\n".join(trailers))
    return "\n\n".join(parts) + "\n"


def _line_text(line: MessageLine) -> str:
    return shown(f"{line.card} {line.text}".strip())


def _subject_line(lines: Sequence[MessageLine]) -> str:
    if len(lines) == 1:
        return clipped(f"kanban: {_line_text(lines[0])}", SUBJECT_MOST)
    cards = len({line.card for line in lines if line.card})
    counted = f"kanban: {len(lines)} changes to {cards} card{'' if cards == 1 else 's'}"
    if cards < len(lines):
        return counted
    kinds: dict[str, list[MessageLine]] = {}
    for line in lines:
        kinds.setdefault(line.text.partition(" (")[0], []).append(line)
    parts = [
        _line_text(alike[0]) if len(alike) == 1 else f"{len(alike)} cards {kind}"
        for kind, alike in kinds.items()
    ]
    subject = f"kanban: {', '.join(parts)}"
    return subject if len(subject) <= SUBJECT_MOST else counted
