"""What was observed of the world outside the board, as values: the input of reconcile and verdict.

Facts only; `verdict`, `reconcile` and `schedule` decide what they mean.
"""

from collections.abc import Mapping

from gitkanban.core.model import BlockReason, Card, Run
from gitkanban.core.names import NO_OID, CardId, Oid, ProfileName, RunId, WorkerName
from gitkanban.core.tick.closing import Tries
from gitkanban.core.trust.tampering import TamperFinding
from gitkanban.typed import Literal, NamedTuple

# What ended a run: its own exit, a limit, a person, or something that nobody saw.
EndCause = Literal[
    "exited", "timeout", "stall", "stop", "lost", "reboot", "not-started", "out-of-memory"
]
END_CAUSES: tuple[EndCause, ...] = (
    *("exited", "timeout", "stall", "stop", "lost", "reboot", "not-started", "out-of-memory"),
)
# What a run is doing. Only `ended` gives its room back: one that cannot be reached may live.
Phase = Literal["queued", "live", "unreachable", "ended"]
LetterKind = Literal["done", "block", "note", "memory", "add"]


class StepEnd(NamedTuple):
    """How one command of a run ended: setup, session, or verify."""

    name: str
    exit: int | None = None  # None: it did not exit by itself
    signal: int = 0


class Exit(NamedTuple):
    """A run's exit record, written last by its supervisor, or by the tick that noticed its loss."""

    ended: int
    how: EndCause
    steps: tuple[StepEnd, ...] = ()
    error: str = ""  # what ended it, or what could not be done, in one line

    def step(self, name: str) -> StepEnd | None:
        """The end of the named step; None if it never ran."""
        return next((step for step in self.steps if step.name == name), None)


class Sighting(NamedTuple):
    """What became of a run. `end`: how it ended, if that is known without an exit record."""

    phase: Phase
    where: str = ""  # `n1, job 4711`
    note: str = ""  # why it is queued or cannot be reached
    end: Exit | None = None


class Work(NamedTuple):
    """What a run left in git, compared with the commit at which it started."""

    tip: Oid = NO_OID  # the card branch's tip once everything is collected
    session_commits: int = 0  # new commits the session made
    leftover: Oid = NO_OID  # the commit of changes that the session left uncommitted; empty: none
    leftover_paths: tuple[str, ...] = ()  # without the agent's own files
    salvage: str = ""  # ref that keeps what did not fit the branch
    notices: tuple[
        str, ...
    ] = ()  # things a person should know: branch switched, board paths left out
    missed: tuple[str, ...] = ()  # paths that should have been committed, and could not be
    merged: int = 0  # the session's commits that base already has: it merged them itself


class Report(NamedTuple):
    """What the session reported through the CLI, from inside its workspace."""

    kind: Literal["done", "block"]
    no_change: bool = False
    summary: str = ""
    reason: BlockReason | Literal[""] = ""
    why: str = ""


class Letter(NamedTuple):
    """What a session wrote to us from inside its run. Only the fields of its kind are filled in."""

    id: str  # sorts by time
    kind: LetterKind
    card: CardId  # empty: the run's own
    text: str = ""  # of a note
    report: Report | None = None
    cards: tuple[Card, ...] = ()


class RunFacts(NamedTuple):
    """One run of this clone whose end is not yet recorded on the board."""

    run: RunId
    card: CardId
    worker: WorkerName
    profile: ProfileName
    slot: str  # "profile#number"
    started: int
    start_commit: Oid = NO_OID
    phase: Phase = "ended"
    executor: str = ""  # empty: it runs on this machine
    where: str = ""  # `n1, job 4711`, if an executor says so
    note: str = ""  # why it is queued or cannot be reached
    node: str = ""  # of an ended run: the node of its job
    exit: Exit | None = None
    collected: bool = True  # its work is collected; only then is its end reported
    tries: Tries = Tries()  # failed tries to close it
    tampering: tuple[str, ...] = ()  # what changed around the repository while it was alive
    given_up: str = ""  # why closing it is not tried again
    work: Work = Work()
    report: Report | None = None
    letters: tuple[Letter, ...] = ()  # oldest first
    bad_letters: tuple[tuple[str, str], ...] = ()  # (file, what is wrong with it)
    session: str = ""
    # From the config when the run began; the worker may be gone by now.
    commits: str = "session"  # session | supervisor
    shared: bool = False  # it works in the shared checkout: no branch
    verified: bool = False  # a verify command was to be run
    max_attempts: int = 2
    needs: tuple[tuple[str, int], ...] = ()
    # From the agent's output, as its preset's reader reads it.
    rate_limited: bool = False
    limited_until: int = 0  # seconds since the epoch; 0: unknown
    misconfigured: bool = False  # its login or its settings were rejected
    unnamed: bool = False  # its agent names its sessions, but has not named this one
    resumed: bool = False  # it was started to resume an earlier conversation
    strayed: bool = False  # but began another one
    lasted: int | None = None  # seconds that the session lived; None: unknown
    agent_error: str = ""  # what ended the agent's last turn, in its own words
    summary: str = ""  # the agent's last message
    cost_usd: str = ""  # a decimal number; empty: unknown
    tokens_in: int | None = None
    tokens_out: int | None = None
    denied: tuple[str, ...] = ()  # tools that it was not allowed to use

    @property
    def alive(self) -> bool:
        """Whether it lives, or may live or begin: only of an ended run anything is concluded."""
        return self.phase != "ended"


class Elsewhere(NamedTuple):
    """Where the work of a card is, if this clone does not have it."""

    commit: Oid
    host: str = ""  # of the run that produced it; empty: unknown
    clone: str = ""
    remote: str = ""  # from which it may be fetched; empty: none


class Landing(NamedTuple):
    """The result of merging a card's work.

    It is either the commit by which base has the work (empty: there was none), or what conflicts.
    """

    merged: Oid = NO_OID
    conflict: str = ""


class NoProgram(NamedTuple):
    """A program of a worker that cannot be run on this machine, and why: `not on PATH`."""

    program: str
    fault: str
    step: str = ""  # setup | verify | its sandbox; empty: the agent itself


class Quota(NamedTuple):
    """A profile's service asked to come back later."""

    since: int  # when it was last reported, epoch seconds
    until: int  # no session of the profile starts before, epoch seconds
    times: int = 1  # how often in a row, with no answer in between
    words: str = ""  # the agent's own


class AgentFault(NamedTuple):
    """A worker's agent cannot work here: it is not logged in, or its settings are wrong."""

    since: int
    words: str  # the agent's own
    card: CardId  # the card of the first run that had it
    run: RunId


class BadNode(NamedTuple):
    """A node of a batch system on which jobs end before they begin, see `bad_nodes`."""

    executor: str
    node: str
    row: int  # jobs in a row that ended so
    since: int  # when the last of them was learned, epoch seconds
    run: RunId  # the last of them


class AgentState(NamedTuple):
    """What runs of this clone have learned of agents and nodes: `agent_state`, `bad_nodes`."""

    quotas: Mapping[ProfileName, Quota] = {}  # by profile
    faults: Mapping[WorkerName, AgentFault] = {}  # by worker
    nodes: Mapping[str, BadNode] = {}  # by executor and node, `cluster/n1`


class Observed(NamedTuple):
    """Everything a plan needs to know besides the board."""

    now: int
    host: str
    clone: str
    runs: tuple[RunFacts, ...] = ()
    known_runs: frozenset[str] = frozenset()  # runs with a folder here, settled or not
    base: str = ""  # the branch that work goes to
    merged: Mapping[CardId, Oid] = {}  # cards in review whose work is in base -> by which commit
    accepted: Mapping[CardId, Landing] = {}  # cards that the tick has just merged, or tried to
    # Cards in review whose work this clone does not have; and done cards that a card in todo waits
    # for, whose work is not in this clone's base.
    elsewhere: Mapping[CardId, Elsewhere] = {}
    commits_here: frozenset[Oid] = frozenset()  # of recorded runs that would settle a card
    refused: Mapping[str, str] = {}  # cards the last tick could not accept -> why
    busy_slots: frozenset[str] = frozenset()  # slots ("profile#n") whose kernel lock is held
    tampering: tuple[TamperFinding, ...] = ()  # not settled yet, also of earlier runs
    untrusted: Mapping[WorkerName, str] = {}  # worker -> why it may not start anything
    unready: Mapping[str, str] = {}  # executor -> why it can start nothing now
    missing: Mapping[WorkerName, NoProgram] = {}  # worker -> what its runs would fail for
    agents: AgentState = AgentState()
    runs_today: tuple[Run, ...] = ()  # of done cards, too; if a budget needs them
    withheld: tuple[str, ...] = ()  # changes of trusted keys that are not allowed yet, in words
    ready_since: Mapping[CardId, int] = {}  # card -> when a tick first saw it ready
    started: int = 0  # starts that this tick has made already
    served: Mapping[WorkerName, float] = {}  # worker -> virtual finish time, see `schedule`
    standstill: str = ""  # why nothing may be committed or started now; empty: it may
    machine: str = ""  # a key of this machine and pid namespace; empty: unknown
