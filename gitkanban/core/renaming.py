"""Renaming a card, as changes to everything that names it.

It does not touch branches; the caller renames those.
"""

from gitkanban.core.changes import AddCard, AddNote, Change, EditCard, EndRun, RemoveCard, WriteFile
from gitkanban.core.ids import check_id
from gitkanban.core.model import REVIEW, RUNNING, Board
from gitkanban.core.names import CardId
from gitkanban.errors import Refused


def renamed(board: Board, old: CardId, new: CardId) -> list[Change]:
    """Return the changes that rename a card; `board` must hold all its runs and notes.

    Raises UsageError if `new` cannot be an id, Refused if it is taken or the card is running or in
    review.
    """
    check_id(new)
    card = board.cards[old]
    if new == old:
        raise Refused(f"{old} already has that id")
    if new in board.cards or new in board.archived:
        where = board.cards[new].title if new in board.cards else "in the archive"
        raise Refused(f"card {new} already exists ({where})", "Choose another id.")
    twin = next((n for n in board.cards if n.lower() == new.lower() and n != old), "")
    if twin:
        raise Refused(f"{new} differs from {twin} only in case", "Choose another id.")
    if card.status in (RUNNING, REVIEW):
        raise Refused(
            f"{old} is {card.status}; its branch and its session know it by that id",
            "Rename it when it is done, or send it back first.",
        )
    changes: list[Change] = [RemoveCard(old), AddCard(card._replace(id=new))]
    for other in sorted(board.cards.values()):
        if old in other.parents and other.id != old:
            parents = tuple(sorted(new if parent == old else parent for parent in other.parents))
            changes.append(EditCard(other.id, {"parents": parents}))
    for run in board.runs_of(old):
        changes.append(WriteFile(f"runs/{old}/{run.run}.yaml", None))
        changes.append(EndRun(run._replace(card=new)))
    for note in board.notes_of(old):
        changes.append(WriteFile(f"notes/{old}/{note.id}.md", None))
        changes.append(AddNote(note._replace(card=new)))
    return changes
