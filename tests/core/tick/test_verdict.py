"""What a run's end means, as a table: (how it ended, what it left,
what it said) -> outcome, status.
"""

import pytest

from gitkanban.core.model import Run
from gitkanban.core.tick.facts import Exit, Report, RunFacts, StepEnd, Work
from gitkanban.core.tick.verdict import (
    ASKED,
    COUNTED,
    LIMITED,
    MISCONFIGURED,
    SUCCEEDED,
    attempts,
    verdict,
)

WORK = Work(tip="c2", session_commits=1)
LEFT = Work(tip="c2", leftover="c2", leftover_paths=("a.py",))
DROPPINGS = Work(tip="c2", leftover="c2")
PART = Work(tip="c2", session_commits=2, missed=("a", "b", "c", "d"))
MERGED = Work(tip="c2", merged=1)
NOTHING = Work(tip="c1")
DONE = Report("done", summary="all of it")
NO_CHANGE = Report("done", no_change=True)
ASKS = Report("block", why="which port?")


NEUTRAL = (LIMITED, MISCONFIGURED, "not-started", "lost", "rebooted")
_OUTCOMES = (SUCCEEDED, *COUNTED, *NEUTRAL, *ASKED)


def facts(
    code: int | None = 0,
    work: Work = NOTHING,
    report: Report | None = None,
    *,
    how: str = "exited",
    signal: int = 0,
    setup: int = 0,
    verify: int | None = None,
    **more: object,
) -> RunFacts:
    steps = [StepEnd("setup", setup)]
    if not setup and how != "not-started":
        steps.append(StepEnd("session", code, signal))
    if verify is not None:
        steps.append(StepEnd("verify", verify))
    base = RunFacts("r9", "T1", "w", "p", "p#1", 100, verified=verify is not None)
    return base._replace(exit=Exit(200, how, tuple(steps)), work=work, report=report, **more)  # type: ignore[arg-type]


LIMITED = {"rate_limited": True, "agent_error": "You've hit your limit"}
NO_LOGIN = {"misconfigured": True, "agent_error": "Invalid API key"}
UNNAMED = {"unnamed": True, "lasted": 3}


CASES = [
    ("commits", facts(work=WORK), "succeeded", "review"),
    ("commits and a red verify", facts(work=WORK, verify=1), "verify-failed", "todo"),
    ("commits and a green verify", facts(work=WORK, verify=0), "succeeded", "review"),
    ("verify never ran", facts(work=WORK, verified=True), "verify-failed", "todo"),
    ("nothing", facts(), "no-work", "todo"),
    ("nothing, reported done", facts(report=DONE), "no-work", "todo"),
    ("nothing, no change needed", facts(report=NO_CHANGE), "succeeded", "review"),
    ("uncommitted changes", facts(work=LEFT), "uncommitted", "todo"),
    (
        "uncommitted, supervisor commits",
        facts(work=LEFT, commits="supervisor"),
        "succeeded",
        "review",
    ),
    (
        "a part could not be committed",
        facts(work=PART, commits="supervisor"),
        "uncommitted",
        "todo",
    ),
    ("merged by itself", facts(work=MERGED), "succeeded", "review"),
    ("merged by itself, verify red", facts(work=MERGED, verify=1), "verify-failed", "todo"),
    ("droppings only", facts(work=DROPPINGS, commits="supervisor"), "no-work", "todo"),
    ("exit 0 but the agent says error", facts(work=WORK, agent_error="API"), "failed", "todo"),
    ("exit 3", facts(3, WORK), "failed", "todo"),
    ("exit 3, reported done", facts(3, WORK, DONE), "failed", "todo"),
    ("exit 75", facts(75), "rate-limited", "todo"),
    ("limit signature and exit 1", facts(1, rate_limited=True), "rate-limited", "todo"),
    ("limit signature in a good run", facts(0, WORK, rate_limited=True), "succeeded", "review"),
    ("limit in its last turn, exit 0", facts(0, **LIMITED), "rate-limited", "todo"),
    ("stalled on a limit", facts(None, how="stall", **LIMITED), "rate-limited", "todo"),
    ("no login", facts(1, **NO_LOGIN), "misconfigured", "blocked"),
    ("no login, exit 0", facts(0, **NO_LOGIN), "misconfigured", "blocked"),
    ("stalled on a login", facts(None, how="stall", **NO_LOGIN), "misconfigured", "blocked"),
    ("login sign in a good run", facts(0, WORK, misconfigured=True), "succeeded", "review"),
    ("failed before it named a session", facts(1, **UNNAMED), "not-started", "todo"),
    ("failed so, later", facts(1, unnamed=True, lasted=16), "failed", "todo"),
    ("failed so, who knows when", facts(1, unnamed=True), "failed", "todo"),
    ("failed so, with commits", facts(1, WORK, **UNNAMED), "failed", "todo"),
    ("did not know the conversation", facts(0, resumed=True, strayed=True), "not-started", "todo"),
    ("began another and works", facts(0, WORK, resumed=True, strayed=True), "succeeded", "review"),
    ("resumed, failed at once", facts(1, resumed=True, lasted=2), "not-started", "todo"),
    (
        "resumed, failed at once, exit 0",
        facts(0, agent_error="no such session", resumed=True, lasted=2),
        "not-started",
        "todo",
    ),
    ("resumed, failed later", facts(1, resumed=True, lasted=60), "failed", "todo"),
    ("names no session and works", facts(0, WORK, **UNNAMED), "succeeded", "review"),
    ("names no session, prints nothing", facts(0, **UNNAMED), "no-work", "todo"),
    ("signal 11", facts(None, signal=11), "killed", "todo"),
    ("setup failed", facts(setup=2), "setup-failed", "todo"),
    ("asks a person", facts(report=ASKS), "blocked", "blocked"),
    ("asks a person, then exits 1", facts(1, report=ASKS), "blocked", "blocked"),
    ("timeout", facts(None, WORK, how="timeout"), "timed-out", "todo"),
    ("stall", facts(None, how="stall"), "stalled", "todo"),
    ("stopped by a person", facts(None, WORK, how="stop"), "stopped", "blocked"),
    ("supervisor lost", facts(None, how="lost"), "lost", "todo"),
    ("reboot", facts(None, how="reboot"), "rebooted", "todo"),
    ("not started", facts(how="not-started"), "not-started", "todo"),
    ("out of memory", facts(how="out-of-memory"), "failed", "todo"),
    ("shared, reported", facts(report=DONE, shared=True), "succeeded", "review"),
    ("shared, verify green", facts(shared=True, verify=0), "succeeded", "review"),
    ("shared, silent", facts(shared=True), "no-work", "todo"),
]


@pytest.mark.parametrize(("what", "given", "outcome", "to"), CASES, ids=[c[0] for c in CASES])
def test_verdict(what: str, given: RunFacts, outcome: str, to: str) -> None:
    judged = verdict(given, [])
    assert (judged.outcome, judged.to) == (outcome, to)
    assert judged.why
    assert judged.outcome in _OUTCOMES


def test_what_could_not_be_committed_is_named() -> None:
    why = verdict(facts(work=PART), []).why
    assert why == "exit 0, but git could not take a, b, c and 1 more"


def test_a_merge_without_review_is_named() -> None:
    why = verdict(facts(work=MERGED), []).why
    assert why == "1 new commit, merged into base by the session itself, without review"


def earlier(*outcomes: str) -> list[Run]:
    return [Run(f"r{i}", "T1", outcome=outcome) for i, outcome in enumerate(outcomes)]


@pytest.mark.parametrize(
    ("given", "before", "to", "reason", "delay"),
    [
        (facts(1), (), "todo", "", 10),
        (facts(1), ("failed",), "blocked", "failed", 0),
        (facts(1, max_attempts=5), ("failed", "no-work"), "todo", "", 40),
        (facts(1, max_attempts=99), ("failed",) * 20, "todo", "", 600),
        (facts(1), ("rate-limited", "lost", "not-started"), "todo", "", 10),
        (facts(75), ("rate-limited",), "todo", "", 0),  # its profile waits, not the card
        (facts(75), ("rate-limited",) * 10, "todo", "", 0),
        (facts(75), ("rate-limited",) * 11, "blocked", "needs-input", 0),
        (facts(75), (*("rate-limited",) * 11, "failed"), "todo", "", 0),
        (facts(1, misconfigured=True), ("misconfigured",) * 3, "blocked", "config", 0),
        (facts(1, **UNNAMED), ("not-started",) * 2, "blocked", "config", 0),
        (facts(how="not-started"), ("not-started",), "todo", "", 20),
        (facts(how="not-started"), ("not-started",) * 2, "blocked", "config", 0),
        (facts(None, how="lost"), ("lost", "rebooted"), "todo", "", 40),
        (facts(None, how="lost"), ("lost",) * 3, "blocked", "failed", 0),
    ],
)
def test_what_follows_depends_on_what_happened_before(
    given: RunFacts, before: tuple[str, ...], to: str, reason: str, delay: int
) -> None:
    judged = verdict(given, earlier(*before))
    assert (judged.to, judged.reason, judged.delay) == (to, reason, delay)


def test_outcomes_are_distinct_and_neutral_ones_use_up_no_attempt() -> None:
    assert len(set(_OUTCOMES)) == len(_OUTCOMES)
    runs = earlier(*COUNTED, *NEUTRAL, "succeeded", "stopped")
    assert attempts(runs, "") == len(COUNTED)


def test_a_retry_forgives_what_came_before_it() -> None:
    assert attempts(earlier("failed", "failed", "failed"), "r1") == 1
