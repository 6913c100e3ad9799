"""What one tick did, as a value that views print and other programs read."""

from collections.abc import Collection, Mapping

from gitkanban.core.names import NO_OID, CardId, Oid, RunId, WorkerName
from gitkanban.core.tick.reconcile import Settled, Stop
from gitkanban.core.tick.schedule import Hold
from gitkanban.typed import Any, NamedTuple


class Started(NamedTuple):
    """A run that was started; `pid` is its supervisor's, 0 in a dry run."""

    card: CardId
    run: RunId
    slot: str
    workspace: str
    branch: str
    pid: int


class Accepted(NamedTuple):
    """A card in review whose branch the tick merged into base, or tried to."""

    card: CardId
    to: str  # done | blocked
    detail: str  # the merge commit (empty: nothing to merge), or what conflicts
    notices: tuple[str, ...] = ()
    merged: Oid = NO_OID  # a commit of base that has the work; empty: there was none


class Outcome(NamedTuple):
    """Everything a tick did or, for a dry run, would do."""

    settled: tuple[Settled, ...] = ()
    stopped: tuple[Stop, ...] = ()
    accepted: tuple[Accepted, ...] = ()
    started: tuple[Started, ...] = ()
    holds: Collection[Hold] = ()
    commit: Oid = NO_OID  # the tick's last commit to the board; empty: none
    notices: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    untrusted: Mapping[WorkerName, str] = {}  # workers with cards that wait for trust -> why
    standstill: str = ""
    contended: bool = False  # another tick is at work; it will go round again
    dry_run: bool = False

    def adding(self, **more: Any) -> "Outcome":
        """Return the outcome with more events added, without repeats; other fields are replaced."""
        for name in _EVENTS & more.keys():
            more[name] = tuple(dict.fromkeys((*getattr(self, name), *more[name])))
        return self._replace(**more)

    def then(self, later: "Outcome") -> "Outcome":
        """Return this pass and a later one as one outcome."""
        more = later._asdict()
        return self.adding(**{**more, "commit": later.commit or self.commit})


_EVENTS = frozenset({"settled", "stopped", "accepted", "started", "notices", "errors"})
