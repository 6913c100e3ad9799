"""Boards at any revision and in a checkout's files, for review: `check`, `diff` and `fmt`.

It changes no ref, no index and no file. It works where no board branch is known yet, such as in a
detached checkout on a build server: the board's folder is looked up in each revision itself.
"""

import os
import tempfile
from collections.abc import Sequence
from contextlib import suppress

from gitkanban.board.content import reading
from gitkanban.board.content.boardfiles import listing
from gitkanban.board.repo import blobs, git
from gitkanban.board.repo.place import CONFIG, FOLDER, Place
from gitkanban.board.repo.placefinder import find, repository
from gitkanban.core import sizes
from gitkanban.core.model import Board
from gitkanban.core.names import NO_OID, Oid
from gitkanban.errors import BadData, GitkanbanError, NoBoard, NotFound
from gitkanban.typed import NamedTuple

AT_HAND = "draft"  # name of the board in the current checkout
UNCOMMITTED = ""  # the revision that stands for the files of the current checkout


class Side(NamedTuple):
    """A board to be reviewed, with all its runs and notes.

    `tree` is the object id of the commit or tree it was read from, `commit` its commit (for a
    draft the one checked out; "" if there is none), `files` the blob ids by path in the board.
    """

    label: str
    place: Place
    board: Board
    tree: Oid
    commit: Oid
    files: dict[str, Oid]

    def text(self, name: str) -> str:
        """The text of a board file; "" if there is none."""
        return self.texts([name]).get(name, "")

    def texts(self, names: Sequence[str]) -> dict[str, str]:
        """Return the texts of those of the board files that exist, by path."""
        oids = {name: self.files[name] for name in names if name in self.files}
        by_oid = blobs.texts(self.place, sorted(set(oids.values())))
        return {name: by_oid[oid] for name, oid in oids.items() if oid in by_oid}


def at_commit(place: Place, board: Board) -> Side:
    """Return the side that a board was read from, for its texts."""
    files = {entry.path: entry.oid for entry in listing(place, board.commit)}
    return Side(place.branch, place, board, board.commit, commit=board.commit, files=files)


class AtHand(NamedTuple):
    """A checkout's copy of a board: the root of the checkout, and the folder in its tree."""

    root: str
    prefix: str


def at_hand(cwd: str) -> AtHand | None:
    """Return the copy of a board in the checkout around `cwd`, None when it has none."""
    here = repository(cwd).here
    if not here:
        return None
    folder = f"{here}/{FOLDER}"
    if os.path.isfile(f"{folder}/{CONFIG}"):
        own = os.path.lexists(f"{folder}/.git")  # the linked worktree of a board branch
        return AtHand(folder, "") if own else AtHand(here, FOLDER)
    if os.path.isfile(f"{here}/{CONFIG}") and os.path.isdir(f"{here}/cards"):
        return AtHand(here, "")
    return None


def read(cwd: str, rev: str = UNCOMMITTED) -> Side:
    """Return the board at a revision, or in the current checkout (the board's tip if it has none).

    Raises NotFound for an unknown revision, NoBoard when there is no board in it.
    """
    if rev == UNCOMMITTED:
        hand = at_hand(cwd)
        if hand:
            return _side_at_hand(hand)
        rev = find(cwd).branch
    common, main, here, *_ = repository(cwd)
    commit = resolved(cwd, rev)
    asked = f"{commit}:{FOLDER}/{CONFIG}\n{commit}:{CONFIG}\n".encode()
    lines = git.run(common, "cat-file", "--batch-check", input=asked).text.split("\n")
    prefixes = [p for line, p in zip(lines, (FOLDER, ""), strict=True) if " blob " in line]
    if not prefixes and not _has_path(common, commit, f"{FOLDER}/cards"):
        raise NoBoard(
            f"{rev} holds no board", _revision_hint(cwd, rev) or "It has no .kanban/config.yaml."
        )
    place = _place_for(common, main, here, rev, prefix=prefixes[0] if prefixes else FOLDER)
    return _read_side(rev, place, commit, commit)


class ReviewedChange(NamedTuple):
    """A change for review: the board where it left its target, the changed one, the target now."""

    base: Side
    head: Side
    target: Side


def change_at(cwd: str, target: str, head: str = UNCOMMITTED) -> ReviewedChange:
    """Return what `head` (default: the current checkout) would change in `target`: `target...head`.

    A base or target without a board counts as an empty one. Raises what `read` raises.
    """
    new = read(cwd, head)
    if not new.commit and target == "HEAD":  # before the first commit
        old = _empty_side(new.place, NO_OID)._replace(label=target)
        return ReviewedChange(old, new, old)
    tip = resolved(cwd, target)
    try:
        left = merge_base(cwd, tip, new.commit) if new.commit else tip
    except NotFound as error:
        error.hint = _revision_hint(cwd, target) or error.hint
        raise
    old = _read_or_empty(cwd, left, new.place)
    into = old if left == tip else _read_or_empty(cwd, tip, new.place)
    return ReviewedChange(old._replace(label=target), new, into._replace(label=target))


def _revision_hint(cwd: str, rev: str) -> str:
    """Return a hint which revision has the board, where that is known."""
    try:
        return find(cwd).rev_hint(rev)
    except GitkanbanError:
        return ""


def _read_or_empty(cwd: str, commit: Oid, place: Place) -> Side:
    try:
        return read(cwd, commit)
    except NoBoard:
        return _empty_side(place, commit)


def _empty_side(place: Place, commit: Oid) -> Side:
    return Side(commit, place, Board("", commit, None, {}), commit, commit=commit, files={})


def merge_base(cwd: str, one: Oid, other: Oid) -> Oid:
    """Return the best common ancestor of two commits. Raises NotFound when they have none."""
    done = git.run(cwd, "merge-base", one, other, check=False)
    if done.code or not done.text:
        hint = "In a shallow clone, fetch more: git fetch --unshallow."
        raise NotFound(f"{one[:10]} and {other[:10]} have no common history here", hint)
    return done.oid


def resolved(cwd: str, rev: str) -> Oid:
    """Return the commit that a revision names. Raises NotFound."""
    done = git.run(
        cwd, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{rev}^{{commit}}",
        check=False,
    )  # fmt: skip
    if done.code:
        raise NotFound(
            f"no revision {rev!r}", "A branch, tag or commit; `git branch -a` lists them."
        )
    return done.oid


def _side_at_hand(hand: AtHand) -> Side:
    common, main, here, *_ = repository(hand.root)
    head = git.run(hand.root, "rev-parse", "--verify", "--quiet", "HEAD", check=False).oid
    place = _place_for(common, main, here, "", prefix=hand.prefix)
    return _read_side(AT_HAND, place, _tree_of(hand, common), head)


def _tree_of(here: AtHand, common: str) -> Oid:
    """Return a tree object of the checkout's files, made with an index and object store of its own.

    Raises BadData when they are too large to be a board.
    """
    _refuse_large(os.path.join(here.root, here.prefix))
    with tempfile.TemporaryDirectory(prefix="gitkanban-") as folder:
        env = {"GIT_INDEX_FILE": f"{folder}/index", **git.objects_aside(common)}
        git.run(here.root, "add", "--all", "--", here.prefix or ".", env=env)
        return git.run(here.root, "write-tree", env=env).oid


def _refuse_large(folder: str) -> None:
    many = together = 0
    for at, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name != ".git"]
        for name in names:
            with suppress(FileNotFoundError):
                together += os.lstat(os.path.join(at, name)).st_size
        many += len(names)
    if together > sizes.together_most(many) + sizes.FILE_MOST:
        what = f"the files in {folder} have {sizes.shown(together)} together"
        raise BadData(
            f"{what}, which is too large for a board",
            "Move files that do not belong to the board away.",
        )


def _has_path(common: str, commit: Oid, path: str) -> bool:
    return not git.run(common, "cat-file", "-e", f"{commit}:{path}", check=False).code


def _place_for(common: str, main: str, here: str, branch: str, prefix: str) -> Place:
    private = f"{common}/gitkanban"
    slots = f"{main}/{FOLDER}/slots" if main else f"{private}/slots"
    return Place(common, main, branch, prefix, slots=slots, private=private, here=here)


def _read_side(label: str, place: Place, tree: Oid, commit: Oid) -> Side:
    board = reading.board_at(place, tree, whole=True)
    files = {entry.path: entry.oid for entry in listing(place, tree)}
    return Side(label, place, board, tree, commit=commit, files=files)
