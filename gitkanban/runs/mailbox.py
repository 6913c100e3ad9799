"""The mailbox of a run: the one folder of ours that its session may write, in every sandbox.

The session's side drops letters; the tick's side reads and removes them as untrusted files: by
descriptor, following no link, bounded in size and number. `core.tick.letters` has their format.
"""

import errno
import heapq
import os
import stat

from gitkanban import files
from gitkanban.core.tick import letters
from gitkanban.core.tick.facts import Letter
from gitkanban.errors import BadData
from gitkanban.runs.records.folders import MAILBOX, Folder
from gitkanban.typed import NamedTuple

_NAMES_MOST = 100_000  # folder entries that are looked at


class Mail(NamedTuple):
    """The letters of a run, oldest first, and the files that could not be read, with reasons."""

    letters: tuple[Letter, ...] = ()
    bad: tuple[tuple[str, str], ...] = ()


def send(folder: Folder, letter: Letter) -> None:
    """Drop a letter into the run's mailbox. Raises OSError."""
    path = f"{folder.file(MAILBOX)}/{letter.id}.json"
    files.replace(path, letters.written(letter), lasting=False, make=True)


def receive(folder: Folder) -> Mail:
    """Read the run's mailbox. It removes nothing, and reports files that it cannot read."""
    try:
        at = os.open(
            folder.file(MAILBOX), os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
        )
    except OSError:  # missing (a run of an older version), or replaced by something else
        return Mail()
    try:
        return _read_all(at)
    finally:
        os.close(at)


def _read_all(at: int) -> Mail:
    names = _letter_names(at)
    read: list[Letter] = []
    bad = []
    for name in heapq.nsmallest(letters.LETTERS_MOST, names):
        try:
            read.append(letters.parse_letter(name, _read_letter(at, name)))
        except BadData as error:
            bad.append((name, error.message))
        except OSError as error:
            if error.errno != errno.ENOENT:
                bad.append((name, "it is not a regular file"))
    return Mail(tuple(read), tuple(bad))


def _letter_names(at: int) -> list[str]:
    """Return the names in the mailbox that may be letters, unsorted."""
    names = []
    with os.scandir(at) as entries:
        for count, entry in enumerate(entries):
            if count >= _NAMES_MOST:
                break
            if letters.NAME.match(entry.name):
                names.append(entry.name)
    return names


def _read_letter(at: int, name: str) -> bytes:
    """Return the file's bytes, at most one more than a letter may have. Raises OSError."""
    fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=at)
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise OSError(errno.EINVAL, "not a regular file")
        return os.read(fd, letters.SIZE_MOST + 1)
    finally:
        os.close(fd)


def remove(folder: Folder, names: tuple[str, ...]) -> None:
    """Remove handled letters. One that cannot be removed stays, and is not handled twice."""
    try:
        at = os.open(
            folder.file(MAILBOX), os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
        )
    except OSError:
        return
    try:
        for name in names:
            try:
                os.unlink(name, dir_fd=at)
            except OSError:  # gone already, or a folder of that name
                pass
    finally:
        os.close(at)
