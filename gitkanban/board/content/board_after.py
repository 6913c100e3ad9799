"""The board after a commit of ours, as reading it would give it, without listing or reading it all.

Only what the changes wrote is parsed. Where anything else could differ, `after` returns None, and
the caller reads the board.
"""

from collections.abc import Callable, Sequence

from gitkanban.board.content.in_work import QUIET, cards_in_work
from gitkanban.board.content.parsing import parse_file
from gitkanban.board.formats.yamltext import Bad
from gitkanban.core.changes import (
    AddCard,
    AddNote,
    Change,
    ClearPause,
    EditCard,
    EndRun,
    RewriteCard,
    SetPause,
)
from gitkanban.core.model import Board
from gitkanban.core.split_cards import copied
from gitkanban.typed import Any

_FOREKNOWN = (AddCard, AddNote, ClearPause, EditCard, EndRun, RewriteCard, SetPause)


def after(
    before: Board, applied: Board, changes: Sequence[Change], text: Callable[[str], str | None]
) -> Board | None:
    """Return `applied` with its changed values parsed from the text that was written.

    `text` returns the text of a file that the changes wrote, by its path from the board's root.
    None: the board must be read.
    """
    if before.problems or not all(isinstance(change, _FOREKNOWN) for change in changes):
        return None
    cards, runs = copied(applied.cards), dict(applied.runs)
    notes, paused = dict(applied.notes), dict(applied.paused)
    try:
        for change in changes:
            match change:
                case AddCard(card) | RewriteCard(card):
                    if card.id in before.archived:
                        return None
                    cards[card.id] = _parse_written(text, f"cards/{card.id}.yaml")
                case EditCard(card_id):
                    was = before.cards.get(card_id)
                    if was and was.status in QUIET and cards[card_id].status not in QUIET:
                        return None  # runs and notes of quiet cards are not on the board
                    cards[card_id] = _parse_written(text, f"cards/{card_id}.yaml")
                case EndRun(run):
                    new = _parse_written(text, f"runs/{run.card}/{run.run}.yaml")
                    others = (each for each in runs[run.card] if each.run != run.run)
                    runs[run.card] = tuple(sorted((*others, new), key=lambda each: each.run))
                case AddNote(note):
                    new = _parse_written(text, f"notes/{note.card}/{note.id}.md")
                    rest = (each for each in notes[note.card] if each.id != note.id)
                    notes[note.card] = tuple(sorted((*rest, new)))
                case SetPause(pause):
                    name = pause.worker
                    paused[name] = _parse_written(text, f"paused/{name}.yaml")
    except (Bad, KeyError):
        return None
    added = cards_in_work(cards[each.card.id] for each in changes if isinstance(each, AddCard))
    complete = applied.complete | added
    return applied._replace(cards=cards, runs=runs, notes=notes, paused=paused, complete=complete)


def _parse_written(text: Callable[[str], str | None], name: str) -> Any:
    return parse_file((text(name) or "").encode("utf-8", "surrogateescape"), name)
