"""The machine around a board: programs, memory homes, the merge driver, room on disks.

It looks only; `core.doctor` says what of it is wrong.
"""

import os
import shlex

from gitkanban.board import commits
from gitkanban.board.place import Place
from gitkanban.core.model import Config
from gitkanban.core.presets import templates_of
from gitkanban.core.surroundings import DiskSeen
from gitkanban.runs import trust, worktrees


def list_missing_programs(place: Place, config: Config | None) -> tuple[tuple[str, str], ...]:
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


def list_memory_faults(place: Place, config: Config | None) -> tuple[tuple[str, str], ...]:
    from gitkanban.runs import memory  # late: few boards say where memory is

    workers = config.workers.values() if config else ()
    return tuple(
        (worker.name, why)
        for worker in workers
        if worker.memory_path
        for why in memory.lacking(worker, place.private)
    )


def find_merge_driver(place: Place) -> str:
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


def list_unwritable(place: Place) -> tuple[str, ...]:
    below = ("", "/objects", "/refs", "/gitkanban", "/gitkanban/locks", "/gitkanban/runs")
    folders = [place.common + name for name in below]
    closed = [path for path in folders if os.path.exists(path) and not os.access(path, os.W_OK)]
    return tuple(closed[:1])  # one says it


def measure_disks(place: Place, config: Config | None) -> tuple[DiskSeen, ...]:
    found: dict[int, DiskSeen] = {}
    for path in (place.common, worktrees.folder_of(place, config.worktrees if config else "")):
        while not os.path.exists(path):
            path = os.path.dirname(path)
        room = os.statvfs(path)
        files = room.f_favail if room.f_files else -1  # btrfs and others count no files
        found.setdefault(os.stat(path).st_dev, DiskSeen(path, room.f_bavail * room.f_frsize, files))
    return tuple(found.values())
