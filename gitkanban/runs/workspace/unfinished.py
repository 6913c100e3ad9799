"""What a killed git leaves in a worktree: stale lock files and operations that never ended.

Call it only while no process of the card is alive and its locks are ours.
"""

import os

from gitkanban.board.repo import checkouts, commits, operations, standstill
from gitkanban.board.repo.index_file import is_index
from gitkanban.errors import BoardBusy
from gitkanban.late import shutil
from gitkanban.runs.supervision import processes
from gitkanban.runs.workspace import git_locks, ground, salvage
from gitkanban.runs.workspace.workspace_git import (
    NO_SUBMODULES,
    View,
    head_of,
    read_plain,
    read_raw,
)

_LOCKS = ("index.lock", "HEAD.lock", "ORIG_HEAD.lock", "config.worktree.lock")


def remove_stale_locks(common: str, admin: str, branch: str) -> list[str]:
    """Remove lock files that no process has open, and return the removed ones.

    Without a worktree (`admin` is empty) it is the branch's alone, once it is too old to be in use.

    Raises BoardBusy when a live process holds one, or a git works in the worktree: git closes its
    lock while a person's editor is open.
    """
    # Behind a link they would be the locks of another worktree.
    own = admin and not os.path.islink(admin)
    paths = [f"{admin}/{name}" for name in _LOCKS] if own else []
    paths.append(f"{common}/refs/heads/{branch}.lock")
    removed = []
    for path in paths:
        if not os.path.lexists(path):
            continue
        users = [process.pid for process in processes.opened(path)]
        if not users and not admin and git_locks.is_young(path):
            raise BoardBusy(f"a git at work may hold {path}", "It is tried again at the next tick.")
        folders = (admin, checkouts.root_of(admin)) if admin else ()
        user = users[0] if users else standstill.at_work(folders)
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


def rebuild_index(common: str, workspace: str, admin: str, branch: str) -> list[str]:
    """Make an index that a power loss left without content again, from the branch; return notices.

    Files stay as they are, but those that the same power loss left empty come from the branch. A
    worktree whose files were never checked out has no index after this. Raises GitFailed, OSError.
    """
    index = f"{admin}/index"
    if not os.path.lexists(index) or is_index(index):
        return []
    os.unlink(index)
    if set(os.listdir(workspace)) <= {".git"}:
        return []
    with View(workspace, common, f"refs/heads/{branch}") as view:
        lost = _emptied_files(view)
        if lost:
            text = "".join(f"{name}\0" for name in lost)
            view.git("checkout-index", "-f", "-z", "--stdin", input=os.fsencode(text))
        view.keep_index(index)
    restored = f", and {len(lost)} empty files come from {branch}" if lost else ""
    return [f"the index of its workspace was lost: made again{restored}"]


def _emptied_files(view: View) -> list[str]:
    """Return the changed files of a view that are empty and were not."""
    words = ("diff-files", "--raw", "-z", "--no-renames", NO_SUBMODULES, "--diff-filter=M")
    changed = read_raw(view.git(*words).out)
    paths = ((name, os.path.join(view.folder, name)) for name in changed)
    return [
        name
        for name, path in paths
        if os.path.isfile(path) and not os.path.islink(path) and not os.path.getsize(path)
    ]


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
