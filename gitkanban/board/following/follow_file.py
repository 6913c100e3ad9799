"""One path of a checkout that follows: what becomes of its file and of its index entry.

A file that nobody touched becomes the board's. One that a person has edited or staged is merged, a
card by field. Where both changed the same thing, the person's version stays, and that is reported.
The caller writes the index.
"""

import os
import stat

from gitkanban import files
from gitkanban.board.repo import git
from gitkanban.board.repo.new_objects import object_id
from gitkanban.board.repo.place import Place
from gitkanban.core.names import NO_OID, Oid
from gitkanban.core.sizes import FILE_MOST
from gitkanban.typed import NamedTuple


class Path(NamedTuple):
    """A path of the board that changed. Object ids are empty where there is no file."""

    name: str  # from the checkout's root
    mode: str
    base: Oid  # at the commit that the checkout stood at
    new: Oid  # at the board's tip
    text: bytes | None = None  # the content of `new`, unless it is large
    staged: Oid = NO_OID  # in the checkout's index


class IndexOutcome(NamedTuple):
    """The object id that the index entry is to have (empty: none), and notices."""

    staged: Oid
    notices: tuple[str, ...] = ()


def settle(
    place: Place, root: str, path: Path, since: Oid, tip: Oid, skipped: bool
) -> IndexOutcome:
    """Bring the file along and return what the index entry must become. Raises OSError, GitFailed.

    `old` versions are those between commits `since` and `tip`; `skipped`: a sparse checkout leaves
    the file out.
    """
    file = _File(root, path.name)
    work = file.oid
    old = {path.base, path.new}
    if path.staged not in old or (work not in old and work != path.staged):
        old |= _versions_between(place, path.name, since, tip)
    side = _PathVersions(place, path, old)
    index = path.new if path.staged in old else side.merged(path.staged, None, "staged")
    if skipped and work == "":
        pass
    elif file.odd:
        side.notices.append(f"{path.name} in {root} is {file.odd}, so it is left as it is")
    elif work == path.staged or work in old:
        # Gone though the index has it: a person deleted it.
        if not (work == "" and path.staged) and work != index:
            file.write(side.content(index) if index else None)
    else:
        base = path.staged if path.staged in old else path.base
        merged = side.merged(work, file.data, "edited", base)
        if merged != work:
            file.write(side.content(merged) if merged else None)
    return IndexOutcome(index, tuple(dict.fromkeys(side.notices)))


class _PathVersions:
    """A person's versions of one path, against the board's."""

    def __init__(self, place: Place, path: Path, old: set[Oid]) -> None:
        self.place, self.path, self.old = place, path, old
        self.notices: list[str] = []
        self.known: dict[Oid, bytes] = {}
        if path.new and path.text is not None:
            self.known[path.new] = path.text

    def content(self, oid: Oid) -> bytes:
        """Return the content of a blob. Raises GitFailed."""
        if oid not in self.known:
            self.known[oid] = git.run(self.place.common, "cat-file", "blob", oid).out
        return self.known[oid]

    def merged(self, mine: Oid, data: bytes | None, what: str, base: Oid | None = None) -> Oid:
        """Return the object id of a person's version with the board's change merged into it."""
        base = self.path.base if base is None else base
        if data is not None:
            self.known[mine] = data
        if any(len(self.content(oid)) > FILE_MOST for oid in (base, mine, self.path.new) if oid):
            self.notices.append(
                f"{self.path.name} stays as you {what} it: it is too large to merge"
            )
            return mine
        versions = [self._read_text(oid) for oid in (base, mine, self.path.new)]
        text, why = merged(self.path.name, *versions)
        if why:
            self.notices.append(f"{self.path.name} stays as you {what} it: {why}")
        if text is None:
            return NO_OID
        if text == versions[1]:
            return mine
        if text == versions[2]:
            return self.path.new
        result = text.encode("utf-8", "surrogateescape")
        done = git.run(self.place.common, "hash-object", "-w", "--stdin", input=result)
        self.known[done.oid] = result
        return done.oid

    def _read_text(self, oid: Oid) -> str | None:
        return self.content(oid).decode("utf-8", "surrogateescape") if oid else None


def merged(
    name: str, base: str | None, ours: str | None, theirs: str | None
) -> tuple[str | None, str]:
    """Return the merged text, and what could not be merged, in words."""
    if "cards" in name.split("/")[-2:-1] and name.endswith(".yaml"):
        from gitkanban.board.formats import mergefile  # late: it brings the YAML parser

        done = mergefile.merge_card(base, ours, theirs)
        return done.text, "; ".join(done.notices)
    if ours in (base, theirs):
        return theirs, ""
    if theirs == base:
        return ours, ""
    if ours is None or theirs is None:
        return ours, "" if ours == theirs else "the board and you disagree about whether it exists"
    from gitkanban.core import merge  # late: most files are nobody's but the board's

    both = merge.text(base or "", ours, theirs)
    return (ours, "the board changed the same lines") if both is None else (both, "")


def _versions_between(place: Place, name: str, since: Oid, tip: Oid) -> set[Oid]:
    """Return every version of the path between two commits: a switch of branches leaves those."""
    done = git.run(
        place.common, "log", "--format=", "--raw", "-z", "--no-abbrev", "--no-renames", "-m",
        f"{since}...{tip}", "--", name, check=False,
    )  # fmt: skip
    oids = set()
    for field in done.text.split("\0"):
        if field.startswith(":"):
            _, _, old, new, _ = field.split(" ")
            oids |= {oid for oid in map(git.oid_of, (old, new)) if oid}
    return oids


class _File:
    """A file of a working tree; links are not followed, not in its folders either."""

    def __init__(self, root: str, name: str) -> None:
        self.root, self.name = root, name
        self.path = f"{root}/{name}"
        self.odd = self._why_odd()
        self.data = None if self.odd else self._read_file()

    def _why_odd(self) -> str:
        at = self.root
        *folders, last = self.name.split("/")
        for part in (*folders, last):
            at = f"{at}/{part}"
            try:
                mode = os.lstat(at).st_mode
            except (FileNotFoundError, NotADirectoryError):
                return ""
            if stat.S_ISLNK(mode):
                return "behind a symbolic link"
            if part is last and not stat.S_ISREG(mode):
                return "not a file"
            if part is not last and not stat.S_ISDIR(mode):
                return "below something that is not a folder"
        return ""

    def _read_file(self) -> bytes | None:
        try:
            return files.read(self.path, below=self.root)
        except FileNotFoundError:
            return None

    @property
    def oid(self) -> Oid:
        """Return the object id that git would give the content; empty if there is no file."""
        if self.data is None:
            return NO_OID
        return object_id("blob", self.data.replace(b"\r\n", b"\n"))

    def write(self, data: bytes | None) -> None:
        """Replace or remove the file, unless it has changed since it was read. Raises OSError."""
        if self._read_file() != self.data:
            raise OSError(f"{self.path} is being edited")
        if data is None:
            files.remove(self.path, below=self.root)
            self._remove_empty()
            return
        mode = None if self.data is None else stat.S_IMODE(os.lstat(self.path).st_mode)
        files.replace(self.path, data, mode, lasting=False, below=self.root, make=True)

    def _remove_empty(self) -> None:
        folder = os.path.dirname(self.name)
        while folder:
            try:
                files.remove_folder(f"{self.root}/{folder}", below=self.root)
            except OSError:  # not empty
                return
            folder = os.path.dirname(folder)
