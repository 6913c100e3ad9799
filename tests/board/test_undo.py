"""Taking a board commit back: by fields, and never what a session has acted on."""

from pathlib import Path

import pytest

from gitkanban.board import store
from gitkanban.board.init import create
from gitkanban.board.repo.place import Place
from gitkanban.board.review import reverting
from gitkanban.core.changes import AddCard, Change, EditCard, EndRun, WriteFile
from gitkanban.core.model import Board, Card, Run
from gitkanban.core.moves import started
from gitkanban.errors import NotFound, Refused
from gitkanban.views.message import commit_message

CONFIG = "version: 1\nkanban:\n  workers:\n    w: {command: ['true']}\n"


def change(place: Place, *changes: Change) -> str:
    return store.commit(place, lambda _: changes, message=commit_message).commit


def undo(place: Place, commit: str) -> Board:
    taken = reverting.commit_of(place, commit)
    done = store.commit(
        place, lambda board: reverting.undone(place, board, taken), message=commit_message
    )
    return done.after


@pytest.fixture
def place(repo: Path) -> Place:
    made = create(str(repo), branch="", config=CONFIG, files={})
    change(made, AddCard(Card("A", "one", "w")), AddCard(Card("B", "two", "w")))
    return made


def test_the_fields_of_that_commit_go_back_and_later_ones_stay(place: Place) -> None:
    first = change(place, EditCard("A", {"title": "new"}), EditCard("B", {"priority": 3}))
    change(place, EditCard("A", {"priority": 9}))
    cards = undo(place, first).cards
    assert (cards["A"].title, cards["A"].priority, cards["B"].priority) == ("one", 9, 0)


def test_a_field_that_was_changed_again_is_refused_with_both_values(place: Place) -> None:
    first = change(place, EditCard("A", {"title": "new"}))
    change(place, EditCard("A", {"title": "newer"}))
    with pytest.raises(Refused, match="A was changed again since") as caught:
        undo(place, first)
    assert "newer" in caught.value.message


def test_config_goes_back_unless_it_was_changed_again(place: Place) -> None:
    first = change(place, WriteFile("config.yaml", CONFIG + "  max_concurrency: 3\n"))
    undo(place, first)
    board = store.read(place)
    assert board.config
    assert board.config.max_concurrency == 6
    second = change(place, WriteFile("config.yaml", CONFIG + "  max_concurrency: 4\n"))
    change(place, WriteFile("config.yaml", CONFIG + "  max_concurrency: 5\n"))
    with pytest.raises(Refused, match="changed again"):
        undo(place, second)


def test_what_a_session_acted_upon_stays(place: Place) -> None:
    before = change(place, EditCard("A", {"title": "new"}))
    card = store.read(place).cards["A"]
    start = change(place, started(card, "r1", "w#1", "c", "h"))
    for commit, words in ((before, "a session has acted on A"), (start, "starts or ends a run")):
        with pytest.raises(Refused, match=words):
            undo(place, commit)
    end = {"status": "review", "run": "", "slot": "", "clone": "", "host": ""}
    settled = change(place, EndRun(Run("r1", "A", started=1)), EditCard("A", end))
    for commit, words in (
        (before, "a session has acted on A"),
        (settled, "starts or ends a run"),
    ):
        with pytest.raises(Refused, match=words):
            undo(place, commit)


def test_a_run_that_had_ended_before_is_no_hindrance_whatever_the_clocks_say(place: Place) -> None:
    later = 4_000_000_000  # as a clone whose clock is ahead writes it
    change(place, EndRun(Run("r1", "A", started=later)))
    undo(place, change(place, EditCard("A", {"title": "new"})))
    assert store.read(place).cards["A"].title == "one"


def test_only_commits_of_the_board_can_be_taken_back(place: Place) -> None:
    for rev in ("HEAD~2", "nowhere"):
        with pytest.raises(NotFound):
            undo(place, rev)
