"""Runs that somebody gave up and that ended after all: what is said of them, and what is kept.

A person gives up a run of another clone (`reclaim`) that nobody can see. Its record then says
`lost`, and the card may run again. If the clone comes back, the board stays as it is: what the run
left goes to a salvage ref, and a note says where.
"""

from gitkanban.core.model import Note, Run
from gitkanban.core.names import CardId, Oid, RunId
from gitkanban.typed import NamedTuple

LATE_REFS = "refs/gitkanban/late/"  # in the clone that ran it, by run
SALVAGE_REFS = "refs/gitkanban/salvage/"  # at the remote, by run


class LateWork(NamedTuple):
    """A commit that its card's branch cannot take any more."""

    card: CardId
    run: RunId
    commit: Oid


def is_given_up(run: Run) -> bool:
    """Whether a record was written by somebody who gave up the run of another clone.

    Who wrote it knew nothing of the run but what the board says: not even when it began.
    """
    return run.outcome == "lost" and not run.started


def late_work(run: RunId, card: CardId, commit: Oid, start: Oid) -> LateWork | None:
    """What a run left that no longer counts; None if it left nothing."""
    return LateWork(card, run, commit) if commit and commit != start else None


def late_note(work: LateWork, why: str, now: int) -> Note:
    """The note on the card about such work. It has the run's id, so that there is only one."""
    text = (
        f"Run {work.run} {why}. It left commit {work.commit[:10]}, which is kept in "
        f"{SALVAGE_REFS}{work.run} at the remote if that takes such refs, and in "
        f"{LATE_REFS}{work.run} of its own clone."
    )
    if why == FENCED:
        text += f" {BUILDS_ON}"
    return Note(work.run, work.card, by="gitkanban", at=now, text=text, run=work.run)


ENDED_LATE = "was given up, and has ended after all"
FENCED = "has ended, but the branch of its card has other commits at the remote"
BUILDS_ON = "The next attempt builds on those; to have both, merge this one into the branch there."
