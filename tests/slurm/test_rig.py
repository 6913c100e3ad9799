"""The cluster itself: jobs run on it, its nodes are apart, and nothing of it outlives it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.slurm import rig
from tests.slurm.rig import CONTROL, SHARE, Cluster, wait_until

pytestmark = pytest.mark.timeout(300)

_HOLD_LOCK = (
    "import fcntl, sys, time; f = open(sys.argv[1], 'w'); fcntl.flock(f, fcntl.LOCK_EX);"
    "open(sys.argv[1] + '.held', 'w'); time.sleep(60)"
)
_TRY_LOCK = "import fcntl, sys; fcntl.flock(open(sys.argv[1], 'w'), fcntl.LOCK_EX | fcntl.LOCK_NB)"


def submit(cluster: Cluster, script: str, *options: str) -> str:
    done = cluster.run(CONTROL, "sbatch", "--parsable", *options, "--wrap", script)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def state(cluster: Cluster, job: str) -> str:
    return cluster.job(job).get("JobState", "")


def test_a_job_runs_and_ends_as_the_person_who_submitted_it(cluster: Cluster) -> None:
    job = submit(cluster, "hostname; id -un; pwd", "-o", f"{SHARE}/home/ada/out")
    wait_until("the end of the job", lambda: state(cluster, job) == "COMPLETED")
    said = (cluster.share / "home/ada/out").read_text().split()
    assert said == [cluster.job(job)["BatchHost"], rig.USER, rig.HOME + "/ada"]


def test_hosts_see_neither_each_others_processes_nor_each_others_locks(cluster: Cluster) -> None:
    lock = f"{rig.HOME}/ada/lock"
    job = submit(
        cluster,
        f"exec {sys.executable} -c '{_HOLD_LOCK.replace(chr(39), chr(34))}' {lock}",
        "-w",
        "n1",
    )
    try:
        wait_until("the lock", (cluster.share / "home/ada/lock.held").exists)
        assert any(".held" in line for line in cluster.processes("n1"))
        assert not any(".held" in line for line in cluster.processes("n2"))
        taken = {
            host: cluster.run(host, sys.executable, "-c", _TRY_LOCK, lock).returncode == 0
            for host in ("n1", "n2", CONTROL)
        }
        assert taken == {"n1": False, "n2": True, CONTROL: True}
    finally:
        cluster.slurm("scancel", job)
        wait_until("the end of the job", lambda: state(cluster, job) == "CANCELLED")


def test_nothing_outlives_the_cluster_even_if_its_tests_are_killed(tmp_path: Path) -> None:
    reason = rig.why_not()
    if reason:
        pytest.skip(reason)
    script = (
        "import sys, time; from tests.slurm.rig import *\n"
        "with Cluster(('n1',)) as made:\n"
        "    made.run(CONTROL, 'sbatch', '--wrap', 'sleep 77')\n"
        "    print(made.folder, flush=True); time.sleep(60)\n"
    )
    started = subprocess.Popen(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2],
        env=os.environ | {"TMPDIR": str(tmp_path)},
    )  # fmt: skip
    with started:
        assert started.stdout
        folder = started.stdout.readline().strip()
        assert folder.startswith(str(tmp_path))
        inside = processes_of(folder)
        assert any("slurmctld" in line for line in inside.values()), inside
        started.send_signal(signal.SIGKILL)
    wait_until("the end of all of it", lambda: not processes_of(folder))


def processes_of(folder: str) -> dict[int, str]:
    """Return the processes of the machine that belong to the cluster of a folder."""
    found = {}
    for each in Path("/proc").iterdir():
        try:
            environment = (each / "environ").read_bytes() if each.name.isdigit() else b""
            words = (each / "cmdline").read_bytes() if environment else b""
        except OSError:
            continue
        if folder.encode() in environment + words:
            found[int(each.name)] = words.replace(b"\0", b" ").decode(errors="replace")
    return found
