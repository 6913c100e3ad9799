"""Proposals applied to the real memory: merged with it as it is, each of them whole or not at all.

A kill at any point is safe: the writes are first recorded in the proposal's `journal/`, and whoever
takes the memory's lock next completes them before anything else. If a file cannot be written, the
others are restored. Which proposals wait and which are decided is in
`gitkanban.runs.memory.proposals`.
"""

import os
from collections.abc import Sequence

from gitkanban import files
from gitkanban.core.agents.memory import ACCEPTED, WAITING, Proposal, noted
from gitkanban.core.agents.memorymerge import merged
from gitkanban.core.cutting import cut_lines
from gitkanban.core.names import ProfileName
from gitkanban.errors import Conflict, NotFound, Refused
from gitkanban.late import json, shutil
from gitkanban.runs.memory import proposals
from gitkanban.runs.memory.proposals import JOURNAL, Home, MemoryChange
from gitkanban.runs.supervision.locks import Locks
from gitkanban.typed import NamedTuple

CONFLICT_LINES = 60  # lines shown of all conflicts of a proposal


class _JournalStep(NamedTuple):
    """One file of a journal."""

    path: str
    before: bytes | None
    target: bytes | None
    executable: bool = False  # where it is a new file


class _Write(NamedTuple):
    """One file to write: its absolute path, its new content, and its content before."""

    path: str
    content: bytes | None
    old: bytes | None
    executable: bool


def accept(
    private: str, locks: Locks, proposal: Proposal, home: Home, take: str = ""
) -> tuple[str, ...]:
    """Apply a proposal to the real memory, all of it or nothing, and return the paths it changed.

    A rejected or consolidated proposal can be applied too. `home` is where a note's text goes; a
    diff has its own home. Raises Refused, naming the conflicts, with nothing written; NotFound when
    it was accepted in the meantime; OSError.
    """
    with proposals.locked(locks, proposal.profile):
        finish(private, proposal.profile, besides=proposal.id)
        was = proposals.state_of(private, proposal.id)
        if was == ACCEPTED:
            hint = f"`gitkanban memory show {proposal.id}` shows it."
            raise NotFound(f"proposal {proposal.id} is already accepted", hint)
        if was and was != WAITING:
            proposals.move(private, proposal.id, WAITING, was)
        try:
            return _accept_proposal(private, proposal, home, take)
        except (Refused, OSError):
            path = proposals.folder(private, WAITING, proposal.id)
            if was and was != WAITING and not os.path.isdir(f"{path}/{JOURNAL}"):
                proposals.move(private, proposal.id, was)
            raise


def _accept_proposal(private: str, proposal: Proposal, home: Home, take: str) -> tuple[str, ...]:
    path = proposals.folder(private, WAITING, proposal.id)
    proposals.keep(private, proposal, home, ())  # a note on the board has no folder before
    current = proposals.about(private, WAITING, proposal.id)
    if current is None:
        raise Refused(f"proposal {proposal.id} cannot be read", f"Its files are in {path}.")
    begun = os.path.isdir(f"{path}/{JOURNAL}")
    if not (begun or current[0].files):
        current = current[0], home  # it may have been configured since the note was stored
        proposals.describe(path, *current)
    home = current[1]
    if not begun:
        changes = proposals.changes_of(private, current[0])
        if current[0].text:
            changes.append(_note_change(home, current[0]))
        _write_journal(path, _plan_steps(home, proposal.id, changes, take))
    done = _apply_journal(path, home)
    proposals.move(private, proposal.id, ACCEPTED)
    return done


def finish(private: str, profile: ProfileName, besides: str = "") -> tuple[str, ...]:
    """Complete interrupted accepts, before anybody else changes this memory.

    Call it with the memory's lock held. A proposal that conflicts by now, or cannot be written,
    goes back to waiting. Return the ids of proposals that are still partly in the memory.
    """
    left = []
    for proposal in list(proposals.every(private, (WAITING,))):
        path = proposals.folder(private, WAITING, proposal.id)
        if proposal.profile != profile or proposal.id == besides:
            continue
        if not os.path.isdir(f"{path}/{JOURNAL}"):
            continue
        current = proposals.about(private, WAITING, proposal.id)
        try:
            if current:
                _apply_journal(path, current[1])
                proposals.move(private, proposal.id, ACCEPTED)
        except Refused:
            continue
        except OSError:
            left += [proposal.id] if os.path.isdir(f"{path}/{JOURNAL}") else []
    return tuple(left)


def note_file(home: Home) -> str:
    """Return the file for the text of notes, as a path in the home. Raises Refused."""
    if not home.path or not home.parts:
        raise Refused(
            "nothing says where this profile keeps its memory",
            "Set memory_home of its worker, or write it there yourself and use --by-hand.",
        )
    part = home.parts[0]
    real = f"{home.path}/{part}"
    is_file = os.path.isfile(real) or (not os.path.isdir(real) and "." in os.path.basename(part))
    return part if is_file else f"{part}/notes.md"


def _note_change(home: Home, proposal: Proposal) -> MemoryChange:
    path = note_file(home)
    before = proposals.read(f"{home.path}/{path}")
    if noted(proposal).encode() in (before or b""):
        return MemoryChange(path, before, before)  # accepted in another clone
    gap = b"\n" if before and not before.endswith(b"\n") else b""
    return MemoryChange(path, before, (before or b"") + gap + noted(proposal).encode())


def _plan_steps(
    home: Home, name: str, changes: Sequence[MemoryChange], take: str
) -> list[_JournalStep]:
    steps, conflicts = [], []
    for change in changes:
        inside(home, change.path)
        real = proposals.read(f"{home.path}/{change.path}")
        result = merged(change.path, change.base, real, change.new, take=take)
        if result.conflict:
            conflicts.append(result.conflict)
        steps.append(_JournalStep(change.path, real, result.content, change.executable))
    if conflicts:
        raise _conflict_of(f"proposal {name} conflicts with the memory as it is now", conflicts)
    return steps


def _conflict_of(message: str, conflicts: Sequence[str]) -> Conflict:
    lines = cut_lines("\n".join(conflicts), CONFLICT_LINES).splitlines()
    hint = "Decide with --take memory or --take proposal; nothing was changed."
    return Conflict(message, hint, lines)


def inside(home: Home, path: str) -> None:
    """Refuse a path outside of the home's memory paths, also one that leaves them by a link.

    Raises Refused.
    """
    words = path.split("/")
    under = [part for part in home.parts if f"{path}/".startswith(f"{part}/")]
    if not under or ".." in words or "" in words:
        raise Refused(f"{path} is not in the memory of {home.path}", "It is left alone.")
    if path in home.parts:
        return
    where = os.path.realpath(os.path.dirname(f"{home.path}/{path}"))
    roots = [os.path.realpath(f"{home.path}/{part}") for part in home.parts]
    if not any(f"{where}/".startswith(f"{root}/") for root in roots):
        raise Refused(
            f"{path} leads to {where}, out of the memory of {home.path}",
            "Write it there yourself and use --by-hand.",
        )


def _write_journal(path: str, steps: Sequence[_JournalStep]) -> None:
    part = f"{path}/{JOURNAL}.part"
    shutil.rmtree(part, ignore_errors=True)
    os.makedirs(part, mode=0o700)
    for number, step in enumerate(steps):
        for side, content in (("before", step.before), ("target", step.target)):
            if content is not None:
                proposals.write(f"{part}/{number}.{side}", content, step.executable)
    names = json.dumps([step.path for step in steps])
    files.replace(f"{part}/files.json", names.encode())
    os.rename(part, f"{path}/{JOURNAL}")
    files.sync_folder(path)


def _read_journal(path: str) -> list[_JournalStep]:
    with open(f"{path}/{JOURNAL}/files.json", "rb") as file:
        names = json.load(file)
    return [
        _JournalStep(
            str(name),
            proposals.read(f"{path}/{JOURNAL}/{number}.before"),
            proposals.read(f"{path}/{JOURNAL}/{number}.target"),
            proposals.executable(f"{path}/{JOURNAL}/{number}.target"),
        )
        for number, name in enumerate(names)
    ]


def _apply_journal(path: str, home: Home) -> tuple[str, ...]:
    """Write the files of the journal. A file that somebody has changed since is merged again.

    If one of them cannot be written, all are restored and the journal is removed.
    """
    steps = _read_journal(path)
    writes = []
    for step in steps:
        _sweep_parts(f"{home.path}/{step.path}")
        real = proposals.read(f"{home.path}/{step.path}")
        result = merged(step.path, step.before, real, step.target)
        if result.conflict:
            shutil.rmtree(f"{path}/{JOURNAL}")  # the next accept plans it again
            raise _conflict_of("the memory was changed in the meantime", [result.conflict])
        old = step.before if real == step.target else real  # written before an interruption
        where = f"{home.path}/{step.path}"
        runs = step.executable or proposals.executable(where)
        writes.append(_Write(where, result.content, old, runs))
    try:
        _write_all(writes)
    except OSError:
        _write_all([write._replace(content=write.old) for write in writes])
        shutil.rmtree(f"{path}/{JOURNAL}")
        raise
    return tuple(step.path for step in steps if step.before != step.target)


def _write_all(writes: Sequence[_Write]) -> None:
    # Remove first, to make room: a file may replace a folder.
    for write in sorted(writes, key=lambda write: write.content is not None):
        _put_file(write.path, write.content, write.executable)


def _put_file(path: str, content: bytes | None, runs: bool) -> None:
    if proposals.read(path) == content:
        return
    if content is None:
        files.remove(path)
        return
    if os.path.isdir(path):
        _remove_empty(path)
    real = os.path.realpath(path)  # a link stays: its target is written
    os.makedirs(os.path.dirname(real), exist_ok=True)
    mode = os.stat(real).st_mode & 0o777 if os.path.exists(real) else 0o700 if runs else 0o600
    files.replace(real, content, mode)


def _remove_empty(path: str) -> None:
    """Remove a folder that contains nothing but folders. Raises OSError."""
    for at, _, _ in os.walk(path, topdown=False):
        os.rmdir(at)


def _sweep_parts(path: str) -> None:
    """Remove what a killed write of this file left beside it; see `files.replace`."""
    folder, wanted = os.path.split(os.path.realpath(path))
    for name in files.names(folder):
        if files.is_part(name, wanted):
            files.remove(f"{folder}/{name}")
