"""A clone on a file system that machines share, and `srun` as a worker's command:
no engine at all.
"""

from pathlib import Path

import pytest

from tests.slurm.rig import CONTROL, Cluster, wait_until
from tests.slurm.site import PROGRAM, Site

pytestmark = pytest.mark.timeout(300)

_SRUN = """\
version: 1
kanban:
  base: main
  workers:
    pool:
      mode: pool
      max_concurrency: 3
      command: [srun, -Q, --mem=100M, {agent}]
"""
_HERE = _SRUN.replace("srun, -Q, --mem=100M, ", "")


def test_a_worker_whose_command_is_srun_has_its_sessions_on_nodes(cluster: Cluster) -> None:
    site = Site(cluster, "srun")
    site.board(_SRUN)
    for card in ("T1", "T2"):
        site.gk("add", card, "--id", card, "--worker", "pool")
    site.words("T2", "say:trying exit:3")
    site.gk("tick")
    site.gk("pause", "--all")  # ten seconds after its end T2 would be tried again
    wait_until("both ends", lambda: site.said("end", "T1") and site.said("end", "T2"))
    site.settle(["T1"], into=["review"])
    site.settle(["T2"], into=["todo"])
    assert site.said("begin", "T1")[0][3] in cluster.nodes
    assert site.call("git", "log", "-1", "--format=%s", "card/T1").strip() == "T1: work"
    assert "the session exited with 3" in site.gk("show", "T2")
    assert "trying" in site.gk("logs", "T2")


def test_what_ends_an_srun_ends_its_session_on_the_node(cluster: Cluster) -> None:
    site = Site(cluster, "stop")
    site.board(_SRUN)
    site.gk("add", "long", "--id", "T1", "--worker", "pool")
    site.words("T1", "hang")
    site.gk("tick")
    wait_until("its session", lambda: site.said("begin", "T1"))
    node = site.said("begin", "T1")[0][3]
    wait_until("it hangs", lambda: any("/agent" in x for x in cluster.processes(node)))
    site.gk("stop", "T1")
    wait_until("its end", lambda: not any("/agent" in x for x in cluster.processes(node)))
    site.settle(["T1"], into=["blocked", "todo"])


def test_one_machine_ticks_a_shared_clone_and_another_leaves_its_runs_alone(
    cluster: Cluster,
) -> None:
    site = Site(cluster, "shared")
    site.board(_HERE)
    site.gk("add", "long", "--id", "T1", "--worker", "pool")
    site.words("T1", "wait:go commit")
    site.gk("tick")
    wait_until("its session", lambda: site.said("begin", "T1"))
    assert site.said("begin", "T1")[0][3] == CONTROL
    assert Path(site.repo, ".git/gitkanban/locks").readlink().parts[:3] == ("/", "var", "tmp")
    for words in (("tick",), ("doctor", "--fix"), ("gc",)):
        done = site.tried(*PROGRAM, *words, host="n1")
        assert done.returncode == 1
        assert "open on ctl, which is another machine: T1" in done.stderr
    assert site.status("T1") == "running"
    (site.path / "go").touch()
    site.settle(["T1"], into=["review"])
    assert len(site.said("begin", "T1")) == 1
    done = site.tried(*PROGRAM, "tick", host="n1")  # nothing is open, but the other ticks it
    assert "this clone is ticked on ctl, which is another machine" in done.stderr
    site.tried(*PROGRAM, "doctor", "--here", host="n1")
    site.gk("tick", host="n1")
    assert "is ticked on n1" in site.tried(*PROGRAM, "tick").stderr
