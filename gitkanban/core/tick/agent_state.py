"""What ended runs show about this clone's agents: used-up quotas, workers that cannot work at all.

What they show about nodes of a batch system is learned with it (`bad_nodes`).

A quota belongs to a profile: its agent's service asked us to come back later. A fault belongs to a
worker: it is not logged in, or its settings are wrong. Both belong to this clone and never to the
board, because another host has other logins. Pure: the shell stores them, and a person ends a fault
(`resume`, `trust`).
"""

from collections.abc import Callable, Collection, Iterable, Mapping

from gitkanban.core.changes import Change
from gitkanban.core.model import BLOCKED, CONFIG, TODO, Board
from gitkanban.core.names import ProfileName, WorkerName
from gitkanban.core.split_cards import open_cards
from gitkanban.core.tick import bad_nodes
from gitkanban.core.tick.facts import AgentFault, AgentState, Quota, RunFacts
from gitkanban.core.tick.verdict import LIMITED, MISCONFIGURED, SUCCEEDED, Verdict
from gitkanban.core.time_words import about, marked

WAIT_LEAST, WAIT_MOST = 60, 6 * 3600  # seconds that a quota lasts, whatever the service says
GROWN_FIRST, GROWN_MOST = 60, 3600  # the same if the service names no time
TIMES_MOST = 10  # limits in a row after which a person is asked
WORDS_MOST = 200  # characters of the agent's own words

# Outcomes which show that the service has answered.
ANSWERED = frozenset((SUCCEEDED, "no-work", "uncommitted", "verify-failed", "blocked"))


def learn(state: AgentState, ends: Iterable[tuple[RunFacts, str]], now: int) -> AgentState:
    """Return the state after these ends, each (facts, outcome). Repeated ends change nothing.

    Sessions that ran into one limit at the same time count as one: only a run that began after the
    quota was last set makes it grow.
    """
    ends = list(ends)
    quotas, faults = dict(state.quotas), dict(state.faults)
    nodes = bad_nodes.learn_nodes(state.nodes, (facts for facts, _ in ends), now)
    for facts, outcome in sorted(ends, key=lambda each: each[0].run):
        known = quotas.get(facts.profile)
        if outcome == LIMITED:
            quotas[facts.profile] = _next_quota(known, facts, now)
        elif outcome == MISCONFIGURED and facts.worker not in faults:
            words = facts.agent_error[:WORDS_MOST]
            faults[facts.worker] = AgentFault(now, words, facts.card, facts.run)
        elif known and outcome in ANSWERED and facts.started > known.since:
            del quotas[facts.profile]
    return AgentState(quotas, faults, nodes)


def _next_quota(known: Quota | None, facts: RunFacts, now: int) -> Quota:
    words = facts.agent_error[:WORDS_MOST]
    if known and facts.started <= known.since <= now:  # the same limit
        until = max(known.until, _bound_until(facts.limited_until, known.since))
        return known._replace(until=until, words=known.words or words)
    times = known.times + 1 if known else 1
    wait = min(GROWN_FIRST << min(times - 1, 20), GROWN_MOST)
    until = _bound_until(facts.limited_until, now) or now + wait
    return Quota(now, until, times, words)


def _bound_until(until: int, now: int) -> int:
    """The end of a quota, from the one that the service named; 0 if it named none."""
    return min(max(until, now + WAIT_LEAST), now + WAIT_MOST) if until else 0


def spare(state: AgentState, facts: RunFacts, judged: Verdict) -> Verdict:
    """Return the verdict, without its block if another run has shown that the worker cannot work.

    One blocked card tells a person; the others stay in todo until the worker can work again.
    """
    fault = state.faults.get(facts.worker)
    if judged.outcome != MISCONFIGURED or fault is None or fault.run == facts.run:
        return judged
    return judged._replace(to=TODO, reason="")


def notices(before: AgentState, after: AgentState, now: int) -> list[str]:
    """One line for each new quota, fault and node at rest."""
    resting = {(each.executor, each.node) for each in bad_nodes.nodes_at_rest(before.nodes, now)}
    return [
        *(
            quota_words(profile, quota, lambda at: about(at, now))
            for profile, quota in sorted(after.quotas.items())
            if quota != before.quotas.get(profile)
        ),
        *(
            f"{fault_words(worker, fault)}; it starts nothing here until {fault_way_out(worker)}"
            for worker, fault in sorted(after.faults.items())
            if worker not in before.faults
        ),
        *(
            bad_nodes.rest_words(node, lambda at: about(at, now))
            for node in bad_nodes.nodes_at_rest(after.nodes, now)
            if (node.executor, node.node) not in resting
        ),
    ]


def standing_lines(state: AgentState, now: int, to_cache: bool = False) -> list[str]:
    """One line for each current quota, fault and node at rest.

    With `to_cache`, times stay marks for `worded`.
    """

    def time(at: int) -> str:
        return marked(at) if to_cache else about(at, now)

    quotas = ((name, quota_now(state, name, now)) for name in sorted(state.quotas))
    return [
        *(quota_words(profile, quota, time) for profile, quota in quotas if quota),
        *(fault_words(worker, fault) for worker, fault in sorted(state.faults.items())),
        *(bad_nodes.rest_words(node, time) for node in bad_nodes.nodes_at_rest(state.nodes, now)),
    ]


def quota_words(profile: ProfileName, quota: Quota, time: Callable[[int], str]) -> str:
    """`backend-hermes: quota until 15:30 UTC, in 2 h (usage limit reached)`."""
    words = f" ({quota.words})" if quota.words else ""
    if asks_person(quota):
        return f"{profile}: its service asked us to come back later {quota.times} times in a row{words}"
    return f"{profile}: quota until{time(quota.until)}{words}"


def fault_words(worker: WorkerName, fault: AgentFault) -> str:
    """`coder cannot work on this machine: Invalid API key`."""
    return f"{worker} cannot work on this machine: {fault.words or 'it is not logged in'}"


def fault_way_out(worker: WorkerName) -> str:
    """How a person ends a fault, in words."""
    return f"`gitkanban resume {worker}`, once that is fixed"


def quota_now(state: AgentState, profile: ProfileName, now: int) -> Quota | None:
    """The profile's current quota; None if it has none.

    A quota from the future, set while the clock was wrong, does not count.
    """
    quota = state.quotas.get(profile)
    if quota is None or quota.since > now:
        return None
    return quota if asks_person(quota) or now < min(quota.until, quota.since + WAIT_MOST) else None


def asks_person(quota: Quota) -> bool:
    """Whether a person must let the profile go on, because it met too many limits in a row."""
    return quota.times >= TIMES_MOST


def freed(state: AgentState, workers: Mapping[WorkerName, ProfileName]) -> AgentState:
    """Return the state without the faults of these workers and the quotas of their profiles.

    `workers` maps each worker to its profile.
    """
    profiles = set(workers.values())
    return AgentState(
        {name: quota for name, quota in state.quotas.items() if name not in profiles},
        {name: fault for name, fault in state.faults.items() if name not in workers},
        state.nodes,
    )


def freed_cards(board: Board, workers: Collection[WorkerName], clone: str) -> list[Change]:
    """The changes that retry the cards which a fault of these workers has blocked in this clone."""
    from gitkanban.core.moves import move  # late: faults are rare

    freed: list[Change] = []
    for card in sorted(open_cards(board.cards)):
        runs = board.runs_of(card.id)
        if card.status != BLOCKED or card.reason != CONFIG or not runs:
            continue
        last = runs[-1]
        if last.outcome == MISCONFIGURED and last.worker in workers and last.clone == clone:
            freed += move(board, "retry", card)
    return freed


def next_change(state: AgentState, now: int) -> int:
    """The time at which the next quota, or rest of a node, ends (epoch seconds); 0: none does."""
    ends = [
        quota.until
        for profile in state.quotas
        if (quota := quota_now(state, profile, now)) and not asks_person(quota)
    ]
    ends += [each.since + bad_nodes.REST for each in bad_nodes.nodes_at_rest(state.nodes, now)]
    return min(ends, default=0)
