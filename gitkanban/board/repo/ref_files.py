"""The packed refs of a repository, read from git's file; no git is run.

The repository may be one that a session has made: whatever lies there, reading it ends.
"""

import os
from collections.abc import Iterator

from gitkanban import files

_MOST = 64 << 20  # bytes that are read; a million refs fit


def packed(common: str) -> Iterator[tuple[str, str]]:
    """Yield (ref, object id as the file has it); nothing where there is no such file.

    Raises OSError, also for what is not a file.
    """
    try:
        data = files.read(os.path.realpath(f"{common}/packed-refs"), most=_MOST)
    except FileNotFoundError:
        return
    for line in data.decode("utf-8", "surrogateescape").split("\n"):
        at, _, ref = line.partition(" ")
        if ref and at and not line.startswith(("#", "^")):
            yield ref, at
