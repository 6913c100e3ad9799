"""An independent judge of what a board, its history and its processes look like when all is quiet.

It imports nothing of the program: it reads git's objects with git's own command, /proc, the lock
files, and the log that the fake sessions write themselves (`fake_agent`). What it finds is a list
of lines, each beginning with the number of the invariant that does not hold.
"""

import itertools
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from ruamel.yaml import YAML

# Status changes that are no person's are allowed to make; anything else tick must not do.
TICK_MAY = {
    ("todo", "running"),
    ("running", "todo"),
    ("running", "review"),
    ("running", "done"),  # accepted at once
    ("running", "blocked"),
    ("review", "done"),
    ("review", "blocked"),
}


class Row(NamedTuple):
    """A line of the sessions' log."""

    kind: str
    card: str
    run: str
    rest: tuple[str, ...]


class Oracle:
    """Judges one repository. `log` is the folder of the fake sessions; `prefix` the board's."""

    def __init__(self, repo: Path, log: Path, *, branch: str = "main", prefix: str = ".kanban/"):
        self.repo, self.log, self.branch, self.prefix = repo, log, branch, prefix
        self.common = Path(self.git("rev-parse", "--path-format=absolute", "--git-common-dir"))
        self.private = self.common / "gitkanban"
        self.found: list[str] = []

    def violations(
        self, *, people: bool = False, unread: tuple[str, ...] = (), mine: tuple[str, ...] = ()
    ) -> list[str]:
        """Everything that does not hold now that all is quiet.

        `people`: persons have rewritten history or moved cards, so the story of single commits is
        not judged. `unread`: cards that a test has broken on purpose. `mine`: files of the main
        checkout that a person has changed.
        """
        self.found = []
        rows = self.rows()
        board = self._board(self.branch, unread)
        self._lives(rows, board)
        self._quiet(board, rows)
        self._results(rows, board)
        self._work(rows)
        self._applied_once(rows, board, people)
        if not people:
            self._story(unread)
            self._linear()
            self._checkout(mine)
        self._fsck()
        return self.found

    def moment(self) -> list[str]:
        """What does not hold at this moment, while sessions are alive
        and nothing is being killed.
        """
        self.found = []
        held = set(self._locked())
        for row in self.rows():
            if row.kind == "begin" and started(row.rest[2]) == int(row.rest[3]):
                path = str(self.private / "locks" / "card" / row.card)
                if path not in held:
                    self.say(3, f"{row.card} runs, and its lock is free")
        return self.found

    def say(self, number: int, text: str) -> None:
        """A violation of invariant `number`."""
        self.found.append(f"{number}: {text}")

    def git(self, *args: str, check: bool = True) -> str:
        """What git prints."""
        done = subprocess.run(
            ["git", *args], cwd=self.repo, capture_output=True, text=True, check=False,
            errors="surrogateescape",
        )  # fmt: skip
        if check and done.returncode:
            raise AssertionError(f"git {' '.join(args)}: {done.stderr}")
        return done.stdout.rstrip("\n")

    def rows(self) -> list[Row]:
        """The sessions' log."""
        try:
            text = (self.log / "log").read_text()
        except FileNotFoundError:
            return []
        lines = text[: text.rfind("\n") + 1].splitlines()  # without one that is being written
        return [Row(w[0], w[1], w[2], tuple(w[3:])) for w in (line.split() for line in lines)]

    # -- the board

    def _blobs(self, oids: set[str]) -> dict[str, bytes]:
        done = subprocess.run(
            ["git", "cat-file", "--batch"], cwd=self.repo, capture_output=True, check=True,
            input="".join(f"{oid}\n" for oid in oids).encode(),
        ).stdout  # fmt: skip
        found, at = {}, 0
        while at < len(done):
            end = done.index(b"\n", at)
            oid, kind, size = done[at:end].decode().split()
            assert kind == "blob", kind
            at = end + 1 + int(size) + 1
            found[oid] = done[end + 1 : at - 1]
        return found

    def _board(self, rev: str, unread: tuple[str, ...]) -> "Board":
        lines = self.git("ls-tree", "-r", "-z", rev, "--", self.prefix or ".").split("\0")
        paths = {line.partition("\t")[2]: line.split()[2] for line in lines if line}
        texts = self._blobs(set(paths.values()))
        board = Board({}, {}, {})
        for path, oid in paths.items():
            name = path.removeprefix(self.prefix)
            if name.endswith(".yaml") and Path(name).stem not in unread:
                self._take(board, name, texts[oid])
        return board

    def _take(self, board: "Board", name: str, text: bytes | None) -> None:
        values = None
        if text is not None:
            try:
                values = _load(text)
            except Exception as error:  # whatever the parser says, it is what we look for
                self.say(8, f"{name} does not parse: {str(error).splitlines()[0]}")
                return
        parts = name.split("/")
        if name == "config.yaml":
            board.config.update((values or {}).get("kanban", {}))
            return
        if parts[0] == "archive":
            parts = parts[2:]
        where = {"cards": board.cards, "runs": board.runs}.get(parts[0])
        if where is None:
            return
        key = Path(name).stem
        if values is None:
            where.pop(key, None)
        else:
            where[key] = {**values, "card": parts[1]} if parts[0] == "runs" else values

    # -- 1, 2: who lived at the same time, as the sessions saw it

    def _lives(self, rows: list[Row], board: "Board") -> None:
        seen: dict[str, set[tuple[str, str, str, str]]] = {}
        who = {}
        for row in rows:
            if row.kind == "begin":
                if row.run in who:
                    self.say(1, f"run {row.run} of {row.card} began twice")
                who[row.run] = row
            if row.kind == "saw":
                other = (*row.rest[:4],)
                seen.setdefault(row.run, set()).add(other)  # type: ignore[arg-type]
                if other[0] == row.card:
                    self.say(1, f"{row.card}: run {row.run} began while {other[1]} was alive")
        for run, others in seen.items():
            row = who[run]
            runs = {other[1]: other for other in others}
            live = [(row.card, run, row.rest[0], row.rest[1]), *runs.values()]
            self._caps(live, board)

    def _caps(self, live: list[tuple[str, str, str, str]], board: "Board") -> None:
        config = board.config
        workers = config.get("workers", {})
        total = config.get("max_concurrency", 6)
        if len(live) > total:
            self.say(2, f"{len(live)} sessions at once, the host's limit is {total}: {live}")
        for name, worker in workers.items():
            here = [each for each in live if each[2] == name]
            limit = worker.get("max_concurrency", 1)
            if len(here) > limit:
                self.say(2, f"worker {name} ran {len(here)} of {limit}: {here}")
        for profile in {worker.get("profile", name) for name, worker in workers.items()}:
            limits = [
                worker.get("max_concurrency", 1)
                for name, worker in workers.items()
                if worker.get("profile", name) == profile
            ]
            said = (config.get("profiles") or {}).get(profile, {})
            limit = said.get("max_concurrency", max(limits))
            here = [each for each in live if each[3] == profile]
            if len(here) > limit:
                self.say(2, f"profile {profile} ran {len(here)} of {limit}: {here}")
        for name, limit in (config.get("capacities") or {}).items():
            used = sum(board.needs(each[0]).get(name, 0) for each in live)
            if used > limit:
                self.say(2, f"capacity {name} was used {used} of {limit}: {live}")

    # -- 3, 4: nothing is left over

    def _quiet(self, board: "Board", rows: list[Row]) -> None:
        clone = (self.private / "clone").read_text().strip() if rows else ""
        for name, card in board.cards.items():
            if card.get("status") == "running" and card.get("clone") in (clone, None, ""):
                self.say(3, f"{name} is running with run {card.get('run')}, and nothing is alive")
        for path in self._locked():
            self.say(4, f"somebody holds the lock {path}")
        slots = self.repo / self.prefix / "slots"
        for folder in (slots, self.private / "slots", self.repo / ".kanban" / "slots"):
            for token in folder.glob("*/*.lock"):
                self.say(4, f"the slot token {token} is left")
        for admin in (self.common / "worktrees").glob("*/locked"):
            if "gitkanban run" in admin.read_text():
                self.say(4, f"the worktree {admin.parent.name} is locked for a run")
        runs = {row.run for row in rows} | {p.name for p in (self.private / "runs").glob("*")}
        for pid, run in marked():
            if run in runs:
                self.say(4, f"process {pid} carries the marker of run {run}: {_command(pid)}")
        for row in rows:
            if row.kind in ("begin", "tree") and started(row.rest[2]) == int(row.rest[3]):
                self.say(
                    4, f"process {row.rest[2]} of run {row.run} is alive: {_command(row.rest[2])}"
                )
        for folder in sorted((self.private / "runs").glob("*")):
            if not (folder / "settled").exists():
                self.say(3, f"run folder {folder.name} was never settled")

    def _locked(self) -> Iterator[str]:
        """Lock files of ours that somebody holds: looked up by inode in the kernel's table.

        Disks in memory give the same small inodes, so the device counts too, where the table names
        it as `stat` does: disks laid over each other have two names.
        """
        devices, held = set(), set()
        for line in Path("/proc/locks").read_text().splitlines():
            words = line.split()
            if "FLOCK" in words:
                place = next(word for word in words if word.count(":") == 2)
                major, minor, inode = place.split(":")
                device = os.makedev(int(major, 16), int(minor, 16))
                devices.add(device)
                held.add((device, int(inode)))
        for folder, _, names in os.walk(self.private / "locks"):
            for name in names:
                path = os.path.join(folder, name)
                status = os.stat(path)
                places = (
                    {(status.st_dev, status.st_ino)}
                    if status.st_dev in devices
                    else {(device, status.st_ino) for device in devices}
                )
                if places & held:
                    yield path

    # -- 5, 6: what became of results

    def _results(self, rows: list[Row], board: "Board") -> None:
        for row in rows:
            if row.kind != "begin":
                continue
            run = board.runs.get(row.run)
            if run is None:
                self.say(6, f"run {row.run} of {row.card} has left no record on the board")
            elif run.get("outcome") == "not-started":
                self.say(6, f"run {row.run} of {row.card} began, and is recorded as not started")
            elif run["card"] != row.card:
                self.say(6, f"run {row.run} of {row.card} is recorded for {run['card']}")
        worked = {row.run for row in rows if row.kind in ("commit", "left")}
        reported = {row.run for row in rows if row.kind == "reported"}
        for name, run in board.runs.items():
            if run.get("outcome") == "succeeded" and name not in worked | reported:
                self.say(5, f"run {name} succeeded without having done anything")

    def _applied_once(self, rows: list[Row], board: "Board", people: bool) -> None:
        base = board.config.get("base") or self.branch
        names = self.git("ls-tree", "-r", "--name-only", base, "--", "work/").split()
        committed = {row.run for row in rows if row.kind == "commit"}
        inside = set()
        for name in names:
            lines = self.git("show", f"{base}:{name}").splitlines()
            if len(lines) != len(set(lines)):
                self.say(6, f"{name} holds a result twice: {lines}")
            card = Path(name).stem
            for line in lines:
                inside.add(line.split()[0])
                run = board.runs.get(line.split()[0])
                if run is None or run["card"] != card:
                    self.say(5, f"{name} in {base} holds a result of an unknown run {line}")
        if people:  # who resets base takes the work out again
            return
        for card_id, card in board.cards.items():
            ends = [run for run in board.runs.values() if run["card"] == card_id]
            good = [run["run"] for run in ends if run.get("outcome") == "succeeded"]
            if card.get("status") == "done" and good and not self._holds(base, max(good), board):
                self.say(6, f"{card_id} is done, but {base} lacks the work of run {max(good)}")
            elif card.get("status") == "done" and good and max(good) in committed - inside:
                self.say(6, f"{card_id} is done, but {base} has lost the work of {max(good)} again")

    def _holds(self, base: str, run: str, board: "Board") -> bool:
        commit = board.runs[run].get("commit")
        if not commit:
            return True
        done = subprocess.run(
            ["git", "merge-base", "--is-ancestor", commit, base], cwd=self.repo, check=False
        )
        return done.returncode == 0 or board.config.get("merge") == "squash"

    # -- 12: the only copy of work

    def _work(self, rows: list[Row]) -> None:
        discarded = {row.rest[0] for row in rows if row.kind == "discarded"}
        commits = {
            row.rest[0]: row
            for row in rows
            if row.kind == "commit" and row.rest[0] not in discarded
        }
        blobs = {row.rest[0]: row for row in rows if row.kind == "left"}
        if not commits and not blobs:
            return
        listed = self.git("rev-list", "--objects", "--all", "--not", "--glob=refs/stash")
        kept = {line.split(" ")[0] for line in listed.splitlines()}
        for commit, row in commits.items():
            if commit not in kept:
                self.say(12, f"commit {commit[:10]} of {row.card}, run {row.run}, is unreachable")
        for blob, row in blobs.items():
            if blob not in kept and not self._in_workspace(row):
                self.say(12, f"{row.rest[1]} that run {row.run} of {row.card} left is nowhere")

    def _in_workspace(self, row: Row) -> bool:
        path = Path(f"{self.repo}.worktrees") / row.card / row.rest[1]
        return path.exists() and row.run in path.read_text().split()

    # -- 3, 5, 7, 8: the story that the commits tell

    def _story(self, unread: tuple[str, ...]) -> None:
        listed = self.git(
            "log", "--first-parent", "-m", "--reverse", "--raw", "--no-abbrev", "--no-renames",
            "--format=%x00%H %s", self.branch, "--", self.prefix or ".",
        )  # fmt: skip
        story = []
        for part in listed.split("\0")[1:]:
            head, *lines = [line for line in part.splitlines() if line]
            changed = {}
            for line in lines:
                meta, _, path = line.partition("\t")
                oid = meta.split(" ")[3]
                changed[path.removeprefix(self.prefix)] = oid if oid.strip("0") else ""
            story.append((head, changed))
        texts = self._blobs({oid for _, changed in story for oid in changed.values() if oid})
        board, used = Board({}, {}, {}), set[str]()
        for head, changed in story:
            before = {name: dict(card) for name, card in board.cards.items()}
            runs_before = set(board.runs)
            for path, oid in changed.items():
                if path.endswith(".yaml") and Path(path).stem not in unread:
                    self._take(board, path, texts[oid] if oid else None)
                    if path.startswith("runs/") and Path(path).stem in runs_before:
                        self.say(6, f"{path} was changed after it was written, in {head}")
            for name in board.cards:
                self._step(name, before.get(name), board, used, head)

    def _step(
        self, name: str, old: dict[str, Any] | None, board: "Board", used: set[str], head: str
    ) -> None:
        new = board.cards[name]
        if old is None or old.get("status") == new.get("status"):
            if old and new.get("status") == "running" and old.get("run") != new.get("run"):
                self.say(5, f"{name} changed its run while running, in {head}")
            return
        move = (old.get("status", "todo"), new.get("status", "todo"))
        by_tick = "kanban: " in head and move in TICK_MAY
        if new.get("status") == "running":
            run = str(new.get("run", ""))
            if not run or run in used:
                self.say(5, f"{name} is running with a used or missing run {run!r}, in {head}")
            used.add(run)
            if old.get("status", "todo") != "todo":
                self.say(3, f"{name} went from {move[0]} to running, in {head}")
            for parent in new.get("parents") or []:
                if board.cards.get(parent, {}).get("status") != "done":
                    self.say(7, f"{name} was started before {parent} was done, in {head}")
        elif old.get("status") == "running" and by_tick:
            run = str(old.get("run", ""))
            end = board.runs.get(run)
            if end is None and move[1] != "blocked":  # a person may block it: that is no end
                self.say(6, f"{name} left running without a record of run {run}, in {head}")
            # Accepted at once it is done, or blocked where its branch does not merge.
            good = move[1] in ("review", "done") or new.get("reason") == "conflict"
            if end and good != (end.get("outcome") == "succeeded"):
                self.say(5, f"{name} went to {move[1]} after {end.get('outcome')}, in {head}")

    def _checkout(self, mine: tuple[str, ...]) -> None:
        """The main checkout holds what its branch does; else the next commit there undoes work."""
        changed = self.git("status", "--porcelain", "--untracked-files=no")
        for line in changed.splitlines():
            if line[3:] not in mine:
                self.say(12, f"the checkout of {self.repo.name} differs from its branch: {line}")

    def _linear(self) -> None:
        """The branch never went back: each of its reflog entries follows from the one before."""
        lines = self.git("log", "-g", "--format=%H", self.branch, check=False).split()
        for new, old in itertools.pairwise(lines):
            done = subprocess.run(
                ["git", "merge-base", "--is-ancestor", old, new], cwd=self.repo, check=False
            )
            if done.returncode:
                self.say(8, f"{self.branch} went from {old[:10]} to {new[:10]}, not forward")

    def _fsck(self) -> None:
        done = subprocess.run(
            ["git", "fsck", "--no-progress", "--no-dangling"],
            cwd=self.repo, capture_output=True, text=True, check=False,
        )  # fmt: skip
        told = [line for line in (done.stdout + done.stderr).splitlines() if "dangling" not in line]
        if done.returncode:
            self.say(8, f"git fsck: {told[:3]}")


class Board(NamedTuple):
    """Plain values of a board's files."""

    config: dict[str, Any]
    cards: dict[str, dict[str, Any]]
    runs: dict[str, dict[str, Any]]

    def needs(self, card: str) -> dict[str, int]:
        """What a card needs: its own word, else its worker's."""
        values = self.cards.get(card, {})
        worker = self.config.get("workers", {}).get(values.get("worker"), {})
        return values.get("needs") or worker.get("needs") or {}


def _load(text: bytes) -> dict[str, Any]:
    values = YAML(typ="safe").load(text)
    assert isinstance(values, dict), "not a mapping"
    return values


def marked() -> Iterator[tuple[str, str]]:
    """(pid, run) of every live process that carries a run's marker in its environment."""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            words = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        except OSError:
            continue
        for word in words:
            if word.startswith(b"GITKANBAN_RUN=") and started(pid):
                yield pid, word.partition(b"=")[2].decode()


def started(pid: str) -> int:
    try:
        text = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return 0
    words = text[text.rfind(b")") + 2 :].split()
    return 0 if words[0] in (b"Z", b"X") else int(words[19])


def _command(pid: str) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()[:200]
    except OSError:
        return "gone"


def person(repo: Path, *names: str) -> str:
    """What a person has of these files in index and working tree (9), as text."""
    out = []
    for words in (("ls-files", "-s"), ("diff",), ("status", "--porcelain")):
        done = subprocess.run(
            ["git", *words, "--", *names], cwd=repo, capture_output=True, text=True, check=True
        )
        out.append(done.stdout)
    return "\n".join(out)
