"""Starts committed sessions: the workspace, the prompt, and a supervisor that takes over the locks.

The board already says `running`. A start that fails is recorded in the run's folder and settled by
the next look at the board.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial

from gitkanban import clock
from gitkanban.board import store
from gitkanban.board.repo import blobs
from gitkanban.board.repo.checkouts import base_of
from gitkanban.board.repo.place import Place
from gitkanban.core.agents.memory import PREFIX
from gitkanban.core.agents.prompt import TEMPLATE, SessionSetting, compose
from gitkanban.core.ids import branch_of
from gitkanban.core.model import SHARED, Board, Card, Config, Worker
from gitkanban.core.names import NO_OID, NO_RUN
from gitkanban.core.tick.conversation import LastSession, compose_new_words, goes_on
from gitkanban.core.tick.outcome import Started
from gitkanban.errors import GitkanbanError
from gitkanban.late import shlex
from gitkanban.runs import briefing, conversations, handoffs, leases, trust, watching
from gitkanban.runs.briefing import Launch, Reservation
from gitkanban.runs.memory import homes
from gitkanban.runs.records import folders
from gitkanban.runs.records.folders import Folder
from gitkanban.runs.workspace import workspaces, worktrees
from gitkanban.runs.workspace.workspaces import Wish, Workspace
from gitkanban.tick.state import BoardLook, FailedStart, TickState
from gitkanban.typed import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from concurrent.futures import Future

SUBMITTED_SINGLY_MOST = 50  # starts in a tick; jobs of more are submitted side by side
SUBMITTED_AT_ONCE = 8
SIDE_BY_SIDE = 4  # checkouts at the same time; they wait for the disk more than for the processor
BOARD_FILES_MOST = 100  # with more cards than this, worktrees leave an in-tree `.kanban/` out


def start_sessions(state: TickState, look: BoardLook, reservations: Sequence[Reservation]) -> bool:
    """Start what was committed; return whether any start failed, which the next round settles."""
    if not reservations or look.board.config is None:
        return False
    failed = False
    launcher = Launcher(state, look.plan.after, look.board.config)
    starts = launcher.start_all(reservations)
    for each in state.progress(starts, len(reservations), "starting sessions"):
        if isinstance(each, FailedStart):
            failed = True
            state.report_error(f"{each.card} could not be started: {each.why}")
        else:
            state.add(started=(each,))
    return failed


class Words(NamedTuple):
    """A session's prompt, and the earlier session whose conversation it continues, if any."""

    prompt: str
    last: LastSession | None = None


class Launcher:
    """Starts what was committed."""

    def __init__(self, state: TickState, board: Board, config: Config) -> None:
        self.remote = state.remote
        self.place, self.locks, self.executors = state.place, state.locks, state.executors
        self.board, self.config = board, config
        self._fingerprint = b""

    def start_all(self, reservations: Sequence[Reservation]) -> Iterator[Started | FailedStart]:
        """Start each reservation, and yield the results in order.

        Workspaces are prepared in parallel, and many jobs are submitted in parallel: a batch system
        takes its time for each.
        """
        self._record_passed(reservations)
        from concurrent.futures import ThreadPoolExecutor  # late: most ticks start nothing

        at_once = SUBMITTED_AT_ONCE if len(reservations) > SUBMITTED_SINGLY_MOST else 1
        with (
            ThreadPoolExecutor(min(SIDE_BY_SIDE, max(1, len(reservations)))) as pool,
            ThreadPoolExecutor(at_once) as submitters,
        ):
            prepared = [pool.submit(self._prepare_workspace, each) for each in reservations]
            template = template_of(self.place, self.board)  # meanwhile
            self._read_parents(reservations)
            with suppress(OSError):  # the runs begin anyway, unwatched
                refs = watching.refs_of(self.place, base_of(self.place, self.config))
                self._fingerprint = watching.take(self.place.common, refs)
            begun: list[Callable[[], Started | FailedStart]] = []  # in order
            for reservation, future in zip(reservations, prepared, strict=True):
                start = partial(self._start_prepared, reservation, future, template)
                if at_once > 1 and briefing.engine_of(self.config, reservation.worker):
                    begun.append(submitters.submit(start).result)
                else:
                    begun.append(start)
                if len(begun) >= at_once:
                    yield begun.pop(0)()
            for result in begun:
                yield result()

    def _read_parents(self, reservations: Sequence[Reservation]) -> None:
        """Read the histories of all parents at once: those of done cards are not on the board."""
        parents = {parent for each in reservations for parent in each.card.parents}
        with suppress(GitkanbanError, OSError):  # the start of their child reports it
            self.board = store.histories(self.place, self.board, parents)

    def _start_prepared(
        self, reservation: Reservation, prepared: "Future[Workspace]", template: str
    ) -> Started | FailedStart:
        """Start a session once its workspace is there, or record why it was not started."""
        try:
            try:
                words = self._choose_words(reservation, template)
            finally:  # no reservation is cancelled while git still works on its workspace
                workspace = prepared.result()
            return self._start_session(reservation, workspace, words)
        except (GitkanbanError, OSError) as error:
            why = error.message if isinstance(error, GitkanbanError) else str(error)
            leases.not_started(self.place, reservation, why, clock.now())
            return FailedStart(reservation.card.id, why)

    def _record_passed(self, reservations: Sequence[Reservation]) -> None:
        """Record `pass_env` values that only this process has, before any fingerprint is taken."""
        for each in reservations:
            with suppress(OSError):  # the start reports it
                if trust.keep_passed(self.place, each.worker):
                    watching.expect(self.place, "gitkanban/trust.env")

    def _note_fingerprint(self, run: Folder) -> None:
        """Note the state of what the run shares with everybody, as it was taken for this tick."""
        if self._fingerprint:
            with suppress(OSError):
                watching.begin(run, self._fingerprint)

    def _prepare_workspace(self, reservation: Reservation) -> Workspace:
        card, worker = reservation.card, reservation.worker
        wish = Wish(
            card=card.id,
            run=reservation.lease.run,
            base=base_of(self.place, self.config),
            policy=worker.workspace_policy,
            worktrees=self.config.worktrees,
            known=bool(self.board.runs_of(card.id)),
            latest=self.remote.latest_of(card.id, self.board) if self.remote else NO_OID,
            without_board=bool(self.place.prefix)
            and len(self.board.cards) > BOARD_FILES_MOST
            and not worker.board,
        )
        return workspaces.prepare(self.place, self.locks, wish)

    def _choose_words(self, reservation: Reservation, template: str) -> Words:
        given = self.place, self.board, self.config, reservation.card, reservation.worker
        words = words_of(*given, template=template)
        if words.last is None:
            return words
        try:
            folder = folders.of(self.place.private, reservation.lease.run)
            conversations.carry_transcript(self.place, words.last, folder)
        except OSError:
            return words_of(*given, template=template, afresh=True)
        return words

    def _start_session(
        self, reservation: Reservation, workspace: Workspace, words: Words
    ) -> Started:
        lease = reservation.lease
        session = words.last.session if words.last else fresh_session()
        folder = folders.of(self.place.private, lease.run)
        env = homes.prepare(self.locks, reservation.worker, folder)
        before = self.board.runs_of(lease.card)
        launch = Launch(
            self.place, self.config, reservation, workspace, prompt=words.prompt,
            session=session, resume=words.last is not None, env=env,
            last_run=before[-1].run if before else NO_RUN,
        )  # fmt: skip
        self._note_fingerprint(folder)
        pid = self.executors.start(launch)
        return Started(
            lease.card, lease.run, lease.slot, workspace.path, branch=workspace.branch, pid=pid
        )


def fresh_session() -> str:
    """Return a new session id, a random UUID (version 4, RFC 9562)."""
    from uuid import UUID  # late: most ticks start nothing

    return str(UUID(bytes=clock.random_bytes(16), version=4))


def words_of(
    place: Place,
    board: Board,
    config: Config,
    card: Card,
    worker: Worker,
    template: str,
    afresh: bool = False,
    private: bool = True,
) -> Words:
    """Compose the prompt of the card's next session from the board as it is.

    With `afresh` it starts a new conversation even if it could continue one. Without `private`,
    what no commit contains is left out: the output of earlier sessions, and proposals to memory.
    """
    shared = worker.workspace_policy == SHARED
    path = place.main if shared else worktrees.current_path(place, card.id, config.worktrees)
    branch = "" if shared else branch_of(card.id)
    us = shlex.quote(briefing.program_of_ours(trust.search_path(place)))
    setting = SessionSetting(path, branch, base_of(place, config), us)
    runs = tuple(board.runs_of(card.id))
    logs = {run.run: "\n".join(handoffs.last_words(place, run)) for run in runs[-1:] if private}
    notes = board.notes_of(card.id)
    last = None if afresh else conversations.last_session(place, card.id, runs)
    if last and goes_on(worker, runs, last, path):
        log = logs.get(last.run, "")
        return Words(compose_new_words(card, last, runs[-1], setting, notes=notes, log=log), last)
    prompt = compose(
        card,
        worker,
        setting,
        handoffs=handoffs.received(place, board, card),
        runs=runs,
        notes=notes,
        logs={run: text for run, text in logs.items() if text},
        template=template,
        extra=_proposals_prompt(place, board, card) if private else "",
    )
    return Words(prompt)


def _proposals_prompt(place: Place, board: Board, card: Card) -> str:
    """Return the prompt for the memory proposals that the card gathers; empty for other cards."""
    if not card.id.startswith(PREFIX):
        return ""
    from gitkanban.runs.memory import consolidation  # late: such cards are few

    return consolidation.prompt(place, board, card)


def template_of(place: Place, board: Board) -> str:
    """Return the board's own `prompt.md`, or else the default template."""
    name = f"{board.commit}:{place.path('prompt.md')}"
    data = blobs.content(place, name)
    return TEMPLATE if data is None else data.decode("utf-8", "replace").removesuffix("\n")
