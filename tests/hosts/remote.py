"""The remote: a `git daemon` in a name space of its own, with rules, traps and a record.

The record is kept by hooks, which know nothing of boards: every change of a ref in its order
(`updates`), and by the daemon's own log, what was asked for. Traps are sprung by the next push of a
host that was taken, before the host hears so, or by its next fetch before anything is sent; the
hook then waits, for a while, for the rig to do what it wants to. Rules refuse pushes.
"""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.hosts.judge import git_in
from tests.hosts.spaces import PATIENCE, Space

ADDRESS = "10.77.0.1"
URL = f"git://{ADDRESS}/board.git"

_TRAP = """\
#!/bin/sh
# trap.sh KIND: if a trap of this kind is set for the host that asks, spring it, and wait.
cd {folder}/traps || exit 0
mv "$1-$REMOTE_ADDR" "sprung-$1-$REMOTE_ADDR" 2>/dev/null || exit 0
tries=0
while [ -e "sprung-$1-$REMOTE_ADDR" ] && [ $tries -lt 400 ]; do sleep 0.05; tries=$((tries + 1)); done
"""
_TRANSACTION = """\
#!/bin/sh
[ "$1" = committed ] || exit 0
sed "s/^/$$ ${{REMOTE_ADDR:-here}} /" >> {folder}/updates
[ -z "$REMOTE_ADDR" ] || exec {folder}/trap.sh push
"""
_UPDATE = """\
#!/bin/sh
[ -n "$REMOTE_ADDR" ] || exit 0  # a person, on the server itself
for rule in {folder}/rules/*; do
  [ -e "$rule" ] || continue
  case "$1" in $(cat "$rule")) echo "not allowed here: ${{rule##*/}}" >&2; exit 1;; esac
done
"""
_PACK = """\
#!/bin/sh
echo >> {folder}/packs
{folder}/trap.sh fetch
exec "$@"
"""


class Update(NamedTuple):
    """One change of a ref of the remote. Those with the same transaction happened at once."""

    transaction: str
    address: str
    old: str
    new: str
    ref: str


class Remote:
    """The daemon, its repository, and what it has recorded."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.repo = folder / "board.git"
        for name in ("traps", "rules"):
            (folder / name).mkdir(parents=True)
        git_in(folder, "init", "-q", "--bare", "-b", "main", "board.git")
        hooks = self.repo / "hooks"
        _write_program(folder / "trap.sh", _TRAP.format(folder=folder))
        _write_program(folder / "pack.sh", _PACK.format(folder=folder))
        _write_program(hooks / "reference-transaction", _TRANSACTION.format(folder=folder))
        _write_program(hooks / "update", _UPDATE.format(folder=folder))
        # Only settings of the user who serves may name a program for fetches.
        (folder / ".gitconfig").write_text(f"[uploadpack]\n\tpackObjectsHook = {folder}/pack.sh\n")
        self.space = Space("remote", folder / "machine")
        self.log = (folder / "daemon.log").open("ab")
        self._begin_daemon()

    def _begin_daemon(self) -> None:
        path = os.environ.get("PATH", os.defpath)
        env = {"HOME": str(self.folder), "PATH": path, "GIT_CONFIG_NOSYSTEM": "1"}
        words = ["--reuseaddr", "--verbose", "--log-destination=stderr", "--export-all"]
        words += ["--enable=receive-pack", f"--base-path={self.folder}"]
        daemon = self.space.begin(["git", "daemon", *words], env, error=self.log)
        end = time.monotonic() + PATIENCE
        while not _is_listening(self.space.pid):
            assert daemon.poll() is None and time.monotonic() < end, "git daemon does not listen"
            time.sleep(0.01)

    def close(self) -> None:
        """End it."""
        self.space.kill()
        self.log.close()

    # -- rules and traps

    def refuse(self, rule: str, pattern: str) -> None:
        """Refuse pushes to refs that a shell pattern matches, from now on."""
        (self.folder / "rules" / rule).write_text(pattern)

    def allow(self, rule: str) -> None:
        """Take a rule back."""
        (self.folder / "rules" / rule).unlink(missing_ok=True)

    def serve_pushes(self, yes: bool) -> None:
        """Whether it takes pushes at all."""
        git_in(self.repo, "config", "daemon.receivepack", "true" if yes else "false")

    def set_trap(self, kind: str, address: str) -> None:
        """Set a trap for the next `push` or `fetch` from an address."""
        (self.folder / "traps" / f"{kind}-{address}").touch()

    def remove_trap(self, kind: str, address: str) -> None:
        """Take a trap away that has not been sprung."""
        (self.folder / "traps" / f"{kind}-{address}").unlink(missing_ok=True)

    def sprung(self, kind: str, address: str) -> bool:
        """Whether the trap has been sprung, and waits."""
        return (self.folder / "traps" / f"sprung-{kind}-{address}").exists()

    def let_go(self, kind: str, address: str) -> None:
        """Let the sprung trap go on."""
        (self.folder / "traps" / f"sprung-{kind}-{address}").unlink(missing_ok=True)

    # -- the record

    def updates(self) -> Iterator[Update]:
        """Every change of a ref, in order."""
        path = self.folder / "updates"
        for line in path.read_text().splitlines() if path.exists() else ():
            words = line.split(" ")
            yield Update(*words)

    def asked(self, service: str) -> int:
        """How often `upload-pack` (fetches) or `receive-pack` (tries to push) was asked for."""
        text = (self.folder / "daemon.log").read_text(errors="replace")
        return text.count(f"Request {service} for")

    def sent(self) -> int:
        """How many fetches were sent something; the others were only looks."""
        path = self.folder / "packs"
        return path.read_text().count("\n") if path.exists() else 0


def _is_listening(pid: int) -> bool:
    """Whether somebody listens at git's port in the network of a process."""
    tables = (Path(f"/proc/{pid}/net/{name}").read_text() for name in ("tcp", "tcp6"))
    rows = [line.split() for table in tables for line in table.splitlines()[1:]]
    return any(row[1].endswith(":24CA") and row[3] == "0A" for row in rows)  # 9418, TCP_LISTEN


def _write_program(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)
