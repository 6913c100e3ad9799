"""Which machine this is, and which one ticks a clone: recorded in its private folder.

`core.tick.machines` decides what follows from the two. On a disk that machines share, their kernel
locks do not meet. So a clone there changes machines only after a silence, or when a person says so.
"""

import itertools
import os
import time
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

from gitkanban import files, lock_files
from gitkanban.board.repo.clone import host
from gitkanban.board.repo.place import Place
from gitkanban.core.tick.machines import LATELY, Machine, OpenRun, TickRight, claim
from gitkanban.errors import Refused
from gitkanban.late import json
from gitkanban.runs.records import folders, supervised
from gitkanban.runs.records.folders import Folder, card_of
from gitkanban.runs.supervision.locks import Locks
from gitkanban.runs.supervision.spec import Spec

_IDS = ("/etc/machine-id", "/var/lib/dbus/machine-id")  # machine-id(5)
HINT = "Run gitkanban there; if that machine is gone for good, `gitkanban doctor --here`."
_QUIET = 120  # seconds in which a supervisor that lives has surely touched its beat
_TAKING = "machine.taking"  # there while a machine takes over a clone on a shared disk
_TAKING_MOST = 60  # seconds after which whoever took over has died of it
_JUST_TAKEN = "another machine is just taking over this clone"


def this() -> Machine:
    """Return the machine we run on."""
    return Machine(files.boot_id(), machine_id(), host())


def machine_id() -> str:
    """Return the machine id of the installation; empty if there is none, as in many containers."""
    for path in _IDS:
        try:
            with open(path, encoding="utf-8") as file:
                its_id = file.read(64).strip()
        except (OSError, ValueError):
            continue
        if its_id and its_id != "uninitialized":
            return its_id
    return ""


def machine_key() -> str:
    """Return a short key of this machine and pid namespace; empty where the system has none.

    Two containers of one name have two, and a machine that changes its name keeps its own until
    it boots again.
    """
    ours = this()
    if not (ours.boot or ours.id):
        return ""
    try:
        space = os.readlink("/proc/self/ns/pid")
    except OSError:
        space = ""
    return f"m{zlib.crc32(f'{ours.id} {ours.boot} {space}'.encode()):08x}"


def look(place: Place, unsettled: Iterable[Folder] | None = None) -> TickRight:
    """Return whether this machine may tick the clone; change nothing. Raises OSError.

    `unsettled` are its runs, if the caller has just looked at them.
    """
    last, given_up = _read_record(place.private)
    ours = this()
    shared = last is not None and not ours.is_same(last) and lock_files.are_apart(place.private)
    silent = _measure_silence(place.private) if shared else LATELY
    runs = folders.unsettled(place.private) if unsettled is None else unsettled
    return claim(ours, last, given_up, tuple(_open_runs(runs)), silent=silent)


def enter(place: Place, unsettled: Iterable[Folder]) -> list[str]:
    """Make this the machine that ticks the clone, whose runs these are, and return notices.

    Call it with the tick lock held. Raises OSError, and Refused while another machine has open
    runs here, or has ticked lately a clone that both can reach.
    """
    before = _read_record(place.private)
    here = refuse_elsewhere(place, unsettled)
    if here.standing == "takes-over" and lock_files.are_apart(place.private):
        with _taking_over(place):
            if _read_record(place.private) != before:  # another machine was quicker
                raise Refused(_JUST_TAKEN, HINT)
            here = refuse_elsewhere(place)
            _note_entry(place)
    else:
        _note_entry(place)
    return [here.line] if here.line else []


def _note_entry(place: Place) -> None:
    last, given_up = _read_record(place.private)
    ours = this()
    runs = _open_runs(folders.unsettled(place.private)) if given_up else ()
    open_on = {run.machine for run in runs}
    needed = [m for m in given_up if any(m.is_same(machine) for machine in open_on)]
    if last != ours or list(given_up) != needed:
        _restore_standing_locks(place)  # first: with the record written nobody would do it again
        _write_record(place, ours, needed)


@contextmanager
def _taking_over(place: Place) -> Iterator[None]:
    """Let one machine at a time take over a clone. Raises Refused, OSError.

    What a machine that died on the way has left is never removed by those who want to follow it,
    for two of them could remove each other's: of the next number only one can be first.
    """
    claims = []
    for number in itertools.count():
        claims.append(f"{place.private}/{_TAKING}.{number}")
        if files.create(claims[-1], b""):
            break
        try:
            age = _time_there(place.private) - os.stat(claims[-1]).st_mtime
        except FileNotFoundError:
            age = 0.0
        if age < _TAKING_MOST:
            raise Refused(_JUST_TAKEN, HINT)
    try:
        yield
    finally:
        for claim in claims:
            files.remove(claim)


def refuse_elsewhere(place: Place, unsettled: Iterable[Folder] | None = None) -> TickRight:
    """Return what `look` does. Raises OSError, and Refused where another machine has the clone."""
    here = look(place, unsettled)
    if here.standing == "elsewhere":
        raise Refused(here.line, HINT)
    return here


def take_over(place: Place) -> TickRight:
    """Give up other machines' open runs, as a person asked; return the right as it was before.

    Raises OSError, and Refused if one of the sessions there shows that it lives.
    """
    here = look(place)
    for run in here.runs:
        _refuse_living(place, run)
    _, given_up = _read_record(place.private)
    _restore_standing_locks(place)
    _write_record(place, this(), [*given_up, *dict.fromkeys(run.machine for run in here.runs)])
    return here


def _refuse_living(place: Place, run: OpenRun) -> None:
    folder = folders.of(place.private, run.run)
    if folder.facts().one("executor"):
        return  # its job is where it was, and this machine can look at it as well
    written = _last_written(folder.path)
    silent = int(_time_there(place.private) - written)
    if silent < _QUIET:
        raise Refused(
            f"the session of {run.card} on {run.machine.host or 'the other machine'} lives: its "
            f"supervisor gave a sign {max(0, silent)} s ago",
            f"`gitkanban stop {run.card}` there ends it; if it is dead, wait for {_QUIET} s.",
        )


def _last_written(folder: str) -> float:
    with os.scandir(folder) as entries:
        times = [entry.stat(follow_symlinks=False).st_mtime for entry in entries]
    return max(times, default=0.0)


def _measure_silence(private: str) -> int:
    """Return for how many seconds no machine has ticked the clone, by the disk's own clock."""
    signs = [0.0]
    for name in ("ticked", "machine"):
        with suppress(OSError):
            signs.append(os.stat(f"{private}/{name}").st_mtime)
    return max(0, int(_time_there(private) - max(signs)))


def _time_there(private: str) -> float:
    """Return the time now by the clock that stamps files there: a server's, on a share."""
    probe = f"{private}/now.{os.getpid()}"
    try:
        files.replace(probe, b"", lasting=False)
        stamped = os.stat(probe).st_mtime
        os.unlink(probe)
    except OSError:  # it can only be read
        return time.time()
    return stamped


def _restore_standing_locks(place: Place) -> None:
    """Have the locks of open jobs stand on this machine's own disk, as they did on the last one's.

    Raises OSError, Refused.
    """
    if not lock_files.are_apart(place.private):
        return
    locks = Locks(place.private)
    for folder in folders.unsettled(place.private):
        its_spec = folder.facts()
        if not its_spec.one("executor") or folder.has("exit.json"):
            continue
        for name in supervised.lock_names(card_of(its_spec), its_spec.one("slot")):
            lock = locks.take(name, run=folder.run)
            if lock:
                with lock:
                    locks.leave_standing(lock, folder.run)


def began_elsewhere(folder: Folder) -> bool:
    """Return whether another machine has started a run, and nobody has given that machine up.

    One that has ended is nobody's any more: no process there needs to be seen.
    """
    if folder.has("exit.json"):
        return False
    its_spec = folder.facts()
    _, given_up = _read_record(os.path.dirname(os.path.dirname(folder.path)))
    known = (this(), *given_up)
    began = _machine_of_run(its_spec)
    return began is not None and not any(each.is_same(began) for each in known)


def _open_runs(unsettled: Iterable[Folder]) -> Iterator[OpenRun]:
    for folder in unsettled:
        its_spec = Spec() if folder.shows("exit.json") else folder.facts()
        machine = _machine_of_run(its_spec)
        if machine:
            yield OpenRun(folder.run, card_of(its_spec), machine)


def _machine_of_run(its_spec: Spec) -> Machine | None:
    """Return the machine that started a run; None: an earlier version did, and has not said."""
    if "machine" not in its_spec:
        return None
    return Machine(its_spec.one("boot"), its_spec.one("machine"), its_spec.one("host"))


def _read_record(private: str) -> tuple[Machine | None, tuple[Machine, ...]]:
    try:
        with open(f"{private}/machine", encoding="utf-8") as file:
            record = json.load(file)
        given_up = tuple(_machine_of(row) for row in record["given_up"])
        return _machine_of(record["last"]), given_up
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None, ()


def _machine_of(row: dict[str, object]) -> Machine:
    return Machine(*(str(row.get(name) or "") for name in Machine._fields))


def _write_record(place: Place, ours: Machine, given_up: list[Machine]) -> None:
    os.makedirs(place.private, exist_ok=True)
    rows = {"last": ours._asdict(), "given_up": [each._asdict() for each in given_up]}
    text = json.dumps(rows, indent=1) + "\n"
    files.replace(f"{place.private}/machine", text.encode(), lasting=False)
