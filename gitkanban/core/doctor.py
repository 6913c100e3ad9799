"""What is wrong around a board, as symptoms: said in words, with what would repair it, if anything.

It sees facts only (`runs.checkup` gathers them) and repairs nothing (`runs.repair` does). A repair
is named only where it cannot lose work.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from gitkanban.core.model import RUNNING, TODO, Board
from gitkanban.core.surroundings import Seen, WorktreeSeen

ERROR = "error"
WARNING = "warning"
INFO = "info"  # nothing is wrong, but a person may want to know

QUIET_MOST = 300  # seconds without a tick before cron is asked after; it ticks every minute
CLOCK_MOST = 120  # seconds that two clocks may differ
FREE_LEAST = 1 << 30  # bytes
FREE_BARELY = 100 << 20

# What `runs.repair` knows to do.
REMOVE_TOKEN = "remove-token"  # subject: a slot
WRITE_TOKEN = "write-token"  # a run
CLOSE_RUN = "close-run"  # a run
REMOVE_FOLDER = "remove-folder"  # a run
UNLOCK_WORKTREE = "unlock-worktree"  # a path
REMOVE_WORKTREE = "remove-worktree"  # a path
FORGET_WORKTREE = "forget-worktree"  # a path
DELETE_BRANCH = "delete-branch"  # a card
REMOVE_LOCK = "remove-lock"  # a path


class Symptom(NamedTuple):
    """One thing found. `repair` is what `--fix` does; empty: `advice` is for a person."""

    severity: str
    code: str
    subject: str
    text: str
    advice: str = ""
    repair: str = ""


def symptoms(board: Board, seen: Seen) -> list[Symptom]:
    """Everything found, the worst first, then in the order of the list in `_EXAMINATIONS`."""
    found = [each for examine in _EXAMINATIONS for each in examine(board, seen)]
    order = (ERROR, WARNING, INFO)
    return sorted(found, key=lambda each: order.index(each.severity))


def known_cards(board: Board) -> set[str]:
    """Cards that exist: on the board, in the archive, or in a file that cannot be read."""
    unreadable = {problem.card for problem in board.problems if problem.card}
    return {*board.cards, *board.archived, *unreadable}


def lasted(seconds: int) -> str:
    """A duration in words: `3 minutes`, `2 days`."""
    for length, word in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= length:
            count = seconds // length
            return f"{count} {word}{'' if count == 1 else 's'}"
    return f"{max(0, seconds)} second{'' if seconds == 1 else 's'}"


def _config(board: Board, seen: Seen) -> Iterator[Symptom]:
    for problem in board.problems:
        where = f"{problem.file}:{problem.line}:{problem.column}" if problem.line else problem.file
        code = "unreadable-card" if problem.card else "broken-config"
        what = problem.card or where
        yield Symptom(ERROR, code, what, f"{where}: {problem.message}", problem.hint)


def _network(board: Board, seen: Seen) -> Iterator[Symptom]:
    if seen.network:
        yield Symptom(
            ERROR,
            "network-file-system",
            seen.network,
            f"the git directory is on {seen.network}, where locks do not hold between hosts: two "
            "machines could run one card",
            "Clone onto a local disk and run gitkanban there.",
        )


def _disk(board: Board, seen: Seen) -> Iterator[Symptom]:
    for disk in seen.disks:
        few = 0 <= disk.files < 10_000
        if disk.free >= FREE_LEAST and not few:
            continue
        left = f"{disk.files} files" if few else f"{disk.free >> 20} MiB"
        yield Symptom(
            ERROR if disk.free < FREE_BARELY else WARNING,
            "disk-nearly-full",
            disk.path,
            f"room for only {left} is left at {disk.path}",
            "`gitkanban gc` frees what finished cards no longer need.",
        )


def _ticking(board: Board, seen: Seen) -> Iterator[Symptom]:
    waiting = any(card.status in (TODO, RUNNING) for card in board.cards.values())
    severity = WARNING if waiting else INFO
    advice = "Let cron call `gitkanban tick` every minute: docs/cron.md."
    if not seen.ticked:
        yield Symptom(severity, "not-ticking", "tick", "no tick has ever run here", advice)
    elif seen.now - seen.ticked > QUIET_MOST:
        ago = lasted(seen.now - seen.ticked)
        yield Symptom(severity, "not-ticking", "tick", f"the last tick was {ago} ago", advice)


def _standstill(board: Board, seen: Seen) -> Iterator[Symptom]:
    # A lock in the way is told as such, with what may be done about it.
    if seen.standstill and not any(lock.path in seen.standstill for lock in seen.locks):
        yield Symptom(
            WARNING,
            "standstill",
            board.branch,
            f"nothing is committed or started: {seen.standstill}",
            "Finish or abort that.",
        )


def _clock(board: Board, seen: Seen) -> Iterator[Symptom]:
    advice = "Set the clock right; runs go on, for nothing takes a lock's age for its death."
    if abs(seen.jumped) > CLOCK_MOST:
        way = "forward" if seen.jumped > 0 else "back"
        yield Symptom(
            WARNING,
            "clock",
            "clock",
            f"the clock was set {way} by {lasted(abs(seen.jumped))} since the last tick",
            advice,
        )
    times = [("the last tick", seen.ticked), ("the board's last commit", seen.tip_at)]
    times += [(f"the start of run {run.run}", run.started) for run in seen.runs]
    for what, at in times:
        if at - seen.now > CLOCK_MOST:
            text = f"{what} lies {lasted(at - seen.now)} in the future"
            yield Symptom(WARNING, "clock", "clock", text, advice)


def _trust(board: Board, seen: Seen) -> Iterator[Symptom]:
    for worker, why in sorted(seen.untrusted.items()):
        yield Symptom(
            WARNING,
            "untrusted",
            worker,
            f"nothing starts for {worker}: {why}",
            "`gitkanban trust` shows what would run, and allows it.",
        )


def _commands(board: Board, seen: Seen) -> Iterator[Symptom]:
    for worker, program in seen.missing:
        yield Symptom(
            ERROR,
            "missing-command",
            worker,
            f"{program}, which {worker} runs, is not found",
            "Install it, or put its folder on PATH and `gitkanban trust` again.",
        )


def _driver(board: Board, seen: Seen) -> Iterator[Symptom]:
    if not seen.driver:
        yield Symptom(
            INFO,
            "no-merge-driver",
            "merge driver",
            "git merges cards line by line in this clone, not field by field",
            "`gitkanban install merge-driver` if merges of cards conflict here.",
        )
    elif not seen.driver_found:
        yield Symptom(
            ERROR,
            "merge-driver-missing",
            "merge driver",
            f"{seen.driver}, with which git merges cards here, is not found",
            "`gitkanban install merge-driver` writes it anew.",
        )


def _runs(board: Board, seen: Seen) -> Iterator[Symptom]:
    for run in seen.runs:
        if not run.card:
            advice = "" if run.empty else "Look into it; `rm -r` it when nothing there is needed."
            yield Symptom(
                WARNING,
                "run-unreadable",
                run.run,
                f"the folder of run {run.run} says nothing of what was run",
                advice,
                REMOVE_FOLDER if run.empty else "",
            )
        elif run.alive and not run.leased:
            yield Symptom(
                WARNING,
                "run-without-lease",
                run.run,
                f"run {run.run} of {run.card} is alive, but no token in {run.slot} says so",
                "",
                WRITE_TOKEN,
            )
        elif not run.alive and not run.ended:
            yield Symptom(
                WARNING,
                "run-without-record",
                run.run,
                f"run {run.run} of {run.card} is dead and left no exit record",
                "The next tick does the same.",
                CLOSE_RUN,
            )
        elif run.ended and seen.now - run.ended > QUIET_MOST:
            ago = lasted(seen.now - run.ended)
            yield Symptom(
                WARNING,
                "run-not-settled",
                run.run,
                f"run {run.run} of {run.card} ended {ago} ago, and no tick has settled it",
                "`gitkanban tick` does.",
            )


def _leases(board: Board, seen: Seen) -> Iterator[Symptom]:
    runs = {run.run: run for run in seen.runs}
    for token in seen.tokens:
        if token.slot not in seen.held_slots and token.run not in runs:
            yield Symptom(
                WARNING,
                "lease-without-run",
                token.slot,
                f"the token of {token.slot} names {token.card or 'no card'}, but nobody sits there",
                "",
                REMOVE_TOKEN,
            )
    taken = {run.slot for run in seen.runs if run.alive}
    for slot, who in sorted(seen.held_slots.items()):
        if slot not in taken:
            yield Symptom(
                ERROR,
                "slot-without-run",
                slot,
                f"{slot} is locked, but by no run that is known here" + (f": {who}" if who else ""),
                "If it stays so, see what that process is, and end it."
                if who
                else "If it stays so, see who has that lock open (`lsof`), and end it.",
            )


def _cards(board: Board, seen: Seen) -> Iterator[Symptom]:
    for card in sorted(board.cards.values()):
        if card.status != RUNNING:
            continue
        if card.clone != seen.clone:
            yield Symptom(
                INFO,
                "runs-elsewhere",
                card.id,
                f"{card.id} runs in another clone, on {card.host or 'a host that is not named'}",
                f"If that clone is gone for good: `gitkanban reclaim {card.id} "
                f"--from {card.clone}`.",
            )
        elif card.run not in seen.known_runs:
            yield Symptom(
                WARNING,
                "run-unknown",
                card.id,
                f"{card.id} says that run {card.run or '(none)'} works on it here, where no such "
                "run is known",
                "The next tick takes it for lost and lets the card try again.",
            )


def _worktrees(board: Board, seen: Seen) -> Iterator[Symptom]:
    alive = {run.run for run in seen.runs if run.alive}
    known = known_cards(board)
    for tree in seen.worktrees:
        if not tree.card:
            yield Symptom(
                WARNING,
                "stranger",
                tree.path,
                f"{tree.path} lies among the worktrees, and is none of them",
                "Move it away if a card of that name shall run.",
            )
        elif not tree.there:
            yield Symptom(
                WARNING,
                "worktree-gone",
                tree.path,
                f"the worktree of {tree.card} was removed by hand; git still lists it",
                "Commits that only it had are salvaged first.",
                FORGET_WORKTREE,
            )
        elif tree.card not in known:
            yield _orphan(tree)
        elif tree.locked_for and tree.locked_for not in alive:
            yield Symptom(
                WARNING,
                "worktree-locked",
                tree.path,
                f"{tree.path} is locked for run {tree.locked_for}, which is over",
                "",
                UNLOCK_WORKTREE,
            )


def _orphan(tree: WorktreeSeen) -> Symptom:
    text = f"{tree.path} was made for {tree.card}, a card that is not on the board"
    if tree.merged and not tree.dirty:
        return Symptom(WARNING, "worktree-without-card", tree.path, text, "", REMOVE_WORKTREE)
    why = "changes that are not committed" if tree.dirty else "commits that base lacks"
    return Symptom(
        WARNING,
        "worktree-without-card",
        tree.path,
        f"{text}, and has {why}",
        "Merge what is wanted of it, then `git worktree remove` it.",
    )


def _branches(board: Board, seen: Seen) -> Iterator[Symptom]:
    kept = {tree.card for tree in seen.worktrees if tree.there}
    for branch in seen.branches:
        text = f"branch card/{branch.card} belongs to no card on the board"
        if branch.card in kept:
            continue  # told with its worktree
        if branch.merged:
            yield Symptom(
                WARNING,
                "branch-without-card",
                f"card/{branch.card}",
                f"{text}; its work is in base",
                "",
                DELETE_BRANCH,
            )
        else:
            commits = f"{branch.ahead} commit{'' if branch.ahead == 1 else 's'}"
            yield Symptom(
                WARNING,
                "branch-without-card",
                f"card/{branch.card}",
                f"{text}, and has {commits} that base lacks",
                "Merge or rename it; `git branch -D` it when nothing of it is wanted.",
            )


def _salvages(board: Board, seen: Seen) -> Iterator[Symptom]:
    for each in seen.salvages:
        ago = lasted(seen.now - each.at)
        yield Symptom(
            INFO,
            "salvage",
            each.ref,
            f"{each.ref} keeps what fitted no branch {ago} ago"
            + (f": {each.subject}" if each.subject else ""),
            f"`git show {each.ref}`; `git update-ref -d {each.ref}` when it is not needed.",
        )


def _locks(board: Board, seen: Seen) -> Iterator[Symptom]:
    for lock in seen.locks:
        if lock.user:
            text = f"{lock.path} is there for {lock.age} seconds, and may be in use: {lock.user}"
            yield Symptom(WARNING, "lock", lock.path, text, "Wait for that git command to end.")
        else:
            text = f"{lock.path} is {lasted(lock.age)} old, and no git is running that could own it"
            yield Symptom(WARNING, "stale-lock", lock.path, text, "", REMOVE_LOCK)


_EXAMINATIONS = (
    _config,
    _network,
    _disk,
    _standstill,
    _ticking,
    _clock,
    _trust,
    _commands,
    _locks,
    _runs,
    _leases,
    _cards,
    _worktrees,
    _branches,
    _salvages,
    _driver,
)

# What `--fix` would do, in words; `{}` is the symptom's subject.
REPAIRS: Mapping[str, str] = {
    REMOVE_TOKEN: "remove the token of {}",
    WRITE_TOKEN: "write the token of run {} anew",
    CLOSE_RUN: "end what is left of run {}, collect its work and record its end",
    REMOVE_FOLDER: "remove the empty folder of run {}",
    UNLOCK_WORKTREE: "unlock {}",
    REMOVE_WORKTREE: "remove {}, which is clean and merged",
    FORGET_WORKTREE: "have git forget {}",
    DELETE_BRANCH: "delete {}",
    REMOVE_LOCK: "remove {}",
}


def would(symptom: Symptom) -> str:
    """What `--fix` would do about it, in words; empty when it leaves it to a person."""
    return REPAIRS[symptom.repair].format(symptom.subject) if symptom.repair else ""
