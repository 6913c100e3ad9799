"""Checkouts brought from one commit to another by git's two-way merge, all or none.

A person's uncommitted work stays; where it is in the way, nothing is done and the files are named
(`git help read-tree`, "Two Tree Merge"). No ref is moved here.
"""

from collections.abc import Sequence

from gitkanban.board import git, standstill
from gitkanban.board.checkouts import Checkout
from gitkanban.board.place import Place
from gitkanban.errors import BoardBusy, GitFailed, Refused


def refuse_in_the_way(place: Place, checkouts: Sequence[Checkout], old: str, new: str) -> None:
    """Try without doing it. Raises Refused naming the files, BoardBusy."""
    for checkout in checkouts:
        what = standstill.unfinished(checkout)
        if what:
            raise BoardBusy(
                f"{what} is in progress in {checkout.root}", "Finish or abort it first."
            )
        dry_run = ("read-tree", "-n", "-m", "-u", old, new)
        done = git.run(checkout.root, *dry_run, check=False)
        if done.code:  # perhaps only for times of files that were touched and not changed
            git.run(checkout.root, "update-index", "-q", "--refresh", check=False)
            done = git.run(checkout.root, *dry_run, check=False)
        if done.code:
            said = done.err.decode("utf-8", "replace")
            if ".lock" in said:
                raise BoardBusy(f"the index of {checkout.root} is locked", "Try again.")
            raise Refused(
                f"uncommitted work in {checkout.root} is in the way: {', '.join(_files(said))}",
                "Commit or stash it, then try again.",
            )


def bring(place: Place, checkouts: Sequence[Checkout], old: str, new: str) -> list[str]:
    """Do it; lines about checkouts that could not be brought along after all."""
    told = []
    for checkout in checkouts:
        try:
            git.run(checkout.root, "read-tree", "-m", "-u", old, new)
        except GitFailed as error:
            told.append(
                f"{checkout.root} stays at {old[:10]} ({error.message}); "
                f"there: git read-tree -m -u {old[:10]} HEAD"
            )
    return told


def _files(said: str) -> list[str]:
    """The paths that git names, as `error: Entry 'x' not uptodate. Cannot merge.`"""
    found = []
    for line in said.splitlines():
        name = line.partition("'")[2].rpartition("'")[0]
        if name and name not in found:
            found.append(name)
    return found or [said.strip().partition("\n")[0]]
