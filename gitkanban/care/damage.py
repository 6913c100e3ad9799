"""What git cannot read any more, as facts for `core.care.damage`: worktrees, work, indexes.

It changes nothing and takes no lock.
"""

import os
from collections.abc import Iterator

from gitkanban.board.repo import checkouts
from gitkanban.board.repo.clone import clone_id
from gitkanban.board.repo.index_file import is_index
from gitkanban.board.repo.place import Place
from gitkanban.board.work import cardwork
from gitkanban.core.care.surroundings import UnreadableWorktree
from gitkanban.core.model import Board, Config
from gitkanban.core.names import CardId, Oid
from gitkanban.core.tick.travel import last_work
from gitkanban.runs import verifying
from gitkanban.runs.workspace import unreadable, worktrees


def list_unreadable_worktrees(place: Place, config: Config | None) -> Iterator[UnreadableWorktree]:
    """Yield the worktrees that git cannot read."""
    folder = worktrees.folder_of(place, config.worktrees if config else "")
    for each in unreadable.find(place, [folder, verifying.folder_of(place)]):
        yield UnreadableWorktree(each.path, each.admin, may_go=each.ours and each.empty)


def list_without_index(place: Place) -> Iterator[str]:
    """Yield the checkouts of people whose index is there and cannot be read."""
    for each in checkouts.followers(place):
        if os.path.lexists(each.index_file) and not is_index(each.index_file):
            yield each.root


def find_damaged_work(place: Place, board: Board) -> dict[CardId, Oid]:
    """Return the last work of open cards that this clone has recorded and cannot read any more."""
    clone = clone_id(place)
    lost = {}
    for card in cardwork.missing(place, board):
        run = last_work(board.runs_of(card))
        if run and run.clone == clone:
            lost[card] = run.commit
    return lost
