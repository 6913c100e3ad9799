"""Whose turn it is among workers: start-time fair queueing by weight, one unit for each start.

It stores tags, not cards. The rule is Goyal, Vin and Cheng's (1996): a start is tagged with the
later of the virtual time and the tag at which its worker's last start ended; the smallest tag goes
first; the virtual time is the tag of the latest start. There are two additions. A worker that waits
at a shared limit keeps its place while the virtual time advances; otherwise two workers that wait
for one rare capacity would tie each time, and the same one would always win. And a worker never
counts as more than LAG behind, or it could then start any number of times in a row.
"""

from collections.abc import Collection, Mapping

from gitkanban.core.names import WorkerName

LAG = 4.0  # units of virtual time: at weight 1, starts

# The name of the virtual time among the tags; no worker has an empty name.
CLOCK = WorkerName("")
TURN = "turn "  # prefix of the names in the second account; no worker's name contains a space


class Fair:
    """The tags of workers and the virtual time. If they are lost, all workers start level again."""

    def __init__(self, served: Mapping[WorkerName, float] = {}) -> None:
        """`served` is a result of the method `served`: worker -> tag, the time under CLOCK."""
        self._tags = {name: tag for name, tag in served.items() if name != CLOCK}
        self.time = served.get(CLOCK, 0.0)

    def tag(self, worker: WorkerName) -> float:
        """A worker's tag; the smallest goes first. A newcomer gets the virtual time."""
        return self._tags.get(worker, self.time)

    def serve(self, worker: WorkerName, weight: int) -> None:
        """Charge a worker for the start of a card."""
        start = max(self.tag(worker), self.time - LAG)
        self._tags[worker] = start + 1 / max(weight, 1)
        self.time = max(self.time, start)

    def settle(self, waiting: Collection[WorkerName]) -> None:
        """End a round: waiting workers keep their place, others cannot save up credit."""
        self._tags = {
            name: tag
            for name, tag in self._tags.items() | {(name, self.tag(name)) for name in waiting}
            if name in waiting or tag > self.time
        }

    def served(self) -> dict[WorkerName, float]:
        """The tags as a value, in order of names."""
        return {CLOCK: self.time, **dict(sorted(self._tags.items()))}


class Turns:
    """Whose turn it is to keep: by weight, too, but strictly in order, so nobody is ever behind.

    The time is the smallest tag among the waiting workers; newcomers come after them.
    """

    def __init__(self, served: Mapping[WorkerName, float] = {}) -> None:
        """`served` is a result of the method `served`: worker -> tag, the time under CLOCK."""
        self._tags = {name: tag for name, tag in served.items() if name != CLOCK}
        self.time = served.get(CLOCK, 0.0)

    def tag(self, worker: WorkerName) -> float:
        """A worker's tag; the smallest goes first."""
        return max(self.time, self._tags.get(worker, 0.0))

    def advance(self, waiting: Collection[WorkerName]) -> None:
        """Advance the time to the first of the workers that wait for a turn."""
        self.time = min((self.tag(name) for name in waiting), default=self.time)
        self._tags = {name: tag for name, tag in self._tags.items() if tag > self.time}

    def serve(self, worker: WorkerName, weight: int) -> None:
        """Charge a worker for the start of a card that kept."""
        self._tags[worker] = self.tag(worker) + 1 / max(weight, 1)

    def served(self) -> dict[WorkerName, float]:
        """The tags as a value, in order of names; empty before the first turn."""
        tags = {CLOCK: self.time, **dict(sorted(self._tags.items()))}
        return tags if self.time or self._tags else {}


class Accounts:
    """The starts of workers and their turns to keep, stored as one value."""

    def __init__(self, served: Mapping[WorkerName, float] = {}) -> None:
        """`served` is a result of the method `served`."""
        turns = {name for name in served if name.startswith(TURN)}
        self.starts = Fair({name: served[name] for name in served.keys() - turns})
        self.turns = Turns({WorkerName(name.removeprefix(TURN)): served[name] for name in turns})

    def served(self) -> dict[WorkerName, float]:
        """Both accounts as one value, in order of names."""
        turns = self.turns.served().items()
        return {**self.starts.served(), **{WorkerName(TURN + name): tag for name, tag in turns}}
