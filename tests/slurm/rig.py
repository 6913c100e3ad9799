"""A Slurm cluster of several nodes on one machine: real daemons, each node in its own name spaces.

Everything runs in one outer pid, net and mount name space. Killing its first process ends every
daemon, job and mount at once, which is also what happens when the tests die. Each host has a net,
pid, uts, ipc and mount name space, a munged, and its own FUSE mount of the shared folder. So hosts
do not see each other's processes, and a lock that one host takes on a shared file does not hold on
another, as on many network file systems.

Needs root, and from Debian: slurmctld, slurmd, slurm-client, munge, bindfs. `why_not` says what is
missing.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

CONTROL = "ctl"  # runs slurmctld; people and ticks work here
SHARE = "/mnt/share"  # where every host has the shared folder
HOME = f"{SHARE}/home"
SOURCES = str(Path(__file__).parents[2])
USER, UID = "ada", 54321  # nobody of this machine
PROGRAMS = ("slurmctld", "slurmd", "sbatch", "munged", "bindfs", "unshare", "nsenter", "ip")
PACKAGES = "slurmctld slurmd slurm-client slurm-wlm-basic-plugins munge bindfs iproute2"
MEMORY = "/sys/fs/cgroup/memory"
MOST = 90.0  # seconds that anything may take which takes less than five on a calm machine

_HOLD = "exec env --ignore-signal=CHLD sleep infinity"  # an init for which the kernel reaps
_NAME_SPACES = ("--net", "--pid", "--mount", "--ipc", "--uts", "--fork", "--kill-child")

_SLURM_CONF = """
ClusterName=rig
SlurmctldHost={control}(10.99.0.1)
SlurmUser=root
AuthType=auth/munge
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir=/run/slurmd
SlurmctldPidFile=/run/slurmctld.pid
SlurmdPidFile=/run/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin={task}
MpiDefault=none
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=2,bf_interval=2,batch_sched_delay=0,sched_min_interval=100000
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
DefMemPerCPU=100
SlurmdParameters=config_overrides
PreemptType=preempt/partition_prio
PreemptMode=CANCEL
ReturnToService=2
KillWait={kill_wait}
SlurmdTimeout={silence}
SlurmctldTimeout=5
MessageTimeout={silence}
MinJobAge={min_job_age}
UnkillableStepTimeout={unkillable}
NodeName=DEFAULT CPUs={cpus} RealMemory=2000 State=UNKNOWN
{nodes}{more}
PartitionName=agents Nodes=ALL Default=YES MaxTime=INFINITE State=UP PriorityTier=1
PartitionName=urgent Nodes=ALL MaxTime=INFINITE State=UP PriorityTier=10 PreemptMode=OFF
"""


def why_not() -> str:
    """Return why this machine cannot have the cluster; empty: it can."""
    if sys.platform != "linux" or os.geteuid():
        return "a Slurm cluster in name spaces needs Linux and root"
    missing = [each for each in PROGRAMS if not shutil.which(each, path=_PATH)]
    if missing:
        return f"no {', '.join(missing)} here: apt-get install {PACKAGES}"
    try:
        os.close(os.open("/dev/fuse", os.O_RDWR))
    except OSError as error:
        return f"no /dev/fuse here: {error.strerror}"
    tried = subprocess.run(
        ["unshare", *_NAME_SPACES, "sh", "-ec", _MOUNT_AND_CONNECT],
        capture_output=True, text=True, timeout=MOST, env=os.environ | {"PATH": _PATH},
    )  # fmt: skip
    return f"no name spaces here: {tried.stderr.strip()}" if tried.returncode else ""


_MOUNT_AND_CONNECT = """
mount -t tmpfs tmpfs /mnt
ip link add switch type bridge
ip link add cable type veth peer name eth0
"""
_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin:/usr/bin:/bin"


def has_memory_groups() -> bool:
    """Whether jobs can be kept to their memory here, by control groups of version 1."""
    return os.access(f"{MEMORY}/tasks", os.W_OK)


class RigFailed(Exception):
    """The cluster did not do what it was asked to in time; the message has what it said."""


def wait_until(what: str, test: Callable[[], object], most: float = MOST) -> None:
    """Wait until `test` is true. Raises RigFailed after `most` seconds, with `what`."""
    until = time.monotonic() + most
    while not test():
        if time.monotonic() > until:
            raise RigFailed(f"{what}: not within {most:g} s")
        time.sleep(0.05)


class Host:
    """One machine of the cluster: name spaces that live as long as their first process."""

    def __init__(self, name: str, address: str) -> None:
        self.name = name
        self.address = address
        self.pid = 0  # of its first process, as the machine counts; 0: it has no power


class Cluster:
    """A running cluster: `ctl` and its nodes. Use as a context manager."""

    def __init__(
        self,
        nodes: Sequence[str] = ("n1", "n2"),
        *,
        cpus: int = 4,
        silence: int = 5,
        kill_wait: int = 2,
        min_job_age: int = 300,
        memory: bool = False,
        share_size: str = "",
        more: str = "",
    ) -> None:
        """`memory`: jobs that use more than they may are killed, by control groups (version 1).

        `silence`: seconds after which Slurm gives up a node or a daemon that does not answer; in
        twice that time a killed process must have ended, or its node gets no more jobs.
        `share_size`: what the share has room for, such as `40m`; else as much as the machine's
        disk. `more`: further lines of slurm.conf.
        """
        self.folder = Path(tempfile.mkdtemp(prefix="slurm-rig-"))
        names = (CONTROL, *nodes)
        self.hosts = {n: Host(n, f"10.99.0.{at}") for at, n in enumerate(names, start=1)}
        self.nodes = tuple(nodes)
        self._share_size = share_size
        self._outer_pid = 0
        self._started: list[subprocess.Popen[bytes]] = []  # the `unshare` of each host
        self._settings = {
            "cpus": cpus,
            "silence": silence,
            "unkillable": 2 * silence,
            "kill_wait": kill_wait,
            "min_job_age": min_job_age,
            "task": "task/cgroup" if memory else "task/none",
            "more": more,
        }

    def __enter__(self) -> "Cluster":
        try:
            self._build()
            for name in self.hosts:
                self.power_on(name, wait=False)
            self.wait_for_nodes()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End everything: the kernel kills what is in the name spaces with their first process."""
        if self._outer_pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._outer_pid, signal.SIGKILL)
            wait_until("the end of the cluster", lambda: not _lives(self._outer_pid))
            self._outer_pid = 0
        for started in self._started:
            started.kill()
            started.wait(MOST)
        shutil.rmtree(self.folder, ignore_errors=True)
        for node in self.nodes:  # groups outlive their processes
            for path, _, _ in os.walk(f"{MEMORY}/slurm_{node}", topdown=False):
                os.rmdir(path)

    # -- people and programs on it

    @property
    def share(self) -> Path:
        """The shared folder, as the machine outside sees it."""
        inside = f"/proc/{self._outer_pid}/root" if self._share_size else ""
        return Path(f"{inside}{self.folder}/share")

    def run(
        self,
        host: str,
        *argv: str,
        user: str = USER,
        cwd: str = "",
        env: dict[str, str] | None = None,
        timeout: float = MOST,
        stdin: str = "",
    ) -> subprocess.CompletedProcess[str]:
        """Run a program on a host, and return how it ended; bare environment."""
        return subprocess.run(
            self.words(host, *argv, user=user, cwd=cwd),
            env=self.environment(user) | (env or {}),
            input=stdin, capture_output=True, text=True, timeout=timeout,
            start_new_session=True,  # what signals its own process group must not reach us
        )  # fmt: skip

    def words(self, host: str, *argv: str, user: str = USER, cwd: str = "") -> list[str]:
        """Return the command that runs `argv` on a host."""
        home = f"{HOME}/{USER}" if user == USER else "/"
        words = ["nsenter", "-t", str(self.hosts[host].pid), "-n", "-p", "-m", "-i", "-u"]
        words += ["env", "-C", cwd or home]
        if user != "root":
            words += ["setpriv", f"--reuid={UID}", f"--regid={UID}", "--clear-groups"]
        return [*words, *argv]

    def environment(self, user: str = USER) -> dict[str, str]:
        """Return the environment of a login on a host."""
        home = f"{HOME}/{USER}" if user == USER else "/root"
        return {
            "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
            "HOME": home,
            "USER": user,
            "LOGNAME": user,
            "LANG": "C.UTF-8",
            "RIG": str(self.folder),  # which cluster a process belongs to
        }

    def slurm(self, *argv: str, user: str = "root") -> str:
        """Run a Slurm command on `ctl` and return what it printed. Raises RigFailed."""
        done = self.run(CONTROL, *argv, user=user)
        if done.returncode:
            raise RigFailed(f"{' '.join(argv)}: {done.stderr.strip() or done.returncode}")
        return done.stdout.strip()

    def job(self, number: str) -> dict[str, str]:
        """Return what `scontrol` says of a job, by key; empty: it does not know the job."""
        done = self.run(CONTROL, "scontrol", "show", "job", "-o", number, user="root")
        words = done.stdout.split() if done.returncode == 0 else []
        return dict(word.partition("=")[::2] for word in words if "=" in word)

    def node_state(self, name: str) -> str:
        """Return the state of a node in Slurm's words, such as `idle` or `down*`."""
        return self.slurm("sinfo", "-h", "-N", "-n", name, "-p", "agents", "-o", "%T")

    def processes(self, host: str) -> list[str]:
        """Return the command lines of every process of a host, but for its daemons."""
        done = self.run(host, "ps", "-eo", "args", "--no-headers", user="root")
        lines = (line.strip() for line in done.stdout.splitlines())
        return [line for line in lines if line and not line.startswith(_OURS)]

    def pids(self, host: str, word: str) -> list[str]:
        """Return the pids, as the host counts, of processes whose command line has a word."""
        done = self.run(host, "ps", "-eo", "pid,args", "--no-headers", user="root")
        lines = (line.split(maxsplit=1) for line in done.stdout.splitlines())
        return [pid for pid, args in lines if word in args]

    # -- trouble

    def power_on(self, name: str, wait: bool = True) -> None:
        """Start a host: its name spaces, its network, its share, its daemons."""
        host = self.hosts[name]
        host.pid = self._name_space(name)
        self._connect(host)
        self._mount(host)
        self.start_munge(name)
        if name == CONTROL:
            self.start_slurmctld()
        else:
            self.start_slurmd(name)
        if wait:
            self.wait_for_nodes()

    def power_off(self, name: str) -> None:
        """Take a host's power: every process of it is gone, nothing is said to anybody."""
        pid, self.hosts[name].pid = self.hosts[name].pid, 0
        os.kill(pid, signal.SIGKILL)
        wait_until(f"the end of {name}", lambda: not _lives(pid))

    def cut(self, name: str) -> None:
        """Cut a host's network, silently."""
        self._root(name, "ip", "link", "set", "eth0", "down")

    def heal(self, name: str) -> None:
        """Give a host its network back."""
        self._root(name, "ip", "link", "set", "eth0", "up")

    def lose_share(self, name: str) -> None:
        """Have a host lose its mount of the share: every file of it is out of reach there."""
        for pid in self.pids(name, "bindfs -o"):
            self._root(name, "kill", "-KILL", pid)

    def mount_share(self, name: str) -> None:
        """Mount the share on a host, in place of a mount that was lost."""
        self.run(name, "umount", "--lazy", SHARE, user="root", cwd="/")
        self._root(name, "bindfs", "-o", "allow_other", str(self.folder / "share"), SHARE)

    def start_munge(self, name: str, env: dict[str, str] | None = None) -> None:
        """Start a host's munged, with `env` added to its environment."""
        socket = "/run/munge/munge.socket.2"
        self._root(
            name, "munged", "--force", f"--key-file={self.folder}/munge.key",
            f"--socket={socket}", "--pid-file=/run/munge/pid", "--seed-file=/run/munge/seed",
            "--log-file=/run/munge/log", env=env,
        )  # fmt: skip

    def kill_munge(self, name: str) -> None:
        """Kill a host's munged."""
        self._kill(name, "/run/munge/pid")
        self._root(name, "rm", "-f", "/run/munge/munge.socket.2", "/run/munge/munge.socket.2.lock")

    def start_slurmctld(self, clear: bool = False) -> None:
        """Start the controller, with its saved state, or with none (`clear`)."""
        self._root(CONTROL, "slurmctld", *(("-c",) if clear else ()))
        wait_until("an answer of slurmctld", lambda: self._ping() == 0)

    def wait_for_saved_jobs(self) -> None:
        """Wait until the controller has saved what it knows of jobs now."""
        now, saved = time.time(), self.folder / "state/job_state"
        self.slurm("scontrol", "reconfigure")
        wait_until("saved jobs", lambda: saved.exists() and saved.stat().st_mtime > now)

    def kill_slurmctld(self) -> None:
        """Kill the controller. What it had not saved yet it does not know when it comes back."""
        self._kill(CONTROL, "/run/slurmctld.pid")

    def start_slurmd(self, name: str) -> None:
        """Start a node's slurmd."""
        self._root(name, "slurmd", "-N", name)

    def kill_slurmd(self, name: str) -> None:
        """Kill a node's slurmd; jobs on it go on."""
        self._kill(name, "/run/slurmd.pid")

    def wait_for_nodes(self, *names: str) -> None:
        """Wait until nodes can take jobs; default: all."""
        ready = ("idle", "mixed", "allocated")
        for name in names or self.nodes:
            wait_until(f"node {name}", lambda at=name: self.node_state(at) in ready)

    # -- how it is built

    def _build(self) -> None:
        for name in ("state", "share"):
            (self.folder / name).mkdir()
        self.folder.chmod(0o755)
        nodes = "".join(
            f"NodeName={host.name} NodeAddr={host.address} NodeHostname={host.name}\n"
            for host in self.hosts.values()
            if host.name != CONTROL
        )
        conf = _SLURM_CONF.format(
            control=CONTROL, folder=self.folder, nodes=nodes, **self._settings
        )
        (self.folder / "slurm.conf").write_text(conf)
        (self.folder / "cgroup.conf").write_text("CgroupPlugin=cgroup/v1\nConstrainRAMSpace=yes\n")
        key = self.folder / "munge.key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o600)
        (self.folder / "passwd").write_text(
            f"{Path('/etc/passwd').read_text()}{USER}:x:{UID}:{UID}::{HOME}/{USER}:/bin/sh\n"
        )
        (self.folder / "group").write_text(f"{Path('/etc/group').read_text()}{USER}:x:{UID}:\n")
        self._outer_pid = self._name_space("", outside=True)
        if size := self._share_size:
            folder = str(self.folder / "share")
            self._outside("mount", "-t", "tmpfs", "-o", f"size={size},mode=755", "tmpfs", folder)
        (self.share / "home" / USER).mkdir(parents=True)
        shutil.chown(self.share / "home" / USER, UID, UID)
        self._outside("ip", "link", "add", "switch", "type", "bridge")
        self._outside("ip", "link", "set", "switch", "up")
        self._outside("mount", "-t", "tmpfs", "tmpfs", "/mnt")
        self._outside("mkdir", SHARE)
        self._outside("mount", "-t", "tmpfs", "tmpfs", "/etc/slurm")
        for name in ("slurm.conf", "cgroup.conf"):
            self._outside("cp", str(self.folder / name), f"/etc/slurm/{name}")
        for name in ("passwd", "group"):
            self._outside("mount", "--bind", str(self.folder / name), f"/etc/{name}")
        self._open_to_everybody()

    def _open_to_everybody(self) -> None:
        """Let the user reach our Python and sources where they lie in a folder such as /root.

        Only within the name spaces: such a folder is covered by an empty one that has nothing else.
        """
        closed: dict[Path, list[str]] = {}
        for path in dict.fromkeys((sys.base_prefix, sys.prefix, SOURCES)):
            above = [each for each in reversed(Path(path).parents) if not each.stat().st_mode & 1]
            if above:
                closed.setdefault(above[0], []).append(path)
        for folder, paths in closed.items():
            aside = [f"/mnt/aside-{number}" for number in range(len(paths))]
            for path, place in zip(paths, aside, strict=True):
                self._outside("mkdir", place)
                self._outside("mount", "--bind", path, place)
            self._outside("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", str(folder))
            for path, place in zip(paths, aside, strict=True):
                self._outside("mkdir", "-p", path)
                self._outside("mount", "--bind", place, path)

    def _name_space(self, name: str, outside: bool = False) -> int:
        """Start name spaces and return the pid of their first process."""
        named = f"hostname {name}; " if name else ""
        mark = self.folder / f"init-{name or 'outer'}"
        mark.unlink(missing_ok=True)
        script = f"mount -t proc proc /proc; {named}touch {mark}; {_HOLD}"
        words = ["unshare", *_NAME_SPACES, "sh", "-c", script]
        if outside:
            words = ["setpriv", "--pdeathsig", "KILL", *words]
        else:
            words = [*self._enter(self._outer_pid), *words]
        started = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._started.append(started)
        wait_until(f"name spaces of {name or 'the cluster'}", mark.exists)
        return self._first_process(started.pid, 2 if outside else 3)

    def _first_process(self, pid: int, depth: int) -> int:
        """Return the pid, as we count, of the first process of a name space that `pid` began."""
        while len(_pids(pid)) < depth:
            below = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
            pid = int(below[0])
        return pid

    def _connect(self, host: Host) -> None:
        cable = f"to-{host.name}"
        self._outside(
            *("ip", "link", "add", cable, "type", "veth", "peer", "name", "eth0"),
            *("netns", _pids(host.pid)[1]),
        )
        self._outside("ip", "link", "set", cable, "master", "switch", "up")
        for words in (
            ("ip", "addr", "add", f"{host.address}/24", "dev", "eth0"),
            ("ip", "link", "set", "eth0", "up"),
            ("ip", "link", "set", "lo", "up"),
        ):
            self._root(host.name, *words)

    def _mount(self, host: Host) -> None:
        for words in (
            ("mount", "-t", "tmpfs", "tmpfs", "/run"),
            ("mkdir", "-p", "-m", "0755", "/run/munge", "/run/slurmd", f"/run/user/{UID}"),
            ("chown", f"{UID}:{UID}", f"/run/user/{UID}"),
            # Each host is a machine of its own, that has just started: by these it is known.
            ("cp", "/proc/sys/kernel/random/uuid", "/run/boot_id"),
            ("mount", "--bind", "/run/boot_id", "/proc/sys/kernel/random/boot_id"),
            ("sh", "-c", f"echo {host.name} | md5sum | cut -c -32 >/run/machine-id"),
            ("mount", "--bind", "/run/machine-id", "/etc/machine-id"),
            ("mkdir", "-m", "1777", "/run/tmp"),
            ("mount", "--bind", "/run/tmp", "/var/tmp"),
        ):
            self._root(host.name, *words)
        self.mount_share(host.name)

    def _ping(self) -> int:
        return self.run(CONTROL, "scontrol", "ping", user="root").returncode

    def _kill(self, name: str, pid_file: str) -> None:
        """Kill the daemon of a pid file and wait for its end."""
        pid = self._root(name, "cat", pid_file).strip()
        self._root(name, "kill", "-KILL", pid)
        gone = self.words(name, "test", "!", "-e", f"/proc/{pid}", user="root")
        wait_until(f"the end of {pid_file}", lambda: subprocess.run(gone).returncode == 0)

    def _root(self, name: str, *argv: str, env: dict[str, str] | None = None) -> str:
        done = self.run(name, *argv, user="root", cwd="/", env=env)
        if done.returncode:
            raise RigFailed(f"{name}: {' '.join(argv)}: {done.stderr.strip()}")
        return done.stdout

    def _enter(self, pid: int) -> list[str]:
        return ["nsenter", "-t", str(pid), "-n", "-p", "-m", "-i", "-u", "env", "-C", "/"]

    def _outside(self, *argv: str) -> None:
        words = [*self._enter(self._outer_pid), *argv]
        done = subprocess.run(
            words, capture_output=True, text=True, timeout=MOST, start_new_session=True
        )
        if done.returncode:
            raise RigFailed(f"{' '.join(argv)}: {done.stderr.strip()}")


_OURS = ("sleep infinity", "munged", "slurmctld", "slurmd", ": slurmscriptd", "bindfs", "ps -eo")


def _pids(pid: int) -> list[str]:
    """Return the numbers of a process in each pid name space that it is in, ours first."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("NSpid:"):
            return line.split()[1:]
    raise RigFailed("no NSpid in /proc")


def _lives(pid: int) -> bool:
    """Return whether a process exists and is no zombie."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"
