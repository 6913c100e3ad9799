"""Which machine ticks a clone: this one, this one from now on, or another.

Kernel locks work among the processes of one machine. If two machines share a clone on one disk,
each sees the other's live runs as unlocked, and would take them for dead.
"""

from collections.abc import Collection, Iterable

from gitkanban.core.names import CardId, RunId
from gitkanban.typed import Literal, NamedTuple

MachineStanding = Literal["here", "takes-over", "elsewhere"]
# Seconds without a tick elsewhere after which a clone on a shared disk is ticked here. Cron ticks
# each minute, and a tick may take some.
LATELY = 600


class Machine(NamedTuple):
    """What identifies a machine. The host name is only displayed: it can change or be shared."""

    boot: str = ""  # the kernel's boot id; containers of one kernel share it, and its locks
    id: str = ""  # machine-id(5)
    host: str = ""

    def is_same(self, other: "Machine") -> bool:
        """Whether both have the same boot id, or the same machine-id.

        A machine with neither (not Linux) cannot be told apart, and counts as the same.
        """
        if not (self.boot or self.id):
            return True
        return bool(self.boot and self.boot == other.boot) or bool(self.id and self.id == other.id)


class OpenRun(NamedTuple):
    """A run that has neither ended nor been settled, with the machine that started it."""

    run: RunId
    card: CardId
    machine: Machine


class TickRight(NamedTuple):
    """Whether a machine may tick; if not (`elsewhere`), with the runs open on other machines.

    Without such runs another machine has ticked the clone `silent` seconds ago.
    """

    standing: MachineStanding
    other: Machine = Machine()
    runs: tuple[OpenRun, ...] = ()
    silent: int = 0

    @property
    def line(self) -> str:
        """The decision in a line for people; empty if nothing has changed."""
        host = self.other.host or "another machine"
        if self.standing == "takes-over":
            return f"this clone was ticked on {host} until now, and is ticked here from now on"
        if self.standing == "elsewhere" and not self.runs:
            return f"this clone is ticked on {host}, which is another machine: {self.silent} s ago"
        if self.standing == "elsewhere":
            cards = ", ".join(sorted(run.card for run in self.runs))
            return f"runs of this clone are open on {host}, which is another machine: {cards}"
        return ""


def claim(
    ours: Machine,
    last: Machine | None,
    given_up: Iterable[Machine],
    runs: Collection[OpenRun],
    silent: int = LATELY,
) -> TickRight:
    """Decide whether `ours` may tick a clone that `last` ticked before (None: no machine did).

    `given_up` are machines on which, as a person has declared, nothing runs any more. `silent` is
    for how many seconds nothing has been heard of `last`, if both may reach the clone's disk now.
    """
    known = (ours, *given_up)
    machines = {run.machine for run in runs}
    others = {machine for machine in machines if not any(one.is_same(machine) for one in known)}
    open_there = tuple(run for run in runs if run.machine in others)
    if open_there:
        return TickRight("elsewhere", open_there[0].machine, open_there)
    if last is not None and not ours.is_same(last):
        lately = silent < LATELY
        return TickRight("elsewhere" if lately else "takes-over", last, silent=silent)
    return TickRight("here")
