"""What would stop the next start or accept, found by a dry run of both.

A part of the check-up of `core.care.doctor`; it examines facts only.
"""

from collections.abc import Iterator

from gitkanban.core.care.surroundings import BlockingBranch, Surroundings
from gitkanban.core.model import Board
from gitkanban.core.symptom import DELETE_BRANCH, ERROR, Symptom


def start(board: Board, around: Surroundings) -> Iterator[Symptom]:
    """What would stop the next start."""
    ready = around.ready
    if ready.no_base:
        advice = "Set `kanban: base:` in config.yaml to a branch that exists."
        yield Symptom(ERROR, "no-base", "base", ready.no_base, advice=advice)
    if ready.no_folder and not around.unwritable:  # that explains it
        yield Symptom(
            ERROR,
            "no-worktrees-folder",
            "worktrees",
            f"no worktree of a card can be made: {ready.no_folder}",
            advice="Fix that, or choose another folder: `git config gitkanban.worktrees FOLDER`.",
        )
    for branch in ready.blocking:
        yield _blocked_branch_symptom(branch)


def _blocked_branch_symptom(branch: BlockingBranch) -> Symptom:
    return Symptom(
        ERROR,
        "branch-in-the-way",
        branch.name,
        f"git cannot make branch {branch.blocked} beside branch {branch.name}",
        advice=f"`git branch -m {branch.name} another-name` makes room.",
        repair=DELETE_BRANCH if branch.merged else "",
    )


def accept(board: Board, around: Surroundings) -> Iterator[Symptom]:
    """What would stop the next accept."""
    for root, why in () if around.unwritable else around.ready.stuck:
        yield Symptom(
            ERROR,
            "accept-blocked",
            root,
            f"nothing can be accepted while {root} cannot follow: {why}",
            advice="Finish or fix that.",
        )
    for late in around.ready.late:
        yield Symptom(
            ERROR,
            "checkout-behind",
            late.root,
            f"the index of {late.root} is that of {late.commit[:10]}, before {late.branch} moved "
            "on: a commit made there would take out what came since",
            advice=f"If nobody staged that: `git -C {late.root} read-tree -m -u {late.commit[:10]} HEAD` "
            "brings it along, and leaves what you have changed.",
        )
