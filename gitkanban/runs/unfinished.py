"""What a killed git leaves in a worktree: stale lock files and operations that never ended.

Call it only while no process of the card is alive and its locks are ours.
"""

import os

from gitkanban.board import checkouts, commits, git, standstill
from gitkanban.errors import BoardBusy
from gitkanban.runs import processes, salvage

_LOCKS = ("index.lock", "HEAD.lock", "ORIG_HEAD.lock", "config.worktree.lock")
_OPERATIONS = (  # what git keeps while one is in progress, and the words that forget it
    ("rebase-merge", ("rebase", "--quit")),
    ("rebase-apply", ("rebase", "--quit")),
    ("MERGE_HEAD", ("merge", "--quit")),
    ("CHERRY_PICK_HEAD", ("cherry-pick", "--quit")),
    ("REVERT_HEAD", ("revert", "--quit")),
    ("sequencer", ("cherry-pick", "--quit")),
    ("BISECT_LOG", ("bisect", "reset", "HEAD")),
)


def remove_stale_locks(common: str, admin: str, branch: str) -> list[str]:
    """Remove lock files that no process has open; the removed ones, to be told.

    Raises BoardBusy when a live process holds one, or a git works in the worktree: git closes its
    lock while a person's editor is open.
    """
    paths = [f"{admin}/{name}" for name in _LOCKS] + [f"{common}/refs/heads/{branch}.lock"]
    removed = []
    for path in paths:
        if not os.path.lexists(path):
            continue
        users = [process.pid for process in processes.opened(path)]
        user = users[0] if users else standstill.at_work((admin, checkouts.root_of(admin)))
        if user:
            raise BoardBusy(f"process {user} holds {path}", "Wait for that git command to end.")
        os.unlink(path)
        removed.append(f"removed a stale {os.path.basename(path)}")
    return removed


def operation(admin: str) -> str:
    """The operation that is in progress in a worktree (`rebase`, `merge`, …), empty for none."""
    return next((words[0] for name, words in _OPERATIONS if os.path.lexists(f"{admin}/{name}")), "")


def settle_worktree(workspace: str, admin: str, branch: str, run: str) -> list[str]:
    """Bring a worktree back onto its branch with no operation in progress; what was done.

    Whatever the branch does not hold is salvaged first. Raises GitFailed.
    """
    under_way = operation(admin)
    attached = commits.text(workspace, "symbolic-ref", "--quiet", "HEAD") == f"refs/heads/{branch}"
    if attached and not under_way:
        return []
    told = []
    head, tip = commits.resolve(workspace, "HEAD"), commits.resolve(workspace, branch)
    kept = salvage.snapshot(workspace, admin, run, f"{branch} before it was set right")
    if not kept and head and not (tip and commits.is_ancestor(workspace, head, tip)):
        kept = salvage.keep(workspace, run, head)
    if kept:
        told.append(f"what did not fit the branch is in {kept}")
    for name, words in _OPERATIONS:
        if os.path.lexists(f"{admin}/{name}"):
            git.run(workspace, *words, check=False)
    if under_way:
        told.append(f"an unfinished {under_way} was given up")
    git.run(workspace, "symbolic-ref", "HEAD", f"refs/heads/{branch}")
    git.run(workspace, "reset", "--hard", "--quiet")
    return told
