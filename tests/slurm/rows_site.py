"""What a site and its people do to jobs: suspend, hold, cancel, wrong options, clocks,
shares, disks.

Not part of the suite: `python -m tests.slurm --rows`.
"""

import contextlib
import json
import os
import subprocess
import threading
import time
from pathlib import Path

import pytest

from tests.slurm import rig
from tests.slurm.conftest import MakeCluster
from tests.slurm.rig import CONTROL, Cluster, wait_until
from tests.slurm.site import BATCH, PROGRAM, Site

pytestmark = pytest.mark.timeout(600)

FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"


@pytest.fixture
def site(cluster: Cluster, request: pytest.FixtureRequest) -> Site:
    return Site(cluster, f"s{abs(hash(request.node.name))}")


def add(site: Site, card: str, words: str = "commit", worker: str = "pool") -> None:
    site.words(card, *words.split(" / "))
    site.gk("add", card, "--id", card, "--worker", worker)


def begun(site: Site, card: str) -> str:
    """Wait until its session has begun; return the node."""
    wait_until(f"the session of {card}", lambda: site.said("begin", card), 60)
    return site.said("begin", card)[-1][3]


def ended(site: Site, card: str, most: float = 90) -> str:
    """Tick until a run of the card has ended; return how the last one did."""
    wait_until(f"the end of {card}", lambda: site.ticked() and site.outcomes(card), most)
    return site.outcomes(card)[-1]


def all_said(done: subprocess.CompletedProcess[str]) -> str:
    assert "Traceback" not in done.stdout + done.stderr
    return done.stdout + done.stderr


def test_a_suspended_job_says_so_and_its_time_does_not_count(site: Site) -> None:
    site.board(BATCH.replace("timeout: 4", "timeout: 8"))
    add(site, "T1", "rest:40 commit", "brief")
    add(site, "T2", "hang")
    site.gk("tick")
    jobs = [site.job(card) for card in ("T1", "T2") if begun(site, card)]
    for job in jobs:
        site.cluster.slurm("scontrol", "suspend", job)
    site.gk("tick")
    assert "; suspended" in site.gk("why", "T1")
    site.gk("stop", "T2")  # nothing of it runs that could hear of it: its job is cancelled in time
    wait_until("the end of T2", lambda: site.ticked() and site.outcomes("T2"), 90)
    assert site.status("T1") == "running"
    site.cluster.slurm("scontrol", "resume", jobs[0])
    assert ended(site, "T1") == "succeeded"
    assert site.outcomes("T2") == ["stopped"]


def test_what_an_admin_does_to_a_job_that_waits(site: Site) -> None:
    site.board(BATCH)
    for card in ("GONE", "LATE", "FREE"):
        add(site, card, worker="held")
    site.gk("tick")
    cluster = site.cluster
    cluster.slurm("scancel", site.job("GONE"))
    cluster.slurm("scontrol", "update", f"JobId={site.job('LATE')}", "Deadline=now+2seconds")
    time.sleep(2)  # Slurm looks at the deadlines of jobs that may begin alone
    for card in ("LATE", "FREE"):
        cluster.slurm("scontrol", "release", site.job(card))
    assert [ended(site, card) for card in ("GONE", "LATE", "FREE")] == [
        "stopped", "not-started", "succeeded",
    ]  # fmt: skip
    assert "cancelled in Slurm" in site.gk("show", "GONE")
    assert "deadline" in site.gk("show", "LATE")


def test_options_that_no_job_may_have_are_named(site: Site) -> None:
    site.board(
        BATCH.replace("--partition=nowhere", "--no-such-option").replace(
            "    nowhere: {{engine", "    unused: {{engine: slurm}}\n    nowhere: {{engine"
        )
    )
    add(site, "T1", worker="nowhere")
    said = all_said(site.tried(*PROGRAM, "tick"))
    assert "unrecognized option '--no-such-option'" in said
    assert site.outcomes("T1") == ["not-started"]
    assert "nothing starts on nowhere: unrecognized option" in site.tried(*PROGRAM, "doctor").stdout
    assert "no worker runs on the executor unused" in site.gk("check")
    config = site.repo / ".kanban/config.yaml"
    config.write_text(config.read_text().replace("--no-such-option", "--wrap=touch /tmp/evil"))
    said = all_said(site.tried(*PROGRAM, "check"))
    assert "--wrap is refused: it would change what runs" in said


def test_without_slurms_commands_nothing_is_concluded_and_the_reason_is_said(site: Site) -> None:
    site.board(BATCH)
    add(site, "LIVE", "wait:go commit")
    site.gk("tick")
    begun(site, "LIVE")
    bare = f"PATH={site.inside}/bin"
    (site.path / "bin").mkdir()
    for name in ("git", "sh", "env", "touch", "grep", "sleep"):
        (site.path / "bin" / name).symlink_to(f"/usr/bin/{name}")
    site.call("/usr/bin/env", bare, *PROGRAM, "trust", "--yes")
    add(site, "NEW")
    said = all_said(site.tried(*PROGRAM, "tick", "-v"))
    reason = "squeue is not on the PATH that `gitkanban trust` recorded"
    for text in (said, site.gk("why", "NEW"), site.tried(*PROGRAM, "doctor").stdout):
        assert f"Slurm cannot be asked: {reason}" in text
    assert (site.status("LIVE"), site.status("NEW")) == ("running", "todo")
    (site.path / "go").touch()
    assert ended(site, "LIVE") == "succeeded"
    site.gk("trust", "--yes")
    assert ended(site, "NEW") == "succeeded"


@pytest.mark.parametrize("control", ["clock_ahead", "clock_behind"])
def test_ticks_by_a_clock_that_is_an_hour_off_end_nothing(cluster: Cluster, control: str) -> None:
    site = Site(cluster, control, control)
    site.board(BATCH)
    wrong, true = site.env, Site(cluster, f"{control}-true").env
    add(site, "T1", "wait:go commit")
    site.gk("tick")
    begun(site, "T1")
    for env in (true, wrong, true):
        site.env = env
        site.gk("tick")
        assert site.status("T1") == "running"
    (site.path / "go").touch()
    site.env = wrong
    assert ended(site, "T1") == "succeeded"
    add(site, "T2", "exit:3 / commit")
    wait_until("both tries", lambda: site.ticked() and len(site.outcomes("T2")) == 2, 90)
    assert site.outcomes("T2") == ["failed", "succeeded"]


@pytest.mark.skipif(not os.path.exists(FAKETIME), reason="no faketime here (Debian: faketime)")
def test_a_submit_host_whose_clock_the_cluster_rejects_says_so(own: Cluster) -> None:
    own.kill_munge("n2")
    own.start_munge("n2", {"LD_PRELOAD": FAKETIME, "FAKETIME": "+1h"})
    site = Site(own, "rejected")
    site.board(BATCH)
    add(site, "T1")
    site.gk("tick", host="n2")
    assert site.status("T1") == "todo"
    said = site.gk("why", "T1", host="n2")
    assert "Slurm does not answer" in said


def test_a_share_that_is_away_on_the_submit_host_is_an_error_and_ends_nothing(own: Cluster) -> None:
    site = Site(own, "away")
    site.board(BATCH)
    add(site, "T1", "wait:go commit")
    site.gk("tick")
    begun(site, "T1")
    wait = 'while [ -e . ]; do sleep 0.1; done; exec "$@"'  # in a shell whose folder it was
    losing = threading.Timer(1, own.lose_share, [CONTROL])
    losing.start()
    done = site.tried("sh", "-c", wait, "sh", *PROGRAM, "tick")
    losing.join(30)
    assert done.returncode == 1
    assert all_said(done) == f"Error: transport endpoint is not connected: {site.inside}/shop\n"
    own.mount_share(CONTROL)
    site.gk("tick")
    assert site.status("T1") == "running"
    (site.path / "go").touch()
    assert ended(site, "T1") == "succeeded"
    assert len(site.said("begin", "T1")) == 1


def test_a_share_that_is_away_on_a_node_loses_its_session_and_a_node_without_it_is_left_out(
    own: Cluster,
) -> None:
    site = Site(own, "share")
    site.board(BATCH.replace("--partition=agents", "--exclude=n2"))
    add(site, "T1", "hang / commit")
    site.gk("tick")
    assert begun(site, "T1") == "n1"
    own.lose_share("n1")
    assert ended(site, "T1") in ("lost", "killed", "failed")
    for card in ("T2", "T3", "T4"):
        add(site, card)
    words = "cluster: no new jobs go to n1 until"
    wait_until("three in a row", lambda: site.ticked() and words in site.gk("status", "--json"), 90)
    assert words in all_said(site.tried(*PROGRAM, "doctor"))
    own.mount_share("n1")
    for card in ("T1", "T2", "T3", "T4"):  # there is no other node: they go to the one at rest
        wait_until(
            f"the end of {card}",
            lambda card=card: site.ticked() and ("succeeded" in site.outcomes(card)),
            90,
        )
    assert words not in site.gk("status", "--json")


def test_a_node_that_starts_nothing_is_left_out_and_cards_go_elsewhere(own: Cluster) -> None:
    site = Site(own, "elsewhere")
    site.board(BATCH)
    own.lose_share("n1")
    cards = [f"T{number}" for number in range(6)]
    for card in cards:
        add(site, card)
    wait_until(
        "all of them",
        lambda: site.ticked() and all("succeeded" in site.outcomes(card) for card in cards),
        150,
    )
    assert {row[3] for row in site.log()} == {"n2"}
    tries = [site.outcomes(card) for card in cards]
    assert ["not-started", "succeeded"] in tries
    assert all(each in (["succeeded"], ["not-started", "succeeded"]) for each in tries)


def fill_share(cluster: Cluster) -> Path:
    """Fill the share with one file; return it."""
    path = cluster.share / "home/fill"
    with open(path, "wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(1 << 12))
    return path


def test_a_full_share_loses_nothing(make_cluster: MakeCluster) -> None:
    made = make_cluster(share_size="40m")
    site = Site(made, "full")
    site.board(BATCH)
    add(site, "T1", "wait:go commit")
    add(site, "T2", "wait:go say:hello")
    site.gk("tick")
    for card in ("T1", "T2"):
        begun(site, card)
    fill = fill_share(made)
    done = site.tried(*PROGRAM, "add", "more", "--id", "T3", "--worker", "pool")
    assert done.returncode == 1 and "no space left on device" in all_said(done)
    assert "is full" in all_said(site.tried(*PROGRAM, "tick"))
    assert site.status("T1") == "running"
    fill.unlink()
    (site.path / "go").touch()
    assert ended(site, "T1") == "succeeded"
    assert ended(site, "T2") == "no-work"


def test_a_share_that_is_full_at_the_end_of_a_session_costs_no_card(
    make_cluster: MakeCluster,
) -> None:
    made = make_cluster(share_size="40m")
    site = Site(made, "full")
    site.board(BATCH)
    add(site, "T1", "wait:go say:hello")
    site.gk("tick")
    begun(site, "T1")
    (site.path / "go").touch()
    fill = fill_share(made)
    wait_until("the end of its job", lambda: not made.slurm("squeue", "-h"), 60)
    fill.unlink()
    assert ended(site, "T1") == "no-work"
    assert "hello" in site.gk("logs", "T1")


def test_a_node_that_is_gone_for_good_is_given_up_by_a_person(own: Cluster) -> None:
    site = Site(own, "gone")
    site.board(BATCH)
    add(site, "T1", "hang / commit")
    add(site, "T2", "hang / commit")
    site.gk("tick")
    node = begun(site, "T1")
    begun(site, "T2")
    job = site.job("T1")
    own.power_off(node)
    wait_until("its loss", lambda: own.job(job).get("JobState") == "NODE_FAIL", 60)
    site.gk("tick")
    clone = json.loads(site.gk("show", "T1", "--json"))["clone"]
    said = site.gk("why", "T1")
    assert f"`gitkanban reclaim T1 --from {clone}`" in said
    done = site.tried(*PROGRAM, "reclaim", "T1", "--from", clone)
    assert "its last sign of life is not a minute old" in all_said(done)

    def given_up() -> bool:
        return not site.tried(*PROGRAM, "reclaim", "T1", "--from", clone).returncode

    wait_until("a minute of silence", given_up, 120)
    site.settle(["T1"], into=["review"], most=90)
    assert site.outcomes("T1") == ["rebooted", "succeeded"]
    assert "gave up on its node" in site.gk("show", "T1")
    assert {row[3] for row in site.said("begin", "T1")} == {"n1", "n2"}


def test_a_stop_while_the_node_was_away_is_a_stop_when_it_is_back(own: Cluster) -> None:
    site = Site(own, "away")
    site.board(BATCH)
    add(site, "T1", "hang / commit")
    site.gk("tick")
    node, job = begun(site, "T1"), site.job("T1")
    own.power_off(node)
    wait_until("its loss", lambda: own.job(job).get("JobState") == "NODE_FAIL", 60)
    site.gk("tick")
    site.gk("stop", "T1")
    site.gk("tick")
    assert site.status("T1") == "running"
    own.power_on(node)
    assert ended(site, "T1") == "stopped"
    assert site.status("T1") == "blocked"


_CLOUD = """\
NodeName=c1 NodeAddr=10.99.0.77 State=CLOUD
ResumeProgram=/bin/true
SuspendProgram=/bin/true
SuspendTime=600
ResumeTimeout=8
SuspendTimeout=4
SuspendExcNodes=n1,n2
"""


def test_a_node_that_does_not_boot_costs_no_attempt_and_is_left_out_once(
    make_cluster: MakeCluster,
) -> None:
    made = make_cluster(more=_CLOUD)
    site = Site(made, "boot")
    site.board(BATCH.replace("--hold", "--exclude=n1"))
    for node in made.nodes:  # c1 alone is left
        made.slurm("scontrol", "update", f"NodeName={node}", "State=DRAIN", "Reason=rig")
    add(site, "T1", worker="held")
    site.gk("tick")
    words = "queued at held: its node is being started"
    wait_until("its start", lambda: site.ticked() and words in site.gk("why", "T1"))
    for node in made.nodes:
        made.slurm("scontrol", "update", f"NodeName={node}", "State=RESUME")
    assert ended(site, "T1") == "rebooted"
    wait_until("its second try", lambda: site.ticked() and len(site.outcomes("T1")) == 2, 60)
    assert site.outcomes("T1") == ["rebooted", "succeeded"]
    assert site.said("begin", "T1")[0][3] == "n2"


def test_logs_follow_a_session_on_its_node(site: Site) -> None:
    site.board(BATCH)
    add(site, "T1", "say:one wait:go say:two commit")
    site.gk("tick")
    begun(site, "T1")
    words = site.cluster.words(CONTROL, *PROGRAM, "logs", "-f", "T1", cwd=f"{site.inside}/shop")
    env = site.cluster.environment() | site.env
    out = site.path / "followed"
    with open(out, "w") as file:
        following = subprocess.Popen(
            words, env=env, stdout=file, stderr=file, start_new_session=True
        )
    try:
        wait_until("the first word", lambda: "one" in out.read_text())
        (site.path / "go").touch()
        assert following.wait(60) == 0
    finally:
        following.kill()
        following.wait(20)
    assert "two" in out.read_text()
    assert ended(site, "T1") == "succeeded"


def test_memory_homes_and_budgets_hold_for_sessions_on_nodes(site: Site) -> None:
    home = site.path / "profile"
    (home / "memories").mkdir(parents=True)
    (home / "memories/old").write_text("known\n")
    for path in (home, *home.rglob("*")):
        os.chown(path, rig.UID, rig.UID)
    site.board(
        BATCH + "    learner: {{{common}, executor: cluster, memory: read-only, memory_home: "
        f"{{{{env: AGENT_HOME, path: {site.inside}/profile, memory: [memories]}}}}}}}}\n"
        "    paid: {{{common}, executor: cluster, runner: claude, budget: {{card: 0.1}}}}\n"
    )
    add(site, "T1", "remember:new commit", "learner")
    cost = '{"type":"result","total_cost_usd":0.5,"is_error":false,"result":"x","session_id":"s"}'
    add(site, "T2", f"say:{cost} exit:3", "paid")
    site.gk("tick")
    assert ended(site, "T1") == "succeeded"
    assert not (home / "memories/new").exists()
    proposals = list((site.repo / ".git/gitkanban").rglob("memories/new"))
    assert proposals, "what it wants to remember is kept for a person"
    wait_until("its end", lambda: site.ticked() and site.outcomes("T2"), 60)
    wait_until("its budget", lambda: site.ticked() and "budget" in site.gk("why", "T2"))
    assert len(site.outcomes("T2")) == 1


def test_a_job_that_is_in_its_setup_can_be_stopped(site: Site) -> None:
    site.board(BATCH.replace("setup: [touch, .setup]", "setup: [sleep, '600']"))
    add(site, "SET", "commit", "checked")
    site.gk("tick")
    job = site.job("SET")
    wait_until("its setup", lambda: site.cluster.job(job).get("JobState") == "RUNNING", 60)
    wait_until("its setup", lambda: site.ticked() and ", job" in site.gk("why", "SET"))
    site.gk("stop", "SET")
    assert ended(site, "SET") == "stopped"
    assert not site.said("begin", "SET")
