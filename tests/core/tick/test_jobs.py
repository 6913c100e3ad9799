"""What is true of a run that a batch system has: one case for each row of the table."""

import itertools

import pytest

from gitkanban.core.engines import ENGINES, BatchJob, JobState
from gitkanban.core.tick.facts import Exit, RunFacts, Sighting, StepEnd
from gitkanban.core.tick.jobs import (
    FINAL,
    LIFE,
    GuardState,
    Traces,
    explain_end,
    judge_job,
    run_words,
)

NOW = 1_000_000
AT = "n1, job 7"
SUBMITTED = Traces(submitted=5.0)
BEGUN = Traces(guard="begun", submitted=500.0, silence=3.0)
SILENT = BEGUN._replace(silence=LIFE)
NEVER_BEAT = BEGUN._replace(silence=None)
ASKED = BEGUN._replace(asked=True)


def job(state: JobState, **more: object) -> BatchJob:
    return BatchJob(state, "7", "n1")._replace(**more)  # type: ignore[arg-type]


def ended(how: str, error: str = "", where: str = AT) -> Sighting:
    return Sighting("ended", where, error, Exit(NOW, how, error=error))  # type: ignore[arg-type]


GONE = {"node_answers": False}
UNREACHABLE = Sighting("unreachable", AT, "n1 does not answer")
ROWS = [
    ("waits", BatchJob("waiting", "7", reason="Resources"), SUBMITTED,
        Sighting("queued", "job 7", "Resources")),
    ("waits again after it began", job("waiting"), SILENT, ended("reboot", "Slurm put it back into the queue")),
    ("is being put back", job("waiting"), BEGUN, Sighting("live", AT)),
    ("runs", job("running"), BEGUN, Sighting("live", AT)),
    ("runs, not yet at its guard", job("running"), SUBMITTED, Sighting("live", AT)),
    ("runs without a beat", job("running"), SILENT, Sighting("live", AT)),
    ("suspended", job("running", reason="suspended"), SILENT, Sighting("live", AT, "suspended")),
    ("node lost", job("node-lost", **GONE), SILENT, UNREACHABLE),
    ("node lost, and the session beats on the share", job("node-lost", **GONE), BEGUN, UNREACHABLE),
    ("node gone, a person vouches for it", job("node-lost", **GONE), SILENT._replace(gone="Ada did"),
        ended("reboot", "Ada did")),
    ("forgotten with its node, a person vouches for it", job("unknown", **GONE),
        SILENT._replace(gone="Ada did"), ended("reboot", "Ada did")),
    ("somebody vouches for it, and the session beats", job("node-lost", **GONE),
        BEGUN._replace(gone="Ada did"), UNREACHABLE),
    ("somebody vouches for a node that answers", job("running"), SILENT._replace(gone="Ada did"),
        Sighting("live", AT)),
    ("node back, its orphan still there", job("node-lost"), BEGUN, Sighting("live", AT)),
    ("node back", job("node-lost"), SILENT, ended("reboot", "n1 failed")),
    ("node back, and somebody had asked it to end", job("node-lost"), SILENT._replace(asked=True),
        ended("stop")),
    ("preempted, and somebody had asked it to end", job("preempted"), ASKED, ended("stop")),
    ("node lost before it began", job("node-lost", **GONE), SUBMITTED, ended("reboot", "n1 failed")),
    ("preempted", job("preempted"), BEGUN, ended("reboot", "preempted on n1")),
    ("cancelled by us", job("cancelled"), ASKED, ended("stop")),
    ("cancelled by us while it waited", job("cancelled", node=""), SUBMITTED._replace(asked=True),
        ended("stop", where="job 7")),
    ("cancelled by others", job("cancelled", reason="Resources"), BEGUN,
        ended("stop", "cancelled in Slurm")),
    ("time limit", job("out-of-time"), BEGUN, ended("timeout", "Slurm ended it at its time limit")),
    ("deadline before it began", job("out-of-time"), SUBMITTED,
        ended("not-started", "its deadline or time limit in Slurm passed before it began")),
    ("out of memory", job("out-of-memory"), BEGUN, ended("out-of-memory", "out of memory on n1")),
    ("its node could not begin it", job("over"), SUBMITTED,
        ended("not-started", "its job ended on n1 before it began")),
    ("over without a record", job("over"), BEGUN,
        ended("lost", "its supervisor ended on n1 and left no exit record")),
    ("just submitted", BatchJob("unknown"), SUBMITTED, Sighting("queued")),
    ("never submitted", BatchJob("unknown"), Traces(),
        ended("not-started", "the tick that was starting it died", where="")),
    ("not known", BatchJob("unknown"), Traces(submitted=20.0),
        ended("not-started", "Slurm does not know its job", where="")),
    ("forgotten, and beats", job("unknown"), BEGUN, Sighting("live", AT)),
    ("forgotten", job("unknown"), SILENT, ended("lost", "Slurm no longer knows its job")),
    ("forgotten, began and never beat", job("unknown"), NEVER_BEAT,
        ended("lost", "Slurm no longer knows its job")),
    ("forgotten, node away", job("unknown", **GONE), SILENT, UNREACHABLE),
    ("buried", BatchJob("unknown"), Traces(guard="buried", submitted=500.0),
        ended("not-started", "Slurm never began it", where="")),
    ("buried, and brought back by the engine", job("running"), Traces(guard="buried"),
        ended("not-started", "Slurm never began it")),
]  # fmt: skip


@pytest.mark.parametrize(("what", "seen", "traces", "then"), ROWS, ids=[row[0] for row in ROWS])
def test_a_row_of_the_table(what: str, seen: BatchJob, traces: Traces, then: Sighting) -> None:
    assert judge_job(seen, traces, NOW, "Slurm") == then


def test_where_a_run_is_in_words() -> None:
    run = RunFacts("r", "T1", "w", "p", "p#1", 0, executor="cluster")
    said = [
        run_words(run._replace(phase="queued", note="Resources")),
        run_words(run._replace(phase="queued")),
        run_words(run._replace(phase="live", where="n1, job 7")),
        run_words(run._replace(phase="live", where="job 7", note="Slurm does not answer")),
        run_words(run._replace(phase="unreachable", where="n1, job 7", note="n1 does not answer")),
    ]
    assert said == [
        "queued at cluster: Resources",
        "queued at cluster",
        "cluster, n1, job 7",
        "cluster, job 7; Slurm does not answer",
        "out of reach at cluster: n1 does not answer",
    ]


STATES: tuple[JobState, ...] = (*sorted({*ENGINES["slurm"].states.values()}), "unknown", "silent")
GUARDS: tuple[GuardState, ...] = ("free", "begun", "buried")
EVERY = [
    (BatchJob(state, "7", "n1", node_answers=answers), Traces(False, guard, since, beat, asked))
    for state, answers, guard, since, beat, asked in itertools.product(
        STATES, (True, False), GUARDS, (None, 1.0, 500.0), (None, 1.0, 500.0), (True, False)
    )
]


def test_an_exit_record_counts_whatever_the_engine_says() -> None:
    for seen, traces in EVERY:
        found = judge_job(seen, traces._replace(recorded=True), NOW, "Slurm")
        assert (found.phase, found.end) == ("ended", None)


def test_every_end_without_a_record_says_how_and_nothing_else_does() -> None:
    for seen, traces in EVERY:
        found = judge_job(seen, traces, NOW, "Slurm")
        assert (found.phase == "ended") == (found.end is not None), (seen, traces)


@pytest.mark.parametrize("last", [None, BatchJob("node-lost", "7", "n1", node_answers=False)])
def test_silence_concludes_nothing(last: BatchJob | None) -> None:
    for seen, traces in EVERY:
        if seen.state == "silent" and traces.guard != "buried":
            begun = traces.guard == "begun"
            if last and not begun:
                continue  # it never began: this was concluded when the engine still answered
            found = judge_job(seen, traces, NOW, "Slurm", last=last)
            assert found.phase == ("unreachable" if last else "live" if begun else "queued")
            assert found.note == "Slurm does not answer"


def test_a_session_on_a_node_that_does_not_answer_is_never_taken_for_dead() -> None:
    for seen, traces in EVERY:
        lost = seen.state in ("node-lost", "unknown") and not seen.node_answers
        if lost and traces.guard == "begun":
            found = judge_job(seen, traces, NOW, "Slurm")
            assert found.phase in ("unreachable", "live")


@pytest.mark.parametrize("state", sorted(FINAL))
def test_an_end_that_the_engine_has_forgotten_is_judged_by_its_last_word(state: JobState) -> None:
    last = job(state)
    now_unknown = judge_job(BatchJob("unknown"), SILENT, NOW, "Slurm", last=last)
    assert now_unknown == judge_job(last, SILENT, NOW, "Slurm")


def test_nothing_that_began_is_called_not_started() -> None:
    for seen, traces in EVERY:
        found = judge_job(seen, traces, NOW, "Slurm")
        if found.end and found.end.how == "not-started":
            assert traces.guard != "begun"


@pytest.mark.parametrize(
    ("state", "how", "error"),
    [
        ("cancelled", "stop", "cancelled in Slurm"),
        ("out-of-time", "timeout", "Slurm ended it at its time limit"),
        ("preempted", "reboot", "preempted on n1"),
        ("node-lost", "reboot", "n1 failed"),
        ("over", "lost", "told"),
        ("running", "lost", "told"),
        ("unknown", "lost", "told"),
        ("silent", "lost", "told"),
    ],
)
def test_why_a_supervisor_was_told_to_end_is_the_engines_to_say(
    state: JobState, how: str, error: str
) -> None:
    record = Exit(NOW, "lost", error="told")
    found = explain_end(record, job(state), "Slurm")
    assert (found.how, found.error, found.ended) == (how, error, NOW)
    exited = record._replace(how="exited", steps=(StepEnd("session", 3),))
    assert explain_end(exited, job(state), "Slurm") == exited
    killed = record._replace(how="exited", steps=(StepEnd("session", None, 15),))
    explained = state in ("cancelled", "out-of-time", "preempted", "node-lost")
    assert (explain_end(killed, job(state), "Slurm") != killed) == explained
