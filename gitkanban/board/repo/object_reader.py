"""The content of objects by id: of a loose one from its file, of any other by one `git cat-file`.

Objects of a commit that we have just made are loose, so a change of the board right after another
one starts no git to read what it builds on. Git reads whatever is missing or damaged here, so that
the error is git's own.
"""

import os
import zlib

from gitkanban.board.repo import git
from gitkanban.board.repo.child import Child
from gitkanban.core.names import Oid
from gitkanban.errors import GitFailed
from gitkanban.late import sha1
from gitkanban.typed import IO


class ObjectReader:
    """Reads objects of one repository; its git starts with the first object that is not loose."""

    def __init__(self, common: str) -> None:
        self.common = common
        self._git: tuple[Child, IO[bytes]] | None = None  # and what it prints

    def read(self, oid: Oid, kind: str) -> bytes:
        """Return an object's content. Raises GitFailed if missing, damaged or of another kind."""
        its_kind, data = self._read_any(oid)
        _refuse_other(oid, its_kind, kind)
        return data

    def tree_of(self, commit: Oid) -> Oid:
        """Return the id of a commit's tree; that of a tree is its own. Raises GitFailed."""
        kind, data = self._read_any(commit)
        if kind == "tree":
            return commit
        _refuse_other(commit, kind, "commit")
        head = data.partition(b"\n")[0]
        return Oid(head.removeprefix(b"tree ").decode("ascii", "replace"))

    @property
    def asks_git(self) -> bool:
        """Whether an object was not loose, so that git was started."""
        return self._git is not None

    def close(self) -> None:
        """End the git process, if one was started."""
        git_process, self._git = self._git, None
        if git_process:
            child, out = git_process
            out.close()
            child.kill()
            child.wait(None)
            child.close()

    def _read_any(self, oid: Oid) -> tuple[str, bytes]:
        return _read_loose(self.common, oid) or self._ask_git(oid)

    def _ask_git(self, oid: Oid) -> tuple[str, bytes]:
        if self._git is None:
            argv = (
                "git",
                "-C",
                self.common,
                "-c",
                "safe.bareRepository=all",
                "cat-file",
                "--batch",
            )
            child = Child(argv, git.environment(), cwd=None, has_input=True, apart=False)
            self._git = child, os.fdopen(child.stdout, "rb", closefd=False)
        child, out = self._git
        try:
            os.write(child.stdin, f"{oid}\n".encode())
        except BrokenPipeError:
            raise self._explain_end() from None
        fields = out.readline().split()
        if fields[1:] == [b"missing"]:
            raise GitFailed(f"object {oid} is missing from the repository", git.FSCK)
        if len(fields) != 3:
            raise self._explain_end()
        size = int(fields[2])
        data = out.read(size + 1)
        if len(data) <= size:
            raise self._explain_end()
        return fields[1].decode(), data[:-1]

    def _explain_end(self) -> GitFailed:
        """Return an error with what the ended git process complained of."""
        assert self._git
        self._git[0].close_input()  # so that it ends in any case
        with open(self._git[0].stderr, "rb", closefd=False) as err:
            words = err.read()
        self.close()
        return GitFailed(f"git cat-file: {git.Done(1, b'', words).last}", git.FSCK)


def _refuse_other(oid: Oid, kind: str, needed: str) -> None:
    if kind != needed:
        raise GitFailed(f"{oid[:10]} is a {kind} where a {needed} is needed", git.FSCK)


def _read_loose(common: str, oid: Oid) -> tuple[str, bytes] | None:
    """Return (kind, content) of a sound loose object; None for any other."""
    try:
        fd = os.open(f"{common}/objects/{oid[:2]}/{oid[2:]}", os.O_RDONLY | os.O_NONBLOCK)
        with open(fd, "rb") as file:
            data = zlib.decompress(file.read())
    except (OSError, zlib.error):
        return None
    if sha1(data).hexdigest() != oid:
        return None
    end = data.index(b"\0")
    return data[:end].partition(b" ")[0].decode(), data[end + 1 :]
