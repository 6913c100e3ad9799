"""What an ended run changed in its copy of a memory, stored as a proposal.

The copy is made by `gitkanban.runs.memory.homes`. Nothing here touches the real memory.
"""

import errno
import os

from gitkanban.core.agents.memory import Proposal
from gitkanban.core.cutting import cut
from gitkanban.core.names import ProfileName, WorkerName
from gitkanban.late import shutil
from gitkanban.runs.memory import proposals
from gitkanban.runs.memory.homes import BEFORE, private_home
from gitkanban.runs.memory.proposals import Home, MemoryChange
from gitkanban.runs.records import folders
from gitkanban.runs.records.folders import Folder, card_of, run_of
from gitkanban.runs.supervision import spec
from gitkanban.runs.supervision.locks import Locks
from gitkanban.typed import NamedTuple

PROPOSED_MARK = "memory-kept"  # in the run folder
KEEP_WAIT = 10.0  # seconds to wait for other processes that store proposals
DIFF_MOST = 200_000  # characters of a diff; the files themselves are stored whole


class _Addition(NamedTuple):
    """The differences between a memory as a run got it, and as the run left it."""

    changes: tuple[MemoryChange, ...]
    left_out: tuple[str, ...]


def propose(folder: Folder) -> bool:
    """Store what an ended run changed in its copy of the memory; return whether it changed any.

    Doing it again changes nothing. No process of the run may be alive. Raises OSError, which
    includes TimeoutError when other processes do not let go of the lock.
    """
    its_spec = folder.spec()
    home = Home(its_spec.one("memory_home"), tuple(its_spec.get("memory_parts", ())))
    if not home.path or not waits(folder):
        return False
    private = os.path.dirname(os.path.dirname(folder.path))
    lock = Locks(private).take("keeping", wait=KEEP_WAIT)
    if lock is None:
        raise TimeoutError(errno.ETIMEDOUT, "another process keeps proposals", folder.path)
    with lock:  # a supervisor, a tick and a person may all look at once
        return waits(folder) and _write_proposal(folder, its_spec, home, private)


def waits(folder: Folder) -> bool:
    """Return whether nobody has checked yet what the run changed in its copy of a memory."""
    return bool(private_home(folder)) and not folder.has(PROPOSED_MARK)


def _write_proposal(folder: Folder, its_spec: spec.Spec, home: Home, private: str) -> bool:
    what = _memory_differences(folder, home)
    if what.changes or what.left_out:
        proposal = Proposal(
            run_of(its_spec),
            ProfileName(its_spec.one("profile")),
            card_of(its_spec),
            run_of(its_spec),
            worker=WorkerName(its_spec.one("worker")),
            by=f"session of {its_spec.one('card')}",
            at=int(its_spec.number("started", 0)),
            diff=_unified_diff(what.changes),
            files=tuple(change.path for change in what.changes),
            left_out=what.left_out,
        )
        proposals.keep(private, proposal, home, what.changes)
    folder.write(PROPOSED_MARK, b"")
    shutil.rmtree(folder.file(BEFORE), ignore_errors=True)  # the proposal has the differences
    return bool(what.changes or what.left_out)


def gather(private: str) -> list[str]:
    """Store what runs left whose collecting failed, for example on a full disk.

    Return a notice for each that cannot be stored yet; it is tried again.
    """
    notices = []
    for folder in folders.every(private):
        if waits(folder) and folder.has("exit.json"):
            try:
                propose(folder)
            except OSError as error:
                notices.append(f"what run {folder.run} remembered is not kept yet: {error}")
    return notices


def _memory_differences(folder: Folder, home: Home) -> _Addition:
    changes: list[MemoryChange] = []
    left: dict[str, str] = {}
    mine = private_home(folder)
    for part in home.parts:
        before = _regular_files(folder.file(BEFORE), part, {})
        after = _regular_files(mine, part, left)
        for path in sorted(before | after):
            if any(f"{path}/".startswith(f"{each}/") for each in left):
                continue  # it may still exist, or a link has replaced it
            old = _read_content(f"{folder.file(BEFORE)}/{path}") if path in before else None
            try:
                new = _read_content(f"{mine}/{path}") if path in after else None
            except PermissionError:
                left[path] = f"{path}: cannot be read"
                continue
            if old != new:
                runs = proposals.executable(f"{mine}/{path}")
                changes.append(MemoryChange(path, old, new, runs))
    return _Addition(tuple(changes), tuple(left.values()))


def _regular_files(root: str, part: str, left: dict[str, str]) -> set[str]:
    """Return the regular files of a memory path; `left` gets the paths left out, with the reasons.

    Files at or below a path that was left out do not count as removed.
    """
    paths: set[str] = set()
    stack = [part]
    while stack:
        path = stack.pop()
        full = f"{root}/{path}"
        if os.path.islink(full):
            left[path] = f"{path} → {os.readlink(full)}"
        elif os.path.isdir(full):
            try:
                stack += [f"{path}/{name}" for name in sorted(os.listdir(full))]
            except OSError as error:
                if error.errno not in (errno.EACCES, errno.EPERM, errno.ENAMETOOLONG):
                    raise
                left[path] = f"{path}: cannot be read"
        elif full.endswith(".lock"):  # the agent's own, of no use later
            continue
        elif os.path.isfile(full):
            paths.add(path)
        elif os.path.lexists(full):
            left[path] = path
    return paths


def _read_content(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def _unified_diff(changes: tuple[MemoryChange, ...]) -> str:
    """Return a unified diff of all changes, at most DIFF_MOST characters."""
    import difflib  # late: most runs change nothing

    lines: list[str] = []
    for change in changes:
        if change.base is None and change.executable:
            lines.append(f"new file {change.path} is executable\n")
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
