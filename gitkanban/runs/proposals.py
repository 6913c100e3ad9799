"""Proposals to a profile's memory as folders: kept, listed, applied once, or put aside.

They lie in the git directory, not on the board, because what an agent remembers may be private:
`<private>/memory/<state>/<id>/` with `proposal.json`, and the changed files before (`base/`) and
after (`new/`). Words on a card (`note --memory`) are on the board; a folder is made for them when
they are decided. It does not decide anything itself.

Applying is safe to be killed at any point: what shall be written is in `journal/` first, and
whoever takes the memory's lock next writes the rest of it before anything else.
"""

import json
import os
import shutil
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from gitkanban.core.memory import ACCEPTED, STATES, WAITING, Proposal, merged, noted
from gitkanban.errors import NotFound, Refused
from gitkanban.runs import spec
from gitkanban.runs.locks import Held, Locks

LOCK_WAIT = 5.0  # seconds that a decision waits for the memory
_JOURNAL = "journal"


class Home(NamedTuple):
    """A profile's memory: an absolute folder, and the paths in it that are memory."""

    path: str
    parts: tuple[str, ...]


class Change(NamedTuple):
    """One changed memory file, its path in the home; None stands for no file."""

    path: str
    base: bytes | None
    new: bytes | None


class _Step(NamedTuple):
    """One file of a journal."""

    path: str
    before: bytes | None
    target: bytes | None


def folder(private: str, state: str, name: str) -> str:
    """Where a proposal of that state lies."""
    return f"{private}/memory/{state}/{name}"


def lock_name(profile: str) -> str:
    """The kernel lock of whoever writes a profile's memory."""
    return f"memory/{profile}"


def keep(
    private: str, proposal: Proposal, home: Home, changes: Sequence[Change], state: str = WAITING
) -> bool:
    """Keep a proposal; False when it is kept already, whatever became of it. Raises OSError."""
    if any(os.path.isdir(folder(private, known, proposal.id)) for known in STATES):
        return False
    path = folder(private, state, proposal.id)
    part = f"{private}/memory/.{proposal.id}.part"
    shutil.rmtree(part, ignore_errors=True)
    os.makedirs(part, mode=0o700)
    for change in changes:
        for side, content in (("base", change.base), ("new", change.new)):
            if content is not None:
                _write(f"{part}/{side}/{change.path}", content)
    about = {**proposal._asdict(), "home": home.path, "parts": home.parts}
    about.pop("state")
    spec.replace(f"{part}/proposal.json", (json.dumps(about, indent=1) + "\n").encode())
    os.makedirs(os.path.dirname(path), exist_ok=True)
    os.rename(part, path)
    spec.sync_folder(os.path.dirname(path))
    return True


def every(private: str, states: Sequence[str] = STATES) -> Iterator[Proposal]:
    """The proposals that are kept here, in the order of states, then of ids."""
    for state in states:
        try:
            names = sorted(os.listdir(f"{private}/memory/{state}"))
        except FileNotFoundError:
            continue
        for name in names:
            found = _about(private, state, name)
            if found:
                yield found[0]


def _about(private: str, state: str, name: str) -> tuple[Proposal, Home] | None:
    try:
        with open(f"{folder(private, state, name)}/proposal.json", "rb") as file:
            row = json.load(file)
        home = Home(str(row.pop("home")), tuple(map(str, row.pop("parts"))))
        files, left = (tuple(map(str, row.pop(key))) for key in ("files", "left_out"))
        return Proposal(**row, files=files, left_out=left, state=state), home
    except (OSError, ValueError, KeyError, TypeError):
        return None


def changes_of(private: str, proposal: Proposal) -> list[Change]:
    """The changed files of a proposal, with their contents."""
    path = folder(private, proposal.state, proposal.id)
    return [
        Change(name, _read(f"{path}/base/{name}"), _read(f"{path}/new/{name}"))
        for name in proposal.files
    ]


def put_aside(private: str, locks: Locks, proposal: Proposal, state: str) -> None:
    """Move a waiting proposal to another state without applying it; words get a folder for it.

    Raises Refused when it is half applied.
    """
    source = folder(private, WAITING, proposal.id)
    if not os.path.isdir(source):
        keep(private, proposal, Home("", ()), (), state)
        return
    with _locked(locks, proposal.profile):
        if os.path.isdir(f"{source}/{_JOURNAL}"):
            raise Refused(
                f"proposal {proposal.id} was being accepted when that was interrupted",
                f"Finish it: gitkanban memory accept {proposal.id}",
            )
        _move(private, proposal.id, state)


def accept(
    private: str, locks: Locks, proposal: Proposal, home: Home, take: str = ""
) -> tuple[str, ...]:
    """Apply a waiting proposal to the real memory, all of it or nothing; the paths it changed.

    `home` is where the words of a note go; a diff knows its own. Raises Refused, naming the
    conflicts, with nothing written; NotFound when it was decided in the meantime; OSError.
    """
    with _locked(locks, proposal.profile):
        if any(os.path.isdir(folder(private, state, proposal.id)) for state in STATES[1:]):
            raise NotFound(f"proposal {proposal.id} does not wait any more", "")
        path = folder(private, WAITING, proposal.id)
        if not os.path.isdir(path):
            keep(private, proposal, home, ())
        found = _about(private, WAITING, proposal.id)
        if found is None:
            raise Refused(f"proposal {proposal.id} cannot be read", f"Its files are in {path}.")
        home = found[1]
        if not os.path.isdir(f"{path}/{_JOURNAL}"):
            changes = changes_of(private, found[0]) or [_note_change(home, found[0])]
            _write_journal(path, _planned(home, proposal.id, changes, take))
        done = _apply(path, home)
        _move(private, proposal.id, ACCEPTED)
        return done


def finish(private: str, profile: str) -> None:
    """Write what an interrupted accept left, before anybody else changes this memory.

    Call it with the memory's lock held. What conflicts by now goes back to waiting. Raises OSError.
    """
    for proposal in list(every(private, (WAITING,))):
        path = folder(private, WAITING, proposal.id)
        if proposal.profile != profile or not os.path.isdir(f"{path}/{_JOURNAL}"):
            continue
        found = _about(private, WAITING, proposal.id)
        try:
            if found:
                _apply(path, found[1])
                _move(private, proposal.id, ACCEPTED)
        except Refused:
            continue


def _locked(locks: Locks, profile: str) -> Held:
    held = locks.take(lock_name(profile), wait=LOCK_WAIT)
    if held is None:
        raise Refused(
            f"a running session writes the memory of {profile}",
            "Try again when it has ended; `gitkanban status` shows it.",
        )
    return held


def note_file(home: Home) -> str:
    """The file, as a path in the home, that takes the words of notes. Raises Refused."""
    if not home.path or not home.parts:
        raise Refused(
            "nothing says where this profile keeps its memory",
            "Set memory_home of its worker, or write it there yourself and say --by-hand.",
        )
    part = home.parts[0]
    real = f"{home.path}/{part}"
    is_file = os.path.isfile(real) or (not os.path.isdir(real) and "." in os.path.basename(part))
    return part if is_file else f"{part}/notes.md"


def _note_change(home: Home, proposal: Proposal) -> Change:
    path = note_file(home)
    before = _read(f"{home.path}/{path}")
    gap = b"\n" if before and not before.endswith(b"\n") else b""
    return Change(path, before, (before or b"") + gap + noted(proposal).encode())


def _planned(home: Home, name: str, changes: Sequence[Change], take: str) -> list[_Step]:
    steps, conflicts = [], []
    for change in changes:
        inside(home, change.path)
        real = _read(f"{home.path}/{change.path}")
        result = merged(change.path, change.base, real, change.new, take)
        if result.conflict:
            conflicts.append(result.conflict)
        steps.append(_Step(change.path, real, result.content))
    if conflicts:
        raise Refused(
            f"proposal {name} conflicts with the memory as it is now: {'; '.join(conflicts)}",
            "Decide with --take memory or --take proposal; nothing was changed.",
        )
    return steps


def inside(home: Home, path: str) -> None:
    """Refuse a path that is not below one of the home's memory paths."""
    words = path.split("/")
    under = any(path == part or path.startswith(f"{part}/") for part in home.parts)
    if not under or ".." in words or "" in words:
        raise Refused(f"{path} is not in the memory of {home.path}", "It is left alone.")


def _write_journal(path: str, steps: Sequence[_Step]) -> None:
    part = f"{path}/{_JOURNAL}.part"
    shutil.rmtree(part, ignore_errors=True)
    os.makedirs(part, mode=0o700)
    for number, step in enumerate(steps):
        for side, content in (("before", step.before), ("target", step.target)):
            if content is not None:
                _write(f"{part}/{number}.{side}", content)
    names = json.dumps([step.path for step in steps])
    spec.replace(f"{part}/files.json", names.encode())
    os.rename(part, f"{path}/{_JOURNAL}")
    spec.sync_folder(path)


def _journal(path: str) -> list[_Step]:
    with open(f"{path}/{_JOURNAL}/files.json", "rb") as file:
        names = json.load(file)
    return [
        _Step(
            str(name),
            _read(f"{path}/{_JOURNAL}/{number}.before"),
            _read(f"{path}/{_JOURNAL}/{number}.target"),
        )
        for number, name in enumerate(names)
    ]


def _apply(path: str, home: Home) -> tuple[str, ...]:
    """Write what the journal says. A file that somebody changed since is merged once more."""
    steps, done = _journal(path), []
    results = []
    for step in steps:
        real = _read(f"{home.path}/{step.path}")
        result = merged(step.path, step.before, real, step.target)
        if result.conflict:
            shutil.rmtree(f"{path}/{_JOURNAL}")  # it is planned anew by the next accept
            raise Refused(f"the memory changed meanwhile: {result.conflict}", "Accept it again.")
        results.append((step, real, result.content))
    for step, real, content in results:
        if content != real:
            _put(f"{home.path}/{step.path}", content)
        if step.before != step.target:
            done.append(step.path)
    return tuple(done)


def _put(path: str, content: bytes | None) -> None:
    if content is None:
        spec.remove(path)
        return
    real = os.path.realpath(path)  # a link stays one: what it points to is written
    os.makedirs(os.path.dirname(real), exist_ok=True)
    mode = os.stat(real).st_mode & 0o777 if os.path.exists(real) else 0o600
    spec.replace(real, content, mode)


def _move(private: str, name: str, state: str) -> None:
    target = folder(private, state, name)
    os.makedirs(os.path.dirname(target), exist_ok=True)
    os.rename(folder(private, WAITING, name), target)
    spec.sync_folder(os.path.dirname(target))


def _read(path: str) -> bytes | None:
    try:
        with open(path, "rb") as file:
            return file.read()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None


def _write(path: str, content: bytes) -> None:
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    with open(path, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
