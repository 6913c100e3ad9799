"""What is true of a run that a batch system has: its job, its guard, its beat and its exit record.

A pure table. A batch system's silence proves nothing, and neither does its word that a node is
lost: a session may live there. What proves an end is the exit record, or that nothing which could
still write one is left. Asking the engine, and the effects of an end, are in `runs`.
"""

from gitkanban.core.engines import BatchJob, JobState
from gitkanban.core.tick.facts import EndCause, Exit, RunFacts, Sighting
from gitkanban.typed import Literal, NamedTuple

# Who took the guard of a run, the file that makes it begin at most once: nobody, its supervisor, or
# a tick that had to be certain that it never will.
GuardState = Literal["free", "begun", "buried"]

_ENDING = (9, 15)  # KILL and TERM, which engines send to every process of a job
LIFE = 60.0  # seconds for which a beat is a sign of life; its absence proves nothing
# What an engine says once and then forgets.
FINAL: frozenset[JobState] = frozenset(
    (
        *("node-lost", "preempted", "cancelled"),
        *("out-of-time", "out-of-memory", "over"),
    )
)


class Traces(NamedTuple):
    """What a run's folder says of it, whatever its engine says."""

    recorded: bool = False  # its exit record is there
    guard: GuardState = "free"
    submitted: float | None = None  # seconds since it was submitted; None: it was not
    silence: float | None = None  # seconds since the last beat; None: there was none
    asked: bool = False  # somebody asked it to end
    gone: str = ""  # who vouches that its node is gone for good, and nothing lives there


# Long: it is the whole table, a line for each of its rows.
def judge_job(
    job: BatchJob,
    traces: Traces,
    now: int,
    title: str,
    *,
    last: BatchJob | None = None,
    settling: float = 20.0,
) -> Sighting:
    """Say what is true of a run of the engine `title`.

    `last` is what the engine said of an end earlier and may have forgotten since. `settling` is for
    how many seconds after a submission the engine need not know the job.
    """
    if traces.recorded:
        return Sighting("ended", place_words(job))
    if job.state == "silent":  # nothing is concluded
        note = f"{title} does not answer"
        if last:
            return judge_job(last, traces, now, title)._replace(note=note)
        begun = traces.guard == "begun"
        return Sighting("live" if begun else "queued", place_words(job), note)
    if job.state == "unknown" and last:
        job = last._replace(node_answers=job.node_answers)
    begun, where = traces.guard == "begun", place_words(job)
    at = f" on {job.node}" if job.node else ""
    match job.state:
        case _ if traces.guard == "buried":
            return _end_without_record(where, now, "not-started", f"{title} never began it")
        case "waiting" if not begun:
            return Sighting("queued", where, job.reason)
        case "waiting" if not _beats_lately(
            traces
        ):  # a job that began waits again: nothing of it lives
            return _end_without_record(where, now, "reboot", f"{title} put it back into the queue")
        case "running":
            return Sighting("live", where, job.reason)
        case "waiting":
            return Sighting("live", where)
        case "node-lost" | "unknown" if begun and traces.gone and not _beats_lately(traces):
            return _end_without_record(where, now, "reboot", traces.gone)
        case "node-lost" if begun and not job.node_answers:
            return Sighting("unreachable", where, f"{job.node or 'its node'} does not answer")
        case "node-lost" if begun and _beats_lately(traces):
            return Sighting("live", where)
        case "node-lost" | "preempted" if traces.asked:
            return _end_without_record(where, now, "stop")
        case "node-lost":
            return _end_without_record(where, now, "reboot", f"{job.node or 'its node'} failed")
        case "preempted":
            return _end_without_record(where, now, "reboot", f"preempted{at}")
        case "cancelled" if traces.asked:
            return _end_without_record(where, now, "stop")
        case "cancelled":
            return _end_without_record(where, now, "stop", f"cancelled in {title}")
        case "out-of-time" if begun:
            return _end_without_record(where, now, "timeout", f"{title} ended it at its time limit")
        case "out-of-memory" if begun:
            return _end_without_record(where, now, "out-of-memory", f"out of memory{at}")
        case "over" if begun:
            return _end_without_record(
                where, now, "lost", f"its supervisor ended{at} and left no exit record"
            )
        case "out-of-time":
            late = f"its deadline or time limit in {title} passed before it began"
            return _end_without_record(where, now, "not-started", late)
        case "over" | "out-of-memory":
            return _end_without_record(
                where, now, "not-started", f"its job ended{at} before it began"
            )
        case _ if not begun and traces.submitted is None:
            return _end_without_record(
                where, now, "not-started", "the tick that was starting it died"
            )
        case _ if not begun and (traces.submitted or 0) < settling:
            return Sighting("queued", where)
        case _ if not begun:
            return _end_without_record(where, now, "not-started", f"{title} does not know its job")
        case _ if _beats_lately(traces):
            return Sighting("live", where)
        case _ if not job.node_answers:
            return Sighting("unreachable", where, f"{job.node or 'its node'} does not answer")
        case _:
            return _end_without_record(where, now, "lost", f"{title} no longer knows its job")


def run_words(facts: RunFacts) -> str:
    """Where a run of an executor is, in words: `queued at cluster: Resources`."""
    if facts.phase == "queued":
        return f"queued at {facts.executor}{f': {facts.note}' if facts.note else ''}"
    if facts.phase == "unreachable":
        return f"out of reach at {facts.executor}: {facts.note}"
    where = f"{facts.executor}, {facts.where}" if facts.where else facts.executor
    return f"{where}; {facts.note}" if facts.note else where


def is_explainable(end: Exit) -> bool:
    """Whether a run ended by a signal that its supervisor or its session got from somebody."""
    session = end.step("session")
    return end.how == "lost" or (
        end.how == "exited" and session is not None and session.signal in _ENDING
    )


def explain_end(end: Exit, job: BatchJob, title: str) -> Exit:
    """Say why a run got the signal that ended it, if its engine has sent it.

    `end` is the record, which cannot know that. It stays as it is where the engine has ended the
    job for no reason of its own.
    """
    if not is_explainable(end) or job.state not in FINAL or job.state == "over":
        return end
    begun = Traces(guard="begun")
    why = judge_job(job._replace(node_answers=True), begun, end.ended, title).end
    return end._replace(how=why.how, error=why.error) if why else end


def _end_without_record(where: str, now: int, how: EndCause, error: str = "") -> Sighting:
    return Sighting("ended", where, error, Exit(now, how, error=error))


def _beats_lately(traces: Traces) -> bool:
    return traces.silence is not None and traces.silence < LIFE


def place_words(job: BatchJob) -> str:
    """`n1, job 4711`."""
    return ", ".join(filter(None, (job.node, job.id and f"job {job.id}")))
