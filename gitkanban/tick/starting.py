"""Starts of granted cards: the workspace, the prompt, and a supervisor that takes the locks over.

The board says `running` already; a start that fails is recorded in the run's folder, and settled by
the next look at the board.
"""

import shlex
from collections.abc import Container, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import NamedTuple

from gitkanban import clock
from gitkanban.board.repo import blobs
from gitkanban.board.repo.checkouts import base_of
from gitkanban.board.repo.place import Place
from gitkanban.core.agents.memory import PREFIX
from gitkanban.core.agents.prompt import TEMPLATE, Setting, compose
from gitkanban.core.model import SHARED, Board, Card, Config, Worker
from gitkanban.core.tick.outcome import Started
from gitkanban.core.tick.verdict import counting
from gitkanban.errors import GitkanbanError
from gitkanban.runs import briefing, handoffs, leases, trust, watching
from gitkanban.runs.briefing import Launch
from gitkanban.runs.memory import homes
from gitkanban.runs.records import folders
from gitkanban.runs.records.folders import Folder
from gitkanban.runs.sessions import Executor
from gitkanban.runs.supervision.locks import Locks
from gitkanban.runs.workspace import workspaces, worktrees
from gitkanban.runs.workspace.workspaces import Wish, Workspace
from gitkanban.tick.reserving import Seat

SIDE_BY_SIDE = 4  # checkouts at the same time; they wait for the disk more than for the processor
BOARD_FILES_MOST = 1000  # in-tree cards above which a card's worktree leaves `.kanban/` out


class Failure(NamedTuple):
    """A start that did not come about, in a line to tell."""

    card: str
    why: str


class Launcher:
    """Starts what was committed on a board. `whole` are cards of which it has every run and note."""

    def __init__(
        self,
        place: Place,
        board: Board,
        config: Config,
        locks: Locks,
        executor: Executor,
        whole: Container[str] = frozenset(),
    ) -> None:
        self.place, self.board, self.config = place, board, config
        self.locks, self.executor, self.whole = locks, executor, whole
        self._print = b""

    def start_all(self, seats: Sequence[Seat]) -> Iterator[Started | Failure]:
        """Start every seat; workspaces are made side by side, supervisors one after the other.

        One after the other, because a supervisor inherits every descriptor that is inheritable at
        that moment, and must not get another one's locks.
        """
        self._record_passed(seats)
        with ThreadPoolExecutor(min(SIDE_BY_SIDE, max(1, len(seats)))) as pool:
            made = [pool.submit(self._workspace, seat) for seat in seats]
            template = template_of(self.place, self.board)  # meanwhile
            for seat, future in zip(seats, made, strict=True):
                try:
                    try:
                        prompt = self._prompt(seat, template)
                    finally:  # nothing is taken back while git still works for it
                        workspace = future.result()
                    yield self._start(seat, workspace, prompt)
                except (GitkanbanError, OSError) as error:
                    why = error.message if isinstance(error, GitkanbanError) else str(error)
                    leases.not_started(self.place, seat.lease, why, seat.held, clock.now())
                    yield Failure(seat.card.id, why)

    def _record_passed(self, seats: Sequence[Seat]) -> None:
        """Record values of `pass_env` that only we have, before anything is fingerprinted."""
        for seat in seats:
            with suppress(OSError):  # the start says it
                if trust.keep_passed(self.place, seat.worker):
                    watching.expect(self.place, "gitkanban/trust.env")

    def _fingerprint(self, run: Folder) -> None:
        """Note what the run shares with everybody as it begins; the same for all of this tick."""
        with suppress(OSError):  # the run begins all the same, and is not watched
            if not self._print:
                refs = watching.refs_of(self.place, base_of(self.place, self.config))
                self._print = watching.take(self.place.common, refs)
            watching.begin(run, self._print)

    def _workspace(self, seat: Seat) -> Workspace:
        wish = Wish(
            card=seat.card.id,
            run=seat.lease.run,
            base=base_of(self.place, self.config),
            policy=seat.worker.workspace_policy,
            worktrees=self.config.worktrees,
            known=bool(self.board.runs_of(seat.card.id)),
            without_board=bool(self.place.prefix)
            and len(self.board.cards) > BOARD_FILES_MOST
            and not seat.worker.board,
        )
        return workspaces.prepare(self.place, self.locks, wish)

    def _prompt(self, seat: Seat, template: str) -> str:
        given = self.place, self.board, self.config, seat.card, seat.worker
        return prompt_of(*given, template, self.whole)

    def _start(self, seat: Seat, workspace: Workspace, prompt: str) -> Started:
        lease = seat.lease
        env = homes.prepare(self.locks, seat.worker, folders.of(self.place.private, lease.run))
        launch = Launch(
            self.place, self.config, seat.worker, seat.card, lease, workspace, prompt,
            fresh_session(), env=env,
        )  # fmt: skip
        self._fingerprint(folders.of(self.place.private, lease.run))
        pid = self.executor.start(launch, seat.held)
        return Started(seat.card.id, lease.run, lease.slot, workspace.path, workspace.branch, pid)


def fresh_session() -> str:
    """A new session id, a random UUID (version 4, RFC 9562)."""
    noise = bytearray(clock.random_bytes(16))
    noise[6] = noise[6] & 0x0F | 0x40
    noise[8] = noise[8] & 0x3F | 0x80
    text = noise.hex()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def prompt_of(
    place: Place,
    board: Board,
    config: Config,
    card: Card,
    worker: Worker,
    template: str,
    whole: Container[str] = frozenset(),
) -> str:
    """The prompt of the card's next session, from the board as it is."""
    shared = worker.workspace_policy == SHARED
    path = place.main if shared else worktrees.current_path(place, card.id, config.worktrees)
    branch = "" if shared else worktrees.branch_of(card.id)
    us = shlex.quote(briefing.program_of_ours(trust.search_path(place)))
    setting = Setting(path, branch, base_of(place, config), us)
    runs = counting(board.runs_of(card.id), "")
    words = {run.run: "\n".join(handoffs.last_words(place, run)) for run in runs[-1:]}
    return compose(
        card,
        worker,
        setting,
        handoffs=handoffs.received(place, board, card, whole),
        runs=runs,
        notes=board.notes_of(card.id),
        logs={run: text for run, text in words.items() if text},
        template=template,
        extra=_proposals(place, board, card),
    )


def _proposals(place: Place, board: Board, card: Card) -> str:
    """The memory proposals that the card gathers, if it is one that does."""
    if not card.id.startswith(PREFIX):
        return ""
    from gitkanban.runs.memory import consolidation  # late: such cards are few

    return consolidation.prompt(place, board, card)


def template_of(place: Place, board: Board) -> str:
    """The board's own `prompt.md`, else the default template."""
    name = f"{board.commit}:{place.path('prompt.md')}"
    data = blobs.content(place, name)
    return TEMPLATE if data is None else data.decode("utf-8", "replace").removesuffix("\n")
