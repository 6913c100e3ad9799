"""Lease tokens: `.kanban/slots/<profile>/<n>.lock`, readable YAML that says who sits in a slot.

A token proves nothing; the kernel lock of the same name does. Tokens are for people and tools to
read. A missing, damaged or edited one is written again from the run folder.
"""

import os
from collections.abc import Iterable, Iterator

from gitkanban import clock, files
from gitkanban.board.repo.place import Place
from gitkanban.core.model import Slot
from gitkanban.core.names import NO_CARD, NO_RUN, CardId, ProfileName, RunId
from gitkanban.runs.records import tokens
from gitkanban.runs.records.folders import Folder, card_of, run_of
from gitkanban.runs.supervision import spec
from gitkanban.runs.supervision.locks import slot_lock
from gitkanban.typed import NamedTuple


class Lease(NamedTuple):
    """Who sits in slot `number` of `profile`; `pid` is the supervisor's, 0 before its start."""

    profile: ProfileName
    number: int
    card: CardId = NO_CARD
    run: RunId = NO_RUN
    host: str = ""
    clone: str = ""
    pid: int = 0
    started: int = 0

    @property
    def slot(self) -> str:
        """`profile#number`."""
        return str(Slot(self.profile, self.number))


def lock_name(slot: str) -> str:
    """Return the name of the kernel lock behind `profile#number`."""
    return slot_lock(*Slot.parse(slot))


def slots_of(lock_names: Iterable[str]) -> Iterator[str]:
    """Yield the slots, as `profile#number`, of those of the locks that belong to slots."""
    for name in lock_names:
        kind, _, rest = name.partition("/")
        profile, _, number = rest.rpartition("/")
        if kind == "slot":
            yield f"{profile}#{number}"


def token(place: Place, slot: str) -> str:
    """Return the path of a slot's token."""
    return tokens.path_of(place.slots, *Slot.parse(slot))


def _trusted_root(place: Place) -> str:
    """Return the folder below which no part of a token's path may be a link.

    What is there comes with the board, so others may have written it.
    """
    return tokens.trusted_root(place.slots)


def render(lease: Lease) -> str:
    """Return the token's text."""
    return (
        "# Who sits in this slot. Written by gitkanban; the lock itself is in the git directory.\n"
        f"slot: {spec.quoted(lease.slot)}\n"
        f"card: {spec.quoted(lease.card)}\n"
        f"run: {spec.quoted(lease.run)}\n"
        f"host: {spec.quoted(lease.host)}\n"
        f"clone: {spec.quoted(lease.clone)}\n"
        f"pid: {lease.pid}\n"
        f"started: {clock.iso(lease.started) or 0}\n"
    )


def write(place: Place, lease: Lease) -> None:
    """Write the token, atomically. Raises OSError."""
    path = token(place, lease.slot)
    content = render(lease).encode()
    files.replace(path, content, lasting=False, below=_trusted_root(place), make=True)


def remove(place: Place, slot: str) -> None:
    """Remove the token of a slot that is now free."""
    files.remove(token(place, slot), below=_trusted_root(place))


def read(place: Place, slot: str) -> Lease | None:
    """Return the lease in a token, None when it is missing or is not one of this slot."""
    profile, number = Slot.parse(slot)
    fields = tokens.read_fields(place.slots, profile, number)
    if fields.get("slot") != slot or not fields.get("run") or not fields.get("card"):
        return None
    try:
        started = clock.parse(fields.get("started", ""))
        pid = int(fields.get("pid", "0"))
    except ValueError:
        return None
    host, clone = fields.get("host", ""), fields.get("clone", "")
    return Lease(
        profile,
        number,
        CardId(fields["card"]),
        RunId(fields["run"]),
        host=host,
        clone=clone,
        pid=pid,
        started=started,
    )


def of_run(folder: Folder, facts: spec.Spec | None = None) -> Lease | None:
    """Return the lease by the run folder, from which tokens are rebuilt."""
    its_spec = folder.facts() if facts is None else facts
    slot = Slot.parse(its_spec.one("slot"))
    if not slot.profile or not slot.number:
        return None
    return Lease(
        *slot,
        card_of(its_spec),
        run_of(its_spec),
        host=its_spec.one("host"),
        clone=its_spec.one("clone"),
        pid=supervisor_pid(folder),
        started=int(its_spec.number("started", 0)),
    )


def supervisor_pid(folder: Folder) -> int:
    """Return the supervisor's pid as recorded at its start, 0 before that."""
    try:
        return int(folder.record("pid"))
    except ValueError:
        return 0


def mend(place: Place, folder: Folder, facts: spec.Spec | None = None) -> bool:
    """Write the token of a live run again if it is wrong, and return whether it was."""
    its_spec = folder.facts() if facts is None else facts
    state = _state_of(token(place, its_spec.one("slot")))
    if state and folder.recall("token") == state:
        return False
    right = of_run(folder, its_spec)
    if right is None:
        return False
    if read(place, right.slot) == right:
        folder.keep("token", state)
        return False
    write(place, right)
    return True


def _state_of(path: str) -> tuple[int, int, int] | None:
    """Return what a file cannot be replaced without; None if there is none."""
    try:
        status = os.lstat(path)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_ino, status.st_size


def with_token(place: Place) -> list[str]:
    """Return every slot that has a token, as `profile#number`, whatever its content."""
    return [
        str(Slot(ProfileName(profile), number)) for profile, number in tokens.every(place.slots)
    ]
