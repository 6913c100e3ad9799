"""Short-lived folders in git's directories; the next one removes what a killed process left."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

PREFIX = "gitkanban-scratch-"
_OLD = 24 * 3600.0  # seconds after which a folder is no longer in use


@contextmanager
def scratch_in(folder: str) -> Iterator[str]:
    """Give a new folder in `folder`, and remove it at the end. Raises OSError."""
    import tempfile

    _remove_old(folder)
    with tempfile.TemporaryDirectory(prefix=PREFIX, dir=folder, ignore_cleanup_errors=True) as path:
        yield path


def _remove_old(folder: str) -> None:
    for name in os.listdir(folder):
        path = f"{folder}/{name}"
        with suppress(FileNotFoundError):  # somebody else removes it
            if name.startswith(PREFIX) and time.time() - os.stat(path).st_mtime > _OLD:
                import shutil

                shutil.rmtree(path, ignore_errors=True)
