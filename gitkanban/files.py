"""Write files whole or not at all, in folders that somebody else may have arranged.

The one place that writes below `.kanban/` and the git directory's `gitkanban/`. Whoever merges a
pull request gets its symbolic links, too, so nothing is written through one: a file is created
under an unpredictable name that must not exist yet, and renamed into place. With `below` (a trusted
folder) no folder on the way from there to the file may be a link either; this is enforced by going
down descriptor by descriptor (`man 2 openat`). Without it the file's own folder is trusted.
A supervisor imports it, so it imports nothing that `os` has not imported already.
"""

import errno
import os
import stat

from gitkanban import failpoints

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_NO_LINK = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # never block on a pipe
_MARK = 8  # random bytes in the name of a part file
_OLD = 3600.0  # seconds after which nobody can still be writing a part file


class InTheWay(OSError):
    """Something that is neither a folder nor a plain file lies where we need one."""


def boot_id() -> str:
    """Return the id of this boot of the machine; empty if unknown.

    What was written without being synced can be relied on as long as this stays the same.
    """
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="utf-8") as file:
            return file.read().strip()
    except OSError:
        return ""


def replace(
    path: str,
    content: "bytes | Iterable[bytes]",
    mode: int | None = None,
    lasting: bool = True,
    *,
    below: str = "",
    make: bool = False,
) -> None:
    """Write a file so that it is there whole or not at all, even after a power cut.

    `mode` is set exactly as given; without one a new file is 0644, less the umask. A file that is
    not `lasting` is not synced to the disk, because it means nothing after a power cut. `make`
    creates the missing folders above it. Content may come in pieces, none of which is held longer
    than it takes to write it. Raises OSError (InTheWay for a link on the way), or whatever making
    the pieces raises; the file is then as it was.
    """
    folder, name = os.path.split(path)
    at = _open_folder(folder, below, make)
    try:
        part = _write_part(at, name, content, mode, lasting=lasting)
        try:
            failpoints.reach("file.synced")
            os.rename(part, name, src_dir_fd=at, dst_dir_fd=at)
            failpoints.reach("file.renamed")
        except OSError:
            _unlink_quietly(part, at)
            raise
        if lasting:
            os.fsync(at)
    except OSError as error:
        raise _with_path(error, path) from None
    finally:
        os.close(at)


def create(path: str, content: bytes, *, make: bool = False, lasting: bool = False) -> bool:
    """Create a file unless it exists, and return whether it was created. Raises OSError.

    Of several processes that try, exactly one succeeds. A `lasting` one is there whole after a
    power cut, too.
    """
    folder, name = os.path.split(path)
    at = _open_folder(folder, "", make)
    try:
        part = _write_part(at, name, content, None, lasting=lasting)
        try:
            os.link(part, name, src_dir_fd=at, dst_dir_fd=at, follow_symlinks=False)
        except FileExistsError:
            return False
        finally:
            _unlink_quietly(part, at)
        return True
    except OSError as error:
        raise _with_path(error, path) from None
    finally:
        os.close(at)


def read(path: str, *, below: str = "", most: int = -1) -> bytes:
    """Return the content of a file, or its first `most` bytes.

    It does not block on a pipe or a device. Raises OSError (InTheWay for what is not a plain file).
    """
    folder, name = os.path.split(path)
    at = _open_folder(folder, below)
    try:
        fd = os.open(name, os.O_RDONLY | _NO_LINK, dir_fd=at)
    except OSError as error:
        raise _with_path(error, path) from None
    finally:
        os.close(at)
    with open(fd, "rb") as file:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise InTheWay(errno.EINVAL, "not a file", path)
        return file.read(most)


def names(folder: str, *, below: str = "") -> list[str]:
    """The sorted names in a folder; empty if it does not exist or can only be reached by a link."""
    try:
        at = _open_folder(folder, below)
    except OSError:
        return []
    try:
        return sorted(os.listdir(at))
    finally:
        os.close(at)


def open_own(path: str, flags: int) -> int:
    """Open a file of ours that is written in place, such as a log or a lock; return its descriptor.

    `flags` are those of `os.open`. Raises OSError, also for a link or a pipe.
    """
    try:
        fd = os.open(path, flags | _NO_LINK, 0o644)
    except OSError as error:
        raise _with_path(error, path) from None
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise InTheWay(errno.EINVAL, "not a file", path)
    os.set_blocking(fd, True)
    return fd


def touch(path: str) -> None:
    """Create an empty file unless it exists. Raises OSError."""
    os.close(open_own(path, os.O_WRONLY | os.O_CREAT))


def make_folder(path: str, *, below: str = "") -> None:
    """Create a folder and any missing folders above it. Raises OSError."""
    os.close(_open_folder(path, below, make=True))


def remove(path: str, *, below: str = "") -> None:
    """Remove a file, if it and its folder still exist. Raises OSError."""
    folder, name = os.path.split(path)
    try:
        at = _open_folder(folder, below)
    except (FileNotFoundError, NotADirectoryError, InTheWay):
        return  # behind a link there is nothing of ours
    try:
        _unlink_quietly(name, at)
    except OSError as error:
        raise _with_path(error, path) from None
    finally:
        os.close(at)


def remove_folder(path: str, *, below: str = "") -> None:
    """Remove an empty folder. Raises OSError, also if it is not empty."""
    folder, name = os.path.split(path)
    at = _open_folder(folder, below)
    try:
        os.rmdir(name, dir_fd=at)
    finally:
        os.close(at)


def copy(path: str, to: str) -> None:
    """Copy a file if it exists, for short-lived use: the copy is not synced to the disk."""
    try:
        with open(path, "rb") as file:
            content = file.read()
    except FileNotFoundError:
        return
    with open(to, "wb") as file:
        file.write(content)


def clone(path: str, to: str, *, below: str, to_below: str) -> os.stat_result:
    """Copy a plain file with its permissions and times, sharing its blocks where the disk can.

    Neither path may lead through a link below its folder, and whatever lies at `to` is replaced.
    The blocks are shared with the original until one of the two changes (copy_file_range(2) on
    Btrfs, XFS and others). Return the stat result of the copy. Raises OSError (InTheWay for what
    is not a plain file, or lies behind a link).
    """
    folder, name = os.path.split(path)
    source = -1
    try:
        at = _open_folder(folder, below)
        try:
            source = os.open(name, os.O_RDONLY | _NO_LINK, dir_fd=at)
        finally:
            os.close(at)
        if not stat.S_ISREG(os.fstat(source).st_mode):
            raise InTheWay(errno.EINVAL, "not a file", path)
        return _copy_whole(source, to, to_below)
    except OSError as error:
        raise _with_path(error, path) from None
    finally:
        if source >= 0:
            os.close(source)


def _copy_whole(source: int, to: str, below: str) -> os.stat_result:
    """Copy an open file to `to`, under another name until it is complete."""
    folder, name = os.path.split(to)
    at = _open_folder(folder, below, make=True)
    part = f"{name}.{os.urandom(_MARK).hex()}.part"
    try:
        new = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        fd = os.open(part, new, 0o600, dir_fd=at)
        try:
            _copy_bytes(source, fd)
            was = os.fstat(source)
            os.fchmod(fd, stat.S_IMODE(was.st_mode) & 0o777)
            os.utime(fd, ns=(was.st_atime_ns, was.st_mtime_ns))
            os.rename(part, name, src_dir_fd=at, dst_dir_fd=at)
            return os.fstat(fd)
        except OSError as error:
            _unlink_quietly(part, at)
            raise _with_path(error, to) from None
        finally:
            os.close(fd)
    finally:
        os.close(at)


def _copy_bytes(source: int, target: int) -> None:
    """Copy the rest of a file, by the file system itself where it can."""
    try:
        while os.copy_file_range(source, target, 1 << 30):
            pass
    except (AttributeError, OSError) as error:  # macOS, or two file systems that cannot
        if getattr(error, "errno", None) in (errno.ENOSPC, errno.EIO, errno.EDQUOT):
            raise
        while piece := os.read(source, 1 << 20):
            view = memoryview(piece)
            while view:
                view = view[os.write(target, view) :]


def cache(path: str, content: bytes) -> None:
    """Write a file that can be rebuilt at any time; a failure to write is ignored."""
    try:
        replace(path, content, lasting=False, make=True)
    except OSError:
        return


def sync_folder(folder: str) -> None:
    """Sync a folder, so that the names in it survive a power cut. Raises OSError."""
    fd = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def is_part(name: str, of: str = "") -> bool:
    """Whether a name is that of an unfinished write, of the file named `of` if one is given.

    Older versions put a process id where the random mark is now.
    """
    stem, dot, mark = name.removesuffix(".part").rpartition(".")
    if not dot or not name.endswith(".part") or (of and stem != of):
        return False
    return mark.isdigit() or (len(mark) == 2 * _MARK and not set(mark) - set("0123456789abcdef"))


def remove_old_parts(folder: str, now: float) -> None:
    """Remove what killed writes have left in a folder and below it, without following links.

    Files of other users, and files less than an hour old at `now` (epoch seconds), stay. A folder
    that does not exist has none.
    """
    if not os.path.isdir(folder):
        return
    for _, _, names, at in os.fwalk(folder):
        for name in filter(is_part, names):
            status = os.stat(name, dir_fd=at, follow_symlinks=False)
            if (
                stat.S_ISREG(status.st_mode)
                and status.st_uid == os.geteuid()
                and status.st_mtime < now - _OLD
            ):
                _unlink_quietly(name, at)


def _write_part(
    at: int, name: str, content: "bytes | Iterable[bytes]", mode: int | None, lasting: bool
) -> str:
    """Write the content to a new part file in the same folder, and return its name."""
    part = f"{name}.{os.urandom(_MARK).hex()}.part"
    new = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    fd = os.open(part, new, 0o644 if mode is None else mode & 0o600, dir_fd=at)
    try:
        try:
            if mode is not None:
                os.fchmod(fd, mode)
            for piece in [content] if isinstance(content, bytes) else content:
                view = memoryview(piece)
                while view:
                    view = view[os.write(fd, view) :]
            failpoints.reach("file.written")
            if lasting:
                os.fsync(fd)
        finally:
            os.close(fd)
    except BaseException:
        _unlink_quietly(part, at)
        raise
    return part


def _unlink_quietly(name: str, at: int) -> None:
    try:
        os.unlink(name, dir_fd=at)
    except FileNotFoundError:
        pass


def _open_folder(path: str, below: str, make: bool = False) -> int:
    """Open a folder and return its descriptor. Raises OSError (InTheWay for a link on the way)."""
    if not below:
        if make:
            os.makedirs(path, exist_ok=True)
        return os.open(path or ".", _FOLDER)
    rest = os.path.relpath(path, below)
    fd, way = os.open(below, _FOLDER), below
    for name in [] if rest == "." else rest.split("/"):
        above, way = fd, f"{way}/{name}"
        try:
            fd = _open_below(above, name, make)
        except NotADirectoryError:
            link = os.path.islink(way)
            what = "a symbolic link is in the way" if link else "not a folder"
            raise InTheWay(errno.ENOTDIR, what, way) from None
        except OSError as error:
            raise _with_path(error, way) from None
        finally:
            os.close(above)
    return fd


def _open_below(above: int, name: str, make: bool) -> int:
    if name == "..":
        raise InTheWay(errno.EINVAL, "outside the folder that is written to")
    if make:
        try:
            os.mkdir(name, dir_fd=above)
        except FileExistsError:
            pass
    return os.open(name, _FOLDER | os.O_NOFOLLOW, dir_fd=above)


def _with_path(error: OSError, path: str) -> OSError:
    """The same error with the full path: relative to a descriptor, only the name is known."""
    if isinstance(error, InTheWay):
        return error
    if error.errno == errno.ELOOP:
        return InTheWay(errno.ELOOP, "it is a symbolic link", path)
    return OSError(error.errno, error.strerror, path)
