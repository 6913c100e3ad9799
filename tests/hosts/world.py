"""A remote and its hosts, which tick by turns as cron would have them, and can lose their power."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from gitkanban.board import init
from tests.hosts.judge import Board, git_in, is_alive, read_board
from tests.hosts.remote import ADDRESS, URL, Remote
from tests.hosts.spaces import PATIENCE, Space, Wire

ROOT = Path(__file__).parents[2]
VARIANTS = Path(__file__).with_name("variants")
SESSION = Path(__file__).with_name("session.py")

CONFIG = """\
version: 1
kanban:
  base: main
  max_concurrency: 3
  workers:
    lane:
      profile: solo
      command: [{python}, -I, -S, {session}, {log}, lane]
      on_success: done
    pool:
      profile: many
      mode: pool
      max_concurrency: 4
      command: [{python}, -I, -S, {session}, {log}, pool]
      on_success: done
    reviewed:
      profile: many
      mode: pool
      max_concurrency: 4
      command: [{python}, -I, -S, {session}, {log}, reviewed]
  capacities: {{build: 2}}
"""


class NotSoon(AssertionError):
    """What was waited for did not come."""


class Host:
    """A machine with a clone. `folder` is its disk, and survives when its power is gone."""

    def __init__(self, world: "World", name: str, number: int, clock: int) -> None:
        self.world, self.name, self.clock = world, name, clock
        self.address = f"10.77.0.{number + 1}"
        self.number = number
        self.folder = world.folder / name
        self.home, self.repo = self.folder / "home", self.folder / "home" / "shop"
        self.space: Space | None = None
        self.wire: Wire | None = None
        self.strike = ""  # a failpoint for its next tick
        self.ticking: subprocess.Popen[bytes] | None = None
        self.begun = self.next = 0.0
        self.ticks: list[float] = []  # how long each took, in seconds
        self.gone = False  # for good, with its disk

    # -- power and network

    def power_on(self) -> None:
        """Boot, with a wire to the remote."""
        self.space = Space(self.name, self.folder / "machine", self.clock)
        remote = self.world.remote.space
        self.wire = Wire(self.space, self.address, remote, ADDRESS, f"wire{self.number}")

    def power_off(self) -> None:
        """End everything that runs here at once. The network falls silent first: no goodbyes."""
        if self.space is None or self.wire is None:
            return
        self.wire.tell("cut")
        self.space.kill()
        for kind in ("push", "fetch"):
            self.world.remote.let_go(kind, self.address)
        self.wire.close()
        self.space = self.wire = None
        self.ticking = None

    def go_on(self) -> None:
        """Let go on what was stopped here."""
        for pid in self.space.stopped() if self.space else ():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
        if self.ticking:
            self.ticking.send_signal(signal.SIGCONT)

    def lose(self) -> None:
        """Lose its power for good, and its disk with it."""
        self.power_off()
        self.gone = True
        shutil.rmtree(self.folder)

    def clone_id(self) -> str:
        """The id by which its clone is known on the board."""
        return (self.repo / ".git" / "gitkanban" / "clone").read_text().strip()

    # -- commands

    def environment(self) -> dict[str, str]:
        """What cron gives, and nothing of ours."""
        return {
            "HOME": str(self.home), "PATH": os.environ.get("PATH", os.defpath), "TZ": "UTC",
            "LC_ALL": "C.UTF-8", "GIT_CONFIG_NOSYSTEM": "1", "PYTHONPATH": f"{VARIANTS}:{ROOT}",
        }  # fmt: skip

    def begin(self, *argv: str, cwd: Path | None = None) -> "subprocess.Popen[bytes]":
        """Begin a command here; what it prints is appended to `output` on its disk."""
        assert self.space, f"{self.name} has no power"
        env = self.environment()
        if self.strike and "tick" in argv:
            env["GITKANBAN_FAILPOINT"], self.strike = self.strike, ""
        with (self.folder / "output").open("ab") as out:
            return self.space.begin(argv, env, cwd or self.repo, out=out, error=out)

    def run(self, *argv: str, cwd: Path | None = None, check: bool = True) -> int:
        """A command here, to its end; its exit code."""
        code = self.begin(*argv, cwd=cwd).wait(300)
        if check and code:
            raise AssertionError(f"{self.name}: {' '.join(argv)}: exit {code}\n{self.output()}")
        return code

    def gitkanban(self, *words: str, check: bool = True) -> int:
        """A command of the program, to its end."""
        return self.run(*gitkanban(*words), check=check)

    def sync(self) -> None:
        """Sync by hand, and again while the remote, which is as busy as we are, does not answer."""
        end = time.monotonic() + PATIENCE
        while json.loads(self._read(*gitkanban("sync", "--json")))["offline"]:
            assert time.monotonic() < end, f"{self.name}: the remote does not answer"

    def _read(self, *argv: str) -> bytes:
        """What a command prints here. Raises AssertionError where it fails."""
        with (self.folder / "output").open("ab") as error, tempfile.TemporaryFile() as out:
            assert self.space, f"{self.name} has no power"
            words = argv, self.environment(), self.repo
            code = self.space.begin(*words, out=out, error=error).wait(300)
            out.seek(0)
            printed = out.read()
            error.write(printed)
        if code:
            raise AssertionError(f"{self.name}: {' '.join(argv)}: exit {code}\n{self.output()}")
        return printed

    def output(self) -> str:
        """The end of what commands have printed here."""
        path = self.folder / "output"
        return path.read_text(errors="replace")[-4000:] if path.exists() else ""

    # -- cron

    def turn(self) -> None:
        """Begin a tick when it is time for one, and note how long the last one took."""
        now = time.monotonic()
        if self.ticking:
            if self.ticking.poll() is None:
                return
            self.turn_ended(now)
        if self.space and now >= self.next:
            self.begun = now
            self.ticking = self.begin(*gitkanban("tick", "--sync"))

    def turn_ended(self, now: float) -> None:
        """Note how long the tick took."""
        self.ticks.append(now - self.begun)
        self.ticking, self.next = None, now + self.world.every


def gitkanban(*words: str) -> list[str]:
    """The program's command line."""
    return [sys.executable, "-P", "-m", "gitkanban", *words]


class World:
    """Everything of one story; leaving it ends all that runs, and removes what lies on the disk."""

    def __init__(
        self, names: tuple[str, ...], cards: Mapping[str, str], *, config: str = CONFIG,
        branch: str = "kanban", broken: str = "", clocks: Mapping[str, int] | None = None, every: float = 1.5,
    ) -> None:  # fmt: skip
        memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        room = os.environ.get("HOSTS_ROOM", memory)
        self.folder = Path(tempfile.mkdtemp(prefix="gitkanban-hosts-", dir=room))
        self.log = self.folder / "sessions"
        self.cards, self.branch = dict(cards), branch or "main"
        self.prefix = "" if branch else ".kanban/"
        self.hosts = [
            Host(self, name, number, (clocks or {}).get(name, 0))
            for number, name in enumerate(names, 1)
        ]
        self.remote: Remote
        for name in ("live", "words"):
            (self.log / name).mkdir(parents=True)
        self.every = every
        self.watch: Callable[[], object] = lambda: None  # called again and again while time passes
        self._patience = float("inf")  # seconds, beside what is asked for
        self._config, self._own_branch, self._broken = config, branch, broken

    def __enter__(self) -> Self:
        try:
            self.remote = Remote(self.folder / "remote")
            self._make_board()
            for host in self.hosts:
                self._set_up(host)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self.close()

    def close(self) -> None:
        """End and remove everything, whatever of it fails to end."""
        with ExitStack() as stack:
            stack.callback(shutil.rmtree, self.folder, ignore_errors=True)
            if hasattr(self, "remote"):
                stack.callback(self.remote.close)
            stack.callback(self.power_off)

    def power_off(self) -> None:
        """End everything that runs on the hosts, whatever of it fails to end."""
        with ExitStack() as stack:
            for host in self.hosts:
                stack.callback(host.power_off)

    def _make_board(self) -> None:
        """A project with a board, pushed to the remote by a person."""
        first = self.folder / "person"
        first.mkdir()
        git_in(first, "init", "-q", "-b", "main")
        (first / "README.md").write_text("# a shop\n")
        git_in(first, "add", "-A")
        git_in(first, "commit", "-qm", "start")
        text = self._config.format(python=sys.executable, session=SESSION, log=self.log)
        files = {f"cards/{name}.yaml": _card(name, words) for name, words in self.cards.items()}
        init.create(str(first), branch=self._own_branch, config=text, files=files)
        git_in(first, "push", "-q", str(self.remote.repo), *{"main", self.branch})

    def _set_up(self, host: Host) -> None:
        host.home.mkdir(parents=True)
        (host.home / ".gitconfig").write_text(
            f"[user]\n\tname = Ada\n\temail = ada@{host.name}.example.org\n"
            "[init]\n\tdefaultBranch = main\n[advice]\n\tdetachedHead = false\n"
        )
        if self._broken:
            (host.home / "broken").write_text(self._broken)
        host.power_on()
        host.run("git", "clone", "-q", URL, str(host.repo), cwd=host.home)
        host.gitkanban("trust", "--yes")
        (host.folder / "output").write_text("")

    # -- a story

    def host(self, name: str) -> Host:
        """A host by its name."""
        return next(host for host in self.hosts if host.name == name)

    def words(self, card: str, words: str) -> None:
        """What the sessions of a card do."""
        (self.log / "words" / card).write_text(words)

    def until(
        self, look: Callable[[], bool], what: str, seconds: float = 120.0, alone: str = ""
    ) -> None:
        """Let the hosts tick (one `alone`, if named) until something is so.

        Raises NotSoon when it is not in that time.
        """
        seconds = min(seconds, self._patience)
        end = time.monotonic() + seconds
        while not look():
            if time.monotonic() > end:
                said = "\n".join(f"-- {host.name}\n{host.output()}" for host in self.hosts)
                raise NotSoon(f"not within {seconds:g} s: {what}\n{said}")
            for host in self.hosts:
                if alone in ("", host.name):
                    host.turn()
            self.watch()
            time.sleep(0.05)

    @contextmanager
    def impatient(self, seconds: float) -> Iterator[None]:
        """Wait for nothing longer than this."""
        self._patience, before = seconds, self._patience
        try:
            yield
        finally:
            self._patience = before

    def pass_time(self, seconds: float) -> None:
        """Let the hosts tick for a while."""
        end = time.monotonic() + seconds
        self.until(lambda: time.monotonic() > end, "time to pass", seconds + 60)

    def rest(self) -> None:
        """Wait for the ticks that are under way, and begin none."""
        for host in self.hosts:
            if host.ticking:
                host.ticking.wait(300)
                host.turn_ended(time.monotonic())

    def sync_all(self) -> None:
        """Sync every clone by hand, so that all know the same."""
        for host in self.hosts:
            if not host.gone:
                host.sync()

    def board(self) -> Board:
        """The board of the remote."""
        return read_board(self.remote.repo, self.branch, self.prefix)

    def alive(self) -> list[str]:
        """Sessions that live now: `card+run+host+worker+profile+pid`."""
        return [path.name for path in (self.log / "live").iterdir() if is_alive(path)]

    def all_are(self, *statuses: str) -> bool:
        """Whether every card of the remote's board has one of these statuses, and nothing lives."""
        cards = self.board().cards.values()
        return not self.alive() and all(card["status"] in statuses for card in cards)


def _card(name: str, fields: str) -> str:
    """A card file from `@worker <-PARENT,PARENT !capacity`."""
    lines = [f"id: {name}", f"title: work of {name}", "status: todo"]
    for word in fields.split():
        mark, rest = word[0], word[1:]
        if mark == "@":
            lines.append(f"worker: {rest}")
        elif mark == "!":
            lines.append(f"needs:\n  {rest}: 1")
        else:
            lines.append("parents:\n" + "\n".join(f"  - {each}" for each in rest[1:].split(",")))
    return "\n\n".join(lines) + "\n"
