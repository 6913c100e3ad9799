"""The memory that a session gets: the real one, or a private home whose memory paths are copies.

A private home links to everything in the real one except the memory. So the agent finds its
settings and its login, and what it remembers stays in the run folder; `proposing` turns that into a
proposal. It is no sandbox: a session that knows the real path can write there, as any process of
this user can.
"""

import os
from collections.abc import Iterator

from gitkanban import files
from gitkanban.core.agents.memory import part_fault, path_fault
from gitkanban.core.model import Worker
from gitkanban.core.names import ProfileName
from gitkanban.errors import Refused
from gitkanban.late import shutil
from gitkanban.runs.memory import applying, proposals
from gitkanban.runs.memory.proposals import Home
from gitkanban.runs.records.folders import Folder
from gitkanban.runs.supervision.locks import Locks
from gitkanban.typed import NamedTuple

BEFORE = "memory-before"  # in the run folder
_HOME = "home"  # there, as all runs had it before profiles were looked for by agents
_DEFAULT = "default"  # the profile that hermes takes from its root
# A file has gone meanwhile, or we may not read it; a full or broken disk raises.
_GONE = (FileNotFoundError, NotADirectoryError, IsADirectoryError, PermissionError)


def home_of(worker: Worker) -> Home | None:
    """Return where the worker's profile stores its memory; None if not set. Raises Refused."""
    if not (worker.memory_env and worker.memory_path):
        return None
    path = os.path.expanduser(worker.memory_path)
    if path_fault(worker.memory_path) or not os.path.isabs(path):
        raise Refused(
            f"memory_home.path of {worker.name} is {worker.memory_path}, which is not an absolute path"
        )
    parts = [part.strip("/") for part in worker.memory_parts]
    if any(map(part_fault, parts)):
        raise Refused(f"memory_home.memory of {worker.name} names no path in the home")
    within = {one for one in parts for other in parts if one.startswith(f"{other}/")}
    return Home(path.rstrip("/") or "/", tuple(part for part in parts if part not in within))


def prepare(locks: Locks, worker: Worker, folder: Folder) -> dict[str, str]:
    """Prepare the memory of a run about to start, and return what to add to its environment.

    Call it with the run's locks held. Raises Refused, OSError.
    """
    home = home_of(worker)
    if home is None:
        return {}
    if not os.path.isdir(home.path):
        raise Refused(
            f"memory_home.path of {worker.name} is {home.path}, which is not a folder",
            "An agent would find neither settings nor login there.",
        )
    private = os.path.dirname(os.path.dirname(folder.path))
    if worker.memory_policy == "read-write":
        for name in applying.finish(private, worker.profile):
            raise Refused(
                f"the memory of {worker.profile} holds only a part of proposal {name}",
                f"Finish it: gitkanban memory accept {name}",
            )
        return {worker.memory_env: home.path}
    lock = locks.take(proposals.lock_name(worker.profile))
    try:
        if lock:
            applying.finish(private, worker.profile)
        name = _home_name(worker.profile)
        _make_private(home, folder, name)
    finally:
        if lock:  # else a session or an accept is writing there: copy the finished files
            lock.close()
    return {worker.memory_env: folder.file(name)}


def lacking(worker: Worker, private: str) -> list[str]:
    """Return what is wrong with the worker's memory home or missing in copies; a line each."""
    try:
        home = home_of(worker)
    except Refused as error:
        return [error.message]
    if home is None:
        return []
    if not os.path.isdir(home.path):
        return [f"{home.path} is not a folder, so nothing starts"]
    if worker.memory_policy == "read-write":
        return []
    return [
        f"no copy has {home.path}/{entry.path}: {entry.why}"
        for entry in _entries_to_copy(home, private)
        if entry.why
    ]


def facts(worker: Worker) -> dict[str, str | tuple[str, ...]]:
    """Return the facts about its memory that a run's spec needs for collecting it."""
    home = home_of(worker)
    if home is None or worker.memory_policy == "read-write":
        return {}
    return {"memory_home": home.path, "memory_parts": home.parts}


def private_home(folder: Folder) -> str:
    """Return the path of a run's private home; empty if it has none."""
    names = (_home_name(ProfileName(folder.facts().one("profile"))), _HOME)
    return next((folder.file(name) for name in names if folder.has(name)), "")


def _home_name(profile: ProfileName) -> str:
    """Return where the private home is in the run's folder.

    `hermes -p NAME` looks for `profiles/NAME` below its root, and takes the grandparent of a home
    that lies so for the root; the profile `default` is the root itself. Other agents do not mind.
    """
    return _HOME if profile == _DEFAULT else f"profiles/{profile}"


def _make_private(home: Home, folder: Folder, name: str) -> None:
    for each in (name, BEFORE):
        shutil.rmtree(folder.file(each), ignore_errors=True)
    _link_entries(home.path, folder.file(name), set(home.parts), "")
    for entry in _entries_to_copy(home, os.path.dirname(os.path.dirname(folder.path))):
        if entry.why:
            continue
        # Read the real memory once: it may change meanwhile, and not by the run.
        before = f"{folder.file(BEFORE)}/{entry.path}"
        _copy_entry(entry.real, before)
        if os.path.lexists(before):
            _copy_entry(before, f"{folder.file(name)}/{entry.path}")


def _link_entries(source: str, target: str, parts: set[str], at: str) -> None:
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
            _link_entries(f"{source}/{name}", f"{target}/{name}", parts, here)
        else:
            os.symlink(f"{source}/{name}", f"{target}/{name}")


class _MemoryEntry(NamedTuple):
    """A folder or file of a real memory: its path in the home, what it really is, and why a
    private home lacks it."""

    path: str
    real: str
    why: str = ""


def _entries_to_copy(home: Home, private: str) -> Iterator[_MemoryEntry]:
    """Yield what to copy, a folder before its content; folders outside of the memory are left out.

    Links are followed: a write through a copied link would reach its target.
    """
    roots = [os.path.realpath(f"{home.path}/{part}") for part in home.parts]
    stack = [(part, frozenset((os.path.realpath(private),))) for part in home.parts]
    while stack:
        path, above = stack.pop()
        real = os.path.realpath(f"{home.path}/{path}")
        if os.path.isfile(real):
            yield _MemoryEntry(path, real, "" if _is_readable(real) else "it cannot be read")
        if not os.path.isdir(real):
            continue
        if real in above or not any(f"{real}/".startswith(f"{root}/") for root in roots):
            yield _MemoryEntry(path, real, f"it leads to {real}")
            continue
        try:
            names = sorted(os.listdir(real))
        except _GONE:
            yield _MemoryEntry(path, real, "it cannot be read")
            continue
        yield _MemoryEntry(path, real)
        stack += [(f"{path}/{name}", above | {real}) for name in names]


def _is_readable(path: str) -> bool:
    try:
        os.close(os.open(path, os.O_RDONLY | os.O_CLOEXEC))
    except _GONE:
        return False
    return True


def _copy_entry(real: str, target: str) -> None:
    """Copy a file or an empty folder, unless it is gone by now."""
    if os.path.isdir(real):
        os.makedirs(target, mode=0o700, exist_ok=True)
        return
    os.makedirs(os.path.dirname(target), mode=0o700, exist_ok=True)
    try:
        shutil.copy2(real, target)
    except _GONE:
        files.remove(target)
