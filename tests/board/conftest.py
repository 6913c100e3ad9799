"""A repository with a board, in both forms: in the tree of main, and on a branch of its own."""

from collections.abc import Callable
from pathlib import Path

import pytest

from gitkanban.board import init, store
from gitkanban.board.place import Place, find
from gitkanban.core.changes import AddCard, Change
from gitkanban.core.model import Board, Card
from tests.conftest import git

CONFIG = """\
version: 1
kanban:
  base: main
  workers:
    backend:
      runner: claude
"""

FORMS = {"in-tree": "", "own-branch": "kanban"}


def message(board: Board, changes: object) -> str:
    """A commit message, as short as can be."""
    return "kanban: a test\n"


def make_board(repo: Path, form: str, *cards: Card) -> Place:
    """A board with these cards in the repository; its place."""
    init.create(str(repo), branch=FORMS[form], config=CONFIG, files={})
    place = find(str(repo))
    change(place, *(AddCard(card) for card in cards))
    return place


def change(place: Place, *changes: Change) -> store.Committed:
    """Commit these changes on whatever the board is."""
    return store.commit(place, lambda board: changes, message=message)


def root_of(place: Place) -> Path:
    """The folder where people see the board's files."""
    return Path(place.main) / ".kanban"


def read_card(place: Place, card: str) -> Card:
    """The card at the tip."""
    return store.read(place).cards[card]


def checkout_of(place: Place) -> Path:
    """The root of the checkout that the board's branch is checked out in."""
    return Path(place.main) if place.prefix else root_of(place)


def is_clean(place: Place) -> bool:
    """Whether that checkout has no change of any kind."""
    return git(checkout_of(place), "status", "--porcelain") == ""


@pytest.fixture(params=list(FORMS))
def form(request: pytest.FixtureRequest) -> str:
    """`in-tree` and `own-branch`."""
    return str(request.param)


@pytest.fixture
def kanban(repo: Path, form: str) -> Callable[..., Place]:
    """Make the board of this test in its repository: `kanban(Card(...), ...)`."""
    return lambda *cards: make_board(repo, form, *cards)
