"""A person in a card's worktree: what is opened there, with which environment.

Nothing is supervised: the agent runs in the person's own terminal. It carries no run's marker, so
that nothing takes it for a session or ends it. It does not run in a sandbox.
"""

import os
from collections.abc import Mapping

from gitkanban import clock
from gitkanban.board.repo.checkouts import base_of
from gitkanban.board.repo.place import Place
from gitkanban.core.agents.presets import expand, interactive_of
from gitkanban.core.model import SHARED, Card, Config, Run, Worker
from gitkanban.core.names import RunId
from gitkanban.core.tick.conversation import goes_on
from gitkanban.runs import briefing, conversations, trust
from gitkanban.runs.briefing import Launch, Reservation
from gitkanban.runs.memory import homes
from gitkanban.runs.records import folders
from gitkanban.runs.records.slots import Lease
from gitkanban.runs.supervision import processes
from gitkanban.runs.supervision.locks import Locks
from gitkanban.runs.workspace import cleanliness, including, workspaces, worktrees
from gitkanban.runs.workspace.workspaces import Wish, Workspace
from gitkanban.typed import NamedTuple

MARKER = "GITKANBAN_ATTACHED"  # in the environment of what is opened, with a unique id
# Variables that name a run, or are set because nobody sits at a session's terminal.
_OF_SESSIONS = (
    processes.MARKER, "GITKANBAN_MAILBOX", "GITKANBAN_SLOT", "GIT_TERMINAL_PROMPT", "TMPDIR", "TERM",
)  # fmt: skip
# Variables of the person's environment that a terminal needs.
_OF_TERMINALS = (
    "TERM", "COLORTERM", "TERM_PROGRAM", "NO_COLOR", "DISPLAY", "WAYLAND_DISPLAY", "XDG_RUNTIME_DIR",
    "SSH_AUTH_SOCK", "EDITOR", "VISUAL", "PAGER", "TMUX", "TMPDIR",
)  # fmt: skip
_SHELL = "/bin/sh"


class Opening(NamedTuple):
    """What to run, where, and in which environment; `resumes`: it continues a conversation."""

    argv: tuple[str, ...]
    workspace: Workspace
    env: Mapping[str, str]
    resumes: bool
    notices: tuple[str, ...] = ()


def open_workspace(
    place: Place,
    locks: Locks,
    *,
    config: Config,
    card: Card,
    worker: Worker,
    runs: tuple[Run, ...],
    shell: bool,
) -> Opening:
    """Prepare the card's worktree, and return what to run in it: the agent, or (`shell`) a shell.

    `runs` are the card's, oldest first. Call it with the card's lock held. Raises as
    `workspaces.prepare` does.
    """
    run = RunId(clock.sortable_id())
    wish = Wish(
        card.id, run, base_of(place, config), worker.workspace_policy, worktrees=config.worktrees,
        known=bool(runs),
    )  # fmt: skip
    workspace = workspaces.prepare(place, locks, wish)
    if workspace.admin:  # the card's lock protects it; git's own lock is for runs
        worktrees.unlock(workspace.admin)
    notices = list(workspace.notices)
    if workspace.includes and workspace.admin:
        words = (place.common, place.main, wish.base, workspace.path, workspace.admin)
        notices += [f"left out: {line}" for line in including.include(*words)]
    if workspace.setup and worker.setup:
        notices.append(f"its setup has not run yet: {' '.join(worker.setup)}")
    argv = () if shell else _conversation_line(place, config, card, worker, runs=runs)
    env = _session_environment(place, config, card, worker, workspace=workspace, run=run)
    opened = argv or (os.environ.get("SHELL") or _SHELL,)
    return Opening(opened, workspace, env, bool(argv), notices=tuple(notices))


def _conversation_line(
    place: Place, config: Config, card: Card, worker: Worker, runs: tuple[Run, ...]
) -> tuple[str, ...]:
    """Return the command line that continues the card's conversation; empty for none."""
    template = interactive_of(worker)
    last = conversations.last_session(place, card.id, runs)
    shared = worker.workspace_policy == SHARED
    path = place.main if shared else worktrees.current_path(place, card.id, config.worktrees)
    if not template or last is None or not goes_on(worker, runs, last, path):
        return ()
    values = {
        "session": last.session,
        "profile": worker.profile,
        "card": card.id,
        "workspace": path,
        "run_dir": folders.of(place.private, last.run).path,
    }
    first, *rest = expand(template, values)
    return (trust.program(first, trust.search_path(place)), *rest)


def _session_environment(
    place: Place, config: Config, card: Card, worker: Worker, workspace: Workspace, run: RunId
) -> dict[str, str]:
    """Return the environment of the card's sessions, without what only a session has."""
    home = homes.home_of(worker)
    memory = {worker.memory_env: home.path} if home else {}
    lease = Lease(worker.profile, 0, card.id, run)
    free = worker._replace(sandbox=())
    launch = Launch(
        place, config, Reservation(card, free, lease, []), workspace, prompt="", env=memory
    )
    env = {**trust.handed(place, worker), **briefing.environment(launch)}
    ours = {name: value for name, value in env.items() if name not in _OF_SESSIONS}
    terminal = {name: os.environ[name] for name in _OF_TERMINALS if name in os.environ}
    return {**terminal, **ours, MARKER: run}


def describe_unfinished(place: Place, workspace: Workspace) -> str:
    """Return what in the worktree is not committed, in words; empty for nothing.

    Raises GitFailed, OSError.
    """
    if not workspace.admin:
        return ""
    return cleanliness.describe_unclean(place.common, workspace.path, workspace.admin)


def list_left_running(opening: Opening) -> list[int]:
    """Return the pids of processes that were started from the opening and still live."""
    needle = opening.env[MARKER]
    return [each.pid for each in processes.marked(needle, processes.everyone(), MARKER)]
