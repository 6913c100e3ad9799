"""A process that changes a board many times: `python hammer.py REPO NAME COUNT SHARED`.

Each change adds a card of its own, or, where SHARED is a card's id, adds one to its priority.
"""

import sys

from gitkanban.board import store
from gitkanban.board.repo import placefinder, refs
from gitkanban.core.changes import AddCard, Change, EditCard
from gitkanban.core.model import Board, Card
from tests.board.boards import said


def main(repo: str, name: str, count: int, shared: str) -> None:
    here = placefinder.find(repo)
    # No change is lost however long another git has the index, or a ref.
    refs.INDEX_PATIENCE = refs.LOCK_PATIENCE = 120.0
    for number in range(count):

        def decide(board: Board, number: int = number) -> list[Change]:
            if number % 2 and shared:
                return [EditCard(shared, {"priority": board.cards[shared].priority + 1})]
            return [AddCard(Card(f"{name}-{number}", title=f"{name} {number}"))]

        store.commit(here, decide, message=said, attempts=2000)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4])
