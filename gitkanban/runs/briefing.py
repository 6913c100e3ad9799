"""The spec of a run, which tells its supervisor what to do, from worker, card, lease and workspace.

Commands are expanded and environments put together here; nothing is started. The file format is in
`supervision.spec`.
"""

import os
import sys
import zlib
from collections.abc import Mapping, Sequence

import gitkanban
from gitkanban import failpoints, files
from gitkanban.board.repo import git
from gitkanban.board.repo.place import Place
from gitkanban.core.agents import sandboxes
from gitkanban.core.agents.presets import commits_of, expand, preset_of, reads_stdin, templates_of
from gitkanban.core.agents.prompt import card_print
from gitkanban.core.engines import Engine, find_engine
from gitkanban.core.model import Card, Config, Worker
from gitkanban.core.names import NO_RUN, RunId
from gitkanban.core.tick.limits import needs_of
from gitkanban.errors import Refused
from gitkanban.late import shutil
from gitkanban.runs import contained, trust, worker_programs
from gitkanban.runs.memory import homes
from gitkanban.runs.records import folders, machines
from gitkanban.runs.records.folders import MAILBOX, SCRATCH, Folder
from gitkanban.runs.records.slots import Lease
from gitkanban.runs.supervision import bell, processes
from gitkanban.runs.supervision.locks import HeldLock
from gitkanban.runs.workspace import workspaces, worktrees
from gitkanban.runs.workspace.workspaces import Workspace
from gitkanban.typed import NamedTuple

ROOT = os.path.dirname(os.path.dirname(os.path.realpath(gitkanban.__file__)))
# What our own commands get besides `trust.ALWAYS`, PATH, and what git itself reads.
_OURS = ("SSH_AUTH_SOCK", "PYTHONPATH")
_OUR_FAMILIES = ("LC_", "XDG_")
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "ALL_PROXY", "NO_PROXY")
# Variables that change what a tick does: those that git and its transports read.
_OF_TICKS = ("SSH_AUTH_SOCK", "XDG_CONFIG_HOME", "PYTHONPATH")
# Our own commands use UTF-8 in every locale. -P: they run at the top of the repository, whose
# modules must not be imported.
OURS = (sys.executable, "-P", "-X", "utf8", "-m")
_SYSTEM = "/usr/local/bin:/usr/bin:/bin"  # what login shells set PATH to, at least
GRACE = 10.0  # seconds between TERM and KILL


class Reservation(NamedTuple):
    """A reserved start: card, worker and lease, and the kernel locks that we hold for it."""

    card: Card
    worker: Worker
    lease: Lease
    locks: Sequence[HeldLock]


class Launch(NamedTuple):
    """Everything needed to start a session."""

    place: Place
    config: Config
    reservation: Reservation
    workspace: Workspace
    prompt: str
    session: str = ""  # the agent's session id: a new one, or the one to resume
    resume: bool = False
    tick_words: tuple[str, ...] = ()  # options of the tick that its supervisor turns into
    env: Mapping[str, str] = {}  # added last, such as a private memory home
    last_run: RunId = NO_RUN  # the card's recorded run before this one

    @property
    def card(self) -> Card:
        """The card that the session works on."""
        return self.reservation.card

    @property
    def worker(self) -> Worker:
        """The worker that the card is for."""
        return self.reservation.worker

    @property
    def lease(self) -> Lease:
        """The lease: who sits in which slot, for the run's whole life."""
        return self.reservation.lease


def facts(place: Place, config: Config, reservation: Reservation) -> dict[str, str | Sequence[str]]:
    """Return the part of a spec that is known before the run has a workspace."""
    card, worker, lease = reservation.card, reservation.worker, reservation.lease
    engine = engine_of(config, worker)
    return {
        "run": lease.run,
        "card": card.id,
        "title": " ".join(card.title.split()),
        "text": card_print(card),
        "worker": worker.name,
        "profile": lease.profile,
        "slot": lease.slot,
        "host": lease.host,
        "clone": lease.clone,
        "started": str(lease.started),
        "boot": files.boot_id(),
        "machine": machines.machine_id(),
        "runner": worker.runner,
        "commits": commits_of(worker),
        "policy": worker.workspace_policy,
        "verified": "1" if worker.verify else "",
        "max_attempts": str(worker.max_attempts),
        "needs": [f"{name}={count}" for name, count in needs_of(card, worker)],
        "base": config.base or place.branch,
        "common": place.common,
        "prefix": place.prefix,
        "board": worker.board,
        "executor": worker.executor,
        "engine": engine.name if engine else "",
        "droppings": preset_of(worker.runner).droppings,
    }


def engine_of(config: Config, worker: Worker) -> Engine | None:
    """Return the batch system that runs a worker's sessions; None: this machine does."""
    executor = config.executors.get(worker.executor)
    return find_engine(executor.engine) if executor else None


def write_files(launch: Launch, folder: Folder) -> None:
    """Write what a supervisor needs into the run's folder: prompt, mailbox and spec.

    Raises Refused when a prompt cannot be passed on or a placeholder has no value, OSError.
    """
    prompt = launch.prompt.encode("utf-8", "replace")
    folder.write("prompt.md", prompt, lasting=False)
    for name in (MAILBOX, SCRATCH):
        os.makedirs(folder.file(name), mode=0o700, exist_ok=True)
    failpoints.reach("start.prompt-written")
    trust.keep_passed(launch.place, launch.worker)
    try:
        folder.write_spec(whole_spec(launch, folder))
    except ValueError as error:
        raise Refused(str(error), "Remove it from the card's text.") from error
    except KeyError as error:
        raise Refused(
            f"the command of {launch.worker.name} uses {error}, which has no value here",
            "Leave that placeholder out.",
        ) from error
    failpoints.reach("start.spec-written")


# Long: it has a value for each key of a spec, in the order of the file.
def whole_spec(launch: Launch, folder: Folder) -> dict[str, str | Sequence[str]]:
    """Return the whole spec for the supervisor of a launch; `folder` is the run's.

    Raises KeyError for a placeholder that has no value here.
    """
    worker, workspace, place = launch.worker, launch.workspace, launch.place
    preset = preset_of(worker.runner)
    env = environment(launch)
    inside = contained.words(place, worker, workspace, folder)
    command = [*inside, *_session_command(launch, folder)]
    ours = [*OURS, "gitkanban.runs.collect"]
    own = [f"{name}={value}" for name, value in own_environment().items()]
    strike, once = failpoints.armed()
    marked = [*own, f"{processes.MARKER}={launch.lease.run}"]
    if strike:
        marked += [f"{failpoints.VARIABLE}={strike}", f"{failpoints.ONCE}={once}"]
    remembered = homes.facts(worker)
    before = bool(workspace.branch) and (not workspace.fresh or bool(worker.setup))
    transcript = [folder.file(preset.transcript)] if preset.transcript else []
    values = facts(place, launch.config, launch.reservation)
    # `verify` needs the work collected first; without it, the next tick collects.
    collects = bool(workspace.branch or remembered)
    ticks = [*OURS, "gitkanban.standby", folder.path, *launch.tick_words]
    kind = kind_of(launch.tick_words, own)
    engine = engine_of(launch.config, worker)
    return values | {
        **remembered,
        "collector": ("supervisor" if worker.verify else "tick") if collects else "",
        # Nobody ticks on a node: it has neither the locks nor this machine's trust.
        "bell": [] if engine else bell.paths(place.private, kind)[:2],
        "kind": kind,
        "guard": [engine.job_id, engine.job_node] if engine else [],
        "workspace": workspace.path,
        "branch": workspace.branch,
        "base": workspace.base or launch.config.base or place.branch,
        "start_commit": workspace.start_commit,
        "admin": workspace.admin,
        "sparse": "1" if workspace.sparse else "",
        "session_id": launch.session,
        "resumed": "1" if launch.resume else "",
        "timeout": str(worker.timeout),
        "stall_timeout": str(worker.stall_timeout),
        "grace": str(GRACE),
        "watch": [path for path in (workspace.path, workspace.admin, *transcript) if path],
        "env": [f"{name}={value}" for name, value in env.items()],
        "pass_env": _passed_names(launch),
        "secrets": trust.secrets_path(place),
        "setup": [*inside, *worker.setup] if workspace.setup and worker.setup else [],
        "setup_mark": workspaces.setup_mark(workspace.admin) if workspace.admin else "",
        "main": place.main,
        "include": [*OURS, "gitkanban.runs.workspace.including", folder.path]
        if workspace.includes
        else [],
        "before": [*ours, "--before", folder.path] if before else [],
        "contained": "1" if inside and sandboxes.is_preset(worker.sandbox) else "",
        "session": command,
        "session.stdin": folder.file("prompt.md") if reads_stdin(worker) else "",
        "collect": [*ours, folder.path] if collects and worker.verify else [],
        "include.env": marked,
        "include.cwd": place.common,
        "before.env": marked,
        "before.cwd": place.common,
        "collect.env": marked,
        "collect.cwd": place.common,
        "verify": [*inside, *worker.verify] if worker.verify else [],
        "tick": [] if engine else ticks,
        "tick_cwd": place.main or place.common,
        "tick.env": own,
        "failpoint": [strike, once] if strike else [],
    }


def _session_command(launch: Launch, folder: Folder) -> list[str]:
    worker = launch.worker
    start, resume = templates_of(worker)
    template = resume if launch.resume and resume else start
    argv = expand(
        template,
        {
            "prompt": launch.prompt,
            "prompt_file": folder.file("prompt.md"),
            "profile": worker.profile,
            "card": launch.card.id,
            "run": launch.lease.run,
            "workspace": launch.workspace.path,
            "session": launch.session,
            "branch": launch.workspace.branch,
            "last_message": folder.file("last_message"),
            "run_dir": folder.path,
            "mailbox": folder.file(MAILBOX),
            "gitkanban": program_of_ours(trust.search_path(launch.place)),
        },
    )
    return [trust.program(argv[0], trust.search_path(launch.place)), *argv[1:]]


def environment(launch: Launch) -> dict[str, str]:
    """Return the session's environment, but for the values of `pass_env`.

    No file of a run has those values: its supervisor reads them from where `trust` stores them.
    Nothing else of our environment reaches the session.
    """
    place = launch.place
    env = {"TERM": "dumb", **trust.preset_env(launch.worker), **trust.common_environment()}
    return {**env, "PATH": worker_programs.session_path(place), **_run_environment(launch)}


def _run_environment(launch: Launch) -> dict[str, str]:
    """Return the variables that name the run; `pass_env` cannot change them."""
    place, worker, lease = launch.place, launch.worker, launch.lease
    env = {
        "GITKANBAN_CARD": launch.card.id,
        processes.MARKER: lease.run,
        "GITKANBAN_SLOT": lease.slot,
        "GITKANBAN_PROFILE": lease.profile,
        "GITKANBAN_WORKSPACE": launch.workspace.path,
        "GITKANBAN_MEMORY": worker.memory_policy,
        "GITKANBAN_BOARD": place.branch,
        "GITKANBAN_MAIN": place.main,
        "TMPDIR": folders.of(place.private, lease.run).file(SCRATCH),
        "GITKANBAN_MAILBOX": folders.of(place.private, lease.run).file(MAILBOX),
    }
    settings = worktrees.git_config(launch.workspace.sparse)
    if sandboxes.is_preset(worker.sandbox):  # it has no keys
        settings["commit.gpgSign"] = "false"
    return env | _git_settings(settings) | dict(launch.env)


def _passed_names(launch: Launch) -> list[str]:
    """Return the names of the variables whose values the supervisor adds."""
    ours = {"PATH", *_run_environment(launch)}
    return [name for name in launch.worker.pass_env if name not in ours]


def program_of_ours(path: str) -> str:
    """Return how a session calls our command: by absolute path if a shell may not find it.

    Some agents use login shells, which reset PATH: only the system's folders are certainly on it.
    """
    if shutil.which("gitkanban", path=_SYSTEM):
        return "gitkanban"
    own = f"{os.path.dirname(sys.executable)}/gitkanban"
    return shutil.which("gitkanban", path=path) or (own if os.path.exists(own) else "gitkanban")


def _git_settings(settings: Mapping[str, str]) -> dict[str, str]:
    env = {"GIT_CONFIG_COUNT": str(len(settings)), "GIT_TERMINAL_PROMPT": "0"}
    for number, (key, value) in enumerate(settings.items()):
        env |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return env


def own_environment() -> dict[str, str]:
    """Return the environment of our own commands: what they and git need, and no secrets.

    It is written into the run's folder, where every session of this user can read it.
    """
    env = {name: value for name, value in os.environ.items() if _is_ours(name)}
    if os.path.basename(ROOT) not in ("site-packages", "dist-packages"):  # a source tree
        known = env.get("PYTHONPATH", "").split(os.pathsep)
        known = [part for part in known if part not in ("", ROOT)]
        env["PYTHONPATH"] = os.pathsep.join((ROOT, *known))
    return env


def _is_ours(name: str) -> bool:
    if name in trust.ALWAYS or name == "PATH" or name in _OURS or name.upper() in _PROXIES:
        return True
    return name.startswith(_OUR_FAMILIES) or git.names_no_repository(name)


def kind_of(words: Sequence[str], env: Sequence[str]) -> str:
    """Return a name for interchangeable ticks: those with equal options and equal `NAME=value`.

    Only variables that a tick's work depends on count; whether a person, cron or systemd called it
    does not.
    """
    known = sorted(pair for pair in env if _matters_to_ticks(pair.partition("=")[0]))
    return f"{zlib.crc32(chr(0).join((*words, *known)).encode('utf-8', 'surrogateescape')):08x}"


def _matters_to_ticks(name: str) -> bool:
    return name in trust.ALWAYS or name in _OF_TICKS or name == "PATH" or name.startswith("GIT_")
