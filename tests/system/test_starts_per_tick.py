"""`max_starts_per_tick` is of the whole tick, however often it looks at the board again."""

from collections.abc import Callable, Collection
from pathlib import Path

import pytest

from gitkanban.board.content import histories
from gitkanban.board.repo.place import Place
from gitkanban.core.changes import EditCard
from gitkanban.core.model import Board
from gitkanban.core.names import CardId
from tests.support.arena import CONFIG, Arena

MOST = CONFIG.replace("  workers:\n", "  max_starts_per_tick: 1\n  workers:\n")


def test_a_start_that_fails_is_one_of_the_starts_of_its_tick(make: Callable[..., Arena]) -> None:
    arena = make({"T1": "@pool", "T2": "@pool"}, config=MOST)
    trees = arena.repo.parent / "repo.worktrees"
    trees.mkdir()
    (trees / "T1").write_text("in the way")  # its workspace cannot be made
    assert arena.tick() == 0
    assert arena.board().runs_of("T1") and arena.status("T2") == "todo"
    assert arena.tick() == 0
    assert arena.status("T2") == "running"


def test_the_histories_of_all_parents_are_read_once_for_all_starts(
    make: Callable[..., Arena], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    arena = make(
        {"P1": "@pool", "P2": "@pool", "T1": "backlog @pool <-P1,P2", "T2": "backlog @pool <-P2"}
    )
    for card in ("P1", "P2", "T1", "T2"):
        arena.words(card, "commit")
    arena.settle()
    arena.change(lambda _: [EditCard(card, {"status": "todo"}) for card in ("T1", "T2")])
    of_many = histories.histories_of

    def note_cards(place: Place, board: Board, cards: Collection[CardId]) -> Board:
        with open(tmp_path / "read", "a") as log:  # the tick is another process
            print(*sorted(cards), file=log)
        return of_many(place, board, cards)

    monkeypatch.setattr(histories, "histories_of", note_cards)
    assert arena.tick() == 0
    assert (tmp_path / "read").read_text() == "P1 P2\n"
    arena.settle()
    assert [arena.status(card) for card in ("T1", "T2")] == ["done", "done"]
