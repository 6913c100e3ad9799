"""Rows of the truth table that take Slurm its time: nodes lost and back, daemons away, limits.

Not part of the suite: `python -m tests.slurm --rows`. Each node's loss takes Slurm ten seconds and
more to notice.
"""

import pytest

from tests.slurm import rig
from tests.slurm.conftest import MakeCluster
from tests.slurm.rig import CONTROL, Cluster, wait_until
from tests.slurm.site import BATCH, PROGRAM, Site

pytestmark = pytest.mark.timeout(400)


def started(cluster: Cluster, words: str, *more: str, control: str = "") -> Site:
    """A board with card T1, whose session has begun."""
    site = Site(cluster, "rows", control)
    site.board(BATCH)
    site.words("T1", words, *more)
    site.gk("add", "one", "--id", "T1", "--worker", "pool")
    site.gk("tick")
    wait_until("its session", lambda: site.said("begin", "T1"), 60)
    return site


def node_of(site: Site) -> str:
    return site.said("begin", "T1")[-1][3]


def ended(site: Site, most: float = 120) -> list[str]:
    wait_until("an end", lambda: site.ticked() and site.outcomes("T1"), most)
    return site.outcomes("T1")


def no_double(site: Site) -> bool:
    return not any(row[0] == "double" for row in site.log())


def lose_node(site: Site) -> None:
    """Wait until Slurm says that the node of the session is lost."""
    job = site.job("T1")
    wait_until("its loss", lambda: site.cluster.job(job).get("JobState") == "NODE_FAIL", 60)


def test_a_node_without_power_is_out_of_reach_and_its_card_starts_again_when_it_is_back(
    own: Cluster,
) -> None:
    site = started(own, "hang", "commit")
    node = node_of(site)
    own.power_off(node)
    lose_node(site)
    site.gk("tick")
    assert f"out of reach at cluster: {node} does not answer" in site.gk("why", "T1")
    assert (site.status("T1"), site.outcomes("T1")) == ("running", [])
    own.power_on(node)
    assert ended(site) == ["rebooted"]
    site.settle(["T1"], into=["review"], most=120)
    assert len(site.said("begin", "T1")) == 2 and no_double(site)


def test_a_session_that_ends_on_a_node_that_slurm_has_given_up_counts(own: Cluster) -> None:
    site = started(own, "wait:go commit")
    node = node_of(site)
    own.kill_slurmd(node)
    lose_node(site)
    site.gk("tick")
    assert site.status("T1") == "running"
    (site.path / "go").touch()
    assert ended(site) == ["succeeded"]
    own.start_slurmd(node)
    assert len(site.said("begin", "T1")) == 1 and no_double(site)


def test_a_session_on_a_node_that_is_cut_off_is_not_started_a_second_time(own: Cluster) -> None:
    site = started(own, "hang", "commit")
    node = node_of(site)
    own.kill_slurmd(node)
    lose_node(site)
    for _ in range(4):
        site.gk("tick")
    assert site.status("T1") == "running"
    assert len(site.said("begin", "T1")) == 1
    own.start_slurmd(node)  # it ends the orphan
    assert ended(site) in (["rebooted"], ["lost"])
    site.settle(["T1"], into=["review"], most=120)
    assert no_double(site)


def test_control_a_lost_node_taken_for_death_is_a_second_session(own: Cluster) -> None:
    site = started(own, "hang", "hang", control="node_fail")
    own.kill_slurmd(node_of(site))
    lose_node(site)
    wait_until("a double run", lambda: site.ticked() and not no_double(site), 120)


def test_control_without_the_guard_a_job_submitted_twice_is_two_sessions(own: Cluster) -> None:
    site = started(own, "hang", control="no_guard")
    own.run(CONTROL, "sbatch", "-o", "/dev/null", f"{site.run_folder('T1')}/job.sh")
    wait_until("a second session", lambda: len(site.said("begin", "T1")) == 2, 60)


def test_a_controller_that_forgot_everything_ends_the_session_which_starts_again(
    own: Cluster,
) -> None:
    site = started(own, "hang", "commit")
    own.kill_slurmctld()
    own.start_slurmctld(clear=True)
    assert ended(site, 200) == ["lost"]
    site.settle(["T1"], into=["review"], most=120)
    assert no_double(site)


def test_munge_away_is_silence(own: Cluster) -> None:
    site = started(own, "wait:go commit")
    own.kill_munge(CONTROL)
    site.gk("add", "two", "--id", "T2", "--worker", "pool")
    site.gk("tick")
    assert (site.status("T1"), site.status("T2")) == ("running", "todo")
    assert "Slurm does not answer" in site.gk("why", "T2")
    (site.path / "go").touch()
    assert ended(site) == ["succeeded"]
    own.start_munge(CONTROL)
    site.settle(["T2"], into=["review"], most=120)


def test_a_requeue_is_refused_and_a_preempted_session_starts_again(own: Cluster) -> None:
    site = started(own, "hang", "commit")
    refused = own.run(CONTROL, "scontrol", "requeue", site.job("T1"), user="root")
    assert refused.returncode
    king = own.slurm(
        "sbatch", "--parsable", "-purgent", "--exclusive", "-o", "/dev/null", "-w", node_of(site),
        "--wrap", "sleep 3",
    )  # fmt: skip
    assert ended(site) == ["rebooted"]
    assert "preempted" in site.gk("show", "T1")
    wait_until("the other job", lambda: own.job(king)["JobState"] == "COMPLETED", 60)
    site.settle(["T1"], into=["review"], most=120)
    assert no_double(site)


def test_slurms_own_time_limit_is_told_as_a_timeout(own: Cluster) -> None:
    site = Site(own, "limit")
    site.board(BATCH.replace("--mem=50M, --partition=agents", "--mem=50M, --time=1"))
    site.words("T1", "hang")
    site.gk("add", "one", "--id", "T1", "--worker", "pool")
    site.gk("tick")
    wait_until("its session", lambda: site.said("begin", "T1"), 60)
    assert ended(site, 200) == ["timed-out"]
    assert "time limit" in site.gk("show", "T1")


def test_what_uses_too_much_memory_is_killed_and_told(make_cluster: MakeCluster) -> None:
    if not rig.has_memory_groups():
        pytest.skip("no memory groups (version 1)")
    made = make_cluster(memory=True)
    site = started(made, "eat")
    assert ended(site) == ["failed"]
    assert "out of memory on " in site.gk("show", "T1")


def test_two_hundred_jobs_wait_and_a_tick_asks_once(own: Cluster) -> None:
    site = Site(own, "many")
    common = "max_concurrency: 4\n  executors"
    site.board(
        BATCH.replace(common, "max_concurrency: 4\n  max_starts_per_tick: 0\n  executors").replace(
            "--mem=50M, --hold", "--mem=1M, --hold"
        ).replace("{common}, executor: held", "mode: pool, max_concurrency: 300, command: [{agent}], executor: held")
    )  # fmt: skip
    cards = site.repo / ".kanban/cards"
    cards.mkdir(exist_ok=True)
    for number in range(200):
        text = f"id: M{number}\ntitle: many\nstatus: todo\nworker: held\n"
        (cards / f"M{number}.yaml").write_text(text)
    own.run(CONTROL, "chown", "-R", rig.USER, f"{site.inside}/shop/.kanban/cards", user="root")
    site.call("git", "add", "-A")
    site.call("git", "commit", "-qm", "cards")
    site.call(*PROGRAM, "tick", timeout=300)
    assert own.slurm("squeue", "-h", "-t", "PD").count("\n") + 1 == 200
    site.gk("tick")
    assert site.gk("status").count("queued at held") == 200
