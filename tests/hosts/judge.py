"""What does not hold in a story of several hosts. It imports nothing of the program.

It reads the log that the sessions write themselves, the order in which the remote's refs changed,
and git's objects with git's own command. What it finds is a list of lines, each beginning with a
word: `twice`, `limit`, `lost`, `undone`, `orphan`, `unrecorded`, `fence`, `push`, `fetch`, `slow`.
"""

import fcntl
import os
import subprocess
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ruamel.yaml import YAML

BUSY = 6  # times what a tick may take, above which no busy machine excuses it


class Board(NamedTuple):
    """Cards and runs by id, and what the config says below `kanban`."""

    cards: dict[str, dict[str, Any]]
    runs: dict[str, dict[str, Any]]
    config: dict[str, Any]


class Begun(NamedTuple):
    """A session that began: who it was, from which commit, and the cards whose work it found."""

    card: str
    run: str
    host: str
    worker: str
    profile: str
    time: float
    head: str
    found: frozenset[str]


class GivenUp(NamedTuple):
    """A run that a person gave up while its host was out of reach; it may live on until that hears.

    Times are those of `time.monotonic`. Nothing else is excused: its own host counts it always, and
    so does everybody before and after.
    """

    run: str
    host: str
    since: float
    until: float = float("inf")


class Seat(NamedTuple):
    """A session that was alive at a moment."""

    card: str
    run: str
    host: str
    worker: str
    profile: str


def git_in(cwd: Path, *args: str, check: bool = True, stdin: str | None = None) -> str:
    """What git prints."""
    done = subprocess.run(
        ["git", *args], cwd=cwd, input=stdin, capture_output=True, text=True,
        errors="surrogateescape", check=False,
    )  # fmt: skip
    if check and done.returncode:
        raise AssertionError(f"git {' '.join(args)}: {done.stderr}")
    return done.stdout.rstrip("\n")


def is_alive(path: Path) -> bool:
    """Whether somebody holds the lock of a session's file."""
    try:
        fd = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False


def read_board(repo: Path, rev: str, prefix: str) -> Board:
    """The board at a revision; empty where there is none."""
    board = Board({}, {}, {})
    lines = git_in(repo, "ls-tree", "-r", "-z", rev, "--", prefix or ".", check=False).split("\0")
    names = {line.partition("\t")[2]: line.split()[2] for line in lines if line}
    wanted = {oid for name, oid in names.items() if name.endswith(".yaml")}
    texts = _read_blobs(repo, wanted)
    for name, oid in names.items():
        if oid not in wanted:
            continue
        parts = name.removeprefix(prefix).split("/")
        if parts[0] == "archive":
            parts = parts[2:]
        values = _parse(oid, texts[oid])
        if parts == ["config.yaml"]:
            board.config.update(values.get("kanban", {}))
        elif parts[0] == "cards":
            board.cards[parts[-1].removesuffix(".yaml")] = values
        elif parts[0] == "runs":
            board.runs[parts[-1].removesuffix(".yaml")] = {**values, "card": parts[1]}
    return board


_parsed: dict[str, dict[str, Any]] = {}  # by blob: a story has the same ones again and again


def _parse(oid: str, text: bytes) -> dict[str, Any]:
    if oid not in _parsed:
        _parsed[oid] = YAML(typ="safe").load(text) or {}
    return _parsed[oid]


def _read_blobs(repo: Path, oids: Iterable[str]) -> dict[str, bytes]:
    asked = "".join(f"{oid}\n" for oid in oids).encode()
    done = subprocess.run(
        ["git", "cat-file", "--batch"], cwd=repo, input=asked, capture_output=True, check=True
    ).stdout
    found, at = {}, 0
    while at < len(done):
        end = done.index(b"\n", at)
        oid, _, size = done[at:end].decode().split()
        at = end + 1 + int(size) + 1
        found[oid] = done[end + 1 : at - 1]
    return found


class Judge:
    """Judges one story. `clones` are those of hosts whose disks are still there, by name."""

    def __init__(
        self, log: Path, remote: Path, branch: str, prefix: str, clones: Mapping[str, Path]
    ) -> None:
        self.log, self.remote, self.branch, self.prefix = log, remote, branch, prefix
        self.clones = clones
        self.given_up: dict[str, GivenUp] = {}  # by run
        self.rows = [line.split() for line in _read_lines(log / "log")]
        self.begun = [_begun(row[1:]) for row in self.rows if row[0] == "begin"]
        self.board = read_board(remote, f"refs/heads/{branch}", prefix)
        self.base = f"refs/heads/{self.board.config.get('base', 'main')}"

    def violations(self, updates: Sequence[Any] = ()) -> list[str]:
        """Everything that does not hold; `updates` are the changes of the remote's refs."""
        return [
            *self._find_overlaps(),
            *self._find_lost_commits(),
            *self._find_unrecorded_runs(),
            *self._find_orphans(),
            *self._find_commits_past_fences(),
            *self._find_done_without_work(updates),
        ]

    # -- who lived at the same time, as the sessions saw it

    def _find_overlaps(self) -> list[str]:
        who = {each.run: Seat(*each[:5]) for each in self.begun}
        found = []
        for run, count in _count(each.run for each in self.begun).items():
            if count > 1:
                found.append(f"twice: run {run} of {who[run].card} began {count} times")
        times = {each.run: each.time for each in self.begun}
        alive: dict[str, set[Seat]] = defaultdict(set)
        for row in self.rows:
            if row[0] == "saw":
                alive[row[2]].add(Seat(*row[3:8]))
        for run, others in alive.items():
            own, at = who[run], times[run]
            for other in others:
                if other.card == own.card and not self._is_excused(own, other, at):
                    found.append(
                        f"twice: run {run} of {own.card} began on {own.host} while {other.run}"
                        f" lived on {other.host}"
                    )
            found += self._find_exceeded_limits(own, others, at)
        return found

    def _is_excused(self, own: Seat, other: Seat, at: float) -> bool:
        """Whether `own` may have begun at a time while `other` lived, as either was given up."""
        return own.host != other.host and (self._is_unheard(own, at) or self._is_unheard(other, at))

    def _is_unheard(self, seat: Seat, at: float) -> bool:
        """Whether the run was given up, and its host may not have heard so yet."""
        given = self.given_up.get(seat.run)
        return bool(given and given.host == seat.host and given.since <= at <= given.until)

    def _find_exceeded_limits(self, own: Seat, others: Iterable[Seat], at: float) -> list[str]:
        """Limits that are exceeded at the beginning of `own`.

        Each host knows its own runs. What all know is without those that were given up elsewhere.
        """
        live = [own, *others]
        here = [seat for seat in live if seat.host == own.host]
        known = [seat for seat in live if not self._is_unheard(seat, at)]
        used, most = len(here), self.board.config.get("max_concurrency", 6)
        found = [_limit_line(f"host {own.host}", used, most, here)] if used > most else []
        for seats in (here, known) if own in known else (here,):
            found += self._check_shared_limits(seats)
        return list(dict.fromkeys(found))

    def _check_shared_limits(self, live: list[Seat]) -> list[str]:
        """Limits of workers, profiles and capacities that are exceeded by what lives."""
        config, found = self.board.config, []
        workers = config.get("workers", {})

        def check(what: str, used: int, limit: int) -> None:
            if used > limit:
                found.append(_limit_line(what, used, limit, live))

        for name, worker in workers.items():
            used = sum(seat.worker == name for seat in live)
            check(f"worker {name}", used, worker.get("max_concurrency", 1))
        for profile in {seat.profile for seat in live}:
            limits = [
                worker.get("max_concurrency", 1)
                for name, worker in workers.items()
                if worker.get("profile", name) == profile
            ]
            used = sum(seat.profile == profile for seat in live)
            check(f"profile {profile}", used, max(limits, default=1))
        for name, limit in (config.get("capacities") or {}).items():
            needs = [(self.board.cards[seat.card].get("needs") or {}) for seat in live]
            check(f"capacity {name}", sum(need.get(name, 0) for need in needs), limit)
        return found

    # -- what became of results

    def _find_lost_commits(self) -> list[str]:
        """Commits of sessions that no ref leads to any more."""
        commits = {row[4]: row for row in self.rows if row[0] == "commit"}
        there = _reachable(self.remote)
        kept = there.union(*map(_reachable, self.clones.values()))
        found = []
        for commit, (_, card, run, host, _) in commits.items():
            if host in self.clones and commit not in kept:
                found.append(f"lost: commit {commit[:10]} of run {run} of {card} is nowhere")
            outcome = self.board.runs.get(run, {}).get("outcome")
            if outcome == "succeeded" and commit not in there:
                found.append(
                    f"lost: run {run} of {card} succeeded on {host}, and the remote lacks its work"
                )
        return found

    def _find_unrecorded_runs(self) -> list[str]:
        found = []
        for each in self.begun:
            run = self.board.runs.get(each.run)
            if run is None and each.host in self.clones:
                found.append(f"unrecorded: run {each.run} of {each.card} on {each.host}")
            elif run and run.get("outcome") == "not-started":
                found.append(f"unrecorded: run {each.run} of {each.card} began, and is not-started")
        return found

    def _find_orphans(self) -> list[str]:
        found = []
        for each in self.begun:
            missing = {*(self.board.cards[each.card].get("parents") or ())} - each.found
            if missing:
                names = ", ".join(sorted(missing))
                found.append(
                    f"orphan: {each.card} began on {each.host} without the work of {names}"
                )
        return found

    def _find_commits_past_fences(self) -> list[str]:
        """Commits of runs that were given up, and that base or a card's branch took all the same.

        A run whose end the remote heard of first has not been given up.
        """
        given = [
            row
            for row in self.rows
            if row[0] == "commit"
            and row[2] in self.given_up
            and self.board.runs.get(row[2], {}).get("outcome") == "lost"
        ]
        taken = (
            git_in(self.remote, "rev-list", self.base, "--glob=refs/heads/card/*") if given else ""
        )
        return [
            f"fence: {card} has commit {commit[:10]} of run {run}, which was given up"
            for _, card, run, _, commit in given
            if commit in taken.split()
        ]

    # -- done means that the work is there

    def _find_done_without_work(self, updates: Sequence[Any]) -> list[str]:
        """Cards that were done, at the remote at any moment or in a clone now,
        without their work.
        """
        found: dict[str, None] = {}
        refs: dict[str, str] = {}
        board_ref = f"refs/heads/{self.branch}"
        for at, update in enumerate(updates):
            refs[update.ref] = update.new
            ends = at + 1 == len(updates) or updates[at + 1].transaction != update.transaction
            if ends and {board_ref, self.base} <= refs.keys():
                board = read_board(self.remote, refs[board_ref], self.prefix)
                for line in self._without_work(self.remote, board, refs[self.base]):
                    found[f"undone: {line}, at the remote"] = None
        for name, clone in self.clones.items():
            board = read_board(clone, board_ref, self.prefix)
            for line in self._without_work(clone, board, self.base):
                found[f"undone: {line}, on {name}"] = None
        return list(found)

    def _without_work(self, repo: Path, board: Board, base: str) -> list[str]:
        """Cards that are done on a board, and whose work a base does not have."""
        done = [card for card, values in board.cards.items() if values.get("status") == "done"]
        texts = _read_work(repo, base) if done else {}
        worked: dict[str, set[str]] = defaultdict(set)
        for row in self.rows:
            if row[0] == "commit":
                worked[row[1]].add(row[2])
        return [
            f"{card} was done and its work was not in base"
            for card in done
            if worked[card] and not worked[card] & texts.get(card, set())
        ]

    # -- figures

    def excesses(
        self, pushes: int, fetches: int, ticks: Mapping[str, Sequence[float]],
        most: tuple[float, float, float],
    ) -> list[str]:  # fmt: skip
        """Where figures are above `most`: push tries a run, fetches a run, seconds a tick.

        A tick may take so much longer than those of the quickest host: on a busy machine all take
        long, and it is not the silence of a wire that counts there. But none may take `BUSY` times
        as long, or one that hangs on every host would pass.
        """
        runs = max(1, len(self.begun))
        found = []
        for word, value, limit in (
            ("push", pushes / runs, most[0]),
            ("fetch", fetches / runs, most[1]),
        ):
            if value > limit:
                found.append(f"{word}: {value:.2f} a run, at most {limit:g} are meant")
        longest = {host: max(took) for host, took in ticks.items() if took}
        quickest = min(longest.values(), default=0.0) if len(longest) > 1 else 0.0
        for host, took in longest.items():
            if took > min(quickest + most[2], BUSY * most[2]):
                line = f"a tick of {host} took {took:.0f} s, of {most[2]:g}"
                found.append(f"slow: {line}, and {quickest:.0f} s on the quickest host")
        return found


def _limit_line(what: str, used: int, limit: int, live: Iterable[Seat]) -> str:
    names = ", ".join(f"{seat.card} on {seat.host}" for seat in sorted(live))
    return f"limit: {what} {used} of {limit}: {names}"


def _read_lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


def _begun(words: Sequence[str]) -> Begun:
    card, run, host, worker, profile, time, head, found = words
    return Begun(card, run, host, worker, profile, float(time), head, frozenset(found.split(",")))


def _count(names: Iterable[str]) -> dict[str, int]:
    found: dict[str, int] = defaultdict(int)
    for name in names:
        found[name] += 1
    return found


def _reachable(repo: Path) -> set[str]:
    # Not `--all`: that reads the HEADs of worktrees too,
    # and one that is just made points at nothing.
    return set(git_in(repo, "rev-list", "--glob=refs/*").split())


def _read_work(repo: Path, base: str) -> dict[str, set[str]]:
    """The runs whose work a commit has, by card: the sessions write their ids into files."""
    lines = git_in(repo, "ls-tree", "-r", base, "--", "work/", check=False).splitlines()
    names = {line.partition("\t")[2]: line.split()[2] for line in lines}
    texts = _read_blobs(repo, set(names.values()))
    return {
        name.removeprefix("work/").removesuffix(".txt"): set(texts[oid].decode().split())
        for name, oid in names.items()
    }
