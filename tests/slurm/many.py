"""Many real jobs at once: what a tick costs that submits them, and one that finds them waiting."""

import os
import resource
import time
from collections.abc import Callable

from tests.slurm.rig import UID, Cluster
from tests.slurm.site import PROGRAM, Site

_CONFIG = """\
version: 1
kanban:
  base: main
  executors:
    held: {{engine: slurm, options: [--mem=50M, --hold], max_concurrency: COUNT}}
  workers:
    pool: {{mode: pool, max_concurrency: COUNT, executor: held, command: [{agent}]}}
"""
# By what the shell does itself: its processor time is the tick's. It drops the NULs of a cmdline.
_SQUEUE = """\
#!/bin/sh
read -r asked < /proc/$PPID/cmdline
echo "$asked" >> "${0%/*}/asked"
exec /usr/bin/squeue "$@"
"""
_SETTLED = 4.0  # seconds in which nothing changes in a run folder
_TIMES = 15  # ticks of which the cheapest counts: others use the machine, too


def measure(count: int) -> list[str]:
    """Start `count` jobs that then wait; return the figures, a line each."""
    with Cluster() as cluster:
        site, empty = Site(cluster, "many"), Site(cluster, "none")
        _note_looks(site)
        for each in (site, empty):
            each.board(_CONFIG.replace("COUNT", str(count)))
        _add_cards(site, count)
        begun = time.monotonic()
        used = _measure_processor_time(lambda: site.call(*PROGRAM, "tick", timeout=600))
        took = time.monotonic() - begun
        waiting = len(cluster.slurm("squeue", "-h", "-t", "PD", "-o", "%i").splitlines())
        started = _count_looks(site)
        for _ in range(2):  # a folder that has just changed is looked at again; see `listings`
            site.gk("tick"), empty.gk("tick")
            time.sleep(_SETTLED)
        before = _count_looks(site)
        idle, none = _measure_in_turn(lambda: site.gk("tick"), lambda: empty.gk("tick"))
        looks = (_count_looks(site) - before) / _TIMES
    return [
        f"{waiting} of {count} jobs wait in Slurm",
        f"started in one tick: {took:.1f} s, {used:.1f} s of processor (goal 30 s)",
        f"looks (squeue) in the tick that started them: {started}",
        f"looks in an idle tick over {waiting} pending jobs: {looks:g}",
        f"processor of an idle tick: {idle:.3f} s over {waiting} pending, {none:.3f} s over none: "
        f"{idle / none:.2f} x (goal 1.5 x)",
    ]


def _note_looks(site: Site) -> None:
    """Have each `squeue` note who asked."""
    folder = site.path / "bin"
    folder.mkdir()
    (folder / "squeue").write_text(_SQUEUE)
    (folder / "squeue").chmod(0o755)
    for each in (folder, folder / "squeue"):
        os.chown(each, UID, UID)
    site.env["PATH"] = f"{site.inside}/bin:{site.cluster.environment()['PATH']}"


def _count_looks(site: Site) -> int:
    """How often ticks have asked; a standby asks by itself."""
    path = site.path / "bin/asked"
    lines = path.read_text().splitlines() if path.exists() else []
    return sum("gitkanbantick" in line for line in lines)


def _add_cards(site: Site, count: int) -> None:
    folder = site.repo / ".kanban/cards"
    folder.mkdir(exist_ok=True)
    for number in range(count):
        text = f"id: M{number}\n\ntitle: card {number}\n\nworker: pool\n\nstatus: todo\n"
        (folder / f"M{number}.yaml").write_text(text)
    for each in (folder, *folder.iterdir()):
        os.chown(each, UID, UID)
    site.call("git", "add", ".kanban/cards")
    site.call("git", "commit", "-qm", "cards")


def _measure_in_turn(*acts: Callable[[], object]) -> list[float]:
    """Processor seconds of each act at its cheapest; in turn, so that others disturb them alike."""
    rounds = [[_measure_processor_time(act) for act in acts] for _ in range(_TIMES)]
    return [min(seconds) for seconds in zip(*rounds, strict=True)]


def _measure_processor_time(act: Callable[[], object]) -> float:
    """Processor seconds of the programs that an act runs and waits for."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    act()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
