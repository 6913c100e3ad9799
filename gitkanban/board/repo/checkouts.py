"""The checkouts of a repository, main and linked, and the branch that each is on.

Git's files are read directly: this runs on every commit, and a git process for each worktree would
cost more than the commit. It changes nothing.
"""

import os
from collections.abc import Iterator

from gitkanban.board.repo import git, operations
from gitkanban.board.repo.place import Place
from gitkanban.core.model import Config
from gitkanban.core.names import NO_OID, Oid
from gitkanban.typed import Any, NamedTuple

MARK = "gitkanban"  # in a worktree's git directory: a file with the id of the card it was made for
_LINE_MOST = 16 << 10  # characters of a line that are read


class Checkout(NamedTuple):
    """A working tree, its administrative folder in the git directory, and its HEAD."""

    root: str
    admin: str
    head: str  # "refs/heads/main", or a commit id where HEAD is detached

    @property
    def index_file(self) -> str:
        """Path of the index file."""
        return f"{self.admin}/index"

    def run(self, *args: str, **how: Any) -> git.Done:
        """Run git in this checkout as `git.run` does, whatever its own `.git` says.

        It counts as a checkout even if `core.bare` is set.
        """
        which = (f"--git-dir={self.admin}", f"--work-tree={self.root}")
        return git.run(self.root, *which, *args, **how)


def every(place: Place) -> Iterator[Checkout]:
    """Yield all checkouts whose folder exists, the main one first.

    One whose git directory leads to another repository or another index is left out.
    """
    if place.main:
        yield Checkout(place.main, place.common, head(place.common))
    yield from filter(None, (_linked_checkout(place, admin) for admin in _list_admins(place)))


def _list_admins(place: Place) -> list[str]:
    """Return the administrative folders of linked worktrees, whatever has become of those."""
    parent = f"{place.common}/worktrees"
    return [f"{parent}/{name}" for name in sorted(_list_names(parent))]


def _list_names(folder: str) -> set[str]:
    try:
        return {*os.listdir(folder)}
    except OSError:  # no linked worktree has ever been made
        return set()


def _linked_checkout(place: Place, admin: str) -> Checkout | None:
    root = root_of(admin)
    if os.path.lexists(f"{root}/.git") and _is_sound(place, admin):
        return Checkout(root, admin, head(admin))
    return None


def _is_sound(place: Place, admin: str) -> bool:
    """Return whether git with this git directory reads this repository and writes this index."""
    if os.path.islink(admin) or os.path.islink(f"{admin}/index"):
        return False
    commondir = line(f"{admin}/commondir")
    if commondir == "../..":
        return True
    return bool(commondir) and os.path.realpath(os.path.join(admin, commondir)) == os.path.realpath(
        place.common
    )


def root_of(admin: str) -> str:
    """Return a linked worktree's folder, which may be gone, from its administrative folder."""
    file = line(f"{admin}/gitdir")
    if not os.path.isabs(file):  # git 2.48 may write it relative to the folder it lies in
        file = os.path.normpath(os.path.join(admin, file))
    return os.path.dirname(file)


def followers(place: Place) -> Iterator[Checkout]:
    """Yield the checkouts that follow their branch when it is moved: all but those of cards.

    HEAD, index and settings of a card's worktree may be whatever its session made of them. Hundreds
    may be at work, so that nothing more is read of one that is marked.
    """
    if place.main:
        yield Checkout(place.main, place.common, head(place.common))
    recorded = _list_names(f"{place.private}/worktrees")
    for admin in _list_admins(place):
        # Made for a card, by its mark, or, as a session can remove that, by our record.
        if os.path.basename(admin) in recorded or os.path.lexists(f"{admin}/{MARK}"):
            continue
        checkout = _linked_checkout(place, admin)
        if checkout and not _is_recorded(place, checkout):
            yield checkout


def _is_recorded(place: Place, checkout: Checkout) -> bool:
    """Return whether a card's worktree was made in this folder, if a session renamed the other."""
    recorded = line(place_record(place, checkout.root))
    return bool(recorded) and os.path.realpath(recorded) == os.path.realpath(checkout.root)


def place_record(place: Place, admin: str) -> str:
    """Return the file that records where a card's worktree is, named after its git directory."""
    return f"{place.private}/worktrees/{os.path.basename(admin)}"


def on(place: Place, ref: str) -> list[Checkout]:
    """Return the checkouts that follow one branch, also while they rebase it."""
    return [each for each in followers(place) if ref in (each.head, unfinished_branch(each.admin))]


def head(admin: str) -> str:
    """Return what HEAD names: a ref, or a commit id; empty if it cannot be read."""
    return line(f"{admin}/HEAD").removeprefix("ref: ")


def base_of(place: Place, config: Config) -> str:
    """Return the base branch: the configured one, the board's own in tree, else the default."""
    if config.base or place.prefix:
        return config.base or place.branch
    at = head(place.common)
    return at.removeprefix("refs/heads/") if at.startswith("refs/heads/") else ""


def unfinished_branch(admin: str) -> str:
    """Return the ref that an unfinished rebase or bisect left, and will return to; else ""."""
    files = (each.branch for each in operations.OPERATIONS if each.branch)
    named = next(filter(None, (line(f"{admin}/{name}") for name in files)), "")
    # A bisect notes the short name.
    return named if named.startswith("refs/") or not named else f"refs/heads/{named}"


def line(path: str) -> str:
    """Return the first line of a file, empty when there is none.

    It ends at a NUL as well: some file systems keep the length of a file whose content a power loss
    has taken. No ref and no path has one.
    """
    try:
        with open(path, encoding="utf-8", errors="surrogateescape", opener=_open_at_once) as file:
            return file.readline(_LINE_MOST).rstrip("\n").partition("\0")[0]
    except OSError:
        return ""


def _open_at_once(path: str, flags: int) -> int:
    """Open a file without blocking on a pipe that somebody put in its place."""
    return os.open(path, flags | os.O_NONBLOCK)


def tip(place: Place, ref: str) -> Oid:
    """Return the commit id that a ref points at; empty if there is none."""
    return tip_in(place.common, ref)


def tip_in(common: str, ref: str) -> Oid:
    """Return the commit id that a ref points at, read from its file; empty if there is none.

    Loose before packed, as git reads them (`git help pack-refs`).
    """
    value = line(f"{common}/{ref}")
    if value.startswith("ref: "):
        return tip_in(common, value[5:])
    if value:
        return Oid(value)
    try:
        with open(f"{common}/packed-refs", encoding="utf-8", errors="surrogateescape") as file:
            text = file.read()
    except OSError:
        return NO_OID
    end = text.find(f" {ref}\n")
    return Oid(text[end - 40 : end]) if end >= 40 else NO_OID
