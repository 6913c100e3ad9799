"""What ends of runs say of a clone's agents: quotas of profiles, faults of workers,
who is freed.
"""

import pytest

from gitkanban.core.model import Board, Card, Run
from gitkanban.core.tick.agent_state import (
    GROWN_MOST,
    TIMES_MOST,
    WAIT_LEAST,
    WAIT_MOST,
    asks_person,
    freed,
    freed_cards,
    learn,
    next_change,
    quota_now,
)
from gitkanban.core.tick.facts import AgentFault, AgentState, Quota, RunFacts

NOW = 1_764_000_000


def ended(
    outcome: str, started: int = NOW - 60, run: str = "r1", **more: object
) -> tuple[RunFacts, str]:
    facts = RunFacts(run, f"card-{run}", "coder", "p", "p#1", started)
    return facts._replace(**more), outcome  # type: ignore[arg-type]


def learned(state: AgentState, *ends: tuple[RunFacts, str], now: int = NOW) -> AgentState:
    after = learn(state, ends, now)
    assert learn(after, ends, now) == after, "the same ends, learned twice, change nothing"
    return after


@pytest.mark.parametrize(
    ("told", "wait"),
    [
        (NOW + 1800, 1800),
        (NOW + 5, WAIT_LEAST),
        (NOW - 500, WAIT_LEAST),
        (NOW + 5 * 86400, WAIT_MOST),
        (1 << 60, WAIT_MOST),
        (0, 60),
    ],
)
def test_a_quota_holds_until_the_told_time_within_bounds(told: int, wait: int) -> None:
    after = learned(AgentState(), ended("rate-limited", limited_until=told))
    assert after.quotas["p"].until == NOW + wait


def test_untold_quotas_grow_until_a_person_is_asked() -> None:
    state, now, waits = AgentState(), NOW, []
    for number in range(TIMES_MOST):
        assert quota_now(state, "p", now) is None
        end = ended("rate-limited", started=now + 1, run=f"r{number}")
        state = learned(state, end, now=now + 5)
        quota = state.quotas["p"]
        waits.append(quota.until - quota.since)
        now = quota.until
    assert waits[:4] == [60, 120, 240, 480]
    assert max(waits) == waits[-1] == GROWN_MOST
    assert asks_person(state.quotas["p"])
    assert quota_now(state, "p", now + 10 * 86400) is not None
    assert next_change(state, now) == 0


def test_sessions_that_meet_one_limit_count_as_one_and_the_latest_time_holds() -> None:
    first = ended("rate-limited", run="r1", limited_until=NOW + 600, agent_error="limit")
    second = ended("rate-limited", run="r2", limited_until=NOW + 900)
    third = ended("rate-limited", run="r3")
    together = learned(AgentState(), first, second, third)
    assert together.quotas == {"p": Quota(NOW, NOW + 900, 1, "limit")}
    later = learned(learned(AgentState(), first), second, now=NOW + 30)
    assert later.quotas == {"p": Quota(NOW, NOW + 900, 1, "limit")}


@pytest.mark.parametrize(
    ("outcome", "started", "ends"),
    [
        ("succeeded", NOW + 70, True),
        ("no-work", NOW + 70, True),
        ("blocked", NOW + 70, True),
        ("succeeded", NOW - 70, False),  # it began before
        ("failed", NOW + 70, False),
        ("not-started", NOW + 70, False),
        ("lost", NOW + 70, False),
    ],
)
def test_an_answer_after_a_quota_ends_its_growth(outcome: str, started: int, ends: bool) -> None:
    state = learned(AgentState(), ended("rate-limited"))
    after = learned(state, ended(outcome, started, run="r2"), now=NOW + 100)
    assert ("p" not in after.quotas) is ends


@pytest.mark.parametrize(
    ("quota", "holds"),
    [
        (Quota(NOW - 10, NOW + 50), True),
        (Quota(NOW - 60, NOW), False),
        (Quota(NOW + 500, NOW + 800), False),  # by a clock that was ahead
        (Quota(NOW - WAIT_MOST, NOW + 86400), False),  # nobody can have set that
    ],
)
def test_a_quota_holds_between_its_times_alone(quota: Quota, holds: bool) -> None:
    assert (quota_now(AgentState({"p": quota}), "p", NOW) is not None) is holds


def test_the_first_fault_of_a_worker_is_the_one_that_is_kept() -> None:
    first = ended("misconfigured", run="r1", agent_error="Invalid API key")
    state = learned(AgentState(), first, ended("misconfigured", run="r2", agent_error="other"))
    assert state.faults == {"coder": AgentFault(NOW, "Invalid API key", "card-r1", "r1")}
    assert learned(state, ended("succeeded", NOW + 9, run="r3")).faults == state.faults


def test_freeing_a_worker_leaves_those_of_other_profiles() -> None:
    quota, fault = Quota(NOW, NOW + 60), AgentFault(NOW, "", "T1", "r1")
    state = AgentState({"p": quota, "q": quota}, {"coder": fault, "other": fault})
    assert freed(state, {"coder": "p"}) == AgentState({"q": quota}, {"other": fault})


def test_only_cards_that_a_fault_has_blocked_here_are_freed() -> None:
    def blocked(name: str, reason: str = "config") -> Card:
        return Card(name, "t", "coder", "blocked", reason=reason, why="401")

    def run(outcome: str, worker: str = "coder", clone: str = "here") -> Run:
        return Run("r1", "", worker=worker, clone=clone, outcome=outcome)

    cases = {
        "T1": (blocked("T1"), run("misconfigured")),
        "T2": (blocked("T2"), run("not-started")),
        "T3": (blocked("T3", "needs-input"), run("misconfigured")),
        "T4": (blocked("T4"), run("misconfigured", clone="there")),
        "T5": (blocked("T5"), run("misconfigured", worker="other")),
        "T6": (Card("T6", "t", "coder"), run("misconfigured")),
    }
    cards = {name: card for name, (card, _) in cases.items()}
    runs = {name: (run._replace(card=name),) for name, (_, run) in cases.items()}
    changes = freed_cards(Board("main", "", None, cards, runs), ["coder"], "here")
    assert [change.card for change in changes] == ["T1"]  # type: ignore[union-attr]
