"""What a run's end means: a pure function of its exit record, what it left in git, and its report.

The outcome is recorded. Where the card goes next follows from the outcome and from how often it
happened before. Nothing here touches the board.
"""

from collections.abc import Mapping, Sequence

from gitkanban.core.backoff import BACKOFF_FIRST, BACKOFF_MOST
from gitkanban.core.model import (
    BLOCKED,
    CONFIG,
    FAILED,
    NEEDS_INPUT,
    REVIEW,
    TODO,
    BlockReason,
    Run,
    RunOutcome,
)
from gitkanban.core.tick.facts import Exit, RunFacts
from gitkanban.typed import Final, Literal, NamedTuple

# How a run can end. Counted outcomes use up an attempt. Those that are neither counted nor asked
# for are retried after a delay, up to limits of their own.
SUCCEEDED: Final = "succeeded"
COUNTED: tuple[RunOutcome, ...] = (
    "failed",  # the session exited with an error
    "killed",  # a signal ended it
    "no-work",  # it exited cleanly and left no commit
    "uncommitted",  # it left changes that it should have committed, or that git cannot commit
    "setup-failed",
    "verify-failed",
    "timed-out",
    "stalled",
)
LIMITED: Final = (
    "rate-limited"  # its service asked us to come back later, which concerns the whole profile
)
MISCONFIGURED: Final = (
    "misconfigured"  # not logged in, or settings that cannot work: a person must act
)
ASKED: tuple[RunOutcome, ...] = ("blocked", "stopped", "cancelled")  # somebody asked for this end

LIMITED_MOST = 12  # limits in a row that a card may meet before a person is asked
LOST_MOST = 3
NOT_STARTED_MOST = 3
BEGIN_MOST = 15  # seconds; an agent that fails sooner may never have begun
TEMPFAIL = 75  # EX_TEMPFAIL of sysexits.h: "try again later"


# Ends of which no session's exit code tells: (outcome, what is said if the record says nothing).
_WITHOUT_WORD: Mapping[str, tuple[RunOutcome, str]] = {
    "reboot": ("rebooted", "the machine was restarted during the run"),
    "lost": ("lost", "its supervisor was gone and left no exit record"),
    "out-of-memory": ("failed", "it ran out of memory"),
    "not-started": ("not-started", "it could not be started"),
}


class Verdict(NamedTuple):
    """The outcome of a run, the reason in one line, and what it means for the card."""

    outcome: RunOutcome
    why: str
    to: Literal["review", "todo", "blocked"]
    reason: BlockReason | Literal[""] = ""  # if `to` is blocked
    delay: int = 0  # seconds before the next attempt


def verdict(facts: RunFacts, earlier: Sequence[Run]) -> Verdict:
    """Judge an ended run. `earlier` are the card's runs that still count, oldest first.

    `facts.exit` must be set: a run without an exit record has not ended.
    """
    assert facts.exit is not None
    if facts.given_up:
        why = f"it could not be closed and was given up: {facts.given_up}"
        return Verdict("lost", why, BLOCKED, FAILED)
    outcome, why = judge(facts, facts.exit)
    if facts.exit.how == "stop":
        return Verdict(outcome, why, BLOCKED, NEEDS_INPUT)
    if outcome == SUCCEEDED:
        return Verdict(outcome, why, REVIEW)
    if outcome == "blocked":
        assert facts.report is not None
        return Verdict(outcome, why, BLOCKED, facts.report.reason or NEEDS_INPUT)
    return _retry_verdict(outcome, why, facts.max_attempts, earlier)


def judge(facts: RunFacts, end: Exit) -> tuple[RunOutcome, str]:
    """Return the outcome of a run, and one line on what decided it."""
    match end.how:
        case "stop":
            return "stopped", end.error or "stopped on request"
        case "timeout":
            return "timed-out", end.error or "it ran longer than its timeout"
        case "stall" if facts.rate_limited:
            return LIMITED, _limit_words(facts)
        case "stall" if facts.misconfigured:
            return MISCONFIGURED, _misconfigured_words(facts)
        case "stall":
            return "stalled", "no output and no change for longer than its stall_timeout"
        case "reboot" | "lost" | "out-of-memory" | "not-started" as how:
            outcome, words = _WITHOUT_WORD[how]
            return outcome, end.error or words
    include, setup, session = map(end.step, ("include", "setup", "session"))
    if include and (include.exit or include.signal):
        return "not-started", "what .worktreeinclude names could not be copied; `logs` says why"
    if setup and (setup.exit or setup.signal):
        return "setup-failed", f"setup {_end_words(setup.exit, setup.signal)}"
    if facts.report and facts.report.kind == "block":
        return "blocked", facts.report.why or "the session asked for a person"
    if session is None:
        return "not-started", end.error or "the session was never started"
    if session.exit == TEMPFAIL or (facts.rate_limited and (session.exit or facts.agent_error)):
        return LIMITED, _limit_words(facts)
    if facts.misconfigured and (session.exit or facts.agent_error):
        return MISCONFIGURED, _misconfigured_words(facts)
    if session.signal:
        return "killed", f"the session {_end_words(None, session.signal)}"
    if session.exit:
        error = f": {facts.agent_error}" if facts.agent_error else ""
        return _failed_or_never_began(facts), f"the session {_end_words(session.exit, 0)}{error}"
    if facts.agent_error:
        return _failed_or_never_began(facts), f"exit 0, but the agent says: {facts.agent_error}"
    return _judge_work(facts, end)


def _limit_words(facts: RunFacts) -> str:
    error = f": {facts.agent_error}" if facts.agent_error else ""
    return f"the agent's service asked us to come back later{error}"


def _misconfigured_words(facts: RunFacts) -> str:
    return facts.agent_error or "the agent is not logged in"


def _failed_or_never_began(facts: RunFacts) -> RunOutcome:
    """The outcome of a failed session: `failed`, or `not-started` if it failed at once.

    It may never have begun because two first sessions of an agent raced, or because the agent does
    not know the conversation that it was to resume.
    """
    quick = facts.lasted is not None and facts.lasted <= BEGIN_MOST
    idle = not facts.work.session_commits and not facts.work.leftover
    return "not-started" if quick and idle and (facts.unnamed or facts.resumed) else "failed"


def _judge_work(facts: RunFacts, end: Exit) -> tuple[RunOutcome, str]:
    verify = end.step("verify")
    if verify and (verify.exit or verify.signal):
        return "verify-failed", f"verify {_end_words(verify.exit, verify.signal)}"
    if facts.verified and not verify:
        return "verify-failed", "verify did not run"
    reported = facts.report is not None and facts.report.kind == "done"
    if facts.shared:
        if reported or facts.verified:
            return SUCCEEDED, "reported done" if reported else "verify passed"
        return "no-work", "a shared checkout has no branch: it must report done, or have a verify"
    work = facts.work
    if work.missed:
        return "uncommitted", f"exit 0, but git could not take {_first_paths(work.missed)}"
    if work.session_commits:
        return SUCCEEDED, f"{work.session_commits} new commit{_plural_s(work.session_commits)}"
    if work.merged:
        own = f"{work.merged} new commit{_plural_s(work.merged)}"
        return SUCCEEDED, f"{own}, merged into base by the session itself, without review"
    if facts.commits == "supervisor" and work.leftover and work.leftover_paths:
        count = len(work.leftover_paths)
        return SUCCEEDED, f"changes to {count} file{_plural_s(count)}"
    if reported and facts.report and facts.report.no_change:
        return SUCCEEDED, "reported that no change is needed"
    if work.leftover and work.leftover_paths:
        return "uncommitted", "exit 0, but its changes were not committed"
    if facts.strayed:  # its prompt had only what is new, about a card that it never saw
        return "not-started", "the agent no longer knew the card's conversation, and began another"
    return "no-work", "exit 0, but no new commit and no `done --no-change`"


def _retry_verdict(
    outcome: RunOutcome, why: str, max_attempts: int, earlier: Sequence[Run]
) -> Verdict:
    if outcome == LIMITED:  # the whole profile waits, see `agent_state`
        times = _streak_length(earlier, (LIMITED,)) + 1
        if times >= LIMITED_MOST:
            return Verdict(outcome, f"{why}, {times} times", BLOCKED, NEEDS_INPUT)
        return Verdict(outcome, why, TODO)
    if outcome == MISCONFIGURED:
        return Verdict(outcome, why, BLOCKED, CONFIG)
    if outcome == "not-started":
        streak = _streak_length(earlier, ("not-started",))
        if streak + 1 >= NOT_STARTED_MOST:
            return Verdict(outcome, why, BLOCKED, CONFIG)
        return Verdict(outcome, why, TODO, delay=_grown_delay(BACKOFF_FIRST, BACKOFF_MOST, streak))
    if outcome in ("lost", "rebooted"):
        lost = sum(run.outcome in ("lost", "rebooted") for run in earlier)
        if lost + 1 > LOST_MOST:
            return Verdict(outcome, f"{why}, {lost + 1} times", BLOCKED, FAILED)
        return Verdict(outcome, why, TODO, delay=_grown_delay(BACKOFF_FIRST, BACKOFF_MOST, lost))
    failed = sum(run.outcome in COUNTED for run in earlier)
    if failed + 1 >= max_attempts:
        return Verdict(outcome, why, BLOCKED, FAILED)
    return Verdict(outcome, why, TODO, delay=_grown_delay(BACKOFF_FIRST, BACKOFF_MOST, failed))


def destination(run: Run, max_attempts: int, earlier: Sequence[Run]) -> Verdict:
    """Decide where a card goes that is still `running` although its run is already recorded."""
    if run.outcome == SUCCEEDED:
        return Verdict(run.outcome, run.why, REVIEW)
    if run.outcome in ASKED:
        return Verdict(run.outcome, run.why, BLOCKED, NEEDS_INPUT)
    return _retry_verdict(run.outcome or "failed", run.why, max_attempts, earlier)


def counting(runs: Sequence[Run], attempts_after: str) -> tuple[Run, ...]:
    """The runs that still count: those after a person's last retry, reject or reopen."""
    return tuple(run for run in runs if run.run > attempts_after)


def attempts(runs: Sequence[Run], attempts_after: str) -> int:
    """How many attempts a card has used up."""
    # Most cards have no runs, and views ask of thousands.
    return sum(run.outcome in COUNTED for run in counting(runs, attempts_after)) if runs else 0


def _streak_length(runs: Sequence[Run], outcomes: tuple[str, ...]) -> int:
    count = 0
    for run in reversed(runs):
        if run.outcome not in outcomes:
            break
        count += 1
    return count


def _grown_delay(first: int, most: int, times: int) -> int:
    return min(first << min(times, 20), most)


def _end_words(code: int | None, number: int) -> str:
    return f"was ended by signal {number}" if number else f"exited with {code}"


def _first_paths(paths: Sequence[str]) -> str:
    more = f" and {len(paths) - 3} more" if len(paths) > 3 else ""
    return ", ".join(paths[:3]) + more


def _plural_s(count: int) -> str:
    return "" if count == 1 else "s"
