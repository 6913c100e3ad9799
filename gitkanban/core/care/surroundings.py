"""What was observed around a board: runs, leases, worktrees, branches, locks, the machine.

Values only: `care.checkup` observes, `core.care.doctor` says what is wrong. Times are epoch
seconds.
"""

from collections.abc import Mapping

from gitkanban.core.names import NO_CARD, CardId, Oid, RunId, WorkerName
from gitkanban.core.tick.closing import Tries
from gitkanban.core.tick.facts import AgentState
from gitkanban.typed import NamedTuple


class TokenState(NamedTuple):
    """A lease token."""

    slot: str
    card: CardId
    run: RunId


class RunState(NamedTuple):
    """A run folder that is not marked as settled. `card` is empty if the folder cannot be read."""

    run: RunId
    card: CardId = NO_CARD
    slot: str = ""
    started: int = 0
    alive: bool = False  # by its locks and its exit record
    ended: int = 0
    leased: bool = True  # its token is right
    empty: bool = False  # nothing is in the folder
    tries: Tries = Tries()  # failed tries to close it
    moved_from: str = ""  # the git directory in which it began, if the repository was moved later
    workspace: str = ""
    owner: str = ""  # another user whose run it is; then nothing else may be known about it


class WorktreeState(NamedTuple):
    """A worktree of a card, or a folder beside them that is no worktree (`card` empty)."""

    path: str
    card: CardId = NO_CARD
    there: bool = True  # its folder exists
    locked_for: str = ""  # the run for which it is locked in git
    dirty: bool = False  # checked only if its card is unknown
    merged: bool = False  # base has its commits; checked as `dirty` is
    astray: str = ""  # why it and this repository do not point to each other
    adrift: bool = False  # and it points nowhere, so that it can be pointed here again


class UnreadableWorktree(NamedTuple):
    """A worktree that git cannot read, so that some git commands fail in the whole repository."""

    path: str
    admin: str  # its git directory
    may_go: bool  # it was made for a card, and nothing is in it


class StrayWorktree(NamedTuple):
    """A worktree of no card, registered during a run, beside or inside the worktrees of cards."""

    path: str
    card: CardId
    run: RunId


class CardlessBranch(NamedTuple):
    """A branch `card/<id>` whose card is unknown."""

    card: CardId
    merged: bool
    ahead: int = 0  # commits that base lacks


class SalvageState(NamedTuple):
    """A salvage ref."""

    ref: str
    at: int
    subject: str = ""


class LockState(NamedTuple):
    """One of git's lock files. `user` may own it (`process 4711`); empty: certainly nobody does."""

    path: str
    age: int  # seconds
    user: str = ""


class DiskState(NamedTuple):
    """Free room on a file system, in bytes and in files."""

    path: str
    free: int
    files: int = -1  # how many can still be created; -1: unknown


class ForeignFile(NamedTuple):
    """Files around the board that belong to a user other than the repository's owner."""

    user: str
    owner: str
    number: int
    example: str  # one of them
    more: bool = False  # there may be more: not everything was examined


class ProgramFault(NamedTuple):
    """What is wrong with a program that a worker runs: `not on PATH`."""

    worker: WorkerName
    program: str
    why: str = "not on PATH"


class BlockingBranch(NamedTuple):
    """A branch whose name keeps git from creating `blocked`, which is `card/<id>` or `card/…`."""

    name: str
    blocked: str
    merged: bool = False  # base has its commits


class LateIndex(NamedTuple):
    """A checkout of base whose index is still that of an earlier commit."""

    root: str
    branch: str
    commit: Oid


class NotifierState(NamedTuple):
    """What is wrong with the notifier of a board. `at` is the time of its last call."""

    withheld: str = ""  # why it may not be called
    missing: str = ""  # why its program cannot be run
    failed: str = ""  # what went wrong with the last call
    is_cut_off: bool = False  # the sender of the last call died before the notifier ended
    at: int = 0


class Readiness(NamedTuple):
    """What a dry run of a start and an accept ran into."""

    no_base: str = ""  # why no work can start from base, or be merged into it
    no_folder: str = ""  # why no worktrees can be created
    blocking: tuple[BlockingBranch, ...] = ()
    silent: tuple[ProgramFault, ...] = ()  # agents that do not print their version
    late: tuple[LateIndex, ...] = ()
    stuck: tuple[tuple[str, str], ...] = ()  # (checkout of base, why it cannot follow base)


class Surroundings(NamedTuple):
    """Everything that was examined. Times are epoch seconds."""

    now: int
    clone: str
    tokens: tuple[TokenState, ...] = ()
    locked_slots: Mapping[str, str] = {}  # slot whose kernel lock is held -> the holder, if known
    runs: tuple[RunState, ...] = ()
    known_runs: frozenset[str] = frozenset()
    worktrees: tuple[WorktreeState, ...] = ()
    unreadable: tuple[UnreadableWorktree, ...] = ()
    damaged: Mapping[CardId, Oid] = {}  # last work of open cards that was made here and is gone
    no_index: tuple[str, ...] = ()  # checkouts whose index cannot be read
    broken_refs: tuple[str, ...] = ()  # their files name no commit
    branches: tuple[CardlessBranch, ...] = ()
    salvages: tuple[SalvageState, ...] = ()
    locks: tuple[LockState, ...] = ()
    exposed: tuple[str, ...] = ()  # settled runs with a shell's environment in their folder
    tampering: tuple[str, ...] = ()  # what changed during runs, in lines for people
    elsewhere: str = ""  # which other machine has runs open here, as a line for people
    shared_disk: str = ""  # the file system of the git directory, if machines may share it
    locks_apart: str = ""  # the folder of the lock files, if it is on a disk of its own
    beside: tuple[StrayWorktree, ...] = ()
    foreign: tuple[ForeignFile, ...] = ()
    no_board_checkout: str = ""  # where the checkout of the board's own branch was, if it is gone
    ticked_first: bool = False  # the last tick was a container's first process
    ready: Readiness = Readiness()
    ticked: int = 0  # when a tick last examined the board; 0: never
    jumped: int = 0  # seconds by which the clock was moved since then
    tip_at: int = 0  # commit time of the board's tip
    untrusted: Mapping[WorkerName, str] = {}
    missing: tuple[ProgramFault, ...] = ()
    executors: Mapping[str, str] = {}  # executors that would start nothing -> why
    unshared: tuple[str, ...] = ()  # executors whose nodes may not see the git directory
    memories: tuple[tuple[str, str], ...] = ()  # (worker, what is wrong with its memory home)
    sandboxes: tuple[tuple[str, str], ...] = ()  # (worker, why its sandbox cannot work)
    unready: tuple[tuple[WorkerName, str], ...] = ()  # (worker, what its agent's owner must set up)
    agents: AgentState = AgentState()
    notifier: NotifierState = NotifierState()
    disks: tuple[DiskState, ...] = ()
    unwritable: tuple[str, ...] = ()  # folders that we may not write to
    standstill: str = ""
    behind: tuple[tuple[str, str], ...] = ()  # (checkout, branch whose last move it missed)
    unsigned: str = ""  # why the signer refused, within the last ten minutes
    flipped: str = ""  # the main checkout of a repository that git's configuration calls bare
    driver: str = "git"  # the program that merges cards in this clone; empty: none is installed
    has_driver: bool = True
