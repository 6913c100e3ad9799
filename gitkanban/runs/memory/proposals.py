"""Proposals to a profile's memory as folders: stored, listed, applied once, or put aside.

They are in the git directory, not on the board, because what an agent remembers may be private:
`<private>/memory/<state>/<id>/` with `proposal.json`, and the changed files before (`base/`) and
after (`new/`). Notes for the memory (`note --memory`) are on the board; they get a folder when
they are decided. This module decides nothing itself.

A proposal that is being applied has a `journal/`: see `gitkanban.runs.memory.applying`.
"""

import os
from collections.abc import Iterator, Sequence

from gitkanban import files
from gitkanban.core.agents.memory import ACCEPTED, STATES, WAITING, Proposal, ProposalState
from gitkanban.core.names import ProfileName
from gitkanban.errors import NotFound, Refused
from gitkanban.late import json, shutil
from gitkanban.runs.supervision.locks import HeldLock, Locks
from gitkanban.typed import Literal, NamedTuple

LOCK_WAIT = 5.0  # seconds that a decision waits for the memory's lock
JOURNAL = "journal"
_NOBODY = ProfileName("?")  # not a valid profile name


class Home(NamedTuple):
    """A profile's memory: an absolute folder, and the paths in it that are memory."""

    path: str
    parts: tuple[str, ...]


class MemoryChange(NamedTuple):
    """One changed memory file, its path in the home; None stands for no file."""

    path: str
    base: bytes | None
    new: bytes | None
    executable: bool = False  # whether the owner may execute the new file


def folder(private: str, state: ProposalState, name: str) -> str:
    """Return the folder of a proposal in a state."""
    return f"{private}/memory/{state}/{name}"


def lock_name(profile: ProfileName) -> str:
    """Return the name of the kernel lock for writing a profile's memory."""
    return f"memory/{profile}"


def keep(
    private: str,
    proposal: Proposal,
    home: Home,
    changes: Sequence[MemoryChange],
    state: ProposalState = WAITING,
) -> bool:
    """Store a proposal; False if it was stored before, in whatever state. Raises OSError."""
    if state_of(private, proposal.id):
        return False
    path = folder(private, state, proposal.id)
    part = f"{private}/memory/.{proposal.id}.part"
    shutil.rmtree(part, ignore_errors=True)
    os.makedirs(part, mode=0o700)
    for change in changes:
        if change.base is not None:
            write(f"{part}/base/{change.path}", change.base)
        if change.new is not None:
            write(f"{part}/new/{change.path}", change.new, change.executable)
    describe(part, proposal, home)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    os.rename(part, path)
    files.sync_folder(os.path.dirname(path))
    return True


def describe(path: str, proposal: Proposal, home: Home) -> None:
    """Write a proposal's `proposal.json` into its folder. Raises OSError."""
    facts = {**proposal._asdict(), "home": home.path, "parts": home.parts}
    facts.pop("state")
    files.replace(f"{path}/proposal.json", (json.dumps(facts, indent=1) + "\n").encode())


def every(private: str, states: Sequence[ProposalState] = STATES) -> Iterator[Proposal]:
    """Yield the proposals that are stored here, sorted by state, then by id."""
    for state in states:
        try:
            names = sorted(os.listdir(f"{private}/memory/{state}"))
        except FileNotFoundError:
            continue
        for name in names:
            known = about(private, state, name)
            if known:
                yield known[0]


def about(private: str, state: ProposalState, name: str) -> tuple[Proposal, Home] | None:
    """Return a stored proposal and its home; None if it is missing, or cannot be read."""
    try:
        with open(f"{folder(private, state, name)}/proposal.json", "rb") as file:
            row = json.load(file)
        home = Home(str(row.pop("home")), tuple(map(str, row.pop("parts"))))
        files, left = (tuple(map(str, row.pop(key))) for key in ("files", "left_out"))
        return Proposal(**row, files=files, left_out=left, state=state), home
    except (OSError, ValueError, KeyError, TypeError):
        return None


def changes_of(private: str, proposal: Proposal) -> list[MemoryChange]:
    """Return the changed files of a proposal, with their contents."""
    path = folder(private, proposal.state, proposal.id)
    return [
        MemoryChange(name, read(f"{path}/base/{name}"), read(new), executable(new))
        for name in proposal.files
        for new in (f"{path}/new/{name}",)
    ]


def names(private: str, states: Sequence[str]) -> set[str]:
    """Return the ids of the proposals in these states."""
    listed: set[str] = set()
    for state in states:
        try:
            listed.update(os.listdir(f"{private}/memory/{state}"))
        except FileNotFoundError:
            continue
    return listed


def state_of(private: str, name: str) -> ProposalState | Literal[""]:
    """Return the state of a proposal; empty for a note that has no folder yet."""
    return next((each for each in STATES if os.path.isdir(folder(private, each, name))), "")


def put_aside(
    private: str, locks: Locks, proposal: Proposal, state: ProposalState, wait: float = LOCK_WAIT
) -> None:
    """Move a proposal to another state without applying it; a note gets a folder for that.

    Only a waiting proposal can be put aside, except one that was applied by hand after all. Raises
    Refused when it is half applied, NotFound when it was decided in the meantime, OSError.
    """
    with locked(locks, proposal.profile or _NOBODY, wait):
        was = state_of(private, proposal.id)
        if was not in ("", WAITING) and (state != ACCEPTED or was == ACCEPTED):
            raise NotFound(f"proposal {proposal.id} is already {was}")
        if not was:
            keep(private, proposal, Home("", ()), (), state=state)
            return
        if os.path.isdir(f"{folder(private, was, proposal.id)}/{JOURNAL}"):
            raise Refused(
                f"proposal {proposal.id} was being accepted when that was interrupted",
                f"Finish it: gitkanban memory accept {proposal.id}",
            )
        move(private, proposal.id, state, was)


def locked(locks: Locks, profile: ProfileName, wait: float = LOCK_WAIT) -> HeldLock:
    """Take the lock of a profile's memory. Raises Refused."""
    if not profile:
        raise Refused(
            "nobody knows whose memory this is for: its card has no worker any more",
            "Write it where it belongs and use --by-hand, or reject it.",
        )
    lock = locks.take(lock_name(profile), wait=wait)
    if lock is None:
        raise Refused(
            f"a running session writes the memory of {profile}",
            "Try again when it has ended; `gitkanban status` shows it.",
        )
    return lock


def move(private: str, name: str, state: ProposalState, was: ProposalState = WAITING) -> None:
    """Move a proposal's folder from one state to another. Raises OSError."""
    target = folder(private, state, name)
    os.makedirs(os.path.dirname(target), exist_ok=True)
    os.rename(folder(private, was, name), target)
    files.sync_folder(os.path.dirname(target))


def read(path: str) -> bytes | None:
    """Return a file's content, None where there is no file. Raises OSError."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None


def executable(path: str) -> bool:
    """Return whether the file exists and its owner may execute it."""
    try:
        return bool(os.stat(path).st_mode & 0o100)
    except OSError:
        return False


def write(path: str, content: bytes, runs: bool = False) -> None:
    """Write a new file to the disk, and its folder if need be. Raises OSError."""
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    files.replace(path, content, 0o700 if runs else 0o600)
