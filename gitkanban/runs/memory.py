"""The memory that a session gets: the real one, or a private home whose memory paths are copies.

A private home links to everything of the real one except the memory, so the agent finds its
settings and its login, and what it remembers stays in the run folder. What it changed there is kept
as a proposal when the run has ended. It decides nothing, and it does not fence a session off: one
that knows the real path can write there, as any process of this user can.
"""

import errno
import os
import shutil
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
COPY_WAIT = 2.0  # seconds that a copy waits for an accept in progress


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
    held = locks.take(proposals.lock_name(worker.profile), wait=COPY_WAIT)
    try:
        if held:
            applying.finish(private, worker.profile)
        _make_private(home, folder)
    finally:
        if held:  # else a session writes there now: what it has finished is copied
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
    for part in home.parts:
        for name in (HOME, BEFORE):
            _copy(f"{home.path}/{part}", f"{folder.file(name)}/{part}", frozenset())


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


def _copy(source: str, target: str, above: frozenset[str]) -> None:
    """Copy a file or a folder, links followed: a write through one would reach the real memory."""
    real = os.path.realpath(source)
    if os.path.isdir(real):
        if real in above:
            return  # a link to a folder above it
        os.makedirs(target, mode=0o700, exist_ok=True)
        for name in os.listdir(real):
            _copy(f"{real}/{name}", f"{target}/{name}", above | {real})
    elif os.path.isfile(real):
        os.makedirs(os.path.dirname(target), mode=0o700, exist_ok=True)
        shutil.copy2(real, target)


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
        before = _files(folder.file(BEFORE), part, [])
        after = _files(folder.file(HOME), part, left_out)
        for path in sorted(before | after):
            old = _content(f"{folder.file(BEFORE)}/{path}") if path in before else None
            new = _content(f"{folder.file(HOME)}/{path}") if path in after else None
            if old != new:
                changes.append(Change(path, old, new))
    return _Found(tuple(changes), tuple(left_out))


def _files(root: str, part: str, left_out: list[str]) -> set[str]:
    """The regular files of a memory path; links and the like are named in `left_out`."""
    found: set[str] = set()
    stack = [part]
    while stack:
        path = stack.pop()
        full = f"{root}/{path}"
        if os.path.islink(full):
            left_out.append(f"{path} → {os.readlink(full)}")
        elif os.path.isdir(full):
            stack += [f"{path}/{name}" for name in sorted(os.listdir(full))]
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
