"""Refs that keep what would otherwise be lost: `refs/gitkanban/salvage/<run>`.

Nothing here removes anything, and no branch is moved.
"""

from gitkanban import failpoints
from gitkanban.board.repo import commits, git
from gitkanban.core.names import Oid
from gitkanban.core.visible import shown_lines
from gitkanban.errors import GitFailed
from gitkanban.runs.workspace import gathering
from gitkanban.runs.workspace.workspace_git import View, head_of

PREFIX = "refs/gitkanban/salvage/"


def keep(common: str, run: str, commit: Oid) -> str:
    """Point a salvage ref at the commit and return the ref. Its earlier commits stay reachable.

    `run` is the run's id, or the name of whoever else found the commit (`doctor`, `gc-T1`).
    """
    ref, number = PREFIX + run, 1
    while True:
        current = commits.resolve(common, ref)
        if current == commit or (current and commits.is_ancestor(common, commit, current)):
            return ref
        if not current or commits.is_ancestor(common, current, commit):
            git.run(
                common,
                "update-ref",
                "--no-deref",
                "--create-reflog",
                ref,
                commit,
                current or git.ZEROS,
            )
            failpoints.reach("salvage.kept")
            return ref
        number += 1
        ref = f"{PREFIX}{run}-{number}"


def commit_tree(where: str, tree: Oid, parents: tuple[Oid, ...], message: str) -> Oid:
    """Make a commit and return its id; its author is `gitkanban` if none is configured.

    Raises GitFailed.
    """
    args = ["commit-tree", tree, *(word for parent in parents for word in ("-p", parent))]
    try:
        done = git.run(where, *args, "-F", "-", input=shown_lines(message).encode())
    except GitFailed:
        nobody = {
            f"GIT_{role}_{part}": value
            for role in ("AUTHOR", "COMMITTER")
            for part, value in (("NAME", "gitkanban"), ("EMAIL", "gitkanban@localhost"))
        }
        done = git.run(where, *args, "-F", "-", input=shown_lines(message).encode(), env=nobody)
    return Oid(done.out.decode().strip())


def snapshot(workspace: str, common: str, admin: str, run: str, why: str) -> str:
    """Save a workspace's whole content and HEAD in a salvage ref; empty if HEAD has it all.

    Raises GitFailed, OSError.
    """
    _, head = head_of(common, admin)
    with View(workspace, common, head, f"{admin}/index") as view:
        gathered = gathering.gather(view, head)
        if head and not gathered.changes:
            return ""
        tree = view.tree()
    parents = (head,) if head else ()
    return keep(common, run, commit_tree(common, tree, parents, f"salvage: {why}\n"))
