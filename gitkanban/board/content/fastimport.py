"""One `git fast-import` that reads what a change needs and writes its blobs, trees and commit.

No ref moves: the commit is made on a name that is given up before the process ends. Objects are on
the disk when `commit` returns, with the modes that git gives them in this repository
(`core.sharedRepository`). The format is the one of git-fast-import(1).
"""

import errno
import os
import subprocess
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import NamedTuple

from gitkanban import failpoints, files
from gitkanban.board.repo import git
from gitkanban.errors import GitFailed

NO_OBJECT = "0" * 40
BLOB = "100644"
# Everything written is synced, all of it with one flush of the disk (`git help config`).
_SYNCED = ("-c", "core.fsync=all", "-c", "core.fsyncMethod=batch")


class Written(NamedTuple):
    """A commit that was made: its id, its tree's, and those of all objects below that are new."""

    commit: str
    tree: str
    objects: tuple[str, ...]


class Author(NamedTuple):
    """Who commits, in git's own bytes, and when: seconds since the epoch, zone as `+0100`."""

    name: bytes
    email: bytes
    when: int
    zone: str

    def line(self) -> bytes:
        """As it stands in a commit: `Ada <ada@example.org> 1700000000 +0000`."""
        return b"%s <%s> %d %s" % (self.name, self.email, self.when, self.zone.encode())


class FastImport:
    """A running `git fast-import`, started at the first question. Use it with `with`."""

    def __init__(self, common: str) -> None:
        self.common = common
        self._process: subprocess.Popen[bytes] | None = None
        self._ref = f"refs/gitkanban/writing-{os.urandom(8).hex()}"

    def __enter__(self) -> "FastImport":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close(kill=error is not None)

    def entry(self, commit: str, path: bytes) -> tuple[str, str]:
        """(mode, object id) of a path in a commit's tree; two empty strings where there is none."""
        answer = self._ask(b"ls %s %s\n" % (commit.encode(), quoted(path)))
        if answer.startswith(b"missing "):
            return "", ""
        mode, _, oid = answer.partition(b"\t")[0].split(b" ")
        return mode.decode(), oid.decode()

    def content(self, blob: str) -> bytes:
        """The content of a blob. Raises GitFailed when it is missing or no blob."""
        size = int(self._ask(b"cat-blob %s\n" % blob.encode()).split(b" ")[2])
        assert self._process and self._process.stdout
        data = self._process.stdout.read(size + 1)
        if len(data) <= size:
            raise self._failure()
        return data[:-1]

    def commit(
        self,
        changed: Mapping[bytes, tuple[str, bytes] | None],
        message: bytes,
        author: Author,
        committer: Author,
        parents: Sequence[str],
        tree: str = "",
    ) -> Written:
        """Make a commit: the first parent's tree, or `tree`, with some files set or removed (None).

        `changed` gives (mode, content) by path. Ends the process. Raises GitFailed, OSError.
        """
        order = [
            b"commit %s\nmark :1\n" % self._ref.encode(),
            b"author %s\ncommitter %s\n" % (author.line(), committer.line()),
            _data_command(message),
            *(
                b"%s %s\n" % (word, parent.encode())
                for word, parent in zip(
                    [b"from", *[b"merge"] * len(parents)], parents, strict=False
                )
            ),
        ]
        if tree:
            order.append(b'M 040000 %s ""\n' % tree.encode())
        for path, file in sorted(changed.items()):
            if file is None:
                order.append(b"D %s\n" % quoted(path))
            else:
                order.append(
                    b"M %s inline %s\n%s" % (file[0].encode(), quoted(path), _data_command(file[1]))
                )
        order.append(b"\n")
        self._send(b"".join(order))
        commit = self._ask(b"get-mark :1\n").decode()
        root = self._ask(b'ls :1 ""\n').split(b" ")[2].partition(b"\t")[0].decode()
        below = {oid for path in _and_above(changed) if (oid := self.entry(":1", path)[1])}
        self._send(b"reset %s\nfrom %s\n\n" % (self._ref.encode(), NO_OBJECT.encode()))
        failpoints.reach("commit.tree-written")
        self.close()
        return Written(commit, root, (commit, root, *sorted(below)))

    def close(self, kill: bool = False) -> None:
        """End the process. Raises GitFailed, or OSError, when it could not write what it was given."""
        process, self._process = self._process, None
        if process is None:
            return
        if kill:
            process.kill()
        _, said = process.communicate()
        if process.returncode and not kill:
            raise _failure_of(self.common, process.pid, said)

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            ["git", "-c", "safe.bareRepository=all", *_SYNCED, "fast-import", "--quiet", "--force"],
            cwd=self.common,
            env=git.environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def _send(self, text: bytes) -> None:
        if self._process is None:
            self._process = self._start()
        assert self._process.stdin
        try:
            self._process.stdin.write(text)
            self._process.stdin.flush()
        except BrokenPipeError:
            raise self._failure() from None

    def _ask(self, text: bytes) -> bytes:
        self._send(text)
        assert self._process and self._process.stdout
        line = self._process.stdout.readline()
        if not line.endswith(b"\n"):
            raise self._failure()
        return line[:-1]

    def _failure(self) -> GitFailed | OSError:
        """What it complained of; it has ended."""
        process, self._process = self._process, None
        assert process
        _, said = process.communicate()
        return _failure_of(self.common, process.pid, said)


def _failure_of(common: str, pid: int, said: bytes) -> GitFailed | OSError:
    """Why it failed: what the disk refuses as the system says it, anything else in git's words."""
    files.remove(f"{common}/fast_import_crash_{pid}")  # its own report of every failure
    objects = f"{common}/objects"
    if not os.access(objects, os.W_OK):
        code = errno.EROFS if os.statvfs(objects).f_flag & os.ST_RDONLY else errno.EACCES
        return OSError(code, os.strerror(code), objects)
    if not os.statvfs(objects).f_bavail:
        return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), objects)
    return GitFailed(f"git fast-import: {git.Done(1, b'', said).said}")


def quoted(path: bytes) -> bytes:
    """A path as git-fast-import(1) takes it, in the quotes of C."""
    escaped = path.replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\n")
    return b'"%s"' % escaped


def _data_command(content: bytes) -> bytes:
    return b"data %d\n%s\n" % (len(content), content)


def _and_above(paths: Mapping[bytes, object]) -> set[bytes]:
    """The paths, and the folders above them but for the root."""
    found = set(paths)
    for path in paths:
        while b"/" in path:
            path = path.rpartition(b"/")[0]
            found.add(path)
    return found
