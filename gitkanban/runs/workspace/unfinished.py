"""What a killed git leaves in a worktree: stale lock files and operations that never ended.

Call it only while no process of the card is alive and its locks are ours.
"""

import os

from gitkanban.board.repo import checkouts, commits, operations, standstill
from gitkanban.errors import BoardBusy
from gitkanban.late import shutil
from gitkanban.runs.supervision import processes
from gitkanban.runs.workspace import ground, salvage
from gitkanban.runs.workspace.workspace_git import View, head_of, read_plain

_LOCKS = ("index.lock", "HEAD.lock", "ORIG_HEAD.lock", "config.worktree.lock")


def remove_stale_locks(common: str, admin: str, branch: str) -> list[str]:
    """Remove lock files that no process has open, and return the removed ones.

    Raises BoardBusy when a live process holds one, or a git works in the worktree: git closes its
    lock while a person's editor is open.
    """
    # Behind a link they would be the locks of another worktree.
    paths = [] if os.path.islink(admin) else [f"{admin}/{name}" for name in _LOCKS]
    paths.append(f"{common}/refs/heads/{branch}.lock")
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
    """Return the operation in progress in a worktree (`rebase`, `merge`, …), empty for none."""
    several = os.path.lexists(f"{admin}/sequencer")  # of several commits, between two of them
    return operations.operation_in(admin) or ("cherry-pick" if several else "")


def settle_worktree(common: str, workspace: str, admin: str, branch: str, run: str) -> list[str]:
    """Bring a worktree back onto its branch with no operation in progress; return notices.

    Whatever the branch does not contain is salvaged first. Raises GitFailed, OSError.
    """
    ref = f"refs/heads/{branch}"
    under_way = operation(admin)
    named, head = head_of(common, admin)
    if named == ref and not under_way:
        return []
    notices = []
    salvaged = salvage.snapshot(
        workspace, common, admin, run, why=f"{branch} before it was set right"
    )
    if not salvaged and head and not commits.is_ancestor(common, head, ref):
        salvaged = salvage.keep(common, run, head)
    for name in filter(None, (each.stash for each in operations.OPERATIONS)):
        stashed = commits.resolve_id(common, read_plain(f"{admin}/{name}").strip())
        salvaged = salvage.keep(common, run, stashed) if stashed else salvaged
    if salvaged:
        notices.append(f"what did not fit the branch is in {salvaged}")
    _forget_operations(admin)
    if under_way:
        notices.append(f"an unfinished {under_way} was given up")
    ground.attach(admin, branch)
    with View(workspace, common, ref, f"{admin}/index") as view:
        view.git("reset", "--hard", "--quiet")
        view.keep_index(f"{admin}/index")
    return notices


def _forget_operations(admin: str) -> None:
    """Remove what unfinished operations left; git itself is not run on what a session wrote."""
    for name in (name for each in operations.OPERATIONS for name in (each.sign, *each.files)):
        path = f"{admin}/{name}"
        if os.path.islink(os.path.dirname(path)):
            continue  # what is behind it is not this worktree's
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        elif os.path.lexists(path):
            os.unlink(path)
