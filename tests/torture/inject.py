"""Faults put under system calls from outside, with strace: of a tick, and of all that it starts."""

import random
import shutil
import subprocess
import sys
from collections import Counter
from functools import cache

from tests.support import points
from tests.support.arena import Arena

CALLS = {
    "write": "write,pwrite64,writev",
    "fsync": "fsync,fdatasync",
    "rename": "rename,renameat,renameat2",
    "mkdir": "mkdir,mkdirat",
    "link": "link,linkat",
    "unlink": "unlink,unlinkat,rmdir",
    "flock": "flock",
    "fork": "clone,clone3,fork,vfork",
    "exec": "execve",
    "open": "openat",
}
FAULTS = ("signal=KILL", "error=ENOSPC", "error=EIO")
OFTEN = {"write": 60, "open": 400, "fsync": 40, "exec": 12, "fork": 12}


@cache
def missing() -> str:
    """Why there is no injecting here; empty: there is."""
    if not shutil.which("strace"):
        return "strace is not installed"
    try_it = ["strace", "-f", "-e", "inject=getppid:error=EIO", "true"]
    done = subprocess.run(try_it, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else f"ptrace is not allowed: {done.stderr.strip()[:200]}"


def inject(arena: Arena, rng: random.Random, tried: Counter[str]) -> list[str]:
    """A few ticks under strace, a fault in each, then quiet."""
    why = missing()
    if why:
        tried[f"system calls: skipped, {why}"] += 1
        return []
    for _ in range(3):
        arena.fresh(*points.FIRST[rng.randrange(3)])
    for _ in range(rng.randint(2, 4)):
        one(arena, rng, tried)
        arena.wait()
        arena.later(700)
    arena.settle()
    return arena.judged()


def one(arena: Arena, rng: random.Random, tried: Counter[str]) -> None:
    """One tick with one fault, in it or in a process that it starts."""
    call = rng.choice(sorted(CALLS))
    fault = rng.choice(FAULTS)
    when = rng.randint(1, OFTEN.get(call, 8))
    words, env = arena.command("tick")
    traced = [
        "strace", "-f", "-qq", "-e", "trace=none", "-e", "signal=none",
        "-e", f"inject={CALLS[call]}:{fault}:when={when}", *words,
    ]  # fmt: skip
    subprocess.run(traced, cwd=arena.repo, env=env, capture_output=True, check=False, timeout=120)
    tried[f"system call {call}"] += 1


if __name__ == "__main__":
    print(missing() or "strace works here", file=sys.stderr)
