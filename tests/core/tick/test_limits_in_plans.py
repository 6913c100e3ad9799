"""What a limit, a missing login or a spent budget means for the cards of a board, in one plan."""

import pytest

from gitkanban.core.agents.cost import DOLLAR
from gitkanban.core.changes import applied
from gitkanban.core.model import Board, Run
from gitkanban.core.tick.facts import AgentFault, AgentState, Exit, Quota, RunFacts, StepEnd
from gitkanban.core.tick.plan import plan
from gitkanban.core.tick.schedule import schedule
from gitkanban.core.tick.standing import standing
from tests.support.boards import CLONE, NOW, board, held, observed, starts

POOL = """
    backend pool 3 profile=hermes
    docs lane profile=hermes
    other lane profile=claude
"""
LIMIT = {"rate_limited": True, "agent_error": "usage limit reached", "limited_until": NOW + 1800}
NO_LOGIN = {"misconfigured": True, "agent_error": "Invalid API key"}
UNTIL = AgentState({"hermes": Quota(NOW - 60, NOW + 1800, 1, "usage limit reached")})


def ended(card: str, worker: str = "backend", profile: str = "hermes", **more: object) -> RunFacts:
    end = Exit(NOW, "exited", (StepEnd("session", 1),))
    facts = RunFacts(f"run-{card}", card, worker, profile, f"{profile}#1", NOW - 60, exit=end)
    return facts._replace(**more)  # type: ignore[arg-type]


def texts(given: Board, **seen: object) -> dict[str, str]:
    return {e.card: e.text for e in schedule(given, observed(**seen)).holds}


def test_a_limit_holds_every_worker_of_the_profile_and_costs_no_attempt() -> None:
    given = board("A running", "B todo", "C todo @docs", "D todo @other", workers=POOL)
    found = plan(given, observed(runs=(ended("A", **LIMIT),)))
    assert starts(found) == ["D claude#1"]
    assert held(found) == {"A": "quota", "B": "quota", "C": "quota"}
    words = "hermes: quota until 16:30 UTC, in 30 min (usage limit reached)"
    assert {e.text for e in found.holds} == {words}
    assert {e.at for e in found.holds} == {NOW + 1800}
    assert found.notices == (words,)
    card = applied(given, found.changes).cards["A"]
    assert (card.status, card.not_before) == ("todo", 0)


def test_a_plan_of_a_limit_planned_again_starts_nothing_and_says_nothing_more() -> None:
    given = board("A running", "B todo", workers=POOL)
    first = plan(given, observed(runs=(ended("A", **LIMIT),)))
    again = plan(applied(given, first.changes), observed(agents=first.agents))
    assert (again.starts, again.changes, again.notices) == ((), (), ())
    late = observed(now=NOW + 1800, agents=first.agents)
    assert starts(plan(applied(given, first.changes), late)) == ["A hermes#1", "B hermes#2"]


def test_a_missing_login_blocks_one_card_and_holds_its_worker_for_the_others() -> None:
    given = board("A running", "B running", "C todo", "D todo @docs", workers=POOL)
    found = plan(given, observed(runs=(ended("A", **NO_LOGIN), ended("B", **NO_LOGIN))))
    after = applied(given, found.changes)
    blocked = after.cards["A"]
    assert (blocked.status, blocked.reason, blocked.why) == ("blocked", "config", "Invalid API key")
    assert after.cards["B"].status == "todo"
    assert [run.outcome for run in after.runs_of("A") + after.runs_of("B")] == ["misconfigured"] * 2
    assert after.paused == {}
    assert held(found) == {"B": "misconfigured", "C": "misconfigured"}
    assert starts(found) == ["D hermes#1"]
    text = "backend cannot work on this machine: Invalid API key"
    assert texts(after, agents=found.agents)["C"] == text
    assert found.notices == (
        f"{text}; it starts nothing here until `gitkanban resume backend`, once that is fixed",
    )
    # The same ends once more, after the state was kept and the board's commit was not.
    seen = observed(runs=(ended("A", **NO_LOGIN), ended("B", **NO_LOGIN)), agents=found.agents)
    assert plan(given, seen).changes == found.changes


FALLBACK = """
    backend pool 3 profile=hermes fallback=spare
    spare lane profile=claude
"""


@pytest.mark.parametrize(
    ("more", "began", "stays"),
    [
        ({}, ["B hermes#1", "A claude#1"], {}),
        ({"agents": UNTIL}, ["A claude#1"], {"B": "worker"}),
        ({"agents": UNTIL, "untrusted": {"spare": "new"}}, [], {"A": "untrusted", "B": "quota"}),
        (
            {"agents": AgentState({**UNTIL.quotas, "claude": Quota(NOW - 9, NOW + 9)})},
            [],
            {"A": "quota", "B": "quota"},
        ),
        (
            {"agents": AgentState(faults={"backend": AgentFault(NOW, "401", "", "")})},
            ["A claude#1"],
            {"B": "misconfigured"},
        ),
    ],
)
def test_a_fallback_takes_ready_cards_while_a_quota_is_used_up(
    more: dict[str, object], began: list[str], stays: dict[str, str]
) -> None:
    given = board("A todo @spare", "B todo @backend", workers=FALLBACK)
    found = schedule(given, observed(**more))
    assert sorted(starts(found)) == sorted(began)
    assert held(found) == stays


def test_what_a_fallback_starts_counts_as_its_own() -> None:
    given = board("A todo @backend", "B todo @backend", workers=FALLBACK)
    found = schedule(given, observed(agents=UNTIL))
    assert [(start.card, start.worker, start.profile) for start in found.starts] == [
        ("A", "spare", "claude")
    ]
    assert texts(given, agents=UNTIL)["B"].startswith("worker spare 1/1")


@pytest.mark.parametrize(
    ("card", "worker", "code"),
    [
        ("T1 todo model=opus", "w lane models=opus,sonnet", ""),
        ("T1 todo model=opus", "w lane models=sonnet", "choice"),
        ("T1 todo model=opus", "w lane model=opus", ""),
        ("T1 todo model=--evil", "w lane", "choice"),
        ("T1 todo effort=high", "w lane efforts=low models=high", "choice"),
    ],
)
def test_a_card_chooses_only_what_its_worker_offers(card: str, worker: str, code: str) -> None:
    assert held(schedule(board(card, workers=worker), observed())) == ({"T1": code} if code else {})


def test_a_spent_budget_of_a_day_passes_at_midnight_and_one_of_a_card_waits_for_a_person() -> None:
    spent = Run("r1", "A", "w#1", worker="w", ended=NOW - 60, outcome="failed", cost_usd="5.10")
    for budget, code, at in (
        ("budget_day", "budget-day", NOW // 86400 * 86400 + 86400),
        ("budget_card", "budget", 0),
    ):
        workers = f"w lane {budget}={5 * DOLLAR}"
        given = board("A todo", workers=workers, runs={"A": (spent,)})
        [why] = schedule(given, observed()).holds
        assert (why.code, why.at) == (code, at)
        assert "has spent $5.10 of $5.00" in why.text
        found = standing(given, observed())
        assert bool(found.waits_for_you) is (code == "budget")
        assert not found.deadlock
    retried = board("A todo attempts_after=r1", workers=workers, runs={"A": (spent,)})
    assert starts(schedule(retried, observed())) == ["A w#1"]


def test_a_run_that_uses_most_of_a_budget_is_reported_once() -> None:
    given = board(f"A running clone={CLONE}", workers=f"w lane budget_day={5 * DOLLAR}")
    end = ended("A", "w", "w", cost_usd="4.5")
    first = plan(given, observed(runs=(end,)))
    assert first.notices == ("w has spent $4.50 of $5.00 today",)
    assert plan(applied(given, first.changes), observed(runs=(end,))).notices == ()
