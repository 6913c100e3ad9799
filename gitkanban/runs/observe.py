"""What is true outside the board, as facts: runs of this clone, slots, branches, trust.

It decides nothing, and changes nothing but wrong lease tokens.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress

from gitkanban.board.repo import git
from gitkanban.board.repo.checkouts import base_of
from gitkanban.board.repo.clone import clone_id, host
from gitkanban.board.repo.place import Place
from gitkanban.core import graph
from gitkanban.core.model import REVIEW, RUNNING, SHARED, TODO, Board, Config
from gitkanban.core.names import CardId, Oid, ProfileName, RunId, WorkerName
from gitkanban.core.split_cards import open_cards
from gitkanban.core.tick.facts import Elsewhere, Exit, Observed, RunFacts, Sighting
from gitkanban.core.tick.unattended import to_accept
from gitkanban.core.trust.tampering import TamperFinding
from gitkanban.core.trust.trusted import ACCEPTING
from gitkanban.core.trust.withheld import Withheld
from gitkanban.runs import spending, trust, watching, worker_programs
from gitkanban.runs.records import (
    agent_state,
    folders,
    last_tick,
    listings,
    machines,
    sightings,
    slots,
    supervised,
)
from gitkanban.runs.records.folders import Folder, card_of, run_of
from gitkanban.runs.supervision import boundedlog, spec
from gitkanban.runs.supervision.locks import Locks
from gitkanban.typed import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from gitkanban.core.agents.readers import Reading
    from gitkanban.runs.executors import Executors

_HEAD, _TAIL, _ERRORS = 64 << 10, 2 << 20, 16 << 10  # bytes of an agent's output that are read


class _ExecutorNews(NamedTuple):
    """What was learned of executors: sightings of their runs, and which can start nothing."""

    sightings: Mapping[RunId, Sighting] = {}
    unready: Mapping[str, str] = {}
    asked: bool = False  # just now, and not at the last tick

    def of(self, folder: Folder) -> Sighting:
        """Return what became of a run of an executor."""
        return self.sightings.get(folder.run, Sighting("queued"))


def observe(
    place: Place,
    board: Board,
    now: int,
    locks: Locks,
    executors: "Executors | None" = None,
    runs: Sequence[Folder] | None = None,
) -> Observed:
    """Return the facts that a plan needs. Raises GitkanbanError, OSError.

    Whether a run of this machine lives is read from its locks: that takes no git and no look at
    processes. `executors` are asked about all others. `runs` are those of this clone that are
    unsettled, if the caller has just looked at them.
    """

    def ask_executors(runs: Sequence[Folder]) -> _ExecutorNews:
        asked = executors
        if asked is None:
            from gitkanban.runs.executors import Executors  # late: few boards have any

            asked = Executors(place, locks)
        look = _ExecutorNews(
            asked.look(runs), asked.unready(board.config, _executors_wanted(board)), asked=True
        )
        sightings.remember(place.private, look.sightings, look.unready)
        return look

    here = folders.unsettled(place.private) if runs is None else runs
    observed, live = _look_at_place(place, board, now, locks, here=here, ask=ask_executors)
    for folder, its_spec in live:
        with suppress(OSError):  # the token is only for people to read
            slots.mend(place, folder, its_spec)
    listings.save(place.private, observed.known_runs)
    return observed._replace(
        merged=_merged_in_review(place, board), commits_here=_commits_here(place, board)
    )


def glance(place: Place, board: Board, now: int, locks: Locks) -> Observed:
    """Return those facts of `observe` that can hold cards back; change nothing.

    Git runs only for work that may not be here (`board.presence`). What executors said is as of the
    last tick. Raises OSError, GitFailed.
    """
    return _look_at_place(
        place,
        board,
        now,
        locks,
        here=folders.unsettled(place.private),
        ask=lambda _: _ExecutorNews(*sightings.recall(place.private)),
    )[0]


def _executors_wanted(board: Board) -> set[str]:
    """Return the executors on which cards in todo would run."""
    if board.config is None or not board.config.executors:
        return set()
    names = {card.worker for card in open_cards(board.cards) if card.status == TODO}
    workers = (board.config.workers.get(name) for name in names)
    return {worker.executor for worker in workers if worker and worker.executor}


# Long: it fills in every field of what is observed.
def _look_at_place(
    place: Place,
    board: Board,
    now: int,
    locks: Locks,
    here: Iterable[Folder],
    ask: Callable[[Sequence[Folder]], _ExecutorNews],
) -> tuple[Observed, list[tuple[Folder, spec.Spec]]]:
    """Return the facts, and the folders of live runs with the beginnings of their specs."""
    from gitkanban.board.repo import standstill

    every = list(folders.every(place.private))
    named = {card.run for card in open_cards(board.cards) if card.run}
    unsettled = [
        folder
        for folder in here
        # A start that a remote was asked for, without an answer, is a run once the board names it.
        if folder.run in named or not folder.shows(folders.CLAIM)
    ]
    specs = {folder.run: folder.facts() for folder in unsettled}
    away = [folder for folder in unsettled if specs[folder.run].one("executor")]
    look = ask(away) if away or _executors_wanted(board) else _ExecutorNews()
    standing = {  # busy by their executors' word: their locks need not be tried
        slots.lock_name(specs[folder.run].one("slot"))
        for folder in away
        if look.of(folder).phase != "ended" and not folder.shows("exit.json")
    }
    locked = standing | locks.locked(_lock_names_to_probe(board, specs.values()) - standing)
    runs = tuple(_run_facts(folder, specs[folder.run], locked, look) for folder in unsettled)
    pairs = zip(runs, unsettled, strict=True)
    ready, served = last_tick.schedule(place.private)
    clone = clone_id(place)
    withheld = trust.withheld(place, board.config) if board.config else Withheld()
    findings = watching.findings(place)
    observed = Observed(
        now=now,
        host=host(),
        machine=machines.machine_key(),
        clone=clone,
        base=base_of(place, board.config) if board.config else "",
        elsewhere=_work_elsewhere(place, board, clone),
        runs=tuple(facts for facts in runs if facts.card),
        known_runs=frozenset(folder.run for folder in every),
        refused=_still_refused(place, board),
        busy_slots=frozenset(slots.slots_of(locked)),
        tampering=findings,
        untrusted={**_suspect_workers(board.config, findings), **withheld.starts},
        unready=look.unready,
        missing=worker_programs.find_missing(place, board.config) if board.config else {},
        agents=agent_state.recall(place),
        runs_today=spending.runs_today(place, board, now),
        withheld=withheld.lines,
        ready_since=ready,
        served=served,
        standstill=standstill.reason(place) or standstill.crowded(place),
    )
    return observed, [(folder, specs[folder.run]) for facts, folder in pairs if facts.alive]


def _suspect_workers(
    config: Config | None, findings: Sequence[TamperFinding]
) -> Mapping[WorkerName, str]:
    """Return every worker with the finding, where the config starts nothing after tampering."""
    if config is None or not findings or not config.holds_tampering:
        return {}
    return dict.fromkeys(config.workers, findings[0].what)


def _lock_names_to_probe(board: Board, specs: Iterable[spec.Spec]) -> set[str]:
    """Return the locks to probe: those of all configured slots and of unsettled runs."""
    names = set()
    if board.config:
        profiles = {worker.profile for worker in board.config.workers.values()}
        for profile in profiles:
            limit = board.config.profile_limit(profile)
            names |= {f"slot/{profile}/{number + 1}" for number in range(limit)}
    for card in open_cards(board.cards):
        if card.status == RUNNING and card.slot:
            names.add(slots.lock_name(card.slot))
    for its_spec in specs:
        of_card, of_slot = supervised.lock_names(card_of(its_spec), its_spec.one("slot"))
        names.add(of_slot)
        if not its_spec.one("executor"):  # of others the engine says whether they live
            names.add(of_card)
    return names


def _run_facts(
    folder: Folder, its_spec: spec.Spec, locked: set[str], news: _ExecutorNews
) -> RunFacts:
    """Return the facts of one run; `its_spec` is the beginning of its spec."""
    away = its_spec.one("executor")
    alive = not away and supervised.is_alive(folder, its_spec, locked)
    sighting = Sighting("live" if alive else "ended")
    if away:
        sighting = news.of(folder)
    waits = news.asked and sighting.phase == "queued"  # its executor has just looked for a record
    # Of a live one there may be a record, but the engine is about to say why it ended.
    end = None if waits or (away and sighting.phase == "live") else folder.exit()
    if away and end:
        end = sighting.end or end
    facts = RunFacts(
        run=run_of(its_spec),
        card=card_of(its_spec),
        worker=WorkerName(its_spec.one("worker")),
        profile=ProfileName(its_spec.one("profile")),
        slot=its_spec.one("slot"),
        started=int(its_spec.number("started", 0)),
        start_commit=Oid(its_spec.one("start_commit")),
        phase="ended" if end else sighting.phase,
        executor=away,
        where=sighting.where,
        note=sighting.note,
        session=its_spec.one("session_id"),
        resumed=its_spec.one("resumed") == "1",
        commits=its_spec.one("commits", "session"),
        shared=its_spec.one("policy") == SHARED,
        verified=its_spec.one("verified") == "1",
        max_attempts=int(its_spec.number("max_attempts", 2)),
        needs=tuple((n, int(c)) for n, c in its_spec.pairs("needs").items() if c.isdigit()),
    )
    # Its last letter may have come with its end; where no session has begun there is none.
    if end or (not waits and folder.has_mail()):
        facts = _with_letters(facts, folder)
    if not facts.alive:
        facts = facts._replace(tries=folder.tries())
    return _with_end(facts, folder, its_spec, end) if end else facts


def _with_end(facts: RunFacts, folder: Folder, its_spec: spec.Spec, end: Exit) -> RunFacts:
    """Return the facts of an ended run, with what it left and what its session reported."""
    from gitkanban.core.agents import (
        readers,  # late: most looks at a board find no run that has ended
    )

    reading = read_session(folder, its_spec.one("runner"), end)
    return facts._replace(
        exit=end,
        node=_last_node(folder) if facts.executor else "",
        collected=not folder.uncollected(its_spec),
        given_up=folder.given_up(),
        tampering=watching.of_run(folder),
        work=folder.work(),
        report=facts.report or folder.report(),
        session=reading.session or facts.session,
        rate_limited=reading.limited,
        limited_until=reading.limited_until,
        misconfigured=reading.misconfigured,
        strayed=facts.resumed and reading.session not in ("", facts.session),
        unnamed=not reading.session and readers.names_sessions(its_spec.one("runner")),
        lasted=folder.session_seconds(end),
        agent_error=reading.error,
        summary=reading.summary,
        cost_usd=reading.cost_usd,
        tokens_in=reading.tokens_in,
        tokens_out=reading.tokens_out,
        denied=reading.denied,
    )


def _last_node(folder: Folder) -> str:
    from gitkanban.runs.records import job_records  # late: few boards have executors

    return job_records.last_known_job(folder).node


def _with_letters(facts: RunFacts, folder: Folder) -> RunFacts:
    from gitkanban.core.tick.letters import report_in  # late: few looks at a board find any
    from gitkanban.runs import mailbox

    mail = mailbox.receive(folder)
    report = report_in(mail.letters, facts.card)
    return facts._replace(letters=mail.letters, bad_letters=mail.bad, report=report)


def read_session(folder: Folder, runner: str, end: Exit) -> "Reading":
    """Return what the session of an ended run printed, as its preset's reader understands it."""
    from gitkanban.core.agents import (
        readers,  # late: most looks at a board find no run that has ended
    )

    stdout = folder.text("stdout.log", _HEAD, _TAIL)
    output = readers.SessionOutput(
        stdout,
        folder.text("stderr.log", 0, _ERRORS),
        folder.text("last_message", 0, _ERRORS).strip(),
        folder.text("usage.json", 0, _ERRORS),
        whole=folder.size("stdout.log") <= _HEAD + _TAIL and boundedlog.CUT_SIGN not in stdout,
        failed=end.how == "stall" or _session_failed(end),
    )
    offset = time.localtime(end.ended).tm_gmtoff
    return readers.read(runner, output, end.ended, offset)


def _session_failed(end: Exit) -> bool:
    session = end.step("session")
    return session is not None and bool(session.exit or session.signal)


def _commits_here(place: Place, board: Board) -> frozenset[Oid]:
    """Return the commits, present here, of recorded runs whose cards are still `running`."""
    wanted = {
        run.commit
        for card in open_cards(board.cards)
        if card.status == RUNNING
        for run in board.runs_of(card.id)
        if run.run == card.run and run.commit
    }
    if not wanted:
        return frozenset()
    asked = "".join(f"{commit}^{{commit}}\n" for commit in sorted(wanted))
    done = git.run(place.common, "cat-file", "--batch-check", input=asked.encode())
    return frozenset(
        Oid(line.split(" ")[0])
        for line in done.text.splitlines()
        if line.endswith(" commit") or " commit " in line
    )


def _merged_in_review(place: Place, board: Board) -> dict[CardId, Oid]:
    if all(card.status != REVIEW for card in open_cards(board.cards)):
        return {}
    if board.config and trust.withheld(place, board.config).board(ACCEPTING):
        return {}  # a branch that may not be base must not decide this
    from gitkanban.board.work import integrate

    return integrate.already_merged(place, board)


def _work_elsewhere(place: Place, board: Board, clone: str) -> dict[CardId, Elsewhere]:
    asked = any(
        card.status == REVIEW or (card.status == TODO and card.parents)
        for card in open_cards(board.cards)
    )
    if not asked and not graph.archived_parents(board):
        return {}
    from gitkanban.board import presence

    return presence.elsewhere(place, board, clone)


def _still_refused(place: Place, board: Board) -> Mapping[str, str]:
    """Return the refused cards that a tick has yet to accept, with the reasons."""
    reasons = last_tick.refused(place.private)
    waiting = to_accept(board) if reasons else ()
    return {card: why for card, why in reasons.items() if card in waiting}
