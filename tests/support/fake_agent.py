"""A fake session that keeps a log of its own, by which an independent oracle judges the rest.

`fake_agent.py FOLDER WORKER`: what it does stands in `FOLDER/words/<card>`, a line an attempt (the
last one counts for all later ones), else it makes one commit. Every line of `FOLDER/log` is one
append, so that lines of many sessions never mix. Standard library, quick to start.
"""

import os
import signal
import sys
import time
from hashlib import sha1
from itertools import count

FOLDER, WORKER = sys.argv[1], sys.argv[2]
CARD, RUN = os.environ["GITKANBAN_CARD"], os.environ["GITKANBAN_RUN"]
PROFILE = os.environ["GITKANBAN_PROFILE"]
LOG = f"{FOLDER}/log"
COUNT = count()


def say(*words: object) -> None:
    fd = os.open(LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.write(fd, (" ".join(map(str, words)) + "\n").encode())
    os.close(fd)


def started(pid: int) -> int:
    """Start time in ticks since boot of a process that is alive, else 0."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            text = file.read()
    except OSError:
        return 0
    words = text[text.rfind(b")") + 2 :].split()
    return 0 if words[0] in (b"Z", b"X") else int(words[19])


def begin() -> int:
    """Say that we are here, and who else is; the number of this attempt, from 0."""
    say("begin", CARD, RUN, WORKER, PROFILE, os.getpid(), started(os.getpid()))
    with open(LOG) as file:
        rows = [line.split() for line in file if line.endswith("\n")]
    attempt = -1
    for row in rows:
        if row[0] == "begin" and row[1] == CARD:
            attempt += 1
        if row[0] in ("begin", "tree") and row[2] != RUN and started(int(row[5])) == int(row[6]):
            say("saw", CARD, RUN, *row[1:5])
    return attempt


def words(attempt: int) -> list[str]:
    try:
        with open(f"{FOLDER}/words/{CARD}") as file:
            lines = file.read().splitlines()
    except FileNotFoundError:
        return ["commit"]
    return lines[min(attempt, len(lines) - 1)].split()


def git(*args: str) -> None:
    if os.spawnvpe(os.P_WAIT, "git", ["git", *args], os.environ):
        say("trouble", CARD, RUN, args[0])
        os._exit(3)


def head() -> str:
    reader, writer = os.pipe()
    if not os.fork():
        os.dup2(writer, 1)
        os.execvpe("git", ["git", "rev-parse", "HEAD"], os.environ)
    os.close(writer)
    found = os.read(reader, 100).decode().strip()
    os.wait()
    return found


def append(name: str) -> None:
    os.makedirs(os.path.dirname(name) or ".", exist_ok=True)
    with open(name, "a") as file:
        file.write(f"{RUN} {next(COUNT)}\n")


def hang() -> None:
    while True:
        time.sleep(60)


def daemon(*, erased: bool) -> None:
    """Leave a process outside of our session that wants to live."""
    told, tell = os.pipe()
    if os.fork():
        os.close(tell)
        os.read(told, 1)
        return
    os.setsid()
    if os.fork():
        os._exit(0)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    say("tree", CARD, RUN, WORKER, PROFILE, os.getpid(), started(os.getpid()))
    if erased:
        script = "import os, time; os.closerange(0, 64)\nwhile True: time.sleep(60)"
        os.set_inheritable(tell, False)
        os.execve(sys.executable, [sys.executable, "-I", "-S", "-c", script], {})
    os.close(tell)
    hang()


def poison(path: str) -> None:
    """Settings by which a git that reads them here runs a program, unless a session runs it."""
    sign = f"{os.path.dirname(FOLDER)}/ran/{os.path.basename(path)}-of-{RUN}"
    with open(path, "a") as file:
        file.write(f'[core]\n\tfsmonitor = "test -n \\"$GITKANBAN_RUN\\" || touch {sign}; false"\n')


def be_hostile(how: str) -> None:
    """Make of the workspace what makes a trusting git do something else."""
    with open(".git") as file:
        admin = file.read().removeprefix("gitdir: ").strip()
    common = os.path.dirname(os.path.dirname(admin))
    if how == "git-file":
        with open(".git", "w") as file:
            file.write(f"gitdir: {common}\n")
    elif how == "git-link":
        os.unlink(".git")
        os.symlink(common, ".git")
    elif how == "no-git":
        os.unlink(".git")
    elif how == "repository":
        os.unlink(".git")
        git("init", "-q")
        poison(".git/config")
    elif how == "nested":
        os.makedirs("nested", exist_ok=True)
        git("init", "-q", "nested")
        act(f"left:nested/{RUN}.txt")
        git("-C", "nested", "add", ".")
        git("-C", "nested", "commit", "-qm", "nested")
        poison("nested/.git/config")
    elif how == "index-link":
        os.unlink(f"{admin}/index")
        os.symlink(f"{common}/index", f"{admin}/index")
    elif how == "common-dir":
        git("init", "-q", ".other")
        poison(".other/.git/config")
        with open(f"{admin}/commondir", "w") as file:
            file.write(f"{os.getcwd()}/.other/.git\n")
    elif how == "settings":
        git("config", "extensions.worktreeConfig", "true")
        poison(f"{admin}/config.worktree")
    elif how == "head-on-base":
        with open(f"{admin}/HEAD", "w") as file:
            file.write("ref: refs/heads/main\n")
    elif how == "bare":
        git("config", "--file", f"{common}/config", "core.bare", "true")
        say("tampered", CARD, RUN, "core.bare")
    elif how == "hooks":
        os.makedirs(f"{common}/hooks", exist_ok=True)
        for name in ("post-index-change", "post-checkout", "pre-push"):
            path = f"{common}/hooks/{name}"
            with open(path, "w") as file:
                file.write("#!/bin/sh\nexit 0\n")
            os.chmod(path, 0o755)
            say("tampered", CARD, RUN, f"hooks/{name}")
    elif how == "branches":
        git("update-ref", "refs/heads/card/A0", "HEAD")
        git("tag", "-f", "v1", "HEAD")
        say("tampered", CARD, RUN, "refs/tags/v1")


def act(word: str) -> None:
    verb, _, value = word.partition(":")
    if verb == "commit":
        name = f"work/{CARD}.txt"
        append(name)
        git("add", name)
        git("commit", "-qm", f"{CARD}: {RUN}")
        say("commit", CARD, RUN, head())
    elif verb == "left":
        name = value or f"left/{CARD}-{RUN}.txt"
        append(name)
        with open(name, "rb") as file:
            data = file.read()
        say("left", CARD, RUN, sha1(b"blob %d\0" % len(data) + data).hexdigest(), name)
    elif verb == "discard":  # it rewrites its own branch, and is taken at its word
        say("discarded", CARD, RUN, head())
        git("update-ref", f"refs/heads/card/{CARD}", "HEAD~1")
    elif verb == "git":
        git(*value.replace("{card}", CARD).split(","))
    elif verb == "letter":
        name = f"{next(COUNT):020}.json"
        with open(f"{os.environ['GITKANBAN_MAILBOX']}/{name}", "w") as file:
            file.write(f'{{"kind": "note", "card": "{CARD}", "text": "a remark of {RUN}"}}')
    elif verb == "exit":
        say("end", CARD, RUN, value)
        sys.stdout.flush()
        os._exit(int(value))
    elif verb == "die":
        os.kill(os.getpid(), int(value))
    elif verb == "deaf":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    elif verb == "print":
        print(value, flush=True)
    elif verb == "flood":
        for number in range(int(value)):
            os.write(1, f"{number:>1023}\n".encode())
    elif verb == "hang":
        say("hangs", CARD, RUN)
        hang()
    elif verb == "daemon":
        daemon(erased=False)
    elif verb == "hidden":
        daemon(erased=True)
    elif verb == "sleep":
        time.sleep(float(value))
    elif verb == "wait":
        say("waits", CARD, RUN)
        while not os.path.exists(f"{FOLDER}/{value}"):
            time.sleep(0.01)
    elif verb == "stop-self":
        os.kill(os.getpid(), signal.SIGSTOP)
    elif verb == "hostile":
        be_hostile(value)
    elif verb == "remove-workspace":
        import shutil

        shutil.rmtree(os.getcwd())
        os.chdir("/")
    else:
        os.write(2, f"what is {word}?\n".encode())
        os._exit(2)


if __name__ == "__main__":
    attempt = begin()
    for one in words(attempt):
        act(one)
    say("end", CARD, RUN, 0)
