"""A fingerprint of what sessions share with everybody: hooks, configuration, trust, refs.

Files and refs are read directly; git is asked once, for the shared configuration. Which differences
between two fingerprints matter is decided in `core.trust.tampering`.
"""

import hashlib
import os
import stat
from collections.abc import Iterable, Iterator

from gitkanban.board.repo import checkouts, git, ref_files
from gitkanban.core.ids import CARD_REFS
from gitkanban.core.names import Oid
from gitkanban.core.trust.tampering import OURS, TAGS, Fingerprint, is_watched
from gitkanban.typed import Any

_FILES = ("info/attributes", "info/grafts", "objects/info/alternates", "config.worktree")
_MOST = 1 << 20  # bytes of a file that are read; a larger one counts by its size


def take(common: str, refs: Iterable[str] = ()) -> Fingerprint:
    """Return the fingerprint of a repository, given its common directory.

    `refs` are full names of refs besides the cards' branches, the tags and our own refs. Raises
    OSError.
    """
    return Fingerprint(dict(_watched_items(common)), _all_refs(common, set(refs)))


def rewritten(common: str, moves: Iterable[tuple[str, str, str]]) -> set[str]:
    """Return the refs, of (ref, before, after), whose new commit does not contain the old one.

    It uses libgit2: a board moves with each run that ends, and a git process each time is slow.
    """
    wanted = [(ref, old, new) for ref, old, new in moves if new and old != new]
    if not wanted:
        return set()
    import pygit2  # late, as everywhere

    repo = pygit2.Repository(common)
    return {ref for ref, old, new in wanted if not _is_descendant(repo, Oid(old), Oid(new))}


def _is_descendant(repo: Any, old: Oid, new: Oid) -> bool:
    try:
        return bool(repo.descendant_of(new, old))
    except (KeyError, ValueError, OSError):  # not commits that are here: GitError is an OSError
        return False


def digest_of(path: str) -> str:
    """Return a digest of a file's kind, mode and content; empty if there is none."""
    try:
        status = os.lstat(path)
        if stat.S_ISLNK(status.st_mode):
            return f"link {os.readlink(path)}"
        if not stat.S_ISREG(status.st_mode):
            return f"kind {stat.S_IFMT(status.st_mode):o}"
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(fd, "rb") as file:
            content = hashlib.sha256(file.read(_MOST)).hexdigest()
    except FileNotFoundError:
        return ""
    except OSError as error:
        return f"unreadable {error.errno}"
    return f"{status.st_mode & 0o111:o} {status.st_size} {content}"


def _watched_items(common: str) -> Iterator[tuple[str, str]]:
    names = [
        *(
            f"hooks/{name}"
            for name in _sorted_names(f"{common}/hooks")
            if not name.endswith(".sample")
        ),
        *_FILES,
        *(
            f"gitkanban/{n}"
            for n in _sorted_names(f"{common}/gitkanban")
            if n.startswith("trust") and not n.endswith(".part")
        ),
    ]
    for name in names:
        if digest := digest_of(f"{common}/{name}"):
            yield name, digest
    yield from _watched_settings(common)


def _sorted_names(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []


def _watched_settings(common: str) -> Iterator[tuple[str, str]]:
    """Yield the watched keys of the shared config. Included files count by the key naming them."""
    asked = ("config", "--file", f"{common}/config", "--no-includes", "--list", "-z")
    done = git.run(common, *asked, check=False)
    if done.code:
        yield "config", f"unreadable {digest_of(f'{common}/config')}"
    values: dict[str, list[str]] = {}
    for entry in done.out.decode("utf-8", "surrogateescape").split("\0"):
        key, _, value = entry.partition("\n")
        if is_watched(key):
            values.setdefault(key, []).append(value)
    for key, setting in values.items():
        text = "\0".join(setting).encode("utf-8", "surrogateescape")
        yield f"config {key}", hashlib.sha256(text).hexdigest()


def _all_refs(common: str, also: set[str]) -> dict[str, str]:
    """Return the refs, loose before packed, as git reads them (`git help pack-refs`)."""
    refs = {ref: at for ref, at in ref_files.packed(common) if ref in also or _is_ours(ref)}
    for top in (CARD_REFS, OURS, TAGS):
        for folder, _, names in os.walk(f"{common}/{top}"):
            for name in names:
                if not name.endswith(".lock"):
                    path = f"{folder}/{name}"
                    refs[os.path.relpath(path, common)] = checkouts.line(path)
    for ref in also:
        if at := checkouts.line(f"{common}/{ref}"):
            refs[ref] = at
    return {ref: at for ref, at in refs.items() if at}


def _is_ours(ref: str) -> bool:
    return ref.startswith((CARD_REFS, OURS, TAGS))
