"""What is in run folders: listed once, and again only when a folder has changed.

A tick asks some twenty things of each open run, and on a shared file system each of them is a round
trip. The folder's own times say whether a file came, went or was replaced whole, so one look at the
folder answers for all of them. They say nothing of a file that is written in place, such as a log.
And what must not be missed is asked of the disk itself: whether a run has ended.

What is known is a cache of the clone. Without it, folders are read as if for the first time.
"""

import os
from collections.abc import Collection

from gitkanban import clock
from gitkanban.board.repo import cachefile
from gitkanban.typed import Any, NamedTuple

_FORM = ("runs", 1)
_SETTLES = 3.0  # seconds after which another change surely has other times, on any file system
_GOOD = 600.0  # seconds after which a folder is listed again: some file systems give it no times


class _Times(NamedTuple):
    """What a folder's names cannot change without."""

    modified: int
    changed: int
    inode: int


class Listing:
    """The names in a folder, and what was read there of files that are only ever replaced whole."""

    __slots__ = ("_values", "names", "noticed", "private", "read", "times")

    def __init__(self, private: str, times: _Times, noticed: float) -> None:
        self.private = private
        self.times = times
        self.noticed = noticed  # when the folder was first found with these times
        self.read = 0.0  # when its names were read; 0: not yet
        self.names: frozenset[str] = frozenset()
        self._values: dict[str, Any] = {}

    def recall(self, what: str) -> Any:
        """Return what was kept by this word; None if nothing was."""
        return self._values.get(what)

    def keep(self, what: str, value: Any) -> None:
        """Keep what was read for as long as the folder does not change; plain data."""
        self._values[what] = value
        _unsaved.add(self.private)

    def to_row(self) -> tuple[Any, ...]:
        """Return it as plain data."""
        return (*self.times, self.noticed, self.read, tuple(sorted(self.names)), self._values)

    @classmethod
    def from_row(cls, private: str, row: tuple[Any, ...]) -> "Listing":
        """Return what `to_row` has made plain."""
        *times, noticed, read, names, values = row
        known = cls(private, _Times(*times), noticed)
        known.read, known.names, known._values = read, frozenset(names), values
        return known


_listings: dict[str, Listing] = {}  # by folder
_settled: dict[str, set[str]] = {}  # private folder -> runs whose end is on the board
_unsaved: set[str] = set()  # private folders


def look(folder: str, private: str) -> Listing | None:
    """Return what is in a folder of a run, if that is known, and have it known from now on.

    `private` is the private folder that it belongs to. It is not known of a folder that has changed
    a moment ago, as the next change may leave the same times.
    """
    known = _listings.get(folder)
    try:
        status = os.stat(folder)
    except OSError:
        _listings.pop(folder, None)
        return None
    times = _Times(status.st_mtime_ns, status.st_ctime_ns, status.st_ino)
    now = clock.now()
    if known is None or known.times != times or known.noticed > now:
        _listings[folder] = Listing(private, times, now)
        _unsaved.add(private)
        return None
    if known.read and now - known.read < _GOOD:
        return known
    return _list_names(folder, known, now) if now - known.noticed >= _SETTLES else None


def _list_names(folder: str, known: Listing, now: float) -> Listing | None:
    """List a folder that has not changed since it was noticed, for long enough."""
    fresh = Listing(known.private, known.times, known.noticed)
    try:
        fresh.names = frozenset(os.listdir(folder))
    except OSError:
        return None
    fresh.read = now
    _listings[folder] = fresh
    _unsaved.add(known.private)
    return fresh


def settled_runs(private: str) -> set[str]:
    """Return the runs that are known to be settled. A run is settled once and for all."""
    if private not in _settled:
        _load_saved(private)
    return _settled[private]


def note_settled(private: str, run: str) -> None:
    """Note that a run is settled; nothing else needs to be known of it."""
    _settled[private].add(run)
    _forget_folder(private, run)


def _forget_folder(private: str, run: str) -> None:
    _unsaved.add(private)
    for folder in (f"{private}/runs/{run}", f"{private}/runs/{run}/mailbox"):
        _listings.pop(folder, None)


def save(private: str, there: Collection[str]) -> None:
    """Leave what is known to later processes, of the runs that are there; a failure is no harm."""
    if private not in _unsaved:
        return
    _unsaved.discard(private)
    top, rows = f"{private}/runs/", {}
    for folder in list(_listings):
        name = folder.removeprefix(top)
        if name == folder:
            continue  # another clone's
        if name.partition("/")[0] in there:
            rows[name] = _listings[folder].to_row()
        else:
            del _listings[folder]
    _settled[private].intersection_update(there)
    cachefile.save(_path_of(private), _FORM, (sorted(_settled[private]), rows))


def _load_saved(private: str) -> None:
    settled, rows = cachefile.load(_path_of(private), _FORM) or ((), {})
    _settled[private] = set(settled)
    for name, row in rows.items():
        _listings.setdefault(f"{private}/runs/{name}", Listing.from_row(private, row))


def _path_of(private: str) -> str:
    return f"{private}/cache/runs"
