"""Refs that keep what would otherwise be lost: `refs/gitkanban/salvage/<run>`.

Nothing here removes anything, and no branch is moved.
"""

import os
import shutil

from gitkanban import failpoints
from gitkanban.board import commits, git
from gitkanban.errors import GitFailed

PREFIX = "refs/gitkanban/salvage/"


def keep(common: str, run: str, commit: str) -> str:
    """Make a salvage ref hold the commit; the ref. What it held before stays reachable too."""
    ref, number = PREFIX + run, 1
    while True:
        held = commits.resolve(common, ref)
        if held == commit or (held and commits.is_ancestor(common, commit, held)):
            return ref
        if not held or commits.is_ancestor(common, held, commit):
            git.run(common, "update-ref", "--create-reflog", ref, commit, held or "0" * 40)
            failpoints.reach("salvage.kept")
            return ref
        number += 1
        ref = f"{PREFIX}{run}-{number}"


def tree_of(workspace: str, admin: str, index: str) -> str:
    """The tree of everything in a workspace that git does not ignore, its index left untouched.

    `index` is a file to work with; it is overwritten and removed. Raises GitFailed.
    """
    env = {"GIT_INDEX_FILE": index}
    try:
        try:
            shutil.copyfile(f"{admin}/index", index)
        except FileNotFoundError:
            git.run(workspace, "read-tree", "--empty", env=env)
        # Files that cannot be read are left out and said by nobody but git: exit 1.
        git.run(workspace, "add", "--all", "--ignore-errors", "--", ".", env=env, check=False)
        return git.run(workspace, "write-tree", env=env).out.decode().strip()
    finally:
        for name in (index, f"{index}.lock"):
            if os.path.lexists(name):
                os.unlink(name)


def commit_tree(where: str, tree: str, parents: tuple[str, ...], message: str) -> str:
    """Make a commit; as `gitkanban` when the repository knows no identity. Raises GitFailed."""
    args = ["commit-tree", tree, *(word for parent in parents for word in ("-p", parent))]
    try:
        done = git.run(where, *args, "-F", "-", input=message.encode())
    except GitFailed:
        nobody = {
            f"GIT_{role}_{part}": value
            for role in ("AUTHOR", "COMMITTER")
            for part, value in (("NAME", "gitkanban"), ("EMAIL", "gitkanban@localhost"))
        }
        done = git.run(where, *args, "-F", "-", input=message.encode(), env=nobody)
    return done.out.decode().strip()


def snapshot(workspace: str, admin: str, run: str, why: str) -> str:
    """Keep a workspace's whole content and HEAD in a salvage ref; empty when HEAD has it all.

    Raises GitFailed.
    """
    head = commits.resolve(workspace, "HEAD")
    tree = tree_of(workspace, admin, f"{admin}/gitkanban-index")
    if head and commits.text(workspace, "rev-parse", f"{head}^{{tree}}") == tree:
        return ""
    parents = (head,) if head else ()
    return keep(workspace, run, commit_tree(workspace, tree, parents, f"salvage: {why}\n"))
