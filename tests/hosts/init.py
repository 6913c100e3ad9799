"""`init.py NAME FOLDER [COMMAND…]`: makes a host's name spaces, and is pid 1 in them.

It prints the pid of that pid 1 as others see it, then "up" once the host can be used. When that
process is killed, the kernel kills every other process of the host: its power is gone. `FOLDER` has
`boot_id` and `machine-id`, which take the place of the machine's own.
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
    if os.spawnlp(os.P_WAIT, "ip", "ip", "link", "set", "lo", "up"):
        raise OSError("ip link set lo up")


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
