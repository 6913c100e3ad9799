"""Which programs the workers of a board need here, and which of them cannot be run.

It only looks for files, as `status` does each time; `trust` decides what may be run.
"""

import os
import sys
from collections.abc import Iterator

from gitkanban import programs
from gitkanban.board.repo.place import Place
from gitkanban.core.agents.presets import templates_of
from gitkanban.core.model import Config, Worker
from gitkanban.core.names import WorkerName
from gitkanban.core.tick.facts import NoProgram
from gitkanban.runs import trust

# A PATH, and for each program that is needed its place, or why it cannot be run.
Lookups = tuple[str, tuple[tuple[str, tuple[str, str]], ...]]


def find_missing(place: Place, config: Config) -> dict[WorkerName, NoProgram]:
    """Return for each worker the first missing program without which its runs would fail.

    Programs in the workspace or named by a placeholder are not checked: they are unknown before
    there is a workspace. The same holds for programs that `setup` installs for `verify`.
    """
    path, missing = session_path(place), {}
    for name, worker in config.workers.items():
        for step, program in _program_steps(worker):
            fault = programs.find(program, path)[1]
            if fault:
                missing[name] = NoProgram(program, fault, step)
                break
    return missing


def look_up(place: Place, config: Config | None) -> Lookups:
    """Return all that `find_missing` depends on, for `board.content.status_cache` to compare."""
    path = session_path(place)
    workers = config.workers.values() if config else ()
    names = {program for worker in workers for _, program in _program_steps(worker)}
    return path, tuple((name, programs.find(name, path)) for name in sorted(names))


def session_path(place: Place) -> str:
    """Return the PATH of sessions, with our own folder at its end if it lacks `gitkanban`."""
    path, own = trust.search_path(place), os.path.dirname(sys.executable)
    if programs.find("gitkanban", path)[0] or not os.path.exists(f"{own}/gitkanban"):
        return path
    return f"{path}{os.pathsep}{own}"


def _program_steps(worker: Worker) -> Iterator[tuple[str, str]]:
    """Yield (step, program) of commands whose program is known before a run; the agent first."""
    steps = [
        ("", templates_of(worker)[0]),
        ("its sandbox", worker.sandbox),
        ("setup", worker.setup),
    ]
    if not worker.setup:
        steps.append(("verify", worker.verify))
    for step, argv in steps:
        if argv and "{" not in argv[0] and ("/" not in argv[0] or os.path.isabs(argv[0])):
            yield step, argv[0]
