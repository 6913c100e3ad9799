"""`wire.py HOST-PID HOST-ADDRESS REMOTE-PID REMOTE-ADDRESS NAME`: a wire between two networks.

Each end is a TUN device, and every packet goes through this process. So a wire can be cut without
either side hearing of it, be slow and lose packets, on kernels without netem, and without firewall.
It prints "up", then reads lines: `cut`, `heal`, `slow SECONDS LOSS SEED` (one way, a share of 1).
"""

import fcntl
import heapq
import os
import random
import select
import struct
import subprocess
import sys
import time
from itertools import count

sys.path.insert(0, os.path.dirname(__file__))
import kernel  # type: ignore[import-not-found]

_TUNSETIFF, _IFF_TUN, _IFF_NO_PI = 0x400454CA, 0x1, 0x1000  # linux/if_tun.h
MOST = 65536  # bytes of a packet
QUEUE = 2000  # packets that wait; a longer queue would be a store, not a wire


def open_end(pid: int, name: str, own: str, other: str) -> int:
    """A TUN device in the network of a process, which stays open when we go elsewhere."""
    kernel.enter_net(pid)
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    fcntl.ioctl(fd, _TUNSETIFF, struct.pack("16sH22x", name.encode(), _IFF_TUN | _IFF_NO_PI))
    subprocess.run(["ip", "addr", "add", own, "peer", other, "dev", name], check=True)
    subprocess.run(["ip", "link", "set", name, "up"], check=True)
    return fd


class Wire:
    """Both ends, and what is under way."""

    def __init__(self, ends: tuple[int, int]) -> None:
        self.ends = ends
        self.is_cut = False
        self.delay, self.loss = 0.0, 0.0
        self.rng = random.Random(0)
        self.under_way: list[tuple[float, int, int, bytes]] = []
        self.number = count()

    def obey(self, line: str) -> None:
        word, *rest = line.split()
        if word == "slow":
            self.delay, self.loss = float(rest[0]), float(rest[1])
            self.rng = random.Random(int(rest[2]))
        else:
            self.is_cut = word == "cut"
            self.under_way = [] if self.is_cut else self.under_way

    def take(self, end: int) -> None:
        """Take what has come in at one end."""
        while True:
            try:
                packet = os.read(self.ends[end], MOST)
            except BlockingIOError:
                return
            if self.is_cut or self.rng.random() < self.loss or len(self.under_way) > QUEUE:
                continue
            if not self.delay:
                self._write(1 - end, packet)
                continue
            due = time.monotonic() + self.delay
            heapq.heappush(self.under_way, (due, next(self.number), 1 - end, packet))

    def deliver(self) -> float | None:
        """Hand over what is due; seconds until the next is."""
        while self.under_way:
            rest = self.under_way[0][0] - time.monotonic()
            if rest > 0:
                return rest
            _, _, end, packet = heapq.heappop(self.under_way)
            self._write(end, packet)
        return None

    def _write(self, end: int, packet: bytes) -> None:
        try:
            os.write(self.ends[end], packet)
        except BlockingIOError:
            return  # lost, as on a real wire


def main(host: str, host_address: str, remote: str, remote_address: str, name: str) -> None:
    kernel.die_with_parent()
    ends = (
        open_end(int(host), "wire0", host_address, remote_address),
        open_end(int(remote), name, remote_address, host_address),
    )
    wire = Wire(ends)
    print("up", flush=True)
    while True:
        wait = wire.deliver()
        ready, _, _ = select.select([*ends, 0], [], [], wait)
        for end in (0, 1):
            if ends[end] in ready:
                wire.take(end)
        if 0 in ready:
            lines = os.read(0, 4096).decode()
            if not lines:
                return
            for line in lines.splitlines():
                wire.obey(line)
            print("done", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
