"""`gitkanban init`: a board in this repository, in its tree or on a branch of its own."""

import os
import shutil

from gitkanban.cli import declare
from gitkanban.cli.here import json_option, print_json, refuse_in_session, tell, text_argument
from gitkanban.cli.streams import echo
from gitkanban.core.agents.presets import PRESETS
from gitkanban.core.ids import check_id
from gitkanban.core.model import Board
from gitkanban.errors import NoBoard, UsageError
from gitkanban.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from gitkanban.board.repo.place import Place

# What a new board starts with: one lane.
CONFIG = """\
version: 1
kanban:
  max_concurrency: 6              # all sessions of this board on this host
  archive_after: 30d              # cards done for longer leave cards/ with the next `gitkanban gc`
  workers:
    {worker}:
      mode: lane                  # lane: one card at a time; pool: max_concurrency of them
      max_concurrency: 1
      runner: {runner}              # or command: [argv, with, "{{prompt}}"]{profile}
      # verify: [pytest, -q]      # decides whether a clean exit counts
      on_success: review          # review: a person accepts; done: tick merges it at once
"""


@declare.command("init")
@declare.option(
    "--branch",
    default="",
    metavar="NAME",
    help="Keep the board on a branch of its own; moves an in-tree board there.",
)
@declare.option(
    "--worker", default="coder", show_default=True, metavar="NAME", help="Name of the first worker."
)
@declare.option(
    "--runner",
    default="",
    metavar="PRESET",
    help=f"Its agent: {', '.join(PRESETS)}. By default the first one that is installed.",
)
@declare.option(
    "--config", "source", default=None, metavar="FILE", help="Start with this config.yaml."
)
@json_option
def init_command(branch: str, worker: str, runner: str, source: str | None, as_json: bool) -> None:
    """Make a board in this repository, and trust the commands it starts with.

    The commands of a --config FILE are not trusted: review them first, with `gitkanban trust`.

    By default it lies in `.kanban/` of the branch that is checked out. With --branch it gets a
    branch without code, checked out at `.kanban/`: that fits where main is protected, or where
    board commits should not stand among the code's.
    """
    from gitkanban.board import init, store
    from gitkanban.runs import trust

    refuse_in_session("init")
    cwd = os.getcwd()
    if branch:
        moved = _move_board(cwd, branch)
        if moved is not None:
            echo(f"the board moved to {_where_words(moved)}")
            return
    check_id(worker)
    config = text_argument("", source) if source else _config_text(worker, runner)
    place = init.create(cwd, branch=branch, config=config, files={})
    tell(place.notices)
    board = store.read(place)
    if board.config is not None and not source:
        trust.record(place, board.config)
    tell(
        f"{program} was not found on PATH: install it, or name another agent in config.yaml"
        for program in _missing_programs(board)
    )
    if as_json:
        print_json({"branch": place.branch, "commit": board.commit, "prefix": place.prefix})
        return
    echo(f"made a board {'in .kanban/ ' if place.prefix else ''}on {_where_words(place)}")
    if not branch:
        echo(
            "(if main is protected, or board commits do not belong there: gitkanban init --branch kanban)"
        )
    first = next(iter(board.config.workers), worker) if board.config else worker
    trusted = "gitkanban trust, then " if source else ""
    echo(f'next: {trusted}gitkanban add "what to do" --worker {first}, then gitkanban tick')
    echo("from cron: gitkanban tick each minute, gitkanban gc each night")


def _move_board(cwd: str, branch: str) -> "Place | None":
    """The place of an in-tree board after its move to `branch`; None if there is no board yet."""
    from gitkanban.board import init
    from gitkanban.board.repo import placefinder

    try:
        old = placefinder.find(cwd)
    except NoBoard:
        return None
    if not old.prefix:
        raise UsageError(
            f"the board is already on branch {old.branch}", "There is nothing to move."
        )
    return init.move(old, branch)


def _config_text(worker: str, runner: str) -> str:
    if runner and runner not in PRESETS:
        raise UsageError(f"no preset {runner!r}", f"One of: {', '.join(PRESETS)}.")
    runner = runner or next(iter(installed_agents()), "claude")
    profile = _profile_line(worker) if runner == "hermes" else ""
    return CONFIG.format(worker=worker, runner=runner, profile=profile)


def installed_agents() -> list[str]:
    """The presets whose program is on PATH, in their order."""
    return [name for name in PRESETS if shutil.which(name)]


def hermes_profile(worker: str) -> str:
    """hermes' own profile, where it has none of the worker's name; else empty."""
    home = os.environ.get("HERMES_HOME") or os.path.expanduser("~/.hermes")
    return "" if os.path.isdir(f"{home}/profiles/{worker}") else "default"


def _profile_line(worker: str) -> str:
    """The line that names hermes' own profile, where it has none of the worker's name."""
    name = hermes_profile(worker)
    if not name:
        return ""
    return f"\n      profile: {name}            # hermes has no profile of the worker's name"


def _where_words(place: "Place") -> str:
    """The board's branch, and where a branch of its own is checked out; a bare repository has none."""
    own = bool(place.main) and not place.prefix
    return f"branch {place.branch}" + (", checked out at .kanban/" if own else "")


def _missing_programs(board: Board) -> list[str]:
    """The programs of the workers' commands that are looked for on PATH and not there, each once."""
    workers = board.config.workers.values() if board.config else ()
    programs = dict.fromkeys(worker.command[0] for worker in workers if worker.command)
    return [name for name in programs if "/" not in name and not shutil.which(name)]
