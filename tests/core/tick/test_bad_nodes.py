"""Which nodes new jobs leave out: pure, from ends of runs."""

import pytest

from gitkanban.core.engines import BatchJob
from gitkanban.core.tick.agent_state import notices
from gitkanban.core.tick.bad_nodes import (
    REST,
    ROW,
    WAIT_MOST,
    failed_node,
    learn_nodes,
    nodes_at_rest,
    nodes_to_leave_out,
    rest_words,
    waiting_words,
)
from gitkanban.core.tick.facts import AgentState, BadNode, Exit, RunFacts

NOW = 1_764_000_000


def ended(run: str, how: str = "not-started", node: str = "n1", at: str = "cluster") -> RunFacts:
    facts = RunFacts(run, f"card-{run}", "coder", "p", "p#1", NOW, executor=at, node=node)
    return facts._replace(exit=Exit(NOW, how))  # type: ignore[arg-type]


def learned(
    nodes: dict[str, BadNode], *ends: RunFacts, now: int = NOW
) -> tuple[dict[str, BadNode], list[str]]:
    """What is known then, and the nodes at rest."""
    after = learn_nodes(nodes, ends, now)
    assert learn_nodes(after, ends, now + 5) == after, "the same ends again change nothing"
    return after, [each.node for each in nodes_at_rest(after, now)]


@pytest.mark.parametrize(
    ("ends", "rest"),
    [
        ([], []),
        ([ended("r1"), ended("r2")], []),
        ([ended("r1"), ended("r2"), ended("r3")], ["n1"]),
        ([ended("r3"), ended("r1"), ended("r2")], ["n1"]),
        ([ended("r1"), ended("r2"), ended("r3", node="n2")], []),
        ([ended("r1"), ended("r2"), ended("r3", at="other")], []),
        ([ended("r1"), ended("r2"), ended("r3", "exited"), ended("r4")], []),
        ([ended("r1"), ended("r2"), ended("r3", "stop"), ended("r4")], []),
        ([ended("r1"), ended("r2"), ended("r3", "reboot"), ended("r4")], ["n1"]),
        ([ended("r1", node=""), ended("r2", node=""), ended("r3", node="")], []),
    ],
)
def test_a_node_that_ends_jobs_in_a_row_before_they_begin_rests(
    ends: list[RunFacts], rest: list[str]
) -> None:
    assert learned({}, *ends)[1] == rest


def test_ends_of_several_ticks_add_up_and_a_session_that_began_before_the_last_clears_nothing() -> (
    None
):
    nodes, _ = learned({}, ended("r2"))
    nodes, _ = learned(nodes, ended("r3"), ended("r1", "exited"))
    nodes, rest = learned(nodes, ended("r4"))
    assert rest == ["n1"]
    assert learned(nodes, ended("r5", "exited")) == ({}, [])


def test_a_rest_ends_by_itself_and_the_next_job_that_does_not_begin_renews_it() -> None:
    nodes, _ = learned({}, *(ended(f"r{number}") for number in range(ROW)))
    assert [len(nodes_at_rest(nodes, NOW + at)) for at in (-1, 0, REST - 1, REST)] == [0, 1, 1, 0]
    later = NOW + 2 * REST
    assert learned(nodes, ended("r9"), now=later)[1] == ["n1"]


@pytest.mark.parametrize(
    ("end", "state", "node"),
    [
        (Exit(NOW, "reboot"), "unknown", "n1"),
        (Exit(NOW, "not-started"), "over", "n1"),
        (Exit(NOW, "lost"), "preempted", "n1"),  # a signal ended it: the record knows no more
        (Exit(NOW, "lost"), "node-lost", "n1"),
        (Exit(NOW, "lost"), "over", ""),
        (Exit(NOW, "exited"), "running", ""),
        (Exit(NOW, "stop"), "cancelled", ""),
        (None, "unknown", ""),
    ],
)
def test_the_node_that_failed_a_card(end: Exit | None, state: str, node: str) -> None:
    assert failed_node(end, BatchJob(state, "7", "n1")) == node  # type: ignore[arg-type]


def test_a_job_leaves_out_what_failed_its_card_and_what_rests_at_its_executor() -> None:
    bad = {each.node: each for each in (
        BadNode("cluster", "n2", ROW, NOW - 60, "r1"),
        BadNode("cluster", "n3", ROW - 1, NOW, "r1"),
        BadNode("other", "n4", ROW, NOW, "r1"),
    )}  # fmt: skip
    assert nodes_to_leave_out(bad, "cluster", "n1", NOW) == {
        "n1": NOW + WAIT_MOST, "n2": NOW - 60 + REST,
    }  # fmt: skip
    assert nodes_to_leave_out({}, "cluster", "", NOW) == {}


def test_what_people_read() -> None:
    line = rest_words(BadNode("cluster", "n1", 4, NOW, "r1"), lambda at: f" {at - NOW} s later")
    assert line == (
        "cluster: no new jobs go to n1 until 3600 s later: the last 4 ended there before they began"
    )
    words = [waiting_words("Resources", ["n2", "n1"]), waiting_words("", ["n1"])]
    assert words == ["Resources; not on n1, n2", "not on n1"]
    assert waiting_words("Resources", []) == "Resources"


def test_a_rest_is_announced_when_it_begins_and_not_with_every_job_that_still_fails() -> None:
    nodes: dict[str, BadNode] = {}
    announced = []
    for number in range(ROW + 2):
        after = learn_nodes(nodes, [ended(f"r{number}")], NOW + number)
        before, then = AgentState(nodes=nodes), AgentState(nodes=after)
        announced.append(len(notices(before, then, NOW + number)))
        nodes = after
    assert announced == [0, 0, 1, 0, 0]
