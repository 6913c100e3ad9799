"""Which programs the workers of a board need here, and which of them cannot be run.

Found by looking, as `status` does each time; what may be run is `trust`'s to say.
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

# A PATH, and for each program that is needed where it is, or why it cannot be run.
Lookups = tuple[str, tuple[tuple[str, tuple[str, str]], ...]]


def find_missing(place: Place, config: Config) -> dict[WorkerName, NoProgram]:
    """For each worker the first program without which its runs would fail.

    What lies in the workspace, or is named by a placeholder, cannot be known before there is one;
    nor what a `setup` brings for `verify`.
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
    """All on which `find_missing` depends, for `board.content.status_cache` to compare."""
    path = session_path(place)
    workers = config.workers.values() if config else ()
    names = {program for worker in workers for _, program in _program_steps(worker)}
    return path, tuple((name, programs.find(name, path)) for name in sorted(names))


def session_path(place: Place) -> str:
    """The PATH of sessions: with our own folder at its end where they would not find `gitkanban`."""
    path, own = trust.search_path(place), os.path.dirname(sys.executable)
    if programs.find("gitkanban", path)[0] or not os.path.exists(f"{own}/gitkanban"):
        return path
    return f"{path}{os.pathsep}{own}"


def _program_steps(worker: Worker) -> Iterator[tuple[str, str]]:
    """(step, program) of the commands whose program can be known before a run; the agent's first."""
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
