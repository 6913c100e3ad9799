"""A batch system for tests: a folder is its queue, each job a file in it.

`submit` writes the file and starts a process that runs the job, unless the queue is held. It can be
bad: the file `mood` in the folder has words that say how. Every call adds a line to `calls`.

- `hold`: jobs wait; `release` starts them
- `refuse`: nothing is accepted
- `one-node`: a job that leaves nodes out is refused
- `no-admission`: what a job leaves out cannot be changed
- `lose-reply`: accepted, and the reply never comes
- `twice`: every job is started twice
- `silent`: no command is answered
- `garbled`: `look` prints something else
"""

import fcntl
import itertools
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

if __name__ != "__main__":  # as a program it stands alone
    from gitkanban.core.engines import OPTIONS, Engine

VARIABLE = "FOLDER_QUEUE"
NODE = "node-1"


def engine(patience: float = 30.0, settling: float = 0.0) -> "Engine":
    """The queue as an engine."""
    call = (sys.executable, "-I", __file__)
    return Engine(
        name="queue",
        title="the queue",
        tried="always",
        submit=(*call, "submit", "{name}", "{minutes}", OPTIONS, "{script}"),
        rehearse=(*call, "rehearse", OPTIONS),
        look=(*call, "look"),
        columns=("id", "name", "state", "node", "reason"),
        cancel=(*call, "cancel", "{job}"),
        signal=(*call, "signal", "{job}"),
        node=(*call, "node", "{node}"),
        states={
            "WAITING": "waiting", "RUNNING": "running", "GONE": "node-lost", "EVICTED": "preempted",
            "CANCELLED": "cancelled", "LATE": "out-of-time", "BIG": "out-of-memory", "OVER": "over",
        },
        remarks={"FROZEN": "suspended"},
        node_down=("down",),
        refused={"--wrap": "it would change what runs"},
        env=(VARIABLE,),
        exclude="--not-on={nodes}",
        exclude_names=("--not-on",),
        admit=(*call, "admit", "{job}", "{nodes}"),
        job_id="QUEUE_JOB",
        job_node="QUEUE_NODE",
        settling=settling,
        patience=patience,
    )  # fmt: skip


class Queue:
    """The queue as a test sees it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)

    def mood(self, words: str = "") -> None:
        """Change how it behaves."""
        (self.folder / "mood").write_text(words)

    def jobs(self) -> dict[str, dict[str, str]]:
        """The jobs by id."""
        return {path.stem: json.loads(path.read_text()) for path in self.folder.glob("*.job")}

    def set(self, **fields: str) -> None:
        """Change what the queue says of every job."""
        for number in self.jobs():
            change(self.folder, number, **fields)

    def forget(self) -> None:
        """Lose every job; what runs goes on."""
        with alone(self.folder):
            for path in self.folder.glob("*.job"):
                path.unlink()

    def release(self) -> None:
        """Start the jobs that wait."""
        for number, job in self.jobs().items():
            if job["state"] == "WAITING":
                call = [sys.executable, "-I", __file__, "start", number]
                env = {**os.environ, VARIABLE: str(self.folder)}
                subprocess.run(call, env=env, check=True, timeout=120)

    def is_at_work(self) -> bool:
        """Return whether a job runs."""
        return any(job["state"] == "RUNNING" for job in self.jobs().values())

    def calls(self, verb: str) -> int:
        """How often a command of it was called."""
        return [line.split()[0] for line in self._lines()].count(verb)

    def _lines(self) -> list[str]:
        path = self.folder / "calls"
        return path.read_text().splitlines() if path.exists() else []

    def close(self) -> None:
        """End every job."""
        with alone(self.folder):
            for number, job in self.jobs().items():
                if job["state"] == "RUNNING":
                    kill(job, signal.SIGKILL)
                    _change(self.folder, number, state="CANCELLED")


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Nobody else changes a job in this block: who had read it before would undo the change."""
    with open(folder / "turn", "a") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        yield


def change(folder: Path, number: str, **fields: str) -> None:
    """Change a job's file."""
    with alone(folder):
        _change(folder, number, **fields)


def _change(folder: Path, number: str, **fields: str) -> None:
    path = folder / f"{number}.job"
    try:
        job = {**json.loads(path.read_text()), **fields}
    except FileNotFoundError:
        return  # it was forgotten
    write(path, job)


def write(path: Path, job: dict[str, str]) -> None:
    """Write a job's file whole."""
    part = path.with_suffix(f".part{os.getpid()}")
    part.write_text(json.dumps(job))
    part.rename(path)


def take_number(queue: Queue) -> str:
    """Return a number that no other submission gets."""
    for number in itertools.count(len(queue.jobs()) + 1):
        with suppress(FileExistsError):
            (queue.folder / f"{number}.number").touch(exist_ok=False)
            return str(number)
    raise AssertionError("numbers have no end")


def start(folder: Path, number: str) -> None:
    """Start a process that runs a job and notes its end."""
    change(folder, number, state="RUNNING", node=NODE, reason="")
    subprocess.Popen(
        [sys.executable, "-I", __file__, "run", number], env={**os.environ, VARIABLE: str(folder)},
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip


def run(folder: Path, number: str) -> None:
    """Run a job to its end, unless it was cancelled before it began.

    Its process notes its id before it becomes the job.
    """
    path, pid = folder / f"{number}.job", os.fork()
    if not pid:
        try:
            os.setsid()
            os.chdir("/")
            with alone(folder):
                if not _is_running(path):
                    return
                script = json.loads(path.read_text())["script"]
                _change(folder, number, pid=str(os.getpid()))
            env = {"PATH": os.defpath, "QUEUE_JOB": number, "QUEUE_NODE": NODE}
            os.execve(script, [script], env)
        finally:
            os._exit(127)
    os.waitpid(pid, 0)
    with alone(folder):
        if _is_running(path):
            _change(folder, number, state="OVER")


def _is_running(path: Path) -> bool:
    try:
        return bool(json.loads(path.read_text())["state"] == "RUNNING")
    except FileNotFoundError:
        return False  # it was forgotten


def kill(job: dict[str, str], number: int) -> None:
    """Send a signal to the process of a job."""
    pid = int(job.get("pid", "0"))
    with suppress(ProcessLookupError):
        if pid > 1:
            os.kill(pid, number)


def main() -> int:
    """One command of the queue."""
    folder, verb, words = Path(os.environ[VARIABLE]), sys.argv[1], sys.argv[2:]
    mood = (folder / "mood").read_text().split() if (folder / "mood").exists() else []
    if verb in ("run", "start"):
        (run if verb == "run" else start)(folder, *words)
        return 0
    with open(folder / "calls", "a") as file:
        file.write(f"{verb} {' '.join(words)}\n")
    if "silent" in mood:
        time.sleep(60)
    queue = Queue(folder)
    if verb == "submit":
        return submit(queue, words, mood)
    if verb == "look" and "garbled" in mood:
        print("502 Bad Gateway")
    elif verb == "look":
        for number, job in sorted(queue.jobs().items()):
            print("|".join((number, job["name"], job["state"], job["node"], job["reason"])))
    elif verb == "admit" and "no-admission" in mood:
        return 1
    elif verb == "node":
        print("down" if (folder / "node-down").exists() else "up")
    elif verb in ("cancel", "signal") and words[0] in queue.jobs():
        with alone(folder):
            job = queue.jobs()[words[0]]
            if verb == "cancel":
                _change(folder, words[0], state="CANCELLED")
            kill(job, signal.SIGTERM if verb == "cancel" else signal.SIGUSR1)
    return 0


def submit(queue: Queue, words: list[str], mood: list[str]) -> int:
    """Accept a job, or not."""
    if "refuse" in mood or ("one-node" in mood and any("--not-on" in word for word in words)):
        print("warning: x\nno such partition: agents", file=sys.stderr)
        return 1
    numbers = [take_number(queue) for _ in range(1 + ("twice" in mood))]
    for number in numbers:
        job = {
            "name": words[0],
            "script": words[-1],
            "state": "WAITING",
            "node": "",
            "reason": "Full",
        }
        write(queue.folder / f"{number}.job", job)
    if "hold" not in mood:
        for number in numbers:
            start(queue.folder, number)
    if "lose-reply" in mood:
        time.sleep(60)
    print(numbers[0])
    return 0


if __name__ == "__main__":
    sys.exit(main())
