"""Checkouts brought from one commit to another by git's two-way merge, all or none.

A person's uncommitted work stays (`git help read-tree`, "Two Tree Merge"); `rehearsal` finds out
whether a checkout can follow before a ref moves. No ref is moved here: call `begin` before one
moves, and `bring` after that.

A checkout that is left behind would undo the move with its next commit. So each pending move is
noted in its checkout, the next tick completes what was cut short, and `mending` restores what such
a commit has taken back.
"""

import os
import time
from collections.abc import Iterator, Sequence

from gitkanban import failpoints, files
from gitkanban.board.following import mending
from gitkanban.board.repo import checkouts as all_checkouts
from gitkanban.board.repo import commits, standstill
from gitkanban.board.repo.checkouts import Checkout
from gitkanban.board.repo.git import PLAIN
from gitkanban.board.repo.place import Place
from gitkanban.board.repo.scratch import scratch_in
from gitkanban.core.names import NO_OID, Oid
from gitkanban.errors import GitFailed
from gitkanban.typed import NamedTuple

# A note in a checkout's administrative folder, one for each pending move.
NOTE = "gitkanban-bringing-"
REPORT = "cache/behind"  # in the private folder: lines about checkouts that cannot follow
_YOUNG = 60.0  # seconds in which the ref of a note may be about to move


class PendingMove(NamedTuple):
    """A move that a checkout has to follow, from tree `old` to `new`, once `ref` holds `commit`."""

    checkout: Checkout
    path: str
    old: Oid
    new: Oid
    commit: Oid
    ref: str


def begin(
    checkouts: Sequence[Checkout], ref: str, old: Oid, new: Oid, commit: Oid = NO_OID
) -> None:
    """Note that the checkouts must be brought to `new` once `ref` has moved. Raises OSError.

    `commit` is where the ref moves to, if `new` is a tree made for the checkouts.
    """
    for checkout in checkouts:
        text = f"{old} {new} {commit or new} {ref}\n".encode("utf-8", "surrogateescape")
        files.replace(_path_for(checkout, new), text)
    failpoints.reach("trees.begun")


def _path_for(checkout: Checkout, new: Oid) -> str:
    return f"{checkout.admin}/{NOTE}{new}"


def bring(place: Place, checkouts: Sequence[Checkout], old: Oid, new: Oid) -> list[str]:
    """Bring the checkouts from `old` to `new`, and return notices about those that failed."""
    notices = []
    for checkout in checkouts:
        try:
            _read_tree(checkout, old, new)
        except (GitFailed, OSError) as error:
            why = error.message if isinstance(error, GitFailed) else str(error)
            notices.append(
                f"{checkout.root} stays at {old[:10]} ({why}); do not commit there, "
                f"the next tick tries again (or by hand: git read-tree -m -u {old[:10]} {new[:10]})"
            )
        else:
            files.remove(_path_for(checkout, new))
    if notices:
        _leave_report(place, notices)
    return notices


def forget(checkouts: Sequence[Checkout], new: Oid) -> None:
    """Remove the notes of a move to `new` that did not happen."""
    for checkout in checkouts:
        files.remove(_path_for(checkout, new))


def complete(place: Place) -> list[str]:
    """Bring along checkouts that a killed process or an obstacle left behind, and return notices.

    Two processes may do this at once: the second one finds it done.
    """
    notices, behind = list[str](), list[str]()
    for note in _read_notes(place):
        if not standstill.unfinished(note.checkout):
            done, stays = _complete_one(place, note)
            notices += [*done, *stays]
            behind += stays
    _leave_report(place, behind)
    return notices


def behind(place: Place, checkouts: Sequence[Checkout] = ()) -> Iterator[PendingMove]:
    """Yield the moves that the given checkouts (all by default) have yet to follow."""
    for note in _read_notes(place):
        if (not checkouts or note.checkout in checkouts) and _has_moved(place, note):
            yield note


def is_young(note: PendingMove) -> bool:
    """Return whether another process may be bringing that checkout along right now."""
    return _file_age(note.path) <= _YOUNG


def _has_moved(place: Place, note: PendingMove) -> bool:
    on_ref = note.checkout.head == note.ref
    return on_ref and commits.is_ancestor(place.common, note.commit, note.ref)


def _complete_one(place: Place, note: PendingMove) -> tuple[list[str], list[str]]:
    """Complete one move, and return notices: what was done, and what could not be done."""
    if _has_moved(place, note):
        # The branch first, which everybody shares: the checkout may have to wait for its person.
        mended = mending.mend(place, note.old, note.commit, note.ref)
        stays = bring(place, [note.checkout], note.old, note.new)
        return mended, stays if os.path.exists(note.path) else []
    if note.checkout.head != note.ref or not is_young(note):
        files.remove(note.path)
    return [], []


def _read_notes(place: Place) -> list[PendingMove]:
    """Return the notes of all checkouts, the oldest of each first."""
    notes = []
    for checkout in all_checkouts.followers(place):
        paths = sorted(_note_files(checkout), key=_file_age, reverse=True)
        for path in paths:
            words = all_checkouts.line(path).split(" ", 3)
            if len(words) == 4:
                old, new, commit = map(Oid, words[:3])
                notes.append(PendingMove(checkout, path, old, new, commit=commit, ref=words[3]))
    return notes


def _note_files(checkout: Checkout) -> list[str]:
    try:
        names = os.listdir(checkout.admin)
    except OSError:
        return []
    whole = (name for name in names if name.startswith(NOTE) and not name.endswith(".part"))
    return [f"{checkout.admin}/{name}" for name in whole]


def _file_age(path: str) -> float:
    try:
        return time.time() - os.stat(path).st_mtime
    except FileNotFoundError:  # another process has just completed it
        return 0.0


def _leave_report(place: Place, lines: Sequence[str]) -> None:
    """Leave the notices for `status`, which runs no git and so cannot find them itself."""
    path = f"{place.private}/{REPORT}"
    if lines:
        text = "".join(f"{line}\n" for line in lines)
        files.cache(path, text.encode("utf-8", "surrogateescape"))
    else:
        files.remove(path)


# -- the move itself


def _read_tree(checkout: Checkout, old: Oid, new: Oid) -> None:
    """Run the two-way merge on files and index. Raises GitFailed, with files half changed."""
    words = (*PLAIN, "read-tree", "-m", "-u", old, new)
    done = checkout.run(*words, check=False)
    if done.code and _admit_written(checkout, old, new):
        done = checkout.run(*words, check=False)
    if done.code:
        raise GitFailed(done.last)


def _admit_written(checkout: Checkout, old: Oid, new: Oid) -> bool:
    """Add files of `new` that an earlier try has written to the index; return whether it had any.

    Git writes the index last, so after a kill it takes such files for a person's changes.
    """
    changed = {
        change.path: change
        for change in commits.changes(checkout.admin, old, new)
        if change.new and os.path.lexists(f"{checkout.root}/{change.path}")
    }
    with scratch_in(checkout.admin) as folder:
        env = {"GIT_INDEX_FILE": f"{folder}/index"}
        files.copy(checkout.index_file, f"{folder}/index")
        if checkout.run("read-tree", "-i", "-m", old, new, env=env, check=False).code:
            return False
        checkout.run("update-index", "-q", "--refresh", env=env, check=False)
        differing = checkout.run("diff-files", "--name-only", "-z", env=env).text.split("\0")
    same = [changed[path] for path in changed.keys() - set(differing)]
    lines = "".join(f"{each.mode} {each.new}\t{each.path}\0" for each in same)
    text = lines.encode("utf-8", "surrogateescape")
    checkout.run("update-index", "--replace", "-z", "--index-info", input=text)
    checkout.run("update-index", "-q", "--refresh", check=False)
    return bool(same)
