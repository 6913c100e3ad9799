"""What is wrong around a board, as symptoms: in words, and with a repair where there is one.

It examines facts that `care.checkup` gathers, and leaves repairs to `care.repair`. A symptom names
a repair only if that cannot lose work.
"""

from collections.abc import Iterator

from gitkanban.core.backoff import LONGEST, describe_excess
from gitkanban.core.care import damage, equipment, leftovers, readiness
from gitkanban.core.care.surroundings import Surroundings
from gitkanban.core.model import RUNNING, TODO, Board
from gitkanban.core.split_cards import open_cards
from gitkanban.core.symptom import (
    ERROR,
    INFO,
    QUIET_MOST,
    RESTORE_CHECKOUT,
    WARNING,
    Symptom,
    SymptomSeverity,
)
from gitkanban.core.time_words import span

CLOCK_MOST = 120  # seconds that two clocks may differ


# Examinations of runs and leases, which only the machine that has their locks can make.
DEPEND_ON_LOCKS = frozenset(
    (
        *("run-without-lease", "run-without-record", "lease-without-run", "slot-without-run"),
        *("run-unknown", "worktree-locked", "run-unreadable", "run-not-closed"),
        "worktree-unreadable",  # until the git that makes it is done
    )
)


def symptoms(board: Board, around: Surroundings) -> list[Symptom]:
    """All symptoms, the worst first, then in the order of `_EXAMINATIONS`."""
    listed = [each for examine in _EXAMINATIONS for each in examine(board, around)]
    if around.elsewhere:  # this machine cannot tell which runs are alive
        listed = [each for each in listed if each.code not in DEPEND_ON_LOCKS]
    order = (ERROR, WARNING, INFO)
    return sorted(listed, key=lambda each: order.index(each.severity))


def _config_symptoms(board: Board, around: Surroundings) -> Iterator[Symptom]:
    for problem in board.problems:
        where = f"{problem.file}:{problem.line}:{problem.column}" if problem.line else problem.file
        code = "unreadable-card" if problem.card else "broken-config"
        what = problem.card or where
        yield Symptom(ERROR, code, what, f"{where}: {problem.message}", advice=problem.hint)


def _machine_symptoms(board: Board, around: Surroundings) -> Iterator[Symptom]:
    if around.elsewhere:
        yield Symptom(
            ERROR,
            "other-machine",
            "tick",
            f"{around.elsewhere}; nothing is settled or started here",
            advice="Run gitkanban there; if that machine is gone for good, `gitkanban doctor --here`.",
        )


def _ticking_symptoms(board: Board, around: Surroundings) -> Iterator[Symptom]:
    waiting = any(card.status in (TODO, RUNNING) for card in open_cards(board.cards))
    severity: SymptomSeverity = WARNING if waiting else INFO
    advice = "Let cron call `gitkanban tick` every minute: docs/cron.md."
    if not around.ticked:
        yield Symptom(severity, "not-ticking", "tick", "no tick has ever run here", advice=advice)
    elif around.now - around.ticked > QUIET_MOST:
        ago = span(around.now - around.ticked)
        yield Symptom(
            severity, "not-ticking", "tick", f"the last tick was {ago} ago", advice=advice
        )


def _container_symptoms(board: Board, around: Surroundings) -> Iterator[Symptom]:
    if around.ticked_first:
        yield Symptom(
            WARNING,
            "tick-ends-container",
            "tick",
            "the last tick was the first process of a container, which ends with it, and with it "
            "every session that it started",
            advice="`gitkanban tick --wait` stays until they have ended; docs/cron.md.",
        )


def _standstill_symptoms(board: Board, around: Surroundings) -> Iterator[Symptom]:
    # A lock in the way is reported as a lock, with what can be done about it.
    if around.standstill and not any(lock.path in around.standstill for lock in around.locks):
        yield Symptom(
            WARNING,
            "standstill",
            board.branch,
            f"nothing is committed or started: {around.standstill}",
            advice="Finish or abort that.",
        )


def _signing_symptoms(board: Board, around: Surroundings) -> Iterator[Symptom]:
    if around.unsigned:
        yield Symptom(
            WARNING,
            "unsigned",
            board.branch,
            f"commits are made unsigned: {around.unsigned}",
            advice="Let the agent of gpg or ssh hold the key, or set `kanban: sign:`; docs/format.md.",
        )


def _checkout_symptoms(board: Board, around: Surroundings) -> Iterator[Symptom]:
    for root, branch in around.behind:
        yield Symptom(
            ERROR,
            "checkout-behind",
            root,
            f"{root} has not followed {branch}: a commit made there would take accepted work out again",
            advice="`gitkanban tick` tries again, and says what is in the way.",
        )
    if around.no_board_checkout:
        yield Symptom(
            WARNING,
            "board-checkout-gone",
            around.no_board_checkout,
            f"{around.no_board_checkout}, where {board.branch} was checked out, is gone: the board "
            "lives on, but its files cannot be edited there",
            advice="",
            repair=RESTORE_CHECKOUT,
        )
    if around.flipped:
        yield Symptom(
            ERROR,
            "bare-with-checkout",
            around.flipped,
            f"core.bare is true, so git itself finds no checkout in {around.flipped}",
            advice="`git config core.bare false`",
        )


def _clock_symptoms(board: Board, around: Surroundings) -> Iterator[Symptom]:
    advice = "Set the clock right. Runs go on: nothing judges a lock by its age."
    if abs(around.jumped) > CLOCK_MOST:
        way = "forward" if around.jumped > 0 else "back"
        yield Symptom(
            WARNING,
            "clock",
            "clock",
            f"the clock was set {way} by {span(abs(around.jumped))} since the last tick",
            advice=advice,
        )
    times = [("the last tick", around.ticked), ("the board's last commit", around.tip_at)]
    times += [(f"the start of run {run.run}", run.started) for run in around.runs]
    for what, at in times:
        if at - around.now > CLOCK_MOST:
            text = f"{what} lies {span(at - around.now)} in the future"
            yield Symptom(WARNING, "clock", "clock", text, advice=advice)


def _wait_symptoms(board: Board, around: Surroundings) -> Iterator[Symptom]:
    for card in board.cards.values():
        if card.status != TODO or card.not_before - around.now <= LONGEST:
            continue
        ahead = span(card.not_before - around.now)
        text = f"not_before of {card.id} lies {ahead} ahead, longer than any back-off"
        if describe_excess(board, card, around.now):
            text += f"; it counts for {span(LONGEST)} after its last run"
        advice = "Take not_before out of the card's file, unless it is intended."
        yield Symptom(WARNING, "waits-too-long", card.id, text, advice=advice)


def _trust_symptoms(board: Board, around: Surroundings) -> Iterator[Symptom]:
    for worker, why in sorted(around.untrusted.items()):
        yield Symptom(
            WARNING,
            "untrusted",
            worker,
            f"nothing starts for {worker}: {why}",
            advice="`gitkanban trust` shows what would run, and allows it.",
        )


def _tampering_symptoms(board: Board, around: Surroundings) -> Iterator[Symptom]:
    for line in around.tampering:
        yield Symptom(
            WARNING,
            "tampering",
            "repository",
            line,
            advice="Look at it, undo it unless it is intended, then run `gitkanban trust`.",
        )


_EXAMINATIONS = (
    _config_symptoms,
    _machine_symptoms,
    equipment.shared_disk,
    equipment.disks,
    equipment.unwritable,
    equipment.foreign_files,
    _standstill_symptoms,
    _checkout_symptoms,
    readiness.accept,
    readiness.start,
    _signing_symptoms,
    _ticking_symptoms,
    _container_symptoms,
    _clock_symptoms,
    _wait_symptoms,
    _trust_symptoms,
    _tampering_symptoms,
    equipment.programs,
    equipment.executors,
    equipment.agents,
    equipment.logins,
    equipment.quotas,
    equipment.budgets,
    equipment.notifiers,
    equipment.memory_homes,
    equipment.sandboxes,
    leftovers.locks,
    leftovers.runs,
    leftovers.environments,
    leftovers.leases,
    leftovers.cards,
    leftovers.worktrees,
    leftovers.worktrees_beside,
    damage.worktrees,
    damage.work,
    damage.indexes,
    damage.refs,
    leftovers.branches,
    leftovers.salvages,
    equipment.merge_driver,
)
