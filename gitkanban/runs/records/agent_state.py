"""What this clone's runs have learned of its agents and nodes, stored in its private folder.

`core.tick.agent_state` decides what it means. A missing or damaged file counts as empty: one more
run then learns it again.
"""

from collections.abc import Collection, Mapping

from gitkanban import files
from gitkanban.board.repo.place import Place
from gitkanban.core.model import Board
from gitkanban.core.names import CardId, ProfileName, RunId, WorkerName
from gitkanban.core.tick.agent_state import freed
from gitkanban.core.tick.facts import AgentFault, AgentState, BadNode, Quota
from gitkanban.late import json
from gitkanban.typed import Any


def recall(place: Place) -> AgentState:
    """Return what earlier runs have learned; nothing where that cannot be read."""
    try:
        with open(_path_of(place), encoding="utf-8") as file:
            rows = json.load(file)
        return AgentState(
            {ProfileName(name): _read_quota(row) for name, row in rows["quotas"].items()},
            {WorkerName(name): _read_fault(row) for name, row in rows["faults"].items()},
            {str(key): _read_node(row) for key, row in rows.get("nodes", {}).items()},
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return AgentState()


def _read_quota(row: Mapping[str, Any]) -> Quota:
    since, until, times = (int(row[key]) for key in ("since", "until", "times"))
    return Quota(since, until, times, str(row["words"]))


def _read_fault(row: Mapping[str, Any]) -> AgentFault:
    words, card, run = (str(row[key]) for key in ("words", "card", "run"))
    return AgentFault(int(row["since"]), words, CardId(card), RunId(run))


def _read_node(row: Mapping[str, Any]) -> BadNode:
    executor, node, run = (str(row[key]) for key in ("executor", "node", "run"))
    return BadNode(executor, node, int(row["row"]), since=int(row["since"]), run=RunId(run))


def remember(place: Place, state: AgentState) -> None:
    """Store the state for the next tick; written only when it changed. Raises OSError."""
    if state == recall(place):
        return
    rows = {
        "quotas": {name: quota._asdict() for name, quota in sorted(state.quotas.items())},
        "faults": {name: fault._asdict() for name, fault in sorted(state.faults.items())},
        "nodes": {key: node._asdict() for key, node in sorted(state.nodes.items())},
    }
    text = json.dumps(rows, indent=1, ensure_ascii=False) + "\n"
    files.replace(_path_of(place), text.encode("utf-8", "replace"), make=True)


def free(place: Place, board: Board, workers: Collection[WorkerName]) -> list[WorkerName]:
    """Clear the faults of these workers and the quotas of their profiles, as a person asked.

    Return the workers that this frees. Raises OSError.
    """
    config = board.config
    profiles = {
        name: config.workers[name].profile if config and name in config.workers else ProfileName("")
        for name in workers
    }
    before = recall(place)
    after = freed(before, profiles)
    remember(place, after)
    return sorted(
        name
        for name, profile in profiles.items()
        if (name in before.faults) or (profile in before.quotas)
    )


def _path_of(place: Place) -> str:
    return f"{place.private}/agents"
