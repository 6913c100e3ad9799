"""Moves a board from the tree of the code to a branch of its own, with its history.

Commits that changed the board are made again with the board as their root; author, time and message
stay. One commit then removes the folder from the code's branch; the code itself does not change.
"""

import os

from gitkanban.board import store
from gitkanban.board.content.writing import NewTree
from gitkanban.board.following import follow_base, rehearsal
from gitkanban.board.repo import checkouts, git, placewriter, refs, standstill
from gitkanban.board.repo.checkouts import Checkout
from gitkanban.board.repo.place import FOLDER, Place
from gitkanban.core.ids import KNOWN_REF
from gitkanban.core.names import Oid
from gitkanban.errors import BoardBusy, BoardMoved, Refused
from gitkanban.typed import Any


def move(place: Place, branch: str) -> Place:
    """Move an in-tree board to `branch`, which must not exist, and return its new place.

    Raises Refused for an obstacle, BoardBusy, BoardMoved; nothing has changed then.
    """
    _refuse_all_drafts(place, branch)
    new = place._replace(branch=branch, prefix="", notices=(), start="")
    tip = git.run(place.common, "rev-parse", place.ref).oid
    board_tip = _replay_history(place, tip)
    bare_tip = _commit_without_board(place, tip, branch)
    stays = checkouts.on(place, place.ref)
    rehearsal.refuse_unable(place, stays, tip, bare_tip)
    follow_base.begin(stays, place.ref, tip, bare_tip)
    orders = (
        f"start\ncreate {new.ref} {board_tip}\nupdate {place.ref} {bare_tip} {tip}\n"
        f"{refs.PLAIN}update {KNOWN_REF} {board_tip}\nprepare\ncommit\n"
    )
    done = git.run(
        place.common, "update-ref", "-m", "kanban: the board moves",
        "--create-reflog", "--stdin", input=orders.encode(), check=False,
    )  # fmt: skip
    if done.code:
        follow_base.forget(stays, bare_tip)
        raise BoardMoved(f"the board did not move: {done.complaint}", "Try again.")
    placewriter.pin(new)
    follow_base.bring(place, stays, tip, bare_tip)
    _give_room(place)
    placewriter.check_out(new.common, new.main, branch)
    return new


def _refuse_all_drafts(place: Place, branch: str) -> None:
    refs.check_branch_name(place.common, branch)
    if refs.exists(place.common, f"refs/heads/{branch}"):
        raise Refused(f"branch {branch} exists", "Choose another name for the board's branch.")
    why = standstill.reason(place)
    if why:
        raise BoardBusy(f"the board cannot be moved: {why}", "Finish or abort that first.")
    running = [c.id for c in store.read(place).cards.values() if c.status == "running"]
    if running:
        raise Refused(
            f"the board cannot be moved while sessions run: {', '.join(sorted(running)[:5])}",
            "Wait for the sessions, or `gitkanban stop` them.",
        )
    for checkout in checkouts.on(place, place.ref):
        _refuse_drafts(checkout)


def _refuse_drafts(checkout: Checkout) -> None:
    """Refuse to leave anybody's uncommitted work on the board behind. Raises Refused."""
    done = checkout.run(
        "status", "--porcelain", "-z", "--ignored", "--untracked-files=all", "--", FOLDER,
        check=False,
    )  # fmt: skip
    paths = [line[3:] for line in done.text.split("\0") if line[2:3] == " "]
    drafts = [path for path in paths if not path.startswith(f"{FOLDER}/slots/")]
    if drafts:
        raise Refused(
            f"uncommitted changes in {checkout.root}: {', '.join(drafts[:5])}",
            "Commit it, or move it away, first.",
        )


def _replay_history(place: Place, tip: Oid) -> Oid:
    """Rewrite every commit that changed the board without the code, and return the tip."""
    from gitkanban.board.repo.objects import open_repository

    repo = open_repository(place.common)
    done = git.run(
        place.common, "rev-list", "--reverse", "--topo-order", "--parents", tip, "--", FOLDER
    )
    rewritten: dict[str, Any] = {}
    new: Any = None
    for line in done.lines:
        old, *parents = line.split(" ")
        commit: Any = repo.commit_at(Oid(old))
        tree = commit.tree[FOLDER].id if FOLDER in commit.tree else repo.TreeBuilder().write()
        above: list[Any] = [rewritten[each] for each in parents if each in rewritten]
        new = repo.create_commit(None, commit.author, commit.committer, commit.message, tree, above)
        rewritten[old] = new
    return Oid(str(new))


def _commit_without_board(place: Place, tip: Oid, branch: str) -> Oid:
    """Make a commit on the code's branch that removes only the board's folder; return its id."""
    draft = NewTree(place, tip)
    done = git.run(place.common, "ls-tree", "-r", "-z", "--name-only", tip, "--", f"{FOLDER}/")
    for path in done.text.split("\0"):
        if path:
            draft.files[path] = None
    return draft.commit(f"kanban: the board moves to branch {branch}\n", [tip])


def _give_room(place: Place) -> None:
    """Remove empty folders from the board's old place, so that a checkout fits there."""
    if not place.main:
        return
    for root, _, _ in os.walk(f"{place.main}/{FOLDER}", topdown=False):
        try:
            os.rmdir(root)
        except OSError:  # a lease token lies there
            return
