"""What was seen around a board: runs, leases, worktrees, branches, locks, the machine. Values only.

`care.checkup` looks, `core.care.doctor` says what of it is wrong. Times are epoch seconds.
"""

from collections.abc import Mapping

from gitkanban.core.names import NO_CARD, CardId, RunId, WorkerName
from gitkanban.core.tick.closing import Tries
from gitkanban.core.tick.facts import AgentState
from gitkanban.typed import NamedTuple


class TokenState(NamedTuple):
    """A lease token."""

    slot: str
    card: CardId
    run: RunId


class RunState(NamedTuple):
    """A run folder whose end is not marked as settled. `card` is empty when it cannot be read."""

    run: RunId
    card: CardId = NO_CARD
    slot: str = ""
    started: int = 0
    alive: bool = False  # its kernel locks are held
    ended: int = 0
    leased: bool = True  # its token says what it should
    empty: bool = False  # the folder holds nothing
    tries: Tries = Tries()  # closing it that failed
    moved_from: str = ""  # the git directory that it began in, if the repository was moved since
    workspace: str = ""
    owner: str = ""  # the other user whose run it is: then nothing else may be known of it


class WorktreeState(NamedTuple):
    """A worktree made for a card, or a folder among them that is none (`card` empty)."""

    path: str
    card: CardId = NO_CARD
    there: bool = True  # its folder exists
    locked_for: str = ""  # the run for which git keeps off it
    dirty: bool = False  # looked at only where no card is known
    merged: bool = False  # as well: base has its commits
    astray: str = ""  # why it and this repository do not point at each other
    adrift: bool = False  # as well: it points at nothing, so that it can be pointed here again


class StrayWorktree(NamedTuple):
    """A worktree that nobody made for a card, registered while a run lived, among or in theirs."""

    path: str
    card: CardId
    run: RunId


class CardlessBranch(NamedTuple):
    """A branch `card/<id>` whose card is not known."""

    card: CardId
    merged: bool
    ahead: int = 0  # commits that base lacks


class SalvageState(NamedTuple):
    """A ref that keeps what would have been lost."""

    ref: str
    at: int
    subject: str = ""


class LockState(NamedTuple):
    """A lock file of git's. `user` is who may own it (`process 4711`); empty: provably nobody."""

    path: str
    age: int  # seconds
    user: str = ""


class DiskState(NamedTuple):
    """Room on a file system, in bytes and in files."""

    path: str
    free: int
    files: int = -1  # that can still be made; -1: it does not say


class ForeignFile(NamedTuple):
    """Files around the board that another user than the repository's owner has made."""

    user: str
    owner: str
    number: int
    example: str  # one of them
    more: bool = False  # there may be others: not everything was looked at


class ProgramFault(NamedTuple):
    """What is wrong with a program that a worker runs: `not on PATH`."""

    worker: WorkerName
    program: str
    why: str = "not on PATH"


class BlockingBranch(NamedTuple):
    """A branch beside which git can make no other one: `blocked` is `card/<id>`, or `card/…`."""

    name: str
    blocked: str
    merged: bool = False  # base has its commits


class LateIndex(NamedTuple):
    """A checkout of base whose index has what base was at an earlier commit."""

    root: str
    branch: str
    commit: str


class NotifierState(NamedTuple):
    """What is wrong with the notifier of a board. `at`: when it was called last."""

    withheld: str = ""  # why it may not be called
    missing: str = ""  # why its program cannot be run
    failed: str = ""  # what went wrong with the last call
    is_cut_off: bool = False  # the last call's sender died before the notifier had ended
    at: int = 0


class Readiness(NamedTuple):
    """What a dry start and a dry accept ran into."""

    no_base: str = ""  # why no work can begin from base, nor go there
    no_folder: str = ""  # why the worktrees of cards cannot be made
    blocking: tuple[BlockingBranch, ...] = ()
    silent: tuple[ProgramFault, ...] = ()  # agents that do not say their version
    late: tuple[LateIndex, ...] = ()
    stuck: tuple[tuple[str, str], ...] = ()  # (checkout of base, why it could follow no move)


class Surroundings(NamedTuple):
    """Everything that was looked at. Times are epoch seconds."""

    now: int
    clone: str
    tokens: tuple[TokenState, ...] = ()
    locked_slots: Mapping[str, str] = {}  # slot whose kernel lock is held -> by whom, if it shows
    runs: tuple[RunState, ...] = ()
    known_runs: frozenset[str] = frozenset()
    worktrees: tuple[WorktreeState, ...] = ()
    branches: tuple[CardlessBranch, ...] = ()
    salvages: tuple[SalvageState, ...] = ()
    locks: tuple[LockState, ...] = ()
    exposed: tuple[str, ...] = ()  # settled runs whose folder holds a shell's environment
    tampering: tuple[str, ...] = ()  # what changed while runs lived, in lines for people
    elsewhere: str = ""  # which other machine has runs open here, as a line for people
    network: str = ""  # the network file system that the kernel locks lie on
    beside: tuple[StrayWorktree, ...] = ()
    foreign: tuple[ForeignFile, ...] = ()
    no_board_checkout: str = ""  # where the checkout of the board's own branch was, if it is gone
    ticked_first: bool = False  # the last tick was the process with which a container ends
    ready: Readiness = Readiness()
    ticked: int = 0  # when a tick last ended its look at the board; 0: never
    jumped: int = 0  # seconds that the clock was moved since then
    tip_at: int = 0  # commit time of the board's tip
    untrusted: Mapping[WorkerName, str] = {}
    missing: tuple[ProgramFault, ...] = ()
    memories: tuple[tuple[str, str], ...] = ()  # (worker, what is wrong with its memory home)
    sandboxes: tuple[tuple[str, str], ...] = ()  # (worker, why its sandbox cannot be made)
    unready: tuple[tuple[WorkerName, str], ...] = ()  # (worker, what its agent's owner must set up)
    agents: AgentState = AgentState()
    notifier: NotifierState = NotifierState()
    disks: tuple[DiskState, ...] = ()
    unwritable: tuple[str, ...] = ()  # folders in which we may write nothing
    standstill: str = ""
    behind: tuple[
        tuple[str, str], ...
    ] = ()  # (checkout, branch whose last move it has not followed)
    unsigned: str = ""  # why the signer refused, within the last ten minutes
    flipped: str = ""  # the main checkout of a repository that git's configuration calls bare
    driver: str = "git"  # the program that merges cards in this clone; empty: none is installed
    has_driver: bool = True
