"""`init.py NAME FOLDER`: makes a host's name spaces, and is pid 1 in them.

It prints the pid of that pid 1 as others see it, then "up" once the host can be used. When that
process is killed, the kernel kills every other process of the host: its power is gone. `FOLDER` has
`boot_id` and `machine-id`, which take the place of the machine's own. With `clock` (seconds) and
`clock.so` (from `clock.c`), all programs of the host see another time of day.
"""

import os
import signal
import socket
import sys
from contextlib import suppress

sys.path.insert(0, os.path.dirname(__file__))
import kernel  # type: ignore[import-not-found]

BOOT_ID = "/proc/sys/kernel/random/boot_id"
MACHINE_ID = "/etc/machine-id"


def begin_host(name: str, folder: str) -> None:
    kernel.mount("none", "/", flags=kernel.MS_REC | kernel.MS_PRIVATE)
    kernel.mount("proc", "/proc", "proc")
    socket.sethostname(name)
    kernel.mount(f"{folder}/boot_id", BOOT_ID, flags=kernel.MS_BIND)
    if os.path.exists(MACHINE_ID):
        kernel.mount(f"{folder}/machine-id", MACHINE_ID, flags=kernel.MS_BIND)
    if os.path.exists(f"{folder}/clock"):
        set_clock(folder)
    if os.spawnlp(os.P_WAIT, "ip", "ip", "link", "set", "lo", "up"):
        raise OSError("ip link set lo up")


def set_clock(folder: str) -> None:
    """Have every program preload the clock: `/etc` of this host is its own from here on."""
    etc = f"{folder}/etc"
    os.makedirs(etc, exist_ok=True)
    kernel.mount("etc", etc, "tmpfs")
    for name in ("upper", "work"):
        os.mkdir(f"{etc}/{name}")
    layers = f"lowerdir=/etc,upperdir={etc}/upper,workdir={etc}/work"
    kernel.mount("etc", "/etc", "overlay", options=layers)
    with open(f"{folder}/clock") as given, open("/etc/rig-clock", "w") as file:
        file.write(given.read())
    with open("/etc/ld.so.preload", "w") as file:
        file.write(f"{folder}/clock.so\n")


def main(name: str, folder: str) -> None:
    kernel.die_with_parent()
    kernel.unshare(
        kernel.CLONE_NEWNS | kernel.CLONE_NEWUTS | kernel.CLONE_NEWPID | kernel.CLONE_NEWNET
    )
    pid = os.fork()
    if pid:
        print(pid, flush=True)
        os.waitpid(pid, 0)
        return
    kernel.die_with_parent()
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
    begin_host(name, folder)
    print("up", flush=True)
    os.close(1)
    while True:  # orphans are ours to bury; the rig ends us with a kill
        with suppress(ChildProcessError):
            os.wait()
            continue
        signal.sigtimedwait({signal.SIGCHLD}, 1.0)


if __name__ == "__main__":
    main(*sys.argv[1:])
