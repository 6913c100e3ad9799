"""What runs left behind, as facts for `core.care.leftovers`: runs, leases, worktrees, branches.

It changes nothing and takes no lock, so it may catch a tick halfway.
"""

import os
from collections.abc import Iterator

from gitkanban.board.repo import checkouts, commits
from gitkanban.board.repo.place import Place
from gitkanban.care.equipment import user_name
from gitkanban.core.care.surroundings import (
    CardlessBranch,
    RunState,
    SalvageState,
    StrayWorktree,
    TokenState,
    WorktreeState,
)
from gitkanban.core.ids import CARD_REFS, card_of_ref, card_ref
from gitkanban.core.model import Config
from gitkanban.core.names import NO_CARD, NO_RUN, CardId, Oid, RunId
from gitkanban.core.tick.closing import Tries
from gitkanban.runs.records import folders, slots, supervised
from gitkanban.runs.records.folders import Folder, card_of
from gitkanban.runs.supervision import processes
from gitkanban.runs.supervision.locks import Locks
from gitkanban.runs.supervision.spec import Spec
from gitkanban.runs.workspace import (
    cleanliness,
    git_locks,
    ground,
    salvage,
    worktrees,
)
from gitkanban.runs.workspace.workspace_git import head_of
from gitkanban.runs.workspace.worktrees import Ours

_FRESH = 60  # seconds for which a run folder without a spec may be about to get one


# -- runs and leases


def read_tokens(place: Place) -> tuple[TokenState, ...]:
    """Return every lease token; card and run are empty in those that cannot be read."""
    tokens = []
    for slot in slots.with_token(place):
        lease = slots.read(place, slot)
        tokens.append(
            TokenState(slot, lease.card if lease else NO_CARD, lease.run if lease else NO_RUN)
        )
    return tuple(tokens)


def look_at_runs(
    place: Place, unsettled: list[Folder], locks: Locks, now: int
) -> tuple[tuple[RunState, ...], dict[str, str]]:
    """Return (the runs, {slot whose lock is held: the processes that hold it}).

    The words for the processes are empty where a run explains the lock.
    """
    others = {folder.run: name for folder in unsettled if (name := _other_owner(folder))}
    facts = {folder.run: folder.facts() for folder in unsettled}
    names = {
        run: supervised.lock_names(card_of(its_spec), its_spec.one("slot"))
        for run, its_spec in facts.items()
        if card_of(its_spec) and run not in others
    }
    slot_files = dict(_slot_files(locks))
    locked = locks.locked({*slot_files, *(name for pair in names.values() for name in pair)})
    runs = []
    for folder in unsettled:
        its_spec = facts[folder.run]
        if folder.run in others:
            card, slot = card_of(its_spec), its_spec.one("slot")
            runs.append(RunState(folder.run, card, slot, owner=others[folder.run]))
        elif folder.run in names:
            runs.append(_look_at_run(place, folder, its_spec, locked))
        elif not _is_fresh(folder, now):
            empty = not os.listdir(folder.path) if os.path.isdir(folder.path) else False
            runs.append(RunState(folder.run, empty=empty))
    explained = {run.slot for run in runs if run.alive or run.owner}
    holders = {
        slot_files[name]: "" if slot_files[name] in explained else _process_words(locks.path(name))
        for name in locked & slot_files.keys()
    }
    return tuple(runs), holders


def _look_at_run(place: Place, folder: Folder, its_spec: Spec, locked: set[str]) -> RunState:
    """Return the state of a run of this user's, by the locks that were held a moment ago."""
    alive = supervised.is_alive(folder, its_spec, locked)
    end, lease = folder.exit(), slots.of_run(folder, its_spec)
    return RunState(
        folder.run,
        card_of(its_spec),
        its_spec.one("slot"),
        int(its_spec.number("started", 0)),
        alive=alive,
        ended=end.ended if end else 0,
        leased=not (alive and lease and slots.read(place, lease.slot) != lease),
        tries=Tries() if alive else folder.tries(),
        moved_from=its_spec.one("moved_from"),
        workspace=its_spec.one("workspace"),
    )


def _other_owner(folder: Folder) -> str:
    """Return the name of the other user who owns a run; empty for one of our own."""
    try:
        uid = os.lstat(folder.path).st_uid
    except OSError:
        return ""
    return "" if uid == os.geteuid() else user_name(uid)


def _is_fresh(folder: Folder, now: int) -> bool:
    try:
        return now - os.stat(folder.path).st_mtime < _FRESH
    except OSError:
        return True  # it is already gone


def _slot_files(locks: Locks) -> Iterator[tuple[str, str]]:
    """Yield (lock name, slot) for every slot that ever had a lock here."""
    top = f"{locks.folder}/slot"
    for folder, _, names in os.walk(top):
        profile = os.path.relpath(folder, top)
        for name in names:
            yield f"slot/{profile}/{name}", f"{profile}#{name}"


def _process_words(path: str) -> str:
    return ", ".join(
        f"process {each.pid} ({git_locks.command_of(each.pid)})" for each in processes.opened(path)
    )


# -- worktrees, branches, salvage


def look_at_worktrees(
    place: Place, config: Config | None, known: set[CardId], base: Oid
) -> Iterator[WorktreeState]:
    """Yield the worktrees of cards, and what lies among them without being one.

    Raises GitFailed, OSError.
    """
    ours = worktrees.every(place)
    configured = config.worktrees if config else ""
    moved = {each: worktrees.find_moved(place, each, configured) for each in ours}
    for each in ours:
        if moved[each]:
            words = f"it was moved from {each.path}, where git looks for it"
            yield WorktreeState(
                moved[each], each.card, True, each.locked_for, astray=words, adrift=True
            )
        else:
            yield _look_at_worktree(place, each, known, base)
    listed = {os.path.realpath(each.root) for each in checkouts.every(place)}
    listed |= {os.path.realpath(moved[each] or each.path) for each in ours}
    folder = worktrees.folder_of(place, configured)
    if folder == place.main or not os.path.isdir(folder):
        return
    for name in sorted(os.listdir(folder)):
        path = f"{folder}/{name}"
        if os.path.realpath(path) not in listed and (not os.path.isdir(path) or os.listdir(path)):
            yield WorktreeState(path)


def _look_at_worktree(place: Place, each: Ours, known: set[CardId], base: Oid) -> WorktreeState:
    state = WorktreeState(each.path, each.card, each.there, each.locked_for)
    if each.there:
        astray, adrift = _find_astray(each)
        state = state._replace(astray=astray, adrift=adrift)
    if not each.there or state.astray or each.card in known:
        return state
    _, head = head_of(place.common, each.admin)
    tips = [head, commits.resolve(place.common, card_ref(each.card))]
    unclean = cleanliness.describe_unclean(place.common, each.path, each.admin)
    merged = bool(base) and all(
        not tip or commits.is_ancestor(place.common, tip, base) for tip in tips
    )
    return state._replace(dirty=bool(unclean), merged=merged)


def _find_astray(each: Ours) -> tuple[str, bool]:
    """Return (why worktree and repository do not point at each other, if it points nowhere)."""
    what, words = ground.look(each.path, each.admin)
    if what == ground.INTACT:
        return "", False
    target = ground.points_at(each.path)
    if not target or target == os.path.realpath(each.admin):
        return words, False
    if os.path.lexists(target):
        return f"its .git file names {target}", False
    return f"its .git file names {target}, which is gone", what == ground.CHANGED


def look_at_worktrees_beside(place: Place, config: Config | None) -> Iterator[StrayWorktree]:
    """Yield worktrees of no card, in or among those of cards, that were added while a run lived."""
    ours = worktrees.every(place)
    folder = worktrees.folder_of(place, config.worktrees if config else "")
    tops = [os.path.realpath(path) for path in (folder, *(each.path for each in ours))]
    marked = {each.admin for each in ours}
    for each in checkouts.every(place):
        inside = any(os.path.realpath(each.root).startswith(f"{top}/") for top in tops)
        if each.admin == place.common or each.admin in marked or not inside:
            continue
        card, run = _find_run_at(place, f"{each.admin}/commondir")
        if run:
            yield StrayWorktree(each.root, card, run)


def _find_run_at(place: Place, path: str) -> tuple[CardId, RunId]:
    """Return (card, run) of a run that was alive when a file was last written; empty if none."""
    try:
        at = os.stat(path).st_mtime
    except OSError:
        return NO_CARD, NO_RUN
    for folder in reversed(list(folders.every(place.private))):
        its_spec = folder.facts()
        started = its_spec.number("started", 0)
        if card_of(its_spec) and 0 < started <= at and not _ended_before(folder, at):
            return card_of(its_spec), folder.run
    return NO_CARD, NO_RUN


def _ended_before(folder: Folder, at: float) -> bool:
    try:
        return os.stat(folder.file("exit.json")).st_mtime < at
    except OSError:
        return False


def list_cardless_branches(
    place: Place, known: set[CardId], base: Oid
) -> tuple[CardlessBranch, ...]:
    """Return the branches `card/<id>` whose card is not in `known`. Raises GitFailed."""
    branches = []
    listed = commits.text(
        place.common, "for-each-ref", "--format=%(refname) %(objectname)", CARD_REFS
    )
    for line in filter(None, listed.split("\n")):
        ref, _, tip = line.partition(" ")
        card = card_of_ref(ref)
        if card.split("/")[0] in known:  # a branch below a known card's is for `readiness`
            continue
        ahead = commits.text(place.common, "rev-list", "--count", tip, f"^{base}") if base else ""
        branches.append(CardlessBranch(card, ahead == "0", int(ahead or 0)))
    return tuple(branches)


def list_salvages(place: Place) -> tuple[SalvageState, ...]:
    """Return the salvage refs with the time and title of their commits. Raises GitFailed."""
    form = "--format=%(refname)%00%(committerdate:unix)%00%(subject)"
    listed = commits.text(place.common, "for-each-ref", form, salvage.PREFIX)
    rows = [line.split("\0") for line in listed.split("\n") if line]
    return tuple(SalvageState(ref, int(at or 0), subject) for ref, at, subject in rows)
