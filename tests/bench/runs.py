"""What runs cost: a supervisor's memory and start-up, many idle ones, a tick over many running.

`python -m tests.bench.runs` prints them; each figure stands beside what it is compared with,
measured in the same minute. It asserts nothing.
"""

import atexit
import os
import shutil
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from gitkanban.runs import sessions
from gitkanban.runs.records.folders import Folder
from gitkanban.runs.supervision import processes
from tests.support.arena import Arena, until
from tests.support.arena import room as new_room

BARE = (sys.executable, "-I", "-S", "-c", "import time; time.sleep(9)")
CONFIG = """\
version: 1
kanban:
  max_concurrency: 400
  workers:
    pool:
      profile: many
      mode: pool
      max_concurrency: 400
      command: [sleep, "900"]
"""


def room() -> Path:
    """A folder that goes when the figures are there."""
    made = new_room()
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return made


def folder(top: Path, number: int, session: list[str]) -> Folder:
    """A run folder whose supervisor runs this session alone."""
    found = Folder(str(top / f"run{number}"))
    found.write_spec(
        {"run": f"run{number}", "session": session, "workspace": "/", "env": ["PATH=/usr/bin:/bin"]}
    )
    return found


def kilobytes(pid: int, name: str = "VmRSS") -> int:
    """Memory of a process by the kernel's own account (proc(5))."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(f"{name}:")).split()[1])


def end(pid: int) -> None:
    """End a supervisor and its session."""
    for process in (*processes.descendants(pid), processes.look(pid)):
        if process:
            processes.tell(process, signal.SIGKILL)
    os.waitpid(pid, 0)


def memory(count: int = 5) -> None:
    """Resident memory of a supervisor whose session runs."""
    top = room()
    ratios, sizes, bares = [], [], []
    for number in range(count):
        found = folder(top, number, ["sleep", "60"])
        pid = sessions.spawn(found, [])
        until(lambda found=found: found.has("pids"), "the session")  # type: ignore[misc]
        bare = subprocess.Popen(BARE)
        until(lambda bare=bare: "sleep" in wait_channel(bare.pid), "it to sleep")  # type: ignore[misc]
        sizes.append(kilobytes(pid))
        bares.append(kilobytes(bare.pid))
        ratios.append(sizes[-1] / bares[-1])
        bare.kill()
        bare.wait()
        end(pid)
    line("a supervisor's memory", statistics.median(sizes) / 1024, "MiB", ratios,
         f"a bare interpreter ({statistics.median(bares) / 1024:.1f} MiB)", "1.5")  # fmt: skip


def wait_channel(pid: int) -> str:
    """In which call a process sleeps; `sleep` where the kernel does not say and it sleeps."""
    seen = processes.look(pid)
    return "sleep" if seen and seen.state == "S" else ""


def start_up(count: int = 25) -> None:
    """From the start of a supervisor to its first beat, when it is about to start its session."""
    top = room()
    bare = (sys.executable, "-I", "-S", "-c", "import sys; open(sys.argv[1], 'ab').close()")
    times, others = [], []
    for number in range(count):
        found = folder(top, number, [])
        mark = f"{top}/mark{number}"
        begun = time.perf_counter()
        pid = sessions.spawn(found, [])
        times.append(appeared(found.file("beat")) - begun)
        os.waitpid(pid, 0)
        begun = time.perf_counter()
        pid = os.posix_spawn(bare[0], [*bare, mark], os.environ)
        others.append(appeared(mark) - begun)
        os.waitpid(pid, 0)
    ratios = [a / b for a, b in zip(times, others, strict=True)]
    line("a supervisor's start-up", statistics.median(times) * 1000, "ms", ratios,
         f"a bare interpreter ({statistics.median(others) * 1000:.1f} ms)", "2")  # fmt: skip


def appeared(path: str) -> float:
    """When the file was there."""
    while not os.path.exists(path):
        time.sleep(0.0002)
    return time.perf_counter()


def timed(run: Callable[[], object]) -> float:
    """Seconds that one call takes."""
    begun = time.perf_counter()
    run()
    return time.perf_counter() - begun


def idle(count: int = 100, seconds: float = 10.0) -> None:
    """Processor time of idle supervisors, all together, as a share of one core."""
    top = room()
    pids = []
    for number in range(count):
        pids.append(sessions.spawn(folder(top, number, ["sleep", "600"]), []))
    until(lambda: all(Path(f"{top}/run{n}/pids").exists() for n in range(count)), "all sessions")
    time.sleep(5)  # looks get rarer while nothing happens; we are after the state of rest
    before, begun = sum(map(used, pids)), time.monotonic()
    time.sleep(seconds)
    share = (sum(map(used, pids)) - before) / (time.monotonic() - begun)
    print(f"{f'{count} idle supervisors':<42} {share * 100:8.2f} % of one core  target 1")
    for pid in pids:
        end(pid)


def used(pid: int) -> float:
    """Seconds of processor time that a process has used (proc(5): the scheduler's own count)."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


def ticks(count: int = 200, times: int = 7) -> None:
    """A tick with nothing to do over many running sessions, against one over none."""
    busy = Arena(room(), {f"T{n}": "@pool" for n in range(count)}, config=CONFIG)
    calm = Arena(room(), {f"T{n}": "@pool backlog" for n in range(count)}, config=CONFIG)
    busy.extra["timeout"] = "900"
    try:
        assert busy.tick() == 0
        until(lambda: len(busy.supervisors()) == count, "every session")
        ours, theirs = [], []
        for _ in range(times + 1):
            for arena, found in ((busy, ours), (calm, theirs)):
                words, env = arena.command("tick")
                run = partial(subprocess.run, words, cwd=arena.repo, env=env, check=True)
                found.append(timed(run))
        ratios = [a / b for a, b in zip(ours[1:], theirs[1:], strict=True)]
        line(f"a tick over {count} running", statistics.median(ours[1:]) * 1000, "ms", ratios,
             f"over none ({statistics.median(theirs[1:]) * 1000:.1f} ms)", "3")  # fmt: skip
    finally:
        busy.close()
        calm.close()


def line(name: str, value: float, unit: str, ratios: list[float], base: str, target: str) -> None:
    """A figure, the median of its ratios, and what it is compared with."""
    ratio = statistics.median(ratios)
    print(f"{name:<42} {value:8.1f} {unit:<3} {ratio:6.2f} x  {base}  target {target}")


def main(quick: bool = False) -> None:
    """Print every figure; `quick` with fewer processes."""
    memory()
    start_up()
    idle(20 if quick else 100, 3 if quick else 10)
    ticks(40 if quick else 200)


if __name__ == "__main__":
    main("--quick" in sys.argv)
