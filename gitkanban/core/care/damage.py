"""What git cannot read any more, as after a power loss: worktrees, work of cards, indexes, refs.

A part of the check-up of `core.care.doctor`; it examines facts only.
"""

from collections.abc import Iterator

from gitkanban.core.care.surroundings import Surroundings
from gitkanban.core.ids import CARD_REFS
from gitkanban.core.model import BLOCKED, REVIEW, TODO, Board
from gitkanban.core.symptom import (
    DROP_WORKTREE,
    ERROR,
    MEND_REF,
    REMAKE_INDEX,
    Symptom,
)

_OURS = (CARD_REFS, "refs/gitkanban/")
# The verb that has damaged work done again, by the status of its card. A card in `backlog` waits
# for a person's word anyway, and a run in progress makes commits of its own.
_AGAIN = {
    TODO: "gitkanban retry {card}",
    BLOCKED: "gitkanban retry {card}",
    REVIEW: "gitkanban reject {card} --why …",
}


def worktrees(board: Board, around: Surroundings) -> Iterator[Symptom]:
    """Worktrees that are half made."""
    for tree in around.unreadable:
        yield Symptom(
            ERROR,
            "worktree-unreadable",
            tree.path,
            f"git cannot read the worktree {tree.path}, which a power loss may have left half made; "
            "`git log --all` and `git gc` may fail here",
            advice=""
            if tree.may_go
            else f"Save what you need of it, then `rm -r {tree.admin}` has git forget it.",
            repair=DROP_WORKTREE if tree.may_go else "",
        )


def work(board: Board, around: Surroundings) -> Iterator[Symptom]:
    """Commits that were the work of open cards."""
    for card, commit in sorted(around.damaged.items()):
        advice = (
            "`git fsck` names what is damaged; a fetch from a remote that has it may bring it back."
        )
        again = _AGAIN.get(board.cards[card].status)
        if again:
            advice += f" `{again.format(card=card)}` has the work done again."
        yield Symptom(
            ERROR,
            "work-damaged",
            card,
            f"the work of {card} cannot be read: commit {commit[:10]} is damaged or gone",
            advice=advice,
        )


def indexes(board: Board, around: Surroundings) -> Iterator[Symptom]:
    """Checkouts of people whose index is damaged."""
    for root in around.no_index:
        yield Symptom(
            ERROR,
            "index-damaged",
            root,
            f"the index of {root} cannot be read: no commit can be made there, nor brought there",
            advice="Files stay as they are; what was staged must be staged again.",
            repair=REMAKE_INDEX,
        )


def refs(board: Board, around: Surroundings) -> Iterator[Symptom]:
    """Refs whose files name no commit."""
    for ref in around.broken_refs:
        ours = ref.startswith(_OURS)
        yield Symptom(
            ERROR,
            "ref-broken",
            ref,
            f"{ref} names no commit",
            advice="" if ours else "A fetch or its log (`.git/logs`) may have it.",
            repair=MEND_REF if ours else "",
        )
