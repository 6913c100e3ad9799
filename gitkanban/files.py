"""Files that are there whole or not at all, in folders that somebody else may have arranged.

The one place that writes below `.kanban/` and the git directory's `gitkanban/`. Whoever merges a
pull request gets its links, too, so nothing is written through one: a file is made under a name
that nobody can foretell, must not be there yet, and is renamed into its place. With `below` (a
folder that is trusted) no folder on the way from there to the file may be a link either, which is
held by going down descriptor by descriptor (`man 2 openat`). Without it the file's own folder is
trusted. A supervisor imports it, so it imports nothing that `os` has not imported already.
"""

import errno
import os
import stat

from gitkanban import failpoints

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_NO_LINK = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # nor a pipe that lets nobody in
_MARK = 8  # random bytes in the name of a part file
_OLD = 3600.0  # seconds after which nobody writes to a part file any more


class InTheWay(OSError):
    """What lies where a folder or a file of ours is needed is neither."""


def replace(
    path: str,
    content: bytes,
    mode: int | None = None,
    lasting: bool = True,
    *,
    below: str = "",
    make: bool = False,
) -> None:
    """Write a file so that it is there whole or not at all, also after a power cut.

    `mode` is set as it is given; without one a new file is 0644 as far as the umask lets it. One
    that is not `lasting` means nothing after a power cut, and is not synced to the disk. `make`
    makes the missing folders on its way. Raises OSError (InTheWay for a link); the file is then as
    it was.
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


def create(path: str, content: bytes, *, make: bool = False) -> bool:
    """Write a file unless there is one: of several that try, the first one wins. Raises OSError."""
    folder, name = os.path.split(path)
    at = _open_folder(folder, "", make)
    try:
        part = _write_part(at, name, content, None, lasting=False)
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
    """What a file holds, or its first `most` bytes. Raises OSError; InTheWay for what is not a
    file.

    A pipe or a device is not waited for.
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
    """What lies in a folder, sorted; nothing where there is no such folder, or only behind a link."""
    try:
        at = _open_folder(folder, below)
    except OSError:
        return []
    try:
        return sorted(os.listdir(at))
    finally:
        os.close(at)


def open_own(path: str, flags: int) -> int:
    """A descriptor of a file of ours that is written where it lies, such as a log or a lock.

    `flags` as for `os.open`. Raises OSError, for a link or a pipe too.
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
    """Make an empty file unless it is there. Raises OSError."""
    os.close(open_own(path, os.O_WRONLY | os.O_CREAT))


def make_folder(path: str, *, below: str = "") -> None:
    """Make a folder and those above it that are missing. Raises OSError."""
    os.close(_open_folder(path, below, make=True))


def remove(path: str, *, below: str = "") -> None:
    """Remove a file that may be gone already, or whose folder may be. Raises OSError."""
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
    """Remove an empty folder. Raises OSError, for one that is not empty too."""
    folder, name = os.path.split(path)
    at = _open_folder(folder, below)
    try:
        os.rmdir(name, dir_fd=at)
    finally:
        os.close(at)


def copy(path: str, to: str) -> None:
    """Copy a file if it is there, for a short use: it means nothing after a power cut."""
    try:
        with open(path, "rb") as file:
            content = file.read()
    except FileNotFoundError:
        return
    with open(to, "wb") as file:
        file.write(content)


def clone(path: str, to: str, *, below: str, to_below: str) -> os.stat_result:
    """Copy a plain file, permissions and times too, without its blocks where the disk can.

    Neither path leads through a link below its folder, and nothing that lies at `to` stays. What is
    written is shared with the original until one of them changes (copy_file_range(2) on Btrfs, XFS
    and others). What the copy is now. Raises OSError; InTheWay for what is not a file, or behind a
    link.
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
    """Write a file from a descriptor, under another name until it is whole."""
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
    """Copy what is left of a file; by the file system itself where it does that."""
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
    """Write what can be made again at any time; where it cannot be written it is done without."""
    try:
        replace(path, content, lasting=False, make=True)
    except OSError:
        return


def sync_folder(folder: str) -> None:
    """Make the names in a folder durable."""
    fd = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def is_part(name: str, of: str = "") -> bool:
    """Whether a file is named as the part of a write is; `of`: the name that was to be written.

    Older versions put a process id where the random mark is.
    """
    stem, dot, mark = name.removesuffix(".part").rpartition(".")
    if not dot or not name.endswith(".part") or (of and stem != of):
        return False
    return mark.isdigit() or (len(mark) == 2 * _MARK and not set(mark) - set("0123456789abcdef"))


def remove_old_parts(folder: str, now: float) -> None:
    """Remove what killed writes have left in a folder and below it; links are not followed.

    Files of others, and those younger than an hour at `now` (epoch seconds), stay. A folder that
    is not there has none.
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


def _write_part(at: int, name: str, content: bytes, mode: int | None, lasting: bool) -> str:
    """Write a new file beside the one that it is to become, and return its name."""
    part = f"{name}.{os.urandom(_MARK).hex()}.part"
    new = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    fd = os.open(part, new, 0o644 if mode is None else mode & 0o600, dir_fd=at)
    try:
        try:
            if mode is not None:
                os.fchmod(fd, mode)
            view = memoryview(content)
            while view:
                view = view[os.write(fd, view) :]
            failpoints.reach("file.written")
            if lasting:
                os.fsync(fd)
        finally:
            os.close(fd)
    except OSError:
        _unlink_quietly(part, at)
        raise
    return part


def _unlink_quietly(name: str, at: int) -> None:
    try:
        os.unlink(name, dir_fd=at)
    except FileNotFoundError:
        pass


def _open_folder(path: str, below: str, make: bool = False) -> int:
    """A descriptor of a folder. Raises OSError; InTheWay where a link is on the way to it."""
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
    """The same error, of the whole path: below a descriptor only a name is known."""
    if isinstance(error, InTheWay):
        return error
    if error.errno == errno.ELOOP:
        return InTheWay(errno.ELOOP, "it is a symbolic link", path)
    return OSError(error.errno, error.strerror, path)
