"""The rows that `status` and `list` show, kept for the commit they were made of.

A warm read imports nothing beyond what the interpreter has loaded anyway, runs no git and looks at
no card. In any doubt it returns None, and the board itself is read. Which sessions live now is not
cached here.
"""

import gc
import marshal
import os
import sys
import time

from gitkanban import __version__, programs
from gitkanban.board.content.finished_rows import FinishedRows
from gitkanban.board.repo.cachefile import load_head, open_ours
from gitkanban.board.repo.gitdir import common_dir, first_line
from gitkanban.core.situation.rows import CARD_KEYS, FINISHED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from gitkanban.board.content.finished_rows import Row
    from gitkanban.board.repo.place import Place
    from gitkanban.core.names import Oid
    from gitkanban.typed import Any, BinaryIO

ALL, BRIEF, LINES = "all", "brief", "lines"  # how much `warm` returns
_ID, _STATUS, _GROUP = (CARD_KEYS.index(key) for key in ("id", "status", "group"))
# The cache's format, and the interpreter that can read it.
_FORMAT = ("gitkanban", 15, __version__, sys.hexversion)
# Besides the board, the rows depend on git's configuration and, in the private folder, on what was
# allowed to run, what the last tick saw here and of executors, and when closing a run last failed.
_OUTSIDE = (
    "config", "gitkanban/trust", "gitkanban/cache/schedule", "gitkanban/cache/refused",
    "gitkanban/cache/closing", "gitkanban/cache/sightings", "gitkanban/tampering", "gitkanban/agents",
)  # fmt: skip


def warm(
    cwd: str, part: str = ALL, begin: "Callable[[dict[str, str], str], None] | None" = None
) -> "dict[str, Any] | None":
    """Return the rows that `keep` was given, with those of `beside`; None: read the board.

    With BRIEF the cards of quiet groups are only counted, in `left_out`, and not even loaded. On a
    large board others may have to be worded before the rest is there. With LINES the finished cards
    that have not changed for long are lines in `finished`, if there are many. `begin` is called
    with what `beside` returns, the branch and the commit, as soon as it is known that the cache is
    current, before the rows are loaded.

    None when the branch has moved, the rows have expired, a file that they also depend on has
    changed, a program that a worker needs has come or gone, a git operation is unfinished in a
    checkout, the disk is full, or the cache is missing or damaged.
    """
    common = common_dir(cwd)
    if not common:
        return None
    collecting = gc.isenabled()
    gc.disable()
    try:
        with open_ours(f"{common}/gitkanban/cache/status") as file:
            head = load_head(file)
            if not _is_current(common, head):
                return None
            if begin:
                begin(head[13], head[3])
            rows = _load_part(file, head[7])
            if part != BRIEF:
                del rows["left_out"]
                _load_quiet(file, rows, head, part)
    except (OSError, ValueError, EOFError, TypeError, IndexError, UnicodeDecodeError):
        return None
    finally:
        if collecting:
            gc.enable()
    return rows if isinstance(rows, dict) else None


def last_of_tip(cwd: str) -> "dict[str, Any] | None":
    """Return the rows of the board's tip, good for ids, titles and statuses; None: read the board.

    What holds the cards back may have changed since the rows were cached; the cards have not.
    """
    common = common_dir(cwd)
    if not common:
        return None
    try:
        with open_ours(f"{common}/gitkanban/cache/status") as file:
            head = load_head(file)
            form, files, ref, commit = head[:4]
            is_of_tip = form == _FORMAT and commit == _tip_of(common, ref)
            if not is_of_tip or files[0] != _file_signature(f"{common}/{_OUTSIDE[0]}"):
                return None
            rows = _load_part(file, head[7])
            _load_quiet(file, rows, head, ALL)
    except (OSError, ValueError, EOFError, TypeError, IndexError, UnicodeDecodeError):
        return None
    return rows if isinstance(rows, dict) else None


class FinishedPart:
    """The finished cards of a large board, as they were worded at a commit.

    Most of them are in a file; `newer` are rows that are not. `flagged` are finished cards in other
    groups. `basis` is what the rows depend on besides the cards' own files.
    """

    def __init__(
        self,
        commit: "Oid",
        file: FinishedRows,
        newer: "list[Row]",
        flagged: "set[str]",
        basis: "Any",
    ) -> None:
        self.commit, self.file = commit, file
        self.newer, self.flagged, self.basis = newer, flagged, basis


def last_finished(place: "Place") -> "FinishedPart | None":
    """Return the finished cards as they were worded last, whatever the board is now."""
    try:
        with open_ours(f"{place.private}/cache/status") as file:
            head = load_head(file)
            if head[0] != _FORMAT or head[2] != place.ref or not head[12]:
                return None
            rows = _load_part(file, head[7])
            if rows["prefix"] != place.prefix:
                return None
            newer = [row for row in _load_part(file, head[8]) if row[_GROUP] in FINISHED]
        commit, flagged, basis, *_ = head[12]
        finished = _finished_file(place.private, head[12])
        return FinishedPart(commit, finished, newer, flagged=set(flagged), basis=basis)
    except (OSError, ValueError, EOFError, TypeError, IndexError, KeyError):
        return None


def add_finished(rows: "dict[str, Any]", finished: "FinishedRows") -> None:
    """Add the finished cards of a file to the other rows. Raises as `FinishedRows.rows`."""
    newer = [row for row in rows["cards"] if row[_GROUP] in FINISHED]
    others = [row for row in rows["cards"] if row[_GROUP] not in FINISHED]
    rows["cards"] = others + finished.rows(newer)


def _finished_file(private: str, stored: "Any") -> FinishedRows:
    *_, mark, hidden = stored
    return FinishedRows(f"{private}/cache", mark, set(hidden))


def _load_quiet(file: "BinaryIO", rows: "dict[str, Any]", head: "Any", part: str) -> None:
    """Load the rest of the rows. Raises ValueError if finished cards have not been worded yet."""
    stored, commit = head[12], head[3]
    if stored is not None and stored[:1] != (commit,):
        raise ValueError
    rows["cards"] += _load_part(file, head[8])
    if stored and part == LINES:
        rows["finished"] = _finished_file(rows["private"], stored)
        rows["finished"].load_lines()
    elif stored:
        add_finished(rows, _finished_file(rows["private"], stored))


def _load_part(file: "BinaryIO", sound: "tuple[int, int]") -> "Any":
    """Return the next part of the cache. Raises ValueError where it is damaged."""
    data = file.read(sound[0])
    if (len(data), _checksum_of(data)) != tuple(sound):
        raise ValueError
    return marshal.loads(data)


def _is_current(common: str, head: "Any") -> bool:
    """Return whether the rows that belong to this head still describe the board."""
    form, files, ref, commit, valid_until, signs, room, _, _, base, base_tip, lookups, _, _ = head
    if form != _FORMAT or files != outside(common) or commit != _tip_of(common, ref):
        return False
    if valid_until and _time_now() >= valid_until:
        return False
    if base and base_tip != _tip_of(common, base):
        return False
    path, were = lookups
    if any(programs.find(name, path) != where for name, where in were):
        return False
    disk = os.statvfs(common)
    if disk.f_bavail * disk.f_frsize < room:
        return False
    return not any(os.path.exists(sign) for sign in signs)


def keep(
    place: "Place",
    rows: "dict[str, Any]",
    around: "Any",
    base: "tuple[str, str]" = ("", ""),
    lookups: "Any" = ("", ()),
    finished: FinishedPart | None = None,
    is_part: bool = False,
) -> None:
    """Cache the rows of a board, with its `commit` and `valid_until` (epoch seconds, 0: forever).

    `around` is what `outside` returned before anything was read for them. `base` is the ref, with
    its commit, that they depend on besides the board's. `lookups` is a PATH, and what
    `programs.find` returns for each program that workers need. With `is_part`, `rows` omits the
    finished cards, which `finished` has as they were worded last.

    A cache that cannot be written is ignored, and so is a board that is not `can_keep`.
    """
    from gitkanban import files
    from gitkanban.board.repo import checkouts, operations, standstill

    if not can_keep(place):
        return
    admins = {each.admin for each in checkouts.on(place, place.ref)}
    admins |= {place.common} if place.main else set()
    # With one of these, git works in a checkout, or an operation is unfinished there.
    names = ("index.lock", *(each.sign for each in operations.OPERATIONS))
    signs = tuple(f"{admin}/{name}" for admin in admins for name in names)
    left_out = rows["left_out"]
    cards: dict[bool, list[Any]] = {False: [], True: []}
    for row in rows["cards"]:
        cards[row[_GROUP] in left_out].append(row)
    cards[True] += finished.newer if finished else []
    brief = rows | beside(place) | {"cards": cards[False], "left_out": left_out}
    parts = [marshal.dumps(part) for part in (brief, cards[True])]
    head = (
        _FORMAT, around, place.ref, rows["commit"], rows["valid_until"], signs,
        standstill.FREE_LEAST, *((len(part), _checksum_of(part)) for part in parts), *base, lookups,
        _stored_part(finished) if is_part else None, beside(place) | {"branch": rows["branch"]},
    )  # fmt: skip
    files.cache(f"{place.private}/cache/status", b"".join([marshal.dumps(head), *parts]))


def _stored_part(part: FinishedPart | None) -> "tuple[Any, ...]":
    if part is None:
        return ()
    hidden = tuple(part.file.hidden)
    return part.commit, tuple(part.flagged), part.basis, part.file.mark, hidden


def can_keep(place: "Place") -> bool:
    """Return whether this is the board that git's configuration names.

    Only that one can be found again without git.
    """
    from gitkanban.board.repo.settings import read_settings

    pinned = read_settings(place.common).values.get("gitkanban.branch")
    return not place.aside and pinned == place.branch


def beside(place: "Place") -> "dict[str, Any]":
    """Return where `status` finds what no rows hold: leases, drafts, checkouts left behind."""
    return {
        "slots_dir": place.slots,
        "main": place.main,
        "prefix": place.prefix,
        "private": place.private,
        "repository": os.path.basename(place.main or place.common).removesuffix(".git"),
    }


def _checksum_of(data: "bytes") -> int:
    from zlib import crc32

    return crc32(data)


def _time_now() -> float:
    if "GITKANBAN_NOW" in os.environ:
        from gitkanban import clock

        return clock.now()
    return time.time()


def outside(common: str) -> tuple[tuple[int, int, int], ...]:
    """Return the stats of the files that the rows depend on besides the board."""
    return tuple([_file_signature(f"{common}/{name}") for name in _OUTSIDE])


def _file_signature(path: str) -> tuple[int, int, int]:
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return 0, 0, 0
    return status.st_mtime_ns, status.st_size, status.st_ino


def _tip_of(common: str, ref: str) -> str:
    """Return the commit that a ref is at, loose before packed; empty if there is none."""
    try:
        return first_line(f"{common}/{ref}")
    except FileNotFoundError:
        pass
    with open(f"{common}/packed-refs", encoding="utf-8") as file:
        text = file.read()
    end = text.find(f" {ref}\n")
    return text[end - 40 : end] if end >= 40 else ""
