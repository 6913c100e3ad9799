"""Where the lock files of a repository lie, and how one is opened.

They lie in `<private>/locks`. On a file system that other machines may share, the kernel's locks do
not hold between machines. `locks` is then a symbolic link to a folder on this machine's own disk,
so that they hold here at least; that no other machine works on the clone is checked elsewhere
(`runs.records.machines`). Every machine resolves the link on its own disk.

Once made, the place stays: a live session holds a lock there.
"""

import os
import stat
import zlib
from contextlib import suppress

from gitkanban import files
from gitkanban.errors import Refused

# File systems that several machines may share. On some of them locks hold between machines, with
# the right options on each; that cannot be seen from here.
_SHARED = frozenset(
    (
        *("nfs", "nfs4", "cifs", "smb3", "smbfs", "smb2", "afs", "ncpfs", "davfs", "beegfs"),
        *("lustre", "gpfs", "ceph", "glusterfs", "orangefs", "pvfs2", "panfs", "wekafs"),
        *("9p", "virtiofs", "vboxsf", "fuse"),
    )
)
_FALLBACK = "/var/tmp"  # a machine's own disk, and not emptied by a restart


def is_shared(kind: str) -> bool:
    """Whether a file system of this kind (`nfs4`, `fuse.sshfs`) may be shared by machines."""
    return kind in _SHARED or kind.startswith("fuse.")


def shared_by(folder: str) -> str:
    """Return the shared file system with `folder` (`nfs4 at /mnt/team`); empty: it is local."""
    try:
        with open("/proc/self/mounts", encoding="utf-8", errors="surrogateescape") as file:
            mounts = [line.split(" ") for line in file]
    except OSError:
        return ""
    real = os.path.realpath(folder) + "/"
    best, kind = "", ""
    for words in mounts:
        point = words[1].replace("\\040", " ").rstrip("/") + "/"
        if real.startswith(point) and len(point) >= len(best):
            best, kind = point, words[2]
    return f"{kind} at {best.rstrip('/') or '/'}" if is_shared(kind) else ""


def are_apart(private: str) -> bool:
    """Whether the lock files lie on this machine's own disk, apart from the clone."""
    return os.path.islink(f"{private}/locks")


def open_lock_file(private: str, name: str) -> int:
    """Open a lock file for writing, making it where it is missing, and return its descriptor.

    Raises OSError, and Refused where there is no disk of this machine's own to put it on.
    """
    path, flags = f"{private}/locks/{name}", os.O_RDWR | os.O_CREAT
    try:
        return files.open_own(path, flags)
    except FileNotFoundError:
        _choose_place(private)
        files.make_folder(os.path.dirname(path))
        return files.open_own(path, flags)


def _choose_place(private: str) -> None:
    """Make `<private>/locks`, or what it leads to on this machine. Raises OSError, Refused."""
    files.make_folder(private)
    folder = f"{private}/locks"
    if not os.path.lexists(folder):
        where = shared_by(private)
        if not where:
            return
        with suppress(FileExistsError):  # somebody else has just chosen
            os.symlink(_own_place(private, where), folder)
    if os.path.islink(folder):
        _make_apart(os.readlink(folder))


def _own_place(private: str, where: str) -> str:
    """Return the folder on this machine's own disk for the locks of a clone. Raises Refused."""
    state = os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")
    tops = (f"{state}/gitkanban", f"{_FALLBACK}/gitkanban-{os.geteuid()}")
    real = os.path.realpath(private)
    parts = [part for part in real.split("/")[:-1] if part not in ("", ".git")]
    name = f"{parts[-1] if parts else 'root'}-{zlib.crc32(os.fsencode(real)):08x}"
    for top in tops:
        if os.path.isabs(top) and not shared_by(top):
            return f"{top}/{name}/locks"
    raise Refused(
        f"{private} is on {where}, and so are {' and '.join(tops)}: locks do not hold there",
        "Set XDG_STATE_HOME to a folder on a disk of this machine's own.",
    )


def _make_apart(folder: str) -> None:
    """Make the folder that `locks` leads to, on this machine. Raises OSError, Refused."""
    files.make_folder(folder)
    above = os.path.dirname(os.path.dirname(folder))
    for each in (above, folder):
        status = os.lstat(each)
        if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
            raise Refused(
                f"{each} is not a folder of yours, so the locks cannot be kept there",
                "Have it removed, or run gitkanban as its owner.",
            )
    where = shared_by(folder)
    if where:
        raise Refused(
            f"{folder} is on {where} here, where locks do not hold between machines",
            "Run gitkanban on the machine that ticks this clone.",
        )
