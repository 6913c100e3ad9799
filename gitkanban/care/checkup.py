"""Looks at everything around a board that may be wrong, as facts for `core.care.doctor`.

It changes nothing and takes no lock, so it may catch a tick halfway. What looks wrong with runs is
therefore checked a second time.
"""

import os
import shutil
import time

from gitkanban import lock_files
from gitkanban.board.following import follow_base
from gitkanban.board.repo import checkouts, commits, refs, signing, standstill
from gitkanban.board.repo.checkouts import base_of
from gitkanban.board.repo.clone import clone_id
from gitkanban.board.repo.mainfinder import is_flipped
from gitkanban.board.repo.place import FOLDER, Place
from gitkanban.care import damage, equipment, leftovers, readiness
from gitkanban.core.care.doctor import DEPEND_ON_LOCKS, symptoms
from gitkanban.core.care.leftovers import known_cards
from gitkanban.core.care.surroundings import Surroundings
from gitkanban.core.model import Board, Config
from gitkanban.core.names import NO_OID, Oid
from gitkanban.core.symptom import Symptom
from gitkanban.runs import agent_setup, trust, watching
from gitkanban.runs.records import agent_state, folders, machines, ticked
from gitkanban.runs.supervision.locks import Locks
from gitkanban.runs.workspace import git_locks

_AGAIN = 0.5  # seconds until what looked wrong is checked a second time


def examine(place: Place, board: Board, now: int) -> list[Symptom]:
    """Return every symptom; those that a tick or supervisor at work could cause are checked twice.

    Raises GitFailed, OSError.
    """
    ready = readiness.rehearse(place, board)
    listed = symptoms(board, look(place, board, now)._replace(ready=ready))
    if any(each.code in DEPEND_ON_LOCKS for each in listed):
        time.sleep(_AGAIN)
        again = {(each.code, each.subject) for each in symptoms(board, look(place, board, now))}
        listed = [
            e for e in listed if e.code not in DEPEND_ON_LOCKS or (e.code, e.subject) in again
        ]
    return listed


# Long: it gives a value to each field of Surroundings.
def look(place: Place, board: Board, now: int) -> Surroundings:
    """Look at everything once. Raises GitFailed, OSError."""
    config = board.config
    locks = Locks(place.private)
    tokens = leftovers.read_tokens(place)
    every = list(folders.every(place.private))
    unsettled = [folder for folder in every if not folder.has("settled")]
    last = ticked.last(place.private)
    base = base_tip(place, config)
    known = known_cards(board)
    driver = equipment.find_merge_driver(place)
    claim = machines.look(place)
    runs, locked = leftovers.look_at_runs(place, unsettled, locks, now)
    return Surroundings(
        now=now,
        clone=clone_id(place),
        tokens=tokens,
        locked_slots=locked,
        runs=runs,
        known_runs=frozenset(folder.run for folder in every),
        worktrees=tuple(leftovers.look_at_worktrees(place, config, known, base)),
        unreadable=tuple(damage.list_unreadable_worktrees(place, config)),
        damaged=damage.find_damaged_work(place, board),
        no_index=tuple(damage.list_without_index(place)),
        broken_refs=tuple(refs.list_broken(place.common)),
        beside=tuple(leftovers.look_at_worktrees_beside(place, config)),
        foreign=equipment.list_foreign_files(place, config),
        no_board_checkout=_find_lost_checkout(place),
        ticked_first=last.first,
        branches=leftovers.list_cardless_branches(place, known, base),
        salvages=leftovers.list_salvages(place),
        locks=tuple(git_locks.look_at_lock_files(place)),
        exposed=tuple(folder.run for folder in folders.exposed(place.private)),
        tampering=tuple(each.line for each in watching.findings(place)),
        elsewhere=claim.line if claim.standing == "elsewhere" else "",
        shared_disk=lock_files.shared_by(place.private) if os.path.exists(locks.folder) else "",
        locks_apart=os.path.realpath(locks.folder) if os.path.islink(locks.folder) else "",
        ticked=last.at,
        jumped=last.jumped,
        tip_at=int(commits.text(place.common, "log", "-1", "--format=%ct", board.commit) or 0),
        untrusted=trust.untrusted(place, config) if config else {},
        missing=equipment.list_missing_programs(place, config),
        executors=equipment.list_executor_faults(place, locks, config),
        unshared=equipment.list_unshared_executors(place, config),
        memories=equipment.list_memory_faults(place, config),
        sandboxes=equipment.list_sandbox_faults(place, config),
        unready=agent_setup.list_unready(place, config),
        agents=agent_state.recall(place),
        notifier=equipment.look_at_notifier(place, config),
        disks=equipment.measure_disks(place, config),
        unwritable=equipment.list_unwritable(place),
        standstill=standstill.reason(place),
        behind=_checkouts_behind(place),
        unsigned=signing.last_refusal(place),
        flipped=place.main if is_flipped(place.common, place.main) else "",
        driver=driver,
        has_driver=not driver or bool(shutil.which(driver)),
    )


def _checkouts_behind(place: Place) -> tuple[tuple[str, str], ...]:
    late = (each for each in follow_base.behind(place) if not follow_base.is_young(each))
    pairs = ((each.checkout.root, each.ref.removeprefix("refs/heads/")) for each in late)
    return tuple(dict.fromkeys(pairs))


def _find_lost_checkout(place: Place) -> str:
    """Return where the board branch was checked out if that checkout is gone, else ""."""
    path = f"{place.main}/{FOLDER}"
    if place.prefix or not place.main or place.aside or os.path.lexists(f"{path}/.git"):
        return ""
    return "" if checkouts.on(place, place.ref) else path


def base_tip(place: Place, config: Config | None) -> Oid:
    """Return the commit that base is at; empty if it is not known."""
    base = base_of(place, config) if config else ""
    return commits.resolve(place.common, f"refs/heads/{base}") if base else NO_OID
