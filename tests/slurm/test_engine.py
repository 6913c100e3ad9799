"""Sessions as Slurm jobs: every end has the outcome that it has locally, and nothing is left."""

import pytest

from tests.slurm import rig
from tests.slurm.rig import CONTROL, Cluster, wait_until
from tests.slurm.site import BATCH, PROGRAM, Site

pytestmark = pytest.mark.timeout(400)


@pytest.fixture
def site(cluster: Cluster, request: pytest.FixtureRequest) -> Site:
    made = Site(cluster, request.node.name[5:20])
    made.board(BATCH)
    return made


def test_ends_on_nodes_are_told_as_they_are_locally_and_leave_nothing(
    cluster: Cluster, site: Site
) -> None:
    words = {
        "OK": "commit", "EXIT": "say:trying exit:3", "NONE": "say:hi", "DAEMON": "daemon commit",
        "STOP": "hang", "KILL": "hang", "CANCEL": "hang", "LONG": "hang", "FAULT": "commit",
    }  # fmt: skip
    workers = {"LONG": "brief", "OK": "checked", "FAULT": "picky"}
    for card, line in words.items():
        site.words(card, line)
        site.gk("add", card, "--id", card, "--worker", workers.get(card, "pool"))
    site.gk("tick")
    site.gk("pause", "--all")  # ten seconds after their end they would be tried again
    speak = words.keys() - {"LONG"}  # whose time may be over before it says a word
    wait_until("all of them", lambda: all(site.said("begin", card) for card in speak))
    site.kill_supervisor("KILL")
    cluster.slurm("scancel", site.job("CANCEL"))
    site.gk("stop", "STOP")
    expected = {
        "OK": ("review", "succeeded"), "EXIT": ("todo", "failed"), "NONE": ("todo", "no-work"),
        "DAEMON": ("review", "succeeded"), "STOP": ("blocked", "stopped"), "KILL": ("todo", "lost"),
        "CANCEL": ("blocked", "stopped"), "LONG": ("todo", "timed-out"), "FAULT": ("todo", "verify-failed"),
    }  # fmt: skip
    wait_until("every end", lambda: site.ticked() and all(site.outcomes(c) for c in words))
    found = {card: (site.status(card), *site.outcomes(card)) for card in words}
    assert found == expected
    assert "cancelled in Slurm" in site.gk("show", "CANCEL")
    assert "trying" in site.gk("logs", "EXIT")
    site.wait_for_rest()
    begun = [row[1] for row in site.log() if row[0] == "begin"]
    assert len(begun) == len(set(begun)) and speak <= set(begun) <= words.keys()


def test_a_job_that_waits_is_told_and_can_be_stopped(cluster: Cluster, site: Site) -> None:
    site.gk("add", "big", "--id", "BIG", "--worker", "held")
    wait_until(
        "the reason",
        lambda: site.ticked() and "queued at held: JobHeldUser" in site.gk("why", "BIG"),
    )
    assert cluster.job(site.job("BIG"))["JobState"] == "PENDING"
    site.gk("stop", "BIG")
    wait_until("its end", lambda: site.ticked() and site.outcomes("BIG"))
    assert site.outcomes("BIG") == ["stopped"]
    site.wait_for_rest()
    assert not site.said("begin", "BIG")


def test_what_sbatch_refuses_is_told_in_its_words_and_is_no_attempt(
    cluster: Cluster, site: Site
) -> None:
    site.gk("add", "nowhere", "--id", "NOWHERE", "--worker", "nowhere")
    done = site.tried(*PROGRAM, "tick")
    assert done.returncode == 1
    assert "Invalid partition name specified" in done.stdout + done.stderr
    assert site.outcomes("NOWHERE") == ["not-started"]
    assert site.status("NOWHERE") == "todo"
    doctor = site.tried(*PROGRAM, "doctor").stdout
    assert "nothing starts on nowhere: " in doctor and "invalid partition" in doctor.lower()
    assert "nothing starts on cluster" not in doctor


def test_the_same_script_submitted_twice_is_one_session(cluster: Cluster, site: Site) -> None:
    site.words("TWICE", "wait:twice commit")
    site.gk("add", "twice", "--id", "TWICE", "--worker", "pool")
    site.gk("tick")
    wait_until("its session", lambda: site.said("begin", "TWICE"))
    again = cluster.run(
        CONTROL, "sbatch", "--parsable", "-o", "/dev/null", f"{site.run_folder('TWICE')}/job.sh"
    ).stdout.strip()
    wait_until("the second job", lambda: cluster.job(again).get("JobState") == "COMPLETED")
    (site.path / "twice").touch()
    wait_until("its end", lambda: site.ticked() and site.outcomes("TWICE"))
    assert site.outcomes("TWICE") == ["succeeded"]
    assert len(site.said("begin", "TWICE")) == 1


def test_from_silence_nothing_is_concluded_and_nothing_is_submitted(
    cluster: Cluster, site: Site
) -> None:
    site.words("LIVE", "wait:silence commit")
    site.gk("add", "live", "--id", "LIVE", "--worker", "pool")
    site.gk("tick")
    wait_until("its session", lambda: site.said("begin", "LIVE"))
    cluster.wait_for_saved_jobs()
    cluster.kill_slurmctld()
    try:
        site.gk("add", "new", "--id", "NEW", "--worker", "pool")
        done = site.tried(*PROGRAM, "tick", "-v")
        assert "Slurm does not answer" in done.stdout + done.stderr
        assert (site.status("LIVE"), site.status("NEW")) == ("running", "todo")
        assert "Slurm does not answer" in site.gk("why", "NEW")
        (site.path / "silence").touch()
        wait_until("its end", lambda: site.has_ended("LIVE"))  # each tick waits for Slurm in vain
        wait_until("its record", lambda: site.ticked() and site.outcomes("LIVE"))
        assert site.outcomes("LIVE") == ["succeeded"]  # the record counts, whatever Slurm says
    finally:
        cluster.start_slurmctld()
    wait_until("the new one", lambda: site.ticked() and site.outcomes("NEW"))
    assert site.outcomes("NEW") == ["succeeded"]
    assert rig.CONTROL not in {row[3] for row in site.log()}
