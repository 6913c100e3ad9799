"""The values everything else is made of: cards, workers, runs, notes, and the board.

Nothing here reads or decides. All of them are named tuples: immutable, cheap to build by the ten
thousand, and made of plain values only, so that a cache can marshal them. Times are whole seconds
since the epoch, 0 meaning "none"; durations are seconds; an empty string means "not given".
"""

from collections.abc import Mapping

from gitkanban.core.names import (
    NO_CARD,
    NO_OID,
    NO_RUN,
    NOBODY,
    CardId,
    Oid,
    ProfileName,
    RunId,
    WorkerName,
)
from gitkanban.typed import Final, Literal, NamedTuple

# Status of a card, in the order of its life. The moves between them are in `transitions`.
BACKLOG: Final = "backlog"
TODO: Final = "todo"
RUNNING: Final = "running"
REVIEW: Final = "review"
DONE: Final = "done"
BLOCKED: Final = "blocked"
DROPPED: Final = "dropped"
Status = Literal["backlog", "todo", "running", "review", "done", "blocked", "dropped"]
STATUSES: tuple[Status, ...] = (BACKLOG, TODO, RUNNING, REVIEW, DONE, BLOCKED, DROPPED)
TERMINAL = frozenset({DONE, DROPPED})

# Why a card is blocked.
NEEDS_INPUT: Final = "needs-input"
FAILED: Final = "failed"
CONFLICT: Final = "conflict"
DEPENDENCY: Final = "dependency"
CONFIG: Final = "config"
BlockReason = Literal["needs-input", "failed", "conflict", "dependency", "config"]
BLOCK_REASONS: tuple[BlockReason, ...] = (NEEDS_INPUT, FAILED, CONFLICT, DEPENDENCY, CONFIG)

LANE: Final = "lane"
POOL: Final = "pool"
WORKTREE: Final = "worktree-per-task"
SHARED: Final = "shared"
Mode = Literal["lane", "pool"]
MergeWay = Literal["merge", "squash", "ff"]
Signing = Literal["auto", "always", "never"]
WorkspacePolicy = Literal["worktree-per-task", "shared"]
# How a run ended, as recorded; `core.tick.verdict` decides what each means for the card.
RunOutcome = Literal[
    "succeeded", "failed", "killed", "no-work", "uncommitted", "setup-failed", "verify-failed",
    "timed-out", "stalled", "rate-limited", "misconfigured", "not-started", "lost", "rebooted",
    "blocked", "stopped", "cancelled",
]  # fmt: skip
NoteKind = Literal["note", "summary", "reject", "retry", "drop", "memory"]


class Slot(NamedTuple):
    """One numbered unit of a profile's capacity; as text `profile#number`."""

    profile: ProfileName
    number: int  # from 1; 0: the text had no number

    @classmethod
    def parse(cls, text: str) -> "Slot":
        """Parse `profile#number`; without a number, the whole text is the profile."""
        profile, _, number = text.rpartition("#")
        if number.isascii() and number.isdigit():
            return cls(ProfileName(profile), int(number))
        return cls(ProfileName(text), 0)

    def __str__(self) -> str:
        return f"{self.profile}#{self.number}"


class Card(NamedTuple):
    """One piece of work; the fields of `.kanban/cards/<id>.yaml`, in the order of that file."""

    id: CardId
    title: str = ""
    worker: WorkerName = NOBODY
    status: Status = TODO
    priority: int = 0
    parents: tuple[CardId, ...] = ()
    needs: tuple[tuple[str, int], ...] = ()  # (capacity, how much), sorted
    acceptance: tuple[str, ...] = ()
    run: RunId = NO_RUN  # while running: the current run, the fencing token
    slot: str = ""  # while running: "profile#number"
    clone: str = ""  # while running: the clone that owns the run
    host: str = ""
    machine: str = ""  # while running: a key of the machine that it runs on; else the executor
    not_before: int = 0
    reason: BlockReason | Literal[""] = ""  # while blocked
    why: str = ""  # while blocked: a person's or the verdict's words
    attempts_after: str = ""  # runs up to this id no longer count as attempts
    merged: Oid = (
        NO_OID  # once done: a commit of base with its work; empty: there is no work to have
    )
    body: str = ""
    model: str = ""  # one of its worker's `models`; empty: what the worker says
    effort: str = ""  # one of its worker's `efforts`
    labels: tuple[str, ...] = ()  # sorted; only people give them a meaning


# Fields that a transition writes together: one fact, which is never merged in part.
STATUS_FIELDS = (
    "status", "run", "slot", "clone", "host", "machine", "not_before", "reason", "why",
    "attempts_after", "merged",
)  # fmt: skip
# Those of them that only runs and ticks set.
RUN_FIELDS = ("run", "slot", "clone", "host", "machine", "attempts_after", "merged")


class Worker(NamedTuple):
    """A named assignee. `command` is its argv template; `runner` names a preset that has one."""

    name: WorkerName
    profile: ProfileName
    mode: Mode = LANE
    max_concurrency: int = 1
    workspace_policy: WorkspacePolicy = WORKTREE
    runner: str = ""
    command: tuple[str, ...] = ()
    # Argv template that resumes a conversation, for use with `command`; `presets.NO_RESUME`: never.
    resume: tuple[str, ...] = ()
    stdin: str = ""  # "prompt": the worker's own command reads the prompt there
    args: tuple[str, ...] = ()  # words added to the start and resume commands
    model: str = ""  # passed in the way that the preset knows
    effort: str = ""
    models: tuple[str, ...] = ()  # what its cards may choose from
    efforts: tuple[str, ...] = ()
    fallback: WorkerName = (
        NOBODY  # worker that takes its ready cards while its profile's quota is used up
    )
    budget_card: int = 0  # millionths of a US dollar that one card may cost; 0: no budget
    budget_day: int = 0  # the same for all its runs of one day
    sandbox: tuple[str, ...] = ()  # words before setup, session and verify; or a preset's name
    setup: tuple[str, ...] = ()
    verify: tuple[str, ...] = ()
    commits: str = ""  # session | supervisor; empty: what the preset says
    on_success: Literal["review", "done"] = REVIEW
    pass_env: tuple[str, ...] = ()
    timeout: int = 7200
    stall_timeout: int = 1200
    max_attempts: int = 2
    weight: int = 1
    reserve: int = 0  # slots of the host total kept free for this worker
    needs: tuple[tuple[str, int], ...] = ()  # what each of its cards needs unless the card says so
    memory: str = ""  # read-only | read-write; empty: by mode
    memory_env: str = ""  # memory_home.env, .path and .memory
    memory_path: str = ""
    memory_parts: tuple[str, ...] = ()
    consolidate_to: WorkerName = NOBODY
    board: str = ""  # "propose": its branches may add backlog cards
    executor: str = ""  # where its sessions run; empty: on the machine that ticks

    @property
    def memory_policy(self) -> str:
        """`memory` if it is set; else `read-only` for pools and `read-write` for lanes."""
        return self.memory or ("read-only" if self.mode == POOL else "read-write")


class ExecutorConfig(NamedTuple):
    """Where sessions run besides this machine: `kanban.executors.<name>`."""

    name: str
    engine: str  # see `core.engines`
    options: tuple[str, ...] = ()  # words added to the command that submits a job
    max_concurrency: int = 0  # runs at the same time; 0: no limit of ours
    workspaces: Literal["shared"] = "shared"  # how a run's files get there


class Config(NamedTuple):
    """The whole of `.kanban/config.yaml`."""

    base: str = ""  # empty: the branch the board lives on, or the default branch
    max_concurrency: int = 6
    max_starts_per_tick: int = 0  # 0: no limit
    workers: Mapping[WorkerName, Worker] = {}
    profiles: Mapping[ProfileName, int] = {}  # the caps that are set
    capacities: Mapping[str, int] = {}
    merge: MergeWay = "merge"
    verify_accept: bool = False  # run the worker's verify on the merged result
    worktrees: str = ""  # a folder; empty: `<repo>.worktrees` beside the repository
    commit_suffix: str = ""
    keep_runs: int = 20  # ended run folders kept in the git dir
    archive_after: int = 0  # seconds a card stays in cards/ after it is done; 0: for ever
    consolidate_after: int = 5  # memory proposals that make one consolidation card
    push: str = ""  # a remote to which the branches of cards in review are pushed
    pr: bool = False  # open a pull request for them with gh
    git_timeout: int = 600  # seconds for one git command, including filters and hooks
    on_tamper: Literal["warn", "hold"] = "warn"
    sign: Signing = "auto"  # commits of the board and merges
    notify: tuple[str, ...] = ()  # a command that is given the news on stdin
    notify_every: int = 300  # seconds between two calls of it, at least
    budget_card: int = (
        0  # millionths of a US dollar, for cards whose worker has no budget of its own
    )
    budget_day: int = 0  # that all runs of one day may cost
    executors: Mapping[str, ExecutorConfig] = {}
    sync_work: bool = True  # base and the branches of cards travel with a board that is synced
    faulty: Mapping[WorkerName, "Problem"] = {}  # workers left out for a mistake -> the first one

    @property
    def holds_tampering(self) -> bool:
        """Whether noticed tampering stops all starts until a person settles it."""
        return self.on_tamper == "hold"

    def profile_limit(self, profile: ProfileName) -> int:
        """The profile's cap: from `profiles:`, else the largest limit among its workers."""
        limit = self.profiles.get(profile)
        if limit is not None:
            return limit
        return max(
            (w.max_concurrency for w in self.workers.values() if w.profile == profile), default=0
        )


class Run(NamedTuple):
    """One ended attempt at a card: `.kanban/runs/<card>/<run>.yaml`, written once."""

    run: RunId
    card: CardId
    slot: str = ""
    host: str = ""
    clone: str = ""
    worker: WorkerName = NOBODY
    started: int = 0
    ended: int = 0
    outcome: RunOutcome | Literal[""] = ""  # another version may have recorded another word
    exit: int | None = None
    signal: int = 0
    commit: Oid = NO_OID  # tip of the card's branch when the run ended
    start_commit: Oid = NO_OID  # where the run began
    session: str = ""  # the agent's own session id
    salvage: str = ""  # ref that keeps what would otherwise be lost
    cost_usd: str = ""  # the cost that the agent reported, as text; empty: unknown
    why: str = ""  # one line: what decided the outcome
    summary: str = ""
    tokens_in: int | None = None  # None: unknown
    tokens_out: int | None = None
    not_before: int = 0  # what its end set the card's to; 0: nothing


class Note(NamedTuple):
    """A note on a card: `.kanban/notes/<card>/<id>.md`, written once."""

    id: str
    card: CardId
    by: str = ""
    at: int = 0
    kind: NoteKind = "note"
    text: str = ""
    run: RunId = NO_RUN


class Pause(NamedTuple):
    """A paused worker: `.kanban/paused/<worker>.yaml`."""

    worker: WorkerName
    why: str = ""
    by: str = ""
    at: int = 0


class Problem(NamedTuple):
    """What is wrong with one file of the board. Lines and columns count from 1; 0 is unknown."""

    file: str
    line: int
    column: int
    message: str
    hint: str = ""
    card: CardId = NO_CARD  # the card that is quarantined because of it

    @property
    def located(self) -> str:
        """`cards/T1.yaml:3:7: what is wrong`."""
        return f"{self.file}:{self.line}:{self.column}: {self.message}"


class Board(NamedTuple):
    """Everything under `.kanban/` at one commit of the board branch."""

    branch: str
    commit: Oid  # hex object id; empty for a board that is not committed
    config: Config | None  # None: config.yaml is broken, see problems
    cards: Mapping[CardId, Card]
    runs: Mapping[CardId, tuple[Run, ...]] = {}  # card -> ended runs, oldest first
    notes: Mapping[CardId, tuple[Note, ...]] = {}  # card -> notes, oldest first
    paused: Mapping[WorkerName, Pause] = {}
    archived: frozenset[CardId] = frozenset()  # ids of cards in the archive: done, unless in cards
    problems: tuple[Problem, ...] = ()
    complete: frozenset[CardId] = frozenset()  # the cards that have all their runs and notes here

    def runs_of(self, card: CardId) -> tuple[Run, ...]:
        """The ended runs of a card, oldest first."""
        return self.runs.get(card, ())

    def notes_of(self, card: CardId) -> tuple[Note, ...]:
        """The notes of a card, oldest first."""
        return self.notes.get(card, ())

    def worker_of(self, card: Card) -> Worker | None:
        """The card's worker, None when it has none or the config does not know it."""
        return self.config.workers.get(card.worker) if self.config else None
