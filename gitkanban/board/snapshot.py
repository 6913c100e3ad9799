"""The rows that `status` and `list` show, kept for the commit they were made of.

A warm read imports nothing beyond what the interpreter has loaded anyway, runs no git and looks at
no card. Whatever is in doubt gives None, and the board itself is read. No fact about what lives now
is kept here.
"""

import gc
import marshal
import os
import sys
import time

from gitkanban import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from gitkanban.board.place import Place

# The shape of what is kept, and by whom it can be read.
_FORMAT = ("gitkanban", 2, __version__, sys.hexversion)
# What a checkout has while it is in the middle of something; `standstill` then has the word.
_SIGNS = (
    "rebase-merge", "rebase-apply", "MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "BISECT_LOG",
    "index.lock",
)  # fmt: skip


def warm(cwd: "str") -> "dict[str, Any] | None":
    """The rows that `keep` was given, with `slots_dir`, `main` and `prefix`; None: read the board.

    None when the branch has moved, a `not_before` has passed, git's configuration was changed,
    something is in progress in a checkout, or there is nothing sound in the cache.
    """
    common = common_dir(cwd)
    if not common:
        return None
    collecting = gc.isenabled()
    gc.disable()
    try:
        with open(f"{common}/gitkanban/cache/status", "rb") as file:
            if os.fstat(file.fileno()).st_uid != os.geteuid():
                return None  # what others wrote is not unmarshalled
            head = marshal.load(file)
            if not _holds(common, head):
                return None
            data = file.read()
        if len(data) != head[6] or _checksum(data) != head[7]:
            return None
        rows = marshal.loads(data)
    except (OSError, ValueError, EOFError, TypeError, IndexError, UnicodeDecodeError):
        return None
    finally:
        if collecting:
            gc.enable()
    return rows if isinstance(rows, dict) else None


def _holds(common: "str", head: "Any") -> "bool":
    """Whether the rows behind this head are of the board as it is."""
    form, config, ref, commit, valid_until, admins = head[:6]
    if form != _FORMAT or config != _signature(common) or commit != _tip(common, ref):
        return False
    if valid_until and _now() >= valid_until:
        return False
    return not any(os.path.exists(f"{admin}/{sign}") for admin in admins for sign in _SIGNS)


def keep(place: "Place", rows: "dict[str, Any]") -> None:
    """Keep the rows of a board; they have its `commit` and `valid_until` (epoch seconds, 0: ever).

    Kept only for the board that git's configuration names, since only that can be known again
    without asking git. Raises nothing: a cache that cannot be written is done without.
    """
    from gitkanban.board import checkouts, git
    from gitkanban.board.reading import store_bytes

    config = _signature(place.common)
    pinned = git.run(place.common, "config", "gitkanban.branch", check=False).text
    if place.aside or pinned != place.branch:
        return
    admins = {each.admin for each in checkouts.on(place, place.ref)}
    admins |= {place.common} if place.main else set()
    more = {"slots_dir": place.slots, "main": place.main, "prefix": place.prefix}
    data = marshal.dumps(rows | more)
    head = (
        _FORMAT, config, place.ref, rows["commit"], rows["valid_until"], tuple(admins), len(data),
        _checksum(data),
    )  # fmt: skip
    store_bytes(f"{place.private}/cache/status", marshal.dumps(head) + data)


def _checksum(data: "bytes") -> "int":
    from zlib import crc32

    return crc32(data)


def _now() -> "float":
    if "GITKANBAN_NOW" in os.environ:
        from gitkanban import clock

        return clock.now()
    return time.time()


def _signature(common: "str") -> "tuple[int, int, int]":
    """What changes whenever git's configuration of this repository does."""
    found = os.stat(f"{common}/config")
    return (found.st_mtime_ns, found.st_size, found.st_ino)


def common_dir(cwd: "str") -> "str":
    """The common directory of the repository around a folder, as git finds it; empty: none."""
    at = cwd
    while True:
        dot = f"{at}/.git" if at != "/" else "/.git"
        try:
            if os.path.isdir(dot):
                return dot
            if os.path.isfile(dot):
                return _of_linked(at, _line(dot))
            if os.path.isfile(f"{at}/commondir") and os.path.isfile(f"{at}/HEAD"):
                return _joined(at, _line(f"{at}/commondir"))
            if os.path.isdir(f"{at}/objects") and os.path.isfile(f"{at}/HEAD"):
                return at
        except (OSError, UnicodeDecodeError):
            return ""
        above = os.path.dirname(at)
        if above == at:
            return ""
        at = above


def _of_linked(root: "str", line: "str") -> "str":
    if not line.startswith("gitdir: "):
        return ""
    admin = _joined(root, line[8:])
    if not os.path.exists(f"{admin}/commondir"):  # a submodule
        return admin
    return _joined(admin, _line(f"{admin}/commondir"))


def _joined(folder: "str", path: "str") -> "str":
    return os.path.normpath(os.path.join(folder, path))


def _line(path: "str") -> "str":
    with open(path, encoding="utf-8") as file:
        return file.readline().rstrip("\n")


def _tip(common: "str", ref: "str") -> "str":
    """The commit that a branch is at, loose before packed; empty when there is none."""
    try:
        return _line(f"{common}/{ref}")
    except FileNotFoundError:
        pass
    with open(f"{common}/packed-refs", encoding="utf-8") as file:
        text = file.read()
    end = text.find(f" {ref}\n")
    return text[end - 40 : end] if end >= 40 else ""
