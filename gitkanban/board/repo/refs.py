"""The board's branch moved by compare-and-swap, through git's own reference transactions.

It writes no objects, and touches no index and no working tree.
"""

import os
import time
from collections.abc import Iterator, Sequence

from gitkanban import clock, files
from gitkanban.board.repo import checkouts, commits, git, standstill
from gitkanban.board.repo.place import Place
from gitkanban.core.ids import CARD_BRANCHES, KNOWN_REF
from gitkanban.core.names import NO_OID, Oid
from gitkanban.errors import BoardBusy, GitFailed, Refused
from gitkanban.late import re
from gitkanban.typed import TypeAlias

LOCK_PATIENCE = 5.0  # seconds that a live ref lock is waited for
INDEX_PATIENCE = 2.0  # seconds that a live index.lock is waited for
TRIES_MOST = 3  # when no lock is found in the way: it may have gone just before we looked
STALE_AFTER = 10.0  # seconds; a live git holds a ref's lock for milliseconds
_COMMIT = re.compile("[0-9a-f]{40}([0-9a-f]{24})?")
Move: TypeAlias = tuple[str, Oid, Oid]  # (ref, from, to)
# For the next line of `update-ref --stdin`: write the ref itself, even if a session has made it a
# symbolic ref. Only people's own branches may be symbolic.
PLAIN = "option no-deref\n"


def why_not(place: Place) -> str:
    """Return why nothing may be committed to the board now; empty: commits are fine."""
    return standstill.reason(place, INDEX_PATIENCE)


def remove_stale_locks(place: Place) -> list[str]:
    """Remove ref locks that a killed git left in the way of the board's branch, and return notices.

    Only locks that nobody has open are removed, and only while no git works in the repository. Call
    it with the tick lock held, so that no other tick is about to take one.
    """
    notices = []
    for name in (place.ref, KNOWN_REF, "HEAD"):
        lock = f"{place.common}/{name}.lock"
        try:
            if time.time() - os.stat(lock).st_mtime < STALE_AFTER:
                continue
            folders = [place.common, *(each.root for each in checkouts.every(place))]
            if not standstill.is_stale(lock, folders):
                continue
            os.unlink(lock)
        except FileNotFoundError:
            continue
        notices.append(f"removed {lock}, which a killed git had left")
    return notices


def swap(
    place: Place, old: Oid, new: Oid, why: str, *, by_us: bool = True, also: Sequence[Move] = ()
) -> bool:
    """Move the board's branch from `old` (empty: it is new) to `new`, and return whether it moved.

    `by_us` moves our ref of its last known commit with it, `also` other refs: all of them or none.
    False when one of them was not at its old commit. Raises BoardBusy, GitFailed.
    """
    # The ref of the last known commit goes first. Between the two moves it is ahead: that looks
    # like a lost change, but bringing it back then finds the branch moved.
    orders = f"start\n{PLAIN}update {KNOWN_REF} {new}\n" if by_us and not place.aside else "start\n"
    for ref, here, there in ((place.ref, old, new), *also):
        orders += f"update {ref} {there} {here or git.ZEROS}\n"
    orders += "prepare\ncommit\n"
    until, tries = time.monotonic() + LOCK_PATIENCE, 0
    moves = ((place.ref, old, new), *also)
    while True:
        done = git.run(
            place.common, "update-ref", "-m", why.partition("\n")[0],
            "--create-reflog", "--stdin", input=orders.encode(), check=False,
        )  # fmt: skip
        if not done.code:
            return True
        # Decided by the refs and their locks, not by the words of git's messages.
        if any(checkouts.tip(place, ref) != here for ref, here, _ in moves):
            return False
        if by_us and mend(place.common, KNOWN_REF):
            continue
        tries = 0 if _is_locked(place, moves) else tries + 1
        if tries == TRIES_MOST:
            raise GitFailed(f"the board cannot be committed: {done.complaint}")
        if time.monotonic() > until:
            raise BoardBusy(
                f"branch {place.branch} is locked by another git",
                "If none is running, `gitkanban doctor` says which lock file is stale.",
            )
        time.sleep(0.02 * (1 + clock.jitter()))


def _is_locked(place: Place, moves: Sequence[Move]) -> bool:
    """Return whether a git has locked one of the refs, or the packed refs."""
    names = ("HEAD", "packed-refs", KNOWN_REF, *(ref for ref, _, _ in moves))
    return any(os.path.lexists(f"{place.common}/{name}.lock") for name in names)


def list_broken(common: str) -> Iterator[str]:
    """Yield the refs whose files name no commit, as a power loss may leave them.

    Those of branches that a git before us wrote without syncing are empty, or full of NULs.
    """
    for folder, _, names in os.walk(f"{common}/refs"):
        for name in names:
            if not name.endswith(".lock") and is_broken(f"{folder}/{name}"):
                yield os.path.relpath(f"{folder}/{name}", common)


def mend(common: str, ref: str, base: Oid = NO_OID) -> str:
    """Point a broken ref at the last commit that its log names and that is there, else remove it.

    With `base`, a commit, one is broken too if what it has on top of base cannot be read; it is at
    base then if its log has nothing better. Nobody can tell where base itself cannot be read.
    Return a notice; empty if it is not broken. Raises GitFailed, OSError.
    """
    path = f"{common}/{ref}"
    empty = is_broken(path)
    tip = NO_OID if empty else checkouts.tip_in(common, ref)
    if not empty and (not base or not tip or _is_whole(common, tip, base)):
        return ""
    if base and not _is_readable(common, base):
        if not empty:
            return ""
        base = NO_OID
    last = next((oid for oid in _commits_in_log(common, ref) if _is_whole(common, oid, base)), base)
    what = f"named {tip[:10]}, which is damaged" if tip else "named no commit"
    if tip:
        words = ("--no-deref", "--create-reflog", "-m", "kanban: mend", ref, last, tip)
        git.run(common, "update-ref", *words)
    elif not _write_over(path, last):
        return ""
    return f"{ref} {what}" + (f": it is at {last[:10]} again" if last else ", and was removed")


def _write_over(path: str, commit: Oid) -> bool:
    """Give a ref without content a commit, or remove it, under git's own lock of it.

    Git itself writes nothing over such a file. False if it has content by now, or a git is at it.
    Raises OSError.
    """
    lock = f"{path}.lock"
    try:
        fd = os.open(lock, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    except FileExistsError:
        return False
    ours = True
    try:
        with open(fd, "wb") as file:
            file.write(f"{commit}\n".encode())
            file.flush()
            os.fsync(fd)
        broken = is_broken(path)
        if broken and commit:
            os.replace(lock, path)
            ours = False  # from now on a file of its name is another's
        elif broken:
            os.unlink(path)
    finally:
        if ours:
            files.remove(lock)
    return broken


def _is_whole(common: str, commit: Oid, base: Oid) -> bool:
    """Return whether a commit can be read, and with `base` all commits and trees that it adds.

    Raises GitFailed where git was ended before it could tell.
    """
    if not commits.resolve_id(common, commit):
        return False
    return not base or _can_list(common, "--objects", commit, f"^{base}")


def _is_readable(common: str, base: Oid) -> bool:
    """Return whether git can walk the history of base and read its newest tree."""
    return _can_list(common, base) and _can_list(common, "--objects", "--no-walk", base)


def _can_list(common: str, *words: str) -> bool:
    done = git.run(common, "rev-list", "--quiet", *words, "--", check=False)
    if done.code < 0:
        raise GitFailed(f"git rev-list was ended by signal {-done.code}")
    return done.code == 0


def _commits_in_log(common: str, ref: str) -> list[Oid]:
    """Return the commits that the log of a ref names, the last one first."""
    try:
        with open(f"{common}/logs/{ref}", encoding="utf-8", errors="surrogateescape") as file:
            lines = file.read().splitlines()
    except OSError:
        return []
    return [Oid(words[1]) for line in reversed(lines) if len(words := line.split(" ", 2)) > 2]


def is_broken(path: str) -> bool:
    """Return whether the file of a ref is there, and has neither a commit nor another ref."""
    text = checkouts.line(path)
    return os.path.isfile(path) and not (text.startswith("ref: ") or _COMMIT.fullmatch(text))


def check_branch_name(common: str, branch: str) -> None:
    """Refuse a name that cannot be the board's branch. Raises Refused."""
    if branch.startswith("-") or f"{branch}/".startswith(CARD_BRANCHES):
        raise Refused(
            f"{branch!r} cannot be the board's branch",
            f"{CARD_BRANCHES}… is for the branches of cards." if branch.startswith("card") else "",
        )
    if git.run(common, "check-ref-format", f"refs/heads/{branch}", check=False).code:
        hint = (
            "-b/--branch names the board's branch; names are as `git help check-ref-format` says."
        )
        raise Refused(f"{branch!r} is not a branch name", hint)


def exists(common: str, ref: str) -> bool:
    """Return whether the ref exists."""
    return not git.run(common, "show-ref", "--verify", "--quiet", ref, check=False).code
