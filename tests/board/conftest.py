"""Both forms of a board as fixtures, and what a person's checkout of it looks like."""

from collections.abc import Callable
from pathlib import Path

import pytest

from gitkanban.board import store
from gitkanban.board.repo.place import Place
from gitkanban.core.model import Card
from tests.board import boards
from tests.board.boards import CONFIG, said
from tests.board.boards import commit as change
from tests.conftest import git

__all__ = ["CONFIG", "change", "said"]

FORMS = {"in-tree": "", "own-branch": "kanban"}


def make_board(repo: Path, form: str, *cards: Card) -> Place:
    """A board with these cards in the repository; its place."""
    return boards.new(repo, FORMS[form], *cards)


def root_of(place: Place) -> Path:
    """The folder where people see the board's files."""
    return boards.folder(Path(place.main))


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
