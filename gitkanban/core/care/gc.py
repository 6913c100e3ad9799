"""What may be removed: worktrees, branches and run folders of finished work, cards done long ago.

It decides from facts that `care.gc` gathered; nothing is removed here. Everything that stays is
listed with a reason.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from gitkanban.core.care.leftovers import known_cards
from gitkanban.core.ids import branch_of
from gitkanban.core.model import BACKLOG, DONE, REVIEW, TERMINAL, Board, Config
from gitkanban.core.names import NO_OID, CardId, Oid, RunId
from gitkanban.typed import NamedTuple

_HAS_WORK = "with work that is not in base"


class WorktreeFact(NamedTuple):
    """A worktree that was made for a card."""

    path: str
    card: CardId
    there: bool = True  # its folder exists
    live: bool = False  # a run holds its card's lock
    unclean: str = ""  # what would be lost with it, in words
    landed: bool = True  # base has its work


class BranchFact(NamedTuple):
    """A branch `card/<id>`. `squashed` is its tip if base has its content, but not its commits."""

    card: CardId
    landed: bool
    squashed: Oid = NO_OID


class FolderFact(NamedTuple):
    """The folder of a run."""

    run: RunId
    card: CardId
    settled: bool


class Facts(NamedTuple):
    """Everything that exists. `changed` is when each card's file last changed, in epoch seconds."""

    worktrees: tuple[WorktreeFact, ...] = ()
    branches: tuple[BranchFact, ...] = ()
    folders: tuple[FolderFact, ...] = ()
    changed: Mapping[str, int] = {}


class Spared(NamedTuple):
    """Something that stays: `kind` is worktree, branch, run folder or card."""

    kind: str
    name: str
    why: str


class Tidying(NamedTuple):
    """What is removed, and what stays."""

    worktrees: tuple[WorktreeFact, ...] = ()
    branches: tuple[BranchFact, ...] = ()
    folders: tuple[RunId, ...] = ()
    archive: tuple[tuple[CardId, int], ...] = ()  # (card, year in which it was done)
    spared: tuple[Spared, ...] = ()

    def without(self, stayed: Sequence[Spared]) -> "Tidying":
        """Return the result for the case that these things stayed after all."""
        names = {(each.kind, each.name) for each in stayed}
        trees = [tree for tree in self.worktrees if ("worktree", tree.path) in names]
        branches = [b for b in self.branches if ("branch", branch_of(b.card)) in names]
        own = {tree.card for tree in trees} | {branch.card for branch in branches}
        archive = [each for each in self.archive if each[0] in own]
        stays = [Spared("card", card, _HAS_WORK) for card, _ in archive]
        return self._replace(
            worktrees=tuple(each for each in self.worktrees if each not in trees),
            branches=tuple(each for each in self.branches if each not in branches),
            folders=tuple(run for run in self.folders if ("run folder", run) not in names),
            archive=tuple(each for each in self.archive if each not in archive),
            spared=tuple(sorted({*self.spared, *stayed, *stays})),
        )


def tidying(board: Board, facts: Facts, now: int) -> Tidying:
    """Decide what may be removed around this board at `now` (epoch seconds)."""
    spared: list[Spared] = []
    worktrees = [each for each in facts.worktrees if _worktree_goes(board, each, spared)]
    stay = {each.card for each in facts.worktrees} - {each.card for each in worktrees}
    branches = [each for each in facts.branches if _branch_goes(board, each, stay, spared)]
    folders = _old_folders(board, facts.folders, spared)
    stay |= {each.card for each in facts.branches} - {each.card for each in branches}
    archive = _archived_runs(board, facts, now, stay, spared=spared)
    return Tidying(
        tuple(worktrees),
        tuple(branches),
        tuple(folders),
        tuple(archive),
        spared=tuple(sorted(set(spared))),
    )


def finished(board: Board, card: CardId) -> str:
    """`done`, `dropped` or `archived`; empty for an unfinished or unknown card."""
    if card in board.cards:
        status = board.cards[card].status
        return status if status in TERMINAL else ""
    return "archived" if card in board.archived else ""


def _why_card_stays(board: Board, card: CardId) -> str:
    """Why the worktree and branch of an unfinished or unknown card stay."""
    if card in board.cards:
        status = board.cards[card].status
        where = {REVIEW: "in review", BACKLOG: "in the backlog"}.get(status, status)
        return f"{card} is still {where}"
    if any(problem.card == card for problem in board.problems):
        return "the card cannot be read"
    return "the board has no such card: see `gitkanban doctor`"


def _worktree_goes(board: Board, tree: WorktreeFact, spared: list[Spared]) -> bool:
    state = finished(board, tree.card)
    why = ""
    if not state:
        why = _why_card_stays(board, tree.card)
    elif tree.live:
        why = "a run is alive there"
    elif not tree.there:
        why = "the folder is gone: see `gitkanban doctor`"
    elif tree.unclean:
        why = f"it has {tree.unclean}, and the card is {state}"
    elif not tree.landed:
        why = f"it has commits that base lacks, and the card is {state}"
    if why:
        spared.append(Spared("worktree", tree.path, why))
    return not why


def _branch_goes(board: Board, branch: BranchFact, stay: set[CardId], spared: list[Spared]) -> bool:
    if branch.card in stay:
        return False  # reported with its worktree
    state = finished(board, branch.card)
    why = ""
    if not state:
        why = _why_card_stays(board, branch.card)
    elif not branch.landed and not branch.squashed:
        why = f"it has commits that base lacks, and the card is {state}"
    if why:
        spared.append(Spared("branch", branch_of(branch.card), why))
    return not why


def _old_folders(board: Board, folders: Sequence[FolderFact], spared: list[Spared]) -> list[RunId]:
    """The runs whose folders can be removed.

    They are settled and not among the newest `keep_runs`. The last run of an unfinished card stays,
    because its log may still be needed.
    """
    most = (board.config or Config()).keep_runs
    newest = sorted((each.run for each in folders if each.settled), reverse=True)[:most]
    last = {each.card: each.run for each in sorted(folders)}
    open_cards = {card for card in known_cards(board) if not finished(board, card)}
    gone = []
    for each in sorted(folders):
        if not each.settled:
            why = "the end is not on the board yet"
        elif each.run in newest:
            why = f"among the newest {most} (keep_runs)"
        elif last[each.card] == each.run and each.card in open_cards:
            why = "the last run of a card that is not finished"
        else:
            gone.append(each.run)
            continue
        spared.append(Spared("run folder", each.run, why))
    return gone


def _archived_runs(
    board: Board, facts: Facts, now: int, stay: set[CardId], spared: list[Spared]
) -> list[tuple[CardId, int]]:
    after = board.config.archive_after if board.config else 0
    done = sorted(card.id for card in board.cards.values() if card.status == DONE)
    if not after:
        spared.extend(Spared("card", card, "archive_after is not set") for card in done)
        return []
    busy = {each.card for each in facts.folders if not each.settled}
    needed = {
        parent
        for card in board.cards.values()
        if card.status not in TERMINAL
        for parent in card.parents
    }
    gone = []
    for card in done:
        at = facts.changed.get(card, now)
        if now - at < after:
            why = "changed more recently than archive_after"
        elif card in needed:
            why = "a parent of cards that are not finished"
        elif card in stay:
            why = _HAS_WORK
        elif card in busy:
            why = "it has a run that is not settled"
        else:
            gone.append((card, datetime.fromtimestamp(at, UTC).year))
            continue
        spared.append(Spared("card", card, why))
    return gone
