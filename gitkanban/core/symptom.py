"""A symptom: one thing that is wrong around a board, and what would repair it, if anything.

It examines nothing; `core.care.doctor` and the modules beside it do.
"""

from collections.abc import Mapping

from gitkanban.typed import Final, Literal, NamedTuple

ERROR: Final = "error"
WARNING: Final = "warning"
INFO: Final = "info"  # nothing is wrong, but a person may want to know
SymptomSeverity = Literal["error", "warning", "info"]

QUIET_MOST = 300  # seconds without a tick after which cron is suspected; it ticks every minute

# The repairs that `care.repair` can do.
REMOVE_TOKEN = "remove-token"  # subject: a slot
WRITE_TOKEN = "write-token"  # a run
CLOSE_RUN = "close-run"  # a run
REMOVE_FOLDER = "remove-folder"  # a run
UNLOCK_WORKTREE = "unlock-worktree"  # a path
REMOVE_WORKTREE = "remove-worktree"  # a path
FORGET_WORKTREE = "forget-worktree"  # a path
POINT_WORKTREE = "point-worktree"  # a path
DROP_WORKTREE = "drop-worktree"  # a path
RESTORE_CHECKOUT = "restore-checkout"  # a path
MEND_REF = "mend-ref"  # a ref
REMAKE_INDEX = "remake-index"  # a path
DELETE_BRANCH = "delete-branch"  # a card
REMOVE_LOCK = "remove-lock"  # a path
SCRUB_RUNS = "scrub-runs"  # the run folders, counted; it scrubs them all


class Symptom(NamedTuple):
    """One problem found. `repair` is what `--fix` does; if empty, a person follows `advice`."""

    severity: SymptomSeverity
    code: str
    subject: str
    text: str
    advice: str = ""
    repair: str = ""


# What `--fix` would do, in words; `{}` is the symptom's subject.
REPAIRS: Mapping[str, str] = {
    REMOVE_TOKEN: "remove the token of {}",
    WRITE_TOKEN: "write the token of run {} again",
    CLOSE_RUN: "end what is left of run {}, collect its work and record its end",
    REMOVE_FOLDER: "remove the empty folder of run {}",
    UNLOCK_WORKTREE: "unlock {}",
    REMOVE_WORKTREE: "remove {}, which is clean and merged",
    FORGET_WORKTREE: "have git forget {}",
    POINT_WORKTREE: "have {} point here again",
    DROP_WORKTREE: "remove {}, with nothing in it",
    RESTORE_CHECKOUT: "check the board out at {} again",
    REMAKE_INDEX: "make the index of {} again from its commit",
    MEND_REF: "point {} at the last commit in its log, or remove it if there is none",
    DELETE_BRANCH: "delete {}",
    REMOVE_LOCK: "remove {}",
    SCRUB_RUNS: "remove every environment from {}",
}


def would(symptom: Symptom) -> str:
    """What `--fix` would do about the symptom, in words; empty if it is left to a person."""
    return REPAIRS[symptom.repair].format(symptom.subject) if symptom.repair else ""
