"""A small repository with a board of fake sessions, ticks that can be struck, and the way to quiet.

A tick runs in a forked child of the test, so that it can be killed at any point and costs no
start-up; supervisors and sessions are real processes. Times that a card must wait are passed by
moving the clock of the ticks, never by sleeping.
"""

import os
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from unittest import mock

from gitkanban import clock, failpoints
from gitkanban.board import init, store
from gitkanban.board.formats import cardfile
from gitkanban.board.repo.place import Place
from gitkanban.core.changes import AddCard, Change
from gitkanban.core.model import Board
from gitkanban.core.moves import move
from gitkanban.errors import GitkanbanError
from gitkanban.runs import briefing, trust
from gitkanban.runs.records import folders, slots
from gitkanban.runs.records.folders import Folder
from gitkanban.runs.supervision import processes
from gitkanban.runs.supervision.locks import Locks, card_lock
from gitkanban.tick.rounds import tick
from gitkanban.views.message import commit_message
from tests.conftest import git
from tests.support.command_lines import command_lines
from tests.support.memory_disk import memory_disk
from tests.support.oracle import Oracle, marked, started

AGENT = str(Path(__file__).with_name("fake_agent.py"))
VARIANTS = Path(__file__).with_name("variants")
SEPARATOR = "\x1f"
DEADLINE = float(os.environ.get("ARENA_DEADLINE", "120"))  # s; only a broken program reaches it
POLL = 0.02  # s between looks; each reads all of /proc, so to look more often takes a processor
SLOWNESS = 50  # of a slow clock; ids of runs that follow each other still differ by milliseconds
ROUNDS = 60  # ticks until quiet, above which something never comes to rest

CONFIG = """\
version: 1
kanban:
  base: main
  max_concurrency: 4
  workers:
    lane:
      profile: solo
      command: [{python}, -I, -S, {agent}, {log}, lane]
      on_success: done
    pool:
      profile: many
      mode: pool
      max_concurrency: 2
      command: [{python}, -I, -S, {agent}, {log}, pool]
      on_success: done
      commits: supervisor
  capacities: {{build: 1}}
"""
REVIEWED = CONFIG.replace("      on_success: done\n", "")  # its work waits for a person


def until(look: Callable[[], object], what: str) -> None:
    """Wait for something that must come."""
    end = time.monotonic() + DEADLINE
    while not look():
        assert time.monotonic() < end, f"waited too long for {what}"
        time.sleep(POLL)


def room() -> Path:
    """A new folder on a disk in memory, where there is one."""
    return Path(tempfile.mkdtemp(prefix="arena-", dir=memory_disk()))


class Arena:
    """One repository. `words` says what the sessions of a card do, a line an attempt."""

    def __init__(self, top: Path, cards: dict[str, str], *, config: str = "", branch: str = ""):
        self.repo, self.log = top / "repo", top / "log"
        # Whether a queue has a job at work, whose supervisor may be about to start.
        self.has_jobs: Callable[[], bool] = lambda: False
        self.log.mkdir(parents=True)
        (self.log / "words").mkdir()
        self.repo.mkdir()
        git(self.repo, "init", "-q", "-b", "main")
        (self.repo / "README.md").write_text("# a project\n")
        git(self.repo, "add", "-A")
        git(self.repo, "commit", "-qm", "start")
        text = (config or CONFIG).format(python=sys.executable, agent=AGENT, log=self.log)
        files = {f"cards/{name}.yaml": _card(name, fields) for name, fields in cards.items()}
        self.place: Place = init.create(str(self.repo), branch=branch, config=text, files=files)
        self.trust()
        self.locks = Locks(self.place.private)
        self.once = top / "struck"
        self.clock = top / "log" / "offset"
        self.slow_from: float | None = None  # when the ticks' clock began to go slowly
        # No session runs into this limit: a test of limits sets one of its own.
        self.extra: dict[str, str | list[str]] = {"grace": "0.3", "timeout": "600", "tick": []}
        self.special: dict[str, dict[str, str | list[str]]] = {}  # by card
        self.left_locks: set[Path] = set()
        prefix = f"{self.place.prefix}/" if self.place.prefix else ""
        self.oracle = Oracle(self.repo, self.log, branch=self.place.branch, prefix=prefix)

    def trust(self) -> None:
        """Allow what the config says."""
        config = self.board().config
        assert config
        trust.record(self.place, config)

    def board(self) -> Board:
        """The board at the tip."""
        return store.read(self.place)

    def status(self, card: str) -> str:
        """A card's status at the tip."""
        return self.board().cards[card].status

    def words(self, card: str, *lines: str) -> None:
        """What the card's sessions do, a line for each attempt."""
        (self.log / "words" / card).write_text("".join(f"{line}\n" for line in lines))

    def later(self, seconds: int) -> None:
        """Move the clock of all ticks from now on."""
        self.clock.write_text(str(self.offset() + seconds))

    def slow_down(self) -> None:
        """From now on the clock of the ticks begun here goes slowly, and `later` moves it.

        For what counts within seconds of something: on a busy machine they pass before the tick.
        """
        self.slow_from = clock.now()

    def offset(self) -> int:
        """Seconds that the ticks' clock is ahead."""
        try:
            return int(self.clock.read_text())
        except FileNotFoundError:
            return 0

    # -- ticks

    def tick(self, strike: str = "", *, lasting: bool = False) -> int:
        """One tick, struck as a failpoint says; its wait status, 0 when it went through.

        A fault strikes once in all processes, a lasting one whenever the point is reached.
        """
        return os.waitpid(self.begin(lambda: tick(self.place), strike, lasting=lasting), 0)[1]

    def act(self, do: Callable[[], object], strike: str = "") -> int:
        """Do something in a child that can be struck; its wait status."""
        pid = self.begin(do, strike)
        return os.waitpid(pid, 0)[1]

    def begin(self, do: Callable[[], object], strike: str = "", *, lasting: bool = False) -> int:
        """Like `act`, without waiting for it; its pid."""
        pid = os.fork()
        if pid:
            return pid
        code = 1
        try:
            with self.patched():
                failpoints.arm(strike, str(self.once) if strike and not lasting else "")
                do()
            code = 0
        except (GitkanbanError, OSError) as error:
            if not strike:
                print(f"a tick failed: {error!r}", file=sys.stderr)
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    @contextmanager
    def patched(self) -> Iterator[None]:
        """The ticks' clock, and specs without what makes tests slow."""
        real = briefing.whole_spec
        now = clock.now
        ahead, slow_from = self.offset(), self.slow_from

        def now_here() -> float:
            begin = now() if slow_from is None else slow_from
            return begin + (now() - begin) / SLOWNESS + ahead

        def quick(*args: object) -> object:
            card = args[0].card.id  # type: ignore[attr-defined]
            return {**real(*args), **self.extra, **self.special.get(card, {})}  # type: ignore[arg-type]

        with (
            mock.patch.object(briefing, "whole_spec", quick),
            mock.patch.object(clock, "now", now_here),
        ):
            yield

    def command(self, *words: str) -> tuple[list[str], dict[str, str]]:
        """A command of the program as a process of its own, and its environment."""
        quick = {**self.extra, "grace": "0.3"}
        lines = (f"{k}={v if isinstance(v, str) else SEPARATOR.join(v)}" for k, v in quick.items())
        (self.log / "quick").write_text("".join(f"{line}\n" for line in lines))
        paths = os.pathsep.join((str(VARIANTS), str(VARIANTS.parent.parent)))
        env = {**os.environ, "ARENA": str(self.log), "PYTHONPATH": paths}
        return [sys.executable, "-m", "gitkanban", *words], env

    # -- to quiet

    def folders(self) -> list[Folder]:
        """Every run folder."""
        return list(folders.every(self.place.private))

    def wait(self) -> None:
        """Until every supervisor has ended, is stopped, or has a session that hangs."""
        until(self.resting, "sessions to end")

    def resting(self) -> bool:
        """Whether no supervisor has anything to do."""
        found = self.supervising()
        hanging = {pid for _, pid in self.hanging(found)}
        return all(pid in hanging or self._stopped(pid) for pid in found)

    def hanging(self, among: dict[int, str] | None = None) -> list[tuple[str, int]]:
        """(card, pid of the supervisor) of live sessions that hang, among these supervisors."""
        runs = {row.run for row in self.oracle.rows() if row.kind in ("hangs", "waits")}
        found = []
        for pid, run in (self.supervising() if among is None else among).items():
            folder = folders.of(self.place.private, run)
            if run in runs and not folder.has("exit.json") and not folder.has("stop"):
                found.append((folder.facts().one("card"), pid))
        return sorted(found)

    def fresh(self, *words: str) -> str:
        """A person adds a card for the pool, whose sessions do these words; its id."""
        number = len(self.board().cards)
        self.words(f"T{number}", *words)
        self.add(f"T{number}", "@pool")
        return f"T{number}"

    def add(self, card: str, fields: str) -> None:
        """A person adds a card: `@worker <-PARENT,PARENT !capacity`."""
        text = _card(card, fields)
        made = cardfile.parse(text.encode(), f"cards/{card}.yaml")
        store.commit(self.place, lambda _: [AddCard(made, text)], message=commit_message)

    def go(self) -> None:
        """A tick, as a step of something longer."""
        tick(self.place)

    def revive(self, rng: random.Random) -> None:
        """A person lets a blocked card run again."""
        self._move(rng, "blocked", "retry")

    def drop_one(self, rng: random.Random) -> None:
        """A person gives a running card up."""
        self._move(rng, "running", "drop")

    def _move(self, rng: random.Random, status: str, verb: str) -> None:
        names = [card.id for card in self.board().cards.values() if card.status == status]
        self.person(rng.choice(names), verb)

    def frozen(self) -> list[int]:
        """Stopped processes of runs: supervisors, sessions, what collects for them."""
        runs = {folder.run for folder in self.folders()}
        pids = [*self.supervisors(), *(int(pid) for pid, run in marked() if run in runs)]
        return [pid for pid in pids if (seen := processes.look(pid)) and seen.state == "T"]

    def thaw(self) -> None:
        """Let every stopped supervisor go on."""
        for pid in self.supervisors():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    def drop(self, card: str) -> None:
        """A person gives the card up."""
        self.person(card, "drop")

    def person(self, card: str, verb: str, why: str = "") -> None:
        """A person moves a card."""
        self.change(lambda board: move(board, verb, board.cards[card], why=why))

    def change(self, decide: Callable[[Board], Sequence[Change]]) -> None:
        """Somebody changes the board."""
        store.commit(self.place, decide, message=commit_message)

    def supervisors(self) -> list[int]:
        """Pids of live supervisors of this repository."""
        return list(self.supervising())

    def supervising(self) -> dict[int, str]:
        """The run of each live supervisor of this repository, by pid.

        One that dies has no command line any more before the kernel frees its locks: on a busy
        machine a tick would find the run locked for half a second, and leave it to the next.
        """
        found = {
            pid: os.path.basename(words[6].decode())
            for pid, words in command_lines()
            if len(words) > 6 and words[6].startswith(self.place.private.encode())
        }
        for folder in self.folders():
            pid = slots.supervisor_pid(folder)
            if pid and pid not in found and not folder.has("settled") and processes.look(pid):
                card = folder.facts().one("card")
                if self.locks.locked([card_lock(card)]):
                    found[pid] = folder.run
        return found

    def _stopped(self, pid: int) -> bool:
        seen = processes.look(pid)
        return not seen or seen.state == "T"

    def settle(self) -> None:
        """Tick until nothing changes and nothing is alive, moving the clock past every delay."""
        calm = 0
        for _ in range(ROUNDS):
            before = self.state()
            assert self.tick() == 0, "a tick that nothing struck must go through"
            until(
                lambda: not self.has_jobs() and all(map(self._stopped, self.supervisors())),
                "sessions to end",
            )
            if self.state() != before:
                calm = 0
                continue
            if self.tidied():
                continue
            calm += 1
            if calm > 1:
                return
            self.later(4000)
        raise AssertionError(f"never quiet: {self.state()}")

    def tidied(self) -> bool:
        """Whether a person, told by `status`, had to remove what a killed git had left."""
        common = Path(self.place.common)
        found = [*common.glob("*.lock"), *common.glob("refs/**/*.lock")]
        found += common.glob("worktrees/*/*.lock")
        new = set(found) - self.left_locks
        for lock in new:
            os.utime(lock, (1, 1))
            if lock.name == "index.lock":
                lock.unlink()
        self.left_locks |= new
        return bool(new)

    def state(self) -> tuple[str, int, int]:
        """What changes as long as anything is going on."""
        unsettled = [f for f in self.folders() if not f.has("settled")]
        return self.tip(), len(unsettled), len(self.supervisors())

    def tip(self) -> str:
        """The board's commit."""
        return git(self.repo, "rev-parse", self.place.ref)

    def judged(self, **known: object) -> list[str]:
        """What the oracle finds, once two more ticks have added nothing (10)."""
        before = self.tip()
        self.tick()
        self.tick()
        found = self.oracle.violations(**known)  # type: ignore[arg-type]
        if self.tip() != before:
            found.append(f"10: two ticks on a quiet board added {self.tip()}")
        return found

    def supervisor(self) -> int:
        """The pid of the only supervisor there is."""
        (pid,) = self.supervisors()
        return pid

    def logged(self, kind: str) -> list[str]:
        """Cards whose sessions have said `kind`, in order."""
        return [row.card for row in self.oracle.rows() if row.kind == kind]

    def close(self) -> None:
        """End everything that is left, and remove the repository."""
        for pid in self.supervisors():
            self._kill(pid)
        runs = {folder.run for folder in self.folders()}
        for pid, run in marked():
            if run in runs:
                self._kill(int(pid))
        for row in self.oracle.rows():
            if row.kind in ("begin", "tree") and started(row.rest[2]) == int(row.rest[3]):
                self._kill(int(row.rest[2]))
        while True:
            try:
                if os.waitpid(-1, os.WNOHANG)[0] == 0:
                    break
            except ChildProcessError:
                break
        shutil.rmtree(self.repo.parent, ignore_errors=True)

    def _kill(self, pid: int) -> None:
        seen = processes.look(pid)
        if seen:
            processes.tell(seen, signal.SIGKILL)


def _card(name: str, fields: str) -> str:
    """A card file from `@worker <- PARENT,PARENT !capacity`."""
    lines = [f"id: {name}", f"title: work of {name}"]
    words = fields.split()
    status = "todo"
    parents: list[str] = []
    for word in words:
        if word.startswith("@"):
            lines.append(f"worker: {word[1:]}")
        elif word.startswith("!"):
            lines.append(f"needs:\n  {word[1:]}: 1")
        elif word.startswith("<-"):
            parents = word[2:].split(",")
        else:
            status = word
    lines.append(f"status: {status}")
    if parents:
        lines.append("parents:\n" + "\n".join(f"  - {parent}" for parent in parents))
    return "\n\n".join(lines) + "\n"
