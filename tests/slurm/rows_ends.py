"""Every end of a session, here and as a job: the same outcome, the same words, and nothing left.

Not part of the suite: `python -m tests.slurm --rows`.
"""

from collections.abc import Callable
from typing import NamedTuple

import pytest

from tests.slurm.rig import CONTROL, Cluster, wait_until
from tests.slurm.site import PROGRAM, Site

pytestmark = pytest.mark.timeout(600)


class End(NamedTuple):
    """What a session does, for which worker, what somebody does to it, and its outcome."""

    words: str
    outcome: str
    worker: str = "plain"
    act: Callable[[Site, str], object] | None = None


def stop(site: Site, card: str) -> object:
    return site.gk("stop", card)


ENDS = {
    "commit": End("commit", "succeeded"),
    "daemon": End("daemon commit", "succeeded"),
    "exit": End("say:trying exit:3", "failed"),
    "signal": End("die:SEGV", "killed"),
    "none": End("say:hi", "no-work"),
    "dirty": End("dirty", "uncommitted"),
    "taken": End("dirty", "succeeded", "taking"),
    "setup": End("commit", "setup-failed", "unset"),
    "verify": End("commit", "verify-failed", "picky"),
    "checked": End("commit", "succeeded", "checked"),
    "later": End("exit:75", "rate-limited", "limited"),
    "long": End("hang", "timed-out", "brief"),
    "deaf": End("deaf", "timed-out", "brief"),
    "still": End("hang", "stalled", "still"),
    "nothing": End("gk:done,--no-change", "succeeded"),
    "asks": End("gk:block,--why,which? rest:5", "blocked"),
    "stop": End("hang", "stopped", act=stop),
    "stopdeaf": End("deaf", "stopped", act=stop),
    "lost": End("hang", "lost", act=Site.kill_supervisor),
}  # fmt: skip

_KINDS = {
    "plain": "",
    "taking": "commits: supervisor",
    "unset": 'setup: ["false"]',
    "picky": 'verify: ["false"]',
    "checked": "setup: [touch, .setup], verify: [test, -e, .setup]",
    "limited": "profile: limited-{place}",
    "brief": "timeout: 5",
    "still": "stall_timeout: 5",
}


def config() -> str:
    workers = ""
    for place in ("here", "there"):
        on = "executor: cluster, " if place == "there" else ""
        for kind, more in _KINDS.items():
            more = f", {more.format(place=place)}" if more else ""
            workers += (
                f"    {kind}-{place}: {{{{mode: pool, max_concurrency: 20, {on}"
                f"command: [{{agent}}], max_attempts: 1{more}}}}}\n"
            )
    return (
        "version: 1\nkanban:\n  base: main\n  max_concurrency: 40\n  executors:\n"
        "    cluster: {{engine: slurm, options: [--mem=20M]}}\n  workers:\n" + workers
    )


def test_a_session_ends_as_a_job_as_it_ends_here(cluster: Cluster) -> None:
    site = Site(cluster, "ends")
    site.board(config())
    cards = {f"{name}-{place}": end for name, end in ENDS.items() for place in ("here", "there")}
    for card, end in cards.items():
        site.words(card, end.words, "commit")
        site.gk("add", card, "--id", card, "--worker", f"{end.worker}-{card.split('-')[1]}")
    site.call(*PROGRAM, "tick", timeout=200)  # it starts them all
    for card, end in cards.items():
        if end.act:
            wait_until(f"the session of {card}", lambda card=card: site.said("begin", card), 60)
            end.act(site, card)
    wait_until("every end", lambda: site.ticked() and all(site.outcomes(c) for c in cards), 120)
    for name, end in ENDS.items():
        here, there = f"{name}-here", f"{name}-there"
        assert (site.outcomes(here)[0], site.outcomes(there)[0]) == (end.outcome, end.outcome), name
        assert site.why(here) == site.why(there) or name == "lost"  # the node is named
        if end.outcome not in ("lost", "rate-limited"):  # others do not start again
            assert site.status(here) == site.status(there), name
    ran = {card: {row[3] for row in site.said("begin", card)} for card in cards}
    assert all(on == {CONTROL} for card, on in ran.items() if card.endswith("-here") and on)
    assert all(CONTROL not in on for card, on in ran.items() if card.endswith("-there"))
    wait_until("rest", lambda: site.ticked() and "\trunning\t" not in site.gk("status"), 120)
    wait_until("an empty queue", lambda: not cluster.slurm("squeue", "-h"))
    assert {host: cluster.processes(host) for host in cluster.nodes} == {"n1": [], "n2": []}
    assert site.tokens() == []
