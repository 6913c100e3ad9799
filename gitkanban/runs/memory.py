"""The memory that a session gets: the real one, or a private home whose memory paths are copies.

A private home links to everything of the real one except the memory, so the agent finds its
settings and its login, and what it remembers stays in the run folder. What it changed there is kept
as a proposal when the run has ended. It decides nothing, and it does not fence a session off: one
that knows the real path can write there, as any process of this user can.
"""

import errno
import os
import shutil
from collections.abc import Iterator
from typing import NamedTuple

from gitkanban.core.cutting import cut
from gitkanban.core.memory import Proposal
from gitkanban.core.model import Worker
from gitkanban.errors import Refused
from gitkanban.runs import applying, folders, proposals, spec
from gitkanban.runs.folders import Folder
from gitkanban.runs.locks import Locks
from gitkanban.runs.proposals import Change, Home

HOME, BEFORE, KEPT = "home", "memory-before", "memory-kept"  # in the run folder
KEEP_WAIT = 10.0  # seconds that keeping a proposal waits for others that keep theirs
DIFF_MOST = 200_000  # characters of a diff; the files themselves are kept whole
# Of a file that went meanwhile, or is not ours to read; a full or broken disk is another matter.
_GONE = (FileNotFoundError, NotADirectoryError, IsADirectoryError, PermissionError)


def home_of(worker: Worker) -> Home | None:
    """Where the worker's profile keeps its memory, None where nothing says so. Raises Refused."""
    if not (worker.memory_env and worker.memory_path):
        return None
    path = os.path.expanduser(worker.memory_path)
    if not os.path.isabs(path):
        raise Refused(
            f"memory_home.path of {worker.name} is {worker.memory_path}, no absolute path",
            "Write a path that begins with / or ~/.",
        )
    parts = tuple(part.strip("/") for part in worker.memory_parts)
    for part in parts:
        if not part or any(word in ("", ".", "..") for word in part.split("/")):
            raise Refused(
                f"memory_home.memory of {worker.name} names {part!r}, no path in the home",
                "Write paths below memory_home.path, such as memories.",
            )
    return Home(path.rstrip("/") or "/", parts)


def prepare(locks: Locks, worker: Worker, folder: Folder) -> dict[str, str]:
    """Make the memory of a run that is about to start; what to add to its environment.

    Call it with the run's locks held. Raises Refused, OSError.
    """
    home = home_of(worker)
    if home is None:
        return {}
    private = os.path.dirname(os.path.dirname(folder.path))
    if worker.memory_policy == "read-write":
        for name in applying.finish(private, worker.profile):
            raise Refused(
                f"the memory of {worker.profile} holds a part of proposal {name} only",
                f"Finish it: gitkanban memory accept {name}",
            )
        return {worker.memory_env: home.path}
    held = locks.take(proposals.lock_name(worker.profile))
    try:
        if held:
            applying.finish(private, worker.profile)
        _make_private(home, folder)
    finally:
        if held:  # else a session or an accept writes there now: what it has finished is copied
            held.close()
    return {worker.memory_env: folder.file(HOME)}


def facts(worker: Worker) -> dict[str, str | tuple[str, ...]]:
    """What a run's spec holds of its memory, so that it can be collected."""
    home = home_of(worker)
    if home is None or worker.memory_policy == "read-write":
        return {}
    return {"memory_home": home.path, "memory_parts": home.parts}


def _make_private(home: Home, folder: Folder) -> None:
    for name in (HOME, BEFORE):
        shutil.rmtree(folder.file(name), ignore_errors=True)
    _link(home.path, folder.file(HOME), set(home.parts), "")
    for entry in _entries(home, os.path.dirname(os.path.dirname(folder.path))):
        if entry.why:
            continue
        # The real one is read once: it may change meanwhile, which is not the run's doing.
        before = f"{folder.file(BEFORE)}/{entry.path}"
        _copy(entry.real, before)
        if os.path.lexists(before):
            _copy(before, f"{folder.file(HOME)}/{entry.path}")


def _link(source: str, target: str, parts: set[str], at: str) -> None:
    """Link every entry of a folder but those on the way to a memory path, which become folders."""
    os.makedirs(target, mode=0o700)
    try:
        names = os.listdir(source)
    except (FileNotFoundError, NotADirectoryError):
        names = []
    prefix = f"{at}/" if at else ""
    on_the_way = {
        part[len(prefix) :].partition("/")[0]
        for part in parts
        if part.startswith(prefix) and "/" in part[len(prefix) :]
    }
    for name in sorted({*names, *on_the_way}):
        here = f"{prefix}{name}"
        if here in parts:
            continue
        if name in on_the_way:
            _link(f"{source}/{name}", f"{target}/{name}", parts, here)
        else:
            os.symlink(f"{source}/{name}", f"{target}/{name}")


class _Entry(NamedTuple):
    """A folder or file of a real memory: its path in the home, what it really is, and why a
    private home lacks it."""

    path: str
    real: str
    why: str = ""


def _entries(home: Home, private: str) -> Iterator[_Entry]:
    """What is to be copied, a folder before what is in it; links are followed, for a write through
    one would reach what it points to. Folders that are not in the memory are left out."""
    roots = [os.path.realpath(f"{home.path}/{part}") for part in home.parts]
    stack = [(part, frozenset((os.path.realpath(private),))) for part in home.parts]
    while stack:
        path, above = stack.pop()
        real = os.path.realpath(f"{home.path}/{path}")
        if os.path.isfile(real):
            yield _Entry(path, real, "" if os.access(real, os.R_OK) else "it cannot be read")
        if not os.path.isdir(real):
            continue
        if real in above or not any(f"{real}/".startswith(f"{root}/") for root in roots):
            yield _Entry(path, real, f"it leads to {real}")
            continue
        try:
            names = sorted(os.listdir(real))
        except _GONE:
            yield _Entry(path, real, "it cannot be read")
            continue
        yield _Entry(path, real)
        stack += [(f"{path}/{name}", above | {real}) for name in names]


def _copy(real: str, target: str) -> None:
    """Copy a file or an empty folder; what is gone by now is left out."""
    if os.path.isdir(real):
        os.makedirs(target, mode=0o700, exist_ok=True)
        return
    os.makedirs(os.path.dirname(target), mode=0o700, exist_ok=True)
    try:
        shutil.copy2(real, target)
    except _GONE:
        spec.remove(target)


# -- after the run


class _Found(NamedTuple):
    """What differs between a memory as it was given to a run, and as the run left it."""

    changes: tuple[Change, ...]
    left_out: tuple[str, ...]


def propose(folder: Folder) -> bool:
    """Keep what an ended run changed in its copy of the memory; whether there was something.

    Doing it again changes nothing. No process of the run may be alive. Raises OSError, TimeoutError
    among them when another process keeps proposals all the time.
    """
    found = folder.spec()
    home = Home(found.one("memory_home"), tuple(found.get("memory_parts", ())))
    if not home.path or not waits(folder):
        return False
    private = os.path.dirname(os.path.dirname(folder.path))
    held = Locks(private).take("keeping", wait=KEEP_WAIT)
    if held is None:
        raise TimeoutError(errno.ETIMEDOUT, "another process keeps proposals", folder.path)
    with held:  # a supervisor, a tick and a person may all look at once
        return waits(folder) and _propose(folder, found, home, private)


def waits(folder: Folder) -> bool:
    """Whether nobody has looked yet what the run changed in its copy of a memory."""
    return folder.has(HOME) and not folder.has(KEPT)


def _propose(folder: Folder, found: spec.Spec, home: Home, private: str) -> bool:
    what = _differences(folder, home)
    if what.changes or what.left_out:
        proposal = Proposal(
            found.one("run"),
            found.one("profile"),
            found.one("card"),
            found.one("run"),
            found.one("worker"),
            f"session of {found.one('card')}",
            int(found.number("started", 0)),
            diff=_diff(what.changes),
            files=tuple(change.path for change in what.changes),
            left_out=what.left_out,
        )
        proposals.keep(private, proposal, home, what.changes)
    spec.replace(folder.file(KEPT), b"")
    return bool(what.changes or what.left_out)


def gather(private: str) -> None:
    """Keep what runs left whose collecting failed, on a full disk say. Raises OSError."""
    for folder in folders.every(private):
        if waits(folder) and folder.has("exit.json"):
            propose(folder)


def _differences(folder: Folder, home: Home) -> _Found:
    changes: list[Change] = []
    left_out: list[str] = []
    for part in home.parts:
        before = _files(folder.file(BEFORE), part, [], [])
        hidden: list[str] = []
        after = _files(folder.file(HOME), part, left_out, hidden)
        for path in sorted(before | after):
            if any(f"{path}/".startswith(f"{each}/") for each in hidden):
                continue  # it may be there still
            old = _content(f"{folder.file(BEFORE)}/{path}") if path in before else None
            try:
                new = _content(f"{folder.file(HOME)}/{path}") if path in after else None
            except PermissionError:
                hidden.append(path)
                continue
            if old != new:
                changes.append(Change(path, old, new))
        left_out += [f"{path}: cannot be read" for path in hidden]
    return _Found(tuple(changes), tuple(left_out))


def _files(root: str, part: str, left_out: list[str], hidden: list[str]) -> set[str]:
    """The regular files of a memory path; links and the like are named in `left_out`, folders that
    cannot be read in `hidden`."""
    found: set[str] = set()
    stack = [part]
    while stack:
        path = stack.pop()
        full = f"{root}/{path}"
        if os.path.islink(full):
            left_out.append(f"{path} → {os.readlink(full)}")
        elif os.path.isdir(full):
            try:
                stack += [f"{path}/{name}" for name in sorted(os.listdir(full))]
            except OSError as error:
                if error.errno not in (errno.EACCES, errno.EPERM, errno.ENAMETOOLONG):
                    raise
                hidden.append(path)
        elif os.path.isfile(full):
            found.add(path)
        elif os.path.lexists(full):
            left_out.append(path)
    return found


def _content(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def _diff(changes: tuple[Change, ...]) -> str:
    """A unified diff of all changes, at most DIFF_MOST characters."""
    import difflib  # late: most runs change nothing

    lines: list[str] = []
    for change in changes:
        sides = [_as_lines(side) for side in (change.base, change.new)]
        old, new = sides
        if old is None or new is None:
            lines.append(f"binary file {change.path} differs\n")
            continue
        names = (
            f"a/{change.path}" if change.base is not None else "/dev/null",
            f"b/{change.path}" if change.new is not None else "/dev/null",
        )
        for line in difflib.unified_diff(old, new, *names):
            lines.append(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n")
    return cut("".join(lines), DIFF_MOST)


def _as_lines(content: bytes | None) -> list[str] | None:
    if content is None:
        return []
    if b"\0" in content[:8192]:
        return None
    return content.decode("utf-8", "replace").splitlines(keepends=True)
