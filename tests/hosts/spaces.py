"""A set of name spaces with a pid 1 in it, commands run there,
and whether this machine has them.
"""

import atexit
import ctypes
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import IO

HERE = Path(__file__).parent
PATIENCE = 90.0  # seconds for what takes milliseconds on a calm machine
_LIBC = ctypes.CDLL(None)


def die_with_us() -> None:
    """Have the process that calls it, between fork and exec, killed when the rig ends."""
    _LIBC.prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


@cache
def clock_library() -> Path | None:
    """The library that changes the clock of a host; None where there is no C compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        return None
    folder = Path(tempfile.mkdtemp(prefix="gitkanban-hosts-clock-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    made = folder / "clock.so"
    words = ["-O1", "-shared", "-fPIC", "-o", str(made), str(HERE / "clock.c"), "-ldl"]
    subprocess.run([compiler, *words], check=True, timeout=60)
    return made


@cache
def why_not() -> str:
    """Why hosts cannot be made on this machine; empty when they can."""
    if not sys.platform.startswith("linux"):
        return "name spaces are Linux's"
    if os.geteuid():
        return "name spaces of hosts are made by root"
    missing = [name for name in ("ip", "nsenter") if not shutil.which(name)]
    if missing:
        return f"{' and '.join(missing)} not installed (Debian: iproute2, util-linux)"
    if not os.access("/dev/net/tun", os.W_OK):
        return "no /dev/net/tun"
    folder = Path(f"/tmp/gitkanban-hosts-{uuid.uuid4().hex}")
    spaces = []
    try:
        for name in ("a", "b"):
            spaces.append(Space(name, folder / name))
        Wire(spaces[0], "10.77.0.2", spaces[1], "10.77.0.1", "probe").close()
    except (OSError, AssertionError) as error:
        return f"no name spaces here: {error}"
    finally:
        for space in spaces:
            space.kill()
        shutil.rmtree(folder, ignore_errors=True)
    return ""


class Program:
    """A program of the rig, which says a line when it has done what it was told."""

    def __init__(self, name: str, *words: object) -> None:
        self.name = name
        # A session of its own: ^C in a terminal ends the rig, and the rig ends this.
        # Unbuffered: a line that is waited for by select must not lie in a buffer of ours.
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(HERE / name), *map(str, words)], bufsize=0,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            preexec_fn=die_with_us, start_new_session=True,
        )  # fmt: skip

    def expect_line(self) -> str:
        """The next line that it says. Raises AssertionError where it ends instead, or is silent."""
        assert self.process.stdout
        ready, _, _ = select.select([self.process.stdout], [], [], PATIENCE)
        line = self.process.stdout.readline().strip().decode() if ready else ""
        if not line:
            self.process.kill()
            _, said = self.process.communicate()
            raise AssertionError(f"{self.name}: {said.decode().strip() or 'it said nothing'}")
        return line

    def tell(self, line: str) -> None:
        """Tell it something, and wait until it has done it."""
        assert self.process.stdin
        self.process.stdin.write(f"{line}\n".encode())
        self.expect_line()

    def end(self, kill: bool = True) -> None:
        """Kill it, or wait until it has ended."""
        if kill:
            self.process.kill()
        self.process.wait(PATIENCE)
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            assert stream
            stream.close()


class Space:
    """A machine of its own: network, processes, name, mounts. `folder` has what identifies it."""

    def __init__(self, name: str, folder: Path, clock: int = 0) -> None:
        """`clock`: how many seconds its time of day is ahead. Raises AssertionError, OSError."""
        self.name, self.folder = name, folder
        folder.mkdir(parents=True, exist_ok=True)
        machine = folder / "machine-id"
        if not machine.exists():
            machine.write_text(f"{uuid.uuid4().hex}\n")
        (folder / "boot_id").write_text(f"{uuid.uuid4()}\n")
        library = clock_library() if clock else None
        if library:
            shutil.copy(library, folder / "clock.so")
            (folder / "clock").write_text(str(clock))
        self._commands: list[subprocess.Popen[bytes]] = []
        self._init = Program("init.py", name, folder)
        self.pid = int(self._init.expect_line())
        assert self._init.expect_line() == "up"

    def processes(self) -> list[int]:
        """Pids of what runs here, as the rig sees them."""
        own = os.readlink(f"/proc/{self.pid}/ns/pid")
        found = []
        for name in os.listdir("/proc"):
            with suppress(OSError):
                if name.isdigit() and os.readlink(f"/proc/{name}/ns/pid") == own:
                    found.append(int(name))
        return found

    def stopped(self) -> list[int]:
        """Pids of what has been stopped here."""
        found = []
        for pid in self.processes():
            with suppress(OSError):
                text = Path(f"/proc/{pid}/stat").read_text()
                if text[text.rfind(")") + 2] == "T":
                    found.append(pid)
        return found

    def begin(
        self, argv: Sequence[str], env: Mapping[str, str], cwd: Path | None = None,
        out: IO[bytes] | int = subprocess.DEVNULL, error: IO[bytes] | int = subprocess.DEVNULL,
    ) -> "subprocess.Popen[bytes]":  # fmt: skip
        """Begin a command here, as cron would."""
        where = [f"--wd={cwd}"] if cwd else []
        enter = ["nsenter", "-t", str(self.pid), "-m", "-u", "-n", "-p", *where, "--"]
        command = subprocess.Popen(
            [*enter, *argv], env=dict(env), stdin=subprocess.DEVNULL, stdout=out, stderr=error,
            preexec_fn=die_with_us, start_new_session=True, cwd="/",
        )  # fmt: skip
        self._commands = [each for each in self._commands if each.poll() is None] + [command]
        return command

    def kill(self) -> None:
        """End pid 1, and with it everything that runs here; wait until it is gone."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        # nsenter, outside of the host, is the parent of what pid 1 waits for. Were it killed before
        # it has buried its child, the machine's own pid 1 had to, which may take minutes.
        for command in self._commands:
            _await_end(command)
        self._init.end(kill=False)


def _await_end(nsenter: "subprocess.Popen[bytes]") -> None:
    """Wait for the end of nsenter, whose child is killed; it stops when its child is stopped."""
    end = time.monotonic() + PATIENCE
    while nsenter.poll() is None:
        assert time.monotonic() < end, "a command outlives its host"
        nsenter.send_signal(signal.SIGCONT)
        time.sleep(0.005)


class Wire:
    """The wire between a host and the remote."""

    def __init__(self, host: Space, own: str, remote: Space, other: str, name: str) -> None:
        self._program = Program("wire.py", host.pid, own, remote.pid, other, name)
        assert self._program.expect_line() == "up"

    def tell(self, line: str) -> None:
        """`cut`, `heal`, or `slow SECONDS LOSS SEED`; it is so when this returns."""
        self._program.tell(line)

    def close(self) -> None:
        """Take it away."""
        self._program.end()
