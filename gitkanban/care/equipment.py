"""The machine around a board: programs, memory homes, merge driver, free space, owners of files.

It changes nothing, but runs agents with `--version` and asks batch systems; `core.care.doctor`
decides what is wrong.
"""

import os
import pwd
import shlex
import tempfile
from collections.abc import Container, Iterator, Mapping

from gitkanban import lock_files, programs
from gitkanban.board.repo import commits, limited
from gitkanban.board.repo.place import Place
from gitkanban.core.agents import sandboxes
from gitkanban.core.agents.presets import PRESETS, templates_of
from gitkanban.core.care.surroundings import DiskState, ForeignFile, NotifierState, ProgramFault
from gitkanban.core.model import Config
from gitkanban.runs import trust, worker_programs
from gitkanban.runs.executors import Executors
from gitkanban.runs.supervision.locks import Locks
from gitkanban.runs.workspace import worktrees

VERSION_MOST = 20.0  # seconds that an agent may take to print its version
_LINE_MOST = 200  # characters that are quoted of what it printed
_PATHS_MOST = 50_000  # paths whose owner is checked


def list_missing_programs(place: Place, config: Config | None) -> tuple[ProgramFault, ...]:
    """Return the programs that a worker would run and that cannot be run on the trusted PATH.

    A relative path with a folder in it points into the workspace, so it cannot be checked here.
    """
    missing = []
    path = worker_programs.session_path(place)
    for worker in config.workers.values() if config else ():
        for argv in (templates_of(worker)[0], worker.sandbox, worker.setup, worker.verify):
            name = trust.program(argv[0], path) if argv else ""
            why = "" if "{" in name else _find_program_fault(name, path)
            if why:
                missing.append(ProgramFault(worker.name, name, why))
    return tuple(dict.fromkeys(missing))


def list_executor_faults(place: Place, locks: Locks, config: Config | None) -> dict[str, str]:
    """Return the batch systems in use that would start nothing, and why. They are asked.

    One that is not trusted is not asked: its options are words of a command.
    """
    if config is None or not config.executors:
        return {}
    untrusted = trust.untrusted(place, config)
    used = {w.executor for w in config.workers.values() if w.name not in untrusted}
    asked = {name: each for name, each in config.executors.items() if name in used}
    return Executors(place, locks).find_faults(config._replace(executors=asked))


def list_unshared_executors(place: Place, config: Config | None) -> tuple[str, ...]:
    """Return the batch systems in use, if nothing shows that their nodes see the git directory."""
    used = sorted({each.executor for each in config.workers.values()} - {""}) if config else []
    return () if not used or lock_files.shared_by(place.private) else tuple(used)


def _find_program_fault(name: str, path: str) -> str:
    """Return why a program cannot be run; empty if it can, or if that cannot be known here."""
    if not name or ("/" in name and not os.path.isabs(name)):
        return ""
    return programs.find(name, path)[1]


def ask_agents(
    place: Place, config: Config | None, left_out: Container[str]
) -> Iterator[ProgramFault]:
    """Run each known agent with `--version`, as its workers would run it; yield those that fail.

    Only programs with the name of a preset's program are run: nobody knows what another would do
    with `--version`. Workers in `left_out`, such as those that are not trusted, are skipped.
    """
    path, asked = trust.search_path(place), dict[tuple[str, ...], str]()
    for worker in config.workers.values() if config else ():
        argv = templates_of(worker)[0]
        if worker.name in left_out or not argv or os.path.basename(argv[0]) not in _AGENTS:
            continue
        program = trust.program(argv[0], path)
        if not os.path.isabs(program) or _find_program_fault(program, path):
            continue  # reported as missing, or in the workspace
        env = {"TERM": "dumb", **trust.preset_env(worker), **trust.handed(place, worker)}
        key = (program, *sorted(f"{name}={value}" for name, value in env.items()))
        if key not in asked:
            asked[key] = _ask_version(program, env)
        if asked[key]:
            yield ProgramFault(worker.name, argv[0], asked[key])


_AGENTS = frozenset(preset.start[0] for preset in PRESETS.values() if preset.start)


def _ask_version(program: str, env: Mapping[str, str]) -> str:
    """Run `program --version`; return what is wrong with the answer, empty if nothing is."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            done = limited.run(
                [program, "--version"], cwd=folder, env=env, limit=VERSION_MOST, apart=True
            )
        except limited.TimedOut:
            return f"gave no answer in {VERSION_MOST:g} seconds"
        except OSError as error:
            return f"cannot be started: {error.strerror or error}"
    if not done.code:
        return ""
    lines = (done.err or done.out).decode("utf-8", "replace").strip().splitlines()
    how = f"ended with {done.code}" if done.code > 0 else f"was ended by signal {-done.code}"
    return f"{how}: {lines[-1][:_LINE_MOST]}" if lines else how


def list_sandbox_faults(place: Place, config: Config | None) -> tuple[tuple[str, str], ...]:
    """Return (worker, reason) for workers with the preset sandbox, if this machine cannot make it.

    A missing sandbox program is left out: `list_missing_programs` reports it.
    """
    from gitkanban.runs import contained  # late: few workers have a sandbox

    workers = config.workers.values() if config else ()
    asking = [worker.name for worker in workers if sandboxes.is_preset(worker.sandbox)]
    path = worker_programs.session_path(place)
    if not asking or programs.find(sandboxes.BWRAP, path)[1]:
        return ()
    why = contained.cannot(path)
    return tuple((name, why) for name in asking if why)


def list_memory_faults(place: Place, config: Config | None) -> tuple[tuple[str, str], ...]:
    """Return (worker, reason) for workers whose memory home cannot be used."""
    from gitkanban.runs.memory import homes  # late: few boards say where memory is

    workers = config.workers.values() if config else ()
    return tuple(
        (worker.name, why)
        for worker in workers
        if worker.memory_path
        for why in homes.lacking(worker, place.private)
    )


def look_at_notifier(place: Place, config: Config | None) -> NotifierState:
    """Return what is wrong with the notifier; nothing if none is configured."""
    if config is None or not config.notify:
        return NotifierState()
    from gitkanban.runs.records import news_ledger  # late: few boards have one

    last = news_ledger.last_attempt(place.private) or news_ledger.Attempt(0, "sent", 0)
    is_cut_off = last.how == "sending" and not news_ledger.is_sending(place.private)
    name, path = config.notify[0], trust.search_path(place)
    fault = _find_program_fault(trust.program(name, path), path)
    return NotifierState(
        withheld=trust.withheld(place, config).notifying,
        missing=f"cannot run {name}: {fault}" if fault else "",
        failed="" if last.is_good else last.words,
        is_cut_off=is_cut_off,
        at=last.at,
    )


def find_merge_driver(place: Place) -> str:
    """Return the program of the merge driver, empty if none is installed."""
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
    """Return the first folder in git's directory that this user may not write to, if any."""
    below = ("", "/objects", "/refs", "/gitkanban", "/gitkanban/locks", "/gitkanban/runs")
    folders = [place.common + name for name in below]
    closed = [path for path in folders if os.path.exists(path) and not os.access(path, os.W_OK)]
    return tuple(closed[:1])  # one is enough to report


def measure_disks(place: Place, config: Config | None) -> tuple[DiskState, ...]:
    """Return the free space (bytes, and files) on the disks of the repository and the worktrees.

    A disk that both share is listed once. Raises OSError.
    """
    disks: dict[int, DiskState] = {}
    for path in (place.common, worktrees.folder_of(place, config.worktrees if config else "")):
        while not os.path.exists(path):
            path = os.path.dirname(path)
        room = os.statvfs(path)
        files = room.f_favail if room.f_files else -1  # btrfs and others do not count files
        disks.setdefault(
            os.stat(path).st_dev, DiskState(path, room.f_bavail * room.f_frsize, files)
        )
    return tuple(disks.values())


def list_foreign_files(place: Place, config: Config | None) -> tuple[ForeignFile, ...]:
    """Return the files that belong to users other than the repository's owner, counted by user.

    Nothing where `core.sharedRepository` shares the repository: there it is as intended.
    """
    shared = commits.text(place.common, "config", "core.sharedRepository").lower()
    if shared not in ("", "umask", "false", "0"):
        return ()
    ours = os.stat(place.common).st_uid
    counts: dict[int, int] = {}
    examples: dict[int, str] = {}
    looked = 0
    for looked, path in enumerate(_owned_paths(place, config), 1):
        try:
            uid = os.lstat(path).st_uid
        except OSError:
            continue
        if uid != ours:
            counts[uid] = counts.get(uid, 0) + 1
            examples.setdefault(uid, path)
        if looked == _PATHS_MOST:
            break
    more = looked == _PATHS_MOST
    return tuple(
        ForeignFile(user_name(uid), user_name(ours), count, examples[uid], more=more)
        for uid, count in sorted(counts.items())
    )


def _owned_paths(place: Place, config: Config | None) -> Iterator[str]:
    """Yield the paths that ticks write, the most important first.

    Our own files, refs, worktrees, then objects.
    """
    yield from (f"{place.common}/{name}" for name in ("index", "HEAD", "packed-refs", "config"))
    tops = [place.private, f"{place.common}/refs", f"{place.common}/logs"]
    tops += [f"{place.common}/worktrees", place.slots]
    for top in tops:
        yield from _walk_paths(top)
    folder = worktrees.folder_of(place, config.worktrees if config else "")
    yield folder
    for each in worktrees.every(place):
        yield from (each.path, f"{each.path}/.git")
    yield from _walk_paths(f"{place.common}/objects")


def _walk_paths(top: str) -> Iterator[str]:
    if os.path.lexists(top):
        yield top
    for folder, names, files in os.walk(top):
        yield from (f"{folder}/{name}" for name in (*names, *files))


def user_name(uid: int) -> str:
    """Return the login name of a user, or `user 1000` if the uid has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"
