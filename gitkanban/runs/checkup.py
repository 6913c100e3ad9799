"""Looks at everything around a board that may be wrong, as facts for `core.doctor`.

It changes nothing, and takes no lock: a tick at work may be seen halfway, so what looks wrong with
runs is looked at again.
"""

import os
import shlex
import shutil
import sys
import time
from collections.abc import Iterator

from gitkanban.board import checkouts, commits, signing, standstill, trees
from gitkanban.board.checkouts import base_of
from gitkanban.board.mainfinder import is_flipped
from gitkanban.board.place import Place, clone_id
from gitkanban.core.closing import Tries
from gitkanban.core.doctor import DEPEND_ON_LOCKS, symptoms
from gitkanban.core.leftovers import known_cards
from gitkanban.core.model import Board, Config
from gitkanban.core.presets import templates_of
from gitkanban.core.surroundings import (
    BranchSeen,
    DiskSeen,
    LockSeen,
    RunSeen,
    SalvageSeen,
    Seen,
    TokenSeen,
    WorktreeSeen,
)
from gitkanban.core.symptom import Symptom
from gitkanban.runs import (
    cleanliness,
    folders,
    leases,
    machines,
    processes,
    salvage,
    slots,
    ticked,
    trust,
    watching,
    worktrees,
)
from gitkanban.runs.folders import Folder
from gitkanban.runs.locks import Locks, network
from gitkanban.runs.workspace_git import head_of
from gitkanban.runs.worktrees import Ours

LOCK_AGE_LEAST = 10  # seconds; younger lock files belong to commands at work
_FRESH = 60  # seconds during which an empty run folder may be about to be filled
_AGAIN = 0.5  # seconds until what looked wrong is looked at again


def examine(place: Place, board: Board, now: int) -> list[Symptom]:
    """Everything found; what may be a tick or a supervisor at work was seen twice.

    Raises GitFailed, OSError.
    """
    found = symptoms(board, look(place, board, now))
    if any(each.code in DEPEND_ON_LOCKS for each in found):
        time.sleep(_AGAIN)
        again = {(each.code, each.subject) for each in symptoms(board, look(place, board, now))}
        found = [e for e in found if e.code not in DEPEND_ON_LOCKS or (e.code, e.subject) in again]
    return found


def look(place: Place, board: Board, now: int) -> Seen:
    """One look at everything. Raises GitFailed, OSError."""
    config = board.config
    locks = Locks(place.private)
    tokens = _tokens(place)
    every = list(folders.every(place.private))
    unsettled = [folder for folder in every if not folder.has("settled")]
    last = ticked.last(place.private)
    base = base_tip(place, config)
    known = known_cards(board)
    driver = _driver(place)
    claim = machines.look(place)
    runs, held = _runs(place, unsettled, locks, now)
    return Seen(
        now=now,
        clone=clone_id(place),
        tokens=tokens,
        held_slots=held,
        runs=runs,
        known_runs=frozenset(folder.run for folder in every),
        worktrees=tuple(_worktrees(place, config, known, base)),
        branches=_branches(place, known, base),
        salvages=_salvages(place),
        locks=tuple(_locks(place)),
        exposed=tuple(folder.run for folder in folders.exposed(place.private)),
        tampering=tuple(each.line for each in watching.findings(place)),
        elsewhere=claim.line if claim.standing == "elsewhere" else "",
        network=network(place.private if os.path.isdir(place.private) else place.common),
        ticked=last.at,
        jumped=last.jumped,
        tip_at=int(commits.text(place.common, "log", "-1", "--format=%ct", board.commit) or 0),
        untrusted=trust.untrusted(place, config) if config else {},
        missing=_missing(place, config),
        memories=_memories(place, config),
        disks=_disks(place, config),
        unwritable=_unwritable(place),
        standstill=standstill.reason(place),
        behind=_behind(place),
        unsigned=signing.last_refusal(place),
        flipped=place.main if is_flipped(place.common, place.main) else "",
        driver=driver,
        driver_found=not driver or bool(shutil.which(driver)),
    )


def _behind(place: Place) -> tuple[tuple[str, str], ...]:
    late = (each for each in trees.behind(place) if not trees.is_young(each))
    pairs = ((each.checkout.root, each.ref.removeprefix("refs/heads/")) for each in late)
    return tuple(dict.fromkeys(pairs))


def base_tip(place: Place, config: Config | None) -> str:
    """The commit that base is at; empty when it is not known."""
    base = base_of(place, config) if config else ""
    return commits.resolve(place.common, f"refs/heads/{base}") if base else ""


# -- runs and leases


def _tokens(place: Place) -> tuple[TokenSeen, ...]:
    found = []
    for slot in slots.tokens(place):
        lease = slots.read(place, slot)
        found.append(TokenSeen(slot, lease.card if lease else "", lease.run if lease else ""))
    return tuple(found)


def _runs(
    place: Place, unsettled: list[Folder], locks: Locks, now: int
) -> tuple[tuple[RunSeen, ...], dict[str, str]]:
    """(the runs, slots whose lock is held with who holds it where no run explains that)."""
    facts = {folder.run: folder.facts() for folder in unsettled}
    names = {
        run: leases.lock_names(found.one("card"), found.one("slot"))
        for run, found in facts.items()
        if found.one("card")
    }
    seats = dict(_slot_files(locks))
    held = locks.locked({*seats, *(name for pair in names.values() for name in pair)})
    runs = []
    for folder in unsettled:
        found, end = facts[folder.run], folder.exit()
        if folder.run not in names:
            if not _fresh(folder, now):
                empty = not os.listdir(folder.path) if os.path.isdir(folder.path) else False
                runs.append(RunSeen(folder.run, empty=empty))
            continue
        lease = slots.of_run(folder, found)
        alive = end is None and held.issuperset(names[folder.run])
        runs.append(
            RunSeen(
                folder.run,
                found.one("card"),
                found.one("slot"),
                int(found.number("started", 0)),
                alive,
                end.ended if end else 0,
                not (alive and lease and slots.read(place, lease.slot) != lease),
                tries=Tries() if alive else folder.tries(),
                moved_from=found.one("moved_from"),
                workspace=found.one("workspace"),
            )
        )
    explained = {run.slot for run in runs if run.alive}
    holders = {
        seats[name]: "" if seats[name] in explained else _who(locks.path(name))
        for name in held & seats.keys()
    }
    return tuple(runs), holders


def _fresh(folder: Folder, now: int) -> bool:
    try:
        return now - os.stat(folder.path).st_mtime < _FRESH
    except OSError:
        return True  # it is gone by now


def _slot_files(locks: Locks) -> Iterator[tuple[str, str]]:
    """(name of the lock, slot) of every slot that ever had a lock here."""
    top = f"{locks.folder}/slot"
    for folder, _, names in os.walk(top):
        profile = os.path.relpath(folder, top)
        for name in names:
            yield f"slot/{profile}/{name}", f"{profile}#{name}"


def _who(path: str) -> str:
    return ", ".join(f"process {each.pid} ({_name(each.pid)})" for each in processes.opened(path))


def _name(pid: int) -> str:
    return checkouts.line(f"/proc/{pid}/comm") or "unknown"


# -- worktrees, branches, salvage


def _worktrees(
    place: Place, config: Config | None, known: set[str], base: str
) -> Iterator[WorktreeSeen]:
    ours = worktrees.every(place)
    for each in ours:
        yield _worktree(place, each, known, base)
    listed = {os.path.realpath(each.root) for each in checkouts.every(place)}
    listed |= {os.path.realpath(each.path) for each in ours}
    folder = worktrees.folder_of(place, config.worktrees if config else "")
    if folder == place.main or not os.path.isdir(folder):
        return
    for name in sorted(os.listdir(folder)):
        path = f"{folder}/{name}"
        if os.path.realpath(path) not in listed and (not os.path.isdir(path) or os.listdir(path)):
            yield WorktreeSeen(path)


def _worktree(place: Place, each: Ours, known: set[str], base: str) -> WorktreeSeen:
    seen = WorktreeSeen(each.path, each.card, each.there, each.locked_for)
    if not each.there or each.card in known:
        return seen
    _, head = head_of(place.common, each.admin)
    tips = [head, commits.resolve(place.common, f"refs/heads/card/{each.card}")]
    unclean = cleanliness.describe_unclean(place.common, each.path, each.admin)
    merged = bool(base) and all(
        not tip or commits.is_ancestor(place.common, tip, base) for tip in tips
    )
    return seen._replace(dirty=bool(unclean), merged=merged)


def _branches(place: Place, known: set[str], base: str) -> tuple[BranchSeen, ...]:
    found = []
    listed = commits.text(
        place.common, "for-each-ref", "--format=%(refname) %(objectname)", "refs/heads/card/"
    )
    for line in filter(None, listed.split("\n")):
        ref, _, tip = line.partition(" ")
        card = ref.removeprefix("refs/heads/card/")
        if card in known:
            continue
        ahead = commits.text(place.common, "rev-list", "--count", tip, f"^{base}") if base else ""
        found.append(BranchSeen(card, ahead == "0", int(ahead or 0)))
    return tuple(found)


def _salvages(place: Place) -> tuple[SalvageSeen, ...]:
    form = "--format=%(refname)%00%(committerdate:unix)%00%(subject)"
    listed = commits.text(place.common, "for-each-ref", form, salvage.PREFIX)
    rows = [line.split("\0") for line in listed.split("\n") if line]
    return tuple(SalvageSeen(ref, int(at or 0), subject) for ref, at, subject in rows)


# -- lock files of git


def _locks(place: Place) -> Iterator[LockSeen]:
    for path in sorted(_lock_files(place)):
        seen = lock_seen(place, path)
        if seen:
            yield seen


def _lock_files(place: Place) -> Iterator[str]:
    for folder in {place.common, *(each.admin for each in checkouts.every(place))}:
        for name in os.listdir(folder) if os.path.isdir(folder) else ():
            if name.endswith(".lock"):
                yield f"{folder}/{name}"
    for folder, _, names in os.walk(f"{place.common}/refs"):
        yield from (f"{folder}/{name}" for name in names if name.endswith(".lock"))


def lock_seen(place: Place, path: str) -> LockSeen | None:
    """A lock file of git's with its age and possible owner; None when it is gone or too young."""
    try:
        age = int(time.time() - os.stat(path).st_mtime)  # the file system's clock, not ours
    except OSError:
        return None
    return LockSeen(path, age, _user(place, path)) if age >= LOCK_AGE_LEAST else None


def _user(place: Place, path: str) -> str:
    """Who may own a lock file; empty only when provably nobody on this host does.

    git closes its lock while an editor is open, so any git at work in the repository counts too.
    """
    if not sys.platform.startswith("linux"):
        return "this system does not say"
    openers = processes.opened(path)
    if openers:
        return f"process {openers[0].pid} ({_name(openers[0].pid)})"
    roots = [os.path.realpath(each.root) for each in checkouts.every(place)]
    roots.append(os.path.realpath(place.common))
    for process in processes.everyone():
        if not _name(process.pid).startswith("git"):
            continue
        try:
            cwd = os.readlink(f"/proc/{process.pid}/cwd")
        except FileNotFoundError:
            continue
        except OSError:
            return f"process {process.pid}, another user's git"
        if any(cwd == root or cwd.startswith(f"{root}/") for root in roots):
            return f"process {process.pid} (git)"
    return ""


# -- the machine


def _missing(place: Place, config: Config | None) -> tuple[tuple[str, str], ...]:
    """Programs that a worker would run and that PATH, as it was trusted, does not find.

    One with a folder in its name that is not absolute lies in the workspace: that cannot be known.
    """
    found = []
    path = trust.search_path(place)
    for worker in config.workers.values() if config else ():
        for argv in (templates_of(worker)[0], worker.setup, worker.verify):
            name = trust.program(argv[0], path) if argv else ""
            absent = not os.access(name, os.X_OK) if os.path.isabs(name) else "/" not in name
            if name and "{" not in name and absent:
                found.append((worker.name, name))
    return tuple(dict.fromkeys(found))


def _memories(place: Place, config: Config | None) -> tuple[tuple[str, str], ...]:
    from gitkanban.runs import memory  # late: few boards say where memory is

    workers = config.workers.values() if config else ()
    return tuple(
        (worker.name, why)
        for worker in workers
        if worker.memory_path
        for why in memory.lacking(worker, place.private)
    )


def _driver(place: Place) -> str:
    """The program of the merge driver, empty where none is installed."""
    try:
        with open(f"{place.common}/info/attributes", encoding="utf-8", errors="replace") as file:
            wanted = "merge=gitkanban" in file.read().split()
    except FileNotFoundError:
        wanted = False
    words = commits.text(place.common, "config", "merge.gitkanban.driver") if wanted else ""
    try:
        return shlex.split(words)[0] if words else ""
    except ValueError:  # a quote that never ends
        return words


def _unwritable(place: Place) -> tuple[str, ...]:
    below = ("", "/objects", "/refs", "/gitkanban", "/gitkanban/locks", "/gitkanban/runs")
    folders = [place.common + name for name in below]
    closed = [path for path in folders if os.path.exists(path) and not os.access(path, os.W_OK)]
    return tuple(closed[:1])  # one says it


def _disks(place: Place, config: Config | None) -> tuple[DiskSeen, ...]:
    found: dict[int, DiskSeen] = {}
    for path in (place.common, worktrees.folder_of(place, config.worktrees if config else "")):
        while not os.path.exists(path):
            path = os.path.dirname(path)
        room = os.statvfs(path)
        files = room.f_favail if room.f_files else -1  # btrfs and others count no files
        found.setdefault(os.stat(path).st_dev, DiskSeen(path, room.f_bavail * room.f_frsize, files))
    return tuple(found.values())
