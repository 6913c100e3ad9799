"""Whether a board may have changed, by the stat of its files, a few dozen of them.

No git is run and no file is read, so it can be asked once a second all night.
"""

import os
from collections.abc import Iterator

from gitkanban.board.content import status_cache
from gitkanban.board.repo.place import Place


def fingerprint(place: Place) -> tuple[object, ...]:
    """Return a value that changes with the board's branch, base, slots, and records of ticks."""
    return (
        status_cache.outside(place.common),
        tuple(_stat_of(path) for path in _paths_beside(place)),
        tuple(_slot_stats(place.slots)),
    )


def _paths_beside(place: Place) -> tuple[str, ...]:
    common, private = place.common, place.private
    return (
        f"{common}/{place.ref}",
        # git replaces a ref by a rename, which changes its folder: base, and branches of cards.
        f"{common}/refs/heads",
        f"{common}/refs/heads/card",
        f"{common}/packed-refs",
        f"{common}/reftable/tables.list",
        f"{private}/ticked",
        f"{private}/cache/behind",
    )


def _slot_stats(slots: str) -> Iterator[tuple[int, int, int]]:
    try:
        profiles = [
            entry.path for entry in os.scandir(slots) if entry.is_dir(follow_symlinks=False)
        ]
    except OSError:
        return
    for path in sorted(profiles):
        yield _stat_of(path)
        try:
            names = sorted(os.listdir(path))
        except OSError:
            continue
        yield from (_stat_of(f"{path}/{name}") for name in names)


def _stat_of(path: str) -> tuple[int, int, int]:
    try:
        status = os.stat(path, follow_symlinks=False)
    except OSError:
        return 0, 0, 0
    return status.st_mtime_ns, status.st_size, status.st_ino
