"""What a run folder says of the run's job: when it was submitted, whether it began, its last word.

The clock of a node may be wrong, so the age of a beat is measured by ours: from the moment at which
this value of it was first noticed.
"""

import os
from collections.abc import Mapping

from gitkanban.core.engines import BatchJob
from gitkanban.core.tick.jobs import FINAL, LIFE, GuardState, Traces
from gitkanban.late import json
from gitkanban.runs.records.folders import Folder
from gitkanban.runs.supervision import guard

_COMPLETING = 30.0  # seconds that a job may take to end after its supervisor
_SUBMITTED, _ID, _LAST, _BEAT = "submitted", "job", "job.json", "beat.json"
_LEFT_OUT, _GONE = "left-out.json", "gone"


def note_submission(folder: Folder, now: float) -> None:
    """Record that the run is about to be submitted. Raises OSError."""
    folder.write(_SUBMITTED, f"{now:.3f}\n".encode())


def note_id(folder: Folder, job: str) -> None:
    """Record the id of the job that the engine named. Raises OSError."""
    folder.write(_ID, f"{job}\n".encode(), lasting=False)


def job_begun(folder: Folder) -> BatchJob:
    """Return the job by the guard, or by what its submission said; its state is `unknown`.

    Raises OSError.
    """
    _, job, node = read_guard(folder)
    return BatchJob("unknown", job or " ".join(folder.record(_ID).split()), node)


def read_guard(folder: Folder) -> tuple[GuardState, str, str]:
    """Return (who has the guard, the id of the job that began, its node). Raises OSError."""
    return guard.read(folder.path) if folder.shows(guard.NAME) else ("free", "", "")


def traces(folder: Folder, now: float, *, beat: bool = False) -> Traces:
    """Return what the folder says of the run; `beat`: also for how long it has been silent.

    The folder itself is asked, and listed first: a network file system may otherwise remember for a
    while that a record was not there. Raises OSError.
    """
    names = os.listdir(folder.path)
    return Traces(
        recorded="exit.json" in names,
        guard=guard.read(folder.path)[0],
        submitted=_seconds_since_submission(folder, now),
        silence=_seconds_of_silence(folder, now) if beat else None,
        asked="stop" in names,
        gone=" ".join(folder.text(_GONE, 500, 0).split()) if beat else "",
    )


def known_traces(folder: Folder, now: float) -> Traces:
    """Return what is known of the run without a look at its folder: no end may follow from it."""
    submitted = _seconds_since_submission(folder, now)
    return Traces(guard=read_guard(folder)[0], submitted=submitted, asked=folder.shows("stop"))


def note_gone(folder: Folder, words: str, now: float) -> float:
    """Record that a person vouches that the run's node is gone, and return 0.0.

    If its session has given a sign of life too lately, that is not recorded: return the seconds
    after which it may be. Raises OSError.
    """
    silence = traces(folder, now, beat=True).silence
    if silence is not None and silence < LIFE:
        return LIFE - silence
    folder.request_stop(words)  # in case its supervisor ever wakes
    folder.write(_GONE, f"{words}\n".encode())
    return 0.0


def seconds_since_request(folder: Folder, now: float) -> float:
    """Return how long ago the run was asked to end; 0 if it was not."""
    try:
        return max(0.0, now - os.stat(folder.file("stop")).st_mtime)
    except OSError:
        return 0.0


def is_young_record(folder: Folder, now: float) -> bool:
    """Return whether a run's record is so new that its job may not have ended yet."""
    try:
        return 0 <= now - os.stat(folder.file("exit.json")).st_mtime < _COMPLETING
    except OSError:
        return False


def _seconds_since_submission(folder: Folder, now: float) -> float | None:
    try:
        return max(0.0, now - float(folder.record(_SUBMITTED)))
    except ValueError:
        return 0.0 if folder.has(_SUBMITTED) else None


def _seconds_of_silence(folder: Folder, now: float) -> float | None:
    try:
        value = os.stat(folder.file("beat")).st_mtime_ns
    except FileNotFoundError:
        return None
    row = _read_row(folder, _BEAT)
    since = row.get("since")
    if row.get("beat") == value and isinstance(since, int | float) and since <= now:
        return now - since
    _write_row(folder, _BEAT, {"beat": value, "since": now})
    return 0.0


def last_word(folder: Folder) -> BatchJob | None:
    """Return what the engine said of the job's end, which it may have forgotten since."""
    row = _read_row(folder, _LAST)
    state = next((each for each in FINAL if each == row.get("state")), None)
    if state is None:
        return None
    job, node, reason = (str(row.get(name) or "") for name in ("id", "node", "reason"))
    return BatchJob(state, job, node, reason, node_answers=row.get("node_answers") is not False)


def last_known_job(folder: Folder) -> BatchJob:
    """Return what was last known of the run's job; empty if it had none. Raises OSError."""
    return last_word(folder) or job_begun(folder)


def note_left_out(folder: Folder, nodes: Mapping[str, int], own: str) -> None:
    """Record the nodes that the job leaves out, each until when, and those of the user's own.

    Raises OSError.
    """
    _write_row(folder, _LEFT_OUT, {"nodes": dict(nodes), "own": own})


def left_out(folder: Folder) -> tuple[dict[str, int], str]:
    """Return what `note_left_out` has recorded."""
    row = _read_row(folder, _LEFT_OUT)
    nodes, own = row.get("nodes"), row.get("own")
    rows = nodes.items() if isinstance(nodes, dict) else ()
    until = {str(name): at for name, at in rows if isinstance(at, int)}
    return until, own if isinstance(own, str) else ""


def note_word(folder: Folder, job: BatchJob) -> None:
    """Record what the engine says of the job, if that is an end. Raises OSError."""
    if job.state in FINAL and last_word(folder) != job:
        _write_row(folder, _LAST, job._asdict())


def _read_row(folder: Folder, name: str) -> Mapping[str, object]:
    try:
        text = folder.record(name)
        row = json.loads(text) if text else {}
    except ValueError:
        return {}
    return row if isinstance(row, dict) else {}


def _write_row(folder: Folder, name: str, row: Mapping[str, object]) -> None:
    folder.write(name, json.dumps(row).encode() + b"\n", lasting=False)
