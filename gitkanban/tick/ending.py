"""What follows from ends that are on the board: tokens, run folders, worktrees that are not needed.

What an end means was decided before. Each effect can be repeated; what is left undone by a kill is
found by the next tick, or by `gc`.
"""

from collections.abc import Iterable

from gitkanban import failpoints
from gitkanban.board.repo import commits
from gitkanban.board.repo.checkouts import base_of
from gitkanban.board.repo.place import Place
from gitkanban.core.model import Config
from gitkanban.errors import GitkanbanError
from gitkanban.runs import mailbox
from gitkanban.runs.records import folders, slots
from gitkanban.runs.supervision.locks import Locks
from gitkanban.runs.workspace import removal, worktrees
from gitkanban.runs.workspace.workspaces import Wish


def close(place: Place, runs: Iterable[str], commit: str) -> None:
    """Remove the tokens of runs whose end `commit` has recorded, and mark their folders."""
    for run in runs:
        folder = folders.of(place.private, run)
        slot = folder.facts().one("slot")
        token = slots.read(place, slot) if slot else None
        if token and token.run == run:
            slots.remove(place, slot)
        failpoints.reach("settle.token-removed")
        folder.settle(commit)
        failpoints.reach("settle.settled")


def remove_letters(place: Place, letters: Iterable[tuple[str, tuple[str, ...]]]) -> None:
    """Remove what sessions wrote and the board has, by run; what stays is not done twice."""
    for run, names in letters:
        failpoints.reach("settle.letters")
        mailbox.remove(folders.of(place.private, run), names)


def tidy(place: Place, locks: Locks, config: Config, card: str) -> str:
    """Remove the worktree of a card whose merge was seen, if it is clean; what to tell, or nothing."""
    held = locks.take(f"card/{card}")
    if held is None:
        return ""
    with held:
        tip = commits.resolve(place.common, f"refs/heads/{worktrees.branch_of(card)}")
        wish = Wish(card, f"merged-{card}", base_of(place, config), worktrees=config.worktrees)
        try:
            done = removal.remove(place, locks, wish, landed=tip)
        except (GitkanbanError, OSError) as error:
            return f"the worktree of {card} stays: {error}"
    return f"{card} is merged; its worktree is removed" if done.gone else ""
