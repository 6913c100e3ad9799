"""Which machine this is, and which one ticks a clone: recorded in its private folder.

`core.tick.machines` decides what follows from the two.
"""

import os
import zlib
from collections.abc import Iterator

from gitkanban import files
from gitkanban.board.repo.clone import host
from gitkanban.board.repo.place import Place
from gitkanban.core.tick.machines import Machine, OpenRun, TickRight, claim
from gitkanban.errors import Refused
from gitkanban.late import json
from gitkanban.runs.records import folders
from gitkanban.runs.records.folders import Folder, card_of
from gitkanban.runs.supervision.spec import Spec

_IDS = ("/etc/machine-id", "/var/lib/dbus/machine-id")  # machine-id(5)
HINT = "Tick it there; if that machine is gone for good, `gitkanban doctor --here`."


def this() -> Machine:
    """Return the machine we run on."""
    return Machine(files.boot_id(), machine_id(), host())


def machine_id() -> str:
    """Return the machine id of the installation; empty if there is none, as in many containers."""
    for path in _IDS:
        try:
            with open(path, encoding="ascii") as file:
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


def look(place: Place) -> TickRight:
    """Return whether this machine may tick the clone; change nothing. Raises OSError."""
    last, given_up = _read_record(place.private)
    return claim(this(), last, given_up, _open_runs(place))


def enter(place: Place) -> list[str]:
    """Make this the machine that ticks the clone, and return notices.

    Call it with the tick lock held. Raises OSError, and Refused while another machine has open
    runs here.
    """
    here = refuse_elsewhere(place)
    last, given_up = _read_record(place.private)
    ours = this()
    needed = [m for m in given_up if any(m.is_same(run.machine) for run in _open_runs(place))]
    if last != ours or list(given_up) != needed:
        _write_record(place, ours, needed)
    return [here.line] if here.line else []


def refuse_elsewhere(place: Place) -> TickRight:
    """Return what `look` does. Raises OSError, and Refused while another machine has open runs."""
    here = look(place)
    if here.standing == "elsewhere":
        raise Refused(here.line, HINT)
    return here


def take_over(place: Place) -> TickRight:
    """Give up other machines' open runs, as a person asked; return the right as it was before."""
    here = look(place)
    _, given_up = _read_record(place.private)
    _write_record(place, this(), [*given_up, *dict.fromkeys(run.machine for run in here.runs)])
    return here


def began_elsewhere(folder: Folder) -> bool:
    """Return whether another machine has started a run, and nobody has given that machine up."""
    its_spec = folder.facts()
    _, given_up = _read_record(os.path.dirname(os.path.dirname(folder.path)))
    known = (this(), *given_up)
    began = _machine_of_run(its_spec)
    return began is not None and not any(each.is_same(began) for each in known)


def _open_runs(place: Place) -> Iterator[OpenRun]:
    for folder in folders.every(place.private):
        its_spec = Spec() if folder.has("settled") else folder.facts()
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
