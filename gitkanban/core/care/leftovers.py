"""What runs leave behind when something breaks: leases, run folders, worktrees, branches, locks.

A part of the check-up of `core.care.doctor`; it examines facts only. Locks decide what is alive.
"""

from collections.abc import Iterator

from gitkanban.core.care.surroundings import RunState, Surroundings, WorktreeState
from gitkanban.core.ids import branch_of
from gitkanban.core.model import RUNNING, Board
from gitkanban.core.names import CardId
from gitkanban.core.split_cards import open_cards
from gitkanban.core.symptom import (
    CLOSE_RUN,
    DELETE_BRANCH,
    ERROR,
    FORGET_WORKTREE,
    INFO,
    POINT_WORKTREE,
    QUIET_MOST,
    REMOVE_FOLDER,
    REMOVE_LOCK,
    REMOVE_TOKEN,
    REMOVE_WORKTREE,
    SCRUB_RUNS,
    UNLOCK_WORKTREE,
    WARNING,
    WRITE_TOKEN,
    Symptom,
)
from gitkanban.core.tick.closing import SPAN_LEAST, TRIES_LEAST, unclosed_line
from gitkanban.core.time_words import span


def known_cards(board: Board) -> set[CardId]:
    """The ids of all cards: on the board, in the archive, or in a file that cannot be read."""
    unreadable = {problem.card for problem in board.problems if problem.card}
    return {*board.cards, *board.archived, *unreadable}


def runs(board: Board, around: Surroundings) -> Iterator[Symptom]:
    """Runs that do not match their record, their card or their lease."""
    cards_by_run = {token.run: token.card for token in around.tokens}
    cards_by_run |= {
        card.run: card.id for card in open_cards(board.cards) if card.status == RUNNING
    }
    for run in around.runs:
        if run.owner:  # if nothing names it, it may be settled without our seeing it
            if run.run in cards_by_run:
                yield _somebody_elses(run, cards_by_run[run.run])
            continue
        if run.moved_from:
            yield _moved_symptom(run)
        yield from _run_symptoms(run, around.now)


def _run_symptoms(run: RunState, now: int) -> Iterator[Symptom]:
    """At most one symptom of a run: the first, which explains the others."""

    def warn(code: str, text: str, advice: str, repair: str = "") -> Symptom:
        return Symptom(WARNING, code, run.run, text, advice=advice, repair=repair)

    named = f"run {run.run} of {run.card}"
    if run.tries.failures:
        hint = (
            f"Fix the cause. A tick gives it up after {TRIES_LEAST} tries in "
            f"{span(SPAN_LEAST)}; `gitkanban stop {run.card}` does so at once."
        )
        line = unclosed_line(run.run, run.card, run.tries)
        yield warn("run-not-closed", line, hint, CLOSE_RUN)
    elif not run.card:
        text = f"the folder of run {run.run} does not say what was run"
        hint = "" if run.empty else "Look into it; `rm -r` it when nothing there is needed."
        yield warn("run-unreadable", text, hint, REMOVE_FOLDER if run.empty else "")
    elif run.alive and not run.leased:
        text = f"{named} is alive, but no token in {run.slot} says so"
        yield warn("run-without-lease", text, "", WRITE_TOKEN)
    elif not run.alive and not run.ended:
        text = f"{named} is dead and left no exit record"
        yield warn("run-without-record", text, "The next tick does this too.", CLOSE_RUN)
    elif run.ended and now - run.ended > QUIET_MOST:
        text = f"{named} ended {span(now - run.ended)} ago, and no tick has settled it"
        yield warn("run-not-settled", text, "`gitkanban tick` does.")


def _moved_symptom(run: RunState) -> Symptom:
    advice = "Its work is collected when it ends."
    if run.alive:
        advice = f"`git worktree repair {run.workspace}` lets git work there again."
    text = f"the repository was moved from {run.moved_from} after run {run.run} of {run.card} began"
    return Symptom(WARNING, "repository-moved", run.run, text, advice=advice)


def _somebody_elses(run: RunState, card: CardId) -> Symptom:
    return Symptom(
        INFO,
        "run-of-another-user",
        run.run,
        f"run {run.run} of {card} belongs to {run.owner}, who alone can say whether it is alive",
        advice=f"Only a tick by {run.owner} settles it.",
    )


def environments(board: Board, around: Surroundings) -> Iterator[Symptom]:
    """Run folders in which an older version stored a shell's environment."""
    if around.exposed:
        count = len(around.exposed)
        folders = "1 run folder" if count == 1 else f"{count} run folders"
        yield Symptom(
            WARNING,
            "environment-in-file",
            folders,
            f"an earlier version wrote the environment of the shell that ticked into {folders}, "
            "where any session can read it",
            advice="If that shell had secrets, change them; `gitkanban gc` removes them from here, too.",
            repair=SCRUB_RUNS,
        )


def leases(board: Board, around: Surroundings) -> Iterator[Symptom]:
    """Lease tokens and locked slots without a run."""
    runs = {run.run: run for run in around.runs}
    for token in around.tokens:
        if token.slot not in around.locked_slots and token.run not in runs:
            yield Symptom(
                WARNING,
                "lease-without-run",
                token.slot,
                f"the token of {token.slot} names {token.card or 'no card'}, but no run holds it",
                advice="",
                repair=REMOVE_TOKEN,
            )
    theirs = {run.run for run in around.runs if run.owner}
    taken = {run.slot for run in around.runs if run.alive}
    taken |= {token.slot for token in around.tokens if token.run in theirs}
    for slot, who in sorted(around.locked_slots.items()):
        if slot not in taken:
            yield Symptom(
                ERROR,
                "slot-without-run",
                slot,
                f"{slot} is locked, but by no run that is known here" + (f": {who}" if who else ""),
                advice="If that persists, find out what that process is, and end it."
                if who
                else "If that persists, find out who has that lock open (`lsof`), and end it.",
            )


def cards(board: Board, around: Surroundings) -> Iterator[Symptom]:
    """Cards that are `running` without a run here."""
    for card in sorted(board.cards.values()):
        if card.status != RUNNING:
            continue
        if card.clone != around.clone:
            yield Symptom(
                INFO,
                "runs-elsewhere",
                card.id,
                f"{card.id} runs in another clone, on {card.host or 'a host that is not named'}",
                advice=f"If that clone is gone for good: `gitkanban reclaim {card.id} "
                f"--from {card.clone}`.",
            )
        elif card.run not in around.known_runs:
            yield Symptom(
                WARNING,
                "run-unknown",
                card.id,
                f"{card.id} says that run {card.run or '(none)'} is working on it here, but "
                "no such run is known here",
                advice="The next tick counts it as lost and lets the card try again.",
            )


def worktrees(board: Board, around: Surroundings) -> Iterator[Symptom]:
    """Worktrees without a card, locked for nobody, moved, or gone."""
    alive = {run.run for run in around.runs if run.alive or run.owner}
    known = known_cards(board)
    for tree in _readable_trees(around):
        if not tree.card:
            yield Symptom(
                WARNING,
                "stranger",
                tree.path,
                f"{tree.path} is in the folder of the worktrees, but is not one of them",
                advice="Move it away if a card of that name is to run.",
            )
        elif not tree.there:
            yield Symptom(
                WARNING,
                "worktree-gone",
                tree.path,
                f"the worktree of {tree.card} was removed by hand; git still lists it",
                advice="Commits that only it had are salvaged first.",
                repair=FORGET_WORKTREE,
            )
        elif tree.astray and tree.locked_for not in alive:
            yield _astray_symptom(tree)
        elif tree.card not in known:
            yield _orphan_symptom(tree)
        elif tree.locked_for and tree.locked_for not in alive:
            yield Symptom(
                WARNING,
                "worktree-locked",
                tree.path,
                f"{tree.path} is locked for run {tree.locked_for}, which is over",
                advice="",
                repair=UNLOCK_WORKTREE,
            )


def _readable_trees(around: Surroundings) -> Iterator[WorktreeState]:
    others = {tree.path for tree in around.unreadable}
    return (tree for tree in around.worktrees if tree.path not in others)


def _astray_symptom(tree: WorktreeState) -> Symptom:
    return Symptom(
        WARNING,
        "worktree-astray",
        tree.path,
        f"{tree.path}, the worktree of {tree.card}, does not belong to this repository any more: "
        f"{tree.astray}",
        advice=""
        if tree.adrift
        else "Find out which repository it belongs to before its card runs again.",
        repair=POINT_WORKTREE if tree.adrift else "",
    )


def worktrees_beside(board: Board, around: Surroundings) -> Iterator[Symptom]:
    """Worktrees that a session created for itself."""
    for tree in around.beside:
        yield Symptom(
            WARNING,
            "worktree-beside",
            tree.path,
            f"{tree.path} is a worktree that was made while {tree.card} ({tree.run}) ran, and is no "
            "card's",
            advice=f"`git worktree remove {tree.path}` once nothing in it is needed.",
        )


def _orphan_symptom(tree: WorktreeState) -> Symptom:
    text = f"{tree.path} was made for {tree.card}, a card that is not on the board"
    if tree.merged and not tree.dirty:
        return Symptom(
            WARNING, "worktree-without-card", tree.path, text, advice="", repair=REMOVE_WORKTREE
        )
    why = "changes that are not committed" if tree.dirty else "commits that base lacks"
    return Symptom(
        WARNING,
        "worktree-without-card",
        tree.path,
        f"{text}, and has {why}",
        advice="Merge what you want of it, then `git worktree remove` it.",
    )


def branches(board: Board, around: Surroundings) -> Iterator[Symptom]:
    """Branches of cards that are not on the board."""
    standing = {tree.card for tree in around.worktrees if tree.there}
    for branch in around.branches:
        text = f"branch {branch_of(branch.card)} belongs to no card on the board"
        if branch.card in standing:
            continue  # reported with its worktree
        if branch.merged:
            yield Symptom(
                WARNING,
                "branch-without-card",
                branch_of(branch.card),
                f"{text}; its work is in base",
                advice="",
                repair=DELETE_BRANCH,
            )
        else:
            commits = f"{branch.ahead} commit{'' if branch.ahead == 1 else 's'}"
            yield Symptom(
                WARNING,
                "branch-without-card",
                branch_of(branch.card),
                f"{text}, and has {commits} that base lacks",
                advice="Merge or rename it; `git branch -D` it if you want nothing of it.",
            )


def salvages(board: Board, around: Surroundings) -> Iterator[Symptom]:
    """Salvaged work that waits for a person to look at it."""
    for each in around.salvages:
        ago = span(around.now - each.at)
        yield Symptom(
            INFO,
            "salvage",
            each.ref,
            f"{each.ref} keeps what did not fit a branch {ago} ago"
            + (f": {each.subject}" if each.subject else ""),
            advice=f"`git show {each.ref}`; `git update-ref -d {each.ref}` when it is not needed.",
        )


def locks(board: Board, around: Surroundings) -> Iterator[Symptom]:
    """Git's lock files that are in the way."""
    for lock in around.locks:
        if lock.user:
            text = (
                f"{lock.path} has been there for {lock.age} seconds, and may be in use: {lock.user}"
            )
            yield Symptom(
                WARNING, "lock", lock.path, text, advice="Wait for that git command to end."
            )
        else:
            text = f"{lock.path} is {span(lock.age)} old, and no git is running that could own it"
            yield Symptom(WARNING, "stale-lock", lock.path, text, advice="", repair=REMOVE_LOCK)
