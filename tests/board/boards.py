"""A repository with a board in either form, for the tests of what lies in git."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gitkanban.board import init, store
from gitkanban.board.repo.place import Place
from gitkanban.core.changes import AddCard, Change, EditCard
from gitkanban.core.model import Board, Card

CONFIG = """\
version: 1
kanban:
  workers:
    coder:
      command: [sh, -c, "true"]
"""
FORMS = ["", "kanban"]  # in tree, on a branch of its own


def new(repo: Path, form: str, *cards: Card) -> Place:
    """A board with cards."""
    place = init.create(str(repo), branch=form, config=CONFIG, files={})
    if cards:
        commit(place, *(AddCard(card) for card in cards))
    return place


def said(_: Board, changes: Sequence[Change]) -> str:
    """A commit message."""
    return f"kanban: {len(changes)} changes\n\nKanban-Card: some\n"


def commit(place: Place, *changes: Change) -> store.Committed:
    """Commit changes whatever the board is."""
    return store.commit(place, lambda _: changes, message=said)


def edit(place: Place, card: str, **fields: Any) -> store.Committed:
    """Set fields of a card."""
    return commit(place, EditCard(card, fields))


def folder(repo: Path) -> Path:
    """Where people see the board's files, in both forms."""
    return repo / ".kanban"


def file_of(repo: Path, card: str) -> Path:
    """A card's file in the checkout."""
    return folder(repo) / "cards" / f"{card}.yaml"
