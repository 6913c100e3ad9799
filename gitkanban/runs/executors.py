"""Where sessions run: the calls that every executor offers, and which executor a run belongs to.

A run belongs to the executor that its spec names, whatever the config says by now. Who gets a slot
is decided before a start, and what an end means is decided after it.
"""

from collections.abc import Iterable, Mapping
from functools import cached_property

from gitkanban.board.repo.place import Place
from gitkanban.core.engines import find_engine
from gitkanban.core.model import Config
from gitkanban.core.names import RunId
from gitkanban.core.tick.facts import Sighting
from gitkanban.errors import Refused
from gitkanban.runs.records import folders
from gitkanban.runs.records.folders import Folder
from gitkanban.runs.supervision.locks import Locks
from gitkanban.typed import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from gitkanban.runs.batch import Batch
    from gitkanban.runs.briefing import Launch


class Executor(Protocol):
    """Starts sessions, says what became of them, and ends them."""

    def ready(self) -> str:
        """Return why nothing can start now; empty if it can."""

    def start(self, launch: "Launch") -> int:
        """Start the session; return the pid of its supervisor, 0 if that is not a process here.

        Raises GitkanbanError or OSError only when it surely was not started.
        """

    def look(self, runs: Iterable[Folder]) -> Mapping[RunId, Sighting]:
        """Return what became of each of the runs. What cannot be known is no end."""

    def stop(self, folder: Folder, why: str) -> bool:
        """Ask the session to end, which an exit record reports later; False if it has ended."""

    def finish(self, folder: Folder, now: float) -> bool:
        """Close a run that is over: collect its work, and record its end if nobody else has.

        False if it is alive after all. It can be called again.
        """

    def give_up(self, folder: Folder, now: float, reason: str) -> bool:
        """Record the end of a run that cannot be closed; False if it is alive after all."""


class Executors:
    """The executors of one clone."""

    def __init__(self, place: Place, locks: Locks, tick_words: tuple[str, ...] = ()) -> None:
        """`tick_words` are the options of the ticks that follow the ends of sessions."""
        self._place = place
        self._locks = locks
        self._batch: dict[str, Batch] = {}  # by engine: one question to each is enough
        self._tick_words = tick_words

    def of(self, folder: Folder) -> Executor:
        """Return the executor that a run belongs to. Raises Refused for one not known here."""
        its_spec = folder.facts()
        name, engine = its_spec.one("executor"), its_spec.one("engine")
        return self._of_engine(name, engine) if name or engine else self._local_executor

    def start(self, launch: "Launch") -> int:
        """Start a session where its worker's sessions run; see `Executor.start`."""
        return self._executor_named(launch.config, launch.worker.executor).start(launch)

    def unready(self, config: Config | None, names: Iterable[str]) -> dict[str, str]:
        """Return which of these executors can start nothing now, and why."""
        faults = {}
        for name in sorted(names):
            try:
                faults[name] = self._executor_named(config, name).ready()
            except Refused as error:
                faults[name] = error.message
        return {name: why for name, why in faults.items() if why}

    def find_faults(self, config: Config) -> dict[str, str]:
        """Return the executors of the config that would start nothing, and why: each is asked."""
        from gitkanban.runs.batch import Batch

        faults = self.unready(config, config.executors)
        for name, executor in config.executors.items():
            batch = self._executor_named(config, name)
            if name not in faults and isinstance(batch, Batch):
                faults[name] = batch.rehearse(executor.options)
        return {name: why for name, why in faults.items() if why}

    def look(self, runs: Iterable[Folder]) -> dict[RunId, Sighting]:
        """Return what became of each of the runs; each executor is asked once."""
        groups: dict[Executor, list[Folder]] = {}
        sightings: dict[RunId, Sighting] = {}
        for folder in runs:
            try:
                groups.setdefault(self.of(folder), []).append(folder)
            except Refused as error:  # a newer version has started it
                sightings[folder.run] = Sighting("unreachable", note=error.message)
        for executor, group in groups.items():
            sightings.update(executor.look(group))
        return sightings

    def alive(self) -> list[Folder]:
        """Return the runs of this clone that are alive, oldest first."""
        every = folders.unsettled(self._place.private)
        sightings = self.look(every)
        return [each for each in every if sightings[each.run].phase != "ended"]

    @cached_property
    def _local_executor(self) -> Executor:
        from gitkanban.runs.sessions import Local  # late: most ticks start and end nothing

        return Local(self._place, self._locks, self._tick_words)

    def _executor_named(self, config: Config | None, name: str) -> Executor:
        executor = config.executors.get(name) if config else None
        if name and executor is None:
            raise Refused(f"there is no executor {name}", "`gitkanban check` says more.")
        return self._of_engine(name, executor.engine) if executor else self._local_executor

    def _of_engine(self, name: str, engine: str) -> Executor:
        if engine not in self._batch:
            known = find_engine(engine)
            if known is None:
                raise Refused(f"executor {name}: no engine {engine!r} is known to this version")
            from gitkanban.runs.batch import Batch  # late: few boards have a batch system

            self._batch[engine] = Batch(self._place, self._locks, known)
        return self._batch[engine]
