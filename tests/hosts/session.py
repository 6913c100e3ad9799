"""`session.py FOLDER WORKER`: a session that works on its card, and keeps a log of its own.

What it does stands in `FOLDER/words/<card>`: `sleep:SECONDS`, `wait:FILE`, `exit:CODE`, `commit`.
While it lives it has a locked file in `FOLDER/live`, on the one kernel that all hosts share. So
each session knows for certain which others are alive when it begins, of whatever host. A line of
`FOLDER/log` is one append. Standard library only, quick to start.
"""

import fcntl
import os
import sys
import time
from contextlib import suppress

FOLDER, WORKER = sys.argv[1], sys.argv[2]
CARD, RUN = os.environ["GITKANBAN_CARD"], os.environ["GITKANBAN_RUN"]
PROFILE, HOST = os.environ["GITKANBAN_PROFILE"], os.uname().nodename
WAIT_MOST = 300.0  # seconds; a story that forgets a session must not leave it behind for ever


def say(*words: object) -> None:
    fd = os.open(f"{FOLDER}/log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.write(fd, (" ".join(map(str, words)) + "\n").encode())
    os.close(fd)


def live(name: str) -> None:
    """Be seen to live until this process ends."""
    fd = os.open(f"{FOLDER}/begun.{RUN}.{os.getpid()}", os.O_RDWR | os.O_CREAT, 0o644)
    fcntl.flock(fd, fcntl.LOCK_EX)
    os.rename(f"{FOLDER}/begun.{RUN}.{os.getpid()}", f"{FOLDER}/live/{name}")


def is_alive(name: str) -> bool:
    try:
        fd = os.open(f"{FOLDER}/live/{name}", os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False


def git(*args: str) -> str:
    reader, writer = os.pipe()
    pid = os.fork()
    if not pid:
        os.dup2(writer, 1)
        os.execvpe("git", ["git", *args], os.environ)
    os.close(writer)
    with open(reader) as file:
        text = file.read().strip()
    if os.waitpid(pid, 0)[1]:
        say("trouble", CARD, RUN, HOST, args[0])
        sys.exit(3)
    return text


def begin() -> str:
    """Say that we are here, with what work, and who else is alive; the name that we live by."""
    work = sorted(os.listdir("work")) if os.path.isdir("work") else []
    name = "+".join((CARD, RUN, HOST, WORKER, PROFILE, str(os.getpid())))
    live(name)
    have = ",".join(each.removesuffix(".txt") for each in work) or "-"
    now = f"{time.clock_gettime(time.CLOCK_MONOTONIC):.3f}"
    say("begin", CARD, RUN, HOST, WORKER, PROFILE, now, git("rev-parse", "HEAD"), have)
    for other in os.listdir(f"{FOLDER}/live"):
        if other != name and is_alive(other):
            say("saw", CARD, RUN, *other.split("+")[:5])
    return name


def act(word: str) -> None:
    verb, _, value = word.partition(":")
    if verb == "commit":
        os.makedirs("work", exist_ok=True)
        with open(f"work/{CARD}.txt", "a") as file:
            file.write(f"{RUN}\n")
        git("add", "work")
        git("commit", "-qm", f"{CARD}: {RUN}")
        say("commit", CARD, RUN, HOST, git("rev-parse", "HEAD"))
    elif verb == "sleep":
        time.sleep(float(value))
    elif verb == "wait":
        say("waits", CARD, RUN, HOST)
        end = time.monotonic() + WAIT_MOST
        while not os.path.exists(f"{FOLDER}/{value}") and time.monotonic() < end:
            time.sleep(0.02)
    elif verb == "exit":
        say("end", CARD, RUN, HOST, value)
        os._exit(int(value))


def words() -> list[str]:
    with suppress(FileNotFoundError), open(f"{FOLDER}/words/{CARD}") as file:
        return file.read().split()
    return ["sleep:0.2", "commit"]


if __name__ == "__main__":
    own = begin()
    for one in words():
        act(one)
    say("end", CARD, RUN, HOST, 0)
    os.unlink(f"{FOLDER}/live/{own}")
