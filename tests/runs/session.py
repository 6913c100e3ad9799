"""A fake agent: does what its words say, one after the other. Standard library, quick to start.

It tells the test about itself through files whose absolute paths are in its words.
"""

import os
import signal
import sys
import time


def git(*words: str) -> None:
    if os.spawnvpe(os.P_WAIT, "git", ["git", *words], os.environ):
        raise SystemExit(f"git {words}")


def write(name: str, text: str) -> None:
    with open(name, "a") as file:
        file.write(text)


def tell(name: str, text: str = "") -> None:
    """Say something to the test, whole or not at all."""
    part = f"{name}.{os.getpid()}"
    with open(part, "w") as file:
        file.write(text or str(os.getpid()))
    os.rename(part, name)


def wait_for(name: str) -> None:
    until = time.monotonic() + 300
    while not os.path.exists(name):
        if time.monotonic() > until:
            raise SystemExit(f"{name} never came")
        time.sleep(0.01)


def hang() -> None:
    while True:
        time.sleep(60)


def away(name: str, *, setsid: bool = True, fds: bool = False, env: bool = False) -> None:
    """Leave a grandchild that hangs: a daemon."""
    if os.fork():
        os.wait()
        wait_for(name)
        return
    if setsid:
        os.setsid()
    if os.fork():
        os._exit(0)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if fds:
        os.closerange(0, 64)
    words = [sys.executable, "-I", "-S", __file__, f"tell:{name}", "hang"]
    os.execve(words[0], words, {} if env else dict(os.environ))


def act(word: str) -> None:
    verb, _, value = word.partition(":")
    if verb == "exit":
        sys.stdout.flush()
        os._exit(int(value))
    elif verb == "die":
        os.kill(os.getpid(), int(value))
    elif verb == "print":
        print(value, flush=True)
    elif verb == "warn":
        print(value, file=sys.stderr, flush=True)
    elif verb == "flood":
        for number in range(int(value)):
            os.write(1, f"{number:>1023}\n".encode())
    elif verb == "hang":
        hang()
    elif verb == "deaf":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    elif verb == "stop-self":
        os.kill(os.getpid(), signal.SIGSTOP)
    elif verb == "write":
        write(value, f"{value}\n")
    elif verb == "commit":
        write(value, f"{value}\n")
        git("add", value)
        git("commit", "-qm", f"make {value}")
    elif verb == "git":
        git(*value.split(" "))
    elif verb == "daemon":
        away(value)
    elif verb == "hidden":
        away(value, fds=True, env=True)
    elif verb == "server":
        if not os.fork():
            tell(value)
            hang()
        wait_for(value)
    elif verb == "sitting":
        away(value, setsid=False, fds=True, env=True)
    elif verb == "tell":
        tell(value)
    elif verb == "wait":
        wait_for(value)
    elif verb == "env":
        tell(value, "\n".join(f"{key}={val}" for key, val in sorted(os.environ.items())))
    elif verb == "fds":
        tell(value, " ".join(sorted(os.listdir("/proc/self/fd"))))
    else:
        raise SystemExit(f"what is {word}?")


if __name__ == "__main__":
    for one in sys.argv[1:]:
        act(one)
