"""A remote whose other clones tick the same board: asked before starts, given what has happened.

It knows only the commits of a tick; `rounds` says when it is asked, and never while it has the tick
lock, but for claims. A failure holds back starts and unattended accepts, and nothing else: what has
happened here is on the board here.
"""

import time
from collections.abc import Sequence
from contextlib import suppress

from gitkanban import clock, failpoints
from gitkanban.board import store
from gitkanban.board.repo import checkouts, commits, remotes
from gitkanban.board.repo.place import Place
from gitkanban.board.repo.remotes import Denied, Offline
from gitkanban.board.sharing import fetching, late_refs, pushing, sync, unsent
from gitkanban.board.sharing.link import Link
from gitkanban.board.sharing.pushing import Published
from gitkanban.board.sharing.sync import Synced
from gitkanban.board.work import cardwork
from gitkanban.core.changes import AddNote, Change
from gitkanban.core.ids import branch_of
from gitkanban.core.model import Board, Config
from gitkanban.core.names import NO_OID, CardId, Oid
from gitkanban.core.tick.superseded import FENCED, LateWork, late_note
from gitkanban.core.tick.travel import FRESH, Load, last_work, wait_to_yield
from gitkanban.core.trust.trusted import ACCEPTING
from gitkanban.errors import GitkanbanError, Refused
from gitkanban.runs import trust
from gitkanban.runs.records import reached
from gitkanban.views.message import commit_message


def link_to(place: Place, remote: str, config: Config | None, by_hand: bool = False) -> Link:
    """Return what of this clone is shared with a remote, as its board and its owner want it.

    `by_hand`: also refs that it has lately refused to take are pushed.
    """
    if config is None or not config.sync_work:
        return Link(place, remote)
    withheld = trust.withheld(place, config)
    if withheld.pushing:
        return Link(place, remote)
    base = "" if place.prefix or withheld.board(ACCEPTING) else checkouts.base_of(place, config)
    closed = () if by_hand else reached.refused_refs(place.private, remote, int(clock.now()))
    return Link(place, remote, work=True, base=base, closed=closed)


def sync_by_hand(place: Place, remote: str, cards: bool) -> Synced:
    """Sync at once, whatever the remote did before. Raises as `sync.sync` does."""
    link = link_to(place, remote, _config_of(place), by_hand=True)
    done = sync.sync(link, cards)
    fetching.fetch_cards(link)  # at once, for a person who is about to review
    refused = dict(done.published.refused)
    # Who asks by hand may have lifted a protection: the next tick tries what it needs again.
    reached.forget_refusals(place.private, remote)
    reached.note_answer(place.private, remote, int(clock.now()), refused)
    late = [LateWork(*tip) for tip in done.published.fenced]
    late_refs.keep(place, late)
    _note_on_cards(link, late)
    lines = (*done.notices, *_refusal_lines(remote, done.published), *_send_late(link))
    return done._replace(notices=(*lines, *filter(None, [done.base_fault])))


def _config_of(place: Place) -> Config | None:
    try:
        return store.read(place).config
    except GitkanbanError:  # there is no board here yet, or none that can be read
        return None


def _note_on_cards(link: Link, late: Sequence[LateWork]) -> None:
    """Note on its card where work is whose branch has other commits at the remote.

    These come here, too, as far as the remote can be reached: the next attempt builds on them.
    """

    def notes(board: Board) -> list[Change]:
        return [
            AddNote(late_note(work, FENCED, int(clock.now())))
            for work in late
            if work.card in board.cards and all(n.id != work.run for n in board.notes_of(work.card))
        ]

    if late:
        store.commit(link.place, notes, message=commit_message)
        with suppress(Offline):
            fetching.fetch_branches(link, [work.card for work in late])


def _send_late(link: Link) -> list[str]:
    """Send what was set aside; a failure is a notice, for it is kept here as well."""
    if not link.work:
        return []
    try:
        return late_refs.send(link.place, link.remote)
    except GitkanbanError as error:
        return [f"warning: what was set aside is not sent: {error.message}"]


def _refusal_lines(remote: str, done: Published) -> list[str]:
    return [
        f"warning: {remote} does not take pushes to {ref.removeprefix('refs/heads/')} {why}"
        for ref, why in sorted(done.refused.items())
    ]


class Remote:
    """The remote of one tick: a claim counts once it is pushed there."""

    def __init__(self, place: Place, name: str) -> None:
        self.place, self.name = place, name
        self.offline = ""  # why nothing new may start: out of reach, or a sync or push failed
        self.base_fault = ""  # why nothing may be accepted: base here lacks what base there has
        self.uncertain = False  # the last claim may have arrived, but nobody here can tell
        self.waiting = False  # a start or an accept waits until the remote was asked
        self.notices: list[str] = []  # from syncs, and when it cannot be reached
        self.errors: list[str] = []  # faults that only a person can clear
        self._asked = False  # in this tick
        self._fetched = False  # the same
        self._unnoted: list[LateWork] = []  # work set aside, of which its card does not know yet
        self._lost, self._won, self._took = 0, False, 0.0  # claims, and the seconds of the last one
        now = int(clock.now())
        self._is_fresh = now - reached.recall(place.private, name).at < FRESH
        left = reached.wait_left(place.private, name, now)
        if left:
            self.offline = f"{name} was out of reach a moment ago, and is asked again in {left} s"
            self.notices.append(f"warning: {self.offline} (at once: gitkanban sync)")

    def may_claim(self, again: bool = False) -> bool:
        """Return whether a start or an accept can be asked for now; else note that one waits.

        `again`: one of the cards has been worked on. People may have pushed to its branch since,
        so this tick must have fetched.
        """
        if self.offline:
            return False
        may = self._is_fresh and (self._fetched or not again)
        self.waiting = self.waiting or not may
        return may

    def latest_of(self, card: CardId, board: Board) -> Oid:
        """Return the commit of the card's branch there that an attempt builds on; empty for none.

        That is what the last attempt left: the board names it and the remote has it there, for a
        record alone may say anything. Or it is what somebody has pushed there since; where that
        does not contain the last attempt, what this left is set aside, and its card says so.
        """
        runs = board.runs_of(card)
        last = last_work(runs)
        there = remotes.tip(self.place, self.name, branch_of(card))
        if last is None or not there or there == last.commit:
            return there if last else NO_OID
        link = link_to(self.place, self.name, board.config)
        recorded = {commit for run in runs for commit in (run.commit, run.start_commit)}
        if not link.work or there in recorded:  # this clone has not heard of what came after it
            return NO_OID
        common = self.place.common
        if not cardwork.present(self.place, [last.commit]):
            return NO_OID
        if commits.is_ancestor(common, there, last.commit):
            return NO_OID
        if not commits.is_ancestor(common, last.commit, there):
            late = LateWork(card, last.run, last.commit)
            late_refs.keep(self.place, [late])
            self._unnoted.append(late)
        return there

    def base_refusal(self, config: Config) -> str:
        """Return why no base can be pushed there, so that no tick may accept; empty if it can."""
        link = link_to(self.place, self.name, config)
        why = reached.why_refused(self.place.private, self.name, link.base_ref)
        if link.base and link.base_ref in link.closed:
            return f"{self.name} does not take pushes to {link.base} {why}: merge it there"
        return self.base_fault

    def claim(self, commit: Oid, board: Board, base: Oid = NO_OID) -> bool:
        """Push the commit of starts and accepts before it becomes the board's, and base with it.

        `board` is the board before it. Return False if another clone was first, or if the remote
        does not take it.
        """
        failpoints.reach("sync.claim")
        link = link_to(self.place, self.name, board.config)
        begun = time.monotonic()
        self.uncertain = True
        try:
            ahead = base if link.base and base else unsent.base_due(link, board)
            if ahead and self.base_fault:
                raise Refused(f"the remote lacks accepted work: {self.base_fault}")
            load = Load(commit, ahead, unsent.card_tips(link, board))
            done = pushing.publish(link, load, whole=True)
        except GitkanbanError as error:
            self.uncertain = isinstance(error, Offline)
            self._hold_back(error)
            return False
        self.uncertain = done.done
        self._took = time.monotonic() - begun
        self._note_answer(done)
        if done.done:
            failpoints.reach("sync.claimed")
            self._won, self._lost = True, 0
        elif not done.refused:
            self._is_fresh = False
            self._lost += 1
        return done.done

    def ask(self) -> bool:
        """Sync if anything waits for it; return whether that gives a tick something to look at.

        Call it without the tick lock: it may wait for the network.
        """
        if self.offline:
            return False
        link = link_to(self.place, self.name, _config_of(self.place))
        self._note_late_work(link)
        waited, self.waiting = self.waiting, False
        has_unsent = bool(unsent.load_of(link) != Load(NO_OID))
        if self._asked and not waited and not has_unsent:
            return False
        time.sleep(wait_to_yield(self._lost, self._won, self._took, clock.jitter()))
        try:
            fetches = waited or not has_unsent
            done = sync.sync(link, ask_first=fetches, send=not waited)
        except GitkanbanError as error:
            self._hold_back(error)
            return False
        self._note_answer(done.published)
        self._is_fresh, self._fetched = True, self._fetched or fetches
        self.notices += (*done.notices, *_send_late(link))
        self._note_base_fault(done.base_fault)
        noted = self._note_late_work(link)
        return done.pulled or waited or noted

    def _note_late_work(self, link: Link) -> bool:
        """Note on their cards what was set aside, and return whether anything was."""
        late, self._unnoted = self._unnoted, []
        _note_on_cards(link, late)
        return bool(late)

    def _note_answer(self, done: Published) -> None:
        self._asked = True
        private, now = self.place.private, int(clock.now())
        if done.sent:  # so it was base alone that was not taken before
            reached.confirm_refusals(private, self.name, now)
        if done.done:
            reached.note_answer(private, self.name, now, dict(done.refused))
        else:
            reached.note_refusals(private, self.name, now, dict(done.refused), certain=done.certain)
        self.notices += _refusal_lines(self.name, done)
        late = [LateWork(*tip) for tip in done.fenced]
        late_refs.keep(self.place, late)
        self._unnoted += late  # the board's branch must not move while a claim is under way

    def _note_base_fault(self, fault: str) -> None:
        if fault and fault != self.base_fault:
            self.errors.append(f"nothing is accepted: {fault}")
        self.base_fault = fault

    def _hold_back(self, error: GitkanbanError) -> None:
        self.offline = error.message
        if isinstance(error, Offline):
            reached.note_failure(self.place.private, self.name, int(clock.now()))
            until = "it does" if isinstance(error, Denied) else "it can be reached"
            line = f"warning: {error.message}; nothing new starts until {until}"
            self.notices.append(line)
        else:
            reached.forget_refusals(self.place.private, self.name)
            hint = f" ({error.hint})" if error.hint else ""
            self.errors.append(f"{error.message}{hint}; nothing new starts until then")
