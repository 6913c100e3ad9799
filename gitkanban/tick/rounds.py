"""One pass over the board: read, observe, reconcile, schedule, commit, start.

What to do is `core.tick.plan`'s to decide. A tick that is killed at any line leaves a difference between
what is recorded and what is observed, which the next one repairs; there is no other recovery code.
"""

import os
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

from gitkanban import clock, failpoints
from gitkanban.board import store
from gitkanban.board.content.reading import read_whole
from gitkanban.board.following import follow_base, follow_board
from gitkanban.board.following.restoring import restore
from gitkanban.board.repo import refs, signing
from gitkanban.board.repo.base import check_base
from gitkanban.board.repo.checkouts import base_of
from gitkanban.board.repo.place import Place
from gitkanban.board.store import Committed
from gitkanban.board.sync import Remote
from gitkanban.board.work.integrate import Onto
from gitkanban.core.changes import Change
from gitkanban.core.model import BLOCKED, DONE, REVIEW, Board, Card, Config
from gitkanban.core.moves import closed
from gitkanban.core.tick.facts import Landing, Observed
from gitkanban.core.tick.holds import NO_PROGRAM, missing_words
from gitkanban.core.tick.outcome import Accepted, Outcome, Started
from gitkanban.core.tick.plan import Plan, held_after, plan
from gitkanban.core.tick.schedule import Start
from gitkanban.errors import BoardBusy, GitkanbanError, Refused, Untrusted
from gitkanban.runs import closing, sessions, trust, watching
from gitkanban.runs.observe import observe, remember, remember_refused
from gitkanban.runs.publishing import Publisher
from gitkanban.runs.records import again, folders, machines, ticked
from gitkanban.runs.supervision import processes
from gitkanban.runs.supervision.locks import Locks
from gitkanban.runs.workspace import worktrees
from gitkanban.tick import ending, reserving
from gitkanban.tick.accepting import merged
from gitkanban.tick.reserving import Seat
from gitkanban.tick.starting import Failure, Launcher
from gitkanban.views.message import commit_message

ROUNDS_MOST = 100  # looks at the board in one tick; the next tick goes on from there

# The starts as they come, how many there will be, and what is done with them.
Progress = Callable[[Iterable[Started | Failure], int, str], Iterable[Started | Failure]]


def unseen(
    starts: Iterable[Started | Failure], total: int, what: str
) -> Iterable[Started | Failure]:
    """No progress is shown."""
    return starts


def tick(
    place: Place, dry_run: bool = False, progress: Progress = unseen, remote: str = ""
) -> Outcome:
    """Do one tick, and go round again for every tick that came by in the meantime.

    Called from inside a session it only leaves a mark. `progress` is handed the starts while they
    come about, and hands them on. Raises GitkanbanError where nothing can be done at all; what
    fails for one card is in the outcome's errors. With a `remote`, other clones tick the same board:
    it is synced first, and what starts is pushed there before it does.
    """
    locks = Locks(place.private)
    if dry_run:
        return _foreseen(place, locks)
    if os.environ.get(processes.MARKER) or processes.session_above()[1]:
        again.ring(place.private)
        return Outcome(contended=True)
    outcome = Outcome()
    for _ in range(ROUNDS_MOST):
        held = locks.take("tick")
        if held is None:
            again.ring(place.private)
            failpoints.reach("tick.marked")
            # Its holder may have looked for marks just before we left ours.
            held = locks.take("tick")
        if held is None:
            return outcome._replace(contended=True)
        with held:
            failpoints.reach("tick.locked")
            again.answer(place.private)
            outcome = outcome.adding(told=tuple(machines.enter(place)))
            ticked.note(place.private)
            failpoints.reach("tick.mark-cleared")
            this = _Pass(place, locks, progress, remote)
            with signing.unattended():
                this.run()
        failpoints.reach("tick.unlocked")
        with signing.unattended():
            outcome = outcome.then(this.share())
        if not again.rung(place.private):
            break
    return outcome


def _foreseen(place: Place, locks: Locks) -> Outcome:
    """What a tick would do now, as far as it can be known without doing any of it."""
    machines.refuse_elsewhere(place)
    board = store.read(place)
    seen = observe(place, board, int(clock.now()), locks)
    todo = plan(board, seen)
    starts = tuple(
        Started(start.card, "", start.slot, _workspace_path(place, board, start), "", 0)
        for start in todo.starts
    )
    return Outcome(
        settled=todo.settled,
        stopped=todo.stops,
        started=starts,
        held=todo.held,
        told=(
            *todo.told,
            *(f"would close run {facts.run} of {facts.card}" for facts in todo.reclaims),
            *(f"would accept {card}" for card in todo.accepts),
        ),
        untrusted=_untrusted(todo, seen),
        standstill=seen.standstill,
        errors=(*_config_problems(board), *_missing_programs(todo, seen)),
        dry_run=True,
    )


def _workspace_path(place: Place, board: Board, start: Start) -> str:
    worker = board.config.workers[start.worker] if board.config else None
    if worker is None or worker.workspace_policy == "shared":
        return place.main
    return worktrees.current_path(place, start.card, board.config.worktrees if board.config else "")


def _config_problems(board: Board) -> tuple[str, ...]:
    """What is wrong with the configuration; a bad card concerns nobody else, and `status` shows it."""
    return tuple(
        each.told + (f" ({each.hint})" if each.hint else "")
        for each in board.problems
        if not each.card and each.file.endswith("config.yaml")
    )


def _untrusted(todo: Plan, seen: Observed) -> dict[str, str]:
    held = (each.card for each in todo.held if each.code == "untrusted")
    workers = sorted({todo.after.cards[card].worker for card in held})
    return {worker: seen.untrusted[worker] for worker in workers}


def _missing_programs(todo: Plan, seen: Observed) -> tuple[str, ...]:
    """A line on each worker with cards that wait for a program to be there."""
    held = (each.card for each in todo.held if each.code == NO_PROGRAM)
    workers = sorted({todo.after.cards[card].worker for card in held})
    hint = "install it, or put its folder on PATH and `gitkanban trust`"
    lines = {worker: missing_words(seen.missing[worker]) for worker in workers}
    return tuple(f"nothing starts for {worker}: {line} ({hint})" for worker, line in lines.items())


def _landings(accepted: Iterable[Accepted]) -> dict[str, Landing]:
    """What came of merging each card's work."""
    return {
        each.card: Landing(conflict=each.detail) if each.to == BLOCKED else Landing(each.merged)
        for each in accepted
    }


class _Pass:
    """One pass under the tick lock: rounds, until a look at the board asks for nothing more."""

    def __init__(self, place: Place, locks: Locks, progress: Progress, remote: str) -> None:
        self.place = place
        self.locks = locks
        self.progress = progress
        words = ("--sync", "--remote", remote) if remote else ()
        self.executor = sessions.Local(place, locks, words)
        self.remote = Remote(place, remote) if remote else None
        self.given_up: set[str] = set()  # runs and cards on which this pass tried in vain
        self.refused: dict[str, str] = {}  # cards that this pass could not accept, and why
        self.begun = 0  # starts of this pass, all its rounds together
        self.verified: set[str] = set()  # contents of base on which `verify` has passed
        self.config: Config | None = None  # as of the last look
        self.outcome = Outcome()

    def run(self) -> Outcome:
        """Go round until nothing is left to do now."""
        self._notice()
        self._catch_up()
        for _ in range(ROUNDS_MOST):
            if self.remote:
                self.remote.catch_up()
            if not self._round():
                break
        return self.outcome

    def share(self) -> Outcome:
        """Push what has happened, once the tick lock is free: others need not wait for a network."""
        if self.remote and self.outcome.commit:
            self.remote.share()
        self._publish()
        if self.remote:
            notices, errors = tuple(self.remote.notices), tuple(self.remote.errors)
            self.outcome = self.outcome.adding(told=notices, errors=errors)
        return self.outcome

    def _publish(self) -> None:
        """Push the branches of cards in review where the board says so; block what was closed."""
        if self.config is None or not self.config.push:
            return
        held = self.locks.take("publish")
        if held is None:
            return  # the tick before this one is still at it
        with held:
            self._publish_branches()

    def _publish_branches(self) -> None:
        board = store.read(self.place)
        if board.config is None or not board.config.push:
            return
        publisher = Publisher(self.place, board, int(clock.now()))
        try:
            self._check_pushing(board, board.config)
            publisher.run()
            why = f"its branch was closed on {board.config.push} without a merge"
            changes = [closed(card, why) for card in publisher.closed]
            with self._following(self._commit(board, changes)):
                pass
        except (GitkanbanError, OSError) as error:
            self._error(f"the branches of cards in review are not pushed: {error}")
        self.outcome = self.outcome.adding(told=tuple(publisher.told))

    def _check_pushing(self, board: Board, config: Config) -> None:
        """Refuse to push anything to where it was not allowed. Raises Untrusted."""
        waiting = any(card.status == REVIEW for card in board.cards.values())
        why = trust.withheld(self.place, config).pushing if waiting else ""
        if why:
            raise Untrusted(f"{why}; see `gitkanban trust`")

    def _notice(self) -> None:
        """Compare what ended runs shared with everybody; before anything of it is made use of."""
        ended = watching.waiting(self.place)
        if not ended:
            return
        board = store.read(self.place)
        base = base_of(self.place, board.config) if board.config else ""
        try:
            found = watching.notice(self.place, board, base, ended, int(clock.now()))
            self.outcome = self.outcome.adding(told=tuple(found))
        except OSError as error:
            self._error(f"what changed while runs lived cannot be recorded: {error}")

    def _catch_up(self) -> None:
        """Bring back what the branch lost, and checkouts along that an earlier command left."""
        try:
            folders.remove_unborn(self.place.private)
            told = (
                *refs.remove_stale_locks(self.place),
                *restore(self.place),
                *follow_base.complete(self.place),
                *follow_board.follow(self.place),
            )
        except BoardBusy:  # the round says why
            return
        self.outcome = self.outcome.adding(told=told)

    def _round(self) -> bool:
        """One look at the board and what follows from it; whether to look again."""
        self._notice()  # runs that were closed only now
        board = store.read(self.place)
        seen = observe(self.place, board, int(clock.now()), self.locks)
        seen = seen._replace(started=self.begun)
        todo = plan(board, seen)
        self.config = board.config
        failpoints.reach("tick.planned")
        self.outcome = self.outcome.adding(
            stopped=todo.stops,
            held=todo.held,
            untrusted=_untrusted(todo, seen),
            standstill=seen.standstill,
            errors=(*_config_problems(board), *_missing_programs(todo, seen)),
        )
        if self._recover(todo, seen.standstill):
            return True
        for stop in todo.stops:
            self.executor.stop(folders.of(self.place.private, stop.run), stop.why)
        if seen.standstill:
            return False
        try:
            onto, accepted = self._accept(board, todo)
            if accepted or self.refused != seen.refused:
                seen = seen._replace(accepted=_landings(accepted), refused=self.refused)
                todo = plan(board, seen)
                self.outcome = self.outcome.adding(held=todo.held, untrusted=_untrusted(todo, seen))
            return self._start(board, todo, seen, onto, accepted)
        except BoardBusy as busy:
            self.outcome = self.outcome.adding(standstill=busy.message)
            return False

    def _recover(self, todo: Plan, standstill: str) -> bool:
        """Close runs that died without a record; whether there is something new to look at."""
        found = False
        for facts in todo.reclaims:
            if facts.run in self.given_up:
                continue
            self.given_up.add(facts.run)
            folder = folders.of(self.place.private, facts.run)
            card = todo.after.cards.get(facts.card)
            asked = card is None or card.run != facts.run or folder.has("stop")
            now = int(clock.now())
            try:
                done = closing.close(self.executor, folder, now, asked=asked, standstill=standstill)
            except OSError as error:  # not even that could be recorded
                self._error(f"run {facts.run} of {facts.card} cannot be closed: {error}")
                continue
            if done.failure:
                self._error(done.failure)
            found |= done.done
        return found

    def _error(self, text: str) -> None:
        self.outcome = self.outcome.adding(errors=(text,))

    def _commit(
        self,
        board: Board,
        changes: Sequence[Change],
        claim: Callable[[str], bool] | None = None,
        onto: Onto | None = None,
    ) -> Committed | None:
        """Commit on exactly this board; None when the branch has moved since it was read.

        `claim` is asked with the commit before it becomes the board's; False from it is the same.
        """
        failpoints.reach("tick.commit")
        done = store.commit_once(self.place, board, changes, commit_message, claim, onto)
        failpoints.reach("tick.committed")
        if done:
            commit = done.commit or self.outcome.commit
            self.outcome = self.outcome.adding(commit=commit, told=done.told)
        return done

    @contextmanager
    def _following(self, done: Committed | None, onto: Onto | None = None) -> Iterator[None]:
        """Bring checkouts along to a commit meanwhile: what it starts need not wait for them."""
        if not done:
            yield
            return
        with ThreadPoolExecutor(1) as pool:
            found = pool.submit(store.followed, self.place, done._replace(told=()), onto)
            try:
                yield
            finally:
                self.outcome = self.outcome.adding(told=found.result().told)

    def _close(self, todo: Plan, seen: Observed) -> None:
        """Follow up what is on the board now: ends of runs, and merges that somebody else made."""
        self.outcome = self.outcome.adding(settled=todo.settled, told=todo.told)
        ending.remove_letters(self.place, todo.letters)
        ending.close(self.place, todo.closed, self.outcome.commit)
        for card in sorted(seen.merged.keys() - seen.accepted.keys()):
            if self.config and card in todo.after.cards and todo.after.cards[card].status == DONE:
                line = ending.tidy(self.place, self.locks, self.config, card)
                self.outcome = self.outcome.adding(told=(line,) if line else ())

    def _accept(self, board: Board, todo: Plan) -> tuple[Onto | None, list[Accepted]]:
        """Merge what needs no person, one after the other, in memory; what came of each.

        Base moves together with the board, whose next commit also starts what was freed. What is
        refused is remembered for `status` and `why`, until a tick gets it done.
        """
        cards = [card for card in todo.accepts if card not in self.given_up]
        onto = self._onto(board, cards)
        results = [done for card in cards if onto and (done := self._merged(onto, todo, card))]
        self.refused = {card: why for card, why in self.refused.items() if card in todo.accepts}
        with suppress(OSError):  # lost without harm
            remember_refused(self.place, self.refused)
        return onto, results

    def _onto(self, board: Board, cards: Sequence[str]) -> Onto | None:
        """Base, if there is anything to merge onto it; None where that cannot be."""
        if not cards or board.config is None:
            return None
        try:
            return Onto(self.place, board.config)
        except GitkanbanError as error:
            self._refuse(cards, error)
            self._error(f"nothing is accepted: {error}")
            return None

    def _merged(self, onto: Onto, todo: Plan, card: str) -> Accepted | None:
        try:
            self._check_accepting(onto.config, todo.after.cards[card])
            return merged(onto, todo.after.cards[card], todo.after.runs_of(card), self.verified)
        except (GitkanbanError, OSError) as error:
            self._refuse([card], error)
            self._error(f"{card} is not accepted: {error}")
            return None

    def _check_accepting(self, config: Config, card: Card) -> None:
        """Refuse to accept without a person what was not allowed to be. Raises Untrusted."""
        why = trust.withheld(self.place, config).accepting(card.worker)
        if why:
            raise Untrusted(f"{why}; see `gitkanban trust`")

    def _refuse(self, cards: Sequence[str], error: Exception) -> None:
        self.given_up.update(cards)
        if not isinstance(error, BoardBusy):  # that passes
            self.refused.update(dict.fromkeys(cards, str(error)))

    def _start(
        self,
        board: Board,
        todo: Plan,
        seen: Observed,
        onto: Onto | None,
        accepted: Sequence[Accepted],
    ) -> bool:
        """Settle, accept and start in one commit; whether there is something new to look at.

        With a remote it is two: what has happened is ours to say, and base and board say it here
        before a start asks the remote. So a remote never says `done` of work that base lacks, and
        one that is out of reach stops no settlement.
        """
        gathering = self._gathering(todo.after)
        first = self.remote is not None and bool(todo.changes or gathering)
        wanted = [] if first else self._wanted_starts(board, todo)
        taken = self._reserve(board, todo, seen, wanted)
        committed = None
        try:
            claim = self.remote.claim if self.remote and taken else None
            changes = (*todo.changes, *gathering, *(seat.claim for seat in taken))
            committed = self._commit(board, changes, claim, onto)
        finally:
            if not committed:
                reserving.give_back(self.place, taken)
        if not committed:
            return True
        self.begun += len(taken)
        told = [line for each in accepted for line in each.told]
        self.outcome = self.outcome.adding(accepted=tuple(accepted), told=tuple(told))
        try:
            with self._following(committed, onto):
                self._close(todo, seen)
                failpoints.reach("tick.remember")
                self._remember(todo)
                failpoints.reach("tick.launch")
                failed = self._launch(todo.after, taken, read_whole(board.cards.values()))
        finally:
            reserving.leave(taken)
        if taken:
            held = held_after(todo, seen, {seat.card.id for seat in taken})
            self.outcome = self.outcome.adding(held=held)
        return failed or first or len(taken) < len(wanted) or bool(gathering)

    def _wanted_starts(self, board: Board, todo: Plan) -> list[Start]:
        """The planned starts, none while a remote cannot be reached or base cannot be one."""
        offline = self.remote is not None and bool(self.remote.offline)
        wanted = [s for s in todo.starts if not offline and s.card not in self.given_up]
        try:
            if wanted and board.config:
                check_base(self.place, base_of(self.place, board.config))
        except Refused as error:
            self._error(f"nothing starts: {error}")
            return []
        return wanted

    def _remember(self, todo: Plan) -> None:
        """Keep for the next tick what only saves it work; what is granted starts without it too."""
        try:
            remember(self.place, todo.ready_since, todo.served)
        except OSError as error:
            self._error(f"what was seen cannot be kept for the next tick: {error}")

    def _gathering(self, board: Board) -> Sequence[Change]:
        """Cards for memory proposals, when enough of them wait."""
        workers = board.config.workers.values() if board.config else ()
        if not any(worker.consolidate_to for worker in workers):
            return ()
        from gitkanban.runs.memory import consolidation  # late: few boards ask for it

        try:
            return consolidation.due(self.place, self.locks, board)
        except OSError as error:
            self._error(f"memory proposals cannot be read: {error}")
            return ()

    def _reserve(
        self, board: Board, todo: Plan, seen: Observed, wanted: Sequence[Start]
    ) -> list[Seat]:
        """Seats for the starts; whoever gets none is not tried again in this pass."""
        if board.config is None:
            return []
        found = reserving.reserve(
            self.place, self.locks, board.config, todo.after.cards, seen, wanted
        )
        self.given_up.update(found.without)
        self.outcome = self.outcome.adding(errors=tuple(found.errors))
        return found.seats

    def _launch(self, board: Board, taken: Sequence[Seat], whole: Container[str]) -> bool:
        """Start what was committed; whether a start failed, which the next round settles."""
        if not taken or board.config is None:
            return False
        failed = False
        launcher = Launcher(self.place, board, board.config, self.locks, self.executor, whole)
        starts = launcher.start_all(taken)
        for each in self.progress(starts, len(taken), "starting sessions"):
            if isinstance(each, Failure):
                failed = True
                self._error(f"{each.card} could not be started: {each.why}")
            else:
                self.outcome = self.outcome.adding(started=(each,))
        return failed
