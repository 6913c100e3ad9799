"""Nodes of a batch system that new jobs leave out, as ends of runs have shown.

A node that has just failed a card is left out of that card's next try, and of no other. A node on
which jobs end before they begin, several in a row, is left out of all new jobs for a while: it
would otherwise use up the tries of every card, for it is always free. Pure; the shell stores it.
"""

from collections.abc import Callable, Iterable, Mapping

from gitkanban.core.tick.facts import BadNode, Exit, RunFacts
from gitkanban.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from gitkanban.core.engines import BatchJob

ROW = 3  # jobs that a node must fail in a row, with none in between that began there
REST = 3600  # seconds for which such a node is left out, from the last of them
# Seconds for which a job may wait for other nodes than the one that has just failed its card: there
# may be none.
WAIT_MOST = 600


def learn_nodes(
    nodes: Mapping[str, BadNode], ends: Iterable[RunFacts], now: int
) -> dict[str, BadNode]:
    """Return what is known of nodes after these ends. Repeated ends change nothing.

    A job that began on a node clears it. What the node itself ended proves neither.
    """
    after = dict(nodes)
    for facts in sorted(ends, key=lambda each: each.run):
        if not facts.node or facts.exit is None or facts.exit.how == "reboot":
            continue
        key = f"{facts.executor}/{facts.node}"
        known = after.get(key)
        if known and facts.run <= known.run:
            continue
        if facts.exit.how == "not-started":
            row = known.row + 1 if known else 1
            after[key] = BadNode(facts.executor, facts.node, row, since=now, run=facts.run)
        elif known:
            del after[key]
    return after


def nodes_at_rest(nodes: Mapping[str, BadNode], now: int) -> list[BadNode]:
    """Return the nodes that new jobs leave out now, in order.
    One from the future does not count.
    """
    return [
        node
        for _, node in sorted(nodes.items())
        if node.row >= ROW and node.since <= now < node.since + REST
    ]


def failed_node(end: Exit | None, job: "BatchJob") -> str:
    """Return the node that failed a run, empty if none did.

    `job` is the last that is known of its job: the record may only say that a signal ended the run.
    """
    node_ended = end is not None and end.how in ("reboot", "not-started")
    return job.node if node_ended or job.state in ("node-lost", "preempted") else ""


def nodes_to_leave_out(
    nodes: Mapping[str, BadNode], executor: str, failed: str, now: int
) -> dict[str, int]:
    """Return the nodes that a new job leaves out, each with the time at which it no longer does.

    `failed` is the node that has just failed its card, empty for none.
    """
    after = {failed: now + WAIT_MOST} if failed else {}
    resting = (node for node in nodes_at_rest(nodes, now) if node.executor == executor)
    return after | {node.node: node.since + REST for node in resting}


def rest_words(node: BadNode, time: Callable[[int], str]) -> str:
    """`cluster: no new jobs go to n1 until 15:30 UTC, in 52 min: the last 3 ended there …`."""
    return (
        f"{node.executor}: no new jobs go to {node.node} until{time(node.since + REST)}: "
        f"the last {node.row} ended there before they began"
    )


def waiting_words(reason: str, nodes: Iterable[str]) -> str:
    """Why a job waits, and which nodes it leaves out: `Resources; not on n1`."""
    left_out = ", ".join(sorted(nodes))
    return "; ".join(filter(None, (reason, left_out and f"not on {left_out}")))
