"""The only way in which git looks into a folder that a session has had.

After a session its folder is hostile: the session may have changed the `.git` there and the
worktree's git directory, and git runs the programs that they name. So no git discovers a repository
from such a folder.

A view is a git directory of our own making, with that folder as its working tree: a HEAD that we
name, a copy of the index, and the repository's objects, refs and configuration. Nothing of
`<worktree git directory>/config.worktree`, `commondir` or `info/` counts. Settings that run
programs are off, except for filters: those of the repository's own configuration are needed to read
and write files as people do.
"""

import os
import stat
from collections.abc import Mapping
from types import TracebackType

from gitkanban.board.repo import commits, git
from gitkanban.board.repo.git import Done
from gitkanban.board.repo.index_file import is_index
from gitkanban.core.names import NO_OID, Oid
from gitkanban.late import re, shutil
from gitkanban.typed import NamedTuple, Self

_QUIET = {
    "core.fsmonitor": "false",
    "core.hooksPath": os.devnull,
    "core.untrackedCache": "false",
    "core.splitIndex": "false",
    # Look at existing files even if their index entries are marked as skipped.
    "core.sparseCheckout": "true",
    "core.sparseCheckoutCone": "false",
    "submodule.recurse": "false",
    "gc.auto": "0",
    "maintenance.auto": "false",
}
_OPTIONS = [word for key, value in _QUIET.items() for word in ("-c", f"{key}={value}")]
# Look only at a submodule's commit: otherwise git would run in its folder.
NO_SUBMODULES = "--ignore-submodules=dirty"
SHA256_NONE = "0" * 64
_COMMIT = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
_ROOMS = "views"


class ChangedPath(NamedTuple):
    """A path that changed: its mode and object id, zeros where it is gone, and its mode before."""

    mode: str
    oid: Oid
    before: str = "000000"


class View:
    """A folder as git sees it, whatever is in it. Use it in `with`: the view is removed after."""

    def __init__(
        self,
        folder: str,
        common: str,
        head: str,
        index: str = "",
        store: str = "",
        begin: bool = True,
    ) -> None:
        """Look at `folder` with the objects and the configuration of the repository at `common`.

        `head` is a ref (`refs/heads/…`), a commit, or empty. `index` is a file to copy; without it,
        or where it is no index, the index begins as HEAD has it, or (without `begin`)
        empty, for files yet to be checked out. `store` is the git directory of another repository,
        whose objects are read instead, without its refs and configuration.

        Raises OSError, GitFailed.
        """
        self.folder, self.common, self.head = folder, common, head
        self.dir = _make_room(common)
        self.index = f"{self.dir}/index"
        try:
            self._write_file("HEAD", head if _COMMIT.fullmatch(head) else f"ref: {_safe_ref(head)}")
            if store:
                self._borrow(store)
            else:
                self._write_file("commondir", common)
            if not (index and is_index(index) and copy_plain(index, self.index)) and begin:
                self._begin_index()
        except BaseException:
            self.close()
            raise

    def _write_file(self, name: str, text: str) -> None:
        path = f"{self.dir}/{name}"
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(os.fsencode(f"{text}\n"))

    def _borrow(self, store: str) -> None:
        """Become a repository of its own, with the objects of another one."""
        os.makedirs(f"{self.dir}/refs")
        self._write_file("objects/info/alternates", f"{store}/objects")
        copy_plain(f"{store}/shallow", f"{self.dir}/shallow")
        wide = len(self.head) == len(SHA256_NONE)
        form = "1\n[extensions]\n\tobjectFormat = sha256" if wide else "0"
        self._write_file("config", f"[core]\n\trepositoryFormatVersion = {form}")

    def _begin_index(self) -> None:
        self.git("read-tree", self.text("rev-parse", "--verify", "-q", "HEAD^{tree}") or "--empty")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Remove the view."""
        shutil.rmtree(self.dir, ignore_errors=True)

    def git(
        self,
        *args: str,
        input: bytes | None = None,
        check: bool = True,
        env: Mapping[str, str] | None = None,
    ) -> Done:
        """Run git on the folder. Raises GitFailed."""
        where = {"GIT_DIR": self.dir, "GIT_WORK_TREE": self.folder}
        return git.run(
            self.dir, *_OPTIONS, *args, input=input, check=check, env={**where, **(env or {})}
        )

    def text(self, *args: str) -> str:
        """Return what git prints, stripped; empty if it fails."""
        done = self.git(*args, check=False)
        return done.text.strip() if not done.code else ""

    def tree(self) -> Oid:
        """Write the index as a tree and return its id. Raises GitFailed."""
        return self.git("write-tree").oid

    def changes(self, against: str) -> dict[str, ChangedPath]:
        """Return the paths in which the index differs from a commit or tree; empty: an empty tree.

        Raises GitFailed.
        """
        words = ("--cached", "--raw", "-z", "--no-renames", NO_SUBMODULES)
        done = self.git("diff-index", *words, against or self.empty_tree())
        return read_raw(done.out)

    def empty_tree(self) -> Oid:
        """Return the id of the empty tree."""
        return self.git("hash-object", "-t", "tree", "-w", "/dev/null").oid

    def status(self, *paths: str) -> list[tuple[str, str]]:
        """Return (state, path) of all that differs from HEAD, as in `git status --porcelain`.

        Raises GitFailed.
        """
        words = ("--porcelain", "--untracked-files=all", "--no-renames", NO_SUBMODULES, "-z")
        done = self.git("status", *words, "--", ".", *paths)
        rows = done.out.decode("utf-8", "surrogateescape").split("\0")
        return [(row[:2], row[3:]) for row in rows if row]

    def leave_out(self, rules: str) -> None:
        """Have checkouts follow sparse-checkout rules (`git help sparse-checkout`)."""
        self._write_file("info/sparse-checkout", rules.rstrip("\n"))

    def keep_index(self, index: str) -> None:
        """Store the view's index as the worktree's index file, replacing a link in its place."""
        part = f"{os.path.dirname(index)}/gitkanban-index"
        if os.path.lexists(part):
            os.unlink(part)
        copy_plain(self.index, part)
        os.rename(part, index)


def read_raw(out: bytes) -> dict[str, ChangedPath]:
    """Return path -> what it is now, from git's raw diff format with NULs."""
    fields = out.decode("utf-8", "surrogateescape").split("\0")
    settings = {}
    for head, path in zip(fields[::2], fields[1::2], strict=False):
        before, mode, _, oid, *_ = head.removeprefix(":").split(" ")
        settings[path] = ChangedPath(mode, Oid(oid), before)
    return settings


def head_of(common: str, admin: str) -> tuple[str, Oid]:
    """Return (what a worktree's HEAD names, its commit); empty strings if it names nothing."""
    named = read_plain(f"{admin}/HEAD").partition("\n")[0].removeprefix("ref: ")
    if not _COMMIT.fullmatch(named) and _safe_ref(named) != named:
        return "", NO_OID
    return named, commits.resolve(common, named)


def _safe_ref(name: str) -> str:
    """Return the name if it is valid for a ref, else the name of a ref that does not exist."""
    safe = (
        name.startswith("refs/")
        and ".." not in name
        and not re.search(r"[\x00-\x20~^:?*\[\\]", name)
    )
    return name if safe else "refs/heads/gitkanban-none"


def read_plain(path: str, most: int = 1 << 16) -> str:
    """Return the last `most` bytes of a plain file; empty for none, a link or a pipe.

    Nothing that a session may have put there makes it wait or read forever.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return ""
    with open(fd, "rb") as file:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            return ""
        file.seek(max(status.st_size - most, 0))
        return os.fsdecode(file.read(most))


def copy_plain(source: str, target: str) -> bool:
    """Copy a plain file, times included; False if there is none, or a link.

    git compares the time of an index with those of the files in it (racy-git, in git's own
    documentation), so the copy must be as old. Raises OSError.
    """
    try:
        fd = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False
    with open(fd, "rb") as file:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            return False
        written = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        with open(written, "wb") as copy:
            shutil.copyfileobj(file, copy)
    os.utime(target, ns=(status.st_atime_ns, status.st_mtime_ns))
    return True


def _make_room(common: str) -> str:
    import tempfile  # late: most ticks read no workspace

    rooms = f"{common}/gitkanban/{_ROOMS}"
    try:
        os.makedirs(rooms, exist_ok=True)
        return tempfile.mkdtemp(dir=rooms)
    except OSError:  # a read-only repository
        return tempfile.mkdtemp(prefix="gitkanban-view-")


def sweep_rooms(common: str, before: float) -> None:
    """Remove views that a kill left behind: those made before `before` (epoch seconds)."""
    rooms = f"{common}/gitkanban/{_ROOMS}"
    for name in os.listdir(rooms) if os.path.isdir(rooms) else ():
        path = f"{rooms}/{name}"
        try:
            if os.lstat(path).st_mtime < before:
                shutil.rmtree(path, ignore_errors=True)
        except OSError:  # it is already gone
            continue
