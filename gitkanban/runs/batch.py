"""Sessions as jobs of a batch system that shares the file system with us; see `core.engines`.

What a job's state means is decided in `core.tick.jobs`; here the engine is asked, once for all
runs, and told. After a command to which it did not answer it is asked nothing more by this object,
and nothing is concluded or submitted: every command to a dead engine may cost its whole patience.
"""

import os
import sys
from collections.abc import Container, Iterable, Mapping, Sequence

from gitkanban import clock, failpoints, files
from gitkanban.board.repo import limited
from gitkanban.board.repo.place import Place
from gitkanban.core import engines
from gitkanban.core.engines import BatchJob, Engine
from gitkanban.core.names import RunId
from gitkanban.core.tick.bad_nodes import failed_node, nodes_to_leave_out, waiting_words
from gitkanban.core.tick.facts import Exit, Sighting
from gitkanban.core.tick.jobs import explain_end, is_explainable, judge_job, place_words
from gitkanban.errors import Refused
from gitkanban.late import shlex
from gitkanban.runs import briefing, leases, trust
from gitkanban.runs.briefing import Launch
from gitkanban.runs.records import agent_state, folders, job_records
from gitkanban.runs.records.folders import Folder
from gitkanban.runs.recovering import Recovering
from gitkanban.runs.supervision import guard, supervisor
from gitkanban.runs.supervision.locks import Locks

PREFIX = "gk."  # of the names of our jobs
AFTER_GRACE = 30.0  # seconds after a session's grace at which its whole job is cancelled
# States in which a job may still do something, the likeliest to have our session first.
_OPEN = ("running", "waiting", "node-lost")
# States from which no end follows, if there was no last word of it before.
_NO_END = ("running", "waiting", "silent")


class NoAnswer(Exception):
    """The engine does not answer, and nothing may be concluded from that."""


class Batch(Recovering):
    """The jobs of one engine, as seen at one moment: make a new object to look again."""

    def __init__(self, place: Place, locks: Locks, engine: Engine) -> None:
        super().__init__(place, locks)
        self.engine = engine
        self._jobs: dict[str, list[BatchJob]] | None = None  # by name; None: not asked yet
        self._silence = ""  # why the engine is asked nothing more
        self._submitted: set[RunId] = set()  # since it was asked
        self._nodes: dict[str, bool] = {}  # node -> whether it answers

    # -- what executors do

    def ready(self) -> str:
        """Return why nothing can be submitted now; empty if it can."""
        try:
            self._list_jobs()
        except NoAnswer as silence:
            return str(silence)
        return ""

    def rehearse(self, options: Sequence[str]) -> str:
        """Return why the engine would refuse every job with these options; empty: it would not."""
        try:
            ended = self._ask_engine(engines.fill(self.engine.rehearse, {}, options), fails=True)
        except NoAnswer as silence:
            return str(silence)
        return _last_line(ended.err) if ended.code else ""

    def start(self, launch: Launch) -> int:
        """Submit a job that becomes the run's supervisor, leave its locks standing, and return 0.

        Raises Refused or OSError only when it will never begin. If the engine does not say whether
        it has the job, the run is left as it is: the next look finds out.
        """
        folder = folders.of(launch.place.private, launch.lease.run)
        executor = launch.config.executors[launch.worker.executor]
        if why := self.ready():
            raise Refused(why)
        briefing.write_files(launch, folder)
        script = folder.file("job.sh")
        files.replace(script, _script_of(folder).encode(), 0o700)
        for lock in launch.reservation.locks:
            self.locks.leave_standing(lock, folder.run)
        failpoints.reach("submit.locks-standing")
        job_records.note_submission(folder, clock.now())
        failpoints.reach("submit.noted")
        minutes = str(_minutes_of(launch))
        named = {"name": PREFIX + folder.run, "minutes": minutes, "script": script}
        lists: list[Sequence[str]] = [executor.options]
        if nodes := self._nodes_to_leave_out(launch):
            job_records.note_left_out(folder, nodes, engines.own_exclusion(self.engine, lists[0]))
            lists.insert(0, engines.leave_nodes_out(self.engine, lists[0], nodes))
        try:
            self._submit_job(folder, [engines.fill(self.engine.submit, named, o) for o in lists])
            failpoints.reach("submit.submitted")
        except NoAnswer:
            pass
        except OSError:  # a full disk, say, once the job was accepted
            if _bury_surely(folder):
                raise
        leases.release(launch.reservation.locks)
        return 0

    def look(self, runs: Iterable[Folder]) -> Mapping[RunId, Sighting]:
        """Return what became of each of the runs, with one question to the engine for all."""
        every = list(runs)
        now = clock.now()
        sightings = {folder.run: self._look_at_run(folder, now) for folder in every}
        self._cancel_ghosts(besides=sightings)
        return sightings

    def stop(self, folder: Folder, why: str) -> bool:
        """Leave a stop request, and wake the supervisor, or cancel a job that has not begun.

        False if the run has ended. A supervisor that cannot be reached reads the request first if
        it ever wakes.
        """
        if folder.has("exit.json"):
            return False
        folder.request_stop(why)
        failpoints.reach("stop.asked")
        try:
            job = self._find_job(folder)
            if job.state == "running":
                self._ask_engine(engines.fill(self.engine.signal, {"job": job.id}))
            elif job.state == "waiting":
                self._ask_engine(engines.fill(self.engine.cancel, {"job": job.id}))
                self._forget_jobs()
        except NoAnswer:
            pass  # every later look tries again
        return True

    def _end_run(self, folder: Folder, now: float) -> Exit | None:
        """Say how a run ended, once it is certain that it has, and never will begin again."""
        end = self._look_at_run(folder, now).end
        if end is None:
            return None
        if guard.read(folder.path)[0] != "begun" and not guard.bury(folder.path):
            return None
        failpoints.reach("guard.buried")
        try:
            self._cancel_jobs(PREFIX + folder.run)
        except NoAnswer:
            pass  # its guard is taken: a job that comes later leaves at once
        if end.how == "stop" and not end.error:
            return end._replace(error=" ".join(folder.text("stop", 500, 0).split()))
        return end

    # -- nodes that a job leaves out

    def _nodes_to_leave_out(self, launch: Launch) -> dict[str, int]:
        """Return the nodes that a new job leaves out, each with the time until which it does."""
        if not self.engine.exclude:
            return {}
        failed = ""
        if launch.last_run:  # its folder may be gone, or in another clone
            before = folders.of(self.place.private, launch.last_run)
            failed = failed_node(before.exit(), job_records.last_known_job(before))
        known = agent_state.recall(self.place).nodes
        return nodes_to_leave_out(known, launch.worker.executor, failed, int(clock.now()))

    def _admit_nodes(self, folder: Folder, job: BatchJob, now: float) -> list[str]:
        """Let a job that waits go to the nodes that it left out for long enough.

        Return those that it still leaves out.
        """
        nodes, own = job_records.left_out(folder)
        still = {node: until for node, until in nodes.items() if now < until}
        if still != nodes and job.state == "waiting" and self.engine.admit:
            named = {"job": job.id, "nodes": ",".join(filter(None, (own, *still)))}
            try:
                refused = self._ask_engine(engines.fill(self.engine.admit, named), fails=True).code
            except NoAnswer:
                refused = 1
            if refused:
                return sorted(nodes)  # the next look tries again
            job_records.note_left_out(folder, still, own)
        return sorted(still)

    # -- one run

    def _look_at_run(self, folder: Folder, now: float) -> Sighting:
        title = self.engine.title
        end = folder.exit() if folder.has_ended() else None
        if end:
            return self._look_at_end(folder, end, now)
        if folder.run in self._submitted:  # a moment ago: that is no reason to ask again
            where = place_words(job_records.job_begun(folder))
            return Sighting("queued", where, waiting_words("", job_records.left_out(folder)[0]))
        try:
            job = self._find_job(folder)
        except NoAnswer:
            job = job_records.job_begun(folder)._replace(state="silent")
        last = job_records.last_word(folder)
        begun = job_records.read_guard(folder)[0] == "begun"
        concludes = last is not None or job.state not in _NO_END
        if concludes:
            begun = guard.read(folder.path)[0] == "begun"
        doubtful = begun and job.state in ("unknown", "node-lost", "waiting")
        if doubtful and job.node:
            job = job._replace(node_answers=self._node_answers(job.node))
        job_records.note_word(folder, job)
        traces = job_records.known_traces(folder, now)
        if concludes or doubtful:
            traces = job_records.traces(folder, now, beat=doubtful)
        if traces.recorded and (end := folder.exit()):  # since the disk was asked
            return self._look_at_end(folder, end, now)
        sighting = judge_job(job, traces, int(now), title, last=last, settling=self.engine.settling)
        if sighting.phase == "live" and traces.asked:
            self._pursue_stop(folder, job, now)
        if sighting.phase == "queued" and (left_out := self._admit_nodes(folder, job, now)):
            return sighting._replace(note=waiting_words(sighting.note, left_out))
        return sighting

    def _look_at_end(self, folder: Folder, end: Exit, now: float) -> Sighting:
        """Say how a run with this record ended, and why it got a signal once its engine says so."""
        if not is_explainable(end):
            return Sighting("ended")
        try:
            job = self._find_job(folder)
        except NoAnswer:
            return Sighting("ended")
        job_records.note_word(folder, job)
        if job.state == "running" and job_records.is_young_record(folder, now):
            return Sighting("live", note="its job is ending")
        job = job_records.last_word(folder) or job
        return Sighting("ended", end=explain_end(end, job, self.engine.title))

    def _pursue_stop(self, folder: Folder, job: BatchJob, now: float) -> None:
        """Cancel the job of a run that was asked to end, and has not for too long."""
        grace = folder.spec().number("grace", briefing.GRACE)
        since = job_records.seconds_since_request(folder, now)
        if job.id and job.state == "running" and since > grace + AFTER_GRACE:
            try:
                self._ask_engine(engines.fill(self.engine.cancel, {"job": job.id}))
            except NoAnswer:
                pass

    def _find_job(self, folder: Folder) -> BatchJob:
        """Return the run's job: the one that has its guard, else the one that may begin yet.

        Raises NoAnswer.
        """
        begun = job_records.job_begun(folder)
        if folder.run in self._submitted:
            self._forget_jobs()
        jobs = self._list_jobs().get(PREFIX + folder.run, [])
        ours = [job for job in jobs if job.id == begun.id] if begun.node else []
        for state in _OPEN:
            ours = ours or [job for job in jobs if job.state == state]
        job = (ours or jobs or [begun])[-1]
        return job if job.node or not begun.node else job._replace(node=begun.node)

    # -- the engine

    def _submit_job(self, folder: Folder, argvs: Iterable[Sequence[str]]) -> None:
        """Submit a job by the first of these commands that the engine accepts.

        Raises Refused when it will never begin, NoAnswer when it may or may not.
        """
        ended = limited.Ended(0, b"", b"")
        for at, argv in enumerate(argvs):
            if at:  # there are no other nodes
                job_records.note_left_out(folder, {}, "")
            ended = self._ask_engine(argv, fails=True)
            if ended.code == 0:
                self._submitted.add(folder.run)
                words = ended.out.decode("utf-8", "replace").split()
                job_records.note_id(folder, words[-1].partition(";")[0] if words else "")
                return
            self._forget_jobs()
            jobs = self._list_jobs().get(PREFIX + folder.run, ())
            if any(job.state in _OPEN for job in jobs):
                return  # refused in words, and accepted in fact
        if guard.bury(folder.path):
            raise Refused(f"{self.engine.title} refused it: {_last_line(ended.err)}")

    def _list_jobs(self) -> Mapping[str, Sequence[BatchJob]]:
        """Return the jobs by name; the engine is asked once. Raises NoAnswer."""
        if self._jobs is None:
            text = self._ask_engine(self.engine.look, here=True).out.decode("utf-8", "replace")
            jobs: dict[str, list[BatchJob]] = {}
            try:
                for name, job in engines.read_jobs(self.engine, text):
                    if name.startswith(PREFIX):
                        jobs.setdefault(name, []).append(job)
            except ValueError as error:
                self._silence = str(error)
                raise NoAnswer(self._silence) from None
            self._jobs = jobs
        return self._jobs

    def _forget_jobs(self) -> None:
        """Have the engine asked again by whoever needs its jobs next."""
        self._jobs = None
        self._submitted.clear()

    def _cancel_jobs(self, name: str) -> None:
        for job in self._list_jobs().get(name, ()):
            if job.state in _OPEN:
                self._ask_engine(engines.fill(self.engine.cancel, {"job": job.id}))

    def _cancel_ghosts(self, besides: Container[RunId]) -> None:
        """Cancel jobs whose run is settled here:
        an engine that lost its state may bring them back.

        Runs `besides` those were just looked at, so they are not settled.
        """
        for name in self._jobs or ():
            run = RunId(name.removeprefix(PREFIX))
            if run not in besides and folders.of(self.place.private, run).has("settled"):
                try:
                    self._cancel_jobs(name)
                except NoAnswer:
                    return

    def _node_answers(self, node: str) -> bool:
        if node not in self._nodes:
            try:
                ended = self._ask_engine(engines.fill(self.engine.node, {"node": node}))
                text = ended.out.decode("utf-8", "replace")
                self._nodes[node] = engines.node_answers(self.engine, text)
            except NoAnswer:
                self._nodes[node] = False
        return self._nodes[node]

    def _ask_engine(
        self, argv: Sequence[str], fails: bool = False, here: bool = False
    ) -> limited.Ended:
        """Run a command of the engine. Raises NoAnswer; if it `fails` that is an answer, too.

        One that heeds no folder may run `here`, in ours, where it starts sooner.
        """
        if self._silence:
            raise NoAnswer(self._silence)
        title, path = self.engine.title, trust.search_path(self.place)
        env = {"PATH": path, "LC_ALL": "C.UTF-8", **trust.common_environment()}
        env |= {name: os.environ[name] for name in self.engine.env if name in os.environ}
        try:
            program = trust.program(argv[0], path)
            ended = limited.run(
                [program, *argv[1:]],
                cwd=None if here else "/",
                env=env, limit=self.engine.patience, apart=True,
            )  # fmt: skip
        except limited.TimedOut:
            self._silence = f"{title} does not answer ({argv[0]} took {self.engine.patience:g} s)"
        except FileNotFoundError:
            lack = f"{argv[0]} is not on the PATH that `gitkanban trust` recorded"
            self._silence = f"{title} cannot be asked: {lack}"
        except OSError as error:
            self._silence = f"{title} cannot be asked: {argv[0]}: {error.strerror}"
        else:
            if ended.code == 0 or fails:
                return ended
            self._silence = f"{title} does not answer ({_last_line(ended.err)})"
        raise NoAnswer(self._silence)


def _last_line(text: bytes) -> str:
    """Return the last line of what a command says of its failure, but for advice to read help."""
    lines = text.decode("utf-8", "replace").strip().splitlines()
    lines = [line for line in lines if not line.startswith("Try ")]
    last = " ".join((lines or ["it gives no reason"])[-1].split())
    while ": " in last and " " not in last.partition(": ")[0]:  # `sbatch: error: `
        last = last.partition(": ")[2]
    return last[:300]


def _bury_surely(folder: Folder) -> bool:
    """Return whether the run never begins now; if that is uncertain, the next look finds out."""
    try:
        return guard.bury(folder.path)
    except OSError:
        return False


def _script_of(folder: Folder) -> str:
    """Return the script of a job: it becomes the run's supervisor."""
    argv = [sys.executable, "-I", "-S", "-c", supervisor.BOOT, briefing.ROOT, folder.path]
    return f"#!/bin/sh\nexec {shlex.join(argv)}\n"


def _minutes_of(launch: Launch) -> int:
    """Return the minutes that a job may take: all its steps, and ten to spare."""
    worker = launch.worker
    steps = 1 + bool(worker.setup) + bool(worker.verify)
    return (steps * worker.timeout + 59) // 60 + 10
