"""Checkouts brought from one commit to another by git's two-way merge, all or none.

A person's uncommitted work stays; where it is in the way, nothing is done and the files are named
(`git help read-tree`, "Two Tree Merge"). No ref is moved here: `begin` is called before one moves,
`bring` after that. A checkout that is left behind would undo the move with its next commit, so what
is to be brought along is noted, and what was cut short is completed by the next tick.
"""

import os
import time
from collections.abc import Sequence
from typing import Any

from gitkanban import failpoints, files
from gitkanban.board import checkouts as all_checkouts
from gitkanban.board import commits, git, standstill
from gitkanban.board.checkouts import Checkout
from gitkanban.board.place import Place
from gitkanban.errors import BoardBusy, GitFailed, Refused

# A note in a checkout's administrative folder, one for each move: from, to, the move itself.
NOTE = "gitkanban-bringing-"
_YOUNG = 60.0  # seconds in which the ref of a note may be about to move


def refuse_in_the_way(checkouts: Sequence[Checkout], old: str, new: str) -> None:
    """Try without doing it. Raises Refused naming the files, BoardBusy."""
    for checkout in checkouts:
        what = standstill.unfinished(checkout)
        if what:
            raise BoardBusy(
                f"{what} is in progress in {checkout.root}", "Finish or abort it first."
            )
        dry_run = ("read-tree", "-n", "-m", "-u", old, new)
        done = checkout.run(*dry_run, check=False)
        if done.code:  # perhaps only for times of files that were touched and not changed
            checkout.run("update-index", "-q", "--refresh", check=False)
            done = checkout.run(*dry_run, check=False)
        if done.code:
            said = done.err.decode("utf-8", "replace")
            if ".lock" in said:
                raise BoardBusy(f"the index of {checkout.root} is locked", "Try again.")
            raise Refused(
                f"uncommitted work in {checkout.root} is in the way: {', '.join(_files(said))}",
                "Commit or stash it, then try again.",
            )


def begin(checkouts: Sequence[Checkout], ref: str, old: str, new: str, commit: str = "") -> None:
    """Note that the checkouts are to be brought to `new` once `ref` has moved. Raises OSError.

    `commit` is where it moves to, if `new` is a tree made for them.
    """
    for checkout in checkouts:
        text = f"{old} {new} {commit or new} {ref}\n".encode("utf-8", "surrogateescape")
        files.replace(_note(checkout, new), text)
    failpoints.reach("trees.begun")


def _note(checkout: Checkout, new: str) -> str:
    return f"{checkout.admin}/{NOTE}{new}"


def bring(checkouts: Sequence[Checkout], old: str, new: str) -> list[str]:
    """Do it; lines about checkouts that could not be brought along after all."""
    told = []
    for checkout in checkouts:
        try:
            checkout.run("read-tree", "-m", "-u", old, new)
        except GitFailed as error:
            told.append(
                f"{checkout.root} stays at {old[:10]} ({error.message}); do not commit there, "
                f"the next tick tries again (or by hand: git read-tree -m -u {old[:10]} {new[:10]})"
            )
        else:
            files.remove(_note(checkout, new))
    return told


def forget(checkouts: Sequence[Checkout], new: str) -> None:
    """The ref did not move to `new`, so nothing is to be brought along to it."""
    for checkout in checkouts:
        files.remove(_note(checkout, new))


def complete(place: Place) -> list[str]:
    """Bring along what a killed process, or a locked index, has left behind; lines to tell.

    It does no harm to what another process brings along meanwhile: the second one finds it done.
    """
    return [
        line
        for checkout in all_checkouts.every(place)
        if not standstill.unfinished(checkout)
        for path in _notes(checkout)
        for line in _completed(place, checkout, path)
    ]


def again(place: Place, old: str, commit: str, ref: str) -> list[str]:
    """Put back what the first commit after the move takes back; lines to tell.

    It was made in a checkout that still stood at `old`. The board's own branch is `seen`'s to mend.
    """
    after = git.run(
        place.common, "rev-list", "--first-parent", "--reverse", f"{commit}..{ref}", check=False
    ).text.split()
    if not after or ref == place.ref:
        return []
    from gitkanban.board import refs
    from gitkanban.board.writing import Draft

    tip = after[-1]
    draft = Draft(place, tip)
    repo: Any = draft.repo
    moved = repo.diff(repo[old].tree, repo[commit].tree).deltas
    theirs = repo.diff(repo[old].tree, repo[after[0]].tree).deltas
    ours = {delta.new_file.path for delta in moved}
    if not ours or ours & {delta.new_file.path for delta in theirs}:
        return []
    index = repo.merge_trees(repo[old].tree, draft.root, repo[commit].tree)
    if index.conflicts or (tree := index.write_tree(repo)) == draft.root.id:
        return []
    why = "kanban: bring back what the branch lost"
    new = draft.commit_tree(tree, why, [tip])
    if not refs.swap(
        place._replace(branch=ref.removeprefix("refs/heads/")), tip, new, why, seen=False
    ):
        return []
    return [f"{name}: {ref} had lost a change; it is back" for name in sorted(ours)]


def _notes(checkout: Checkout) -> list[str]:
    """The notes of a checkout, the oldest first."""
    try:
        names = [name for name in os.listdir(checkout.admin) if name.startswith(NOTE)]
    except OSError:
        return []
    whole = [f"{checkout.admin}/{name}" for name in names if not name.endswith(".part")]
    return sorted(whole, key=_age, reverse=True)


def _age(path: str) -> float:
    try:
        return time.time() - os.stat(path).st_mtime
    except FileNotFoundError:  # another process has just seen to it
        return 0.0


def _completed(place: Place, checkout: Checkout, path: str) -> list[str]:
    words = all_checkouts.line(path).split(" ", 3)
    if len(words) < 4:
        return []
    old, new, commit, ref = words
    if checkout.head == ref and commits.is_ancestor(place.common, commit, ref):
        told = bring([checkout], old, new)
        if told:
            return told if os.path.exists(path) else []
        return again(place, old, commit, ref)
    if checkout.head != ref or _age(path) > _YOUNG:
        files.remove(path)
    return []


def _files(said: str) -> list[str]:
    """The paths that git names, as `error: Entry 'x' not uptodate. Cannot merge.`"""
    found = []
    for line in said.splitlines():
        name = line.partition("'")[2].rpartition("'")[0]
        if name and name not in found:
            found.append(name)
    return found or [said.strip().partition("\n")[0]]
