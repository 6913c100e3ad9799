"""On which machine a clone is ticked: here, here from now on, or not here. Pure.

Kernel locks hold among the processes of one machine. Where two reach one clone over a shared disk,
each sees the other's live runs unlocked, and would take them for dead.
"""

from collections.abc import Iterable

from gitkanban.core.names import CardId, RunId
from gitkanban.typed import Literal, NamedTuple

MachineStanding = Literal["here", "takes-over", "elsewhere"]


class Machine(NamedTuple):
    """What identifies a machine. The host's name is only shown: it changes, and two may share one."""

    boot: str = ""  # the kernel's boot id: containers of one kernel share it, and its locks
    id: str = ""  # machine-id(5)
    host: str = ""

    def is_same(self, other: "Machine") -> bool:
        """The same boot, else the same machine-id that is not empty.

        What has neither (not Linux) cannot be distinguished, and is taken for the same.
        """
        if not (self.boot or self.id):
            return True
        return bool(self.boot and self.boot == other.boot) or bool(self.id and self.id == other.id)


class OpenRun(NamedTuple):
    """A run that is not settled, with the machine that began it."""

    run: RunId
    card: CardId
    machine: Machine


class TickRight(NamedTuple):
    """Whether a machine may tick; for `elsewhere` the runs that are open on other machines."""

    standing: MachineStanding
    other: Machine = Machine()
    runs: tuple[OpenRun, ...] = ()

    @property
    def line(self) -> str:
        """What it means, for a person; empty if nothing is new."""
        host = self.other.host or "another machine"
        if self.standing == "takes-over":
            return f"this clone was ticked on {host} until now, and is ticked here from now on"
        if self.standing == "elsewhere":
            cards = ", ".join(sorted(run.card for run in self.runs))
            return f"runs of this clone are open on {host}, which is another machine: {cards}"
        return ""


def claim(
    ours: Machine, last: Machine | None, given_up: Iterable[Machine], runs: Iterable[OpenRun]
) -> TickRight:
    """Whether `ours` may tick a clone that `last` has ticked (None: nobody has).

    `given_up` are machines of which a person has said that nothing of them lives any more.
    """
    known = (ours, *given_up)
    open_there = tuple(run for run in runs if not any(each.is_same(run.machine) for each in known))
    if open_there:
        return TickRight("elsewhere", open_there[0].machine, open_there)
    if last is not None and not ours.is_same(last):
        return TickRight("takes-over", last)
    return TickRight("here")
